"""The targets by name: what ``edgestab codegen --target`` knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ....symbolic.algebra.errors import CodegenError
from ...number_types import NUMBER_TYPES, ON_LANES
from ..program import Program
from . import c_source, cuda_source, javascript, numba_source, python_source

OTHER_NAMES = {"numba": "float64"}
"""Names that are accepted beside those of the number types."""


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        name: on the command line.
        summary: what it is, one line.
        lanes: default number of lanes, or 0 where the target has none.
        generate: program and lanes to source.
        widths: how many lanes there may be.
    """

    name: str
    summary: str
    lanes: int
    generate: Callable[[Program, int], str]
    widths: tuple[int, ...] = tuple(2**k for k in range(1, 9))


def _on_lanes(name: str) -> Target:
    kind = NUMBER_TYPES[name]
    what = name if kind.terms == 1 else f"about {kind.digits} digits"
    lanes = numba_source.DEFAULT_LANES[kind.terms]
    summary = f"{what} over lane vectors, compiled by {kind.target}"
    summary += "".join(f"; also called {other}" for other, meant in OTHER_NAMES.items() if meant == name)
    return Target(name, summary, lanes, lambda p, n: numba_source.generate_lanes(p, n, kind.terms))


def _python(name: str, summary: str) -> Target:
    target = python_source.PYTHON_TARGETS[name]
    return Target(name, summary, 0, lambda p, _: python_source.generate(p, target))


def _cuda(name: str) -> Target:
    kind = NUMBER_TYPES[cuda_source.TYPES[name]]
    what = f"{kind.name} on an NVIDIA GPU, trajectories in registers (extra: cuda)"
    together = cuda_source.TRAJECTORIES[kind.terms]
    return Target(
        name, what, together, lambda p, n: cuda_source.generate(p, n, kind.terms), tuple(2**k for k in range(5))
    )


_SCALAR = "one float64 trajectory with a stopping rule, compiled by numba"

TARGETS: dict[str, Target] = {
    t.name: t
    for t in (
        *map(_on_lanes, ON_LANES),
        Target("scalar", _SCALAR, 0, lambda p, _: numba_source.generate_scalar(p)),
        Target("c", "C11, blocked for the vectoriser", c_source.DEFAULT_LANES, c_source.generate),
        *map(_cuda, cuda_source.TYPES),
        _python("mpfr", "any precision through gmpy2"),
        _python("mpmath", "any precision through mpmath"),
        _python("arb", "balls that contain the exact value, through python-flint"),
        _python("fraction", "exact rationals"),
        _python("jax", "float64 through JAX, differentiable (extra: jax)"),
        Target("javascript", "an ES module", 0, lambda p, _: javascript.generate(p)),
    )
}


def generate_source(program: Program, target: str, lanes: int | None = None) -> str:
    """The source of a program for a target.

    Args:
        program: the program.
        target: a name of :data:`TARGETS`, or ``numba`` for ``float64``.
        lanes: trajectories in one block (of one thread on a GPU), a power of two, where the target works in blocks.

    Returns:
        The source text.

    Raises:
        CodegenError: there is no such target, or it takes no such lanes.
    """
    target = OTHER_NAMES.get(target, target)
    if target not in TARGETS:
        raise CodegenError.of("codegen", f"a target among {', '.join(TARGETS)}", target, "Pick one of these.")
    entry = TARGETS[target]
    if lanes is not None:
        if not entry.lanes:
            raise CodegenError.of("codegen", f"no lanes for target {target}", lanes, "Leave --lanes out.")
        if isinstance(lanes, bool) or lanes not in entry.widths:
            expected = f"a power of two in {entry.widths[0]}..{entry.widths[-1]} lanes"
            raise CodegenError.of("codegen", expected, lanes, f"{entry.lanes} is the default.")
    return entry.generate(program, lanes or entry.lanes)
