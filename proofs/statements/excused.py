"""Mutants that may stay TRUE because the statement implies them, where no rule decides it: claim, label, reason."""

EXCUSED: dict[tuple[str, str], str] = {
    ("zhu-final-sharpness", "conclusion 1: -20/3 -> -19/3 in lambda_infinity(theta_0) > -20*eta/3 + 2/eta"): (
        "part 3 of the statement, lambda_infinity > 2/eta - eta/2, implies it"
    ),
    ("damian-self-stabilisation", "hypothesis 4: 2 -> 3 in L_v = delta**2*g_v"): (
        "the statement holds for every g_v, so also for delta times another"
    ),
    ("damian-self-stabilisation", "hypothesis 5: 2 -> 3 in L_w = delta**2*g_w"): (
        "the statement holds for every g_w, so also for delta times another"
    ),
}
