"""The slow curve of the one-step map as a series in ``epsilon``, ``p`` and ``z``, and the limit it gives.

On the slow curve ``U = epsilon Phi(z, epsilon)`` with

    Phi = sum c[i, j, k] epsilon^i p^j z^k,   k in {0, 1}

(every power series in z is ``A(p) + z B(p)``, since ``z^2 = p (1 - z)``). With z of weight 1 and epsilon of weight 2
the coefficients follow weight by weight from the defect of the one-step law: for ``X = U - epsilon Phi``

    X' = (1 - z^2 relaxation / D) X + (epsilon z^2 / D) defect,   D = 1 - z',

where the defect is ``D (Phi(z) - Phi(z')) / z^2 - relaxation Phi - forcing / epsilon``.
At ``z = 0`` Phi gives the limit of T.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb

import sympy as sp
from flint import fmpq

from ..algebra.errors import DomainError, ProofError
from ..algebra.localised import Local, Localisation
from ..algebra.rings import PolyRing, poly_terms, to_rational
from ..algebra.symbols import symbol
from ..planar.nullcline import EDGE
from .lyapunov import SlowCoordinate

Index = tuple[int, int, int]


class SlowFrame:
    """The one-step law in the coordinates ``(z, q, epsilon)``, with q free for a second coordinate.

    Args:
        slow: the slow coordinate.
    """

    def __init__(self, slow: SlowCoordinate) -> None:
        self.slow = slow
        z, T = slow.lyapunov.one_step.variables
        epsilon = slow.lyapunov.one_step.parameters[0]
        self.ring = PolyRing((z, symbol("q"), epsilon))
        self.home = Localisation(self.ring, self.ring.from_expr(slow.pole))
        self.z, self.q, self.epsilon = (self.home.element(g) for g in self.ring.context.gens())
        top = sp.expand(slow.invariant * slow.pole)
        self.p = self.home.element(self.ring.from_expr(sp.cancel(top)), 1)
        self._source = PolyRing((z, T, epsilon))

    def at(self, expr: sp.Expr, T: Local) -> Local:
        """An expression in ``(z, T, epsilon)`` at a value of T."""
        return self.home.evaluate(self._source.from_expr(expr), [self.z, T, self.epsilon])

    def T_of(self, U: Local) -> Local:
        """``T`` from ``U = T + tilt z - 2 - 2 p``."""
        tilt = self.home.element(self.ring.from_expr(self.slow.lyapunov.tilt))
        return (U + EDGE + 2 * self.p - tilt * self.z).reduced()

    def zsquare(self, value: Local, where: str) -> Local:
        """A value divided by ``z^2``, which must divide it."""
        return value.divide_exactly(self.z.numerator**2, where)


@dataclass(frozen=True)
class LawAt:
    """The parts of the one-step law at one value of U.

    Attributes:
        T: the eigenvalue.
        effective_curvature: h.
        relaxation: the factor of U.
        forcing: the rest over epsilon.
        z_next: z'.
        D: the pole at z'.
    """

    T: Local
    effective_curvature: Local
    relaxation: Local
    forcing: Local
    z_next: Local
    D: Local


def law_at(frame: SlowFrame, U: Local) -> LawAt:
    """The law's parts at a value of U."""
    slow = frame.slow
    T = frame.T_of(U)
    effective_curvature = frame.at(slow.effective_curvature, T)
    relaxation = frame.at(sp.expand(slow.relaxation), T)
    forcing = frame.at(sp.expand(slow.forcing), T).divide_exactly(frame.epsilon.numerator, "law_at()")
    z_next = (frame.z * (1 - effective_curvature)).reduced()
    pole_ring = PolyRing((slow.lyapunov.one_step.variables[0],))
    D = frame.home.evaluate(pole_ring.from_expr(slow.pole), [z_next])
    return LawAt(T, effective_curvature, relaxation, forcing, z_next, D)


@dataclass(frozen=True)
class SlowSeries:
    """A truncated slow curve.

    Attributes:
        frame: the law.
        order: K; the defect has weight at least 2 K.
        coefficients: ``(i, j, k)`` to the coefficient of ``epsilon^i p^j z^k``.
    """

    frame: SlowFrame
    order: int
    coefficients: dict[Index, fmpq]

    @property
    def depth(self) -> int:
        """The highest power of p, at least 1: the power of D below the defect is one less."""
        return max([1, *(j for _, j, _ in self.coefficients)])

    def value(self) -> Local:
        """``Phi(z, epsilon)``."""
        f = self.frame
        total = f.home.constant(0)
        for (i, j, k), c in self.coefficients.items():
            total = total + c * (f.epsilon**i * f.p**j * f.z**k)
        return total.reduced()

    def defect(self, U: Local) -> tuple[Local, LawAt]:
        """``D^(depth - 1)`` times the defect at a value of U, and the law there."""
        f, law, depth = self.frame, law_at(self.frame, U), self.depth
        here = self.value()
        there = f.home.constant(0)
        for (i, j, k), c in self.coefficients.items():
            there = there + c * (f.epsilon**i * law.z_next ** (2 * j + k) * law.D ** (depth - j))
        moved = f.zsquare((here * law.D**depth - there).reduced(), "SlowSeries.defect()")
        rest = (law.relaxation * here + law.forcing) * law.D ** (depth - 1)
        return (moved - rest).reduced(), law

    @cached_property
    def limit_coefficients(self) -> tuple[sp.Rational, ...]:
        """``2, t_1, .., t_K`` of ``lim T = 2 + sum t_j epsilon^j``."""
        tail = (self.coefficients.get((i, 0, 0), fmpq(0)) for i in range(self.order))
        return (sp.Integer(EDGE), *(to_rational(c) for c in tail))

    def limit(self) -> sp.Expr:
        """The truncated limit of T as an expression in epsilon."""
        epsilon = self.frame.ring.symbols[2]
        return sp.Add(*(c * epsilon**i for i, c in enumerate(self.limit_coefficients)))

    def expression(self) -> sp.Expr:
        """``Phi`` in ``(z, p, epsilon)``."""
        z, _, epsilon = self.frame.ring.symbols
        p = symbol("p")
        return sp.Add(*(to_rational(c) * epsilon**i * p**j * z**k for (i, j, k), c in self.coefficients.items()))


def _coefficient(value: Local, z_power: int, epsilon_power: int) -> fmpq:
    """A coefficient of the expansion about ``z = epsilon = 0`` (no q)."""
    total = fmpq(0)
    for (i, k, j), c in poly_terms(value.numerator).items():
        if k == 0 and j == epsilon_power and i <= z_power:
            m = z_power - i
            spread = comb(m + value.power - 1, m) if value.power else int(m == 0)
            total += c * spread
    return total


def derive_slow_series(slow: SlowCoordinate, order: int) -> SlowSeries:
    """Solve for the slow curve until its defect has weight ``2 * order``.

    Args:
        slow: the slow coordinate of the map; its pole must be ``1 - z``.
        order: K >= 1; the limit is then known to ``epsilon^K``.

    Returns:
        The truncated series.

    Raises:
        DomainError: the order is below 1.
        ProofError: the pole differs, or a weight cannot be solved for.
    """
    where = "derive_slow_series()"
    if order < 1:
        raise DomainError.of(where, "order >= 1", order, "Ask for the first coefficient at least.")
    z = slow.lyapunov.one_step.variables[0]
    if sp.expand(slow.pole - (1 - z)) != 0:
        raise ProofError.of(where, "the pole 1 - z", slow.pole, "The map differs.")
    frame = SlowFrame(slow)
    found: dict[Index, fmpq] = {}

    def defect(coefficients: dict[Index, fmpq]) -> Local:
        series = SlowSeries(frame, order, coefficients)
        return series.defect((frame.epsilon * series.value()).reduced())[0]

    for weight in range(2 * order):
        odd = weight % 2
        for i in range(weight // 2 + 1):
            index = (i, weight // 2 - i + odd, odd)
            at = (weight - 2 * i, i)
            now = _coefficient(defect(found), *at)
            slope = _coefficient(defect({**found, index: found.get(index, fmpq(0)) + 1}), *at) - now
            if slope == 0:
                raise ProofError.of(where, f"a solvable weight {weight}", str(index), "The map differs.")
            if now != 0:
                found[index] = -now / slope
    return SlowSeries(frame, order, found)
