"""The semidefinite complementarity problem against its own conditions, a closed form, and a case without solution."""

import numpy as np
import pytest

from edgestab.numeric.networks.predictions.complementarity import (
    pairs,
    solve_complementarity,
    to_matrix,
    to_vector,
)

RNG = np.random.default_rng(3)


def test_random_problems_meet_the_conditions() -> None:
    ranks = set()
    for _ in range(100):
        k = int(RNG.integers(1, 5))
        m = k * (k + 1) // 2
        root = RNG.standard_normal((m, m + 1))
        response, drive = root @ root.T, RNG.standard_normal((k, k))
        drive = drive + drive.T
        found = solve_complementarity(drive, response)
        x, scale = found.covariance, np.abs(drive).max()
        slack = to_matrix(response @ to_vector(x) - to_vector(drive), k)
        assert found.residual < 1e-7
        assert np.linalg.eigvalsh(x)[0] > -1e-12 * scale
        assert np.linalg.eigvalsh(slack)[0] > -1e-6 * scale
        assert abs(np.sum(x * slack)) < 1e-6 * scale
        ranks.add((k, int(np.sum(np.linalg.eigvalsh(x) > 1e-8))))
    # the sample has all kinds: nothing, some, and every direction oscillating
    assert {(2, 0), (2, 1), (3, 1), (3, 2), (2, 2)} <= ranks


def test_one_and_two_independent_eigenvalues_in_closed_form() -> None:
    assert solve_complementarity(np.array([[3.0]]), np.array([[2.0]])).covariance[0, 0] == pytest.approx(1.5)
    assert solve_complementarity(np.array([[-3.0]]), np.array([[2.0]])).covariance[0, 0] == 0.0
    response = np.diag([2.0, 1.0, 4.0])
    found = solve_complementarity(np.diag([1.0, -1.0]), response)
    np.testing.assert_allclose(found.covariance, [[0.5, 0.0], [0.0, 0.0]], atol=1e-9)
    assert pairs(2) == [(0, 0), (0, 1), (1, 1)]


def test_a_rise_that_nothing_can_hold_has_a_large_residual() -> None:
    assert solve_complementarity(np.array([[1.0]]), np.zeros((1, 1))).residual == 1.0
    singular = np.diag([0.0, 0.0, 1.0])
    assert solve_complementarity(np.diag([1.0, 1.0]), singular).residual > 1e-2
    # what falls by itself needs no response
    assert solve_complementarity(np.zeros((2, 2)), np.zeros((3, 3))).residual == 0.0
    calm = solve_complementarity(-np.eye(2), np.zeros((3, 3)))
    assert (calm.residual, np.abs(calm.covariance).max()) == (0.0, 0.0)


def test_vectors_keep_the_scalar_product() -> None:
    a, b = (m + m.T for m in RNG.standard_normal((2, 3, 3)))
    assert to_vector(a) @ to_vector(b) == pytest.approx(np.sum(a * b))
    np.testing.assert_allclose(to_matrix(to_vector(a), 3), a)
