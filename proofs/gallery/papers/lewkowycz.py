"""Lewkowycz et al.: a linear network of one hidden layer and the catapult."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="lewkowycz",
    title="The catapult of a linear network",
    bibkey="lewkowycz2020",
    at_hand="update equations and phases, as other work quotes them",
    loss="(u_1*v_1 + u_2*v_2)^2/(2*n)",
    parameters="u_1,u_2,v_1,v_2",
    optimiser="gradient descent",
    printed=(
        Printed(
            says="f' = f (1 - eta lambda + eta^2 f^2/n), lambda' = lambda + (eta f^2/n)(eta lambda - 4).",
            locator="update equations of f and lambda",
            shown_by=("lewkowycz-recurrences",),
            how="Both sides as polynomials in the weights.",
        ),
        Printed(
            says="After a catapult the curvature is lower, with no value that it tends to.",
            locator="catapult phase, 2 < eta lambda < 4",
            shown_by=("lewkowycz-not-concentrated",),
            how="No small parameter is left in the exact map, so nothing brings orbits to one height.",
            hidden="Every term that moves lambda has the factor (eta lambda - 4): between 2 and 4 it can only fall.",
        ),
    ),
    picture="lewkowycz",
    caption="The catapult from three heights: the output grows, lambda falls below the edge, and where it stops "
    "depends on "
    "the start.",
)
