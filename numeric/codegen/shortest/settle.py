"""Why a program is not the gradient step: each shape is settled for all signs and constants at once.

The step F in the weights is ``(x, y) -> (x (1 - z), y (1 + epsilon z))``, ``z = x^2 - y^2``. Suppose that a program
computes ``P = phi F phi^-1`` for a polynomial automorphism phi of the plane, epsilon being transcendental. Then

* P has five preimages of most points, its iterates grow like ``3^n``, it keeps no pencil of lines, and the two lines
  ``z = 0`` become a curve of fixed points;
* some constant of P is transcendental;
* where weights show that the degrees of both components are exactly ``3^n`` times the weights, phi is affine. Then the
  cubic part of P is ``h M`` with a quadratic form h of two roots, M linear with eigenvalues of ratio ``-epsilon`` and
  eigenvectors that h makes orthogonal.

The arguments are in docs/five-operations.md.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from flint import Ordering, fmpz_mpoly, fmpz_mpoly_ctx

from .constants import coefficient, specialised, without_leading
from .growth import Growth, coefficients, corners, growth, iterate_leading, jacobian, leading, never_zero
from .shapes import FIRST_CONSTANT, RING, Pair, Shape, Support, X, Y

PREIMAGES = 5
DEEPEST = 6
NO_CONSTANT = "no constant that could depend on epsilon"
PENCIL = "keeps a pencil of lines"
SLOW = "iterates grow slower than 3^n"
FAST = "iterates grow faster than 3^n"
CONTRACTED = "grows like 3^n, but contracts what is at infinity"
RATIO = "affine coordinates: another cubic part"
WEIGHTED = "weights exclude all constants one way or another"
NO_CURVE = "no curve of fixed points"
FEW = "fewer than five preimages"


def settle(shape: Shape, supports: tuple[Support, Support]) -> str | None:
    """Why a shape is not the step, for any signs and constants.

    Args:
        shape: the shape.
        supports: monomials of its components.

    Returns:
        One reason that covers all signs, or the last of those that cover each; None where some map stays open.
    """
    if not shape.constants:
        return NO_CONSTANT
    reason = _by_weights(supports, lambda at: shape.leading(at.x, at.y, at.slack), None)
    if reason:
        return reason
    for pair in shape.signed():
        reason = settle_map(pair, shape.constants)
        if reason is None:
            return None
    return reason


def settle_map(pair: Pair, constants: int, depth: int = DEEPEST) -> str | None:
    """Why one map, its constants letters, is not the step.

    Args:
        pair: the map.
        constants: how many constants it has.
        depth: changes of coordinates and special constants that may follow one another.

    Returns:
        A reason, or None where that stays open.
    """
    if not constants:
        return NO_CONSTANT
    reason = at_infinity(pair, constants) or without_curve(pair, constants) or with_few_preimages(pair)
    if reason or not depth:
        return reason
    followers = further(pair, constants)
    if followers is None:
        return None
    for other, fewer in followers:
        reason = settle_map(other, fewer, depth - 1)
        if reason is None:
            return None
    return reason or WEIGHTED


def at_infinity(pair: Pair, constants: int) -> str | None:
    """What the growth of the iterates of a map excludes; a reason or None."""
    supports = (coefficients(pair[0]).all, coefficients(pair[1]).all)
    return _by_weights(supports, lambda at: (leading(pair[0], at), leading(pair[1], at)), pair, constants)


def _by_weights(
    supports: tuple[Support, Support], forms_at: Callable[[Growth], Pair], pair: Pair | None, constants: int = 2
) -> str | None:
    """What weights exclude; the affine case only where the map itself is given."""
    if not any(m[1] for m in supports[0]) or not any(m[0] for m in supports[1]):
        return PENCIL
    at = growth(corners(supports[0]), corners(supports[1]))
    side = at.compared()
    if side < 0:
        return SLOW
    forms = forms_at(at)
    determinant = jacobian(*forms)
    if not determinant.is_zero():
        if not never_zero(determinant, constants):
            return None
        return FAST if side > 0 else in_affine_coordinates(pair) if pair else None
    if not all(never_zero(form, constants) for form in forms):
        return None
    if side == 0:
        # where the leading forms iterate to zero the growth is slower than 3^n instead
        return CONTRACTED
    return FAST if any(never_zero(form, constants) for form in iterate_leading(forms)) else None


def further(pair: Pair, constants: int) -> list[tuple[Pair, int]] | None:
    """The maps that remain where weights decide for most constants only, or where leading forms iterate to zero.

    Args:
        pair: a map.
        constants: how many constants it has.

    Returns:
        Maps, each with its number of constants: for all other constants weights exclude the map. None where there is no
        such way.
    """
    at = growth(*(corners(coefficients(p).all) for p in pair))
    forms = (leading(pair[0], at), leading(pair[1], at))
    determinant, side = jacobian(*forms), at.compared()
    if not determinant.is_zero():
        return specialised(pair, [determinant], constants) if side > 0 else None
    found: list[list[tuple[Pair, int]] | None] = [
        specialised(pair, [form], constants) for form in forms if not never_zero(form, constants)
    ]
    if side > 0:
        iterated = iterate_leading(forms)
        if all(form.is_zero() for form in iterated):
            reduced = without_leading(pair, forms, at)
            found.append(None if reduced is None else [(reduced, constants)])
        elif not any(never_zero(form, constants) for form in iterated):
            found.append(specialised(pair, list(iterated), constants))
    return None if None in found else [entry for entries in found if entries is not None for entry in entries]


def in_affine_coordinates(pair: Pair) -> str | None:
    """What the cubic part excludes where the coordinates are affine; signs are numbers.

    Args:
        pair: a map whose degrees grow as ``3^n`` exactly.

    Returns:
        A reason or None.
    """
    for poly in pair:
        seen = coefficients(poly)
        if any(sum(m) > 3 for m in seen.sure):
            return RATIO
        if any(sum(m) > 3 for m in seen.all):
            return None
    cubic = [RING.from_dict({e: c for e, c in p.to_dict().items() if e[0] + e[1] == 3}) for p in pair]
    letters = {i for p in cubic for e in p.monoms() for i in range(2, len(e)) if e[i]}
    if any(i >= FIRST_CONSTANT for i in letters) or len(letters) > 1:
        return None
    # an algebraic letter makes the ratio of eigenvalues algebraic; so does none
    if not letters or any(p.is_zero() for p in cubic):
        return RATIO
    h = cubic[0].gcd(cubic[1])
    if max(e[0] + e[1] for e in h.monoms()) != 2:
        return RATIO
    rows = [divmod(p, h)[0] for p in cubic]
    m = [[coefficient(row, 1, 0), coefficient(row, 0, 1)] for row in rows]
    a, b, c = coefficient(h, 2, 0), coefficient(h, 1, 1), coefficient(h, 0, 2)
    skew = 2 * a * m[0][1] + b * m[1][1] - b * m[0][0] - 2 * c * m[1][0]
    trace, determinant = m[0][0] + m[1][1], m[0][0] * m[1][1] - m[0][1] * m[1][0]
    (letter,) = letters
    fixed = trace**2 * determinant.derivative(letter) - determinant * (trace**2).derivative(letter)
    if (b * b - 4 * a * c).is_zero() or not skew.is_zero() or fixed.is_zero():
        return RATIO
    # P - id = (h + ..) (M + ..): without quadratic terms it is (h + constant) M, and its linear part a multiple of M
    if any(e[0] + e[1] == 2 for p in pair for e in p.monoms()):
        return None
    linear = [[coefficient(p - v, 1, 0), coefficient(p - v, 0, 1)] for p, v in zip(pair, (X, Y), strict=True)]
    flat, wanted = [*linear[0], *linear[1]], [*m[0], *m[1]]
    minors = [p * w - q * v for (p, v), (q, w) in combinations(zip(flat, wanted, strict=True), 2)]
    # the letter is transcendental here: a polynomial in it alone does not vanish
    alone = [
        p for p in minors if not p.is_zero() and not any(e[i] for e in p.monoms() for i in range(len(e)) if i != letter)
    ]
    return RATIO if alone else None


def without_curve(pair: Pair, constants: int) -> str | None:
    """Whether no choice of constants, not all algebraic, gives a curve of fixed points.

    A common factor of ``P_1 - x`` and ``P_2 - y`` makes a resultant vanish identically. With one constant, which is
    transcendental, it has to vanish as a polynomial in it; with two, its coefficients need a common factor.

    Args:
        pair: the map.
        constants: how many constants it has.

    Returns:
        A reason or None.
    """
    moved = (pair[0] - X, pair[1] - Y)
    if any(p.is_zero() for p in moved):
        return None
    for variable, name in ((1, "y"), (0, "x")):
        if any(not p.degrees()[variable] for p in moved):
            continue
        resultant = moved[0].resultant(moved[1], name)
        if never_zero(resultant, constants):
            continue
        if resultant.is_zero():
            return None
        if constants > 1 and not (constants == 2 and _without_common_factor(resultant)):
            return None
    return NO_CURVE


def _without_common_factor(poly: fmpz_mpoly) -> bool:
    """Whether the coefficients of x and y have no common factor but powers of factors that do not vanish."""
    common = RING.constant(0)
    for monomial in coefficients(poly).all:
        common = common.gcd(coefficient(poly, *monomial))
    return len(common.monoms()) == 1 and not any(common.monoms()[0][FIRST_CONSTANT:])


_WITH_IMAGES = fmpz_mpoly_ctx.get([*map(str, RING.gens()), "u", "v"], Ordering.lex)


def with_few_preimages(pair: Pair) -> str | None:
    """Whether a point has fewer than five preimages, for all constants.

    The degree of a resultant of ``P_1 - u`` and ``P_2 - v`` bounds their number.

    Args:
        pair: the map.

    Returns:
        A reason or None.
    """
    images = _WITH_IMAGES.gens()[-2:]
    lifted = [
        _WITH_IMAGES.from_dict({(*e, 0, 0): c for e, c in p.to_dict().items()}) - image
        for p, image in zip(pair, images, strict=True)
    ]
    for variable, name in ((1, "y"), (0, "x")):
        if any(not p.degrees()[variable] for p in lifted):
            continue
        resultant = lifted[0].resultant(lifted[1], name)
        if resultant.is_zero() or resultant.degrees()[1 - variable] < PREIMAGES:
            return FEW
    return None
