"""Arora, Li and Panigrahi: descent on the root of the loss, and normalised gradient descent."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="arora",
    title="Descent on the root of the loss follows a flow that lowers the sharpness",
    bibkey="arora2022",
    at_hand="abstract, and the two flows as other work quotes them",
    loss="(x^2 - epsilon*y^2)^2/8",
    parameters="x,y",
    optimiser="gradient descent on sqrt(L), and steps of fixed length along the gradient of L",
    printed=(
        Printed(
            says="Near the minima two steps of opposite signs shrink the weights: the oscillation lowers the "
            "sharpness.",
            locator="mechanism of the edge-of-stability phase",
            shown_by=("arora-root-loss-steps",),
            how="For the quadratic model the step is linear on each side, so any number of steps is an exact product.",
            hidden="For this model nothing is an approximation: theta'' = (1 - c^2 Q^2) theta, c = eta/sqrt 2.",
        ),
        Printed(
            says="After a first phase the iterates stay within O(eta) of the minima.",
            locator="phase II",
            shown_by=("arora-band",),
            how="The band |z| <= 2 c T is a cone in the squared weights; signs on its edges by Bernstein coefficients.",
            hidden="Explicit constants for this model: c up to 1/5, every epsilon in (0, 1), any start in the band, "
            "and no "
            "end of the phase: the weights shrink to 0 inside the band. That the first phase ends in it is not shown.",
        ),
        Printed(
            says="The limiting flows on the minima are -1/8 P grad lambda (root of the loss) and -1/4 P grad ln lambda "
            "(normalised descent), in the time n eta^2.",
            locator="limiting flows of the two theorems; constants recalled",
            shown_by=("arora-sharpness-rate",),
            how="The rate of the sharpness in the band as an exact series in the step size equals that of the flow; "
            "the "
            "next term is of order c^4, so the law is one order better than the flow promises.",
            hidden="Here both flows can be solved: lambda falls like exp(-epsilon tau/2), or by epsilon tau. For "
            "normalised descent the agreement of iteration and flow is sampled, the flow's rate is exact.",
        ),
    ),
    picture="arora",
    caption="Sharpness against slow time n eta^2 for epsilon = 1/2: descent on sqrt(L) on its exponential law, "
    "normalised "
    "descent on its straight line (dotted: the laws; eta = 1/20).",
)
