from fractions import Fraction
from pathlib import Path

import pytest

from edgestab.numeric.codegen.compile import compile_map
from edgestab.proofs.catalogue import get_claim, theorem_1
from edgestab.proofs.claims import CheckContext, Level, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.models.quadratic import main_case


@pytest.mark.parametrize("level", [Level.PROVED, Level.ENCLOSED, Level.CHECKED])
def test_each_way_passes_and_says_its_domain_or_source(level: Level) -> None:
    claim = get_claim("theorem-1")
    index = next(k for k, check in enumerate(claim.checks) if check.level is level)
    outcome = run_check(claim, index, CheckContext(effort="quick")).outcome
    assert outcome.verdict is Verdict.TRUE
    assert "epsilon" in outcome.domain or "Coq" in outcome.detail
    assert level is not Level.CHECKED or outcome.digits == 50


def test_the_claim_states_the_windows_that_the_kernel_proves() -> None:
    """Independent literals: those of the Coq theorem."""
    coq = (Path(theorem_1.__file__).parents[1] / "coq" / "Theorem1.v").read_text(encoding="utf-8")
    assert "-27/100 < h0 * f e q < -1/5 /\\ 43/20 < h0 * e * norm2 q < 9/4" in coq
    assert (Fraction(-27, 100), Fraction(-1, 5)) == theorem_1.Z_RANGE
    assert (Fraction(43, 20), Fraction(9, 4)) == theorem_1.V_RANGE
    assert (
        Fraction(51, 50),
        Fraction(12, 5),
        Fraction(1, 5),
    ) == (theorem_1.RATIO, theorem_1.OVERSHOOT, theorem_1.EPSILON_MAX)


def test_samples_lie_in_the_box_and_are_reproducible() -> None:
    samples = theorem_1.start_box_samples(40, 7)
    assert samples == theorem_1.start_box_samples(40, 7)
    for z, V in samples:
        assert theorem_1.Z_RANGE[0] <= z <= theorem_1.Z_RANGE[1]
        assert theorem_1.V_RANGE[0] <= V <= theorem_1.V_RANGE[1]


def test_eigenvalue_from_the_weight_norm() -> None:
    z, V, eps = Fraction(-1, 4), Fraction(11, 5), Fraction(1, 7)
    assert theorem_1.eigenvalue(z, V, eps) == V + 2 * (1 - eps) * z


def test_a_diverging_start_has_no_limit() -> None:
    kernel = compile_map(main_case(), "mpfr")
    assert theorem_1.limit_eigenvalue(kernel, Fraction(5), Fraction(9), Fraction(1, 5), 20) is None
