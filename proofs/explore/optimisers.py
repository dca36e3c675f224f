"""What the explorable page can run: optimisers as data, each with its maps, its knobs and what is known of its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy as sp

from ...symbolic.algebra.parsing import model_symbol
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import MAIN_MODEL, QuadraticModel, main_case
from ...symbolic.optimisers import optimiser as kinds
from ...symbolic.optimisers.edge import derive_edge
from ...symbolic.planar.maps import PolynomialMap
from ...symbolic.planar.nullcline import EDGE
from ...symbolic.planar.planar_map import PlanarMap
from ..catalogue.optimiser_limits import FAMILIES


@dataclass(frozen=True)
class Knob:
    """A number that the reader moves.

    Attributes:
        name: in the address and in the exported file; a symbol of the map where it is one of its parameters.
        label: beside the slider.
        hint: what moving it does.
        low: least value, in decimal.
        high: largest value, in decimal.
        default: where it stands at first, in decimal.
        scale: ``log`` or ``linear``.
        whole: whether it counts something.
    """

    name: str
    label: str
    hint: str
    low: str
    high: str
    default: str
    scale: str = "linear"
    whole: bool = False


@dataclass(frozen=True)
class Case:
    """One exact map that the optimiser follows for some of its parameters' values.

    Attributes:
        zero: a parameter that is 0 here and missing from the map; empty for the general map.
        model: the model, for the weights and the Hessian.
        one_step: its map: of ``(z, T)``, or of the weights and the optimiser's memory of them.
        edge: the curvature times the step size at which the step loses stability, in the parameters.
        predicted: whether limit law, slow manifold and proved regions speak of this map.
        rest: the memory's variables, 0 at the start; empty for a map of ``(z, T)``.
        limits: coefficients of the limit series in epsilon, for target 0, in the parameters; empty where there is none,
            or the limit law holds it.
    """

    zero: str
    model: QuadraticModel
    one_step: PolynomialMap
    edge: sp.Expr
    predicted: bool = False
    rest: tuple[sp.Symbol, ...] = ()
    limits: tuple[sp.Expr, ...] = ()

    @property
    def plane(self) -> PlanarMap | None:
        """The map, where it is one of ``(z, T)``."""
        return self.one_step if isinstance(self.one_step, PlanarMap) else None


@dataclass(frozen=True)
class Optimiser:
    """One entry of the list of optimisers.

    Attributes:
        name: in the address.
        title: in the list.
        knobs: parameters beyond the start, which every optimiser has.
        cases: its maps; the first that fits is run.
    """

    name: str
    title: str
    knobs: tuple[Knob, ...]
    cases: Callable[[], tuple[Case, ...]]


EPSILON = Knob("epsilon", "epsilon", "minus the smaller eigenvalue of Q; keeps (z, T)", "0.001", "0.9", "0.05", "log")
ETA = Knob("eta", "eta, the step size", "keeps the weights: (z, T) moves", "0.01", "10", "1", "log")
TARGET = Knob("E", "target E", "keeps (z, T)", "-1", "1", "0")
BETA = Knob("beta", "beta, the momentum", "share of the memory that is kept", "0.01", "0.99", "0.5")
GAMMA = Knob("gamma", "gamma, the decay", "step size times the weight decay", "0.00001", "0.1", "0.001", "log")
RHO = Knob("rho", "rho, the ascent", "radius of the ascent over the step size", "0.001", "1", "0.1", "log")
STEPS = Knob("steps", "most steps", "where the run ends at the latest", "10", "20000", "2000", "log", whole=True)
START = (
    Knob("z", "z at the start", "eta times the residual", "-4", "4", "-0.3"),
    Knob("T", "T at the start", "eta times the NTK eigenvalue", "0", "20", "1.6"),
)


def _general() -> QuadraticModel:
    return QuadraticModel((1, -symbol("epsilon")), symbol("E"))


@cache
def _descent_cases() -> tuple[Case, ...]:
    edge, with_target = sp.Integer(EDGE), _general()
    return (
        Case("E", MAIN_MODEL, main_case(), edge, predicted=True),
        Case("", with_target, with_target.planar_map(), edge),
    )


def weight_map(model: QuadraticModel, optimiser: kinds.Optimiser) -> tuple[PolynomialMap, tuple[sp.Symbol, ...]]:
    """One step of an optimiser in the weights and its memory of them: ``x' = A x - B g(C x + rho g(C x))``.

    Args:
        model: the quadratic model.
        optimiser: any, with symbols for its parameters.

    Returns:
        The map, of all weights first and then the memory, and the memory's variables; exact.
    """
    more = [[model_symbol(f"m_{i + 1}_{k}") for k in range(1, optimiser.size)] for i in range(len(model.theta))]
    memory = [sp.Matrix([t, *row]) for t, row in zip(model.theta, more, strict=True)]
    query = dict(zip(model.theta, ((optimiser.query * x)[0] for x in memory), strict=True))
    slopes = [sp.diff(model.loss(), t) for t in model.theta]
    ascended = {
        t: query[t] + optimiser.ascent * g.subs(query, simultaneous=True)
        for t, g in zip(model.theta, slopes, strict=True)
    }
    stepped: list[Any] = [
        optimiser.matrix * x - optimiser.gain * g.subs(ascended, simultaneous=True)
        for x, g in zip(memory, slopes, strict=True)
    ]
    rest = tuple(s for row in more for s in row)
    components = [sp.expand(x[0]) for x in stepped] + [sp.expand(e) for x in stepped for e in x[1:]]
    parameters = tuple(sorted({*model.parameters, *optimiser.parameters}, key=lambda s: s.name))
    return PolynomialMap((*model.theta, *rest), tuple(components), parameters, optimiser.name), rest


def limit_coefficients(name: str, edge: sp.Expr) -> tuple[sp.Expr, ...]:
    """The limit series of an optimiser as its claim ``NAME-limit`` states it.

    Args:
        name: of the optimiser.
        edge: its edge in its own parameter; SAM's series is stated in the edge.

    Returns:
        Coefficients of powers of epsilon; none where no series is claimed.
    """
    family = FAMILIES.get(name)
    return () if family is None else tuple(sp.sympify(c).subs(symbol("h"), edge) for c in family.coefficients)


def _cases_of(name: str) -> Callable[[], tuple[Case, ...]]:
    @cache
    def cases() -> tuple[Case, ...]:
        chosen = kinds.NAMED[name]()
        one_step, rest = weight_map(_general(), chosen)
        edge = derive_edge(chosen).curvature
        return (Case("", _general(), one_step, edge, rest=rest, limits=limit_coefficients(name, edge)),)

    return cases


def _row(name: str, title: str, knob: Knob) -> Optimiser:
    return Optimiser(name, title, (EPSILON, ETA, TARGET, knob), _cases_of(name))


OPTIMISERS: tuple[Optimiser, ...] = (
    Optimiser("gradient-descent", "gradient descent", (EPSILON, ETA, TARGET), _descent_cases),
    _row("heavy-ball", "heavy ball", BETA),
    _row("nesterov", "Nesterov's momentum", BETA),
    _row("averaged-gradient", "running mean of gradients (Adam, frozen)", BETA),
    _row("sam", "sharpness-aware (not normalised)", RHO),
    _row("weight-decay", "weight decay", GAMMA),
)
"""A further optimiser is a further row: its page follows."""
