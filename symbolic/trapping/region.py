"""Regions of the plane and strict inequalities on boxes: what every trapping argument here is made of.

A region lies above a barrier ``phi`` in the invariant ``p(z)`` and below a top:

    D = { z != 0, pole(z) > 0, phi(z) <= W - 2, W <= 2 + height },   W = V + width epsilon,   phi = sum c p^j z^k.

``level`` in [0, 1] runs from the barrier to the top: with ``q = W - 2 - phi`` it is ``q = (height - phi) level``. A
function of the state is a :class:`~edgestab.symbolic.algebra.localised.Local` in ``(z, q, epsilon, ..)`` over the pole
of p.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import lcm
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_mpoly

from ..algebra.errors import DomainError
from ..algebra.localised import Local, Localisation
from ..algebra.rational import RationalFunction
from ..algebra.rings import PolyRing, poly_terms, to_fmpq
from ..algebra.symbols import symbol
from ..planar.nullcline import EDGE
from .lyapunov import Lyapunov, SlowCoordinate

Interval = tuple[sp.Rational, sp.Rational]
Box = tuple[tuple[sp.Symbol, Interval], ...]
Definitions = tuple[tuple[sp.Symbol, sp.Expr], ...]

UNIT: Interval = (sp.S.Zero, sp.S.One)

_GRID = 200
"""The ends of the z range are rounded outward to multiples of 1/200."""


@dataclass(frozen=True)
class Condition:
    """A strict inequality on a closed box: ``polynomial > 0``.

    Attributes:
        name: slug, unique within one region.
        meaning: what it gives, in words.
        box: for each variable its closed interval, in order.
        polynomial: in the variables of the box; where ``power`` is not 0, the numerator.
        power: what is positive is ``polynomial / pole^power``, the pole being positive on the box.
        expression: the same before definitions were put in, where it was given so.
        definitions: symbols of the expression, each through the variables and the earlier ones.

    Source:
        Derived here.

    Example:
        >>> barrier = es.trapping.derive_barrier(
        ...     es.models.main_case(),
        ...     {"slope": "7/5", "width": 1, "height": "1/2", "epsilon_min": 0, "epsilon_max": "1/5"},
        ... )
        >>> [str(v) for v in barrier.conditions[0].variables]
        ['z', 'level', 'epsilon']
    """

    name: str
    meaning: str
    box: Box
    polynomial: fmpq_mpoly
    power: int = 0
    expression: sp.Expr | None = None
    definitions: Definitions = ()

    @classmethod
    def of_expression(
        cls, name: str, meaning: str, box: Box, expression: sp.Expr, definitions: Definitions, pole: sp.Expr
    ) -> Condition:
        """``expression > 0``, with all definitions put in.

        Raises:
            ProofError: the expression has another denominator than powers of the pole.
        """
        function = rational_function(PolyRing(tuple(v for v, _ in box)), expression, definitions)
        over_pole = function.polynomial_over(pole, f"condition {name}")
        return cls(name, meaning, box, *over_pole, expression, definitions)

    @property
    def variables(self) -> tuple[sp.Symbol, ...]:
        """The variables of the box."""
        return tuple(v for v, _ in self.box)


def rational_function(ring: PolyRing, expression: sp.Expr, definitions: Definitions) -> RationalFunction:
    """An expression as a quotient of two polynomials of a ring, each definition put in after the earlier ones."""
    known: dict[sp.Symbol, RationalFunction] = {}
    for name, body in definitions:
        known[name] = RationalFunction.from_expr(ring, body, known)
    return RationalFunction.from_expr(ring, expression, known)


@dataclass(frozen=True)
class Split:
    """The height of the next state above the barrier near ``z = 0``: ``q lift + z^2 (z^2 curve + epsilon rest)``.

    Attributes:
        lift: the cofactor of q.
        curve: the cofactor of ``z^4`` on the barrier at epsilon = 0.
        drift: ``rest + z^2 curve / epsilon_max``, positive where the barrier is left upwards for every epsilon.
    """

    lift: Local
    curve: Local
    drift: Local


def without(value: Local, axis: int) -> Local:
    """The terms free of one variable of the ring."""
    terms = poly_terms(value.numerator)
    return value.with_terms({m: c for m, c in terms.items() if m[axis] == 0}).reduced()


@dataclass(frozen=True)
class Region:
    """The states between a barrier and a top, for a closed interval of epsilon.

    Attributes:
        slow: the slow coordinate, with the map and its Lyapunov function.
        coefficients: ``(j, k)`` to the coefficient c of ``p^j z^k`` in the barrier phi, ``j >= 1``.
        width: w; ``W = V + w epsilon``.
        height: A; the region ends at ``W = 2 + A``.
        epsilon_range: the closed interval of epsilon; its lower end may be 0.

    Source:
        Derived here.

    Example:
        >>> from sympy import Rational
        >>> barrier = es.trapping.derive_barrier(
        ...     es.models.main_case(),
        ...     {"slope": "7/5", "width": 1, "height": "1/2", "epsilon_min": 0, "epsilon_max": "1/5"},
        ... )
        >>> barrier.region.contains(Rational(-1, 4), Rational(9, 5), Rational(1, 5))
        True
    """

    slow: SlowCoordinate
    coefficients: Mapping[tuple[int, int], sp.Rational]
    width: sp.Rational
    height: sp.Rational
    epsilon_range: Interval

    @property
    def lyapunov(self) -> Lyapunov:
        """V and its map."""
        return self.slow.lyapunov

    @property
    def degree(self) -> int:
        """The highest power of p in the barrier."""
        return max(j for j, _ in self.coefficients)

    def below(self, height: sp.Rational) -> Region:
        """The part of the region below another top."""
        return Region(self.slow, self.coefficients, self.width, height, self.epsilon_range)

    @cached_property
    def _whole(self) -> tuple[int, int, int, dict[tuple[int, int], int], list[int], list[int]]:
        """A common denominator n; n w, n A and n c as integers; numerator of p and pole, highest power first."""
        constants = (self.width, self.height, *self.coefficients.values())
        n = lcm(*(int(c.q) for c in constants))
        z = self.lyapunov.one_step.variables[0]
        top, pole = (
            [int(c) for c in sp.Poly(x, z).all_coeffs()]
            for x in (sp.expand(sp.cancel(self.slow.invariant * self.slow.pole)), self.slow.pole)
        )
        barrier = {key: int(n * c) for key, c in self.coefficients.items()}
        return n, int(n * self.width), int(n * self.height), barrier, top, pole

    def _barrier(self, z: Any) -> tuple[Any, Any]:
        """``n phi(z) pole^degree`` and the pole, by integer multiples and products alone."""
        _, _, _, coefficients, top, pole = self._whole
        numerator, below = (_horner(row, z) for row in (top, pole))
        total: Any = 0
        for (j, k), c in coefficients.items():
            total = total + c * _product(numerator, j) * _product(z, k) * _product(below, self.degree - j)
        return total, below

    def barrier(self, z: Any) -> Any:
        """``phi(z)``, in the arithmetic of z (exact number, ball or array)."""
        total, pole = self._barrier(z)
        return total / (self._whole[0] * _product(pole, self.degree))

    def closure_contains(self, z: Any, V: Any, epsilon: Any) -> Any:
        """Whether a state, given by its weight norm V in place of T, lies in D or on ``z = 0`` above the barrier.

        Args:
            z: residual: an exact number, a ball (then True means: every point of it) or an array.
            V: weight norm, likewise.
            epsilon: likewise.

        Returns:
            A bool, or an array of bools; exact for exact numbers and balls.
        """
        n, width, height, _, _, _ = self._whole
        barrier, pole = self._barrier(z)
        above = n * V + width * epsilon - n * EDGE
        return (pole > 0) & (barrier <= above * _product(pole, self.degree)) & (above <= height)

    def contains(self, z: Any, T: Any, epsilon: Any) -> Any:
        """Whether a state lies in D.

        Args:
            z: residual: an exact number, a ball or an array.
            T: eigenvalue, likewise.
            epsilon: likewise.

        Returns:
            A bool, or an array of bools; exact for exact numbers and balls.
        """
        if any(getattr(v, "is_finite", True) is False for v in (z, T, epsilon)):
            raise DomainError.of(
                "Region.contains()", "finite numbers", f"{z}, {T}, {epsilon}", "Give a state of the plane."
            )
        n = _horner(self._tilt, epsilon)
        found = (z != 0) & self.closure_contains(z, T + n * z, epsilon)
        return found if hasattr(found, "shape") else bool(found)

    @cached_property
    def _tilt(self) -> list[int]:
        tilt = sp.Poly(self.lyapunov.tilt, self.lyapunov.one_step.parameters[0])
        return [int(c) for c in tilt.all_coeffs()]

    @cached_property
    def z_range(self) -> Interval:
        """Outward-rounded ends of ``phi(z) <= height``, at most 1.

        Raises:
            DomainError: the barrier does not reach the top.
        """
        ends = []
        for sign in (-1, 1):
            grid = (sp.Rational(sign * n, _GRID) for n in range(1, (3 if sign < 0 else 1) * _GRID + 1))
            found = next((z for z in grid if not self._under_top(z)), None)
            if found is None:
                raise DomainError.of(
                    "Region", "a barrier that closes the region", str(self.coefficients), "Steepen it."
                )
            ends.append(found)
        return ends[0], ends[1]

    def _under_top(self, z: Any) -> bool:
        total, pole = self._barrier(z)
        return bool(total < self._whole[2] * _product(pole, self.degree))

    def closes_at(self, z: Any) -> bool:
        """Whether there are states of D, or of its closure, at a residual: ``pole > 0`` and ``phi(z) <= height``."""
        total, pole = self._barrier(z)
        return bool((pole > 0) & (total <= self._whole[2] * _product(pole, self.degree)))

    def box(self, *further: tuple[sp.Symbol, Interval], z: Interval | None = None) -> Box:
        """The box ``(z, level, epsilon, ..)`` of the region."""
        one_step = self.lyapunov.one_step
        return (
            (one_step.variables[0], z or self.z_range),
            (symbol("level"), UNIT),
            (one_step.parameters[0], self.epsilon_range),
            *further,
        )

    def _p(self, home: Localisation) -> Local:
        return home.element(home.ring.from_expr(sp.expand(sp.cancel(self.slow.invariant * self.slow.pole))), 1)

    def barrier_in(self, home: Localisation) -> Local:
        """``phi`` as an element of a ring of functions of ``(z, q, ..)``."""
        z, p, total = home.element(home.ring.context.gens()[0]), self._p(home), home.constant(0)
        for (j, k), c in self.coefficients.items():
            total = total + to_fmpq(c) * (p**j * z**k)
        return total.reduced()

    def at_level(self, value: Local) -> Local:
        """A function of ``(z, q, ..)`` at ``q = (height - phi) level``; level takes the place of q."""
        home, slim = value.home, value.reduced()
        axis = home.ring.symbols.index(symbol("q"))
        top = (to_fmpq(self.height) - self.barrier_in(home)) * home.element(home.ring.generator(symbol("q")))
        by_power: dict[int, dict[tuple[int, ...], fmpq]] = {}
        for exponents, c in poly_terms(slim.numerator).items():
            flat = (*exponents[:axis], 0, *exponents[axis + 1 :])
            by_power.setdefault(exponents[axis], {})[flat] = c
        total = home.constant(0)
        for k, terms in by_power.items():
            total = total + slim.with_terms(terms) * top.reduced() ** k
        return total.reduced()

    def split(self, above: Local, where: str) -> Split:
        """Split the height of the next state above the barrier, times what clears it, into lift, curve and drift.

        Args:
            above: in ``(z, q, epsilon, ..)``; on the barrier it vanishes as ``z^2``, there at epsilon = 0 as ``z^4``.
            where: who asks, for the message.

        Returns:
            The three cofactors; positive ones keep the region.

        Raises:
            ProofError: it does not vanish so.
        """
        z, q, epsilon = above.home.ring.context.gens()[:3]
        flat = without(above, 1)
        lift = (above - flat).reduced().divide_exactly(q, where)
        slope = flat.divide_exactly(z**2, where)
        frozen = without(slope, 2)
        curve = frozen.divide_exactly(z**2, where)
        rest = (slope - frozen).reduced().divide_exactly(epsilon, where)
        share = to_fmpq(1 / self.epsilon_range[1])
        return Split(lift, curve, (rest + share * (above.home.element(z**2) * curve)).reduced())


def _product(value: Any, power: int) -> Any:
    """A power as a product: a ball's own power of a ball about 0 is nan."""
    total: Any = 1
    for _ in range(power):
        total = total * value
    return total


def _horner(row: list[int], x: Any) -> Any:
    total: Any = row[0]
    for c in row[1:]:
        total = total * x + c if c else total * x
    return total
