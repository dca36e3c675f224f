"""The main case in the weights: the residual as a product, and five operations a step.

With ``x = theta_1 / sqrt 2`` and ``y = theta_2 sqrt(epsilon / 2)`` the residual is ``x^2 - y^2``, and a gradient step
multiplies x by ``1 - z`` and y by ``1 + epsilon z``. Multiples ``z_1`` of ``x - y`` and ``z_2`` of ``x + y`` can be
chosen so that, with ``kappa = ((1 + epsilon) / (1 - epsilon))^2``,

``z_1' = z_1 - z_1 z_2 (z_1 + z_2)``, ``z_2' = z_2 - z_1 z_2 (z_2 + kappa z_1)``,
``z = 2 z_1 z_2 / (1 - epsilon)``, ``T = z_2^2 + 2 z_1 z_2 + kappa z_1^2``.

Every start that real weights have, ``T >= 2 z`` and ``T >= -2 epsilon z``, has such factors. Near ``z = 0`` it is
``z_1`` that vanishes, by multiplication, so that z keeps its relative accuracy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from math import isqrt
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.printing.lambdarepr import LambdaPrinter

from ...symbolic.algebra.errors import DomainError, ProofError
from ...symbolic.algebra.symbols import symbols
from ...symbolic.models.quadratic import main_case
from .coefficient_ring import CoefficientRing
from .cuda_device import CudaKernel, cuda_kernel
from .lane_arrays import check_arrays
from .lane_kernels import LaneKernel, check_target, kernel_of, to_fractions, to_wide
from .program import Program
from .rational_scheduling import Quotient, schedule_rational, substitute
from .targets import cuda_source

Array = NDArray[np.float64]
ENTRY_BITS = 400
"""Bits in which factors of wide starts are found; the widest type keeps 212."""


def residual_factors() -> tuple[tuple[sp.Expr, sp.Expr], tuple[sp.Expr, sp.Expr]]:
    """The step in the factors, and z and T through them; proved to be the main case.

    Returns:
        ``(z_1', z_2')`` and ``(z, T)``, rational functions of ``z_1``, ``z_2`` and epsilon.

    Raises:
        ProofError: they are not the step of the main case.
    """
    first, second, epsilon, z, T = symbols("z_1 z_2 epsilon z T")
    kappa = ((1 + epsilon) / (1 - epsilon)) ** 2
    product = first * second
    step = (first - product * (first + second), second - product * (second + kappa * first))
    state = (2 * product / (1 - epsilon), second**2 + 2 * product + kappa * first**2)
    ring = CoefficientRing((first, second, epsilon), ())
    given: dict[sp.Basic, Quotient] = {s: Quotient(ring.generator(s), ring.one) for s in (first, second, epsilon)}
    moved = {**given, **{s: substitute(value, given) for s, value in zip((first, second), step, strict=True)}}
    inside = {**given, **{s: substitute(value, given) for s, value in zip((z, T), state, strict=True)}}
    for image, value in zip(main_case().components, state, strict=True):
        if substitute(image, inside) != substitute(value, moved):
            raise ProofError.of("residual_factors()", "the step of the main case", str(value), "Report it.")
    return step, state


def entering_factors() -> tuple[sp.Expr, sp.Expr]:
    """The factors of a start ``(z, T)``, proved to have this z and this T.

    Returns:
        ``(z_1, z_2)`` as expressions in z, T and epsilon, for ``T >= 2 z`` and ``T >= -2 epsilon z``, not both zero.

    Raises:
        ProofError: they are not the factors.
    """
    epsilon, z, T = symbols("epsilon z T")
    squares = (T + 2 * epsilon * z, T - 2 * z)
    large = (sp.sqrt(squares[0]) + sp.sqrt(squares[1])) / 2
    small = (1 - epsilon) * z / (2 * large)
    # the roots as variables: then all is rational
    roots = sp.symbols("a b", positive=True)
    ring = CoefficientRing((*roots, epsilon), ())
    given: dict[sp.Basic, Quotient] = {s: Quotient(ring.generator(s), ring.one) for s in (*roots, epsilon)}
    solved = sp.solve([square - root**2 for square, root in zip(squares, roots, strict=True)], [z, T])
    at = {**given, **{s: substitute(solved[s], given) for s in (z, T)}}
    named = dict(zip(map(sp.sqrt, squares), roots, strict=True))
    found = [substitute(expression.subs(named), at) for expression in (small, large)]
    inside = {**given, **dict(zip(symbols("z_1 z_2"), found, strict=True))}
    for wanted, value in zip((z, T), residual_factors()[1], strict=True):
        if substitute(value, inside) != at[wanted]:
            raise ProofError.of("entering_factors()", f"{wanted} again", str(value), "Report it.")
    return small, large


class _Exactly(LambdaPrinter):
    """Rationals of a formula as Fractions, where SymPy prints quotients that Python makes floats of."""

    def _print_Rational(self, value: sp.Rational) -> str:
        return f"Fraction({value.p}, {value.q})"

    _print_Half = _print_Rational


@cache
def _formulas(exact: bool) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Functions of the exact objects: factors from z, T and epsilon; z and T from factors and epsilon."""
    how: dict[str, Any] = {"modules": "numpy", "cse": True}
    if exact:
        how |= {"modules": [{"sqrt": _root, "Fraction": Fraction}], "printer": _Exactly}
    first, second, epsilon, z, T = symbols("z_1 z_2 epsilon z T")
    enter = sp.lambdify((z, T, epsilon), entering_factors(), **how)
    return enter, sp.lambdify((first, second, epsilon), residual_factors()[1], **how)


@lru_cache(maxsize=16)
def factored_program(epsilon: Fraction | None = None) -> Program:
    """One gradient step of the main case in the factors of the residual: five operations.

    The states of the program are the factors ``z_1`` and ``z_2`` themselves; :func:`factored_kernel` takes and gives
    ``(z, T)``.

    Args:
        epsilon: fix it, between 0 and 1; by default it stays a parameter.

    Returns:
        The program, proved equal to the step in the factors, and that step proved equal to the map of ``(z, T)``.

    Raises:
        DomainError: epsilon is not between 0 and 1.

    Source:
        Derived here.

    Example:
        >>> program = es.codegen.factored_program()
        >>> program.count.total, program.variables
        (5, ('z_1', 'z_2'))
    """
    step, _ = residual_factors()
    first, second, parameter = symbols("z_1 z_2 epsilon")
    if epsilon is None:
        return schedule_rational((first, second), step, (parameter,), "one step, factored")
    if not 0 < epsilon < 1:
        raise DomainError.of(
            "factored_program()", "0 < epsilon < 1", str(epsilon), "Leave it a parameter, or fix another."
        )
    fixed = [c.subs(parameter, sp.Rational(epsilon.numerator, epsilon.denominator)) for c in step]
    return schedule_rational((first, second), fixed, (), "one step, factored")


@dataclass(frozen=True)
class FactoredKernel:
    """A kernel of the factored step that takes and gives ``(z, T)``.

    Attributes:
        kernel: the kernel of the factors.

    Source:
        Derived here.

    Example:
        >>> es.codegen.factored_kernel().kernel.program.count.total
        5
    """

    kernel: LaneKernel | CudaKernel

    def advance(self, states: Array, parameters: Array, steps: int, threads: int = 1) -> Array:
        """Iterate every trajectory a number of steps.

        Args:
            states: z and T, as for :meth:`LaneKernel.advance`; ``T >= 2 z`` and ``T >= -2 epsilon z``.
            parameters: epsilon between 0 and 1, of shape (1,) or (1, N), in wide types with the terms between.
            steps: gradient steps, a multiple of the program's steps a pass.
            threads: as for :meth:`LaneKernel.advance`; on a GPU it must be 1.

        Returns:
            z and T after the steps. Stated error: on the way in and out a few units of round-off of ``|z|`` and of
            ``T + |z|``; of a step in the factors, ``kernel.program.error_bound``.

        Raises:
            DomainError: a shape does not fit, a start has no real weights, or there is another number of threads.
        """
        factors, fixed = self.enter(states, parameters)
        if isinstance(self.kernel, CudaKernel):
            if threads != 1:
                raise DomainError.of("FactoredKernel.advance()", "threads = 1 on a GPU", threads, "Leave it out.")
            return self.leave(self.kernel.advance(factors, fixed, steps), fixed)
        return self.leave(self.kernel.advance(factors, fixed, steps, threads), fixed)

    def enter(self, states: Array, parameters: Array) -> tuple[Array, Array]:
        """The factors of each start, and epsilon for each trajectory.

        Args:
            states: z and T.
            parameters: epsilon.

        Returns:
            Factors and epsilon.

        Raises:
            DomainError: a shape does not fit, epsilon is not between 0 and 1, or a start has no real weights.
        """
        where = "FactoredKernel.enter()"
        given, fixed = check_arrays(where, self.kernel.program, self.kernel.terms, states, parameters)
        wide = self.kernel.terms > 1
        z, t, epsilon = (a.sum(axis=0) if wide else a for a in (*given, *fixed))
        wrong = np.flatnonzero(~((epsilon > 0) & (epsilon < 1)))
        if wrong.size:
            raise DomainError.of(where, "0 < epsilon < 1", float(epsilon[wrong[0]]), f"Check index {wrong[0]}.")
        first, second = t - 2 * z, t + 2 * epsilon * z
        wrong = np.flatnonzero(~((first >= 0) & (second >= 0)))
        if wrong.size:
            raise _no_weights(where, z, t, int(wrong[0]))
        if wide:
            return self._enter_wide(where, given, fixed), fixed
        with np.errstate(invalid="ignore"):
            factors = np.stack(_formulas(exact=False)[0](z, t, epsilon))
        factors[:, (first == 0) & (second == 0)] = 0.0  # the weights are zero, and the quotient is none
        return factors, fixed

    def leave(self, factors: Array, fixed: Array) -> Array:
        """Z and T of the factors.

        Args:
            factors: ``z_1`` and ``z_2``.
            fixed: epsilon for each trajectory.

        Returns:
            z and T.
        """
        if self.kernel.terms > 1:
            columns = [to_fractions(row) for row in (*factors, *fixed)]
            pairs = [_formulas(exact=True)[1](*column) for column in zip(*columns, strict=True)]
            return np.stack([to_wide([pair[i] for pair in pairs], self.kernel.terms) for i in (0, 1)])
        return np.stack(_formulas(exact=False)[1](*factors, fixed[0]))

    def _enter_wide(self, where: str, given: Array, fixed: Array) -> Array:
        rows = list(zip(*(to_fractions(row) for row in (*given, *fixed)), strict=True))
        for at, (z, t, epsilon) in enumerate(rows):
            # what lies beyond doubles decides where they see equality
            if t < 2 * z or t < -2 * epsilon * z:
                raise _no_weights(where, given[0].sum(axis=0), given[1].sum(axis=0), at)
        pairs = [_factors(*row) for row in rows]
        return np.stack([to_wide([pair[i] for pair in pairs], self.kernel.terms) for i in (0, 1)])


def _no_weights(where: str, z: Array, t: Array, at: int) -> DomainError:
    got = f"z = {float(z[at])!r}, T = {float(t[at])!r} at index {at}"
    fix = "Only such states have real weights; lane_kernel(main_case()) takes all."
    return DomainError.of(where, "T >= 2 z and T >= -2 epsilon z", got, fix)


def _factors(z: Fraction, t: Fraction, epsilon: Fraction) -> tuple[Fraction, Fraction]:
    """Factors in :data:`ENTRY_BITS` bits."""
    if z == t == 0:
        return Fraction(0), Fraction(0)
    small, large = _formulas(exact=True)[0](z, t, epsilon)
    return small, large


def _root(value: Fraction) -> Fraction:
    """The square root, of :data:`ENTRY_BITS` bits or more."""
    if not value:
        return Fraction(0)
    spare = max(0, value.denominator.bit_length() - value.numerator.bit_length())
    bits = ENTRY_BITS + spare
    return Fraction(isqrt((value.numerator << 2 * bits) // value.denominator), 1 << bits)


def factored_kernel(target: str = "float64", lanes: int | None = None, fused: int = 1) -> FactoredKernel:
    """The kernel of the main case that takes five operations a step, over many trajectories.

    The residual is kept as a product of two numbers, which every start with real weights has. The results are those of
    :func:`lane_kernel` within round-off, not bit for bit.

    Args:
        target: as for :func:`lane_kernel`.
        lanes: as for :func:`lane_kernel`.
        fused: steps joined in one pass of the loop.

    Returns:
        The kernel.

    Raises:
        CodegenError: there is no such target.

    Source:
        Derived here.

    Example:
        >>> import numpy as np
        >>> kernel = es.codegen.factored_kernel()
        >>> kernel.advance(np.array([[0.0, 0.1], [1.9, 1.9]]), np.array([0.02]), 2).round(6)
        array([[0.      , 0.04892 ],
               [1.9     , 1.799145]])
    """
    program = factored_program() if fused == 1 else factored_program().fused(fused)
    if target in cuda_source.TYPES:
        return FactoredKernel(cuda_kernel(program, target, lanes))
    check_target("factored_kernel()", target)
    return FactoredKernel(kernel_of(program, target, lanes))
