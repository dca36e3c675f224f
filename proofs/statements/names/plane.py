"""Names of the plane: one step and two of the map, nullcline, slow manifold, weight norm, limit."""

from __future__ import annotations

import sympy as sp

from ...subject import Subject
from .entry import Name


def _component(index: int, steps: int = 1) -> Name:
    def value(subject: Subject) -> sp.Expr:
        return subject.map.iterate(steps).components[index]

    letter, count = "zT"[index], {1: "one gradient step", 2: "two gradient steps"}[steps]
    meaning = {
        "z": f"the rescaled residual after {count}",
        "T": f"the rescaled NTK eigenvalue after {count}",
    }[letter]
    return Name(letter + "'" * steps, meaning, "edgestab.planar.PlanarMap", value)


NAMES = (
    _component(0),
    _component(1),
    _component(0, 2),
    _component(1, 2),
    Name(
        "y''", "T'' - f(z''): the deviation from the nullcline after two gradient steps", "edgestab.planar.Recurrence"
    ),
    Name(
        "f()",
        "the two-step nullcline: the formal power series T = f(z) with f(0) = 2 on which z'' = z",
        "edgestab.planar.Nullcline",
    ),
    Name(
        "f_0()",
        "the two-step nullcline at epsilon = 0, as a function of z",
        value=lambda subject: subject.map.nullcline(1).at_zero,
    ),
    Name("T_inf", "the limit of T along the orbit; the statement includes that it exists", "edgestab.orbits.simulate"),
)
