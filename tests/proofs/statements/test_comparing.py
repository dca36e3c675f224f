"""Right sides of statements against derived series."""

import pytest
from flint import fmpq

from edgestab.proofs.statements import O, split_order
from edgestab.proofs.statements.comparing import differing, stated_terms
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.rings import Exponents
from edgestab.symbolic.algebra.symbols import symbols

z, y, epsilon = symbols("z y epsilon")


def test_monomials_are_stated_or_in_the_remainder() -> None:
    right = 2 * y * z + epsilon * O(z**3) + O(y**2 * z, y * z**2)
    found: dict[Exponents, fmpq] = {(1, 1, 0): fmpq(2), (1, 3, 0): fmpq(5), (4, 0, 1): fmpq(1)}
    assert differing(right, found, (z, y, epsilon))[1] == []
    assert differing(right, {**found, (3, 0, 0): fmpq(1)}, (z, y, epsilon))[1] == [(3, 0, 0)]
    assert differing(right, {**found, (1, 1, 0): fmpq(3)}, (z, y, epsilon))[1] == [(1, 1, 0)]
    assert differing(right, {}, (z, y, epsilon))[1] == [(1, 1, 0)]


def test_an_order_symbol_of_a_sum_is_refused() -> None:
    for right in (O(y**3 + z**2), (y + z) * O(z**2)):
        with pytest.raises(ProofError, match="monomials in its order symbols"):
            stated_terms(right, (z, y))


def test_order_symbols_that_name_no_remainder_are_refused() -> None:
    assert split_order(y + epsilon * O(z**3) + O(y**2, y * z)) == (y, (epsilon * z**3, y**2, y * z))
    sums = (O(y + z), (y + z) * O(z), y + O(y**2, y * (1 + z)))
    for right in sums:
        with pytest.raises(ProofError, match="monomials in its order symbols"):
            split_order(right)
    hidden = (epsilon * (y + O(z)), O(z) ** 2, 1 / (1 + O(z)), O(O(z)), O(z) * O(y))
    for right in hidden:
        with pytest.raises(ProofError, match="order symbol"):
            split_order(right)
