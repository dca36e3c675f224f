"""Gradient descent on any polynomial loss, as an exact map of its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.parsing import model_symbol, parse_expression
from ...algebra.symbols import symbol
from ...latex import Equation, Order, Typeset, later
from ...planar.maps import PolynomialMap
from .constants import Constants, find_constants

if TYPE_CHECKING:
    from .closure import Reduction
    from .stabilisation import EdgePoint
    from .study import EdgeStudy

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
    expr = parse_expression(value) if isinstance(value, str) else sp.sympify(value)
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
class GradientDescent(Typeset):
    """``theta' = theta - step * grad loss(theta)``, exactly.

    Attributes:
        loss: polynomial in the parameters; other symbols are constants.
        parameters: the trained parameters, in order.
        step: the step size, a symbol, a number or a formula in constants.
        ties: parameters that start equal to others and stay so, for example ``{z: x}``; proved to be kept.

    Raises:
        DomainError: the loss is not polynomial in the parameters, or a tie is not kept by the step.

    Example:
        >>> model = GradientDescent("(1 - x*y)^2/2", "x,y")
        >>> model.step_map().variables
        (x, y)
    """

    loss: sp.Expr
    parameters: tuple[sp.Symbol, ...]
    step: sp.Expr
    ties: Mapping[sp.Symbol, sp.Symbol] = field(default_factory=dict)

    def __init__(
        self,
        loss: sp.Expr | str,
        parameters: str | Sequence[str | sp.Symbol],
        step: sp.Expr | str | int | None = None,
        ties: Mapping[str | sp.Symbol, str | sp.Symbol] | None = None,
    ) -> None:
        where = "GradientDescent()"
        chosen = as_symbols(parameters, where)
        tied = {as_symbols([a], where)[0]: as_symbols([b], where)[0] for a, b in (ties or {}).items()}
        object.__setattr__(self, "loss", as_expression(loss, where))
        object.__setattr__(self, "parameters", chosen)
        object.__setattr__(self, "step", symbol("eta") if step is None else as_expression(step, where))
        object.__setattr__(self, "ties", tied)
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
        if not self.loss.is_polynomial(*self.parameters):
            raise DomainError.of(
                "GradientDescent()",
                f"a loss polynomial in {', '.join(map(str, self.parameters))}",
                self.loss,
                "Expand it at a point first: taylor(loss, parameters, point, degree).",
            )
        for kept, leader in self.ties.items():
            if kept not in self.parameters or leader not in self.parameters or leader in self.ties:
                raise DomainError.of("GradientDescent()", "ties among the parameters", f"{kept}={leader}", "E.g. z=x.")
        for kept, leader in self.ties.items():
            moved = dict(zip(self.parameters, self.full_step(), strict=True))
            if sp.expand((moved[kept] - moved[leader]).subs(self.ties)) != 0:
                raise DomainError.of(
                    "GradientDescent()",
                    f"a loss whose gradient step keeps {kept} = {leader}",
                    f"{kept}' - {leader}' = {sp.factor((moved[kept] - moved[leader]).subs(self.ties))}",
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
        rest = self.loss.free_symbols - set(self.parameters) - set(step)
        return (*step, *sorted(rest, key=lambda s: s.name))

    def gradient(self) -> tuple[sp.Expr, ...]:
        """The gradient of the loss in all parameters."""
        return tuple(sp.diff(self.loss, p) for p in self.parameters)

    def hessian(self) -> sp.Matrix:
        """The Hessian of the loss in all parameters."""
        return sp.hessian(self.loss, self.parameters)

    def full_step(self) -> tuple[sp.Expr, ...]:
        """The next value of every parameter, ties not used."""
        return tuple(p - self.step * g for p, g in zip(self.parameters, self.gradient(), strict=True))

    @cached_property
    def replaced(self) -> Constants:
        """How constants with negative or half powers are carried along."""
        return find_constants((self.loss, self.step), self.constants)

    def step_map(self, replaced: Constants | None = None) -> PolynomialMap:
        """One step as an exact polynomial map of the free parameters.

        Args:
            replaced: constants with roots, when coordinates bring more of them; the model's own by default.

        Returns:
            The map; its parameters are the constants.
        """
        rule = replaced or self.replaced
        moved = dict(zip(self.parameters, self.full_step(), strict=True))
        components = tuple(rule.replace(moved[p].subs(self.ties)) for p in self.free)
        return PolynomialMap(self.free, components, rule.symbols(self.constants), "gradient step")

    def two_step_map(self) -> PolynomialMap:
        """Two gradient steps as one exact map."""
        return self.step_map().iterate(2)

    def equations(self) -> tuple[Equation, ...]:
        """The gradient step, one equation for each free parameter."""
        order, own = Order(self.free), frozenset((*self.parameters, *self.constants)) - {symbol("eta")}
        components = self.step_map().components
        return tuple(
            Equation(later(p, 1), self.replaced.restore(c), order=order, tag=p.name, own=own)
            for p, c in zip(self.free, components, strict=True)
        )

    def reduce(self, coordinates: Mapping[str, sp.Expr | str]) -> Reduction:
        """The step in coordinates of the user's choice, if it closes in them.

        Args:
            coordinates: name to formula in the parameters, for example ``{"p": "x*y", "q": "x^2 + y^2"}``.

        Returns:
            The closed map, proved equal to the gradient step.

        Raises:
            DomainError: the step does not close; the message has a witness and a coordinate that might help.
        """
        from .closure import reduce

        return reduce(self, coordinates)

    def study(self, coordinates: Mapping[str, sp.Expr | str], at: Mapping[str, object], order: int = 3) -> EdgeStudy:
        """All that edgestab derives of a model near its edge of stability; see :class:`EdgeStudy`.

        Args:
            coordinates: two reduced coordinates, a residual and a curvature.
            at: the value of the residual coordinate at the minimum, for example ``{"p": 1}``.
            order: orders kept in the small parameter and in the residual.

        Returns:
            Hypotheses with verdicts, and every object that they allow.
        """
        from .study import study

        return study(self, coordinates, at, order)

    def at(self, point: Mapping[str | sp.Symbol, object]) -> EdgePoint:
        """The model at one point: Hessian, edge step, and Damian et al.'s self-stabilisation data.

        Args:
            point: a rational value for each free parameter.

        Returns:
            The exact local data, with the hypotheses that hold and fail there.
        """
        from .stabilisation import edge_point

        return edge_point(self, point)


def taylor(
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
    """
    where = "taylor()"
    expr, chosen = as_expression(loss, where), as_symbols(parameters, where)
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
