"""Names of statements as terms of the Coq development."""

from __future__ import annotations

from dataclasses import dataclass

from .terms import Named


@dataclass(frozen=True)
class CoqName:
    """What a name is in Coq.

    Attributes:
        key: as in the table of names; of a function with brackets.
        text: its term, with a field for each variable it speaks of and numbered fields for its arguments; where it is
            characterised, the property of that number.
        level: Coq's precedence of the term.
        characterised: identifier of the number that has the property; empty for a name with a term.
        natural: whether its arguments are natural numbers.
    """

    key: str
    text: str
    level: int = 10
    characterised: str = ""
    natural: bool = False


MANY = Named(
    "R^P for any P, with any eigenvalues q_1, .., q_P of Q",
    r"\mathbb{R}^P \text{ for any } P \text{, with any eigenvalues } q_1, \dots, q_P \text{ of } Q",
    "point",
)
COORDINATES = Named("1, .., P, the coordinates of theta along eigenvectors of Q", r"\{1, \dots, P\}", "nat")
SETS = Named("the sets of weights in R^2", r"2^{\mathbb{R}^2}", "plane -> Prop")

DOMAIN_CONDITIONS: dict[Named, str] = {COORDINATES: "({0} < length {theta})%nat"}
"""What a named domain says beyond the type."""

IDENTIFIERS = {
    "epsilon": "e",
    "eta": "eta",
    "eta_0": "h0",
    "mu": "mu",
    "E": "E",
    "theta": "th",
    "theta_0": "q",
    "theta_1": "x",
    "theta_2": "v",
    "U": "U",
    "r": "r",
    "z": "z",
    "y": "y",
    "T": "T",
    "V": "V",
    "z_mu": "zm",
    "T_mu": "Tm",
    "V_mu": "Vm",
    "beta(epsilon)": "slope",
    "A(epsilon)": "height",
    "k": "k",
    "i": "i",
}
"""Variables of statements and what they are called in Coq."""

_START = "{epsilon} {theta_0}"
_AFTER = "(gd {epsilon} {eta} {theta_0} 1)"
_RUN = "(gd {epsilon} {eta} {theta_0} n)"
_POINT = "{epsilon} {theta_1} {theta_2}"
_STEPPED = "(gd_step {epsilon} {eta} ({theta_1}, {theta_2}))"
_DESCENDED = "(descend {eta} {E} {theta})"
_DESCENT = "(descent {eta} {E} {theta} n)"
_T = "(curve {epsilon} {z} + {y})"
_ONE = f"(z_step {{epsilon}} {{z}} {_T}) (T_step {{epsilon}} {{z}} {_T})"

COQ_NAMES = (
    # gradient descent in the plane from theta_0
    CoqName("f(theta_0)", f"f {_START}"),
    CoqName("|theta_0|^2", "norm2 {theta_0}"),
    CoqName("lambda_0", f"lambda {_START}"),
    CoqName("lambda_1", f"lambda {{epsilon}} {_AFTER}"),
    CoqName("z'", f"{{eta}} * f {{epsilon}} {_AFTER}", 40),
    CoqName("T'", f"{{eta}} * lambda {{epsilon}} {_AFTER}", 40),
    CoqName("lambda_infinity", f"Un_cv (fun n : nat => lambda {{epsilon}} {_RUN}) lim", characterised="lim"),
    CoqName("f_infinity", f"Un_cv (fun n : nat => f {{epsilon}} {_RUN}) f_lim", characterised="f_lim"),
    # one step from the point (theta_1, theta_2)
    CoqName("f", f"predictor {_POINT}"),
    CoqName("L", f"loss {_POINT}"),
    CoqName("lambda", f"ntk {_POINT}"),
    CoqName("theta_1'", f"fst {_STEPPED}"),
    CoqName("theta_2'", f"snd {_STEPPED}"),
    CoqName(
        "dL/dtheta_1",
        "derivable_pt_lim (fun u : R => loss {epsilon} u {theta_2}) {theta_1} L_1",
        characterised="L_1",
    ),
    CoqName(
        "dL/dtheta_2",
        "derivable_pt_lim (fun u : R => loss {epsilon} {theta_1} u) {theta_2} L_2",
        characterised="L_2",
    ),
    CoqName(
        "df/dtheta_1",
        "derivable_pt_lim (fun u : R => predictor {epsilon} u {theta_2}) {theta_1} f_1",
        characterised="f_1",
    ),
    CoqName(
        "df/dtheta_2",
        "derivable_pt_lim (fun u : R => predictor {epsilon} {theta_1} u) {theta_2} f_2",
        characterised="f_2",
    ),
    # any number of parameters
    CoqName("P", "(length {theta})", 0),
    CoqName("theta_i", "coordinate {i} {theta}"),
    CoqName("q_i", "eigenvalue {i} {theta}"),
    CoqName("M()", "M {0} {theta}", natural=True),
    CoqName("f(theta)", "output {theta}"),
    CoqName("L(theta)", "squared_loss {E} {theta}"),
    CoqName("theta_i'", f"coordinate {{i}} {_DESCENDED}"),
    CoqName("M'()", f"M {{0}} {_DESCENDED}", natural=True),
    CoqName("f(theta')", f"output {_DESCENDED}"),
    CoqName(
        "dL/dtheta_i",
        "derivable_pt_lim (fun u : R => squared_loss {E} (moved {i} u {theta})) (coordinate {i} {theta}) L_i",
        characterised="L_i",
    ),
    CoqName(
        "df/dtheta_i",
        "derivable_pt_lim (fun u : R => output (moved {i} u {theta})) (coordinate {i} {theta}) f_i",
        characterised="f_i",
    ),
    CoqName("lambda_infinity(theta)", f"Un_cv (fun n : nat => M 2 {_DESCENT}) lim", characterised="lim"),
    CoqName("f_infinity(theta)", f"Un_cv (fun n : nat => output {_DESCENT}) f_lim", characterised="f_lim"),
    # two steps from (z, f_2(z) + y)
    CoqName("f_2()", "curve {epsilon} {0}"),
    CoqName("z''", f"z_step {{epsilon}} {_ONE}"),
    CoqName("y''", f"T_step {{epsilon}} {_ONE} - curve {{epsilon}} (z_step {{epsilon}} {_ONE})", 50),
)
