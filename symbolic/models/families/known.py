"""The families by name: the cubic map of quadratic regression, and products of any depth."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.symbols import symbols
from .product_loss import ProductLoss
from .scalar_family import ScalarFamily
from .scalar_map import ScalarMap

DEEPEST = 5
"""The deepest product whose two-cycles are followed: the polynomial of degree (2 L - 1)^2 is factored."""


def quadratic_regression_step() -> tuple[sp.Expr, sp.Expr]:
    """The cubic map from one step on the loss of quadratic regression with one datum.

    The model is ``g(u) = gamma u^2/2 + c u`` of ``u = w.X``, the loss ``(g - y)^2/2``. In
    ``z = eta |X|^2 gamma (g - y)`` and ``a = eta |X|^2 (gamma y + c^2/2)`` the step closes.

    Returns:
        ``z'`` from the stepped ``u``, and the formula in ``z`` and ``a`` with both put in; equal as polynomials.
    """
    u, gamma, c, target, eta, norm = sp.symbols("u gamma c y eta N", real=True)
    z, a = symbols("z a")
    output = gamma * u**2 / 2 + c * u
    scale = eta * norm * gamma
    moved = u - eta * norm * (output - target) * sp.diff(output, u)
    stepped = scale * (output.subs(u, moved) - target)
    closed = cubic_formula().subs({z: scale * (output - target), a: eta * norm * (gamma * target + c**2 / 2)})
    return sp.expand(stepped), sp.expand(closed)


def cubic_formula() -> sp.Expr:
    """``z (1 + (z - 2) (z + a))``."""
    z, a = symbols("z a")
    return sp.expand(z * (1 + (z - 2) * (z + a)))


@lru_cache(maxsize=1)
def _cubic() -> ScalarFamily:
    z, a = symbols("z a")
    return ScalarFamily(
        "cubic",
        "the cubic map of quadratic regression",
        "chen2023",
        ScalarMap(cubic_formula(), z, a),
        sp.S.Zero,
        z**2,
        Fraction(0),
        Fraction(5, 2),
        -a,
        "z is the residual in units of the step size, a the step size in units of the target: half the sharpness "
        "at the minimum times the step size.",
    )


@lru_cache(maxsize=8)
def _product(depth: int) -> ScalarFamily:
    x, a = symbols("x a")
    return ScalarFamily(
        f"product-{depth}",
        f"the balanced product of depth {depth}",
        "ghosh2025",
        ScalarMap(x + a * x ** (depth - 1) * (1 - x**depth), x, a),
        sp.S.One,
        (1 - x**depth) ** 2,
        Fraction(0),
        Fraction(9, 4) if depth == 2 else Fraction(2),
        sp.S.Zero,
        f"x is each of the {depth} equal weights of the loss (1 - x_1 .. x_{depth})^2/2, a the step size; the "
        f"sharpness at the minimum is {depth}.",
    )


NAMES = ("cubic", *(f"product-{depth}" for depth in range(2, DEEPEST + 1)))


def family(name: str) -> ScalarFamily:
    """A family of scalar maps by name.

    Args:
        name: ``cubic``, or ``product-L`` with the depth L from 2 to 5.

    Returns:
        The family.

    Raises:
        DomainError: there is no family of this name.

    Source:
        Chen et al. 2023 for the cubic map; products as in Ghosh et al. 2025.

    Example:
        >>> es.models.family("product-3").multiplier
        1 - 3*a
    """
    if name == "cubic":
        return _cubic()
    match = re.fullmatch(r"product-([0-9]{1,3})", name)
    if match and 2 <= int(match.group(1)) <= DEEPEST:
        return _product(int(match.group(1)))
    raise DomainError.of("family()", f"one of {', '.join(NAMES)}", name, "See `edgestab family --list`.")


LOSSES: dict[str, tuple[str, str, str, str]] = {
    "uv": ("p^2/2", "0", "the UV model of any width without a target", "lewkowycz2020"),
    "squared": ("(p - 1)^2/2", "1", "l(x y), the squared loss with target 1", "zhu2022"),
    "log-cosh": ("log(cosh(p))", "0", "l(x y), l = log cosh", "ahn2023"),
    "log-cosh-target": ("log(cosh(p - 1))", "1", "l(x y), log cosh with target 1", "ahn2023"),
    "logistic": ("log(1 + exp(p)) - p/2", "0", "l(x y), the logistic loss of a balanced label", "ahn2023"),
    "logistic-third": ("log(1 + exp(p)) - p/3", "-log(2)", "l(x y), the logistic loss of a label 1/3", "ahn2023"),
    "quartic": ("(1 - p^2)^2/4", "1", "l(x y), l = (1 - p^2)^2/4: four tied weights", "zhu2022"),
}
"""Named losses: formula, minimum, title, where they are studied."""


@lru_cache(maxsize=16)
def product_loss(name: str) -> ProductLoss:
    """A named loss of a product.

    Args:
        name: ``uv``, ``squared``, ``log-cosh``, ``log-cosh-target``, ``logistic``, ``logistic-third`` or ``quartic``.

    Returns:
        The loss at its minimum.

    Raises:
        DomainError: there is none of this name.

    Source:
        Ahn et al. 2023 for losses of sub-quadratic growth; Zhu et al. 2022 for the squared loss.

    Example:
        >>> es.models.product_loss("squared").concentrates
        False
    """
    if name not in LOSSES:
        raise DomainError.of("product_loss()", f"one of {', '.join(LOSSES)}", name, "Or ProductLoss(formula, minimum).")
    formula, minimum, title, bibkey = LOSSES[name]
    return ProductLoss(formula, minimum, name, title, bibkey)
