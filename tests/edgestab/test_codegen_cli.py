"""``edgestab codegen``: golden sources, options, one-line errors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("what", "target", "name"),
    [
        ("one-step", "float64", "one_step_numba.py"),
        ("one-step", "numba", "one_step_numba.py"),
        ("two-step", "double-double", "two_step_double_double.py"),
        ("one-step", "scalar", "one_step_scalar.py"),
        ("one-step", "c", "one_step.c"),
        ("one-step", "mpfr", "one_step_mpfr.py"),
        ("one-step", "arb", "one_step_arb.py"),
        ("two-step", "jax", "two_step_jax.py"),
        ("one-step", "javascript", "one_step.mjs"),
    ],
)
def test_golden_sources(edgestab: Run, golden: Any, what: str, target: str, name: str) -> None:
    ran = edgestab("codegen", what, "--target", target)
    assert ran.code == 0
    golden(f"codegen/{name}.txt", ran.out)


def test_listings(edgestab: Run) -> None:
    shown = edgestab("codegen", "two-step", "--listing").out
    assert "12 FMA-class operations" in shown
    assert "proved" in shown or "exact algebra" in shown
    assert "quad-double" in edgestab("codegen", "--list").out


def test_epsilon_is_read_exactly(edgestab: Run) -> None:
    text = edgestab("codegen", "one-step", "--target", "arb", "--epsilon", "1/3").out
    assert "arb(fmpq(1, 3))" in text
    assert "epsilon" not in text.split('"""')[2]


def test_files(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "kernel.c"
    assert edgestab("codegen", "one-step", "--target", "c", "-o", str(path)).code == 0
    text = path.read_text()
    again = edgestab("codegen", "one-step", "--target", "numba", "-o", str(path))
    assert (again.code, path.read_text()) == (2, text)
    assert edgestab("codegen", "one-step", "--target", "numba", "-o", str(path), "--force").code == 0
    assert path.read_text() != text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("one-step", "--target", "fortran"), "a target among"),
        (("one-step", "--lanes", "3"), "power of two"),
        (("one-step", "--lanes", "-8"), "power of two"),
        (("one-step", "--target", "mpfr", "--lanes", "8"), "no lanes"),
        (("one-step", "--epsilon", "2"), "epsilon in (0, 1)"),
        (("one-step", "--epsilon", "nan"), "rational"),
        (("three-step",), "three-step"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(edgestab: Run, arguments: tuple[str, ...], message: str) -> None:
    ran = edgestab("codegen", *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert "Traceback" not in ran.err
