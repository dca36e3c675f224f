"""The exact objects of one planar model, derived once and shared by all checks."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import sympy as sp

from ..algebra.symbols import symbol
from ..models.quadratic import QuadraticModel
from .limit_law import LEADING, LimitLaw, derive_limit_law
from .limit_series import LimitSeries
from .maps import PolynomialMap
from .nullcline import Nullcline, derive_nullcline
from .recurrences import Recurrence, derive_two_step
from .slow_manifold import SlowManifold, derive_slow_manifold

if TYPE_CHECKING:
    from ..models.own_loss.study import EdgeStudy
    from ..wick.acceleration import Acceleration


class Derivations:
    """What is derived from a model; a subclass may replace an object to test that checks notice.

    Every later object is derived from the earlier ones through these methods, so replacing the one-step map changes
    all that follows from it.

    Args:
        model: a model with two distinct eigenvalues.
    """

    def __init__(self, model: QuadraticModel) -> None:
        self.model = model
        self._nullclines: dict[int, Nullcline] = {}
        self._recurrences: dict[int, Recurrence] = {}
        self._manifolds: dict[int, SlowManifold] = {}
        self._accelerations: dict[str, Acceleration] = {}
        self._laws: dict[int, LimitLaw] = {}

    def theta_step(self) -> PolynomialMap:
        """Gradient descent in theta."""
        return self.model.theta_step()

    def one_step(self) -> PolynomialMap:
        """The closed map in ``(z, T)``."""
        return self.model.one_step()

    def nullcline(self, order: int) -> Nullcline:
        """The two-step nullcline to an order in z."""
        if order not in self._nullclines:
            self._nullclines[order] = derive_nullcline(self.one_step(), order)
        return self._nullclines[order]

    def two_step(self, order: int) -> Recurrence:
        """The two-step recurrence to an order in z."""
        if order not in self._recurrences:
            self._recurrences[order] = derive_two_step(self.one_step(), order)
        return self._recurrences[order]

    def slow_manifold(self, order: int) -> SlowManifold:
        """The slow manifold to a power of the parameter."""
        if order not in self._manifolds:
            self._manifolds[order] = derive_slow_manifold(self.one_step(), order)
        return self._manifolds[order]

    def limit_series(self, order: int) -> LimitSeries:
        """The limit of relaxed orbits to a power of the parameter."""
        return self.slow_manifold(order).limit()

    def acceleration(self, law: str = "goe") -> Acceleration:
        """The second derivative of NTK eigenvalues of the random model (Theorem 2), for a law of the slices of Q."""
        from ..wick.acceleration import LAWS, Acceleration

        if law not in self._accelerations:
            self._accelerations[law] = Acceleration(LAWS[law])
        return self._accelerations[law]

    def example(self, name: str, order: int) -> EdgeStudy:
        """A model from the literature at its edge, derived from its loss."""
        from ..models.literature import example_study

        return example_study(name, order)

    def limit_law(self, order: int) -> LimitLaw:
        """The limit of any start; order 1 is the leading law, 2 the next."""
        if order not in self._laws:
            self._laws[order] = derive_limit_law(self.one_step(), LEADING * order)
        return self._laws[order]


@lru_cache(maxsize=1)
def main_case() -> Derivations:
    """The paper's case: eigenvalues ``{1, -epsilon}``, target 0."""
    return Derivations(QuadraticModel((sp.Integer(1), -symbol("epsilon"))))


@cache
def model_case(model: QuadraticModel) -> Derivations:
    """The shared derivations of any planar model."""
    return Derivations(model)
