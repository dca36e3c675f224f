"""The exact objects that claims speak of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from ..symbolic.models.literature import example_study
from ..symbolic.models.own_loss.study import EdgeStudy
from ..symbolic.models.quadratic import MAIN_MODEL, QuadraticModel, main_case
from ..symbolic.planar.maps import PolynomialMap
from ..symbolic.planar.planar_map import PlanarMap
from ..symbolic.wick.acceleration import LAWS, Acceleration

A = ParamSpec("A")
R = TypeVar("R")


def measured(function: Callable[Concatenate[PlanarMap, A], R]) -> Callable[Concatenate[PlanarMap, A], R]:
    """Measure once for each map and (hashable) arguments, whatever statement is judged by it.

    Like what is derived from a map it is kept on the map itself: one in which a derived object is replaced equals the
    map that it was made from, and must not share its results.
    """

    @wraps(function)
    def once(one_step: PlanarMap, /, *args: A.args, **kwargs: A.kwargs) -> R:
        known: dict[Any, R] = one_step.__dict__.setdefault("_measured", {})
        key = (function.__module__, function.__qualname__, args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = function(one_step, *args, **kwargs)
        return known[key]

    return once


@dataclass(frozen=True)
class Subject:
    """The exact objects that claims speak of; a test replaces one of them to see that the claims notice.

    Attributes:
        model: the quadratic model of the main case.
        map: its one-step map, from which everything in the plane follows.
        theta_step: gradient descent in theta.
    """

    model: QuadraticModel = MAIN_MODEL
    map: PlanarMap = field(default_factory=main_case)
    theta_step: PolynomialMap = field(default_factory=MAIN_MODEL.theta_step)

    def acceleration(self, law: str = "goe") -> Acceleration:
        """The second derivative of NTK eigenvalues of the random model (Theorem 2), for a law of the slices of Q."""
        return acceleration(law)

    def example(self, name: str, order: int) -> EdgeStudy:
        """A model from the literature at its edge, derived from its loss."""
        return example_study(name, order)


@cache
def main_subject() -> Subject:
    """The objects as derived."""
    return Subject()


@cache
def acceleration(law: str) -> Acceleration:
    """The acceleration of a law, derived once."""
    return Acceleration(LAWS[law])
