"""Chen et al.: five phases of a cubic map."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="chen",
    title="From stability to chaos in a cubic map",
    bibkey="chen2023",
    at_hand="abstract",
    loss="(1 - x*y)^2/2",
    parameters="x,y",
    optimiser="gradient descent, starts with x = y",
    printed=(
        Printed(
            says="Descent in quadratic regression is a cubic map with five phases: monotonic, catapult, periodic, "
            "chaotic, divergent.",
            locator="abstract",
            shown_by=("cubic-map-closes", "cubic-map-thresholds"),
            how="One step on one datum as polynomials; where each phase begins is an algebraic number.",
            hidden="In the residual r of the balanced product, w = eta r, it is w^3 + (eta - 2) w^2 + (1 - 2 eta) w.",
        ),
        Printed(
            says="The minimum loses stability at a = 1, its two-cycle at a = sqrt 5 - 1.",
            locator="phase boundaries, a the rescaled step size",
            shown_by=("cubic-map-thresholds", "cubic-map-two-cycle", "ghosh-two-cycle"),
            how="The two-cycle in closed form; its multiplier is 9 - 2 (1 + a)^2.",
            hidden="Starts are balanced. The two-cycle is first of all stable against unbalanced starts, too.",
        ),
    ),
    picture="chen",
    caption="Where 200 late steps of descent lie, against the step size: fixed point, two-cycle from 1, four-cycle "
    "from "
    "sqrt 5 - 1, chaos.",
)
