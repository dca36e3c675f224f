"""Mutants that may stay TRUE because the statement implies them, where no rule decides it: claim, label, reason."""

_FEWER = "fewer starts: p >= 0, so a steeper barrier lies higher, and so does the hypothesis"

EXCUSED: dict[tuple[str, str], str] = {
    ("theorem-1-all-epsilon", "definition of beta: 5/2 -> 3"): _FEWER,
    ("theorem-1-all-epsilon", "definition of beta: 4 -> 5"): _FEWER,
    ("theorem-1-all-epsilon", "definition of beta: epsilon <= 1/2 -> epsilon < 1/2"): _FEWER,
    ("theorem-1-all-epsilon", "definition of A: 1/5 -> 0"): "fewer starts: a lower top for epsilon up to 1/5",
    (
        "theorem-1-explicit",
        "conclusion 2: 51/25 -> 2 in 51/(25*eta) < lambda_1",
    ): "eta >= eta_0 > 0, so the bound is lower",
}
