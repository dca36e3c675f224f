"""C, JavaScript and JAX: compiled or run, against exact rational evaluation on random inputs."""

import ctypes
import json
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.numeric.codegen.compile import compile_map
from edgestab.numeric.codegen.scheduling import program_for
from edgestab.numeric.codegen.targets import python_source
from edgestab.numeric.codegen.targets.c_source import function_name
from edgestab.numeric.codegen.targets.registry import generate_source
from edgestab.numeric.number_types import NUMBER_TYPES
from edgestab.numeric.runs.status import CODES
from edgestab.symbolic.models.quadratic import main_case

PROGRAM = program_for(main_case())
Step = Callable[[list[list[float]]], tuple[list[float], list[float]]]
"""From rows z, T, epsilon to the next z and T."""

moderate = st.floats(min_value=-3, max_value=3).map(lambda x: x + 2.0**-40)
points = st.lists(st.tuples(moderate, moderate, st.floats(0.001, 0.999)), min_size=1, max_size=40)


def agrees(step: Step, examples: int) -> None:
    """One step of every point within the stated error of float64."""

    @given(points)
    @settings(max_examples=examples, deadline=None)
    def inner(rows: list[tuple[float, float, float]]) -> None:
        columns = [list(c) for c in zip(*rows, strict=True)]
        for point, *got in zip(rows, *step(columns), strict=True):
            x, y, e = map(Fraction, point)
            exact = PROGRAM.evaluate((x, y), (e,), 1)
            bounds = PROGRAM.error_bound((x, y), (e,), NUMBER_TYPES["float64"].unit_roundoff())
            for value, true, bound in zip(got, exact, bounds, strict=True):
                assert abs(Fraction(value) - true) <= bound

    inner()


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler")
@pytest.mark.parametrize("flags", [["-O3", "-march=native"], ["-O1", "-ffp-contract=off"]])
def test_c_is_compiled_and_runs(tmp_path: Path, flags: list[str]) -> None:
    source, library = tmp_path / "kernel.c", tmp_path / "kernel.so"
    source.write_text(generate_source(PROGRAM, "c", 16))
    strict = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run(["gcc", *strict, *flags, "-shared", "-fPIC", source, "-o", library, "-lm"], check=True, timeout=60)
    pointer = ctypes.POINTER(ctypes.c_double)
    function = getattr(ctypes.CDLL(str(library)), function_name(PROGRAM))
    function.argtypes = [ctypes.c_size_t, ctypes.c_size_t, pointer, pointer, pointer]

    def step(rows: list[list[float]]) -> tuple[list[float], list[float]]:
        z, t, epsilon = (np.array(row) for row in rows)
        function(len(z), 1, *(a.ctypes.data_as(pointer) for a in (z, t, epsilon)))
        return z.tolist(), t.tolist()

    agrees(step, 40)


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript engine")
def test_javascript_runs(tmp_path: Path) -> None:
    (tmp_path / "kernel.mjs").write_text(generate_source(PROGRAM, "javascript"))
    (tmp_path / "main.mjs").write_text(
        "import { readFileSync } from 'node:fs';\n"
        "import { iterate, orbit } from './kernel.mjs';\n"
        "const [z, T, e] = JSON.parse(readFileSync(0));\n"
        "const ends = z.map((_, i) => iterate(z[i], T[i], e[i], 1));\n"
        "const path = orbit(z[0], T[0], e[0], 3);\n"
        "console.log(JSON.stringify([ends, path.length, path[1]]));\n"
    )

    def step(rows: list[list[float]]) -> tuple[list[float], list[float]]:
        command: Any = {"cwd": tmp_path, "check": True, "capture_output": True, "text": True, "timeout": 60}
        done = subprocess.run(["node", "main.mjs"], input=json.dumps(rows), **command)
        ends, length, second = json.loads(done.stdout)
        assert (length, second) == (4, ends[0])
        return [e[0] for e in ends], [e[1] for e in ends]

    agrees(step, 8)


def node(folder: Path, script: str, given: object) -> Any:
    """What a script prints as JSON; the generated kernel stands beside it, its arithmetic exported too."""
    (folder / "kernel.mjs").write_text(generate_source(PROGRAM, "javascript") + "export { fma, nearest, exact };\n")
    head = "import { readFileSync } from 'node:fs';\nimport * as kernel from './kernel.mjs';\n"
    (folder / "main.mjs").write_text(f"{head}const given = JSON.parse(readFileSync(0));\n{script}")
    command: Any = {"cwd": folder, "check": True, "capture_output": True, "text": True, "timeout": 60}
    return json.loads(subprocess.run(["node", "main.mjs"], input=json.dumps(given), **command).stdout)


def hard_triples() -> list[tuple[float, float, float]]:
    """Products and addends that meet in every way: ties broken far below, cancellation, subnormals, wide gaps."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(6000):
        a, b = (float(x) for x in rng.integers(2**52, 2**53, 2) * 2.0 ** rng.integers(-600, 400, 2))
        c = float(rng.choice([-1, 1])) * a * b * 2.0 ** int(rng.integers(-120, 121))
        found.append((a, b, np.nextafter(c, np.inf * rng.choice([-1, 1])) if rng.random() < 0.5 else c))
    # a tie of the first two parts that only the last bit of a product decides
    for k in range(1, 60):
        found += [
            (1 + 2.0**-k, sign * (1 + 2.0**-k2), c) for k2 in (27, 52) for sign in (1, -1) for c in (2.0**53, 3.0)
        ]
    scales = [2.0**-537, 2.0**-511, 2.0**-30, 1.0, 2.0**500]
    found += [(x * 1.5, y * (1 + 2.0**-52), z) for x in scales for y in scales for z in (5e-324, -1e-310, 0.1, 1e300)]
    return [row for row in found if all(map(np.isfinite, row))]


def nearest_double(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript engine")
def test_the_multiply_add_of_javascript_rounds_once(tmp_path: Path) -> None:
    rows = hard_triples()
    script = "console.log(JSON.stringify(given.map((row) => String(kernel.fma(...row)))));"
    got = [float(x.replace("Infinity", "inf")) for x in node(tmp_path, script, rows)]
    wrong = []
    for (a, b, c), value in zip(rows, got, strict=True):
        true = nearest_double(Fraction(a) * Fraction(b) + Fraction(c))
        if value != true:
            wrong.append((a, b, c, value, true))
    assert wrong == []
    # rounding twice would be seen
    assert sum(a * b + c != value for (a, b, c), value in zip(rows, got, strict=True)) > 100


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript engine")
def test_javascript_gives_the_bits_of_the_float64_kernel(tmp_path: Path) -> None:
    starts = [
        (-0.25, 1.8, 0.02),
        (0.3, 2.1, 1e-3),
        (0.11, 1.95, 0.3),
        (-2.5, 1.0, 0.1),
        (-0.2, 1.7, 2e-4),
        (0.5, 6.0, 0.1),
    ]
    script = """const read = ([z, T, e]) => {
        const columns = [new Float64Array(12001), new Float64Array(12001)];
        const { status, taken } = kernel.run(z, T, e, 12000, 1e-200, 1e6, columns);
        return { status, taken, states: [...columns[0].slice(0, taken + 1)].map((z, i) => [z, columns[1][i]]) };
    };
    console.log(JSON.stringify(given.map(read)));"""
    kernel = compile_map(main_case())
    lengths = []
    for (z, T, e), found in zip(starts, node(tmp_path, script, starts), strict=True):
        lengths.append(found["taken"])
        for n in (*range(0, found["taken"], 97), found["taken"]):
            _, taken, state = kernel.run((z, T), (e,), n, 1e-200, 1e6)
            assert (taken, state) == (n, tuple(found["states"][n]))
        status, taken, _ = kernel.run((z, T), (e,), 12000, 1e-200, 1e6)
        assert (status, taken) == (CODES[found["status"]], found["taken"])
    assert max(lengths) == 12000
    assert min(lengths) < 100


def test_jax_runs() -> None:
    pytest.importorskip("jax", reason="the extra jax is not installed")
    space: dict[str, Any] = {}
    exec(python_source.generate(PROGRAM, python_source.PYTHON_TARGETS["jax"]), space)
    # whole passes and a rest, against the steps one by one; and differentiable through both
    steps, start = 2 * python_source.UNROLLED + 5, (0.1, 1.9, 0.02)
    one = start[:2]
    for _ in range(steps):
        one = space["iterate"](*one, start[2], 1)
    np.testing.assert_allclose(space["iterate"](*start, steps), one, rtol=1e-12)
    slope = space["jax"].grad(lambda z: space["iterate"](z, *start[1:], steps)[1])(start[0])
    ends = [space["iterate"](start[0] + h, *start[1:], steps)[1] for h in (1e-6, -1e-6)]
    assert float(slope) == pytest.approx(float(ends[0] - ends[1]) / 2e-6, rel=1e-6)

    def step(rows: list[list[float]]) -> tuple[list[float], list[float]]:
        z, t = space["iterate"](*map(np.array, rows), 1)
        return np.asarray(z).tolist(), np.asarray(t).tolist()

    agrees(step, 5)
