"""Fast sampler of Theorem 2 against the naive twin, and what large sizes cost.

    python tests/bench/ensemble.py [--small] [--json FILE]

Prints and writes ratios taken in one run: samples of the ``O(D + P)`` sampler for each naive sample (dense Q) at
(400, 600), time and peak memory of one sample at D = P = 100000, and how time and error scale with size.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
import sys
import time
from typing import Any

import numpy as np

from edgestab.numeric.initialisation.dense_twin import dense_motion
from edgestab.numeric.initialisation.eigenvalue_motion import run_chunk
from edgestab.numeric.initialisation.laws import InitialEnsemble
from edgestab.numeric.initialisation.simulation import simulate_ensemble


def seconds(action: Any, repeats: int) -> float:
    """Best wall time of several runs."""
    best = math.inf
    for _ in range(repeats):
        begin = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - begin)
    return best


def naive_ratio(outputs: int, parameters: int, fast: int) -> dict[str, float]:
    """Fast samples in the time of one naive sample, by estimator."""
    law = InitialEnsemble(outputs, parameters)
    naive = seconds(lambda: dense_motion(law, samples=1, seed=1), 2)
    found = {"naive_seconds": naive}
    for estimator in ("sampled", "averaged", "integrated"):
        run_chunk(law, estimator, 2, np.random.SeedSequence(0))
        each = seconds(lambda e=estimator: run_chunk(law, e, fast, np.random.SeedSequence(1)), 3) / fast
        found[f"{estimator}_seconds"] = each
        found[f"{estimator}_per_naive"] = naive / each
    return found


LARGE = """
import sys, time
import numpy as np
from edgestab.numeric.initialisation.eigenvalue_motion import run_chunk
from edgestab.numeric.initialisation.laws import InitialEnsemble
size, estimator = int(sys.argv[1]), sys.argv[2]
begin = time.perf_counter()
motion = run_chunk(InitialEnsemble(size, size), estimator, 1, np.random.SeedSequence(1))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(time.perf_counter() - begin, int(peak.split()[1]) / 2**20)
"""


def large(size: int, estimator: str) -> dict[str, float]:
    """Seconds and peak memory (GiB, whole process) of one sample in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(size), estimator], capture_output=True, text=True, check=True
    )
    wall, memory = map(float, done.stdout.split())
    return {"seconds": wall, "peak_gib": memory}


def scaling(sizes: list[int], samples: int) -> list[dict[str, float]]:
    """Time for one sample, and the relative error of one sample, along square sizes."""
    rows = []
    for size in sizes:
        law = InitialEnsemble(size, size)
        row: dict[str, float] = {"size": size, "exact_seconds": seconds(law.exact_ratio, 1)}
        for estimator in ("sampled", "averaged", "integrated"):
            begin = time.perf_counter()
            found = simulate_ensemble(law, samples=samples, seed=1, estimator=estimator)
            row[f"{estimator}_seconds"] = (time.perf_counter() - begin) / samples
            row[f"{estimator}_error_of_one"] = found.standard_error / found.exact * math.sqrt(samples)
        rows.append(row)
    return rows


def main() -> None:
    """Run all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="sizes that take seconds")
    parser.add_argument("--json", help="write the figures here")
    options = parser.parse_args()
    result: dict[str, Any] = {"machine": platform.machine(), "python": platform.python_version()}
    size = (40, 60) if options.small else (400, 600)
    result["against_naive"] = {"size": size, **naive_ratio(*size, fast=50)}
    top = 10_000 if options.small else 100_000
    result["large"] = {"size": top, **{e: large(top, e) for e in ("sampled", "averaged", "integrated")}}
    result["scaling"] = scaling([16, 64, 256] if options.small else [16, 64, 256, 1024, 4096], 40)
    text = json.dumps(result, indent=2)
    print(text)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            out.write(text + "\n")


if __name__ == "__main__":
    main()
