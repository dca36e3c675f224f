"""Bifurcation diagrams: orbits end on the stable branches, and leave where the phases say that they escape."""

from fractions import Fraction

import matplotlib as mpl
import numpy as np
import pytest

from edgestab.numeric.sweeps.bifurcation import bifurcation_diagram, plot_bifurcation
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.families.known import family, product_loss

mpl.use("Agg")


def test_orbits_end_on_the_exact_branches() -> None:
    found = bifurcation_diagram(family("product-3"), count=20, burn=4000, keep=2, exact=4)
    checked = 0
    for a, row in zip(found.parameters, found.states, strict=True):
        cycles = family("product-3").map.cycles(2, Fraction(float(a)))
        stable = [c for c in cycles if c.stable]
        if 2 / 3 < a < 0.8297 and abs(a - 2 / 3) > 0.01:
            assert len(stable) == 1
            assert sorted(row) == pytest.approx(sorted(float(p.mid()) for p in stable[0].points), abs=1e-9)
            checked += 1
        elif a < 0.6:
            assert row == pytest.approx([1, 1], abs=1e-9)
    assert checked >= 2


def test_the_two_cycle_of_log_cosh_is_twice_the_inverse_of_its_slope() -> None:
    found = bifurcation_diagram(product_loss("log-cosh"), count=8, burn=2000, keep=2)
    T, one, two, multiplier = found.curve.T
    assert two == pytest.approx(-one, abs=1e-9)
    assert pytest.approx(2 * one / np.tanh(one)) == T
    assert np.abs(multiplier).max() < 1
    beyond = (found.parameters > 2.2) & (found.parameters < T.max())
    ends = np.abs(found.states[beyond, 0])
    assert ends == pytest.approx(np.interp(found.parameters[beyond], T, one), abs=1e-3)


def test_the_drawing_has_solid_and_dotted_branches_and_points_behind() -> None:
    axes = plot_bifurcation(bifurcation_diagram(family("product-3"), count=5, burn=50, keep=2, exact=6))
    styles = {line.get_linestyle() for line in axes.get_lines()}
    assert {"-", ":"} <= styles
    points = [line for line in axes.get_lines() if line.get_marker() == ","]
    assert len(points) == 1
    assert points[0].get_zorder() < min(line.get_zorder() for line in axes.get_lines() if line is not points[0])
    assert [t.get_text() for t in axes.texts] == ["catapult", "two-cycle", "cascade", "divergent"]


def test_bad_counts_are_refused() -> None:
    with pytest.raises(DomainError, match="count in 2"):
        bifurcation_diagram(family("product-3"), count=1)
    with pytest.raises(DomainError, match="keep in 1"):
        bifurcation_diagram(family("product-3"), keep=0)
