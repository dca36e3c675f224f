"""Grids of starts: products of named axes, or lists of points.

Axis values are read exactly and rounded to double once, on the machine that builds the grid, so that every
worker of a sweep sees the same bits. A lane (one trajectory) is numbered by its flat index in C order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...symbolic.algebra.errors import DomainError

Floats = NDArray[np.float64]
Number = int | float | str | Fraction
Axis = Number | Sequence[Number] | Floats
#: The two ways to give a start: in rescaled units, or as parameters of the model and a step size.
START_NAMES = (("z", "T"), ("theta_1", "theta_2", "eta"))
#: A grid is refused above this many trajectories: its results alone would take 40 GB.
MAX_LANES = 10**9
MAX_AXIS = 10**7


def _read(value: Number, where: str) -> Fraction:
    """An exact rational that a double can hold."""
    # an exponent of many digits would take the machine with it before any range check
    if not isinstance(value, str) or re.fullmatch(r"[^eE]{1,400}([eE][+-]?\d{1,3})?", value.strip()):
        try:
            exact = Fraction(value)
            float(exact)
        except (ValueError, TypeError, OverflowError, ZeroDivisionError):
            pass
        else:
            return exact
    raise DomainError.of(where, "a rational or decimal number", value, "Write it as 0.25, 1e-3 or 1/4.")


def linspace(start: Number, stop: Number, count: int) -> Floats:
    """Return ``count`` equally spaced values from ``start`` to ``stop`` inclusive, each correctly rounded.

    Raises:
        DomainError: For a bound that is no finite number or a count below 1.
    """
    first, last = _read(start, "linspace()"), _read(stop, "linspace()")
    _check_count(count, "linspace()")
    if count == 1:
        return np.array([float(first)])
    return np.array([float(first + (last - first) * i / (count - 1)) for i in range(count)])


def geomspace(start: Number, stop: Number, count: int) -> Floats:
    """Return ``count`` values from ``start`` to ``stop`` inclusive with a constant ratio.

    The end values are correctly rounded, those between are within a few units in the last place.

    Raises:
        DomainError: For bounds that are not of one sign and non-zero, or a count below 1.
    """
    first, last = _read(start, "geomspace()"), _read(stop, "geomspace()")
    _check_count(count, "geomspace()")
    if first * last <= 0:
        raise DomainError.of(
            "geomspace()", "two bounds of one sign, not zero", f"{start} and {stop}", "Use equal steps: leave out :log."
        )
    values = np.geomspace(float(first), float(last), count)
    values[0] = float(first)
    if count > 1:
        values[-1] = float(last)
    return values


def _check_count(count: int, where: str) -> None:
    if not 1 <= count <= MAX_AXIS:
        raise DomainError.of(where, f"a count in 1..{MAX_AXIS}", count, "Give a smaller axis.")


def parse_axis(text: str, name: str = "axis") -> Floats:
    """Read an axis: ``0.1`` (one value), ``a,b,c`` (a list), ``a:b:n`` (equal steps), ``a:b:n:log`` (equal ratios).

    Raises:
        DomainError: If the text is none of these.
    """
    parts = text.split(":")
    if len(parts) == 1:
        return np.array([float(_read(item.strip(), name)) for item in text.split(",")])
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] != "log"):
        raise DomainError.of(
            name, "VALUE, A,B,C, START:STOP:COUNT or START:STOP:COUNT:log", text, "For instance 1e-4:0.1:200:log."
        )
    try:
        count = int(parts[2])
    except ValueError as error:
        raise DomainError.of(name, "a whole number as COUNT", text, "For instance 0:1:101.") from error
    return (geomspace if len(parts) == 4 else linspace)(parts[0], parts[1], count)


@dataclass(frozen=True, eq=False)
class SweepGrid:
    """Starts of a sweep.

    Attributes:
        axes: Values by name: ``epsilon`` and either ``z``, ``T`` or ``theta_1``, ``theta_2``, ``eta``.
        layout: ``"product"`` (every combination, in the order of ``axes``) or ``"points"`` (the axes side by side).

    Source:
        Derived here.

    Example:
        >>> grid = es.sweeps.make_sweep_grid(epsilon="0.01,0.1", z="-0.3:0.3:2", T=2)
        >>> grid.shape, grid.size, grid.layout
        ((2, 2, 1), 4, 'product')
    """

    axes: Mapping[str, Floats]
    layout: Literal["product", "points"] = "product"

    def __post_init__(self) -> None:
        names = set(self.axes) - {"epsilon"}
        if "epsilon" not in self.axes or not any(names == set(start) for start in START_NAMES):
            raise DomainError.of(
                "SweepGrid()",
                "epsilon with z and T, or with theta_1, theta_2 and eta",
                ", ".join(self.axes) or "nothing",
                "Give every axis of one of the two kinds of start.",
            )
        for name, values in self.axes.items():
            if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values)):
                raise DomainError.of(
                    "SweepGrid()",
                    f"a non-empty list of finite numbers for {name}",
                    values.tolist(),
                    "Remove empty, infinite and undefined entries.",
                )
        for name in ("epsilon", "eta"):
            self._check_range(name)
        if self.layout == "points" and len({v.size for v in self.axes.values()}) != 1:
            raise DomainError.of(
                "SweepGrid()",
                "axes of one length for a list of points",
                ", ".join(f"{k}: {v.size}" for k, v in self.axes.items()),
                'Use layout="product" for every combination.',
            )
        if self.size > MAX_LANES:
            raise DomainError.of("SweepGrid()", f"at most {MAX_LANES} trajectories", self.size, "Split the grid.")

    def _check_range(self, name: str) -> None:
        if name not in self.axes:
            return
        upper = 1.0 if name == "epsilon" else np.inf
        bad = np.flatnonzero(~((self.axes[name] > 0) & (self.axes[name] < upper)))
        if bad.size:
            interval = "(0, 1)" if name == "epsilon" else "(0, inf)"
            raise DomainError.of(
                "SweepGrid()",
                f"{name} in {interval}",
                f"{self.axes[name][bad[0]]} at index {bad[0]}",
                "Filter the axis.",
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every result: the lengths of the axes, or the number of points."""
        sizes = tuple(int(values.size) for values in self.axes.values())
        return sizes if self.layout == "product" else sizes[:1]

    @property
    def size(self) -> int:
        """Number of trajectories."""
        return prod(self.shape)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of names, layout and values: two grids are equal when their digests are."""
        state = hashlib.sha256(self.layout.encode())
        for name, values in self.axes.items():
            state.update(f"|{name}:{values.size}|".encode())
            state.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
        return state.hexdigest()

    def __eq__(self, other: object) -> bool:
        """Equality of names, layout and values."""
        return isinstance(other, SweepGrid) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def lanes(self, start: int, stop: int) -> dict[str, Floats]:
        """Return the axis values of lanes ``start`` to ``stop - 1``, by name."""
        flat = np.arange(start, stop)
        if self.layout == "points":
            return {name: values[flat] for name, values in self.axes.items()}
        indices = np.unravel_index(flat, self.shape)
        return {name: values[index] for (name, values), index in zip(self.axes.items(), indices, strict=True)}

    def to_json(self) -> dict[str, Any]:
        """Return layout, shape, digest and the range of every axis, as plain data."""
        axes = {
            name: {"count": int(v.size), "first": float(v[0]), "last": float(v[-1])} for name, v in self.axes.items()
        }
        return {"layout": self.layout, "shape": list(self.shape), "digest": self.digest, "axes": axes}


def make_sweep_grid(
    *,
    epsilon: Axis,
    z: Axis | None = None,
    T: Axis | None = None,
    theta_1: Axis | None = None,
    theta_2: Axis | None = None,
    eta: Axis | None = None,
    layout: Literal["product", "points"] = "product",
) -> SweepGrid:
    """Build a grid from axes; give ``z`` and ``T``, or ``theta_1``, ``theta_2`` and ``eta``.

    An axis is one number, a list of numbers, an array, or a text that :func:`parse_axis` reads.

    Args:
        epsilon: Minus the ratio of the two eigenvalues, in (0, 1).
        z: Rescaled residual at the start.
        T: Rescaled NTK eigenvalue at the start; the edge is 2.
        theta_1: First parameter at the start (eigenvalue 1).
        theta_2: Second parameter at the start (eigenvalue ``-epsilon``).
        eta: Step size, positive.
        layout: ``"product"`` for every combination, ``"points"`` for axes side by side.

    Returns:
        The grid; its results have one dimension for each axis, in the order given here.

    Raises:
        DomainError: For values out of range, a mixture of the two starts, or unequal lengths in a list of points.

    Source:
        Derived here.

    Example:
        >>> es.sweeps.make_sweep_grid(epsilon="1e-3:0.1:5:log", z=(-0.5, 0.5), T=2).shape
        (5, 2, 1)
    """
    given = {"epsilon": epsilon, "z": z, "T": T, "theta_1": theta_1, "theta_2": theta_2, "eta": eta}
    return SweepGrid({name: _read_axis(name, axis) for name, axis in given.items() if axis is not None}, layout)


def _read_axis(name: str, axis: Axis) -> Floats:
    if isinstance(axis, str):
        return parse_axis(axis, name)
    if isinstance(axis, np.ndarray):
        return np.asarray(axis, dtype=np.float64).reshape(-1)
    if isinstance(axis, (int, float, Fraction)):
        return np.array([float(_read(axis, f"axis {name}"))])
    return np.array([float(_read(value, f"axis {name}")) for value in axis])
