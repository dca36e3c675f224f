"""Berthier: the drift of the energy of self-stabilisation."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="berthier",
    title="The energy of self-stabilisation drifts, up or down",
    bibkey="berthier2026",
    at_hand="the loss and the threshold, as other work quotes them",
    loss="(y + zeta*x)*x^2/2 - epsilon*(x + y)",
    parameters="x,y",
    optimiser="gradient descent, step size 1",
    printed=(
        Printed(
            says="The drift of the energy changes sign at zeta^2 = 2/9.",
            locator="multiple-scale analysis of this loss",
            shown_by=("berthier-energy-drift",),
            how="A correction of the energy of order h = sqrt epsilon, with which two exact steps change it by "
            "h^2 (2 - 9 zeta^2) X^2 Y^2 + O(h^3).",
            hidden="The argument in print is formal; this one is not: the sign holds at every energy, for the leading "
            "term is a square. What stops a statement for all times: the remainder is uniform only where X stays away "
            "from 0, so orbits of growing energy need more.",
        ),
        Printed(
            says="At the threshold itself the drift vanishes to this order.",
            locator="a follow-up of ours at zeta^2 = 2/9; not seen in print",
            shown_by=("berthier-threshold",),
            how="With a second correction the energy is kept up to h^4, so the threshold has no shift of order h.",
            hidden="Which way the energy drifts at zeta^2 = 2/9, by order h^4, is not derived.",
        ),
    ),
    picture="berthier",
    caption="Energy of orbits with epsilon = 1/2500 against steps: it rises for zeta^2 < 2/9 and falls for zeta^2 > "
    "2/9, "
    "by as much as the sum of h^2 (2 - 9 zeta^2) X^2 Y^2 along the orbit says (dotted).",
)
