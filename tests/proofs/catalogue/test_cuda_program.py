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
    assert outcome.tested == 8  # two outputs of each number type, and of the kernel for shared parameters


@pytest.mark.parametrize(
    ("target", "old", "new", "times"),
    [
        ("cuda", "const number t5 = fma_(neg(z), u2, u2);", "const number t5 = fma_(z, u2, u2);", 2),
        ("cuda", "const number c2 = 0x1.0000000000000p+1;", "const number c2 = 0x1.0000000000001p+1;", 1),
        ("cuda", "z_lane[lane] = t4;", "z_lane[lane] = t3;", 2),
        ("cuda", "const number k2 = given.k2;", "const number k2 = given.k1;", 1),
        ("cuda-double-double", "fma_(z, k2, T)", "fma_(T, k2, z)", 1),
    ],
)
def test_a_changed_line_is_noticed(target: str, old: str, new: str, times: int) -> None:
    """Wherever it stands: in either kernel."""
    program = program_for(main_case())
    text = generate_source(program, target)
    parts = text.split(old)
    assert len(parts) == times + 1
    assert module.source_against_descent(program, text)[1] == 0
    for at in range(1, times + 1):
        changed = old.join(parts[:at]) + new + old.join(parts[at:])
        assert module.source_against_descent(program, changed)[1] > 0
