"""The claims about few operations: true as they are, and not when a program or a reason is wrong."""

from dataclasses import replace

import pytest

from edgestab.numeric.codegen.factored import factored_program
from edgestab.numeric.codegen.shortest import least
from edgestab.proofs.catalogue import five_operations as five
from edgestab.proofs.claims import CheckContext, Level, Verdict
from edgestab.proofs.verify import run_check


def outcomes() -> list[Verdict]:
    return [run_check(claim, 0, CheckContext(effort="quick")).outcome.verdict for claim in five.CLAIMS]


def test_all_hold_and_a_sample_is_no_proof() -> None:
    assert set(outcomes()) == {Verdict.TRUE}
    assert run_check(five.CLAIMS[2], 0, CheckContext(effort="quick")).outcome.level is Level.CHECKED


def test_a_flipped_sign_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    program = factored_program()
    wrong = replace(program, body=(replace(program.body[0], sign=-program.body[0].sign), *program.body[1:]))
    monkeypatch.setattr(five, "factored_program", lambda: wrong)
    assert outcomes()[0] is Verdict.FALSE


def test_a_shape_that_stays_open_makes_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(least, "settle", lambda shape, supports: None)
    five._settled.cache_clear()
    assert outcomes()[2] is Verdict.UNKNOWN
    five._settled.cache_clear()


def test_a_program_that_wastes_a_product_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(five, "products", lambda ops, state: 4)
    assert outcomes()[1] is Verdict.FALSE
