"""The central flow as a derived object: gradient flow below the edge, and on it the flow that keeps the sharpness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError, ProofError
from ...algebra.parsing import exact_expression
from ...algebra.symbols import symbol
from ...explain.derived import Derived, primed
from ...explain.log import DerivationLog
from ...latex.equations import Equation
from ...optimisers.edge import StabilityEdge, derive_edge
from ...optimisers.optimiser import Optimiser, gradient_descent

WHERE = "derive_central_flow()"
SIGMA2, TIME = symbol("sigma2"), symbol("t")
ASSUMED = (
    "assumed: the top Hessian eigenvalue is simple, its eigenvector u turns slowly, and the iterates are a centre w "
    "plus a vibration +-x u of period two with <x^2> = sigma^2; derivatives of the loss beyond the third are left out"
)


LONGEST = 3
"""Terms of a factor that is written where it stands; longer ones get a name of their own."""


def name_factors(rows: Sequence[Equation]) -> tuple[Equation, ...]:
    """Equations in which long polynomial factors have names, after the equations that define these.

    Args:
        rows: with right-hand sides that are factored rational functions.

    Returns:
        Definitions of ``N_1, N_2, ..``, then the rows.
    """
    names: dict[sp.Expr, sp.Symbol] = {}

    def short(expr: sp.Expr) -> sp.Expr:
        factors = []
        for factor in sp.Mul.make_args(expr):
            base, power = factor.as_base_exp()
            if isinstance(base, sp.Add) and len(base.args) > LONGEST and power.is_Integer:
                sign = -1 if -base in names else 1
                base = sign * names.setdefault(sign * base, sp.Symbol(f"N_{len(names) + 1}", real=True))
            factors.append(base**power)
        return sp.Mul(*factors)

    shortened = [(row, short(row.rhs)) for row in rows]
    own = frozenset(names.values()).union(*(row.own for row in rows))
    defined = [Equation(name, expr, tag=name.name, own=own) for expr, name in names.items()]
    return (*defined, *(replace(row, rhs=rhs, own=own) for row, rhs in shortened))


@dataclass(frozen=True)
class Filter:
    """What an optimiser does to slow motions and to those of period two.

    Attributes:
        edge: where it flips.
        speed: steps of gradient flow that one step makes, ``b(1)/a'(1)`` of its transfer function ``-b/a``.
        gain: the least curvature of the map from weights to gradients at which -1 is a multiplier; the edge, or
            for an ascent ``h (1 + rho h)`` of it.
    """

    edge: StabilityEdge
    speed: sp.Expr
    gain: sp.Expr

    @property
    def optimiser(self) -> Optimiser:
        """The optimiser."""
        return self.edge.optimiser


def read_filter(optimiser: Optimiser | None) -> Filter:
    """Speed and edge of an optimiser.

    Args:
        optimiser: any linear filter, with or without an ascent; None for gradient descent.

    Returns:
        Both.

    Raises:
        DomainError: it moves its minima, or loses stability otherwise than by a flip.
    """
    chosen = gradient_descent() if optimiser is None else optimiser
    if not chosen.keeps_minima:
        raise DomainError.of(
            WHERE, "an optimiser that keeps minima", chosen.name, "Its slow motion is no gradient flow on the loss."
        )
    edge = derive_edge(chosen)
    edge.require_flip(WHERE)
    slope = chosen.denominator.diff().eval(1)
    if sp.expand(slope) == 0:
        raise DomainError.of(WHERE, "a simple multiplier 1", chosen.name, "It has no speed of its own.")
    gain = sp.factor(-chosen.denominator.eval(-1) / chosen.numerator.eval(-1))
    return Filter(edge, sp.factor(chosen.numerator.eval(1) / slope), gain)


@dataclass(frozen=True)
class CentralFlow(Derived):
    """``dw/dt = -speed [grad L + (sigma^2 / 2) grad S]``, with the sigma^2 that keeps the sharpness S at the edge.

    Time counts steps. Below the edge ``sigma^2 = 0``; on it ``sigma^2 = max(0, 2 <grad S, -grad L> / |grad S|^2)``,
    and where that is 0 the flow leaves the edge again.

    Attributes:
        name: of the model.
        filter: speed and edge of the optimiser.
        variables: what moves.
        below: time derivative of each variable below the edge.
        surface: vanishes on the edge, in the variables.
        curve: the last variable on the edge as a function of the others, where the surface is linear in it.
        variance: sigma^2 on the edge, where it is positive; in units of the weights.
        along: time derivative of each variable on the edge.
        checks: identities that the derivation rests on, as title, reason and the two sides.
        own: symbols that the user brought.

    Source:
        Cohen, Damian, Talwalkar, Kolter, Lee 2024, the central flow of gradient descent.

    Example:
        >>> flow = es.models.derive_central_flow(es.QuadraticModel((1, -es.symbol("epsilon"))))
        >>> flow.curve
        -3*epsilon*z**2/2 + z*(epsilon - 1) + 2
        >>> flow.at({"z": 0, "epsilon": 1})
        (0, 0, 0)
    """

    kind = "central-flow"
    units = "step size 1: weights carry its root, z and T one factor of it; t counts steps"
    name: str
    filter: Filter
    variables: tuple[sp.Symbol, ...]
    below: tuple[sp.Expr, ...]
    surface: sp.Expr
    curve: sp.Expr | None
    variance: sp.Expr
    along: tuple[sp.Expr, ...]
    checks: tuple[tuple[str, str, sp.Expr, sp.Expr], ...] = field(default=(), repr=False)
    own: frozenset[sp.Symbol] = frozenset()

    def equations(self) -> tuple[Equation, ...]:
        """The field below the edge, the edge, sigma^2 on it, and the field along it; long factors have names."""
        return name_factors(self._rows())

    def sides(self) -> list[tuple[str, sp.Expr]]:
        """The same without names for factors."""
        return [(primed(e.lhs), e.rhs) for e in self._rows()]

    def _rows(self) -> tuple[Equation, ...]:
        names = [sp.Derivative(v, TIME) for v in self.variables]
        own = self.own
        tags = [v.name for v in self.variables]
        rows = [Equation(d, e, tag=f"below-{tag}", own=own) for d, e, tag in zip(names, self.below, tags, strict=True)]
        edge = (
            Equation(sp.S.Zero, self.surface, tag="edge", own=own)
            if self.curve is None
            else Equation(self.variables[-1], self.curve, tag="edge", own=own)
        )
        rows += [edge, Equation(SIGMA2, self.variance, tag="variance", own=own)]
        rows += [Equation(d, e, tag=f"on-{tag}", own=own) for d, e, tag in zip(names, self.along, tags, strict=True)]
        return tuple(rows)

    def leading(self) -> None:
        """Right-hand sides are rational: they are left as they are."""

    def text(self) -> str:
        """The object for reading in a terminal: below the edge, the edge, on the edge."""
        rows = {e.tag: e for e in self._rows()}
        lines = [f"# {self.kind} of {self.name} under {self.filter.optimiser.name}; units: {self.units}"]
        lines.append(f"# below the edge {self.filter.edge.curvature}: gradient flow")
        lines += [f"d{v}/dt = {sp.factor(rows[f'below-{v.name}'].rhs)}" for v in self.variables]
        left = "0" if self.curve is None else str(self.variables[-1])
        lines += ["# the edge", f"{left} = {sp.sstr(rows['edge'].rhs, order='rev-lex')}"]
        lines += ["# on the edge, while sigma^2 > 0", f"sigma^2 = {rows['variance'].rhs}"]
        lines += [f"d{v}/dt = {rows[f'on-{v.name}'].rhs}" for v in self.variables]
        return "\n".join([*lines, *(f"# {note}" for note in self.notes())])

    def notes(self) -> list[str]:
        """What is assumed."""
        return [ASSUMED]

    def json(self) -> dict[str, Any]:
        """The flow as exact strings."""
        named = [v.name for v in self.variables]
        return {
            "model": self.name,
            "optimiser": self.filter.optimiser.name,
            "edge": str(self.filter.edge.curvature),
            "speed": str(self.filter.speed),
            "variables": named,
            "below": dict(zip(named, map(str, self.below), strict=True)),
            "surface": str(self.surface),
            "curve": None if self.curve is None else str(self.curve),
            "variance": str(self.variance),
            "on_edge": dict(zip(named, map(str, self.along), strict=True)),
            "assumed": ASSUMED,
        }

    def explain(self) -> DerivationLog:
        """From the averaged gradient to the flow on the edge.

        Raises:
            ProofError: a step does not hold.
        """
        log = DerivationLog(f"The central flow of {self.name}", described=frozenset())
        rows = {e.tag: e for e in self.equations()}
        log.state("What is assumed", f"{ASSUMED[0].upper()}{ASSUMED[1:]}.")
        log.state(
            "Speed and edge",
            f"Under {self.filter.optimiser.name} a slow motion is a gradient flow with speed b(1)/a'(1) = "
            f"{self.filter.speed} of the transfer function -b/a; a vibration of period two keeps its size at the edge.",
            Equation(symbol("T"), self.filter.edge.curvature),
        )
        log.state("Below the edge", "Gradient flow.", *(rows[f"below-{v.name}"] for v in self.variables))
        for title, because, left, right in self.checks:
            log.identity(title, because, left, right)
        log.state(
            "On the edge",
            "With this sigma^2 the sharpness stays where it is.",
            *(e for e in self.equations() if not e.tag.startswith("below-")),
        )
        return log

    def at(self, values: Mapping[sp.Symbol | str, object]) -> tuple[sp.Expr, ...]:
        """sigma^2 and the velocity at one point of the edge.

        Args:
            values: an exact number for each variable and constant, by symbol or name; where the edge is a curve the
                last variable may be left out.

        Returns:
            sigma^2, and the time derivative of each variable; sigma^2 has to be positive for the flow to stay there.

        Raises:
            DomainError: a value is missing or no exact number, the point is not on the edge, or a formula has a pole.
        """
        where = "CentralFlow.at()"
        given = {k.name if isinstance(k, sp.Symbol) else k: exact_expression(v, where) for k, v in values.items()}
        if any(not v.is_number for v in given.values()):
            raise DomainError.of(where, "exact numbers", values, "Use fractions.Fraction or sympy.Rational.")
        known = self.surface.free_symbols | {*self.variables} | self.variance.free_symbols
        exact = {s: given[s.name] for s in known if s.name in given}
        if self.curve is not None:
            exact.setdefault(self.variables[-1], self.curve.subs(exact))
        found = tuple(e.subs(exact) for e in (self.variance, *self.along))
        if any(e.free_symbols or not e.is_finite for e in found):
            raise DomainError.of(where, "a number for each symbol, off the poles", values, "Add those missing.")
        if sp.simplify(self.surface.subs(exact)) != 0:
            raise DomainError.of(where, "a point of the edge", values, "Below it the flow is the gradient flow.")
        return found


def require_zero(value: Any, what: str) -> None:
    """Refuse a derivation whose own check fails.

    Raises:
        ProofError: the value is not 0.
    """
    if value != 0:
        raise ProofError.of(WHERE, f"{what} = 0", str(value), "Report it.")
