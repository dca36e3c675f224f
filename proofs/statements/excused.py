"""Mutants that may stay TRUE because the statement implies them, where no rule decides it: claim, label, reason."""

_FEWER = "fewer starts: p >= 0, so a steeper barrier asks for more"
_LIKELIER = "an event of which another is part is as likely at least: N < L is part of N <= L"
_MORE_STATES = "an infimum over more states is no larger: a higher top or a wider range of epsilon only adds states"
_WIDER = "T' and c are not negative, so the bound is weaker"

EXCUSED: dict[tuple[str, str], str] = {
    ("theorem-1-all-epsilon", "definition of beta: 5/2 -> 3"): _FEWER,
    ("theorem-1-all-epsilon", "definition of beta: 4 -> 5"): _FEWER,
    ("theorem-1-all-epsilon", "definition of beta: epsilon <= 1/2 -> epsilon < 1/2"): _FEWER,
    ("theorem-1-all-epsilon", "definition of A: 1/5 -> 0"): "fewer starts: a lower top for epsilon up to 1/5",
    (
        "theorem-1-explicit",
        "conclusion 2: 51/25 -> 2 in 51/(25*eta) < lambda_1",
    ): "eta >= eta_0 > 0, so the bound is lower",
    (
        "nonlinear-part-brings-the-fall",
        "conclusion 1: N_rise < L_rise -> N_rise <= L_rise in Prob(N_rise < L_rise) > 1/2",
    ): _LIKELIER,
    (
        "nonlinear-part-brings-the-fall",
        "conclusion 2: N_fall > L_fall -> N_fall >= L_fall in Prob(N_fall > L_fall) > 1/2",
    ): _LIKELIER,
    (
        "nonlinear-part-in-step-size",
        "conclusion 1: n_eta_rise < n_eta_fall -> n_eta_rise <= n_eta_fall in Prob(n_eta_rise < n_eta_fall) > 1/2",
    ): _LIKELIER,
    (
        "nonlinear-part-in-step-size",
        "conclusion 2: N_eta_rise < L_eta_rise -> N_eta_rise <= L_eta_rise in Prob(N_eta_rise < L_eta_rise) > 1/2",
    ): _LIKELIER,
    ("zhu-final-sharpness", "conclusion 1: -20/3 -> -19/3 in lambda_infinity(theta_0) > 2/eta - 20*eta/3"): (
        "part 3 of the statement, lambda_infinity > 2/eta - eta/2, implies it"
    ),
    ("damian-self-stabilisation", "hypothesis 4: 2 -> 3 in L_v = delta**2*g_v"): (
        "the statement holds for every g_v, so also for delta times another"
    ),
    ("damian-self-stabilisation", "hypothesis 5: 2 -> 3 in L_w = delta**2*g_w"): (
        "the statement holds for every g_w, so also for delta times another"
    ),
    ("theorem-1-linear-limit", "conclusion 1: 1/2 -> 1 in F_min(1/2, 6/25) < 0"): _MORE_STATES,
    ("theorem-1-linear-limit", "conclusion 1: 6/25 -> 7/25 in F_min(1/2, 6/25) < 0"): _MORE_STATES,
    ("theorem-1-linear-limit", "conclusion 2: 14/25 -> 3/5 in F_min(14/25, 1/5) < 0"): _MORE_STATES,
    ("theorem-1-linear-limit", "conclusion 2: 1/5 -> 2/5 in F_min(14/25, 1/5) < 0"): _MORE_STATES,
    ("theorem-1-grown-basin", "conclusion 1: 4/3 -> 1 in area_B > 4*area_D/3"): "an area is not negative",
    ("arora-band", "conclusion 1: 2 -> 3 in z' <= 2*T'*c"): _WIDER,
    ("arora-band", "conclusion 2: -2 -> -3 in z' >= -2*T'*c"): _WIDER,
    ("arora-band", "hypothesis 2: 2 -> 1 in s*z <= 2*T*c"): "T and c are not negative, so the band is narrower",
}
