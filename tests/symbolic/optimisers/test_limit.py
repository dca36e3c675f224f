"""The limit series under optimisers: gradient descent again, closed forms, planted steps, and what is refused."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import fmpq_poly

import edgestab as es
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.optimisers.slow_manifold import NumericStep, SingularSystem, manifold_rows

opt = es.optimisers
beta = es.symbol("beta")


@pytest.mark.parametrize("plain", [opt.heavy_ball(0), opt.nesterov(0), opt.averaged_gradient(0), opt.sam(0)])
def test_it_returns_to_gradient_descent(plain: opt.Optimiser) -> None:
    expected = es.models.main_case().limit_series(4).coefficients
    assert opt.derive_limit(plain, 4).coefficients == expected
    assert opt.derive_limit(plain, 1).relaxation == 8


def test_closed_forms_in_beta() -> None:
    series = opt.derive_limit(opt.heavy_ball(), 2)
    assert series.free == beta
    wanted = (2 * (1 + beta), -(1 + beta) / 2, -(1 + beta) * (27 * beta**2 - 38 * beta + 27) / (32 * (1 - beta) ** 2))
    assert all(sp.simplify(c - w) == 0 for c, w in zip(series.coefficients, wanted, strict=True))
    # a value that took no part, against the series with this number
    assert series.substitute("7/13").coefficients == opt.derive_limit(opt.heavy_ball("7/13"), 2).coefficients


def test_a_filter_and_its_named_form_have_one_limit() -> None:
    for named, filtered in (
        (opt.heavy_ball("1/3"), opt.gradient_filter((1,), (1, "-1/3"))),
        (opt.averaged_gradient("1/3"), opt.gradient_filter(("2/3",), (1, "-1/3"))),
    ):
        assert opt.derive_limit(named, 3).coefficients == opt.derive_limit(filtered, 3).coefficients


def test_a_double_multiplier_at_the_edge_is_refused() -> None:
    """With the filter g_t + g_(t-1)/3 two multipliers meet at -1: no simple flip."""
    with pytest.raises(ProofError, match="one slow direction"):
        opt.derive_limit(opt.gradient_filter((1, "1/3")), 1)


def test_the_mean_of_gradients_is_heavy_ball_with_another_step() -> None:
    mean, ball = opt.derive_limit(opt.averaged_gradient("2/5"), 3), opt.derive_limit(opt.heavy_ball("2/5"), 3)
    assert mean.coefficients == tuple(c * sp.Rational(5, 3) for c in ball.coefficients)


def test_the_curve_is_kept_by_steps_of_the_weights() -> None:
    """A twin in floating point: weights put on the curve stay on it, to the order of the series."""
    nag = opt.nesterov("1/2")
    rows = manifold_rows(nag, 5)

    def curve(z: float, eps: float) -> list[float]:
        return [
            sum(
                eps**n * float(np.polyval([float(Fraction(str(c))) for c in reversed(r.coeffs())], z))
                for n, r in enumerate(u)
            )
            for u in rows.unknown
        ]

    misses = []
    for scale in (0.04, 0.02):
        z, eps = -scale, scale**2
        T, first, second = curve(z, eps)
        squares = np.array([(T + 2 * eps * z) / (1 + eps), (T - 2 * z) / (1 + eps) / eps])
        y = np.sqrt(squares)
        # the free component is the velocity over the query, and the query is weight + beta velocity
        v = np.array([first, second]) * y
        theta = y - v / 2
        q = np.array([1, -eps])
        v = v / 2 - q * z * y
        theta = theta + v
        y = theta + v / 2
        after = (q * y**2).sum() / 2
        misses.append(max(abs((q**2 * y**2).sum() - curve(after, eps)[0]), abs(v[0] / y[0] - curve(after, eps)[1])))
    assert misses[0] < 1e-9
    assert misses[1] < misses[0] / 500


def test_a_wrong_step_has_no_such_manifold(monkeypatch: pytest.MonkeyPatch) -> None:
    right = NumericStep.of(opt.heavy_ball("1/2"))
    wrong = NumericStep(right.matrix, (right.gain[0], right.gain[1] * 2), right.query, right.ascent)
    monkeypatch.setattr(NumericStep, "of", classmethod(lambda cls, optimiser: wrong))
    with pytest.raises(ProofError, match="two-cycles"):
        manifold_rows(opt.heavy_ball("1/2"), 1)


def test_what_has_no_slow_manifold_is_refused() -> None:
    with pytest.raises(es.DomainError, match="keeps minima"):
        opt.derive_limit(opt.weight_decay("1/100"), 2)
    with pytest.raises(es.DomainError, match="at angle pi/3"):
        opt.derive_limit(opt.gradient_filter((1, 1, 1)), 2)
    with pytest.raises(es.DomainError, match="0..12"):
        opt.derive_limit(opt.heavy_ball("1/2"), 13)
    with pytest.raises(ProofError, match="slow direction"):
        SingularSystem([[fmpq_poly([0, 1])]], 5)


def test_sam_with_an_irrational_edge() -> None:
    series = opt.derive_limit(opt.sam("1/2"), 1)
    assert series.coefficients[0] == sp.sqrt(5) - 1
    h = sp.sqrt(5) - 1
    assert sp.simplify(series.coefficients[1] + 16 * h**2 / (9 * h**4 - 34 * h**3 - 4 * h**2 + 72 * h + 128)) == 0
    assert series.json()["variable"] == "epsilon"


@pytest.mark.parametrize("optimiser", [opt.heavy_ball("1/2"), opt.sam(1), opt.heavy_ball()])
def test_the_log_checks_the_series(optimiser: opt.Optimiser) -> None:
    text = opt.derive_limit(optimiser, 1).explain().text()
    assert "checked" in text


def test_the_manifold_of_gradient_descent_is_that_of_its_map() -> None:
    here = opt.derive_manifold(opt.gradient_descent(), 3).equations()[0].rhs
    assert sp.expand(here - es.models.main_case().slow_manifold(3).expression()) == 0
    with pytest.raises(es.DomainError, match="no symbols"):
        opt.derive_manifold(opt.heavy_ball(), 2)


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    from edgestab.cli import main

    with pytest.raises(SystemExit, match="0"):
        main(["derive", "limit", "--optimiser", "heavy-ball", "--beta", "1/2", "--order", "2"])
    assert "- 177/64*epsilon**2" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["derive", "limit", "--optimiser", "weight-decay", "--gamma", "1/9"])
    assert "keeps minima" in capsys.readouterr().err


def test_two_steps_return_to_gradient_descent_and_balance_on_the_manifold() -> None:
    plain = opt.derive_two_step(opt.nesterov(0))
    assert (plain.rate, plain.relaxation, plain.drift) == (2, 8, -4)
    terms = es.models.main_case().leading_terms()
    assert [abs(sp.sympify(c)) for c in (terms.rate, terms.relaxation, terms.drift)] == [2, 8, 4]
    ball = opt.derive_two_step(opt.heavy_ball())
    assert sp.simplify(ball.rate - 2 / (1 - beta)) == 0
    assert sp.simplify(ball.drift / ball.relaxation - ball.limit.coefficients[1]) == 0
    assert "checked" in ball.explain().text()


@pytest.mark.parametrize("order", [1, 2])
def test_a_manifold_keeps_no_term_beyond_its_order(order: int) -> None:
    """z has weight 1, epsilon 2."""
    weights = [i + 2 * n for i, n in es.optimisers.derive_manifold(es.optimisers.heavy_ball("1/2"), order).terms]
    assert max(weights) <= 2 * order
