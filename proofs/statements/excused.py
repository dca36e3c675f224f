"""Mutants that may stay TRUE because the statement implies them, where no rule decides it: claim, label, reason."""

_MORE_STATES = "an infimum over more states is no larger: a higher top or a wider range of epsilon only adds states"

EXCUSED: dict[tuple[str, str], str] = {
    ("theorem-1-linear-limit", "conclusion 1: 1/2 -> 1 in F_min(1/2, 6/25) < 0"): _MORE_STATES,
    ("theorem-1-linear-limit", "conclusion 1: 6/25 -> 7/25 in F_min(1/2, 6/25) < 0"): _MORE_STATES,
    ("theorem-1-linear-limit", "conclusion 2: 14/25 -> 3/5 in F_min(14/25, 1/5) < 0"): _MORE_STATES,
    ("theorem-1-linear-limit", "conclusion 2: 1/5 -> 2/5 in F_min(14/25, 1/5) < 0"): _MORE_STATES,
    ("theorem-1-grown-basin", "conclusion 1: 3/2 -> 1 in area_B > 3*area_D/2"): "an area is not negative",
}
