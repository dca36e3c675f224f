"""Mutants that may stay TRUE because the statement implies them, where no rule decides it: claim, label, reason."""

_LIKELIER = "an event of which another is part is as likely at least: N < L is part of N <= L"

EXCUSED: dict[tuple[str, str], str] = {
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
}
