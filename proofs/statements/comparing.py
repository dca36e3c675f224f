"""Right sides of statements against derived series: every monomial is stated, or lies in the stated remainder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp
from flint import fmpq

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import Exponents, PolyRing, poly_terms
from .terms import split_order


class Remainder:
    """The ideal that the order symbols of a right side name.

    Attributes:
        monomials: exponents of its generators.

    Raises:
        ProofError: an order symbol names a sum: of ``O(y + z)`` only one term would count.
    """

    def __init__(self, monomials: Sequence[sp.Expr], variables: Sequence[sp.Symbol]) -> None:
        ring = PolyRing(tuple(variables))
        found = [list(poly_terms(ring.from_expr(sp.expand(m)))) for m in monomials]
        for monomial, terms in zip(monomials, found, strict=True):
            if len(terms) != 1:
                raise ProofError.of(
                    "the statement", "monomials in its order symbols", monomial, "Name each in an O(..) of its own."
                )
        self.monomials: tuple[Exponents, ...] = tuple(terms[0] for terms in found)

    def holds(self, exponents: Exponents) -> bool:
        """Whether a monomial is a multiple of one of the generators."""
        return any(all(e >= g for e, g in zip(exponents, m, strict=True)) for m in self.monomials)


def stated_terms(right: sp.Expr, variables: Sequence[sp.Symbol]) -> tuple[dict[Exponents, fmpq], Remainder]:
    """The leading terms and the remainder of a right side, by exponents of some variables.

    Args:
        right: such as ``2*y*z + O(y**2*z)``, polynomial in the variables.
        variables: in the order of the exponents.

    Returns:
        Terms that do not lie in the remainder, and the remainder.
    """
    leading, monomials = split_order(right)
    rest = Remainder(monomials, variables)
    terms = poly_terms(PolyRing(tuple(variables)).from_expr(sp.expand(leading)))
    return {e: c for e, c in terms.items() if not rest.holds(e)}, rest


def differing(
    right: sp.Expr, found: Mapping[Exponents, fmpq], variables: Sequence[sp.Symbol]
) -> tuple[int, list[Exponents]]:
    """Monomials in which a derived series is not what a right side says.

    Args:
        right: the right side, with order symbols for what it leaves out.
        found: the derived series, complete in all monomials outside the remainder.
        variables: in the order of the exponents.

    Returns:
        How many monomials were compared, and those that differ outside the remainder.
    """
    stated, rest = stated_terms(right, variables)
    monomials = stated.keys() | found.keys()
    wrong = [e for e in monomials if not rest.holds(e) and found.get(e, fmpq(0)) != stated.get(e, fmpq(0))]
    return len(monomials), sorted(wrong)
