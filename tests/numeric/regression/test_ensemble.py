from dataclasses import replace

import numpy as np
import pytest

import edgestab as es

LAWS = [(e, c) for e in ("gaussian", "rademacher", "uniform", "student") for c in ("goe", "iid", "symmetrised")]


@pytest.mark.parametrize(("entries", "curvature"), LAWS)
def test_second_moments(entries: str, curvature: str) -> None:
    """n = 24 * 24 * 25 / 2 off-diagonal entries; the variance of a square is at most 8 (Student, 5 degrees)."""
    law = es.regression.RegressionEnsemble(24, 25, 2.0, 3.0, 0.5, entries, curvature)  # type: ignore[arg-type]
    state = law.sample(11)
    assert (state.Q.transpose(0, 2, 1) == state.Q).all()
    above = state.Q[:, *np.triu_indices(25, 1)] / 0.5
    assert abs(np.mean(above**2) - 1) < 4 * np.sqrt(8 / above.size)
    assert abs(np.mean(above)) < 4 / np.sqrt(above.size)
    diagonal = state.Q[:, range(25), range(25)] / 0.5
    expected = 1.0 if curvature == "iid" else 2.0
    assert abs(np.mean(diagonal**2) / expected - 1) < 4 * np.sqrt(8 / diagonal.size)
    assert abs(np.mean(state.J**2) / 9 - 1) < 4 * np.sqrt(8 / state.J.size)


def test_correlation_of_residual_and_jacobian() -> None:
    law = es.regression.RegressionEnsemble(400, 20, correlation=0.6)
    state = law.sample(5)
    z, jacobian = state.z, state.J
    assert abs(np.mean(z[:, None] * jacobian) / np.mean(z**2) - 0.6) < 4 * 0.8 / np.sqrt(jacobian.size)
    assert abs(np.mean(jacobian**2) - (0.36 * np.mean(z**2) + 0.64)) < 0.1


def test_scale_changes_the_residual_alone() -> None:
    law = es.regression.RegressionEnsemble.normalised(3, 5)
    small, large = law.sample(2, 7), replace(law, sigma_z=4.0).sample(2, 7)
    assert (large.z == 4 * small.z).all()
    assert (large.J == small.J).all()
    assert not (law.sample(2, 8).z == small.z).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3), "outputs as an integer of at least 1; got 0"),
        ((2, -1), "parameters as an integer of at least 1"),
        ((2, 3, float("nan")), "sigma_z as a finite number above 0"),
        ((2, 3, 1.0, -1.0), "sigma_J"),
        ((2, 3, 1.0, 1.0, 1.0, "cauchy"), "entries as one of gaussian"),
        ((2, 3, 1.0, 1.0, 1.0, "gaussian", "wigner"), "curvature as one of goe"),
        ((2, 3, 1.0, 1.0, 1.0, "gaussian", "goe", 1.5), r"correlation in \[-1, 1\]"),
    ],
)
def test_bad_ensembles_are_refused(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(es.DomainError, match=message):
        es.regression.RegressionEnsemble(*arguments)  # type: ignore[arg-type]
