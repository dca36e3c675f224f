"""Energies of slow flows: short ones in closed form, the others as an exact integral."""

from __future__ import annotations

import sympy as sp

import edgestab as es


def test_an_energy_over_a_cubic_factor_stays_an_integral_and_is_conserved() -> None:
    model = es.GradientDescent("((x*y)^2 + 1)^2/4", "x,y")
    flow = model.study({"p": "x*y", "q": "x^2 + y^2"}, at={"p": 0}).flow
    assert flow.energy.has(sp.Integral)
    slope = sp.diff(flow.energy, flow.z) * flow.y * flow.rate + sp.diff(flow.energy, flow.y) * flow.force
    assert sp.cancel(sp.together(slope)) == 0
