"""First order in the fourth cumulant of J."""

import numpy as np
import sympy as sp

from edgestab.numeric.initialisation.eigenvalue_motion import conditional_acceleration
from edgestab.numeric.initialisation.fourth_cumulant import derived_effect
from edgestab.numeric.initialisation.laws import InitialEnsemble
from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.wick.cumulants import acceleration_change, eigenvalue_change, fourth_derivatives
from edgestab.symbolic.wick.integration_by_parts import mean_power_sum

D, P, m1, m2, s_j = symbols("D P m_1 m_2 sigma_J")


def test_nine_terms() -> None:
    assert len(fourth_derivatives()) == 9


def test_traces_do_not_change() -> None:
    """tr K is quadratic in J, and so is the sum of all accelerations: fourth derivatives vanish."""
    for change in (eigenvalue_change(), acceleration_change()):
        assert sp.simplify(change.subs({m1: mean_power_sum(1), m2: mean_power_sum(2)})) == 0


def test_one_output_does_not_change() -> None:
    chi = {D: 1, m1: P * s_j**2, m2: P * (P + 2) * s_j**4}
    assert sp.simplify(eigenvalue_change().subs(chi)) == 0
    assert sp.simplify(acceleration_change().subs(chi)) == 0


def test_against_hermite_weights() -> None:
    """E[d^4 f / dx^4] = E[f He_4(x)] for each Gaussian entry, by plain simulation."""
    rng = np.random.default_rng(8)
    d, p, count = 2, 3, 200_000
    j = rng.standard_normal((count, d, p))
    weight = np.sum(j**4 - 6 * j**2 + 3, axis=(1, 2)) / 24
    values = np.linalg.eigvalsh(j @ j.swapaxes(1, 2))[:, ::-1].astype(np.float64)
    sums = 1 / (values[:, 0] - values[:, 1])
    second = conditional_acceleration(InitialEnsemble(d, p), values[:, 0], values.sum(axis=1), sums)
    for samples, planted in zip((values[:, 0], second), derived_effect(InitialEnsemble(d, p)), strict=True):
        table = (samples - samples.mean()) * weight
        assert abs(table.mean() - planted) < 4.42 * table.std() / np.sqrt(count)
