import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.regression.sharpening import SharpeningCurve, exact_second, measure_sharpening

LAW = es.regression.RegressionEnsemble.normalised(8, 24, 1.0)


@pytest.fixture(scope="module")
def curve() -> SharpeningCurve:
    return measure_sharpening(LAW, 12, 3)


def test_rise_is_the_mean_over_both_signs(curve: SharpeningCurve) -> None:
    place, tops, ends = 40, [], []
    for index in range(12):
        state = LAW.sample(3, index)
        tops.append(np.linalg.norm(state.J, 2) ** 2)
        for sign in (1.0, -1.0):
            flow = es.regression.integrate_regression_flow(state.scaled_residual(sign), times=curve.times[: place + 1])
            ends.append(np.linalg.norm(flow.final.J, 2) ** 2)
    assert curve.start == pytest.approx(np.mean(tops))
    plain = curve.displacement[place] + curve.displacement_gap[place]
    assert plain == pytest.approx(np.mean(ends) / np.mean(tops) - 1, rel=1e-5)
    assert abs(curve.rise[place] - plain) < 3 * curve.rise_error[place]  # what the control variate moves


def test_all_predictions_agree_with_the_rise_at_their_times(curve: SharpeningCurve) -> None:
    """Fixed seeds: the closed curves meet at short times up to 1/D, the displacement law stays to the end."""
    assert curve.short_time[0] == pytest.approx(curve.rise[0], rel=0.05)
    assert curve.exact_second is not None
    assert abs(curve.second - curve.exact_second) < 5 * curve.second_error
    assert curve.rise_error[0] < 0.05 * curve.rise[0] < 0.2 * curve.rise_error[-1]
    assert curve.fixed_kernel[0] == pytest.approx(curve.displacement[0], rel=0.3)
    assert abs(curve.displacement[-1] / curve.rise[-1] - 1) < 0.25
    assert curve.short_time[-1] > 100 * curve.rise[-1]
    assert curve.range_of(curve.rise) == curve.times[-1]
    assert 0 < curve.range_of(curve.short_time) < 1
    assert curve.large_size_second == pytest.approx(1.0)
    assert curve.energy_error < 1e-7


def test_the_fixed_kernel_is_exact_when_the_residual_is_small() -> None:
    """sigma_z -> 0: displacement under the frozen kernel, against the flow itself."""
    law = es.regression.RegressionEnsemble.normalised(6, 12, 1e-3)
    small = measure_sharpening(law, 20, 5, np.array([0.1, 1.0, 10.0]))
    error = 4 * np.sqrt(2 / (6 * 20))  # |z|^2 has relative spread sqrt(2/D) a sample
    assert np.abs(small.fixed_kernel / small.displacement - 1).max() < 2 * error


def test_no_closed_form_without_gaussian_independent_entries() -> None:
    for changes in ({"entries": "uniform"}, {"curvature": "iid"}, {"correlation": 0.5}):
        assert exact_second(es.regression.RegressionEnsemble.normalised(4, 6, **changes)) is None
    gaussian = es.regression.RegressionEnsemble.normalised(1, 3, 2.0)
    # D = 1: 2 sQ^2 sz^2 (P + E[l^2]/(E[l] sJ^2)) with l chi-squared of P degrees: P + (P + 2)
    assert exact_second(gaussian) == pytest.approx(2 / 6 * 4 * (3 + 5))


def test_refusals() -> None:
    with pytest.raises(es.DomainError, match="samples"):
        measure_sharpening(LAW, 1, 0)
