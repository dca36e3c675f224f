from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
import sympy as sp

from edgestab.numeric.codegen.compile import compile_map
from edgestab.proofs.catalogue import get_claim, theorem_1
from edgestab.proofs.claims import CheckContext, Level, Verdict
from edgestab.proofs.statements import Range, Reading
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
    assert outcome.figure or level is Level.PROVED


def test_the_claim_states_the_windows_that_the_kernel_proves() -> None:
    """Independent literals: those of the Coq theorem."""
    coq = (Path(theorem_1.__file__).parents[1] / "coq" / "Theorem1.v").read_text(encoding="utf-8")
    assert "-27/100 < h0 * f e q < -1/5 /\\ 43/20 < h0 * e * norm2 q < 9/4" in coq
    windows, top = theorem_1.start_windows(Reading(get_claim("theorem-1").statement))
    assert windows[0] == (Fraction(-27, 100), Fraction(-1, 5))
    assert windows[1] == (Fraction(43, 20), Fraction(9, 4))
    assert (windows[2][1], top) == (Fraction(51, 50), Fraction(1, 5))
    assert windows[:2] == (theorem_1.Z_RANGE, theorem_1.V_RANGE)


def test_samples_lie_inside_the_box_and_are_reproducible() -> None:
    windows = ((Fraction(-27, 100), Fraction(-1, 5)), (Fraction(43, 20), Fraction(9, 4)))
    samples = theorem_1.box_samples(windows, 40, 7)
    assert len(samples) == 40
    assert samples == theorem_1.box_samples(windows, 40, 7)
    for point in samples:
        assert all(low < x < high for x, (low, high) in zip(point, windows, strict=True))
    # the first four stand next to the corners
    assert {(x > Fraction(-6, 25), y > Fraction(11, 5)) for x, y in samples[:4]} == set(
        product((False, True), repeat=2)
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (sp.Rational(-27, 100), sp.Rational(-1, 2)),
        (sp.Rational(9, 4), sp.Rational(5, 2)),
        (sp.Rational(51, 50), sp.Rational(11, 10)),
    ],
)
def test_the_enclosure_notices_a_wider_window_by_itself(old: sp.Rational, new: sp.Rational) -> None:
    claim = get_claim("theorem-1")
    wider = replace(claim.statement, given=tuple(h.xreplace({old: new}) for h in claim.statement.given))
    assert wider != claim.statement
    index = next(k for k, check in enumerate(claim.checks) if check.level is Level.ENCLOSED)
    outcome = run_check(replace(claim, statement=wider), index, CheckContext(effort="quick")).outcome
    assert outcome.verdict is Verdict.FALSE
    assert outcome.counterexample


def test_the_enclosure_notices_epsilon_zero() -> None:
    """There the edge has no width: states above it stay on two-cycles."""
    claim = get_claim("theorem-1")
    first, *rest = claim.statement.over
    closed = replace(claim.statement, over=(Range(first.symbol, sp.Interval(0, first.domain.end)), *rest))
    index = next(k for k, check in enumerate(claim.checks) if check.level is Level.ENCLOSED)
    outcome = run_check(replace(claim, statement=closed), index, CheckContext(effort="quick")).outcome
    assert outcome.verdict is Verdict.UNKNOWN
    assert "0 < epsilon" in outcome.detail


def test_eigenvalue_from_the_weight_norm() -> None:
    z, V, eps = Fraction(-1, 4), Fraction(11, 5), Fraction(1, 7)
    assert theorem_1.eigenvalue(z, V, eps) == V + 2 * (1 - eps) * z


def test_a_diverging_start_has_no_limit() -> None:
    kernel = compile_map(main_case(), "mpfr")
    assert theorem_1.limit_eigenvalue(kernel, Fraction(5), Fraction(9), Fraction(1, 5), 20) is None
