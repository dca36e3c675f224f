"""The central flow as a derived object: gradient flow below the edge, and on it the flow that keeps the sharpness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError, ProofError
from ...algebra.symbols import symbol
from ...explain.derived import Derived
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

    Source:
        Cohen, Damian, Talwalkar, Kolter, Lee 2024, the central flow of gradient descent.

    Example:
        >>> es.models.derive_central_flow(es.QuadraticModel((1, -es.symbol("epsilon")))).curve
        -3*epsilon*z**2/2 + epsilon*z - z + 2
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

    def equations(self) -> tuple[Equation, ...]:
        """The field below the edge, the edge, sigma^2 on it, and the field along it."""
        names = [sp.Derivative(v, TIME) for v in self.variables]
        own = frozenset(self.surface.free_symbols | set(self.variables))
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
        rows = {e.tag: e for e in self.equations()}
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

    def at(self, values: Mapping[sp.Symbol, object]) -> tuple[sp.Expr, ...]:
        """sigma^2 and the velocity on the edge at exact values of variables and constants.

        Args:
            values: symbol to exact number.

        Returns:
            sigma^2 first; it has to be positive for the flow to follow the edge there.

        Raises:
            DomainError: a value is missing, or a formula has a pole there.
        """
        exact = {s: sp.sympify(v) for s, v in values.items()}
        found = tuple(e.subs(exact) for e in (self.variance, *self.along))
        if any(e.free_symbols or not e.is_finite for e in found):
            raise DomainError.of("CentralFlow.at()", "a number for each symbol, off the poles", values, "Add them.")
        return found


def require_zero(value: Any, what: str) -> None:
    """Refuse a derivation whose own check fails.

    Raises:
        ProofError: the value is not 0.
    """
    if value != 0:
        raise ProofError.of(WHERE, f"{what} = 0", str(value), "Report it.")
