"""Axes are read exactly, grids refuse what they cannot run, lanes follow C order."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgestab.numeric.sweeps.grid import SweepGrid, geomspace, linspace, make_sweep_grid, parse_axis
from edgestab.symbolic.algebra.errors import DomainError


@given(
    st.fractions(min_value=-5, max_value=5, max_denominator=999),
    st.fractions(min_value=-5, max_value=5, max_denominator=999),
    st.integers(min_value=2, max_value=40),
)
def test_equal_steps_are_correctly_rounded(first: Fraction, last: Fraction, count: int) -> None:
    values = linspace(first, last, count)
    for i, value in enumerate(values):
        exact = first + (last - first) * i / (count - 1)
        other = min(abs(Fraction(float(np.nextafter(value, to))) - exact) for to in (-np.inf, np.inf))
        assert abs(Fraction(float(value)) - exact) <= other


def test_equal_ratios_keep_their_ends() -> None:
    values = geomspace("1e-4", "1/10", 31)
    assert (values[0], values[-1]) == (1e-4, 0.1)
    assert np.allclose(np.diff(np.log(values)), np.log(1000) / 30, rtol=1e-12)
    assert np.all(geomspace(-2, "-0.5", 5) < 0)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1", [0.1]),
        ("1/4, 1e-3", [0.25, 1e-3]),
        ("0:1:3", [0, 0.5, 1]),
        ("-1:-1:1", [-1]),
        ("1:100:3:log", [1, 10, 100]),
    ],
)
def test_axes_are_read(text: str, values: list[float]) -> None:
    assert np.allclose(parse_axis(text), values, rtol=1e-15, atol=0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "0:1",
        "0:1:2:3",
        "0:1:x",
        "0:1:0",
        "0:1:1e9",
        "0:1:99999999",
        "0:1:5:log",
        "nan",
        "inf",
        "1e400",
        "1e999999999",
        "1,,2",
    ],
)
def test_axes_that_are_none(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        parse_axis(text)
    assert "\n" not in str(caught.value)


def test_lanes_follow_c_order() -> None:
    grid = make_sweep_grid(epsilon=[0.1, 0.2], z=[1, 2, 3], T=[5, 6])
    assert grid.shape == (2, 3, 2)
    everything = grid.lanes(0, grid.size)
    assert everything["epsilon"].reshape(grid.shape)[1, 2, 0] == 0.2
    assert everything["z"].reshape(grid.shape)[1, 2, 0] == 3
    assert everything["T"].reshape(grid.shape)[0, 2, 1] == 6
    parts = [grid.lanes(i, min(i + 5, grid.size)) for i in range(0, grid.size, 5)]
    for name, values in everything.items():
        assert np.array_equal(np.concatenate([p[name] for p in parts]), values)


def test_points_stand_side_by_side() -> None:
    grid = make_sweep_grid(epsilon=[0.1, 0.2], z=[1, 2], T=[5, 6], layout="points")
    assert (grid.shape, grid.size) == ((2,), 2)
    assert grid.lanes(1, 2) == {"epsilon": 0.2, "z": 2, "T": 6}


def test_digests_tell_grids_apart() -> None:
    base = make_sweep_grid(epsilon=0.1, z=[1, 2], T=2)
    assert base == make_sweep_grid(epsilon="1/10", z="1,2", T=[2.0])
    assert hash(base) == hash(make_sweep_grid(epsilon="1/10", z="1,2", T=[2.0]))
    assert base != make_sweep_grid(epsilon=0.1, z=[1, 3], T=2)
    assert base != make_sweep_grid(epsilon=0.1, z=[1, 2], T=[2, 2])


@pytest.mark.parametrize(
    "axes",
    [
        {"epsilon": 0.1},
        {"epsilon": 0.1, "z": 1},
        {"epsilon": 0.1, "z": 1, "T": 2, "eta": 1},
        {"epsilon": 0.1, "theta_1": 1, "theta_2": 1},
        {"epsilon": 0, "z": 1, "T": 2},
        {"epsilon": [0.5, 1], "z": 1, "T": 2},
        {"epsilon": -0.1, "z": 1, "T": 2},
        {"epsilon": 0.1, "theta_1": 1, "theta_2": 1, "eta": 0},
        {"epsilon": 0.1, "z": [], "T": 2},
        {"epsilon": 0.1, "z": np.array([np.nan]), "T": 2},
        {"epsilon": 0.1, "z": [1, float("inf")], "T": 2},
        {"epsilon": [0.1, 0.2], "z": [1, 2, 3], "T": [1, 2], "layout": "points"},
        {"epsilon": 0.1, "z": np.zeros(10**5), "T": np.zeros(10**5)},
    ],
)
def test_grids_that_cannot_run(axes: dict[str, object]) -> None:
    with pytest.raises(DomainError) as caught:
        make_sweep_grid(**axes)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_an_offending_value_is_named() -> None:
    with pytest.raises(DomainError, match=r"epsilon in \(0, 1\); got 1.5 at index 1"):
        make_sweep_grid(epsilon=[0.5, 1.5], z=1, T=2)


def test_json_tells_the_ranges() -> None:
    content = make_sweep_grid(epsilon="1e-3:0.1:5:log", z=0.5, T=2).to_json()
    assert content["axes"]["epsilon"] == {"count": 5, "first": 0.001, "last": 0.1}
    assert content["shape"] == [5, 1, 1]
    assert isinstance(SweepGrid, type)
