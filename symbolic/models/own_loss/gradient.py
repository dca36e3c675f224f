"""Gradient descent on any polynomial loss, as an exact map of its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.parsing import FUNCTIONS, model_symbol, parse_expression
from ...algebra.symbols import symbol
from ...explain.log import DerivationLog
from ...latex.document import Section
from ...latex.equations import Equation
from ...latex.names import later
from ...latex.printer import Order
from ...optimisers.optimiser import Optimiser
from ...optimisers.piecewise import PiecewiseOptimiser
from ...planar.maps import PolynomialMap
from ..memory import filtered_step, memory_symbols
from .constants import Constants, find_constants
from .hypotheses import Sectioned
from .numbers import normal_form, sign

COMPOSED_TERMS = 20_000
"""A two-step map whose bound is higher is not even composed for a report."""

MOST_TERMS = 150
"""A two-step map with more terms is left out of reports (it is still there in Python)."""

LOSS_FUNCTIONS = {**FUNCTIONS, "relu": lambda u: sp.Max(0, u)}
"""What a loss may be written in: relu too, of which one piece is taken before anything is derived."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def as_expression(value: sp.Expr | str | int, where: str) -> sp.Expr:
    """A formula given as text (parsed safely) or as an exact SymPy expression.

    Args:
        value: the formula.
        where: who asks, for the message.

    Returns:
        The expression.

    Raises:
        DomainError: the text is no formula, or a float occurs in the expression.
    """
    expr = parse_expression(value, functions=LOSS_FUNCTIONS) if isinstance(value, str) else sp.sympify(value)
    if not isinstance(expr, sp.Expr) or expr.has(sp.Float, sp.nan, sp.zoo, sp.oo):
        raise DomainError.of(where, "an exact expression", value, "Write decimals as text or use sympy.Rational.")
    return expr


def as_symbols(names: str | Sequence[str | sp.Symbol], where: str) -> tuple[sp.Symbol, ...]:
    """Names such as ``"x,y"`` as symbols.

    Args:
        names: comma-separated text, or a sequence of names or symbols.
        where: who asks, for the message.

    Returns:
        The symbols, in order.

    Raises:
        DomainError: there is none, one is repeated, or one is no name.
    """
    given = names.split(",") if isinstance(names, str) else list(names)
    result: list[sp.Symbol] = []
    for item in given:
        text = item.name if isinstance(item, sp.Symbol) else item.strip()
        if not _NAME.fullmatch(text):
            raise DomainError.of(where, "names such as x,y", text, "Start with a letter; letters, digits, _ follow.")
        result.append(item if isinstance(item, sp.Symbol) else model_symbol(text))
    if not result or len(set(result)) != len(result):
        raise DomainError.of(where, "at least one name, each once", names, "Separate the names by commas.")
    return tuple(result)


@dataclass(frozen=True)
class GradientStep(Sectioned):
    """``theta' = theta - step * grad loss(theta)``, exactly: what all that follows from a loss rests on.

    Its attributes, and what it refuses, are those of :class:`.descent.GradientDescent`.
    """

    kind = "gradient-step"
    loss: sp.Expr
    parameters: tuple[sp.Symbol, ...]
    step: sp.Expr
    ties: Mapping[sp.Symbol, sp.Symbol] = field(default_factory=dict)
    region: tuple[sp.Expr, ...] = ()
    optimiser: Optimiser | None = None

    def __init__(
        self,
        loss: sp.Expr | str,
        parameters: str | Sequence[str | sp.Symbol],
        step: sp.Expr | str | int | None = None,
        ties: Mapping[str | sp.Symbol, str | sp.Symbol] | None = None,
        region: Sequence[sp.Expr] = (),
        optimiser: Optimiser | PiecewiseOptimiser | None = None,
    ) -> None:
        where = "GradientDescent()"
        chosen = as_symbols(parameters, where)
        tied = {as_symbols([a], where)[0]: as_symbols([b], where)[0] for a, b in (ties or {}).items()}
        object.__setattr__(self, "loss", as_expression(loss, where))
        object.__setattr__(self, "parameters", chosen)
        object.__setattr__(self, "step", symbol("eta") if step is None else as_expression(step, where))
        object.__setattr__(self, "ties", tied)
        object.__setattr__(self, "region", tuple(region))
        if isinstance(optimiser, PiecewiseOptimiser):
            raise optimiser.refuse("GradientDescent()")
        object.__setattr__(self, "optimiser", optimiser)
        self._check()

    def _check(self) -> None:
        missing = [p for p in self.parameters if p not in self.loss.free_symbols]
        if missing:
            raise DomainError.of(
                "GradientDescent()", f"a loss of {self.parameters}", f"no {missing[0]} in it", "Check the names."
            )
        if self.step.free_symbols & set(self.parameters) or self.step.is_positive is False:
            raise DomainError.of(
                "GradientDescent()", "a positive step free of the parameters", self.step, "Use a symbol such as eta."
            )
        if self.loss.has(sp.Max):
            raise DomainError.of(
                "GradientDescent()",
                "a loss without kinks",
                "relu, which is linear on either side of its kink",
                "Take its piece at a point: --at with a value for each parameter, or models.smooth_piece(..).",
            )
        if not self.loss.is_polynomial(*self.parameters):
            raise DomainError.of(
                "GradientDescent()",
                f"a loss polynomial in {', '.join(map(str, self.parameters))}",
                self.loss,
                "Expand it at a point first: taylor_expansion(loss, parameters, point, degree).",
            )
        for kept, leader in self.ties.items():
            if kept not in self.parameters or leader not in self.parameters or leader in self.ties:
                raise DomainError.of("GradientDescent()", "ties among the parameters", f"{kept}={leader}", "E.g. z=x.")
        beside = [s for row in self.memory[1:] for s in row]
        clash = [s for s in beside if s in {*self.parameters, *self.constants}]
        if clash:
            raise DomainError.of(
                "GradientDescent()", "names other than the memory's", clash[0], "Rename that parameter or constant."
            )
        for kept, leader in self.ties.items():
            moved = self._moved()
            numbers: dict[sp.Expr, sp.Expr] = {}
            for term in sp.Add.make_args(sp.expand((moved[kept] - moved[leader]).subs(self.all_ties))):
                number, rest = term.as_independent(*term.free_symbols, as_Add=False)
                numbers[rest] = numbers.get(rest, sp.S.Zero) + number
            if any(normal_form(number) != 0 for number in numbers.values()):
                raise DomainError.of(
                    "GradientDescent()",
                    f"a loss whose gradient step keeps {kept} = {leader}",
                    f"{kept}' - {leader}' = {sp.factor((moved[kept] - moved[leader]).subs(self.all_ties))}",
                    "Drop the tie: that subspace is not invariant.",
                )

    @property
    def free(self) -> tuple[sp.Symbol, ...]:
        """The parameters that are not tied to others."""
        return tuple(p for p in self.parameters if p not in self.ties)

    @property
    def constants(self) -> tuple[sp.Symbol, ...]:
        """All other symbols of loss and step, the step's first, then by name."""
        step = sorted(self.step.free_symbols, key=lambda s: s.name)
        own = self.optimiser.parameters if self.optimiser is not None else ()
        rest = (self.loss.free_symbols | set(own)) - set(self.parameters) - set(step)
        return (*step, *sorted(rest, key=lambda s: s.name))

    @property
    def memory(self) -> tuple[tuple[sp.Symbol, ...], ...]:
        """What the optimiser keeps of each parameter, row by row: the parameters themselves first."""
        return memory_symbols(self.parameters, self.optimiser.size if self.optimiser is not None else 1)

    @property
    def all_ties(self) -> dict[sp.Symbol, sp.Symbol]:
        """Ties of the parameters and of what is kept of them."""
        place = {p: i for i, p in enumerate(self.parameters)}
        return {row[place[kept]]: row[place[leader]] for row in self.memory for kept, leader in self.ties.items()}

    @property
    def kept(self) -> tuple[sp.Symbol, ...]:
        """The free parameters, and what is kept of them: the variables of :meth:`step_map`."""
        free = [i for i, p in enumerate(self.parameters) if p not in self.ties]
        return tuple(row[i] for row in self.memory for i in free)

    def gradient(self) -> tuple[sp.Expr, ...]:
        """The gradient of the loss in all parameters."""
        return tuple(sp.diff(self.loss, p) for p in self.parameters)

    def hessian(self) -> sp.Matrix:
        """The Hessian of the loss in all parameters."""
        return sp.hessian(self.loss, self.parameters)

    def full_step(self) -> tuple[sp.Expr, ...]:
        """The next value of every parameter, and then of what is kept of each, ties not used."""
        if self.optimiser is not None:
            rows = filtered_step(self.memory, self.loss, self.optimiser, self.step)
            return tuple(e for row in rows for e in row)
        return tuple(p - self.step * g for p, g in zip(self.parameters, self.gradient(), strict=True))

    @cached_property
    def replaced(self) -> Constants:
        """How constants with negative or half powers are carried along."""
        return find_constants((self.loss, self.step), self.constants)

    def step_map(self, replaced: Constants | None = None) -> PolynomialMap:
        """One step as an exact polynomial map of the free parameters, and of what the optimiser keeps of them.

        Args:
            replaced: constants with roots, when coordinates bring more of them; the model's own by default.

        Returns:
            The map; its parameters are the constants.
        """
        rule = replaced or self.replaced
        moved = self._moved()
        components = tuple(rule.replace(moved[p].subs(self.all_ties)) for p in self.kept)
        return PolynomialMap(self.kept, components, rule.symbols(self.constants), "gradient step")

    def _moved(self) -> dict[sp.Symbol, sp.Expr]:
        """Every number kept, to its next value."""
        return dict(zip((s for row in self.memory for s in row), self.full_step(), strict=True))

    @property
    def transcendental(self) -> bool:
        """Whether numbers such as exp(1) or tanh(1) are coefficients, so that no map over the rationals exists."""
        return any(a.is_number for a in self.loss.atoms(sp.Function, sp.NumberSymbol))

    def two_step_map(self) -> PolynomialMap:
        """Two gradient steps as one exact map."""
        return self.step_map().iterate(2)

    def equations(self) -> tuple[Equation, ...]:
        """The gradient step, one equation for each free parameter."""
        order, own = Order(self.kept), frozenset((*self.kept, *self.parameters, *self.constants)) - {symbol("eta")}
        if self.transcendental:
            moved = self._moved()
            return tuple(
                Equation(later(p, 1), moved[p].subs(self.all_ties), order=order, tag=p.name, own=own) for p in self.kept
            )
        components = self.step_map().components
        return tuple(
            Equation(later(p, 1), self.replaced.restore(c), order=order, tag=p.name, own=own)
            for p, c in zip(self.kept, components, strict=True)
        )

    def given(self) -> list[Section]:
        """Loss and gradient step: what is there before anything is derived."""
        own = frozenset(self.parameters)
        ties = tuple(Equation(kept, leader, own=own) for kept, leader in self.ties.items())
        loss = Equation(symbol("L"), self.loss, order=Order(self.parameters), own=own)
        return [Section("Loss", self.where(), (loss, *ties)), Section("Gradient step", "", self.equations())]

    def where(self) -> str:
        """Where the loss is this polynomial, in words; empty where it is everywhere."""
        if not self.region:
            return ""
        inside = " and ".join(f"{e} > 0" for e in self.region)
        return f"The piece of relu at the point: everything below holds where {inside}, and nowhere beyond the kink."

    def sections(self) -> list[Section]:
        """Loss, gradient step, and two steps where they are short."""
        sections = self.given()
        if self.transcendental:
            return [*sections, Section("Two steps", "Coefficients are not rational: not composed.")]
        bound = self.step_map().two_step_bound()
        if bound > COMPOSED_TERMS:
            return [*sections, Section("Two steps", f"A map with up to {bound} terms, not composed.")]
        two = self.two_step_map()
        terms = sum(len(p.to_dict()) for p in two.polynomials)
        if terms <= MOST_TERMS:
            restored = tuple(
                Equation(_two_on(e), self.replaced.restore(c), order=e.order, tag=e.tag, own=e.own)
                for e, c in zip(two.equations(), two.components, strict=True)
            )
            sections.append(Section("Two steps", "", restored))
        else:
            sections.append(Section("Two steps", f"A map with {terms} terms, not printed."))
        return sections

    def json(self) -> dict[str, Any]:
        """The gradient step as text."""
        holds = {"holds_where": [f"{e} > 0" for e in self.region]} if self.region else {}
        return {"map": {e.tag: str(e.rhs) for e in self.equations()}, **holds}

    def explain(self) -> DerivationLog:
        """Loss and gradient step, as given: nothing to check yet."""
        log = DerivationLog("From the loss to the edge of stability", described=frozenset())
        own = frozenset(self.parameters)
        given = [Equation(symbol("L"), self.loss, order=Order(self.parameters), own=own)]
        given += [Equation(kept, leader, own=own) for kept, leader in self.ties.items()]
        tied = ", with the tied parameters, which the step keeps equal." if self.ties else "."
        log.state("Loss", f"As given{tied} {self.where()}".rstrip(), *given)
        because = "Each parameter moves against its derivative, times the step size."
        if self.optimiser is not None:
            because = f"By {self.optimiser.name}, with the gradient times the step size."
        log.state("Gradient step", because, *self.equations())
        return log


@dataclass(frozen=True)
class CutShort(Sectioned):
    """A model of which no more was derived than its gradient step.

    Attributes:
        model: the model.
        interruption: the step that was cut short.
    """

    kind = "cut-short"
    model: GradientStep
    interruption: str = ""

    def equations(self) -> tuple[Equation, ...]:
        """The gradient step."""
        return self.model.equations()

    def sections(self) -> list[Section]:
        """Loss and gradient step."""
        return self.model.given()

    def json(self) -> dict[str, Any]:
        """The gradient step as text, and what was cut short."""
        return {"loss": str(self.model.loss), **self.model.json(), **self.state()}

    def explain(self) -> DerivationLog:
        """Loss and gradient step, as given."""
        return self.model.explain()


def exact_values(model: GradientStep, point: Mapping[str | sp.Symbol, object], where: str) -> dict[sp.Symbol, sp.Expr]:
    """The exact value of every parameter, those of tied ones too.

    Args:
        model: the model.
        point: each free parameter and its value: a number, or a formula such as ``"sqrt(2)"``.
        where: who asks, for the message.

    Returns:
        Parameter to value.

    Raises:
        DomainError: a parameter has no value, or a value is no exact number.
    """
    named = {(k.name if isinstance(k, sp.Symbol) else k): value for k, value in point.items()}
    if set(named) != {p.name for p in model.free}:
        raise DomainError.of(where, f"a value for each of {', '.join(p.name for p in model.free)}", named, "E.g. x=1.")
    values = {}
    for p in model.free:
        given = named[p.name]
        exact = as_expression(given if isinstance(given, sp.Expr | str | int) else str(given), where)
        if not exact.is_number or not exact.is_real:
            raise DomainError.of(where, f"an exact real number for {p}", str(given), "E.g. 1/2 or sqrt(2).")
        values[p] = normal_form(exact)
    return values | {kept: values[leader] for kept, leader in model.ties.items()}


def _two_on(equation: Equation) -> sp.Symbol:
    """``x(t+2)`` for the left-hand side ``x(t+1)``."""
    return sp.Symbol(str(equation.lhs).replace("@1", "@2"), **equation.lhs.assumptions0)


def smooth_piece(
    loss: sp.Expr | str, parameters: str | Sequence[str | sp.Symbol], point: Mapping[str, object]
) -> tuple[sp.Expr, tuple[sp.Expr, ...]]:
    """The loss with each relu replaced by its piece at a point: its argument where that is positive, 0 where negative.

    Args:
        loss: a formula, with or without ``relu``.
        parameters: the parameters, as in :class:`GradientDescent`.
        point: an exact value for each parameter.

    Returns:
        The smooth formula, and expressions that are positive where it equals the loss (its ``region``).

    Raises:
        DomainError: the point lies on a kink, or its side is not decided.

    Source:
        Derived here.

    Example:
        >>> es.models.smooth_piece("relu(x)*y - relu(-x)", "x,y", {"x": 1, "y": 2})
        (x*y, (x,))
    """
    where = "smooth_piece()"
    expr, chosen = as_expression(loss, where), as_symbols(parameters, where)
    values = {p: as_expression(str(point.get(p.name, 0)), where) for p in chosen}
    region: list[sp.Expr] = []
    while kinks := sorted(expr.atoms(sp.Max), key=lambda e: (sp.count_ops(e), str(e))):
        kink = kinks[0]
        inside = sp.Add(*(a for a in kink.args if a != 0))
        side = sign(sp.expand(inside.subs(values)))
        if kink.args[0] != 0 or len(kink.args) != 2 or not side:
            raise DomainError.of(
                where,
                "a point beside every kink of relu",
                f"relu({inside}), whose side is {'not decided there' if side is None else 'neither: it is 0 there'}",
                "Choose a point off the kink; softplus is smooth everywhere.",
            )
        region.append(inside if side > 0 else sp.expand(-inside))
        expr = expr.xreplace({kink: inside if side > 0 else sp.S.Zero})
    return expr, tuple(dict.fromkeys(region))


def taylor_expansion(
    loss: sp.Expr | str, parameters: str | Sequence[str | sp.Symbol], point: Mapping[str, object], degree: int = 3
) -> sp.Expr:
    """The Taylor polynomial of a loss that is not polynomial, for use in :class:`GradientDescent`.

    Args:
        loss: any smooth formula of the parser's functions.
        parameters: the parameters, as in :class:`GradientDescent`.
        point: an exact value for each parameter.
        degree: total degree kept, 1..12.

    Returns:
        A polynomial in the parameters.

    Raises:
        DomainError: the degree is out of range or the loss has no finite exact derivatives at the point.

    Source:
        Derived here.

    Example:
        >>> es.models.taylor_expansion("cos(x)", "x", {"x": 0}, degree=2)
        1 - x**2/2
    """
    where = "taylor_expansion()"
    chosen = as_symbols(parameters, where)
    expr, _ = smooth_piece(loss, chosen, point)
    if isinstance(degree, bool) or not isinstance(degree, int) or not 1 <= degree <= 12:
        raise DomainError.of(where, "a degree in 1..12", degree, "3 is enough for the edge of stability.")
    centre = {p: as_expression(point.get(p.name, 0), where) for p in chosen}
    scale = sp.Dummy("scale")
    ray = expr.subs({p: centre[p] + scale * (p - centre[p]) for p in chosen}, simultaneous=True)
    total = sp.S.Zero
    for k in range(degree + 1):
        value = ray.subs(scale, 0)
        if value.has(sp.nan, sp.zoo, sp.oo):
            raise DomainError.of(where, "a loss smooth at the point", str(point), "Choose another point.")
        total += sp.expand(value) / sp.factorial(k)
        ray = sp.diff(ray, scale)
    return sp.expand(total)
