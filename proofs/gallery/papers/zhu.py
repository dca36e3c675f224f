"""Zhu et al.: the degree-4 product, the paper nearest to this project."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="zhu",
    title="A product of four parameters ends just below the edge, one of two does not",
    bibkey="zhu2022",
    at_hand="abstract, and the statements that other work quotes",
    loss="(1 - x*y*z*w)^2/2",
    parameters="x,y,z,w",
    optimiser="gradient descent, starts with z = x and w = y",
    printed=(
        Printed(
            says="Over two steps the deviation from the edge relaxes while the residual oscillates.",
            locator="two-step dynamics",
            shown_by=("zhu-two-step",),
            how="Both increments from the exact twofold composition, every monomial sorted.",
            hidden="Only in the coordinates (z, y) do the two increments have this form, not in the parameters.",
        ),
        Printed(
            says="For small step sizes the final sharpness lies in (2/eta - 20 eta/3, 2/eta).",
            locator="theorem on sharpness concentration",
            shown_by=("zhu-final-sharpness",),
            how="A limit series of the sharpness, exact, and gradient descent in four parameters against it.",
            hidden="The bracket is wide: the final sharpness is 2/eta - eta/2 to leading order. Starts must be off the "
            "axis z = 0 by much more than eta.",
        ),
        Printed(
            says="With degree 2, (1 - x y)^2/2, the final sharpness does not concentrate.",
            locator="the contrast L = (1 - xy)^2/2",
            shown_by=("zhu-degree-2-end", "zhu-degree-2"),
            how="An energy that two steps keep to leading order ties the end to the start.",
            hidden="The gap at the end is eta sqrt(c^2 + 2 z_0^2), of order eta^0 in the sharpness, as a start with "
            "T = 2 + c eta and residual z_0 has it.",
        ),
    ),
    picture="zhu",
    caption="Sharpness times step size along gradient descent (eta = 1/10) from three starts. Degree 4 (solid) ends at "
    "one height, degree 2 (dashed) at a height for each start.",
)
