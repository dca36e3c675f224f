"""Random changes of arithmetic and comparison in the source: which of them no test and no claim notices.

``python tests/reliability/source_mutants.py --count 200 --seed 11 --output FOLDER`` works in a copy of the tree, on
one core, and goes on where an earlier run with the same folder was stopped. A mutant meets the tests of its room that
reach its place, the quickest first, then the claims of its file, then other tests and claims that reach it, up to some
seconds of each; with ``--wide`` those that survived meet all of them, and the tests of their room whole. Tests that
compare pages with the sources are left out. ``equivalent_mutants.json`` beside this file says why some mutants cannot
be noticed.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.reliability.mutant_reach import CLAIM, Reach, in_child, judge_claims, run_tests
from tests.reliability.mutant_sites import ROOT, Site, changed, drawn

EXPLAINED = Path(__file__).with_name("equivalent_mutants.json")
NARROW, WIDE = (3, 12), (4, 30, 600)
"""Seconds of tests or claims that run together: a few quick ones first. The wider pass is for what survives."""

PINNED = ("tests/test_levels.py", "tests/test_layers.py", "tests/test_readme.py")
"""Tests that compare pages with the sources as they were when the page was made: they would notice any change."""

PRELOADED = (
    *("pytest", "hypothesis", "sympy", "numpy", "scipy.optimize", "scipy.linalg", "scipy.special", "scipy.stats"),
    *("mpmath", "flint", "gmpy2", "numba", "click", "rich.console", "rich.table", "matplotlib.figure", "lazy_loader"),
)


def copied(folder: Path) -> tuple[Path, Path]:
    """Two copies of the tree in a folder, made once: one that stays as it is, one that changes."""
    source, tree = folder / "source", folder / "tree"
    if not (tree / "done").exists():
        ignored = shutil.ignore_patterns(".venv", ".git", ".mypy_cache", "__pycache__", ".ruff_cache", "build")
        for place in (source, tree):
            shutil.copytree(ROOT, place, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        (tree / "done").touch()
    return source, tree


def surroundings(copy: Path) -> None:
    """Let this process and those it starts import the copy."""
    cache = copy.parent / "cache"
    cache.mkdir(exist_ok=True)
    os.environ.update(PYTHONPATH=str(copy), OMP_NUM_THREADS="1", EDGESTAB_CACHE=str(cache), PYTHONDONTWRITEBYTECODE="1")
    os.environ["MPLBACKEND"] = "Agg"
    sys.path[:] = [str(copy), *(p for p in sys.path if p not in ("", str(ROOT)))]
    for name in [n for n in sys.modules if n.partition(".")[0] == "tests"]:
        del sys.modules[name]  # so that the copy's are found
    sys.dont_write_bytecode = True
    for name in PRELOADED:
        __import__(name)


def room_of(site: Site) -> list[str]:
    """The tests of a site's file and of its room."""
    parts = Path(site.path).with_suffix("").parts
    near = [ROOT / "tests" / Path(*parts[:-1]) / f"test_{parts[-1]}.py", ROOT / "tests" / Path(*parts[:-1])]
    return [p.relative_to(ROOT).as_posix() for p in dict.fromkeys(near) if p.exists() and p != ROOT / "tests"]


def batches(names: list[str], seconds: dict[str, float], limits: tuple[int, ...]) -> list[list[str]]:
    """Names in batches, the quickest first, up to some seconds each in all."""
    found: list[list[str]] = [[] for _ in limits]
    spent = 0.0
    for name in sorted(names, key=lambda n: seconds[n]):
        spent += seconds[name] + 0.02
        place = next((i for i, most in enumerate(limits) if spent <= most), None)
        if place is not None:
            found[place].append(name)
    return [b for b in found if b]


class First:
    """A pytest plugin: which test failed first."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note a failure."""
        if report.failed:
            self.place.write_text(report.nodeid, encoding="utf-8")

    def pytest_collectreport(self, report: Any) -> None:
        """Note a file that cannot be imported."""
        if report.failed:
            self.place.write_text(report.nodeid, encoding="utf-8")


class Judge:
    """Judges mutants of one copy."""

    def __init__(self, copy: Path, reach: Reach, efforts: tuple[str, ...]) -> None:
        self.copy, self.reach, self.efforts = copy, reach, efforts
        self.noted = copy / ".first"

    def by_tests(self, chosen: list[str]) -> str:
        """The test that fails, or an empty text."""
        known, spoilt = self.reach.seconds, set(self.reach.failed)
        usual = sum(s for n, s in known.items() if any(n == c or n.startswith((c + "::", c + "/")) for c in chosen))
        self.noted.unlink(missing_ok=True)
        skip = tuple(f"--deselect={name}" for name in sorted(spoilt) if not name.startswith(CLAIM))
        limit = int(60 + 6 * usual)
        plugins = [First(self.noted)]
        status, _ = in_child(lambda: run_tests(self.copy, chosen, plugins, skip), limit, 10 * limit)
        if status == 4:
            print("pytest does not find", *chosen[:3], flush=True)
        if status in (0, 4, 5):
            return ""
        if status is None:
            return f"takes more than {limit} s"
        return self.noted.read_text(encoding="utf-8") if self.noted.exists() else f"pytest ends with {status}"

    def by_claims(self, ids: list[str], effort: str) -> str:
        """The claim that is not TRUE any more, or an empty text."""
        usual = sum(self.reach.seconds[CLAIM + i] for i in ids)
        limit = int(60 + (6 if effort == "quick" else 30) * usual)
        status, _ = in_child(lambda: judge_claims(self.copy, ids, effort), limit, 10 * limit)
        if status == 0:
            return ""
        if len(ids) == 1:
            return CLAIM + ids[0] + ("" if effort == "quick" else f" ({effort})")
        return next((w for i in ids if (w := self.by_claims([i], effort))), "")

    def fate(self, number: int, site: Site, right: str, wide: bool) -> tuple[str, str]:
        """By what kind of thing a mutant is noticed, or ``survives``; and by which.

        Args:
            number: of the site among those drawn.
            site: where the source is changed.
            right: the file before.
            wide: whether everything that reaches the place is tried, at every effort, with the tests of the room.
        """
        seconds, limits = self.reach.seconds, WIDE if wide else NARROW
        reaching = [n for n in self.reach.reaching.get(str(number), []) if n in seconds and not n.startswith(PINNED)]
        near = tuple(f"{place}/" if "." not in place else place for place in room_of(site))
        tests = [n for n in reaching if not n.startswith(CLAIM)]
        # those of the same room, and claims whose ids stand in the file, know most of it
        own = [n for n in reaching if n.startswith(CLAIM) and f'"{n.removeprefix(CLAIM)}"' in right]
        ordered = (
            [n for n in tests if n.startswith(near)],
            own,
            [n for n in tests if not n.startswith(near)],
            [n for n in reaching if n.startswith(CLAIM) and n not in own],
        )
        if site.path.startswith("proofs/catalogue/"):
            ordered = (own, ordered[0], *ordered[2:])
        for names in ordered:
            for chosen in batches(names, seconds, limits):
                if chosen[0].startswith(CLAIM):
                    if by := self.by_claims([c.removeprefix(CLAIM) for c in chosen], "quick"):
                        return "claim", by
                elif by := self.by_tests(chosen):
                    return "test", by
        if wide and (by := self.widely(site, own)):
            return "wide", by
        return "survives", f"{len(tests)} tests and {len(reaching) - len(tests)} claims reach it"

    def widely(self, site: Site, own: list[str]) -> str:
        """What notices a mutant among all tests of its room, and its claims at higher effort; or an empty text."""
        if (room := room_of(site)) and (by := self.by_tests(room)):
            return by
        ids = [n.removeprefix(CLAIM) for n in own]
        return next((by for effort in self.efforts for i in ids if (by := self.by_claims([i], effort))), "")


def explanations() -> list[dict[str, str]]:
    """Why mutants that nothing notices cannot be, or need not be, noticed."""
    rows: list[dict[str, str]] = json.loads(EXPLAINED.read_text(encoding="utf-8"))
    return rows


def why(row: dict[str, Any], known: list[dict[str, str]]) -> str:
    """The explanation of a mutant, or an empty text."""
    keys = ("path", "text", "column", "before", "after")
    return next((k["why"] for k in known if all(k[key] == row[key] for key in keys)), "")


def main() -> int:
    """Judge random mutants, write each as it comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--efforts", default="default", help="efforts of claims beyond quick, with --wide")
    parser.add_argument("--output", type=Path, default=Path("build/source-mutants"))
    parser.add_argument("--wide", action="store_true", help="try all that there is on those that survived so far")
    parser.add_argument("--tell", action="store_true", help="only print what was found so far")
    chosen = parser.parse_args()
    folder = chosen.output.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / f"fates-{chosen.seed}.jsonl"
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    fates = {(r["path"], r["number"]): r for r in map(json.loads, lines)}
    if chosen.tell:
        return tell(list(fates.values()))
    source, copy = copied(folder)
    places = drawn(chosen.count, chosen.seed, source)
    surroundings(copy)
    reach = Reach(folder / f"reach-{chosen.seed}-{chosen.count}.json")
    reach.find(source, copy, places, lambda text: print(text, flush=True))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for name in {site.path for site in places}:  # as an earlier run may have left them
        shutil.copyfile(source / name, copy / name)
    judge = Judge(copy, reach, tuple(filter(None, chosen.efforts.split(","))))
    for number, site in enumerate(places):
        known = fates.get((site.path, site.number))
        if known and not (chosen.wide and known["fate"] == "survives" and not known["wide"]):
            continue
        begin, target = time.perf_counter(), copy / site.path
        right = (source / site.path).read_text(encoding="utf-8")
        target.write_text(changed(right, site), encoding="utf-8")
        try:
            fate, by = judge.fate(number, site, right, chosen.wide)
        finally:
            target.write_text(right, encoding="utf-8")
        row = {
            **site.__dict__,
            "text": right.splitlines()[site.line - 1].strip(),
            "fate": fate,
            "by": by,
            "wide": chosen.wide,
        }
        row["seconds"] = round(time.perf_counter() - begin, 1)
        fates[site.path, site.number] = row
        with results.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        print(number, row, flush=True)
    return tell(list(fates.values()))


def tell(rows: list[dict[str, Any]]) -> int:
    """Print what survives and the shares; 1 where under 95 % are noticed or explained."""
    known = explanations()
    alive = [row for row in rows if row["fate"] == "survives"]
    open_ = [row for row in alive if not why(row, known)]
    for row in alive:
        reason = why(row, known) or "UNEXPLAINED"
        print(f"{row['path']}:{row['line']}: {row['before']} -> {row['after']}: {row['text']}\n    {reason}")
    print(dict(Counter(row["fate"] for row in rows)))
    print(
        f"{len(rows)} mutants: {len(rows) - len(alive)} noticed, {len(alive) - len(open_)} explained, {len(open_)} not"
    )
    return int(len(open_) > 0.05 * len(rows))


if __name__ == "__main__":
    sys.exit(main())
