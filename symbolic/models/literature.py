"""Models from the literature, as a user would type them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from .own_loss.descent import GradientDescent
from .own_loss.study import EdgeStudy


@dataclass(frozen=True)
class Example:
    """A loss with its reduced coordinates, in the words of the command line.

    Attributes:
        title: a few words.
        bibkey: where it is from, a key of ``proofs/references.bib``.
        loss: the formula.
        parameters: comma-separated names.
        coordinates: residual and curvature.
        at: the residual's value at the minima.
        ties: parameters that start and stay equal.
    """

    title: str
    bibkey: str
    loss: str
    parameters: str
    coordinates: Mapping[str, str]
    at: Mapping[str, str]
    ties: Mapping[str, str] = field(default_factory=dict)

    def model(self) -> GradientDescent:
        """The model, with step size eta."""
        return GradientDescent(self.loss, self.parameters, ties=self.ties)

    def study(self, order: int = 3) -> EdgeStudy:
        """The model at its edge."""
        return self.model().study(self.coordinates, self.at, order)


def lewkowycz(width: int) -> Example:
    """A linear network with one hidden layer: ``f = v.u / sqrt(n)``, ``L = f^2/2``.

    Args:
        width: number of hidden units; ``n`` stays a symbol, so that any width shows the same map.

    Returns:
        The example.
    """
    units = range(1, width + 1)
    product = " + ".join(f"u_{k}*v_{k}" for k in units)
    squares = " + ".join(f"u_{k}^2 + v_{k}^2" for k in units)
    names = ",".join([*(f"u_{k}" for k in units), *(f"v_{k}" for k in units)])
    return Example(
        f"linear network of width {width}",
        "lewkowycz2020",
        f"({product})^2/(2*n)",
        names,
        {"f": f"({product})/sqrt(n)", "lam": f"({squares})/n"},
        {"f": "0"},
    )


_PRODUCT: Mapping[str, str] = {"p": "x*y", "q": "x^2 + y^2"}

EXAMPLES: Mapping[str, Callable[[], Example]] = {
    "zhu": lambda: Example(
        "product of four parameters",
        "zhu2022",
        "(1 - x*y*z*w)^2/2",
        "x,y,z,w",
        _PRODUCT,
        {"p": "1"},
        {"z": "x", "w": "y"},
    ),
    "zhu-degree-2": lambda: Example(
        "product of two parameters", "zhu2022", "(1 - x*y)^2/2", "x,y", _PRODUCT, {"p": "1"}
    ),
    "lewkowycz": lambda: lewkowycz(2),
    "agarwala": lambda: Example(
        "quadratic regression with eigenvalues 1 and -epsilon",
        "agarwala2023",
        "(x^2 - epsilon*y^2)^2/8",
        "x,y",
        {"f": "(x^2 - epsilon*y^2)/2", "lam": "x^2 + epsilon^2*y^2"},
        {"f": "0"},
    ),
}
"""Name on the command line to example."""


@cache
def example_study(name: str, order: int = 3) -> EdgeStudy:
    """The study of a named example, derived once."""
    return EXAMPLES[name]().study(order)
