"""Claims on models that others studied, derived from their losses with the tools that users have for their own."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.symbols import symbols
from ...symbolic.models.literature import lewkowycz
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, NATURALS, POSITIVE, REALS, Definition, O, Range, Statement, eq
from .recurrences import CLAIMS as MAIN_CASE
from .stated_maps import DY, LATER, STEP_T, STEP_Z, TWO_Y, after_step, closure, derived_map, descends, two_steps

z, T, y, epsilon, eta = symbols("z T y epsilon eta")
theta_1, theta_2 = symbols("theta_1 theta_2")
lam, f, n = symbols("lambda f n")
STEP_F, STEP_LAMBDA = symbols("f' lambda'")
u, v, i = sp.IndexedBase("u"), sp.IndexedBase("v"), sp.Symbol("i", integer=True)
ORDER = 3
DIFFER = "coefficients that differ"


def _lewkowycz_term_by_term(ctx: CheckContext) -> Outcome:
    """One hidden unit after another: a step turns its share of each sum into a combination of its shares of both."""
    ctx.statement.within(n, NATURALS)
    ctx.statement.within(eta, POSITIVE)
    one, two, *unknown = sp.symbols("u_i v_i A B", real=True)
    share, factor = {}, {}
    for name in (f, lam):
        value = ctx.statement.defined(name)
        (total,) = value.atoms(sp.Sum)
        if total.limits != ((i, 1, n),):
            raise ProofError.of("term by term", "sums over all hidden units", total, "It judges no others.")
        factor[name], share[name] = value / total, total.function.subs({u[i]: one, v[i]: two})
    slope = f * factor[f]  # times the derivative of a share of f: that of the loss f^2/2
    moved = {w: w - eta * slope * sp.diff(share[f], w) for w in (one, two)}
    tested = rejected = 0
    for now, later in ((f, STEP_F), (lam, STEP_LAMBDA)):
        stepped = share[now].subs(moved, simultaneous=True)
        combined = sp.Add(*(a * share[name] for a, name in zip(unknown, (f, lam), strict=True)))
        equations = sp.Poly(sp.expand(stepped - combined), one, two).coeffs()
        tested += len(equations) + 1
        found = sp.solve(equations, unknown, dict=True)
        if not found:
            rejected += 1
            continue
        # a share of f sums to f over its factor, and so does that of lambda, with the same A and B for each unit
        total = sp.Add(*(found[0][a] * name / factor[name] for a, name in zip(unknown, (f, lam), strict=True)))
        rejected += sp.expand(factor[now] * total - ctx.statement.equation(later)) != 0
    return judge(tested, rejected, worst=rejected, bound=0, figure=DIFFER, domain="any number of hidden units")


@lru_cache(maxsize=8)
def _reduced(width: int) -> tuple[int, tuple[sp.Expr, ...]]:
    """Monomials compared by the closure from the loss at a width, and the next f and lambda that it finds."""
    example = lewkowycz(width)
    reduction = example.model().reduce(example.coordinates)
    return reduction.compared, tuple(e.rhs.subs(sp.Symbol("lam", real=True), lam) for e in reduction.equations())


def _lewkowycz_closes(ctx: CheckContext) -> Outcome:
    """Closure from the loss at some widths against the stated recurrences, coefficient by coefficient."""
    ctx.statement.within(n, NATURALS)
    ctx.statement.within(eta, POSITIVE)
    tested = rejected = 0
    widths = ctx.pick((2,), (1, 2, 3), (1, 2, 3, 4))
    for width in widths:
        compared, found = _reduced(width)
        tested += compared
        for derived, later in zip(found, (STEP_F, STEP_LAMBDA), strict=True):
            stated = sp.expand(ctx.statement.equation(later))
            rejected += sp.expand(derived - stated) != 0
            tested += len(sp.Add.make_args(stated))
    return judge(
        tested, rejected, worst=rejected, bound=0, figure=DIFFER, domain=f"widths {', '.join(map(str, widths))}"
    )


def _lewkowycz_at_the_edge(ctx: CheckContext) -> Outcome:
    """The rescaled step against the recurrences and the derived map, two steps, and the hypotheses that fail."""
    study = ctx.subject.example("lewkowycz", ORDER + 1)
    to_own = {f: z * sp.sqrt(n) / eta, lam: T / eta}
    scales = {STEP_Z: eta / sp.sqrt(n), STEP_T: eta}
    wrong = []
    ctx.statement.within(T, FORMAL)
    for later, component, printed in zip(LATER.values(), study.map.components, _LEWKOWYCZ, strict=True):
        stated = ctx.statement.equation(later)
        wrong += [f"{later} as printed"] * (sp.expand(scales[later] * printed.subs(to_own) - stated) != 0)
        wrong += [f"{later} as derived"] * (sp.expand(component - stated) != 0)
    # the two-step analysis of another map may have no meaning
    tested, differ = (0, []) if wrong else two_steps(ctx.statement, study.map.two_step(ORDER + 1))
    small, cycles = study.hypothesis("small parameter"), study.hypothesis("two-cycles")
    fails = [h is not None and h.holds is False for h in (small, cycles)]
    wrong += [*differ, *["hypotheses"] * (study.concentrates or not all(fails))]
    return judge(
        tested + 5,
        len(wrong),
        worst=len(wrong),
        bound=0,
        figure="things that are not as stated",
        domain="every monomial; the constants drop out of the rescaled step",
        counterexample=wrong[0] if wrong else None,
    )


def _agarwala_from_loss(ctx: CheckContext) -> Outcome:
    """A step on the stated loss, and the map that the tools for a user's own loss derive, against the stated map."""
    for weight in (theta_1, theta_2, epsilon):
        ctx.statement.within(weight, REALS)
    ctx.statement.within(eta, POSITIVE)
    study = ctx.subject.example("agarwala", ORDER)
    own = dict(zip(study.model.parameters, (theta_1, theta_2), strict=True))
    loss = ctx.statement.defined(sp.Function("L")(theta_1, theta_2))
    same = sp.expand(study.model.loss.subs(own) - loss) == 0
    counts = (
        closure(ctx.statement),
        derived_map(ctx.statement, study.map),
        derived_map(ctx.statement, ctx.map),
        (1, int(not same)),
    )
    tested, rejected = (sum(column) for column in zip(*counts, strict=True))
    return judge(tested, rejected, worst=rejected, bound=0, figure=DIFFER, domain="all theta, step sizes and epsilon")


def _output(one: sp.Expr, two: sp.Expr) -> sp.Expr:
    return eta * (one**2 - epsilon * two**2) / 2


def _eigenvalue(one: sp.Expr, two: sp.Expr) -> sp.Expr:
    return eta * (one**2 + epsilon**2 * two**2)


_LEWKOWYCZ = (f * (1 - eta * lam + eta**2 * f**2 / n), lam + eta * f**2 / n * (eta * lam - 4))
_ONE_STEP = next(c for c in MAIN_CASE if c.id == "one-step-map").statement.conclusion

CLAIMS = (
    Claim(
        id="lewkowycz-recurrences",
        title="Linear network: the recurrences of f and lambda",
        derivation=lambda subject: subject.example("lewkowycz", 3).explain(),
        statement=Statement(
            conclusion=(eq(STEP_F, _LEWKOWYCZ[0]), eq(STEP_LAMBDA, _LEWKOWYCZ[1])),
            over=(Range(n, NATURALS), Range(eta, POSITIVE)),
            where=(
                Definition(u, "real weights of the hidden layer"),
                Definition(v, "real weights of the output"),
                Definition(f, "output of the network", sp.Sum(u[i] * v[i], (i, 1, n)) / sp.sqrt(n)),
                Definition(lam, "its NTK eigenvalue", sp.Sum(u[i] ** 2 + v[i] ** 2, (i, 1, n)) / n),
                Definition(STEP_F, "f after one step of gradient descent on the loss f^2/2 with step size eta"),
                Definition(STEP_LAMBDA, "lambda after this step"),
                Definition(n, "width: how many hidden units there are"),
            ),
        ),
        source=Source("lewkowycz2020", "update equations of f and lambda for L = f^2/2"),
        checks=(
            Check("one hidden unit after another, for any number", Level.DERIVED, _lewkowycz_term_by_term),
            Check("closure from the loss, at some widths", Level.CHECKED, _lewkowycz_closes),
        ),
        note="lambda falls while eta lambda < 4: the catapult.",
    ),
    Claim(
        id="lewkowycz-not-concentrated",
        title="Linear network: no constant is left that is small, and T leaves the edge at a rate of order z^2",
        statement=Statement(
            conclusion=(
                eq(STEP_Z, z - T * z + z**3),
                eq(STEP_T, T + z**2 * (T - 4)),
                eq(DY, -4 * z**2 + O(y * z**2, z**4)),
            ),
            over=tuple(Range(s, FORMAL) for s in (z, T, y)),
            where=(
                Definition(z, "eta f/sqrt(n), with f and n of lewkowycz-recurrences"),
                Definition(T, "eta lambda"),
                Definition(STEP_Z, "z after one step, eta f'/sqrt(n)"),
                Definition(STEP_T, "T after one step, eta lambda'"),
                Definition(
                    y,
                    "T - h(z), with the two-step nullcline h: two steps keep z where T = h(z), h(0) = 2",
                ),
                Definition(TWO_Y, "T - h(z) after two steps"),
            ),
        ),
        source=Source("edgestab", "hypotheses of concentration, applied to Lewkowycz et al. 2020"),
        uses=("lewkowycz-recurrences",),
        checks=(Check("two steps, and hypotheses decided exactly", Level.DERIVED, _lewkowycz_at_the_edge),),
        note="In these units neither step size nor width occurs.",
    ),
    Claim(
        id="agarwala-from-loss",
        title="The main case from its loss, by the tools for a loss of your own",
        derivation=lambda subject: subject.example("agarwala", 3).explain(),
        statement=Statement(
            conclusion=_ONE_STEP,
            over=(*(Range(s, REALS) for s in (theta_1, theta_2, epsilon)), Range(eta, POSITIVE)),
            where=(
                *descends((theta_1, theta_2), (theta_1**2 - epsilon * theta_2**2) ** 2 / 8),
                Definition(z, "eta times the output", _output(theta_1, theta_2)),
                Definition(T, "eta times the NTK eigenvalue", _eigenvalue(theta_1, theta_2)),
                Definition(STEP_Z, "z after one step", _output(after_step(theta_1), after_step(theta_2))),
                Definition(STEP_T, "T after one step", _eigenvalue(after_step(theta_1), after_step(theta_2))),
            ),
        ),
        source=Source("agarwala2023", "Theorem 1: the model with eigenvalues {-epsilon, 1}"),
        uses=("one-step-map",),
        checks=(
            Check("a gradient step, and the derived map, against the stated map", Level.DERIVED, _agarwala_from_loss),
        ),
        note="The conclusion is that of one-step-map. The step size is found to be a mere unit, the small parameter "
        "to be epsilon.",
    ),
)
