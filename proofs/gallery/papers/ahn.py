"""Ahn et al.: even losses of a product, and threshold neurons."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="ahn",
    title="An even loss of a product ends 3 eta/q below the edge",
    bibkey="ahn2023",
    at_hand="abstract and the caption of Figure 1; theorems on ell(x y) recalled",
    loss="log(cosh(x*y))",
    parameters="x,y",
    optimiser="gradient descent",
    printed=(
        Printed(
            says="Along descent on ell(x y) the difference y^2 - x^2 shrinks, so the final sharpness is at most that "
            "of "
            "gradient flow.",
            locator="the single-neuron model; recalled",
            shown_by=("product-loss-closes",),
            how="One exact step for any ell.",
            hidden="The factor is exactly 1 - eta^2 ell'^2: it needs |ell'| <= 1 and eta < sqrt 2, no more.",
        ),
        Printed(
            says="Beyond a threshold of the step size the final sharpness is 2/eta up to O(eta).",
            locator="edge-of-stability regime of the single-neuron model; recalled",
            shown_by=("log-cosh-final-sharpness", "ahn-limit-series"),
            how="The slow manifold for any even ell, and descent on log cosh against it.",
            hidden="The constant: 2/eta - 3 eta/q with q = -ell''''(0), ell''(0) = 1. It needs q > 0: for the "
            "squared loss, "
            "q = 0, nothing concentrates (zhu, degree 2).",
        ),
        Printed(
            says="A threshold neuron is learnt only for step sizes above 8 pi/d^2.",
            locator="caption of Figure 1",
            hidden="The d-dimensional mean model that gives this number was not at hand.",
        ),
    ),
    picture="ahn",
    caption="Final sharpness times eta against eta for starts of one difference y^2 - x^2 = 6: gradient flow's value "
    "below "
    "the threshold, 2 - 3 eta^2/2 (dotted) above it.",
)
