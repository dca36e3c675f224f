"""Theorem 1 with explicit constants: trapping regions proved on boxes, explicit starts, and an independent checker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache, wraps
from typing import ParamSpec

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.models.quadratic import QuadraticModel
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.trapping.barrier import Barrier, derive_barrier
from ...symbolic.trapping.lyapunov import Identity, derive_lyapunov, derive_slow_coordinate
from ...symbolic.trapping.region import Condition
from ...symbolic.trapping.start import StartSet, derive_start
from ..certificates.checker import ACCEPTED, UNDECIDED, check_certificate
from ..certificates.serial import judge_condition
from ..certificates.sharp_limit import STRIPS, build_sharp_certificate
from ..certificates.stated import (
    FIRST,
    LATER,
    LIMIT,
    NORM,
    OUTPUT,
    THETA_0,
    Numbers,
    devices,
    epsilon_range,
    require_limit,
    stated_regions,
    stated_starts,
    stated_width,
)
from ..certificates.theorem_1 import PIECES, build_certificate
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, Verdict, judge
from ..statements import (
    POSITIVE,
    REALS,
    WEIGHTS,
    Definition,
    Inhabited,
    IsOpen,
    R,
    Range,
    Statement,
    eq,
    le,
    lt,
    ne,
)
from ..statements.names import table

z, T, V, U, p, h, epsilon, eta, eta_0 = symbols("z T V U p h epsilon eta eta_0")
slope, height = symbols("beta A")
limit = symbol("T_inf")
_Z_NEXT, _T_NEXT, _V_NEXT, _U_NEXT = (symbol(f"{name}'") for name in "zTVU")
_VERDICT, _ORDER = sp.Function("verdict"), sp.Symbol("k", integer=True)

P = ParamSpec("P")


def refuted_by_algebra(run: Callable[P, Outcome]) -> Callable[P, Outcome]:
    """Turn a failed derivation (the map has no such function) into FALSE: the claim is about the map."""

    @wraps(run)
    def judged(*args: P.args, **kwargs: P.kwargs) -> Outcome:
        try:
            return run(*args, **kwargs)
        except ProofError as error:
            return Outcome(Verdict.FALSE, 1, rejected=1, detail=str(error))

    return judged


def judge_conditions(conditions: Iterable[Condition], domain: str, max_boxes: int = 4000) -> Outcome:
    """Prove each condition on its box; count leaf boxes.

    Args:
        conditions: what is to be shown positive.
        domain: in words, for the report.
        max_boxes: boxes for each condition before it is left open.

    Returns:
        TRUE only if every leaf box of every condition was proved.
    """
    tested = rejected = undecided = 0
    least: tuple[Fraction, str] | None = None
    met: str | None = None
    for condition in conditions:
        found = judge_condition(condition, max_boxes)
        rejected += found.counterexample is not None
        undecided += 0 if found.counterexample is not None else len(found.undecided)
        tested += len(found.proved) + len(found.undecided)
        if found.counterexample is not None and met is None:
            point = dict(zip((v.name for v in condition.variables), map(str, found.counterexample), strict=True))
            met = f"{condition.name} fails at {point}"
        if found.floor is not None and (least is None or found.floor < least[0]):
            least = (found.floor, condition.name)
    worst = None if least is None else float(least[0])
    detail = "" if least is None else f"closest to failing is the condition {least[1]}"
    return judge(
        tested,
        rejected,
        undecided,
        worst=worst,
        bound="> 0",
        figure="least lower bound",
        domain=domain,
        counterexample=met,
        detail=detail,
    )


def region_barriers(one_step: PlanarMap, regions: Iterable[Iterable[tuple[str, object]]]) -> list[Barrier]:
    """The barriers of regions given by their constants; a floor of V belongs to the starts alone."""
    return [derive_barrier(one_step, {k: v for k, v in constants if k != "floor"}) for constants in regions]


def judge_barriers(barriers: Iterable[Barrier], further: Iterable[Condition] = (), domain: str = "") -> Outcome:
    """The identities of trapping regions, then their conditions and further ones."""
    found = tuple(barriers)
    identities = [i for barrier in found for i in barrier.identities]
    wrong = [i.name for i in identities if not i.holds()]
    if wrong:
        return judge(len(identities), len(wrong), detail=f"identities that fail: {', '.join(wrong)}", domain=domain)
    return judge_conditions([*(c for barrier in found for c in barrier.conditions), *further], domain)


@lru_cache(maxsize=256)
@refuted_by_algebra
def _judge_regions(one_step: PlanarMap, regions: tuple[tuple[tuple[str, object], ...], ...]) -> Outcome:
    low, high = dict(regions[0])["epsilon_min"], dict(regions[-1])["epsilon_max"]
    stretches = f" in {len(regions)} stretches" if len(regions) > 1 else ""
    domain = f"{low} <= epsilon <= {high}{stretches}, closed boxes down to z = 0"
    return judge_barriers(region_barriers(one_step, regions), domain=domain)


def constants_key(regions: Iterable[dict[str, object]]) -> tuple[tuple[tuple[str, object], ...], ...]:
    """Constants of regions as a key under which a judgement is kept."""
    return tuple(tuple(sorted(r.items())) for r in regions)


def _regions(ctx: CheckContext) -> Outcome:
    """The regions that the hypotheses name trap, and give the stated interval for the limit."""
    regions = stated_regions(ctx.statement)
    require_limit(ctx.statement, limit, sp.S.One, regions)
    return _judge_regions(ctx.map, constants_key(regions))


@lru_cache(maxsize=256)
@refuted_by_algebra
def _judge_starts(
    one_step: PlanarMap, region: tuple[tuple[str, object], ...], start: tuple[tuple[str, object], ...]
) -> Outcome:
    (barrier,) = region_barriers(one_step, (region,))
    found: StartSet = derive_start(barrier, dict(start))
    low, high = found.epsilon_range
    domain = f"{low} <= epsilon <= {high}, closed boxes; eta/eta_0 in [1, {found.ratio}]"
    return judge_barriers((barrier,), found.conditions, domain)


def judge_starts(ctx: CheckContext) -> Outcome:
    """The starts that the hypotheses name lie in a trapping region, below the edge, and pass it in one step."""
    low, high = epsilon_range(ctx.statement)
    start = stated_starts(ctx.statement)
    constants = [c for c, _ in PIECES if sp.Rational(str(c["epsilon_min"])) <= low][-1]
    region = {
        **devices(low),
        **{name: sp.Rational(str(constants[name])) for name in ("slope", "height")},
        "width": stated_width(ctx.statement),
        "epsilon_min": low,
        "epsilon_max": high,
    }
    require_limit(ctx.statement, LIMIT, eta, [region])
    return _judge_starts(ctx.map, *constants_key([region, start]))


def _flat(term: sp.Expr, ctx: CheckContext) -> sp.Expr:
    """A term with every name of the table put in, down to ``z``, ``T`` and ``epsilon``."""
    entries = {s: table().get(s.name) for s in term.free_symbols}
    values = {s: entry.value(ctx.subject) for s, entry in entries.items() if entry is not None and entry.value}
    return term.subs(values, simultaneous=True)


@lru_cache(maxsize=16)
def _wrong_meanings(one_step: PlanarMap, model: QuadraticModel) -> tuple[str, ...]:
    """Which of these fail: V is the weight norm of the model, and the two-cycles at ``epsilon = 0`` keep p."""
    lyapunov = derive_lyapunov(one_step)
    found = (lyapunov.weight_norm(model), derive_slow_coordinate(lyapunov).invariance())
    return tuple(i.name for i in found if not i.holds())


@refuted_by_algebra
def _judge_laws(ctx: CheckContext, equations: tuple[tuple[sp.Expr, sp.Expr], ...]) -> Outcome:
    found = [Identity(str(a), "as stated", _flat(a, ctx), _flat(b, ctx), (z, T, epsilon)) for a, b in equations]
    failed = [*_wrong_meanings(ctx.map, ctx.subject.model), *(i.name for i in found if not i.holds())]
    return judge(
        len(found) + 2,
        len(failed),
        worst=len(failed),
        bound=0,
        figure="identities that fail",
        domain="as rational functions of z, T and epsilon",
        detail=f"failed: {', '.join(failed)}" if failed else "V is the weight norm, p is kept by the two-cycles",
    )


def _laws(ctx: CheckContext) -> Outcome:
    """What is stated of V, p and U and of their next values, each name put in as derived from the map."""
    for variable in (z, T, epsilon):
        ctx.statement.within(variable, REALS)
    for pole in (ne(z, 1), ne(_Z_NEXT, 1)):  # of p before the step and after it
        ctx.statement.assumed(pole)
    return _judge_laws(ctx, tuple((left, ctx.statement.equation(left)) for left in (V, p, U, _V_NEXT, _U_NEXT)))


def _no_overshoot_at_one(ctx: CheckContext) -> Outcome:
    """The weight norm and the next eigenvalue at the stated epsilon, against what is stated of them."""
    for variable in (z, T, epsilon):
        ctx.statement.within(variable, REALS)
    (at,) = (given.args[1] for given in ctx.statement.hypotheses_on(epsilon) if isinstance(given, sp.Eq))
    return _judge_at(ctx.map, at, ctx.statement.equation(V), ctx.statement.equation(_T_NEXT))


@refuted_by_algebra
def _judge_at(one_step: PlanarMap, at: sp.Rational, norm: sp.Expr, after: sp.Expr) -> Outcome:
    found = ((derive_lyapunov(one_step).value, norm), (one_step.components[1], after))
    wrong = sum(sp.expand((derived - stated).subs(epsilon, at)) != 0 for derived, stated in found)
    return judge(
        len(found), wrong, worst=wrong, bound=0, figure="equations that fail", domain=f"epsilon = {at}, all z, T"
    )


@lru_cache(maxsize=16)
def _accepted(one_step: PlanarMap, order: int) -> tuple[str, str, int]:
    """What the checker says of the certificate of Theorem 1 (order 0) or of a sharp form, and how much it verified."""
    certificate = build_sharp_certificate(one_step, order) if order else build_certificate(one_step)
    found = check_certificate(certificate)
    return found.status, found.reason, found.conditions + found.boxes


@refuted_by_algebra
def _judge_checker(one_step: PlanarMap, orders: tuple[int, ...]) -> Outcome:
    found = [_accepted(one_step, order) for order in orders]
    open_ = sum(status == UNDECIDED for status, _, _ in found)
    wrong = sum(status not in (ACCEPTED, UNDECIDED) for status, _, _ in found)
    reason = next((reason for status, reason, _ in found if status != ACCEPTED), found[0][1])
    return judge(
        max(1, sum(size for _, _, size in found)),
        wrong,
        open_,
        worst=f"{len(found) - open_ - wrong} of {len(found)}",
        figure="certificates accepted",
        detail=reason,
        domain=f"k in {', '.join(map(str, orders))}",
    )


def _checker(ctx: CheckContext) -> Outcome:
    asked = sorted(ctx.statement.domain(_ORDER))
    if ctx.statement.equation(_VERDICT(_ORDER)) != 1 or not set(asked) <= {0, *STRIPS}:
        raise ProofError.of("the statement", f"acceptance for orders {sorted(STRIPS)}", asked, "No other is written.")
    return _judge_checker(ctx.map, tuple(int(k) for k in asked if k <= ctx.pick(1, 2, 3)))


def piece(index: int) -> tuple[Numbers, Numbers]:
    """Constants of one stretch as exact numbers, and those of its starts."""
    region, start = ({k: sp.Rational(str(v)) for k, v in (part or {}).items()} for part in PIECES[index])
    return region, start


def start_statement(over: sp.Interval, start: Numbers, width: int = 1) -> Statement:
    """For an open set of weights and a window of step sizes: below the edge, past it after a step, then just below it.

    Args:
        over: range of epsilon.
        start: constants of the start set.
        width: the limit lies above ``(2 - width epsilon) / eta``.
    """
    norm = eta_0 * epsilon * NORM + start["norm_shift"] * epsilon
    return Statement(
        over=(Range(epsilon, over), Range(eta_0, POSITIVE), Range(THETA_0, WEIGHTS), Range(eta, REALS)),
        given=(
            lt(start["a_min"], eta_0 * OUTPUT),
            lt(eta_0 * OUTPUT, start["a_max"]),
            lt(start["n_min"], norm),
            lt(norm, start["n_max"]),
            le(eta_0, eta),
            le(eta, start["ratio"] * eta_0),
        ),
        conclusion=(
            lt(FIRST, 2 / eta),
            lt((2 + start["overshoot"]) / eta, LATER),
            le(2 / eta - width * epsilon / eta, LIMIT),
            le(LIMIT, 2 / eta),
            Inhabited(THETA_0),
            IsOpen(THETA_0),
        ),
    )


_HOUSE = Source("edgestab", "edgestab.trapping.Barrier")
_STATE = (Range(z, REALS), Range(V, REALS))
_LOW, _MIDDLE, _HIGH = (piece(k)[0] for k in range(3))
_INTERVAL = (le(2 - epsilon, limit), le(limit, 2))


def region_hypotheses(slope: sp.Expr, height: sp.Expr) -> tuple[sp.Basic, ...]:
    """Membership of a state in a trapping region of width 1: above the barrier, below the top, off ``z = 0``."""
    return (le(slope * p, V + epsilon - 2), le(V + epsilon, 2 + height), ne(z, 0), lt(z, 1))


CLAIMS = (
    Claim(
        id="theorem-1-lyapunov",
        title="The weight norm V and the slow coordinate U, each with an exact one-step law",
        statement=Statement(
            over=(Range(z, REALS), Range(T, REALS), Range(epsilon, REALS)),
            given=(ne(z, 1), ne(_Z_NEXT, 1)),
            conclusion=(
                eq(V, T - 2 * (1 - epsilon) * z),
                eq(p, z**2 / (1 - z)),
                eq(U, V - 2 - 2 * p),
                eq(_V_NEXT, V - epsilon * z**2 * (4 - T)),
                eq(_U_NEXT, U - z**2 * (h * (2 - z) * U + epsilon * (4 - T) * (1 - z)) / (1 - _Z_NEXT)),
            ),
        ),
        source=_HOUSE,
        note="V falls while T < 4. It comes out of a linear solve, p and h out of the map, not from this statement",
        checks=(Check("V, p, U derived from the map and put into both laws", Level.DERIVED, _laws),),
    ),
    Claim(
        id="theorem-1-trapping-region",
        title="A trapping region for epsilon up to 1/5 ends within epsilon of the edge",
        statement=Statement(
            over=(Range(epsilon, sp.Interval.Lopen(0, _LOW["epsilon_max"])), *_STATE),
            given=region_hypotheses(_LOW["slope"], _LOW["height"]),
            conclusion=_INTERVAL,
        ),
        source=_HOUSE,
        uses=("theorem-1-lyapunov",),
        note="any step size, for z and T are in its units; both signs of z",
        checks=(Check("six sign conditions by exact subdivision", Level.ENCLOSED, _regions),),
    ),
    Claim(
        id="theorem-1-all-epsilon",
        title="Trapping regions for every epsilon up to 1, with the same delta = epsilon",
        statement=Statement(
            over=(Range(epsilon, sp.Interval.Lopen(0, _HIGH["epsilon_max"])), *_STATE),
            given=region_hypotheses(slope, height),
            conclusion=_INTERVAL,
            where=(
                Definition(
                    slope,
                    "slope of the barrier",
                    sp.Piecewise(
                        (_LOW["slope"], le(epsilon, _LOW["epsilon_max"])),
                        (_MIDDLE["slope"], le(epsilon, _MIDDLE["epsilon_max"])),
                        (_HIGH["slope"], True),
                    ),
                ),
                Definition(
                    height,
                    "height of the top of the region over the edge",
                    sp.Piecewise((_LOW["height"], le(epsilon, _LOW["epsilon_max"])), (_MIDDLE["height"], True)),
                ),
            ),
        ),
        source=_HOUSE,
        uses=("theorem-1-lyapunov",),
        note="the paper asserts some epsilon_c; every epsilon works, each with its region; epsilon above 1 mirrors "
        "1/epsilon",
        checks=(Check("sign conditions of all regions by exact subdivision", Level.ENCLOSED, _regions),),
    ),
    Claim(
        id="theorem-1-explicit",
        title="Explicit open sets of weights for epsilon from 1/5 to 3/10: below the edge, past it after one step, "
        "then just below it",
        statement=start_statement(
            sp.Interval(_MIDDLE["epsilon_min"], piece(1)[1]["epsilon_max"]),
            # the certificate's window of step sizes is narrower than it need be
            {**piece(1)[1], "ratio": R(201, 200)},
        ),
        source=Source("agarwala2023", "Theorem 1"),
        uses=("theorem-1-all-epsilon",),
        note="for smaller epsilon see theorem-1; progressive sharpening and the return are both part of the statement",
        checks=(Check("start conditions on boxes in (f, |theta|^2, eta, epsilon)", Level.ENCLOSED, judge_starts),),
    ),
    Claim(
        id="theorem-1-no-sharpening-at-one",
        title="At epsilon = 1 nothing sharpens below T = 4: the eigenvalue is the weight norm, which falls there",
        statement=Statement(
            over=(Range(z, REALS), Range(T, REALS), Range(epsilon, REALS)),
            given=(eq(epsilon, 1),),
            conclusion=(eq(V, T), eq(_T_NEXT, T - z**2 * (4 - T))),
        ),
        source=_HOUSE,
        uses=("theorem-1-lyapunov",),
        note="so starts below the edge that pass it exist only below epsilon = 1; the explicit sets stop earlier",
        checks=(Check("V and T' at epsilon = 1, from the map", Level.DERIVED, _no_overshoot_at_one),),
    ),
    Claim(
        id="theorem-1-checker",
        title="An independent checker accepts the certificates",
        statement=Statement(
            over=(Range(_ORDER, sp.FiniteSet(0, *STRIPS)),),
            conclusion=(eq(_VERDICT(_ORDER), 1),),
            where=(
                Definition(_ORDER, "which certificate: 0 that of Theorem 1, else the order of a sharp form"),
                Definition(
                    _VERDICT(_ORDER),
                    "1 where edgestab.proofs.check_certificate accepts the certificate, 0 where not",
                ),
            ),
        ),
        source=Source("edgestab", "edgestab.proofs.check_certificate"),
        uses=("theorem-1-explicit",),
        note="the checker re-derives the conditions from gradient descent with its own algebra; that a program accepts "
        "a file is CHECKED, what is in the file is ENCLOSED",
        checks=(
            Check("map, conditions, tilings, signs and constants verified from the file", Level.CHECKED, _checker),
        ),
    ),
)
