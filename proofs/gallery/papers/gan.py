"""Gan: stable training at the edge as a flip bifurcation."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="gan",
    title="A flip, and the sign of its first Lyapunov coefficient",
    bibkey="gan2026",
    at_hand="abstract",
    loss="(2 + delta)*x^2/(2*eta) + f_3*x^3/6 + f_4*x^4/24",
    parameters="x",
    optimiser="gradient descent",
    printed=(
        Printed(
            says="Stable training at the edge arises from a flip in the normal direction, decided by the sign of the "
            "first Lyapunov coefficient.",
            locator="abstract",
            shown_by=("gan-flip",),
            how="Two exact steps in one normal direction, every monomial sorted.",
            hidden="The coefficient has the sign of 3 eta f_3^2 - 2 f_4, so the third derivative always helps.",
        ),
        Printed(
            says="The tangent dynamics drift toward regions of lower sharpness, and descent converges to the minima.",
            locator="abstract",
            hidden="Shown here for models with a line of minima: see zhu, ahn and theorem-1. In general it is cited.",
        ),
    ),
    picture="gan",
    caption="Two-cycles past the edge for f_3 = 0: attracting ones grow like the root of delta where f_4 < 0 "
    "(supercritical, solid); where f_4 > 0 repelling ones lie before the edge (dotted).",
)
