"""The catalogue of claims: one module for each topic, each with a tuple ``CLAIMS``."""

MODULES: tuple[str, ...] = (
    "recurrences",
    "series_engine",
    "quadratic_models",
    "limit_series",
    "limit_law",
    "own_models",
    "printing",
    "theorem_1",
    "theorem_1_certificate",
    "theorem_2",
    "regression_step",
    "regression_dynamics",
    "mean_field",
    "tanh_network",
    "theorem_1_sharp",
    "coq",
    "generated_kernels",
    "theorem_1_beyond",
    "theorem_1_reach",
    "theorem_2_finite",
)
