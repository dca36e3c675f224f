from fractions import Fraction

from edgestab.numeric.compile import compile_map
from edgestab.proofs.catalogue import theorem_1
from edgestab.proofs.claims import CheckContext, Verdict, get_claim
from edgestab.proofs.verify import run_check
from edgestab.symbolic.derivations import main_case


def test_quick_effort_passes_and_says_its_box() -> None:
    outcome = run_check(get_claim("theorem-1"), 0, CheckContext(effort="quick")).outcome
    assert outcome.verdict is Verdict.TRUE
    assert "start box" in outcome.domain
    assert outcome.digits is not None
    assert outcome.digits >= 50


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
    kernel = compile_map(main_case().one_step(), "mpfr")
    assert theorem_1.limit_eigenvalue(kernel, Fraction(5), Fraction(9), Fraction(1, 5), 20) is None
