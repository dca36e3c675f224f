"""Optimisers whose step does not grow with the distance from a minimum: there is no linear step, and no edge of one."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.parsing import exact_expression


@dataclass(frozen=True)
class PiecewiseOptimiser:
    """``theta' = theta - eta g s(L, |g|)`` where the scale s has no limit at a minimum.

    Attributes:
        name: as on the command line.
        power: on one direction of curvature h the step has the length ``(h/2)^power`` times the step size.

    Source:
        Arora, Li, Panigrahi 2022: gradient descent on the root of the loss, and normalised gradient descent.

    Example:
        >>> es.optimisers.root_loss_descent().step_length(8)
        2
    """

    name: str
    power: sp.Rational

    def step_length(self, curvature: object) -> sp.Expr:
        """How far one step goes on ``h x^2 / 2``, from any x but 0, in units of the step size.

        Args:
            curvature: ``h``, positive and exact.

        Returns:
            The length; from nearer than that the iteration crosses the minimum and comes back: two steps are none.

        Raises:
            DomainError: the curvature is not positive.
        """
        h = exact_expression(curvature, "step_length()")
        if not h.is_positive:
            raise DomainError.of("step_length()", "a positive exact curvature", curvature, "Give a fraction.")
        return (h / 2) ** self.power

    def refuse(self, where: str) -> DomainError:
        """Why nothing that is linear near a minimum exists for it.

        Args:
            where: who asks.
        """
        return DomainError.of(
            where,
            "a step that is linear near a minimum",
            f"{self.name}, whose step keeps its length there",
            "It has no linear edge: two steps from nearer than step_length(h) are none, at every curvature.",
        )


def normalised_descent() -> PiecewiseOptimiser:
    """``theta' = theta - eta g / |g|``.

    Returns:
        Normalised gradient descent.

    Source:
        Arora, Li, Panigrahi 2022.

    Example:
        >>> es.optimisers.normalised_descent().step_length(8)
        1
    """
    return PiecewiseOptimiser("normalised-descent", sp.Integer(0))


def root_loss_descent() -> PiecewiseOptimiser:
    """Gradient descent on ``sqrt(L)``: ``theta' = theta - eta g / (2 sqrt(L))``.

    Returns:
        The optimiser.

    Source:
        Arora, Li, Panigrahi 2022.

    Example:
        >>> es.optimisers.root_loss_descent().name
        'root-loss-descent'
    """
    return PiecewiseOptimiser("root-loss-descent", sp.Rational(1, 2))


PIECEWISE = {"normalised-descent": normalised_descent, "root-loss-descent": root_loss_descent}
"""Such optimisers by name."""
