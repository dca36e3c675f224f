"""What the claims of the gallery compute, against plain iteration that shares no formula with them."""

import math

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from edgestab.proofs.catalogue.gallery_gaps import gfs_sharpness, gfs_step
from edgestab.proofs.catalogue.gallery_root_loss import descend_root
from edgestab.proofs.catalogue.gallery_stabilisation import CLAIMS, simulate_gap
from edgestab.proofs.statements import Reading


def test_the_corrected_energy_of_berthiers_model_moves_as_stated() -> None:
    """The change over two steps in floats, less the stated one, falls like h^3."""
    (claim,) = [c for c in CLAIMS if c.id == "berthier-energy-drift"]
    stated = claim.statement.where[-2].value
    stated = Reading(claim.statement).unfolded(stated)
    order = sorted(stated.free_symbols, key=str)
    assert [str(s) for s in order] == ["X", "Y", "h", "zeta"]
    energy = sp.lambdify(order, stated, "mpmath")
    left = []
    with mp.workdps(40):
        for h in (mp.mpf(1) / 500, mp.mpf(1) / 1000):
            zeta, big, slow = mp.mpf("0.3"), mp.mpf("1.1"), mp.mpf("0.7")
            x, y = h * big, 2 + h * slow
            for _ in range(2):
                # gradient of (y + zeta x) x^2/2 - h^2 (x + y)
                x, y = x - (y * x + 3 * zeta * x * x / 2 - h * h), y - (x * x / 2 - h * h)
            change = energy(x / h, (y - 2) / h, h, zeta) - energy(big, slow, h, zeta)
            left.append(abs(change - h**2 * (2 - 9 * zeta**2) * big**2 * slow**2))
        assert math.log2(left[0] / left[1]) == pytest.approx(3, abs=0.05)


def test_the_sharpness_of_the_gradient_flow_solution_is_where_a_fine_flow_ends() -> None:
    w = np.array([1.7, 0.8, 0.4])
    squares = list(w**2)
    for _ in range(40000):
        product = w.prod()
        w = w - 1e-3 * (product - 1) * product / w
    assert gfs_sharpness(squares) == pytest.approx(float((1 / w**2).sum()), rel=2e-3)


def test_descent_on_the_root_is_gradient_descent_on_the_root() -> None:
    """A numeric gradient of sqrt(L) in place of the sign rule."""
    small, step, start = 0.3, 0.05, 1.0
    second = math.sqrt(start / (small * (1 + small)))
    weights = np.array([math.sqrt(small) * second * 1.001, second])
    expected = weights.copy()

    def root(v: np.ndarray) -> float:
        return abs(v[0] ** 2 - small * v[1] ** 2) / math.sqrt(8)

    for _ in range(3):
        slope = [(root(weights + d) - root(weights - d)) / 2e-7 for d in (np.array([1e-7, 0]), np.array([0, 1e-7]))]
        sign = math.copysign(1, expected[0] ** 2 - small * expected[1] ** 2)
        weights = weights - step * np.array(slope)
        expected = expected * (1 - sign * step / math.sqrt(2) * np.array([1, -small]))
        assert weights == pytest.approx(expected, rel=1e-6)
    assert descend_root(step, small, 400, normalised=True)[1] == pytest.approx(1 - small * 400 * step**2, abs=0.1)


def test_the_gap_is_the_moment_identity_on_long_runs() -> None:
    gap, identity = simulate_gap(0.01, 10, (6000, 100), 20230724)
    assert gap == pytest.approx(identity, rel=0.05)


def test_a_step_of_the_product_of_weights_is_gradient_descent() -> None:
    weights = [0.7, 1.3, 1.9]
    places = sp.symbols("w_1:4")
    loss = (sp.Mul(*places) - 1) ** 2 / 2
    at = dict(zip(places, weights, strict=True))
    wanted = [w - 0.05 * float(sp.diff(loss, p).subs(at)) for w, p in zip(weights, places, strict=True)]
    assert gfs_step(weights, 0.05) == pytest.approx(wanted, rel=1e-14)
