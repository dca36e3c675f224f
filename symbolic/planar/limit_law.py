"""Where an orbit of ANY start near the edge ends: a formal first integral of the one-step map, to any order.

Coordinates near the edge, fit for the map: ``u``, odd under the two-cycle ``z -> sigma(z)`` of parameter 0 (there the
map is ``u -> -u``), its even companion ``p = -z sigma(z)``, and ``x``, the deviation of ``T`` from the slow manifold.
With weights 1 for u and 2 for x and epsilon, one step moves ``u`` to ``-u (1 + a x + b epsilon + ..)`` and ``x`` to
``x (1 + c u^2 + ..)``. The sought integral

    I = A u^2 + x - C epsilon ln|x| + (polynomial terms of higher weight)

is fixed weight by weight: the odd part of the defect is halved away (u changes sign), the even part is removed by an
equation along the leading flow. At ``z = 0`` the integral is ``x - C epsilon ln|x| + ..``: this gives the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from ..algebra.errors import DomainError, ProofError
from ..algebra.rings import Exponents, to_fmpq, to_rational
from ..algebra.series import Grading, TruncatedSeries, evaluate, log
from ..algebra.symbols import symbol
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.printer import Order
from .first_integral import LEADING, limit_law_terms, manifold_order, term_weight
from .nullcline import RESCALED
from .slow_manifold import SlowManifold, derive_slow_manifold


@dataclass(frozen=True)
class LimitLaw(Derived):
    """``I(z, T) = I(0, T_inf)`` along every orbit that ends on the line ``z = 0``.

    Attributes:
        manifold: the slow manifold that x is measured from.
        logarithm: C, the coefficient of ``-epsilon ln|x|``.
        terms: exponents of ``(u, p, x, epsilon)`` to coefficient, the power of u being 0 or 1; complete to
            :attr:`weight`.
        weight: terms of higher weight are dropped (u counts 1, p, x and epsilon count 2).

    Source:
        Derived here; the leading order is the integral of ``dz = 2 y z, dy = -8 y z^2 - 4 epsilon z^2``.

    Example:
        >>> es.models.main_case().limit_law(1).integral()
        -epsilon*log(Abs(x))/2 + 2*p + x
    """

    kind = "limit-law"
    units = RESCALED

    manifold: SlowManifold
    logarithm: sp.Rational
    terms: tuple[tuple[Exponents, sp.Rational], ...]
    weight: int

    @property
    def variables(self) -> tuple[sp.Symbol, sp.Symbol, sp.Symbol, sp.Symbol]:
        """``(u, p, x, epsilon)``."""
        return symbol("u"), symbol("p"), symbol("x"), self.manifold.parameter

    def polynomial(self, weight: int | None = None) -> sp.Expr:
        """The polynomial part of the integral up to a weight.

        Args:
            weight: terms above it are left out; default all.

        Returns:
            An expression in u, p, x and the parameter.
        """
        most = self.weight if weight is None else weight
        kept = [(e, c) for e, c in self.terms if term_weight(e) <= most]
        return sp.Add(*(c * sp.Mul(*(s**k for s, k in zip(self.variables, e, strict=True))) for e, c in kept))

    def integral(self, weight: int | None = None) -> sp.Expr:
        """The integral up to a weight, with its logarithm."""
        *_, x, epsilon = self.variables
        return self.polynomial(weight) - self.logarithm * epsilon * sp.log(sp.Abs(x))

    def end_terms(self, weight: int | None = None) -> sp.Expr:
        """What the integral at ``z = 0`` has beyond ``x - C epsilon ln|x|``: terms in x and the parameter."""
        u, p, x, _ = self.variables
        return self.polynomial(weight).subs({u: 0, p: 0}) - x

    @cached_property
    def coordinates(self) -> dict[sp.Symbol, sp.Expr]:
        """U and p as closed functions of z."""
        z = self.manifold.variable
        sigma = self.involution
        return {symbol("u"): sp.factor((z - sigma) / 2), symbol("p"): sp.factor(-z * sigma)}

    @cached_property
    def involution(self) -> sp.Expr:
        """``sigma(z)``, how the map moves along its two-cycles at parameter 0."""
        T = self.manifold.one_step.variables[1]
        (curve,) = self.manifold.closed_rows(0)
        frozen = self.manifold.one_step.substitute({self.manifold.parameter: 0})
        return sp.factor(frozen.components[0].subs(T, curve))

    def limit_of(self, deviation: sp.Expr, order: int | None = None) -> sp.Expr:
        """``T_inf`` for an orbit whose x ends at ``deviation``: the limit series plus the deviation."""
        series = self.manifold.limit()
        most = series.order if order is None else order
        kept = series.coefficients[: most + 1]
        return sp.Add(*(c * self.manifold.parameter**n for n, c in enumerate(kept))) + deviation

    def lambert(self, excess: sp.Expr = sp.S.Zero, weight: int = LEADING) -> sp.Expr:
        """The end value of x from its start by the Lambert W function.

        ``x - C epsilon ln|x| = c`` has the solution ``x = -C epsilon W(-x_0 exp(-(c - ..)/(C epsilon)) / (C epsilon))``
        on the principal branch, for both signs of the start.

        Args:
            excess: what the integral at ``z = 0`` has beyond ``x - C epsilon ln|x|``.
            weight: the start's integral is taken up to this weight.

        Returns:
            An expression in u, p, x (the start) and the parameter.
        """
        *_, x, epsilon = self.variables
        scale = self.logarithm * epsilon
        exponent = -(self.polynomial(weight) - excess) / scale
        return -scale * sp.LambertW(-x / scale * sp.exp(exponent))

    def leading_order(self) -> sp.Expr:
        """``T_inf`` of any start ``(p, x)`` to leading order: the limit series to epsilon, the integral to weight 2."""
        return self.limit_of(self.lambert(), 1)

    def next_order(self) -> sp.Expr:
        """``T_inf`` to the next order: one order more in epsilon than :meth:`leading_order`, in closed form.

        The terms of the next weight are taken at the start, and at the end at the leading solution.

        Returns:
            An expression in p, x and the parameter; error of order ``epsilon^(5/2)``.

        Raises:
            DomainError: the law was derived to its leading weight only.
        """
        if self.weight < 2 * LEADING:
            raise DomainError.of("LimitLaw.next_order()", "a law of weight 4 or more", self.weight, "Derive more.")
        *_, x, _ = self.variables
        excess = self.end_terms(2 * LEADING).subs(x, self.lambert())
        return self.limit_of(self.lambert(excess, 2 * LEADING), 2)

    def remainder(self) -> str:
        """What was dropped, in words."""
        return f"dropped: every term with deg_u + 2*(deg_p + deg_x + deg_epsilon) > {self.weight}"

    def json(self) -> dict[str, Any]:
        """Coefficients as exact strings."""
        return {
            "variables": [s.name for s in self.variables],
            "weight": self.weight,
            "logarithm": str(-self.logarithm),
            "integral": [{"exponents": list(e), "coefficient": str(c)} for e, c in self.terms],
            "limit": self.manifold.limit().json(),
            "remainder": self.remainder(),
        }

    def sides(self) -> list[tuple[str, sp.Expr]]:
        """Left and right sides: the integral, the coordinates, and the two closed laws."""
        rows = [("I", self.integral())]
        rows += [(s.name, e) for s, e in self.coordinates.items()]
        rows.append(("T_inf, leading", self.leading_order()))
        return [*rows, ("T_inf, next order", self.next_order())] if self.weight >= 2 * LEADING else rows

    def leading(self) -> sp.Symbol:
        """The deviation x."""
        return symbol("x")

    def notes(self) -> list[str]:
        """How to read it."""
        return ["I(start) = I(end), and u = p = 0 at the end; x = T - slow manifold, at the start and at the end"]

    def equations(self) -> tuple[Equation, ...]:
        """The coordinates, the integral, the leading solution, and the limit to leading and next order."""
        *_, x, epsilon = self.variables
        order = Order((), dict.fromkeys(self.variables[1:], LEADING))
        excess = self.end_terms(2 * LEADING).subs(x, symbol("x_0"))
        closer = self.limit_of(self.lambert(excess, 2 * LEADING), 2)
        rows = [Equation(s, e, tag=s.name) for s, e in self.coordinates.items()]
        rows.append(Equation(symbol("I"), self.integral(), order=order, tag="integral"))
        rows.append(Equation(symbol("x_0"), self.lambert(), tag="end"))
        if self.weight >= 2 * LEADING:
            rows.append(Equation(symbol("T_inf"), closer, (epsilon ** sp.Rational(5, 2),), tag="next"))
        else:
            rows.append(Equation(symbol("T_inf"), self.limit_of(symbol("x_0"), 1), (epsilon**2,), tag="leading"))
        return tuple(rows)

    def defect(self) -> TruncatedSeries:
        """``I(z', T') - I(z, T)`` as a series of ``(z, x, epsilon)``; the solver works in ``(u, x, epsilon)``.

        Returns:
            The defect up to the weight of the law: zero if it is right. Even terms of weight w of the integral show
            their defect at ``w + 2`` only, so a law is confirmed up to two weights below its own.

        Raises:
            ProofError: the map does not keep the law's slow manifold.
        """
        one_step, z, epsilon = self.manifold.one_step, self.manifold.variable, self.manifold.parameter
        grading = Grading((z, symbol("x"), epsilon), (1, LEADING, LEADING), self.weight + LEADING)
        here = [TruncatedSeries.variable(grading, s) for s in grading.symbols]
        curve = self.manifold.series.polynomial()
        tall = evaluate(curve, [here[0], here[2]]) + here[1]
        next_z, next_T = (evaluate(p, [here[0], tall, here[2]]) for p in one_step.polynomials)
        next_x = next_T - evaluate(curve, [next_z, here[2]])
        difference = self._polynomial_at([next_z, next_x, here[2]]) - self._polynomial_at(here)
        ratio: dict[Exponents, object] = {}
        for (i, j, k), c in next_x.terms().items():
            if j == 0:
                raise ProofError.of("LimitLaw.defect()", "an invariant slow manifold", f"{(i, j, k)}", "Another map?")
            ratio[i, j - 1, k] = c
        factor = TruncatedSeries.from_polynomial(grading.with_order(self.weight), grading.ring.from_dict(ratio))
        logarithmic = log(factor) * here[2].truncate(self.weight) * to_fmpq(self.logarithm)
        return difference.truncate(self.weight) - logarithmic

    def _polynomial_at(self, at: list[TruncatedSeries]) -> TruncatedSeries:
        u, p = (_rational_at(self.coordinates[symbol(n)], at[0], self.manifold.variable) for n in "up")
        total = TruncatedSeries(at[0].grading, [])
        for (a, b, c, d), coefficient in self.terms:
            total = total + u**a * p**b * at[1] ** c * at[2] ** d * to_fmpq(coefficient)
        return total

    def explain(self) -> DerivationLog:
        """Coordinates, leading flow, first integral, Lambert's W; the integral is put back into the map.

        Raises:
            ProofError: a step does not hold.
        """
        epsilon, one_step = self.manifold.parameter, self.manifold.one_step
        steps = DerivationLog(f"The limit of any start to order {self.weight // LEADING}")
        steps.state("One step", "The exact map.", *one_step.equations())
        steps.state(
            "Coordinates",
            "At parameter 0 the map has a curve of two-cycles, z -> sigma(z) -> z. Take u, odd under it, "
            "p = -z sigma(z), even under it, and x, the deviation of T from the slow manifold. One step then sends u "
            "to -u and moves everything else slowly.",
            *(Equation(s, e, tag=s.name) for s, e in self.coordinates.items()),
        )
        steps.state(
            "Leading order",
            "With weights 1 for u and 2 for p, x and epsilon the leading flow is a planar one, and this is its "
            "integral.",
            Equation(symbol("I"), self.integral(LEADING), tag="leading"),
        )
        # one order more than is shown: an even term of weight w is confirmed by the defect at w + 2
        weight = self.weight + LEADING
        further = derive_limit_law(derive_slow_manifold(one_step, manifold_order(weight)), weight)
        steps.vanishing(
            "Higher weights",
            "Weight by weight the defect of the integral after one step is removed: its odd part by half of itself, "
            "since u changes sign, its even part by a term whose drift along the leading flow cancels it.",
            further.defect(),
            len(self.terms),
            Equation(symbol("I"), self.integral(), tag="integral"),
        )
        c = sp.Symbol("c", real=True)
        scale = self.logarithm * epsilon
        end = -scale * sp.LambertW(sp.exp(-c / scale))
        steps.identity(
            "The end, by Lambert's W",
            "At z = 0 the integral is c = x - C epsilon ln|x| + .., so dx/dc (1 - C epsilon/x) = 1; this is solved by "
            "x = -C epsilon W(const exp(-c/(C epsilon))), on the principal branch for either sign of the start.",
            sp.simplify(sp.diff(end, c) * (1 - scale / end)),
            sp.S.One,
            Equation(symbol("x_0"), self.lambert(), tag="end"),
            what="dx/dc (1 - C epsilon/x) and 1",
        )
        steps.state("The limit", "T ends at the limit series plus the end value of x.", self.equations()[-1])
        return steps


def _rational_at(expr: sp.Expr, at: TruncatedSeries, variable: sp.Symbol) -> TruncatedSeries:
    """A rational function of one variable at a series."""
    parts = []
    for part in sp.fraction(expr):
        value = TruncatedSeries(at.grading, [])
        for coefficient in sp.Poly(part, variable).all_coeffs():
            value = value * at + to_fmpq(sp.Rational(coefficient))
        parts.append(value)
    return parts[0] / parts[1]


def derive_limit_law(manifold: SlowManifold, weight: int) -> LimitLaw:
    """Derive the integral up to a weight: 2 is the leading law, 4 its next order, and so on.

    Args:
        manifold: the slow manifold of a map, to the order that :func:`manifold_order` gives for the weight.
        weight: 2..16.

    Returns:
        The law. For starts with z of order ``epsilon^(1/2)`` and x of order epsilon, its error in ``T_inf`` is of
        order ``epsilon^((weight + 1)/2)`` (``epsilon^2`` for weight 2, which has no neighbour of weight 3).
    """
    logarithm, terms = limit_law_terms(manifold, weight)
    ordered = sorted(terms.items(), key=lambda item: (term_weight(item[0]), [-e for e in item[0]]))
    return LimitLaw(manifold, to_rational(logarithm), tuple((e, to_rational(c)) for e, c in ordered), weight)
