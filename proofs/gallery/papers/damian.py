"""Damian, Nichani and Lee: self-stabilisation."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="damian",
    title="Self-stabilisation at the edge",
    bibkey="damian2022",
    at_hand="abstract, and the system as other work quotes it",
    loss="x^2/eta + b*x^2*v/2 - alpha*v/b",
    parameters="x,v",
    optimiser="gradient descent",
    printed=(
        Printed(
            says="Oscillation x and excess sharpness y follow x' = -(1 + eta y) x, y' = y + eta (alpha - beta x^2/2).",
            locator="Section 4, the system of self-stabilisation",
            shown_by=("damian-self-stabilisation", "damian-system"),
            how="Two exact steps on the general cubic loss; the system itself is one exact step on the loss above.",
            hidden="Over two steps, at leading order, and only if the derivatives named in the hypotheses vanish: "
            "L_ww L_xvw and L_ww L_xww among them. Single steps have further terms, which cancel.",
        ),
        Printed(
            says="The slow flow keeps an energy, so the sharpness cycles about 2/eta.",
            locator="Section 4, energy of the slow flow",
            shown_by=("damian-energy",),
            how="The derivative along the flow is 0.",
            hidden="The discrete system does not keep it: the next order raises it (see berthier, zeta = 0).",
        ),
    ),
    picture="damian",
    caption="The slow flow's closed orbits in (x, y), and an orbit of the discrete system, spiralling outwards.",
)
