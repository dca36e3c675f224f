"""The one table of terms: words of the field that edgestab uses, and the few that it coined, each defined once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One entry.

    Attributes:
        name: the word.
        meaning: what it means here, in one or two sentences.
        see: the public object that embodies it, or an empty string.
    """

    name: str
    meaning: str
    see: str = ""


TERMS = (
    Term("residual", "f - E for one output; z is the residual times the step size.", "edgestab.models.QuadraticModel"),
    Term(
        "NTK eigenvalue",
        "An eigenvalue of the tangent kernel J J'; T is the largest one times the step size. At a minimum it is the "
        "sharpness, elsewhere it is not.",
    ),
    Term("sharpness", "The largest eigenvalue of the Hessian of the loss."),
    Term("sharpness at convergence", "The sharpness where training ends; for one output, the limit of T / eta."),
    Term(
        "edge of stability",
        "Where the step size times the sharpness is 2: the multiplier of a minimum is -1, and it loses stability.",
    ),
    Term("progressive sharpening", "The rise of the sharpness during training below the edge."),
    Term(
        "flip (period-doubling) bifurcation",
        "The loss of stability through the multiplier -1. Here it happens along a line of fixed points, a bifurcation "
        "without parameters, so that the textbook normal form does not apply.",
    ),
    Term(
        "line of minima",
        "The fixed points z = 0 of the map in (z, T), with multipliers 1 along the line and 1 - T across it.",
        "edgestab.planar.EdgeCoordinates",
    ),
    Term("multiplier", "An eigenvalue of the derivative of a map at a fixed point; also z'/z for one step."),
    Term(
        "two-step map",
        "The one-step map applied twice: near the edge z changes sign at every step, so that only every second state "
        "moves slowly.",
        "edgestab.planar.Recurrence",
    ),
    Term(
        "nullcline",
        "The curve T = f(z) through the edge on which z returns to itself after two steps.",
        "edgestab.planar.Nullcline",
    ),
    Term(
        "two-cycle",
        "A pair of states that one step exchanges. At epsilon = 0 the nullcline consists of two-cycles.",
    ),
    Term(
        "slow manifold",
        "The curve T = tau(z, epsilon) that one step keeps and that orbits reach before they follow it to z = 0.",
        "edgestab.planar.SlowManifold",
    ),
    Term(
        "relaxed orbit",
        "An orbit that has reached the slow manifold before it converges; its limit does not depend on its start.",
    ),
    Term(
        "frozen orbit",
        "An orbit that converges before it has relaxed: z vanishes first, so that T stays where it was.",
    ),
    Term(
        "limit series",
        "The limit of T for relaxed orbits as a power series in epsilon; asymptotic, not convergent.",
        "edgestab.planar.LimitSeries",
    ),
    Term(
        "limit law",
        "The limit of T for any start, relaxed or frozen, from a formal first integral of the map.",
        "edgestab.planar.LimitLaw",
    ),
    Term(
        "resummation",
        "A sum of a divergent series by approximants with the same first coefficients (Pade, Borel-Pade, quadratic).",
        "edgestab.orbits.resum_limit_series",
    ),
    Term(
        "Lyapunov function",
        "A function of the state that every step lowers; here V = T + tilt z, the rescaled weight norm, while T < 4.",
        "edgestab.trapping.Lyapunov",
    ),
    Term(
        "tilt",
        "The c for which T + c z moves only with z^2 in one step.",
        "edgestab.planar.EdgeCoordinates",
    ),
    Term("trapping region", "A set that no orbit leaves.", "edgestab.trapping.Region"),
    Term(
        "barrier",
        "The lower edge of a trapping region: a curve that no orbit crosses downwards.",
        "edgestab.trapping.Barrier",
    ),
    Term(
        "effective curvature",
        "h = 1 - z'/z: one step is z' = (1 - h) z, so that h plays the part of step size times curvature; where h > 1 "
        "the residual changes sign. A region with a sign-change slack k asks for h > 1 - k (2 - V) only.",
    ),
    Term(
        "relaxation and forcing",
        "The two parts of the one-step law of U = V - 2 - 2 p: a multiple of U, which draws it to 0, and a multiple "
        "of epsilon, which moves it whatever U is.",
    ),
    Term(
        "strip",
        "The neighbourhood of the slow curve in a trapping region, V <= 2 + extent, in which every step brings an "
        "orbit nearer to the curve at a contraction rate. The first state in it lies at most undershoot epsilon below "
        "its top.",
    ),
    Term(
        "condition", "A strict inequality on a closed box, on which a certificate rests.", "edgestab.trapping.Condition"
    ),
    Term(
        "certificate",
        "A file that says on which boxes which polynomials are positive and why that proves a theorem.",
        "edgestab.proofs.check_certificate",
    ),
    Term("enclosure", "An interval or ball that contains the exact value for certain."),
    Term("round-off", "The error of arithmetic with a fixed number of bits."),
    Term(
        "unit round-off",
        "The largest relative error of one rounded operation: 2^-53 for float64; for the wider types see the table.",
        "edgestab.codegen.NUMBER_TYPES",
    ),
    Term("kernel", "The tangent kernel (NTK), or a compiled loop; never the proof assistant, which is Coq."),
    Term(
        "program",
        "A straight-line list of fused multiply-adds with exact constants from which all generated code is made.",
        "edgestab.codegen.Program",
    ),
    Term(
        "lane",
        "One trajectory in a vector of trajectories that a kernel moves together.",
        "edgestab.codegen.LaneKernel",
    ),
    Term(
        "claim", "A statement with its source, what it rests on, and the checks that judge it.", "edgestab.proofs.Claim"
    ),
    Term(
        "level",
        "How a claim was shown, strongest first: PROVED (by Coq), DERIVED (exact algebra), ENCLOSED (ball arithmetic), "
        "CHECKED (sampled), CITED.",
        "edgestab.proofs.Level",
    ),
    Term("verdict", "TRUE, FALSE or UNKNOWN; UNKNOWN never counts as passed.", "edgestab.proofs.Verdict"),
    Term("twin", "A second way to the same number that shares no formula with the first, to judge it by."),
    Term("mutant", "A derived object with one coefficient changed; some claim has to turn FALSE."),
    Term("ensemble", "A law of random models, for expectations over z, J and Q."),
    Term(
        "Wick contraction",
        "The expectation of a product of Gaussian factors as a sum over pairings.",
        "edgestab.wick.Acceleration",
    ),
    Term(
        "necklace",
        "A cyclic word of factors J and derivatives, up to rotation and reflection: equal words are equal traces.",
    ),
    Term(
        "displacement law",
        "The largest NTK eigenvalue grows by (sigma_Q / sigma_J)^2 times the squared distance of the parameters from "
        "their start, until the edge.",
    ),
    Term(
        "two-step split",
        "The change of the largest NTK eigenvalue over two steps as its part linear in the residual and the rest, "
        "its non-linear part.",
        "edgestab.regression.split_two_steps",
    ),
    Term("convention", "A reading of the variances in the printed Theorem 2; the ledger says which make eq. 22 true."),
    Term(
        "mean field",
        "The limit of infinitely many outputs and parameters at a fixed ratio.",
        "edgestab.regression.mean_field_descent",
    ),
)
