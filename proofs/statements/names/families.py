"""Names of scalar families: exact thresholds of their parameter, and the end of training on losses of a product."""

from __future__ import annotations

from .entry import Name

_FAMILY = "edgestab.models.ScalarFamily"
_CUBIC = "of the cubic map z' = z (1 + (z - 2) (z + a))"
_PRODUCT = "of x' = x + a x^(m - 1) (1 - x^m), the balanced product of depth m"

NAMES = (
    Name("a_sign", f"the parameter at which the multiplier of z = 0 is 0, {_CUBIC}", _FAMILY, latex="a_0"),
    Name(
        "a_monotone",
        f"the largest parameter up to which no step from [-a, 2] makes z larger in absolute value, {_CUBIC}",
        _FAMILY,
        latex=r"a_{\mathrm{mon}}",
    ),
    Name("a_edge", f"the parameter at which the multiplier of z = 0 is -1, {_CUBIC}", _FAMILY, latex=r"a_1"),
    Name(
        "a_double",
        f"the least parameter at which the multiplier of a real two-cycle is -1, {_CUBIC}",
        _FAMILY,
        latex="a_2",
    ),
    Name("a_three", f"the least parameter with a real cycle of period three, {_CUBIC}", _FAMILY, latex="a_3"),
    Name(
        "a_escape",
        f"the largest parameter at which a step maps [-a, 2] into itself, {_CUBIC}",
        _FAMILY,
        latex=r"a_{\mathrm{esc}}",
    ),
    Name("edge_of()", f"edge_of(m) is the parameter at which the multiplier of x = 1 is -1, {_PRODUCT}", _FAMILY),
    Name(
        "double_of()",
        f"double_of(m) is the least parameter at which the multiplier of a real two-cycle is -1, {_PRODUCT}",
        _FAMILY,
    ),
    Name(
        "escape_of()",
        "escape_of(m) is the largest parameter up to which a step maps the points between the outermost fixed points "
        f"of two steps into themselves, {_PRODUCT}",
        _FAMILY,
    ),
    Name(
        "T_slow",
        "the value at z = 0 of the one formal series T(z, epsilon) with T(0, 0) = 2 that a step keeps, for gradient "
        "descent on log cosh(x y): z = x y, T = eta (x^2 + y^2), epsilon = eta^2",
        "edgestab.models.ProductLoss",
        latex=r"\tilde T_{\mathrm{slow}}",
    ),
)
