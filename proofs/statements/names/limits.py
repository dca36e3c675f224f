"""Names of the limit of an orbit: slow manifold, first integral, predictions and the errors that they state."""

from __future__ import annotations

from .entry import Name

NAMES = (
    Name(
        "tau()",
        "the slow manifold: the one formal power series T = tau(z, epsilon) with tau(0, 0) = 2 that a gradient step "
        "keeps, so that T' = tau(z', epsilon) where T = tau(z, epsilon)",
        "edgestab.planar.SlowManifold",
        latex=r"\tau",
    ),
    Name(
        "u()",
        "(z - sigma(z)) / 2, where sigma(z) is z' for epsilon = 0 and T = tau(z, 0)",
        "edgestab.planar.LimitLaw",
        latex="u",
    ),
    Name(
        "p()",
        "-z sigma(z), where sigma(z) is z' for epsilon = 0 and T = tau(z, 0)",
        "edgestab.planar.LimitLaw",
        latex="p",
    ),
    Name(
        "I()",
        "the one formal first integral I(u, p, x, epsilon) = -C epsilon ln|x| + a power series in which x has the "
        "coefficient 1, that is at most linear in u and has no pure powers of epsilon: a gradient step keeps "
        "I(u(z), p(z), T - tau(z, epsilon), epsilon)",
        "edgestab.planar.LimitLaw",
        latex=r"\mathcal I",
    ),
    Name(
        "miss_summed()",
        "the distance of the resummed limit series, to some order, from where relaxed orbits end: those that start on "
        "the summed slow manifold at z = 3/10 and 1/3",
        "edgestab.orbits.resum_limit_series",
        latex=r"\Delta_{\mathrm{sum}}",
    ),
    Name(
        "miss_cut()",
        "the distance of the partial sum of the limit series, cut before its smallest term, from where relaxed orbits "
        "end, as for miss_summed",
        "edgestab.orbits.best_truncation",
        latex=r"\Delta_{\mathrm{cut}}",
    ),
    Name(
        "error_summed()",
        "the error that the resummation states",
        "edgestab.orbits.resum_limit_series",
        latex=r"\delta_{\mathrm{sum}}",
    ),
    Name(
        "error_relaxed()",
        "the largest difference of the ends of relaxed orbits: from two starts, z = 3/10 and 1/3, on two sums of the "
        "slow manifold",
        "edgestab.orbits.iterate_to_limit",
        latex=r"\delta_{\mathrm{relaxed}}",
    ),
    Name(
        "T_predicted()",
        "what the limit law predicts of a start without iterating",
        "edgestab.predict_limit",
        latex=r"\tilde T_{\mathrm{law}}",
    ),
    Name(
        "error_predicted()",
        "the error that the prediction expects; infinite where it calls a start outside its reach",
        "edgestab.predict_limit",
        latex=r"\delta_{\mathrm{law}}",
    ),
    Name(
        "proved_low()",
        "the lower end of the proved range of a prediction, or -infinity where it has none",
        "edgestab.predict_limit",
        latex=r"\tilde T_{\mathrm{low}}",
    ),
    Name(
        "proved_high()",
        "the upper end of the proved range of a prediction, or infinity where it has none",
        "edgestab.predict_limit",
        latex=r"\tilde T_{\mathrm{high}}",
    ),
)
