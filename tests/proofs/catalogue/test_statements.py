"""What is printed of a claim: no hypothesis that reads True or False, no claim twice, no check that judges itself."""

from fractions import Fraction

import pytest
import sympy as sp
from sympy.logic.boolalg import BooleanAtom

from edgestab.proofs.catalogue import all_claims, get_claim, limit_series, own_models
from edgestab.proofs.claims import CheckContext, Verdict
from edgestab.proofs.statements import Reading
from edgestab.symbolic.algebra.symbols import symbols

z, V, epsilon, eta = symbols("z V epsilon eta")


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda c: c.id)
def test_no_hypothesis_has_been_evaluated_away(claim: object) -> None:
    assert not any(isinstance(a, BooleanAtom | bool) for a in claim.assumptions)  # type: ignore[attr-defined]
    assert not isinstance(claim.statement, BooleanAtom | bool)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("former", "now"),
    [("scaled-spectrum", "theorem-1-scaling"), ("weight-norm-any-spectrum", "theorem-1-any-spectrum-norm")],
)
def test_claims_that_said_the_same_are_one(former: str, now: str) -> None:
    assert former not in all_claims()
    assert get_claim(former) is get_claim(now)


def test_a_wrong_coefficient_in_the_statement_of_the_limit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    check = get_claim("limit-position").checks[0]
    assert check.run(CheckContext(effort="quick")).verdict is Verdict.TRUE
    monkeypatch.setattr(limit_series, "_POSITION", 2 - epsilon / 3)
    assert check.run(CheckContext(effort="quick")).verdict is Verdict.FALSE


def test_a_wrong_coefficient_in_the_final_sharpness_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    check = get_claim("zhu-final-sharpness").checks[0]
    assert check.run(CheckContext(effort="quick")).verdict is Verdict.TRUE
    right = own_models._SHARPNESS
    assert sp.expand(right).coeff(eta, 3) == sp.Rational(129, 32)
    monkeypatch.setattr(own_models, "_SHARPNESS", right + eta**3)
    assert check.run(CheckContext(effort="quick")).verdict is Verdict.FALSE


def test_the_escape_needs_real_weights() -> None:
    """Epsilon = 1/2, z = 6, V = -1000 met the hypotheses as they were once printed, and is no state of any weights."""
    reading = Reading(get_claim("theorem-1-escape").statement)
    assert not reading.admits({epsilon: Fraction(1, 2), z: 6, V: -1000})
    assert reading.admits({epsilon: Fraction(1, 2), z: 6, V: 20})
