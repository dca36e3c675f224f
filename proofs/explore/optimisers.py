"""What the explorable page can run: optimisers as data, each with its maps, its knobs and what is known of its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import MAIN_MODEL, QuadraticModel, main_case
from ...symbolic.planar.planar_map import PlanarMap


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
        one_step: its map.
        predicted: whether limit law, slow manifold and proved regions speak of this map.
    """

    zero: str
    model: QuadraticModel
    one_step: PlanarMap
    predicted: bool


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
STEPS = Knob("steps", "most steps", "where the run ends at the latest", "10", "20000", "2000", "log", whole=True)
START = (
    Knob("z", "z at the start", "eta times the residual", "-4", "4", "-0.3"),
    Knob("T", "T at the start", "eta times the NTK eigenvalue", "0", "20", "1.6"),
)


@cache
def _descent_cases() -> tuple[Case, ...]:
    with_target = QuadraticModel((1, -symbol("epsilon")), symbol("E"))
    return (
        Case("E", MAIN_MODEL, main_case(), True),
        Case("", with_target, with_target.planar_map(), False),
    )


OPTIMISERS: tuple[Optimiser, ...] = (Optimiser("descent", "gradient descent", (EPSILON, ETA, TARGET), _descent_cases),)
"""A further optimiser is a further row: its page follows."""
