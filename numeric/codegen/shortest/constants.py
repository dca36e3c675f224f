"""Special constants, and triangular coordinates in which leading forms disappear."""

from __future__ import annotations

from flint import fmpz_mpoly

from .growth import Growth, coefficients
from .shapes import FIRST_CONSTANT, RING, Pair


def coefficient(poly: fmpz_mpoly, i: int, j: int) -> fmpz_mpoly:
    """The coefficient of ``x^i y^j``, a polynomial in the letters."""
    return RING.from_dict({(0, 0, *e[2:]): c for e, c in poly.to_dict().items() if (e[0], e[1]) == (i, j)})


def specialised(pair: Pair, vanishing: list[fmpz_mpoly], constants: int) -> list[tuple[Pair, int]] | None:
    """The map with the constants for which polynomials vanish identically in x and y.

    Args:
        pair: the map.
        vanishing: what has to vanish.
        constants: how many constants the map has.

    Returns:
        A map for each way, with one constant less; None where the constants are not found by solving for one of them.
    """
    rows = [coefficient(p, *m) for p in vanishing for m in coefficients(p).all]
    common = RING.constant(0)
    for row in rows:
        common = common.gcd(row)
    factors = [f for f, _ in common.factor()[1] if len(f.monoms()) > 1 or any(f.monoms()[0][FIRST_CONSTANT:])]
    if not all((row / common).is_constant() for row in rows) and not _one_letter(rows):
        return None
    found = []
    for factor in factors:
        solved = _solve(factor)
        if solved is None:
            if not _one_letter([factor]) or abs(int(factor.leading_coefficient())) != 1:
                return None
            # an algebraic number: what it makes of the coefficients, none of them taken for more than not zero by form
            found.append(((divmod(pair[0], factor)[1], divmod(pair[1], factor)[1]), constants))
            continue
        letter, value = solved
        places = list(RING.gens())
        places[letter] = value
        found.append(((pair[0].compose(*places), pair[1].compose(*places)), constants - 1))
    return found


def _one_letter(rows: list[fmpz_mpoly]) -> bool:
    """Whether all are polynomials in one and the same letter: then their common roots are those of their divisor."""
    letters = {i for row in rows for e in row.monoms() for i in range(2, len(e)) if e[i]}
    return len(letters) == 1


def _solve(factor: fmpz_mpoly) -> tuple[int, fmpz_mpoly] | None:
    """A letter and its value where a factor vanishes, if the factor is linear in it with coefficient 1 or -1."""
    for letter in range(2, len(RING.gens())):
        slope = factor.derivative(letter)
        if slope.is_constant() and not slope.is_zero() and abs(int(slope.leading_coefficient())) == 1:
            rest = factor - slope * RING.gens()[letter]
            return letter, -rest * slope
    return None


def without_leading(pair: Pair, forms: Pair, at: Growth) -> Pair | None:
    """The map in coordinates ``(x, y - b x^k)`` or ``(x - b y^k, y)`` in which a leading form cancels.

    Args:
        pair: the map.
        forms: its leading forms, algebraically dependent.
        at: the weights.

    Returns:
        The map in these coordinates; None where neither form is a polynomial in the other.
    """
    if at.slack:
        return None
    for low, high in ((0, 1), (1, 0)):
        weights = (at.x, at.y)
        power, rest = divmod(weights[high], weights[low])
        if rest:
            continue
        quotient, remainder = divmod(forms[high], forms[low] ** power)
        if not remainder.is_zero() or any(e[0] or e[1] for e in quotient.monoms()):
            continue
        places = list(RING.gens())
        places[high] = places[high] + quotient * places[low] ** power
        moved = [p.compose(*places) for p in pair]
        moved[high] = moved[high] - quotient * moved[low] ** power
        return moved[0], moved[1]
    return None
