"""The exact objects that claims speak of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from ..symbolic.models.literature import example_study
from ..symbolic.models.own_loss.study import EdgeStudy
from ..symbolic.models.quadratic import MAIN_MODEL, QuadraticModel, main_case
from ..symbolic.planar.maps import PolynomialMap
from ..symbolic.planar.planar_map import PlanarMap
from ..symbolic.wick.acceleration import LAWS, Acceleration


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
