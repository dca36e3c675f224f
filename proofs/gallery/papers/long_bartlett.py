"""Long and Bartlett: the edge of sharpness-aware minimisation."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="long-bartlett",
    title="The edge of sharpness-aware minimisation depends on the gradient",
    bibkey="long2023",
    at_hand="abstract; formula recalled",
    loss="lam*x^2/2",
    parameters="x",
    optimiser="SAM: the gradient a distance rho up the slope",
    printed=(
        Printed(
            says="The SAM edge is (|g|/(2 rho)) (sqrt(1 + 8 rho/(eta |g|)) - 1), below 2/eta.",
            locator="local quadratic approximation",
            shown_by=("long-bartlett-edge",),
            how="The factor of one exact step falls with the curvature and is -1 exactly there.",
            hidden="Only along the top eigenvector: with other components in g the displacement is shorter. As |g| "
            "falls "
            "so does the edge, so no curvature is stable down to g = 0.",
        ),
        Printed(
            says="Networks trained with SAM operate on this edge.",
            locator="abstract: three tasks",
            hidden="An experiment. Small networks here do so too (network-edge-sam); larger ones were not run.",
        ),
    ),
    picture="long_bartlett",
    caption="The SAM edge times eta against the length of the gradient, for three radii; plain descent at 2.",
)
