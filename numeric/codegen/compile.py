"""``compile_map``: kernels of single trajectories in any number type, from one exact map through one program.

The program is found and proved by :mod:`.scheduling`; here it becomes callables with a stopping rule. Rational
coefficients are made by the target's own constructor, so that none passes through a float on its way to a wider type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from ...symbolic.algebra.errors import CodegenError, DomainError
from ...symbolic.planar.maps import PolynomialMap
from ..number_types import EXACT, SINGLE
from ..number_types import NUMBER_TYPES as NUMBER_TYPES
from ..number_types import NumberType as NumberType
from ..runs.status import CODES, Status
from .program import Program, run
from .scheduling import program_for
from .targets import numba_source, python_source

Run = Callable[[Sequence[Any], Sequence[Any], int, Any, Any], tuple[Status, int, tuple[Any, ...]]]


@dataclass(frozen=True)
class Kernel:
    """A compiled map.

    Attributes:
        source_map: the exact map it was generated from.
        target: the number type.
        source: the generated text.
        program: the program behind it: coordinates, operations, and their count.
        step: ``step(state, parameters) -> state`` in the target's number type.
        run: ``run(state, parameters, steps, until, ceiling) -> (status, steps taken, state)``; it stops when
            the first variable falls below ``until`` or passes ``ceiling`` in absolute value, or is not finite.
    """

    source_map: PolynomialMap
    target: str
    source: str
    program: Program
    step: Callable[[Sequence[Any], Sequence[Any]], tuple[Any, ...]]
    run: Run


def compile_map(source: PolynomialMap, target: str = "float64") -> Kernel:
    """Generate and compile a kernel from an exact map.

    Args:
        source: the map.
        target: ``float64`` (numba, the time loop inside the compiled code; parameters and start may be exact, and
            what depends on them alone is computed exactly and rounded once), ``mpmath`` and ``mpfr`` (at the
            precision of the context in which the kernel is called), ``arb`` (balls, at flint's precision; a run
            stops only when a ball decides it), or ``fraction`` (exact).

    Returns:
        The kernel. Stated error of one step: ``kernel.program.error_bound`` with the type's unit roundoff; none for
        ``fraction``; an ``arb`` ball contains the exact value.

    Raises:
        CodegenError: there is no such target.

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> one_step = es.QuadraticModel((1, -es.symbol("epsilon"))).one_step()
        >>> es.compile_map(one_step, "fraction").step((Fraction(1, 2), 2), (Fraction(1, 10),))
        (Fraction(-21, 80), Fraction(231, 400))
        >>> status, steps, state = es.compile_map(one_step).run((0.1, 1.9), (0.02,), 10**6, 1e-12, 1e6)
        >>> print(status, steps)
        converged 72
    """
    if target not in SINGLE:
        raise CodegenError.of("compile_map()", f"a target among {', '.join(SINGLE)}", target, "Pick one of these.")
    numba = NUMBER_TYPES[target].target == "numba"
    return _compile_float64(source) if numba else _compile_python(source, target)


@lru_cache(maxsize=256)
def _compile_python(source: PolynomialMap, target: str) -> Kernel:
    program = program_for(source)
    text = python_source.generate(program, python_source.PYTHON_TARGETS[target])
    space: dict[str, Any] = {}
    exec(compile(text, f"<edgestab {target} kernel>", "exec"), space)
    iterate, loop = space["iterate"], space["run"]

    def step(state: Sequence[Any], parameters: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(iterate(*state, *parameters, 1))

    def drive(
        state: Sequence[Any], parameters: Sequence[Any], steps: int, until: Any, ceiling: Any
    ) -> tuple[Status, int, tuple[Any, ...]]:
        status, taken, last = loop(*state, *parameters, steps, until, ceiling)
        return CODES[status], taken, last

    return Kernel(source, target, text, program, step, drive)


def _exact(value: Any) -> Fraction:
    """A number as the rational it is; other number types go through float."""
    try:
        return Fraction(value if isinstance(value, (int, Fraction, str)) else float(value))
    except (ValueError, OverflowError) as error:
        raise DomainError.of("float64 kernel", "finite numbers", str(value), "Check the start.") from error


@lru_cache(maxsize=256)
def _compile_float64(source: PolynomialMap) -> Kernel:
    import numpy as np

    from .machine_code import load_function

    program = program_for(source)
    text = numba_source.generate_scalar(program)
    compiled = load_function(text, "run", pointers=3, integers=1, doubles=2)
    names = numba_source.fixed_names(program)

    def drive(
        state: Sequence[Any], parameters: Sequence[Any], steps: int, until: Any, ceiling: Any
    ) -> tuple[Status, int, tuple[Any, ...]]:
        if len(state) != len(program.variables) or len(parameters) != len(program.parameters):
            expected = f"{len(program.variables)} variables and {len(program.parameters)} parameters"
            got = f"{len(state)} and {len(parameters)}"
            raise DomainError.of("float64 kernel", expected, got, f"{program.variables}; {program.parameters}.")
        values: dict[str, Any] = {
            name: _exact(v)
            for name, v in zip((*program.variables, *program.parameters), (*state, *parameters), strict=True)
        }
        run((*program.hoist, *program.enter), values, EXACT)
        now = np.array([float(values[name]) for name in program.state])
        fixed = np.array([float(values[name]) for name in names] or [0.0])
        result = np.zeros(2 + len(program.variables))
        compiled(now.ctypes.data, fixed.ctypes.data, result.ctypes.data, int(steps), float(until), float(ceiling))
        return CODES[int(result[0])], int(result[1]), tuple(float(x) for x in result[2:])

    def step(state: Sequence[Any], parameters: Sequence[Any]) -> tuple[Any, ...]:
        return drive(state, parameters, 1, -1.0, float("inf"))[2]

    return Kernel(source, "float64", text, program, step, drive)
