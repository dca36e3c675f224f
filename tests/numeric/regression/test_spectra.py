import mpmath
import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.regression.spectra import symmetric_spectrum


def exact_eigenvalues(matrix: list[list[int]]) -> list[float]:
    with mpmath.workdps(40):
        return sorted((float(v) for v in mpmath.eigsy(mpmath.matrix(matrix), eigvals_only=True)), reverse=True)


def test_bounds_hold_against_high_precision() -> None:
    rng = np.random.default_rng(3)
    z, jacobian = rng.integers(-4, 5, 4), rng.integers(-4, 5, (4, 6))
    half = rng.integers(-4, 5, (4, 6, 6))
    curvature = half + half.transpose(0, 2, 1)
    state = es.regression.RegressionState.checked(z.astype(float), jacobian.astype(float), curvature.astype(float))
    kernel = (jacobian @ jacobian.T).tolist()
    hessian = (jacobian.T @ jacobian + np.einsum("a,aij->ij", z, curvature)).tolist()
    for spectrum, matrix in ((state.ntk_spectrum(), kernel), (state.hessian_spectrum(), hessian)):
        error = np.abs(spectrum.values - exact_eigenvalues(matrix)).max()
        assert error <= spectrum.bound < 1e-10


def test_ntk_and_hessian_never_mix() -> None:
    state = es.regression.RegressionEnsemble.normalised(5, 8).sample(1)
    ntk, hessian = state.ntk_spectrum(), state.hessian_spectrum()
    assert (ntk.matrix, len(ntk.values)) == ("NTK", 5)
    assert (hessian.matrix, len(hessian.values)) == ("loss Hessian", 8)
    assert abs(ntk.top - hessian.top) > 1e-3
    at_minimum = state.scaled_residual(0.0)
    assert at_minimum.hessian_spectrum().top == pytest.approx(at_minimum.ntk_spectrum().top, abs=1e-12)
    assert "each within" in str(ntk)


def test_a_wrong_eigenvector_shows_in_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = np.diag([3.0, 2.0, 1.0])
    values, vectors = np.linalg.eigh(matrix)
    rotated = vectors @ np.array([[1, 1e-3, 0], [-1e-3, 1, 0], [0, 0, 1]])
    monkeypatch.setattr(np.linalg, "eigh", lambda _: (values + 0.01, rotated))
    assert symmetric_spectrum("NTK", matrix, 0.0).bound > 0.01


def test_nan_is_refused_before_the_solver() -> None:
    with pytest.raises(es.DomainError, match="diverged"):
        symmetric_spectrum("NTK", np.array([[np.nan]]), 0.0)
