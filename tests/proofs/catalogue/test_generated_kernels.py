"""The claims about generated kernels: true as they are, false when the program or its bound is wrong."""

from dataclasses import replace

import pytest

from edgestab.numeric.codegen.scheduling import program_for
from edgestab.numeric.number_types import NumberType
from edgestab.proofs.catalogue import generated_kernels as kernels
from edgestab.proofs.claims import CheckContext, Subject, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.planar_map import PlanarMap


def test_both_claims_hold() -> None:
    context = CheckContext(effort="quick")
    for claim in kernels.CLAIMS:
        for index in range(len(claim.checks)):
            outcome = run_check(claim, index, context).outcome
            assert outcome.verdict is Verdict.TRUE
            assert outcome.tested > 0


def test_a_flipped_sign_is_no_gradient_step() -> None:
    program = program_for(main_case())
    body = list(program.body)
    body[0] = replace(body[0], c_sign=-body[0].c_sign)
    assert "z" in kernels.program_against_descent(replace(program, body=tuple(body)))[1]
    assert kernels.program_against_descent(program) == (2, [])
    assert kernels.program_against_descent(program, (1, 0)) == (2, ["z", "T"])


def test_a_bound_that_is_too_small_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    stated = NumberType.unit_roundoff
    monkeypatch.setattr(NumberType, "unit_roundoff", lambda self, bits=0: stated(self, bits) / 10**6)
    fresh = CheckContext(subject=Subject(map=PlanarMap.of(main_case())), effort="quick")
    outcome = run_check(kernels.CLAIMS[1], 0, fresh).outcome
    assert outcome.verdict is Verdict.FALSE
    assert outcome.counterexample is not None
