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

from edgestab.numeric.codegen.scheduling import program_for
from edgestab.numeric.codegen.targets import python_source
from edgestab.numeric.codegen.targets.c_source import function_name
from edgestab.numeric.codegen.targets.registry import generate_source
from edgestab.numeric.number_types import NUMBER_TYPES
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


def test_jax_runs() -> None:
    pytest.importorskip("jax", reason="the extra jax is not installed")
    space: dict[str, Any] = {}
    exec(python_source.generate(PROGRAM, python_source.PYTHON_TARGETS["jax"]), space)

    def step(rows: list[list[float]]) -> tuple[list[float], list[float]]:
        z, t = space["iterate"](*map(np.array, rows), 1)
        return np.asarray(z).tolist(), np.asarray(t).tolist()

    agrees(step, 5)
