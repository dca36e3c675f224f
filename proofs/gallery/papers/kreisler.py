"""Kreisler et al.: the sharpness that gradient flow would end at."""

from __future__ import annotations

from dataclasses import replace

from ...catalogue import get_claim
from ...catalogue.gallery_gaps import phi, phi_1
from ...statements import le
from ..entry import Entry, Printed

_DEPTH_2 = get_claim("kreisler-depth-2").statement

ENTRY = Entry(
    name="kreisler",
    title="The sharpness of the gradient-flow solution falls at every step",
    bibkey="kreisler2023",
    at_hand="abstract and introduction",
    loss="(1 - x*y*z)^2/2",
    parameters="x,y,z",
    optimiser="gradient descent",
    printed=(
        Printed(
            says="In scalar networks with the squared loss the sharpness of the gradient-flow solution decreases "
            "monotonically along gradient descent.",
            locator="abstract",
            shown_by=("kreisler-monotone", "kreisler-gap-law"),
            how="Each gap of squares is multiplied by 1 - eta^2 r^2 P^2, P the product of the other weights; where all "
            "gaps shrink in their order, Chebyshev's sum identity gives the fall.",
            hidden="A region: eta |r P| <= 1 for each pair of weights. The abstract names none. Depths 2 to 6 are "
            "shown.",
        ),
        Printed(
            says="The same at depth 2, as the sentence reads with nothing assumed of the step.",
            locator="abstract, read without a hypothesis",
            statement=replace(_DEPTH_2, conclusion=(le(phi_1, phi),)),
            refuted_by=("kreisler-depth-2",),
            how="At depth 2 it falls if and only if eta |r| <= sqrt 2; x = 3, y = 1, eta = 1 has eta r = 2, and it "
            "rises.",
            hidden="So some hypothesis on step size and residual cannot be dropped.",
        ),
    ),
    picture="kreisler",
    caption="Depth 3 at eta = 0.33: the loss jumps, the sharpness oscillates about the edge, and the sharpness of the "
    "gradient-flow solution falls at each step.",
)
