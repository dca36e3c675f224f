"""Claims that Coq proves: what it has accepted, read from this machine's record or from the committed one."""

from __future__ import annotations

from functools import partial

import sympy as sp

from ...symbolic.algebra.errors import DomainError, EdgestabError
from ...symbolic.algebra.symbols import symbol, symbols
from ..certificates.theorem_1 import PIECES
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, Verdict
from ..coq_audit import with_definitions
from ..coq_record import THEOREMS, coq_status, main_stale_sources, recorded_propositions, source_files, stale_sources
from ..statements import (
    FORMAL,
    POSITIVE,
    REALS,
    WEIGHTS,
    Definition,
    If,
    O,
    R,
    Range,
    Reading,
    Statement,
    eq,
    gt,
    le,
    lt,
    ne,
)
from ..statements.coq_names import COORDINATES, MANY, SETS
from ..statements.coq_text import proposition, proposition_name, theorem_name
from ..statements.quantifiers import Either, Exists, ForAll, NotEmpty, Open
from ..subject import main_subject
from . import all_claims
from .theorem_1_certificate import piece, start_statement


def _whole(reading: Reading) -> Statement:
    """Read all of a statement."""
    reading.parts(), reading.given()
    for r in reading.statement.over:
        reading.domain(r.symbol)
    return reading.statement


def propositions() -> dict[str, str]:
    """The Coq definition of every claim that a check says is proved in Coq.

    Returns:
        Claim id to Coq source.
    """
    proved = (
        claim
        for claim in all_claims().values()
        for check in claim.checks
        if isinstance(check.run, partial) and check.run.func is judge_proposition
    )
    return {claim.id: proposition(claim.id, claim.statement) for claim in proved}


def coq_text(claim: Claim) -> str:
    """What Coq proves of a claim: its statement as a proposition, after every definition that it uses.

    Args:
        claim: a claim that is proved in Coq.

    Returns:
        Coq source that stands by itself, over Coq's real numbers.

    Raises:
        DomainError: it is not proved in Coq.
    """
    known = propositions()
    if claim.id not in known:
        raise DomainError.of("the Coq text", f"one of {', '.join(known)}", claim.id, "Pick one that Coq proves.")
    return with_definitions(known[claim.id], source_files())


def judge_proposition(claim_id: str, ctx: CheckContext) -> Outcome:
    """Whether Coq accepted the proposition that a statement is, for the sources that the given objects generate.

    Args:
        claim_id: gives the names of the proposition and of the theorem in Coq.
        ctx: whose statement must be the recorded proposition, and whose derived objects must generate the recorded
            sources.

    Returns:
        TRUE with the record's origin; FALSE when the sources have drifted from the derivation or Coq said no;
        UNKNOWN when the statement is another than the recorded one, or no record speaks about these sources.
    """
    main = ctx.subject is main_subject()
    stale = list(main_stale_sources()) if main else stale_sources(ctx.subject)
    if stale:
        text = f"the derived objects do not generate {', '.join(stale)}"
        return Outcome(Verdict.FALSE, 1, rejected=1, counterexample=stale[0], detail=text)
    try:
        stated = proposition(claim_id, _whole(ctx.statement))
    except EdgestabError as error:
        return Outcome(Verdict.UNKNOWN, 1, undecided=1, detail=f"no proposition of Coq: {error}")
    if f"\n{stated}" not in recorded_propositions():
        text = f"{proposition_name(claim_id)} in the sources says something else: `edgestab prove --regenerate`"
        return Outcome(Verdict.UNKNOWN, 1, undecided=1, detail=text)
    status = coq_status()
    record = status.record
    if record is None:
        text = "no record matches the sources: run `edgestab prove`"
        return Outcome(Verdict.UNKNOWN, 1, undecided=1, detail=text)
    name = theorem_name(claim_id)
    proved = record.theorems.get(name, {}).get("statement") == f"Statements.{proposition_name(claim_id)}"
    excess = record.excess_axioms().get(name, [])
    problems = record.problems()
    if problems or not proved or excess:
        text = "; ".join(problems) or (f"further axioms {excess}" if proved else f"{name} is missing")
        return Outcome(Verdict.FALSE, 1, rejected=1, detail=f"{status.source}: {text}")
    axioms = sorted({a.rpartition(".")[2] for a in record.theorems[name]["axioms"]})
    checked = "coqchk too" if record.checker.get("accepted") else "coqchk not run"
    text = f"Claims.{name}: accepted by Coq {record.coq} ({status.source}, {record.date[:10]}; {checked})"
    text += f"; axioms: {', '.join(axioms) or 'none'}"
    if status.recorded:
        text += f"; sources {record.digest()[:16]}; `edgestab prove` checks them here"
    return Outcome(
        Verdict.TRUE,
        1,
        worst=len(axioms),
        bound=len(next(t.allowed for t in THEOREMS if t.name == name)),
        figure="axioms beyond Coq's logic, of those of the classical reals",
        detail=text,
        recorded=status.recorded,
    )


def proved_in_coq(claim_id: str) -> Check:
    """The check that Coq has proved a claim's statement.

    Args:
        claim_id: of the claim; its proposition and theorem are named after it.

    Returns:
        The check.
    """
    return Check(f"Coq: {theorem_name(claim_id)}", Level.PROVED, partial(judge_proposition, claim_id))


_HOUSE = Source("edgestab", "Coq development")

epsilon, eta, eta_0, mu, E = symbols("epsilon eta eta_0 mu E")
z, T, y, V = symbols("z T y V")
theta_1, theta_2 = symbols("theta_1 theta_2")
theta_0 = symbol("theta_0")
theta, U = symbol("theta"), sp.Symbol("U")
ratio = symbol("r")
k, i = (sp.Symbol(name, integer=True, nonnegative=True) for name in "ki")
q_i, theta_i, theta_i_next, P = (sp.Symbol(name, real=True) for name in ("q_i", "theta_i", "theta_i'", "P"))
F_0, NORM, FIRST, SECOND, LIMIT = symbols("f(theta_0) |theta_0|^2 lambda_0 lambda_1 lambda_infinity")
F_LIMIT, F, F_NEXT, LOSS = (sp.Symbol(name, real=True) for name in ("f_infinity", "f(theta)", "f(theta')", "L(theta)"))
M, M_NEXT, CUT = (sp.Function(name) for name in ("M", "M'", "f_2"))


def _partial(what: str, parameter: str) -> sp.Symbol:
    return sp.Symbol(f"d{what}/d{parameter}", real=True)


_PLANE = (Range(theta_0, WEIGHTS),)


def _ends(value: sp.Symbol, output: sp.Symbol) -> tuple[sp.Basic, ...]:
    """Within epsilon/eta below the edge, at the minimum of the loss."""
    return le(2 / eta - epsilon / eta, value), le(value, 2 / eta), eq(output, 0)


_ENDS = _ends(LIMIT, F_LIMIT)
_ENDS_MANY = _ends(*(sp.Symbol(name, real=True) for name in ("lambda_infinity(theta)", "f_infinity(theta)")))
#: Hypothesis that the eigenvalues of Q are mu, -epsilon mu and 0, with any multiplicities.
_SPECTRUM = ForAll.of((Range(i, COORDINATES),), (), (Either(eq(q_i, mu), eq(q_i, -epsilon * mu), eq(q_i, 0)),))


def _pieces(name: str) -> sp.Piecewise:
    """A constant of the trapping region that serves epsilon."""
    values = [(sp.Rational(str(c[name])), sp.Rational(str(c["epsilon_max"]))) for c, _ in PIECES]
    cases = [(value, sp.Le(epsilon, end, evaluate=False)) for value, end in values[:-1]]
    return sp.Piecewise(*cases, (values[-1][0], True))


def _basin(residual: sp.Expr, norm: sp.Expr, slope: sp.Expr, height: sp.Expr) -> tuple[sp.Basic, ...]:
    """The basin of a trapping region of width 1: what lies above the barrier and below the top, off the minima."""
    return (
        ne(residual, 0),
        lt(residual, 1),
        le(slope * residual**2, (norm - 2 + epsilon) * (1 - residual)),
        le(norm + epsilon, 2 + height),
    )


_SLOPE, _HEIGHT = (sp.Function(name)(epsilon) for name in ("beta", "A"))
Z_MU, T_MU, V_MU = symbol("z_mu"), sp.Symbol("T_mu", real=True), sp.Symbol("V_mu", real=True)
_PLANAR_Z = Definition(z, "the rescaled residual in the plane, with target 0", eta * F_0)
_PLANAR_V = Definition(V, "the rescaled weight norm in the plane", eta * epsilon * NORM)
_SCALED_Z = Definition(Z_MU, "the residual in units of 1/(eta mu), for any number of parameters", eta * mu * F)
_SCALED_T = Definition(T_MU, "the rescaled NTK eigenvalue, for any number of parameters", eta * M(2))
_LOW, _START = piece(0)


def _near(expansion: sp.Expr, constant: sp.Expr, power: int) -> sp.Basic:
    return le(sp.Abs(eta * LIMIT - expansion), constant * epsilon**power)


_FIRST = _near(2 - epsilon / 2, R(17, 4), 2)
_SECOND = _near(2 - epsilon / 2 - R(27, 32) * epsilon**2, R(137, 8), 3)
_SHARP_BASIN = (*_basin(z, V, _LOW["slope"], _LOW["height"]), le(_START["n_min"], V))
_SHARP_STARTS = start_statement(sp.Interval.Lopen(0, 1), _START).given


def _sharp(top: sp.Expr, explicit: bool, *parts: sp.Basic) -> ForAll:
    outer = (Range(eta_0, POSITIVE),) if explicit else ()
    over = (Range(epsilon, sp.Interval.Lopen(0, top)), Range(eta, POSITIVE), *_PLANE, *outer)
    return ForAll.of(over, _SHARP_STARTS if explicit else _SHARP_BASIN, (*parts, le(LIMIT, 2 / eta), eq(F_LIMIT, 0)))


def _map(residual: sp.Expr, value: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The one-step map as it is printed, with its hierarchy closed."""
    third = (1 - epsilon) * value + 2 * epsilon * residual
    fourth = (1 - epsilon) * third + epsilon * value
    return residual - residual * value + residual**2 * third / 2, value - 2 * residual * third + residual**2 * fourth


_STEP_PLANE, _STEP_MANY = _map(z, T), _map(Z_MU, T_MU)

CLAIMS = (
    Claim(
        id="gradient-coq",
        formerly="gradient-kernel",
        title="The step is gradient descent on the loss, and lambda the squared gradient of the output",
        statement=Statement(
            conclusion=(
                ForAll.of(
                    tuple(Range(v, REALS) for v in (epsilon, eta, theta_1, theta_2)),
                    (),
                    (
                        eq(symbol("f"), (theta_1**2 - epsilon * theta_2**2) / 2),
                        eq(symbol("L"), symbol("f") ** 2 / 2),
                        *(
                            eq(sp.Symbol(f"{t.name}'", real=True), t - eta * _partial("L", t.name))
                            for t in (theta_1, theta_2)
                        ),
                        eq(symbol("lambda"), sum(_partial("f", t.name) ** 2 for t in (theta_1, theta_2))),
                    ),
                ),
                ForAll.of(
                    (Range(E, REALS), Range(eta, REALS), Range(theta, MANY), Range(i, COORDINATES)),
                    (),
                    (
                        eq(F, sp.Sum(q_i * theta_i**2, (i, 1, P)) / 2),
                        eq(LOSS, (F - E) ** 2 / 2),
                        eq(_partial("f", "theta_i"), q_i * theta_i),
                        eq(_partial("L", "theta_i"), (F - E) * q_i * theta_i),
                        eq(theta_i_next, theta_i - eta * _partial("L", "theta_i")),
                    ),
                ),
            )
        ),
        source=_HOUSE,
        checks=(proved_in_coq("gradient-coq"),),
    ),
    Claim(
        id="one-step-coq",
        formerly="one-step-kernel",
        title="From theta to (z, T): one gradient step is the derived planar map",
        statement=Statement(
            conclusion=(
                eq(symbol("z'"), _STEP_PLANE[0]),
                eq(symbol("T'"), _STEP_PLANE[1]),
                ForAll.of(
                    (Range(mu, REALS), Range(E, REALS), Range(theta, MANY)),
                    (_SPECTRUM, ne(mu, 0), eq(E, 0)),
                    (eq(eta * mu * F_NEXT, _STEP_MANY[0]), eq(eta * M_NEXT(2), _STEP_MANY[1])),
                ),
            ),
            over=(Range(epsilon, REALS), Range(eta, REALS), *_PLANE),
            where=(
                _PLANAR_Z,
                Definition(T, "the rescaled NTK eigenvalue in the plane", eta * FIRST),
                _SCALED_Z,
                _SCALED_T,
            ),
        ),
        source=Source("agarwala2023", "Analysis, insight 1: recurrence for the output"),
        uses=("gradient-coq",),
        note="The second part is for any number of parameters whose eigenvalues are mu, -epsilon mu and 0.",
        checks=(proved_in_coq("one-step-coq"),),
    ),
    Claim(
        id="hierarchy-coq",
        formerly="hierarchy-kernel",
        title="The hierarchy, its closure, and the fall of the weight norm",
        statement=Statement(
            conclusion=(
                ForAll.of(
                    (Range(k, sp.S.Naturals0),),
                    (),
                    (
                        eq(M(k), sp.Sum(q_i**k * theta_i**2, (i, 1, P))),
                        eq(M_NEXT(k), M(k) - 2 * z * M(k + 1) + z**2 * M(k + 2)),
                    ),
                ),
                eq(F_NEXT, F - z * M(2) + z**2 * M(3) / 2),
                If(eq(E, 0), eq(M_NEXT(0), M(0) - eta * F**2 * (4 - eta * M(2)))),
                ForAll.of(
                    (Range(mu, REALS), Range(epsilon, REALS), Range(k, sp.S.Naturals0)),
                    (_SPECTRUM,),
                    (eq(M(k + 3), mu * (1 - epsilon) * M(k + 2) + mu**2 * epsilon * M(k + 1)),),
                ),
            ),
            over=(Range(E, REALS), Range(eta, REALS), Range(theta, MANY)),
            where=(Definition(z, "the rescaled residual", eta * (F - E)),),
        ),
        source=Source("agarwala2023", "Analysis, insight 1: recurrence for the output"),
        uses=("gradient-coq",),
        note="M(0) is the squared weight norm, M(2) the NTK eigenvalue, eta M(k + 2) the printed T^(k).",
        checks=(proved_in_coq("hierarchy-coq"),),
    ),
    Claim(
        id="theorem-1-basin-coq",
        formerly="theorem-1-basin-kernel",
        title="Every start of an explicit basin ends within epsilon/eta below the edge, every epsilon up to 1",
        statement=Statement(
            conclusion=(
                ForAll.of(_PLANE, _basin(z, V, _SLOPE, _HEIGHT), _ENDS),
                ForAll.of(
                    (Range(mu, POSITIVE), Range(E, REALS), Range(theta, MANY)),
                    (
                        _SPECTRUM,
                        eq(E, 0),
                        *_basin(Z_MU, V_MU, _SLOPE, _HEIGHT),
                    ),
                    _ENDS_MANY,
                ),
            ),
            over=(Range(epsilon, sp.Interval.Lopen(0, 1)), Range(eta, POSITIVE)),
            where=(
                Definition(_SLOPE, "slope of the barrier of the trapping region", _pieces("slope")),
                Definition(_HEIGHT, "height of the trapping region", _pieces("height")),
                _PLANAR_Z,
                _PLANAR_V,
                _SCALED_Z,
                Definition(V_MU, "the rescaled weight norm", eta * M(2) - 2 * (1 - epsilon) * Z_MU),
            ),
        ),
        source=_HOUSE,
        uses=("one-step-coq",),
        note="The second part is for any number of parameters whose eigenvalues are mu, -epsilon mu and 0.",
        checks=(proved_in_coq("theorem-1-basin-coq"),),
    ),
    Claim(
        id="theorem-1-coq",
        formerly="theorem-1-kernel",
        title="Theorem 1 for plain gradient descent in theta, in the paper's words",
        statement=Statement(
            conclusion=(
                Exists.of(
                    (Range(U, SETS), Range(ratio, REALS)),
                    (),
                    (
                        NotEmpty(U),
                        Open(U),
                        gt(ratio, 1),
                        ForAll.of(
                            (Range(theta_0, U), Range(eta, sp.Interval(eta_0, ratio * eta_0))),
                            (),
                            (lt(FIRST, 2 / eta), gt(SECOND, 2 / eta), *_ENDS),
                        ),
                    ),
                ),
            ),
            over=(Range(epsilon, sp.Interval.Lopen(0, R(3, 10))), Range(eta_0, POSITIVE)),
            where=(
                Definition(U, "the neighbourhood: a set of weights"),
                Definition(ratio, "the largest step size of the window over the least one"),
            ),
        ),
        source=Source("agarwala2023", "Theorem 1"),
        uses=("theorem-1-basin-coq",),
        note="theorem-1 gives the set U in numbers, for epsilon up to 1/5.",
        checks=(proved_in_coq("theorem-1-coq"),),
    ),
    Claim(
        id="theorem-1-sharp-coq",
        formerly="theorem-1-sharp-kernel",
        title="The limit is 2 - epsilon/2 - 27/32 epsilon^2, with explicit remainders and no logarithm",
        statement=Statement(
            conclusion=tuple(
                _sharp(top, explicit, part)
                for explicit in (False, True)
                for top, part in ((R(1, 30), _FIRST), (R(1, 50), _SECOND))
            ),
            where=(_PLANAR_Z, _PLANAR_V),
        ),
        source=_HOUSE,
        uses=("theorem-1-coq",),
        note="A strip about the slow curve shrinks at every step; exp is compared with powers without excluded middle.",
        checks=(proved_in_coq("theorem-1-sharp-coq"),),
    ),
    Claim(
        id="recurrence-identity-coq",
        formerly="recurrence-identity-kernel",
        title="The printed recurrences and the terms that they lack, as polynomial identities",
        statement=Statement(
            conclusion=(
                eq(CUT(z), 2 + 2 * (1 - epsilon) * z + 2 * (1 - epsilon + epsilon**2) * z**2),
                eq(
                    symbol("z''"),
                    z + 2 * y * z + y**2 * z - (1 - epsilon) * y * z**2 * (1 + y / 2 - y**2 / 2) + O(y * z**3, z**4),
                ),
                eq(
                    symbol("y''"),
                    y
                    - 2 * (4 - 3 * epsilon + 4 * epsilon**2) * y * z**2
                    - 4 * epsilon * z**2
                    - 12 * (1 - epsilon + epsilon**2) * y**2 * z**2
                    - (8 - 9 * epsilon + 8 * epsilon**2) * y**3 * z**2
                    - 2 * (1 - epsilon + epsilon**2) * y**4 * z**2
                    + O(epsilon * z**3, y * z**3, z**5),
                ),
            ),
            over=tuple(Range(v, FORMAL) for v in (z, y, epsilon)),
            where=(
                Definition(CUT(z), "the two-step nullcline, cut at order 2 in z"),
                Definition(symbol("z''"), "z after two gradient steps from the point (z, f_2(z) + y)"),
                Definition(symbol("y''"), "T'' - f_2(z'') after the same two steps"),
            ),
        ),
        source=Source("agarwala2023", "Analysis, insight 2: recurrence for every other iteration"),
        uses=("one-step-coq",),
        note="Parts of the terms with y^2 z^2, y^3 z^2, y^4 z^2, y z^3 have no factor epsilon; they are not printed.",
        checks=(proved_in_coq("recurrence-identity-coq"),),
    ),
)
