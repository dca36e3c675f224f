"""Pairs along a path against dense eigenvalues: one that rises from nowhere, another metric, a start that is lost."""

import numpy as np
import pytest

from edgestab.numeric.networks.point import Curvature
from edgestab.numeric.networks.predictions.leading_pairs import LeadingPairs

SIZE = 90
BASE = np.linalg.qr(np.random.default_rng(0).standard_normal((SIZE, SIZE)))[0]


class Planted:
    """A point whose Hessian is known."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.hessian = Curvature("hessian", SIZE, np.dtype(float), lambda v: matrix @ v)


class Sized:
    """All that is asked of a problem."""

    dimension = SIZE


def along(time: float) -> np.ndarray:
    """Eigenvectors that turn; the eigenvalue that is tenth at first is the largest from time 0.5 on."""
    values = np.concatenate([[5.0, 3.0, 2.0], 1.5 * 0.9 ** np.arange(SIZE - 3)])
    values[9] = 10 * time
    turn = np.linalg.qr(BASE + 0.02 * time * np.random.default_rng(1).standard_normal((SIZE, SIZE)))[0]
    return (turn * values) @ turn.T


@pytest.mark.parametrize("scaled", [False, True])
def test_values_and_vectors_along_a_path(scaled: bool) -> None:
    pairs, metric = LeadingPairs(Sized(), 3), np.ones(SIZE)  # type: ignore[arg-type]
    if scaled:
        metric = np.linspace(1.0, 3.0, SIZE)
    root, products = 1 / np.sqrt(metric), []
    for time in np.linspace(0, 1, 41):
        matrix = along(float(time))
        found = pairs.at(Planted(matrix), metric)  # type: ignore[arg-type]
        dense = np.linalg.eigvalsh(root[:, None] * matrix * root)[::-1][:3]
        np.testing.assert_allclose(found.values, dense, rtol=1e-6)
        np.testing.assert_allclose(found.vectors.T @ (metric[:, None] * found.vectors), np.eye(3), atol=1e-9)
        rest = matrix @ found.vectors - metric[:, None] * found.vectors * found.values
        assert np.abs(rest).max() < 2e-3
        products.append(found.products)
    assert np.median(products) < 0.6 * products[0]  # warm


def test_a_hessian_that_is_not_finite_is_unknown_and_the_next_is_found() -> None:
    pairs, metric = LeadingPairs(Sized(), 2), np.ones(SIZE)  # type: ignore[arg-type]
    matrix = along(0.3)
    assert np.isnan(pairs.at(Planted(matrix * np.nan), metric).values).all()  # type: ignore[arg-type]
    np.testing.assert_allclose(pairs.at(Planted(matrix), metric).values, [5.0, 3.0], rtol=1e-6)  # type: ignore[arg-type]
