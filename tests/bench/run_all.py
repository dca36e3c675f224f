"""Run every ``bench_*.py`` here, print the table of ratios, write it as JSON with the machine and the versions.

A bench is a module with ``measure() -> dict[str, float | Ratio]``: counts as they are, times as ratios of contenders
that took turns, with their spread over the rounds. It may have ``TARGETS`` (name to the least ratio wanted) and
``SKIPPED`` (name to reason, filled by ``measure``). Usage:

    python tests/bench/run_all.py [--json FILE] [--only WORD]

A ratio that spreads by more than a tenth over its rounds is noisy: it neither passes nor fails.
Exit 1 when a ratio is below its target and not noisy.
"""

import argparse
import importlib.util
import json
import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
PACKAGES = (
    *("numpy", "scipy", "sympy", "python-flint", "mpmath", "gmpy2", "numba", "llvmlite", "heyoka", "dask"),
    *("jax", "torch", "curvlinops-for-pytorch"),
)


def load(path: Path) -> ModuleType:
    """Import one bench by its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def versions() -> dict[str, str]:
    """Versions of what is measured and of what it is measured against."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", default="bench.json", help="where the ratios go; - is stdout")
    parser.add_argument("--only", default="", help="run the benches whose file name contains this word")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE.parents[1]))
    # before NumPy comes: threads on small matrices wait for one another, and spread every figure
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tests.bench.timing import Ratio

    ratios: dict[str, float] = {}
    spreads: dict[str, float] = {}
    below: list[str] = []
    noisy: list[str] = []
    targets: dict[str, float] = {}
    skipped: dict[str, str] = {}
    out = sys.stderr if options.json == "-" else sys.stdout
    width = 64
    for path in sorted(HERE.glob("bench_*.py")):
        if options.only not in path.stem:
            continue
        module = load(path)
        if not hasattr(module, "measure"):
            continue
        begun = time.perf_counter()
        measured = module.measure()
        wanted = getattr(module, "TARGETS", {})
        print(f"{path.stem} ({time.perf_counter() - begun:.0f} s)", file=out)
        for name, found in measured.items():
            least, ratio, shown, unsure = wanted.get(name), found, "", False
            if isinstance(found, Ratio):
                ratio, unsure, shown = found.median, found.noisy, f" +- {found.spread:5.1%} of {found.rounds} rounds"
                spreads[name] = found.spread
            ratios[name] = ratio
            verdict = ""
            if least is not None:
                word = "noisy" if unsure else "ok" if ratio >= least else "BELOW"
                below += [name] * (word == "BELOW")
                noisy += [name] * unsure
                verdict = f"  wanted {least:g}  {word}"
            print(f"  {name:<{width}} {ratio:10.3f}{shown:<23}{verdict}", file=out, flush=True)
        for name, reason in getattr(module, "SKIPPED", {}).items():
            print(f"  {name:<{width}}    skipped: {reason}", file=out)
            skipped[name] = reason
        targets |= {name: least for name, least in wanted.items() if name in measured}
    record = {
        "ratios": ratios,
        "spreads": spreads,
        "noisy": noisy,
        "targets": targets,
        "skipped": skipped,
        "machine": {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform()},
        "versions": versions(),
    }
    text = json.dumps(record, indent=2)
    if options.json == "-":
        print(text)
    else:
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    return int(bool(below))


if __name__ == "__main__":
    raise SystemExit(main())
