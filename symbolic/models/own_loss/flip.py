"""A loss of one parameter at a minimum: the flip at the edge of stability, and what lies beyond it.

With one parameter a minimum is a point and no line: its sharpness is a number that training cannot move. What is left
of the edge of stability is the flip (period-doubling) bifurcation of ``x' = x - step * L'(x)`` at ``step = 2/L''``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.parsing import model_symbol
from ...explain.log import DerivationLog
from ...latex.document import Section
from ...latex.equations import Equation
from ...latex.names import later
from ...latex.printer import Order
from .gradient import GradientStep, exact_values
from .hypotheses import Hypothesis, Sectioned
from .numbers import is_positive, is_zero, normal_form, sign

HIGHEST = 9
"""Powers of the displacement to which two steps at the edge are expanded, to find the first that does not cancel."""

ISOLATED = (
    "The loss has one free parameter: its minimum is a point, not a line, and its sharpness is a constant. Descent "
    "cannot move it, so there is no progressive sharpening, no self-stabilisation and no limit at the edge; only the "
    "step size decides on which side of the edge training is."
)


@dataclass(frozen=True)
class FlipPoint(Sectioned):
    """A minimum of a loss of one parameter, and the flip of gradient descent there.

    Attributes:
        model: the model.
        point: exact value of each parameter.
        slopes: derivatives of the loss within the free parameter at the point, from the first to the tenth.
        edge_step: ``2/L''``, at which the multiplier ``1 - step L''`` is -1.
        coefficient: ``c`` of the normal form ``u' = -(1 + mu) u + c u^3``, ``mu = step L'' - 2``.
        first_term: power and coefficient of the first term of two steps at the edge, ``u'' - u = a u^k``; None where
            none is found.
        hypotheses: minimum, sharpness (with ties), flip, and whether the two-cycle beyond the edge is stable.

    Source:
        Kuznetsov 2004, section 4.5, for the normal form; Chen and Bruna 2022, for its sign on a loss.

    Example:
        >>> found = es.GradientDescent("x^2/2 + x^4/24", "x").flip({"x": 0})
        >>> found.edge_step, found.coefficient, found.hypotheses[-1].verdict
        (2, -1/3, 'FALSE')
    """

    kind = "flip-point"
    model: GradientStep
    point: Mapping[sp.Symbol, sp.Expr]
    slopes: tuple[sp.Expr, ...]
    edge_step: sp.Expr
    coefficient: sp.Expr
    first_term: tuple[int, sp.Expr] | None
    hypotheses: tuple[Hypothesis, ...]

    @property
    def sharpness(self) -> sp.Expr:
        """The second derivative of the loss at the point, in the free parameter."""
        return self.slopes[1]

    @property
    def multiplier(self) -> sp.Expr:
        """``1 - step * L''``."""
        return sp.expand(1 - self.model.step * self.sharpness)

    def equations(self) -> tuple[Equation, ...]:
        """Sharpness, multiplier, edge step and coefficient."""
        rows = {
            "S": self.sharpness,
            "multiplier": self.multiplier,
            "eta_edge": self.edge_step,
            "c": self.coefficient,
        }
        return tuple(Equation(model_symbol(n), value, tag=n) for n, value in rows.items())

    def normal_form(self) -> tuple[Equation, ...]:
        """One step in the normal form, and two steps at the edge itself."""
        u, mu = model_symbol("u"), model_symbol("mu")
        order, own = Order((u,)), frozenset((u, mu))
        first = Equation(
            later(u, 1), -(1 + mu) * u + self.coefficient * u**3, (u**4,), order=order, tag="normal", own=own
        )
        if self.first_term is None:
            return (first,)
        power, value = self.first_term
        twice = Equation(later(u, 2) - later(u, 0), value * u**power, (u ** (power + 1),), order, "two-steps", own=own)
        return first, twice

    def verdicts(self) -> tuple[Hypothesis, ...]:
        """The hypotheses of the flip, in order."""
        return self.hypotheses

    def kind_of_flip(self) -> str:
        """Super- or subcritical, in words."""
        if self.first_term is None:
            return f"Degenerate, as far as it is known: {self.hypotheses[-1].detail}."
        power, value = self.first_term
        way = sign(-value)
        if way is None:
            return (
                f"Whether the flip is super- or subcritical hangs on the sign of {-value}: positive is supercritical."
            )
        size = f"grows like the root {power - 1} of |mu|" if power > 3 else "is sqrt(mu/c)"
        if way > 0:
            return (
                "Supercritical: just beyond the edge (mu > 0) a stable two-cycle lies about the minimum; its distance "
                f"{size}. Training goes on, bouncing, without diverging."
            )
        return (
            "Subcritical: just below the edge (mu < 0) an unstable two-cycle lies about the minimum; its distance "
            f"{size}. Starts outside it leave, and beyond the edge all do; where they go is not decided by the "
            "derivatives at the minimum."
        )

    def sections(self) -> list[Section]:
        """The model, the flip, and why nothing else moves."""
        if self.hypotheses[0].holds is False:
            return self.model.sections()
        return [
            *self.model.sections(),
            Section(
                "Flip at the edge",
                "S = L'' at the minimum; the multiplier passes -1 at eta_edge. c = (L''')^2/S^2 - L''''/(3 S).",
                self.equations(),
            ),
            Section("Beyond the edge", "In a coordinate u = x - x_0 + .. with mu = step S - 2:", self.normal_form()),
            Section("Kind of flip", self.kind_of_flip()),
            Section("What cannot move", ISOLATED),
        ]

    def json(self) -> dict[str, Any]:
        """The flip as data with exact strings."""
        leading = (
            None if self.first_term is None else {"power": self.first_term[0], "coefficient": str(self.first_term[1])}
        )
        return {
            "loss": str(self.model.loss),
            "parameters": [p.name for p in self.model.parameters],
            "point": {p.name: str(value) for p, value in self.point.items()},
            "sharpness": str(self.sharpness),
            "multiplier": str(self.multiplier),
            "edge_step": str(self.edge_step),
            "coefficient": str(self.coefficient),
            "two_steps_at_edge": leading,
            "hypotheses": [h.json() for h in self.hypotheses],
            **({"holds_where": self.model.json()["holds_where"]} if self.model.region else {}),
            **self.state(),
        }

    def explain(self) -> DerivationLog:
        """From the loss to the coefficient; the composed map is compared with the formula.

        Raises:
            ProofError: the coefficient of two steps is not ``-2 c``.
        """
        log = self.model.explain()
        log.title = "The flip at the edge of stability"
        if self.hypotheses[0].holds is False:
            log.state("No minimum", f"Found: {self.hypotheses[0].detail}.")
            return log
        log.state(
            "Sharpness and edge",
            "The multiplier of the minimum is 1 - step L''; it is -1 at 2/L''.",
            *self.equations()[:3],
        )
        log.numbers(
            "Normal form",
            "Two steps at the edge move u by -2 c u^3: the coefficient of the composed map against c by its formula.",
            [_two_steps_at_edge(self.slopes, 3)[3] + 2 * self.coefficient],
            is_zero,
            *self.normal_form(),
            what="the coefficient of two steps is -2 c",
        )
        log.state("Kind of flip", self.kind_of_flip())
        return log


def derive_flip(model: GradientStep, point: Mapping[str | sp.Symbol, object], degree: int | None = None) -> FlipPoint:
    """See :meth:`GradientDescent.flip`."""
    where = "GradientDescent.flip()"
    if degree is not None and degree < 4:
        raise DomainError.of(
            where, "a loss known to degree 4 or more", degree, "The coefficient has the fourth derivative in it."
        )
    if len(model.free) != 1:
        raise DomainError.of(where, "one free parameter", model.free, "Use at() or study() for several.")
    values = exact_values(model, point, where)
    (x,) = model.free
    moved = dict(zip(model.parameters, model.full_step(), strict=True))[x].subs(model.ties)
    # the loss within the free parameter: what one step descends, over the step
    slope = sp.expand((x - moved) / model.step)
    slopes = tuple(_value(sp.diff(slope, x, k) if k else slope, values) for k in range(HIGHEST + 1))
    still, curved = is_zero(slopes[0]), is_positive(slopes[1])
    minimum = False if False in (still, curved) else None if None in (still, curved) else True
    found = [
        Hypothesis(
            "minimum",
            "the loss has a minimum here: its slope is 0 and its second derivative S is positive",
            minimum,
            f"slope {slopes[0]}, S = {slopes[1]}",
        )
    ]
    if minimum is False:
        return FlipPoint(model, values, slopes, sp.nan, sp.nan, None, tuple(found))
    if model.ties:
        found.append(_sharpness(model, values, slopes[1]))
    coefficient = _tidy(slopes[2] ** 2 / slopes[1] ** 2 - slopes[3] / (3 * slopes[1]))
    known = HIGHEST if degree is None else min(HIGHEST, degree - 1)
    terms = _two_steps_at_edge(slopes, known)
    verdicts = {k: is_zero(terms[k]) for k in range(2, known + 1)}
    first = next((k for k, zero in verdicts.items() if zero is not True), None)
    leading = None if first is None else (first, terms[first])
    found.append(
        Hypothesis(
            "flip",
            "two steps at the edge do not return to the start: the flip is no degenerate one",
            None if first is None or verdicts[first] is None else True,
            f"all terms cancel to power {known}" if leading is None else f"u'' - u = {leading[1]} u^{leading[0]} + ..",
        )
    )
    if degree is None and sp.degree(slope, x) == 1:
        found[-1] = replace(found[-1], holds=False, detail="the step is linear: at the edge every point is a two-cycle")
    if leading is not None:
        shown = f"c = {coefficient}" + (
            "" if leading[0] == 3 else f", and the first term left is {leading[1]} u^{leading[0]}"
        )
        found.append(
            Hypothesis(
                "supercritical",
                "c > 0: beyond the edge a stable two-cycle catches what leaves the minimum",
                is_positive(-leading[1]),
                shown,
            )
        )
    return FlipPoint(model, values, slopes, _tidy(2 / slopes[1]), coefficient, leading, tuple(found))


def _tidy(expr: sp.Expr) -> sp.Expr:
    """A number in its one form, a formula in constants as one fraction."""
    return normal_form(expr) if expr.is_number else sp.factor(sp.together(expr))


def _value(expr: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    return _tidy(sp.expand(expr.subs(values)))


def _sharpness(model: GradientStep, values: Mapping[sp.Symbol, sp.Expr], within: sp.Expr) -> Hypothesis:
    """With tied parameters the Hessian has further eigenvalues, which may be larger."""
    hessian = model.hessian().subs(values)
    size = hessian.shape[0]
    # S times the identity minus the Hessian has no negative eigenvalue: the signs of its characteristic polynomial
    row = (within * sp.eye(size) - hessian).charpoly(sp.Symbol("s")).all_coeffs()
    signs = [is_positive((-1) ** k * c) or is_zero(c) for k, c in enumerate(row)]
    holds = False if False in signs else None if None in signs else True
    statement = "S is the sharpness: no eigenvalue of the Hessian in all parameters is above it"
    return Hypothesis("sharpness", statement, holds, f"S = {within}, Hessian {hessian.tolist()}")


def _two_steps_at_edge(slopes: tuple[sp.Expr, ...], highest: int) -> list[sp.Expr]:
    """Coefficients of ``u'' - u`` by powers of u, for ``u' = u - (2/S) L'(x_0 + u)``."""
    step = 2 / slopes[1]
    once = [sp.S.Zero, *(-step * slopes[k] / sp.factorial(k) for k in range(1, highest + 1))]
    once[1] += 1

    def times(a: list[sp.Expr], b: list[sp.Expr]) -> list[sp.Expr]:
        return [_tidy(sum((a[i] * b[k - i] for i in range(k + 1)), sp.S.Zero)) for k in range(highest + 1)]

    once = [_tidy(c) for c in once]
    total, power = [sp.S.Zero] * (highest + 1), [sp.S.One, *([sp.S.Zero] * highest)]
    for c in once:
        total = [t + c * p for t, p in zip(total, power, strict=True)]
        power = times(power, once)
    total[1] -= 1
    return [_tidy(t) for t in total]
