"""Agarwala and Dauphin: sharpness-aware minimisation on the quadratic model."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="agarwala-dauphin",
    title="Sharpness-aware minimisation lowers the edge of the quadratic model",
    bibkey="dauphin2023",
    at_hand="abstract",
    loss="(x^2 - epsilon*y^2)^2/8",
    parameters="x,y",
    optimiser="SAM without normalisation: the gradient at theta + rho grad L",
    printed=(
        Printed(
            says="SAM induces an edge of stability at a curvature that step size and radius determine.",
            locator="abstract",
            shown_by=("agarwala-dauphin-edge", "sam-edge"),
            how="One exact step on the main model, to first order in the residual: z' = z (1 - eta lambda (1 + rho "
            "lambda)).",
            hidden="Without normalisation. The edge, as `es.optimisers.derive_edge` of SAM finds it too, "
            "is (sqrt(1 + 8 rho/eta) - 1)/(2 rho), on minima "
            "as well as near them.",
        ),
        Printed(
            says="Practical models also show this stabilisation.",
            locator="abstract",
            hidden="An experiment. Small networks here do so too (network-edge-sam); larger ones were not run.",
        ),
    ),
    picture="agarwala_dauphin",
    caption="NTK eigenvalue of the main model (epsilon = 1/10, eta = 1) with SAM of three radii: each orbit comes "
    "down to its "
    "own edge (dotted).",
)
