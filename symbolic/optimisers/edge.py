"""The edge of stability of an optimiser: the least curvature at which its linear step stops contracting, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..algebra.errors import DomainError, ProofError
from ..algebra.symbols import symbol
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from .optimiser import Optimiser
from .piecewise import PiecewiseOptimiser
from .root_location import COSINE, definite_sign, inside_unit_circle, on_circle

WHERE = "derive_edge()"
OMEGA = sp.Symbol("omega", real=True)
INSIDE = sp.Interval.open(-1, 1)


@dataclass(frozen=True)
class StabilityEdge(Derived):
    """Where the linear step of an optimiser loses stability, in units of one over the step size.

    Attributes:
        optimiser: whose edge it is.
        curvature: the edge: at every smaller positive curvature all multipliers lie inside the unit circle.
        cosine: real part of the multiplier that reaches the circle there: -1 for a flip, between for a pair.
        flip_curvature: where a multiplier reaches -1 ("filter formula"); None where none does at a positive curvature.

    Source:
        Derived here.

    Example:
        >>> es.optimisers.derive_edge(es.optimisers.heavy_ball()).curvature
        2*(beta + 1)
    """

    kind = "edge"
    units = "curvature in units of 1/eta"
    optimiser: Optimiser
    curvature: sp.Expr
    cosine: sp.Expr
    flip_curvature: sp.Expr | None

    @property
    def angle(self) -> sp.Expr:
        """The angle of the multiplier on the unit circle, in ``(0, pi]``."""
        return sp.acos(self.cosine)

    @property
    def is_flip(self) -> bool:
        """Whether stability is lost through -1, so that the filter formula gives the edge."""
        return bool(self.cosine == -1)

    @property
    def escapes(self) -> bool:
        """Whether the step is unstable before a multiplier reaches -1: the filter formula then misses the edge."""
        return not self.is_flip

    def equations(self) -> tuple[Equation, ...]:
        """The edge as a formula in the optimiser's symbols, and the cosine of a pair that comes first."""
        edge = Equation(symbol("T"), self.curvature, tag="edge")
        return (edge,) if self.is_flip else (edge, Equation(sp.cos(OMEGA), self.cosine, tag="cosine"))

    def require_flip(self, where: str) -> None:
        """For what rests on a multiplier -1 at the edge.

        Args:
            where: who asks.

        Raises:
            DomainError: the minimum is unstable by other multipliers first.
        """
        if self.escapes:
            late = "never" if self.flip_curvature is None else f"only at {self.flip_curvature}"
            raise DomainError.of(
                where,
                "a multiplier -1 at the edge",
                f"{self.optimiser.name}, unstable from {self.curvature} on by multipliers at angle {self.angle}",
                f"It reaches -1 {late}: the hypothesis of a flip fails.",
            )

    def json(self) -> dict[str, Any]:
        """Optimiser, curvature, multiplier and angle as exact strings."""
        return {
            "optimiser": self.optimiser.name,
            "curvature": str(self.curvature),
            "multiplier": {"cosine": str(self.cosine), "angle": str(self.angle), "flip": self.is_flip},
            "flip_curvature": None if self.flip_curvature is None else str(self.flip_curvature),
        }

    def explain(self) -> DerivationLog:
        """From the characteristic polynomial to the edge.

        Raises:
            ProofError: a step does not hold.
        """
        log = DerivationLog(f"The edge of stability of {self.optimiser.name}")
        h, mu = symbol("h"), symbol("multiplier")
        chi = self.optimiser.characteristic(h)
        log.state(
            "Linear step",
            "Along an eigenvector of the Hessian with eigenvalue h / eta the step is linear in the memory of one "
            "weight; its multipliers are the roots of this polynomial.",
            Equation(sp.Function("chi")(mu), chi.as_expr()),
        )
        _, imaginary = on_circle(self.optimiser.denominator, self.optimiser.numerator)
        log.state(
            "On the unit circle",
            "A multiplier exp(i omega) other than 1 and -1 asks for a real curvature, so for a root of this "
            "polynomial in cos(omega); -1 asks for one value of the curvature.",
            Equation(sp.S.Zero, imaginary),
        )
        if self.is_flip:
            at = sp.together(self.optimiser.characteristic(self.curvature).as_expr().subs(mu, -1))
            log.identity(
                "The flip", "At the edge -1 is a multiplier.", at, sp.S.Zero, *self.equations(), what="chi(-1)"
            )
        else:
            log.state("A pair", "The pair comes first.", *self.equations())
        return log


def derive_edge(optimiser: Optimiser | PiecewiseOptimiser) -> StabilityEdge:
    """The least positive curvature at which a multiplier of the linear step reaches the unit circle.

    All crossings are found from the transfer function on the circle; one exact sample by the Schur-Cohn test shows that
    the step contracts before the first of them. With symbols the domain of symbols and curvature below the edge is
    connected and free of crossings, so that one sample there decides for all.

    Args:
        optimiser: any; symbols only where the signs that decide can be proved on their whole ranges.

    Returns:
        The edge with the multiplier that reaches the circle.

    Raises:
        DomainError: no positive curvature is stable, none is an edge, or the step is not linear near a minimum.
        ProofError: with symbols, which crossing comes first was not decided: give numbers.

    Source:
        Derived here: Nyquist's criterion with Chebyshev polynomials, and Schur and Cohn's test.

    Example:
        >>> es.optimisers.derive_edge(es.optimisers.averaged_gradient("9/10")).curvature
        38
    """
    if isinstance(optimiser, PiecewiseOptimiser):
        raise optimiser.refuse(WHERE)
    a, b = optimiser.denominator, optimiser.numerator
    real, imaginary = on_circle(a, b)
    size, _ = on_circle(b, b)
    flip = None if b.eval(-1) == 0 else sp.factor(-a.eval(-1) / b.eval(-1))
    if optimiser.parameters:
        gain, cosine = _symbolic(optimiser, flip, imaginary), sp.Integer(-1)
    else:
        candidates = _crossings(a, b, flip, real, imaginary, size)
        if not candidates:
            _require_stable_below(optimiser, sp.Integer(2))
            raise DomainError.of(WHERE, "a curvature at which stability is lost", optimiser.name, "It has no edge.")
        gain, cosine = candidates[0]
    _require_stable_below(optimiser, gain)
    flipped = None if flip is None or flip.is_negative else _curvature(optimiser, flip)
    return StabilityEdge(optimiser, _curvature(optimiser, gain), cosine, flipped)


def _crossings(
    a: sp.Poly, b: sp.Poly, flip: sp.Expr | None, real: sp.Expr, imaginary: sp.Expr, size: sp.Expr
) -> list[tuple[sp.Expr, sp.Expr]]:
    """Positive effective curvatures with a multiplier on the circle, ascending, with its cosine."""
    found = [] if flip is None else [(flip, sp.Integer(-1))]
    if b.eval(1) != 0:
        found.append((-a.eval(1) / b.eval(1), sp.Integer(1)))
    if imaginary.free_symbols:
        roots = sp.Poly(imaginary, COSINE).real_roots(multiple=False)
        inside = [x for x, _ in roots if INSIDE.contains(x) is sp.true]
        found += [(sp.radsimp((-real / size).subs(COSINE, x)), x) for x in inside if size.subs(COSINE, x) != 0]
    elif imaginary == 0:
        raise DomainError.of(WHERE, "a filter with a phase", (a, b), "Every multiplier stays on the circle.")
    return sorted(((k, x) for k, x in found if k.is_positive), key=lambda pair: pair[0])


def _symbolic(optimiser: Optimiser, flip: sp.Expr | None, imaginary: sp.Expr) -> sp.Expr:
    """The flip, shown to be the only crossing on the whole range of the symbols."""
    box = dict(optimiser.ranges)
    if flip is None or definite_sign(flip, box) != 1:
        raise ProofError.of(WHERE, "a flip at a positive curvature", flip, "Give numbers for the symbols.")
    if definite_sign(imaginary, {**box, COSINE: INSIDE}) is None:
        raise ProofError.of(WHERE, "no pair on the unit circle", f"{imaginary} of unknown sign", "Give numbers.")
    a, b = optimiser.denominator, optimiser.numerator
    at_one = sp.expand(a.eval(1)), sp.expand(b.eval(1))
    inner = {s: sp.Interval.open(i.start, i.end) for s, i in box.items()}
    # at a closed end where the multiplier is 1 already, the curvature of that crossing is 0
    if at_one[0] != 0 and definite_sign(-at_one[0] / at_one[1], inner) != -1:
        raise ProofError.of(WHERE, "no multiplier 1 at a positive curvature", at_one, "Give numbers.")
    return flip


def _require_stable_below(optimiser: Optimiser, gain: sp.Expr) -> None:
    """One exact sample below the first crossing; no crossing lies between it and 0.

    Raises:
        DomainError: the step does not contract there.
    """
    sample = {s: (i.start + 1 if i.end is sp.oo else (i.start + i.end) / 2) for s, i in optimiser.ranges}
    half = sp.Rational(str(sp.N(gain.subs(sample) / 2, 30)))
    plain = optimiser.substitute(sample) if sample else optimiser
    at = sp.Poly(plain.denominator.as_expr() + half * plain.numerator.as_expr(), symbol("multiplier"))
    if not inside_unit_circle(at.all_coeffs()):
        raise DomainError.of(
            WHERE, "multipliers inside the unit circle at small curvature", optimiser.name, "No step of it is stable."
        )


def _curvature(optimiser: Optimiser, gain: sp.Expr) -> sp.Expr:
    """The curvature h with ``h (1 + rho h) = gain``."""
    rho = optimiser.ascent
    if rho == 0:
        return sp.factor(gain)
    # also right at rho = 0, where the usual form of the root is 0/0
    return (
        sp.radsimp(2 * gain / (1 + sp.sqrt(1 + 4 * rho * gain)))
        if rho.is_number
        else 2 * gain / (1 + sp.sqrt(1 + 4 * rho * gain))
    )
