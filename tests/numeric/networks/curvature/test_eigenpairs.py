"""Outermost eigenpairs against dense twins: values, bounds that hold, bounds that say something, hard matrices."""

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.networks.curvature.bounds import ROUNDING, bound_residuals
from edgestab.numeric.networks.curvature.certificate import Lanczos, ceiling, least_component
from edgestab.numeric.runs.status import Status
from tests.numeric.networks.curvature.matrices import diagonal, of_matrix, with_spectrum

ENDS = ("largest", "smallest", "both")
TAIL = list(np.linspace(0, 4, 58))


def distances(values: np.ndarray, exact: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(values[:, None] - exact[None, :]).min(axis=1))


@pytest.mark.thorough
@pytest.mark.parametrize("of", ["hessian", "gauss_newton", "ntk"])
@pytest.mark.parametrize("ends", ENDS)
def test_a_dense_twin_agrees_and_lies_within_the_bounds(of: str, ends: str) -> None:
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")
    nodes = np.linspace(-1, 1, 8)[:, None]
    net = es.networks.fully_connected(nodes, np.cos(3 * np.arccos(nodes)), hidden=(15, 15), seed=1)
    curvature = getattr(net.at(), of)
    exact = np.linalg.eigvalsh(curvature.dense())[::-1]
    k = 3 if of != "ntk" else 2
    # a Krylov space sees one copy of the many zeros of a Gauss-Newton matrix; the certificate finds the others
    pairs = es.networks.top_eigenpairs(curvature, k, ends=ends, tolerance=1e-10, certify=True)
    wanted = {"largest": exact[:k], "smallest": exact[-k:], "both": np.r_[exact[:k], exact[-k:]]}[ends]
    np.testing.assert_allclose(pairs.values, wanted, atol=1e-8)
    assert pairs.status is Status.CONVERGED
    assert (distances(pairs.values, exact) <= pairs.bounds).all()
    assert (np.abs(pairs.values - wanted) <= pairs.paired).all()
    assert (pairs.bounds <= 1e-10 * exact[0] + pairs.rounding).all()
    np.testing.assert_allclose(pairs.vectors.T @ pairs.vectors, np.eye(len(wanted)), atol=1e-13)


def test_bounds_hold_for_rough_pairs_and_errors_are_not_silly() -> None:
    spectrum = np.r_[10.0, 7.0, 6.9, np.linspace(-2, 3, 200)]
    for seed in range(4):
        curvature = with_spectrum(spectrum, seed)
        pairs = es.networks.top_eigenpairs(curvature, 3, tolerance=1e-3, seed=seed)
        wrong = distances(pairs.values, spectrum)
        assert (wrong <= pairs.bounds).all()
        # the quadratic estimate holds too where no eigenvalue hides, and is within a factor of the error
        assert (wrong <= pairs.errors).all()
        assert (pairs.errors <= 1e3 * np.maximum(wrong, pairs.rounding)).all()
        assert (np.abs(pairs.values - spectrum[:3]) <= pairs.paired).all()


def test_a_residual_bound_is_attained() -> None:
    # for theta between two eigenvalues, x half of each, the nearest eigenvalue is as far as the bound says
    vectors = np.ones((2, 1)) / np.sqrt(2)
    found = bound_residuals(np.zeros(1), vectors, np.diag([1.0, -1.0]) @ vectors, 1.0, np.dtype(float))
    assert found.bounds[0] == pytest.approx(1, abs=1e-12)
    assert found.bounds[0] >= 1


def test_single_precision_is_judged_in_double() -> None:
    spectrum = np.r_[10.0, 9.0, np.linspace(-2, 3, 100)]
    curvature = with_spectrum(spectrum, dtype="float32")
    pairs = es.networks.top_eigenpairs(curvature, 2, tolerance=1e-4)
    assert (distances(pairs.values, spectrum) <= pairs.bounds).all()
    assert (distances(pairs.values, spectrum) < 1e-6).all()
    assert pairs.rounding < 1e-12
    assert pairs.products == curvature.products + 2
    # what float32 cannot give is not claimed
    beyond = es.networks.top_eigenpairs(curvature, 2, tolerance=1e-12)
    assert beyond.status is Status.MAX_STEPS
    assert (distances(beyond.values, spectrum) <= beyond.bounds).all()


@pytest.mark.thorough
@pytest.mark.parametrize(("hidden", "activation"), [((40, 40), "tanh"), ((20,) * 6, "gelu"), ((64, 64), "relu")])
def test_the_margin_for_rounding_covers_what_products_do(hidden: tuple[int, ...], activation: str) -> None:
    """In float32, where float64 says what was rounded."""
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")
    inputs = np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32)
    net = es.networks.fully_connected(
        inputs, np.sin(inputs[:, :2]), hidden=hidden, activation=activation, dtype="float32"
    )
    hessian = net.at().hessian
    exact = hessian.in_double()
    assert exact is not None
    top = es.networks.top_eigenpairs(exact, 1)
    vectors = np.c_[top.vectors, np.random.default_rng(1).standard_normal((net.dimension, 3))]
    vectors = (vectors / np.linalg.norm(vectors, axis=0)).astype(np.float32)
    wrong = np.linalg.norm((hessian @ vectors).astype(float) - exact @ vectors.astype(float), axis=0).max()
    unit = float(np.finfo(np.float32).eps) * top.values[0]
    assert 0 < wrong < ROUNDING * unit / 4
    # the problem's own bounds, against a tight solution in double
    pairs, tight = es.networks.top_eigenpairs(hessian, 2), es.networks.top_eigenpairs(exact, 2, tolerance=1e-11)
    assert (np.abs(pairs.values - tight.values) <= pairs.bounds).all()


def test_hard_and_small_matrices() -> None:
    top = es.networks.top_eigenpairs
    zero = top(of_matrix(np.zeros((60, 60))), 3)
    assert zero.values.tolist() == [0.0] * 3 == zero.bounds.tolist()
    assert zero.status is Status.CONVERGED
    one = top(of_matrix(np.eye(60)), 3)
    np.testing.assert_allclose(one.values, 1, atol=1e-14)
    assert top(of_matrix([[2.0]]), 1).values.tolist() == [2.0]
    two = top(of_matrix([[2.0, 1.0], [1.0, -3.0]]), 1, ends="both")
    np.testing.assert_allclose(two.values, [-0.5 + np.sqrt(7.25), -0.5 - np.sqrt(7.25)], atol=1e-14)
    negative = top(with_spectrum(-np.arange(1.0, 80)), 2, ends="smallest")
    np.testing.assert_allclose(negative.values, [-78, -79], atol=1e-8)
    cluster = 1 - 1e-6 * np.arange(400.0)
    close = top(diagonal(cluster), 2, tolerance=1e-9)
    np.testing.assert_allclose(close.values, cluster[:2], atol=1e-12)
    assert len(top(of_matrix(np.eye(5)), 5).values) == 5


def test_what_does_not_converge_says_so() -> None:
    cluster = 1 - 1e-6 * np.arange(400.0)
    pairs = es.networks.top_eigenpairs(diagonal(cluster), 2, tolerance=1e-9, most=40)
    assert pairs.status is Status.MAX_STEPS
    assert pairs.products == 40
    assert (pairs.bounds > 1e-9).any()
    assert (distances(pairs.values, cluster) <= pairs.bounds).all()


def test_arpack_takes_over() -> None:
    """More columns than a search keeps."""
    spectrum = np.r_[1.0, 0.999, np.linspace(-1, 0.998, 800)]
    pairs = es.networks.top_eigenpairs(diagonal(spectrum), 2, tolerance=1e-8, most=3000)
    assert pairs.products > 120
    assert pairs.status is Status.CONVERGED
    np.testing.assert_allclose(pairs.values, [1, 0.999], atol=1e-10)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"k": 61}, "k of at most 60"),
        ({"k": 0}, "k as an integer"),
        ({"ends": "top"}, "largest, smallest, both"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"start": es.networks.top_eigenpairs(of_matrix(np.eye(3)), 1)}, "start of size 60"),
    ],
)
def test_what_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(es.DomainError, match=words):
        es.networks.top_eigenpairs(of_matrix(np.eye(60)), **options)  # type: ignore[arg-type]


def test_products_that_are_not_finite_are_refused() -> None:
    matrix = np.eye(60)
    matrix[3, 4] = np.nan
    with pytest.raises(es.DomainError, match=r"finite products of the test.*diverged"):
        es.networks.top_eigenpairs(of_matrix(matrix), 1)


def test_a_start_saves_products() -> None:
    before, after = with_spectrum([5, 4, *TAIL[:-15]], 3), with_spectrum([5, 4, *TAIL[:-15]], 3)
    first = es.networks.top_eigenpairs(before, 2)
    again = es.networks.top_eigenpairs(after, 2, start=first)
    assert again.products == 2
    assert first.products > 10
    np.testing.assert_allclose(again.values, first.values, atol=1e-9)


def test_a_certificate_finds_the_copy_that_a_krylov_space_cannot_see() -> None:
    double = of_matrix(np.diag([5.0, 5.0, *TAIL]))
    blind = es.networks.top_eigenpairs(double, 2)
    assert blind.status is Status.CONVERGED
    np.testing.assert_allclose(blind.values, [5, 4], atol=1e-8)
    pairs = es.networks.top_eigenpairs(double, 2, certify=True)
    np.testing.assert_allclose(pairs.values, [5, 5], atol=1e-8)
    (certificate,) = pairs.certificates
    assert certificate.complete
    assert 4 <= certificate.beyond < 5 <= certificate.outermost < 5 + 1e-6


def test_certificates_at_both_ends() -> None:
    spectrum = np.r_[5.0, np.linspace(-1, 1, 100), -3.0]
    pairs = es.networks.top_eigenpairs(with_spectrum(spectrum), 1, ends="both", certify=True)
    high, low = pairs.certificates
    assert (high.end, low.end) == ("largest", "smallest")
    assert high.complete
    assert low.complete
    assert 1 <= high.beyond < 5 <= high.outermost
    assert low.outermost <= -3 < low.beyond <= -1


def test_a_ceiling_fails_no_more_often_than_it_may() -> None:
    """200 random starts at a risk of 1/10: with that risk, above 37 has a probability of 1e-4."""
    spectrum = np.r_[1.0, np.linspace(-1, 0.9, 60)]
    rng = np.random.default_rng(11)
    broken = tight = 0
    for _ in range(200):
        lanczos = Lanczos(lambda v: spectrum[:, None] * v, rng.standard_normal(61), np.zeros((61, 0)))
        for _ in range(6):
            lanczos.step()
        found = ceiling(lanczos.tridiagonal(), 61, 0.1)
        broken += found < 1
        tight += found < 1.5
    assert broken <= 37
    assert tight >= 150


def test_the_least_component_has_its_law() -> None:
    draws = np.random.default_rng(4).standard_normal((20_000, 9))
    first = np.abs(draws[:, 0]) / np.linalg.norm(draws, axis=1)
    share = float((first < least_component(9, 0.2)).mean())
    assert abs(share - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 20_000)


def test_bounds_against_ball_arithmetic() -> None:
    """The exact Hessian of a net with one hidden layer, in balls of 200 bits, at the same float64 parameters."""
    from flint import arb, arb_mat, ctx

    pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")
    width, nodes = 9, np.array([-0.75, 0.125, 0.5])
    targets = np.array([0.5, -0.25, 1.0])
    net = es.networks.fully_connected(nodes[:, None], targets[:, None], hidden=(width,), seed=3)
    rough, tight = (es.networks.top_eigenpairs(net.at().hessian, 2, tolerance=t) for t in (1e-2, 1e-14))
    before = ctx.prec
    ctx.prec = 200
    try:
        w, b, v, (c,) = (
            [arb(float(x)) for x in np.ravel(part)] for layer in net.unflatten(net.start) for part in layer
        )
        size = 3 * width + 1
        total = arb_mat(size, size)
        for x, y in zip(map(arb, nodes.tolist()), map(arb, targets.tolist()), strict=True):
            t = [(w[j] * x + b[j]).tanh() for j in range(width)]
            s = [1 - u * u for u in t]
            rest = sum((v[j] * t[j] for j in range(width)), c) - y
            slope = [*(v[j] * s[j] * x for j in range(width)), *(v[j] * s[j] for j in range(width)), *t, arb(1)]
            bend = arb_mat(size, size)
            for j in range(width):
                down = -2 * t[j] * s[j] * v[j]
                entries = {(0, 0): down * x * x, (0, 1): down * x, (1, 1): down, (0, 2): s[j] * x, (1, 2): s[j]}
                for (p, q), entry in entries.items():
                    bend[p * width + j, q * width + j] = bend[q * width + j, p * width + j] = entry
            column = arb_mat([[g] for g in slope])
            total += (column * column.transpose() + rest * bend) / 3
        for pairs in (rough, tight):
            for j, theta in enumerate(pairs.values.tolist()):
                vector = arb_mat([[arb(entry)] for entry in pairs.vectors[:, j].tolist()])
                residual = total * vector - arb(theta) * vector
                length = sum((r * r for r in residual.entries()), arb(0)).sqrt()
                length /= sum((r * r for r in vector.entries()), arb(0)).sqrt()
                assert length < arb(float(pairs.bounds[j]))
                # and it is no larger than it has to be
                assert arb(float(pairs.bounds[j])) < length * arb("1.000001") + 2 * arb(pairs.rounding)
    finally:
        ctx.prec = before
    assert rough.bounds[1] > 1e6 * tight.bounds[1]
