"""The claim about printed CUDA source: true as it is, false when a line of the text is changed."""

import pytest

from edgestab.numeric.codegen.scheduling import program_for
from edgestab.numeric.codegen.targets.registry import generate_source
from edgestab.proofs.catalogue import cuda_program as module
from edgestab.proofs.claims import CheckContext, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.models.quadratic import main_case


def test_the_claim_holds() -> None:
    outcome = run_check(module.CLAIMS[0], 0, CheckContext(effort="quick")).outcome
    assert outcome.verdict is Verdict.TRUE
    assert outcome.tested == 6


@pytest.mark.parametrize(
    ("target", "old", "new"),
    [
        ("cuda", "const number t5 = fma_(neg(z), u2, u2);", "const number t5 = fma_(z, u2, u2);"),
        ("cuda", "const number c2 = 0x1.0000000000000p+1;", "const number c2 = 0x1.0000000000001p+1;"),
        ("cuda", "z_lane[lane] = t4;", "z_lane[lane] = t3;"),
        ("cuda-double-double", "fma_(z, k2, T)", "fma_(T, k2, z)"),
    ],
)
def test_a_changed_line_is_noticed(target: str, old: str, new: str) -> None:
    text = generate_source(program_for(main_case()), target)
    assert text.count(old) == 1
    assert module.source_against_descent(text) == 0
    assert module.source_against_descent(text.replace(old, new)) > 0
