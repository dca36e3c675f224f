"""Cohen, Damian, Talwalkar, Kolter and Lee: central flows."""

from __future__ import annotations

import sympy as sp

from ...catalogue.central_flow import STILL, VIBRATION, b
from ...statements import Definition, Range, Statement, eq
from ..entry import Entry, Printed

ENTRY = Entry(
    name="central-flows",
    title="A flow for the time average of training at the edge",
    bibkey="cohen2024",
    at_hand="abstract, and the flow of gradient descent as other work quotes it",
    loss="(x^2 - epsilon*y^2)^2/8",
    parameters="x,y",
    optimiser="gradient descent",
    printed=(
        Printed(
            says="On the edge gradient descent follows dw/dt = -eta [grad L + (sigma^2/2) grad S], with the one "
            "sigma^2 that keeps the sharpness S at 2/eta.",
            locator="the central flow of gradient descent, one eigenvalue at the edge",
            shown_by=("central-flow-main-case", "central-flow-source"),
            how="As a definition: on the model above the flow closes, and is a rational function of z and epsilon. "
            "That sigma^2 is the mean squared vibration is shown for a loss whose sharpness is driven.",
            hidden="The derivation, informal in its authors' own words, takes derivatives of the loss to the third. "
            "The fourth along the vibration is of the size of what is kept unless 3 L_3^2 is large against L_2 L_4.",
        ),
        Printed(
            says="Central flows predict long trajectories of generic neural networks with high numerical accuracy.",
            locator="abstract",
            hidden="An experiment on networks. A small one here is followed once its swing has set in "
            "(network-central-flow); larger ones were not run.",
        ),
        Printed(
            says="The same read for the model above: as epsilon goes to 0 the flow follows the time average.",
            locator="abstract, read for this model; the paper speaks of networks",
            statement=Statement(
                conclusion=(eq(STILL, VIBRATION),),
                over=(Range(b, sp.Interval.open(2, sp.oo)),),
                where=(Definition(b, "the slow coordinate epsilon theta_2^2 times the step size, at epsilon = 0"),),
            ),
            refuted_by=("central-flow-two-cycle", "central-flow-end", "central-flow-measured"),
            how="At epsilon = 0 two-cycles and flow are solved exactly, as functions of b: the flow has 8/9 of the "
            "squared vibration and of the speed. Orbits end below the edge, the flow on it.",
            hidden="The path is right: the flow runs along it 9/8 times as slowly. With the fourth derivative the "
            "averaged equations do follow. Where something else drives the sharpness, sigma^2 is right "
            "(central-flow-source).",
        ),
    ),
    picture="central_flows",
    caption="Squared vibration of an orbit and sigma^2 of the central flow (epsilon = 1/50): 8/9 of the rate. With the "
    "fourth derivative of the loss the averaged equations follow the orbit.",
)
