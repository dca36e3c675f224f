"""The catalogue of claims: one module for each topic, each with a tuple ``CLAIMS``."""

MODULES: tuple[str, ...] = (
    "recurrences",
    "limit_series",
    "limit_law",
    "own_models",
    "printing",
    "theorem_1",
    "theorem_1_certificate",
    "theorem_2",
    "regression_step",
    "regression_dynamics",
    "theorem_1_sharp",
    "kernel",
    "theorem_1_beyond",
)
