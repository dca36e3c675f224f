"""What returns near the edge after one or two steps, and the leading terms that decide whether orbits concentrate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.rings import to_rational
from ..algebra.series import TruncatedSeries, evaluate
from ..algebra.symbols import symbol
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.names import later
from ..latex.printer import Order
from .maps import PolynomialMap
from .nullcline import EDGE, Nullcline, two_step_factor
from .recurrences import Recurrence

LEADING_ORDER = 3


@dataclass(frozen=True)
class LeadingTerms:
    """The terms of the two-step recurrence that decide whether trajectories concentrate.

    Attributes:
        simple_edge: whether the nullcline through the edge exists and is unique.
        rate: coefficient of ``y z`` in ``z'' - z``.
        cycles: whether the nullcline consists of two-cycles at small parameter 0, decided exactly.
        cycles_detail: how.
        relaxation: coefficient of ``y z^2`` in ``y'' - y`` at small parameter 0, None if zero.
        relaxation_detail: what a zero means.
        drift: coefficient of ``epsilon z^2`` in ``y'' - y``, None if zero or undefined.
    """

    simple_edge: bool
    rate: sp.Rational
    cycles: bool
    cycles_detail: str
    relaxation: sp.Rational | None
    relaxation_detail: str
    drift: sp.Rational | None


@dataclass(frozen=True)
class TwoCycles(Derived):
    """What returns to itself after one or two steps near ``(z, T) = (0, 2)``.

    Attributes:
        curve: irreducible polynomial in ``(z, T)`` whose zero set holds the two-cycles at small parameter 0.
        branch: the same curve as ``T = f(z)``, a series in z.
        partner: the other point of the cycle, a series in z.
        order: power of z to which both series are complete.
        are_cycles: whether the curve consists of two-cycles at small parameter 0.
        sentences: what holds, for people, each decided by exact algebra.
    """

    curve: sp.Expr
    branch: Equation
    partner: Equation
    order: int
    are_cycles: bool
    sentences: tuple[str, ...]

    kind: ClassVar[str] = "two-cycles"

    def remainder(self) -> str:
        """What was dropped, in words."""
        return f"dropped: powers of z above {self.order}"

    def explain(self) -> DerivationLog:
        """The curve of two-period points at small parameter 0, and the involution on it."""
        log = DerivationLog("Fixed points and two-cycles near the edge")
        if not self.are_cycles:
            log.state("No two-cycles", " ".join(self.sentences), *self.equations())
            return log
        z, x = symbol("z"), sp.Dummy("x")
        there = self.partner.rhs.subs(z, x).subs(x, self.partner.rhs)
        back = sp.Poly(sp.expand(there), z).as_dict()
        low = sp.Add(*(c * z**k for (k,), c in back.items() if k <= self.order))
        log.identity(
            "There and back",
            " ".join(self.sentences),
            low,
            z,
            *self.equations(),
            what=f"two moves along the curve, to z^{self.order}, and z",
        )
        return log

    def equations(self) -> tuple[Equation, ...]:
        """The curve and the involution on it."""
        return (self.branch, self.partner)


def two_cycles_at_zero(one_step: PolynomialMap) -> tuple[sp.Expr, bool]:
    """The curve of two-period points through the edge with all parameters 0.

    Args:
        one_step: a planar map in ``(z, T)``.

    Returns:
        The irreducible polynomial through ``(0, 2)`` of ``z'' = z``, and whether ``T'' = T`` on all of it.

    Raises:
        DomainError: no factor, or several, pass through the edge.
    """
    frozen = one_step.substitute(dict.fromkeys(one_step.parameters, 0))
    T = frozen.variables[1]
    ring = frozen.ring
    through = [f for f, _ in two_step_factor(frozen).factor()[1] if f(0, EDGE) == 0]
    if len(through) != 1:
        raise DomainError.of("two_cycles_at_zero()", "one branch through the edge", through, "The edge is not simple.")
    curve = through[0]
    change = frozen.iterated(2)[1] - frozen.ring.generator(T)
    # the curve is irreducible, so T'' - T vanishes on it exactly if it is divisible
    return ring.to_expr(curve), not divmod(change, curve)[1].to_dict()


def small_parameter(one_step: PolynomialMap) -> sp.Symbol | None:
    """The parameter that is small near the edge: epsilon where it is one, else the only one."""
    if symbol("epsilon") in one_step.parameters:
        return symbol("epsilon")
    return one_step.parameters[0] if len(one_step.parameters) == 1 else None


def read_leading_terms(recurrence: Recurrence) -> LeadingTerms:
    """Read the leading terms off the exact recurrence.

    Args:
        recurrence: of a planar map, to order 3 or more.

    Returns:
        The terms.

    Raises:
        DomainError: the edge is not simple.
    """
    one_step = recurrence.nullcline.one_step
    small = small_parameter(one_step)
    curve, cycles = two_cycles_at_zero(one_step)
    shown = str(curve)
    if len(shown) > 160:
        degrees = (sp.degree(curve, v) for v in one_step.variables)
        shown = "an irreducible curve of degree {} in z and {} in T".format(*degrees)
    else:
        shown += " = 0"
    detail = f"on {shown} at parameter 0, T'' = T {'holds' if cycles else 'fails'} exactly"
    if not one_step.parameters and not cycles:
        leaving = _coefficient(recurrence, 1, {"z": 2})
        detail += f"; with no small parameter T leaves the edge at the rate y'' - y = {leaving or 0} z^2"
    relaxation = _coefficient(recurrence, 1, {"z": 2, "y": 1})
    drift = None if small is None else _coefficient(recurrence, 1, {"z": 2, small.name: 1})
    still = "deviations do not relax: the coefficient of z^2 y is 0 at small parameter 0"
    if relaxation is None and cycles and sp.degree(curve, one_step.variables[0]) == 0:
        still += " (the map is linear in z there, and its period doubling is degenerate)"
    rate = _coefficient(recurrence, 0, {"z": 1, "y": 1}) or sp.S.Zero
    return LeadingTerms(True, rate, cycles, detail, relaxation, still, drift)


def _coefficient(recurrence: Recurrence, which: int, powers: dict[str, int]) -> sp.Rational | None:
    """One coefficient of an increment; None if it is zero."""
    series = recurrence.increments[which]
    key = tuple(powers.get(s.name, 0) for s in series.grading.symbols)
    value = series.terms().get(key)
    return None if value is None else to_rational(value)


def derive_two_cycles(one_step: PolynomialMap, nullcline: Nullcline, leading: LeadingTerms) -> TwoCycles:
    """Derive the fixed and the two-cycle set near the edge.

    Args:
        one_step: the map.
        nullcline: that of the map at small parameter 0, to the power of z wanted.
        leading: the leading two-step terms of the map.

    Returns:
        Both sets; the series are at small parameter 0.
    """
    (z, T), frozen, order = one_step.variables, nullcline.one_step, nullcline.order
    start = TruncatedSeries.variable(nullcline.series.grading, z)
    partner = evaluate(frozen.polynomials[0], [start, nullcline.series])
    curve, cycles = two_cycles_at_zero(one_step)
    factor = sp.cancel((one_step.components[0] - z) / z).subs({z: 0, T: EDGE})
    what = "consists of two-cycles" if cycles else "has no two-cycles but z = 0"
    sentences = [
        f"Near the edge the fixed points are exactly the line z = 0: (z' - z)/z is {factor} at the edge, not 0.",
        f"At small parameter 0 the curve T = f(z) {what}.",
    ]
    if cycles and leading.drift is not None:
        sentences.append(
            f"For small {small_parameter(one_step)} > 0 no two-cycle but z = 0 is left near the edge: on the nullcline "
            f"T'' - T = {leading.drift} {small_parameter(one_step)} z^2 + .., of one sign."
        )
    dropped = (z ** (order + 1),)
    sides = Order((z,))
    return TwoCycles(
        curve,
        Equation(T, nullcline.expression(), dropped, sides, "cycles"),
        Equation(later(z, 1), partner.to_expr(), dropped, sides, "partner"),
        order,
        cycles,
        tuple(sentences),
    )
