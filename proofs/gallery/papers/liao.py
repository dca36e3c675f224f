"""Liao, Kolomvaki and Kyrillidis: self-stabilisation with noise."""

from __future__ import annotations

from dataclasses import replace

from ....symbolic.models.own_loss.stabilisation import alpha, beta
from ...catalogue import get_claim
from ...catalogue.gallery_stabilisation import E, eta, sigma, y
from ...statements import eq
from ..entry import Entry, Printed

_LAW = get_claim("liao-gap-identity").statement

ENTRY = Entry(
    name="liao",
    title="The sharpness gap of noisy descent has an offset that does not vanish with the noise",
    bibkey="liao2026",
    at_hand="abstract",
    loss="x^2/eta + b*x^2*v/2 - alpha*v/b",
    parameters="x,v",
    optimiser="gradient descent with noise eta sigma xi along the top eigenvector",
    printed=(
        Printed(
            says="In equilibrium the sharpness gap is eta beta sigma^2/(4 alpha).",
            locator="abstract",
            statement=replace(_LAW, conclusion=(eq(-E(y), eta * beta * sigma**2 / (4 * alpha)),)),
            refuted_by=("liao-gap-exceeds", "liao-gap-identity"),
            how="Three stationary moments give the gap exactly: eta beta/(4 alpha) times sigma^2 + (beta/2) Var x^2 + "
            "E[x^2 y^2]. The printed gap is the first term.",
            hidden="Of the paper's hypotheses only the abstract was at hand. As an equality it needs x^2 constant and "
            "x y = 0; to leading order it needs beta sigma^2 large against alpha^2.",
        ),
        Printed(
            says="To leading order, at large noise, the same.",
            locator="abstract, read as a leading order",
            shown_by=("liao-gap-measured",),
            how="Runs with fixed seed: within a few per cent at sigma = 10 (alpha = beta = 1), off by more than half "
            "at 3.",
            hidden="In the limit of small eta sqrt(alpha) at fixed eta beta sigma^2/alpha^(3/2) the other two terms "
            "are "
            "relatively small.",
        ),
        Printed(
            says="Without noise the formula recovers gradient descent, whose gap is 0.",
            locator="abstract: recovers GD when the batch equals the full dataset",
            statement=replace(
                _LAW,
                conclusion=(eq(-E(y), 0),),
                given=(*_LAW.given, eq(sigma, 0)),
                over=tuple(r for r in _LAW.over if r.symbol != sigma),
            ),
            refuted_by=("liao-no-noise-cycle", "liao-gap-identity"),
            how="Gap 0 belongs to the two-cycle alone, which repels (determinant (1 + 2 alpha eta^2)^2 > 1); by the "
            "identity every other bounded orbit has a positive mean gap.",
            hidden="The deterministic offset (eta beta/(4 alpha)) ((beta/2) Var x^2 + E[x^2 y^2]).",
        ),
    ),
    picture="liao",
    caption="Mean gap over the printed gap against the noise (alpha = beta = 1, eta = 1/100): dots are runs, the "
    "line is the "
    "exact identity from the same runs' moments.",
)
