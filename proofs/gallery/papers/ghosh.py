"""Ghosh et al.: deep linear networks beyond the edge."""

from __future__ import annotations

from ..entry import Entry, Printed

ENTRY = Entry(
    name="ghosh",
    title="Two-cycles of linear networks, and the balance that they restore",
    bibkey="ghosh2025",
    at_hand="abstract",
    loss="(1 - x*y)^2/2",
    parameters="x,y",
    optimiser="gradient descent",
    printed=(
        Printed(
            says="Beyond the edge the loss settles on a two-period orbit.",
            locator="abstract",
            shown_by=("ghosh-flip-at-any-depth", "ghosh-two-cycle", "balanced-two-cycles"),
            how="At any depth the balanced minimum passes its edge by a supercritical flip. At depth 2 the two-cycle "
            "has a closed form: its points have the ratio k, k + 1/k = 1 + eta.",
            hidden="One singular value. At depth 2 the cycle attracts for 1 < eta < sqrt 5 - 1 only; deeper, just "
            "beyond the edge is all that is shown.",
        ),
        Printed(
            says="The balancing gap, which gradient flow keeps, decays monotonically to zero beyond the edge.",
            locator="abstract",
            shown_by=("kreisler-gap-law", "ghosh-two-cycle"),
            how="At any depth a step multiplies each gap by 1 - eta^2 r^2 P^2; on the two-cycle two steps give 3 - 2 "
            "eta.",
            hidden="It decays where eta |r P| < sqrt 2, and keeps its sign only where eta |r P| < 1; on the cycle it "
            "decays for eta < 2 and changes its sign every two steps from eta = 3/2.",
        ),
    ),
    picture="ghosh",
    caption="Descent at eta = 1.1 from an unbalanced start: the product settles on a two-cycle (dotted: its closed "
    "form) "
    "while the gap of squares decays.",
)
