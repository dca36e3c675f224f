"""The targets by name: what ``edgestab codegen --target`` knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ....symbolic.algebra.errors import CodegenError
from ..program import Program
from . import c_source, javascript, numba_lanes, python_source, scalar


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        name: on the command line.
        summary: what it is, one line.
        suffix: of its files.
        lanes: default number of lanes, or 0 where the target has none.
        generate: program and lanes to source.
    """

    name: str
    summary: str
    suffix: str
    lanes: int
    generate: Callable[[Program, int], str]


def _numba(name: str, summary: str, terms: int) -> Target:
    return Target(
        name, summary, ".py", numba_lanes.DEFAULT_LANES[terms], lambda p, lanes: numba_lanes.generate(p, lanes, terms)
    )


def _python(name: str, summary: str) -> Target:
    target = python_source.PYTHON_TARGETS[name]
    return Target(name, summary, ".py", 0, lambda p, _: python_source.generate(p, target))


TARGETS: dict[str, Target] = {
    t.name: t
    for t in (
        _numba("numba", "float64 over lane vectors, compiled by numba", 1),
        _numba("double-double", "about 31 digits over lane vectors, compiled by numba", 2),
        _numba("quad-double", "about 62 digits over lane vectors, compiled by numba", 4),
        Target(
            "scalar",
            "one float64 trajectory with a stopping rule, compiled by numba",
            ".py",
            0,
            lambda p, _: scalar.generate(p),
        ),
        Target("c", "C11, blocked for the vectoriser", ".c", c_source.DEFAULT_LANES, c_source.generate),
        _python("mpfr", "any precision through gmpy2"),
        _python("mpmath", "any precision through mpmath"),
        _python("arb", "balls that contain the exact value, through python-flint"),
        _python("fraction", "exact rationals"),
        _python("jax", "float64 through JAX, differentiable (extra: jax)"),
        Target("javascript", "an ES module", ".mjs", 0, lambda p, _: javascript.generate(p)),
    )
}


def generate_source(program: Program, target: str, lanes: int | None = None) -> str:
    """The source of a program for a target.

    Args:
        program: the program.
        target: a name of :data:`TARGETS`.
        lanes: trajectories in one block, a power of two in 2..256, where the target works in blocks.

    Returns:
        The source text.

    Raises:
        CodegenError: there is no such target, or it takes no such lanes.
    """
    if target not in TARGETS:
        raise CodegenError.of("codegen", f"a target among {', '.join(TARGETS)}", target, "Pick one of these.")
    entry = TARGETS[target]
    if lanes is not None:
        if not entry.lanes:
            raise CodegenError.of("codegen", f"no lanes for target {target}", lanes, "Leave --lanes out.")
        if isinstance(lanes, bool) or lanes not in {2**k for k in range(1, 9)}:
            raise CodegenError.of("codegen", "a power of two in 2..256 lanes", lanes, f"{entry.lanes} is the default.")
    return entry.generate(program, lanes or entry.lanes)
