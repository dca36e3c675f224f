"""What Coq has accepted, read from this machine's record or from the committed one."""

from __future__ import annotations

from functools import partial

import sympy as sp

from ...symbolic.algebra.symbols import symbol, symbols
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, Verdict, main_subject
from ..coq_record import THEOREMS, coq_status, main_stale_sources, stale_sources

z, T, y, V, epsilon, eta = symbols("z T y V epsilon eta")
limit, after, loss, x, v = symbols("T_inf T' L theta_1 theta_2")
_K, _TK = sp.Symbol("k", integer=True), sp.Function("T")


def judge_theorems(names: tuple[str, ...], ctx: CheckContext) -> Outcome:
    """Whether Coq accepted these theorems for the sources that the given objects generate.

    Args:
        names: Coq theorems.
        ctx: whose derived objects must generate the recorded sources.

    Returns:
        TRUE with the record's origin; FALSE when the sources have drifted from the derivation or Coq said no;
        UNKNOWN when no record speaks about these sources.
    """
    main = ctx.subject is main_subject()
    stale = list(main_stale_sources()) if main else stale_sources(ctx.subject)
    count = len(names)
    if stale:
        text = f"the derived objects do not generate {', '.join(stale)}"
        return Outcome(Verdict.FALSE, count, rejected=count, counterexample=stale[0], detail=text)
    status = coq_status()
    record = status.record
    if record is None:
        text = "no record matches the sources: run `edgestab prove`"
        return Outcome(Verdict.UNKNOWN, count, undecided=count, detail=text)
    wanted = {t.name: t for t in THEOREMS if t.name in names}
    missing = [n for n in names if n not in record.theorems]
    excess = {n: a for n, a in record.excess_axioms().items() if n in names}
    problems = record.problems()
    if problems or missing or excess:
        text = "; ".join(problems) or f"missing {missing}, further axioms {excess}"
        return Outcome(Verdict.FALSE, count, rejected=count, detail=f"{status.source}: {text}")
    axioms = sorted({a.rpartition(".")[2] for n in names for a in record.theorems[n]["axioms"]})
    checked = "coqchk too" if record.checker.get("accepted") else "coqchk not run"
    where = ", ".join(f"{t.module}.{t.name}" for t in wanted.values())
    text = f"{where}: accepted by Coq {record.coq} ({status.source}, {record.date[:10]}; {checked})"
    text += f"; axioms: {', '.join(axioms) or 'none'}"
    return Outcome(Verdict.TRUE, count, worst=f"{len(axioms)} axioms", bound="classical reals", detail=text)


def _by_coq(*names: str) -> tuple[Check, ...]:
    return (Check(f"Coq: {', '.join(names)}", Level.PROVED, partial(judge_theorems, names)),)


_HOUSE = Source("edgestab", "Coq development")

CLAIMS = (
    Claim(
        id="gradient-coq",
        formerly="gradient-kernel",
        title="The step is gradient descent on the loss, and lambda the squared gradient of the output",
        statement=sp.Eq(loss, ((x**2 - epsilon * v**2) / 2) ** 2 / 2),
        variables=(x, v, epsilon),
        source=_HOUSE,
        domain="all theta in R^2, all epsilon; and every list of eigenvalues and weights",
        checks=_by_coq("loss_is_square", "loss_x_ok", "loss_v_ok", "ntk_is_gradient_square", "loss_partial"),
    ),
    Claim(
        id="one-step-coq",
        formerly="one-step-kernel",
        title="From theta to (z, T): one gradient step is the derived planar map",
        statement=sp.Eq(symbol("z'"), z - z * T + z**2 * ((1 - epsilon) * T + 2 * epsilon * z) / 2),
        variables=(z, T, epsilon),
        source=Source("agarwala2023", "Analysis, insight 1: recurrence for the output"),
        uses=("gradient-coq",),
        domain="all theta in R^2, all step sizes, all epsilon; and every spectrum within {mu, -epsilon mu, 0}",
        checks=_by_coq("reduction_z", "reduction_T", "one_step_z", "one_step_T"),
    ),
    Claim(
        id="hierarchy-coq",
        formerly="hierarchy-kernel",
        title="The hierarchy, its closure, and the fall of the weight norm",
        statement=sp.Eq(sp.Function("T'")(_K), _TK(_K) - 2 * z * _TK(_K + 1) + z**2 * _TK(_K + 2)),
        variables=(z,),
        source=Source("agarwala2023", "Analysis, insight 1: recurrence for the output"),
        uses=("gradient-coq",),
        domain="any number of parameters, any eigenvalues, any target; closure for a spectrum in {mu, -epsilon mu, 0}",
        checks=_by_coq("hierarchy", "residual_step", "weight_norm_falls", "closure"),
    ),
    Claim(
        id="theorem-1-basin-coq",
        formerly="theorem-1-basin-kernel",
        title="Every start of an explicit basin ends within epsilon/eta below the edge, every epsilon up to 1",
        statement=sp.And(sp.Le(2 - epsilon, limit), sp.Le(limit, 2)),
        variables=(limit, epsilon),
        assumptions=(sp.Le(epsilon, 1),),
        source=_HOUSE,
        uses=("one-step-coq",),
        domain="0 < epsilon <= 1, any step size; also with multiplicities and scaling, {mu, -epsilon mu, 0}",
        checks=_by_coq("edge_every_eps", "edge_multiplicities"),
    ),
    Claim(
        id="theorem-1-coq",
        formerly="theorem-1-kernel",
        title="Theorem 1 for plain gradient descent in theta, with explicit data",
        statement=sp.And(sp.Lt(T, 2), sp.Gt(after, 2), sp.Le(2 - epsilon, limit), sp.Le(limit, 2)),
        variables=(T, after, limit, epsilon),
        assumptions=(sp.Le(epsilon, sp.Rational(3, 10)),),
        source=Source("agarwala2023", "Theorem 1"),
        uses=("theorem-1-basin-coq",),
        domain=(
            "0 < epsilon <= 3/10: U open and not empty, eta in [h, r h], r > 1: starts below 2/eta, is above it after "
            "one step, converges into [2/eta - epsilon/eta, 2/eta]; epsilon <= 1/5: overshoot 12/5 / eta, r = 51/50"
        ),
        checks=_by_coq("theorem1", "theorem1_explicit"),
    ),
    Claim(
        id="theorem-1-sharp-coq",
        formerly="theorem-1-sharp-kernel",
        title="The limit is 2 - epsilon/2 - 27/32 epsilon^2, with explicit remainders and no logarithm",
        statement=sp.And(
            sp.Le(sp.Abs(limit - (2 - epsilon / 2)), sp.Rational(17, 4) * epsilon**2),
            sp.Le(
                sp.Abs(limit - (2 - epsilon / 2 - sp.Rational(27, 32) * epsilon**2)),
                sp.Rational(137, 8) * epsilon**3,
            ),
        ),
        variables=(limit, epsilon),
        assumptions=(sp.Le(epsilon, sp.Rational(1, 50)), sp.Ge(V, sp.Rational(43, 20))),
        source=_HOUSE,
        uses=("theorem-1-coq",),
        domain=(
            "first coefficient for epsilon <= 1/30, second for epsilon <= 1/50; starts of the basin with "
            "epsilon eta |theta|^2 >= 43/20, the explicit set of Theorem 1 included"
        ),
        note="a strip about the slow curve shrinks at every step; exp is compared with powers without excluded middle",
        checks=_by_coq("first_limit", "second_limit", "sharp_explicit"),
    ),
    Claim(
        id="recurrence-identity-coq",
        formerly="recurrence-identity-kernel",
        title="The printed recurrences with their complete remainder, as polynomial identities",
        statement=sp.Eq(
            symbol("y''") - y,
            -2 * (4 - 3 * epsilon + 4 * epsilon**2) * y * z**2
            - 4 * epsilon * z**2
            + y**2 * z**2 * sp.Function("a")(z, y, epsilon)
            + z**3 * sp.Function("R")(z, y, epsilon),
        ),
        variables=(z, y, epsilon),
        source=Source("agarwala2023", "the two-step recurrences before Theorem 1"),
        uses=("one-step-coq",),
        domain="all z, y, epsilon; y measured from the nullcline cut at order 2 in z; a and R explicit polynomials",
        note="y^2 z^2 a has no factor epsilon and is not printed; printed_y_lacks gives it at epsilon = 0",
        checks=_by_coq("nullcline_order", "z_recurrence", "y_recurrence", "printed_z", "printed_y", "printed_y_lacks"),
    ),
)
