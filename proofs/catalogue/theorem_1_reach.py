"""How far the method of Theorem 1 reaches: limits of linear barriers, a curved one, starts near epsilon = 1, growth."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy as sp

from ...symbolic.algebra.rings import PolyRing, to_fraction
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.trapping.barrier import derive_barrier
from ...symbolic.trapping.curved import CurvedBarrier, derive_curved
from ...symbolic.trapping.region import Condition
from ..certificates.barrier_reach import Refutation, SlopeRefuter
from ..certificates.enclosed_entry import Follower
from ..certificates.proved_basin import Window, grow_basin, judge_stretch
from ..certificates.stated import epsilon_range, require_limit
from ..certificates.stated_reach import StatedBarrier, read_free, refuse, stated_barrier, stated_windows
from ..certificates.theorem_1 import CURVED, PIECES, regions
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, Verdict, judge
from ..statements import REALS, Definition, R, Range, Statement, gt, le, lt, ne
from .theorem_1_certificate import judge_conditions, refuted_by_algebra

z, T, V, p, epsilon, beta = symbols("z T V p epsilon beta")
limit, STEP_T = symbols("T_inf T'")
_INTERVAL = (le(2 - epsilon, limit), le(limit, 2))

# linear barriers

LEAST = sp.Function("F_min")
_A, _TOP = symbol("A"), sp.Symbol("e", real=True)
#: Shares of the largest epsilon at which starts are sought, and the slope from which one start serves all.
SHARES = (Fraction(1), Fraction(1, 2), Fraction(1, 20))
STEEP = Fraction(20)


@lru_cache(maxsize=64)
def _refuted(one_step: PlanarMap, height: Fraction, top: Fraction) -> tuple[list[Refutation] | None, bool]:
    """Starts that refute every slope up to the steep ones, and whether one start refutes these."""
    slow = derive_barrier(one_step, PIECES[0][0]).slow
    refuter = SlopeRefuter(slow, Fraction(1), height, [share * top for share in SHARES])
    if not refuter.refute_steep(STEEP):
        return None, False
    return refuter.refute((Fraction(0), STEEP), depth=9), True


@refuted_by_algebra
def _judge_heights(ctx: CheckContext, cases: list[tuple[Fraction, Fraction]]) -> Outcome:
    tested = undecided = 0
    shown = []
    for height, top in cases:
        found, steep = _refuted(ctx.map, height, top)
        tested += 1 + len(found or ())
        undecided += found is None or not steep
        shown.append(f"height {height}, epsilon up to {top}: {len(found or ())} starts")
    return judge(
        tested,
        0,
        undecided,
        worst=tested - len(cases),
        figure="starts that refute all slopes",
        detail="; ".join(shown),
        domain=f"slopes up to {STEEP} by bisection, steeper ones at the start where the barrier meets the top",
    )


def _linear_limit(ctx: CheckContext) -> Outcome:
    """For each height and range of epsilon, starts whose next state lies below the barrier, for every slope."""
    slopes = ctx.statement.interval(beta)
    if slopes.start < 0:
        raise refuse("slopes from 0 up", slopes)
    cases = []
    for part in ctx.statement.parts():
        if not (isinstance(part, sp.Lt) and part.args[0].func == LEAST and part.args[1] == 0):
            raise refuse(f"{LEAST}(height, epsilon) < 0", part)
        height, top = part.args[0].args
        if not (height > 0 and 0 < top <= 1):
            raise refuse("a positive height and a range of epsilon", part)
        cases.append((to_fraction(height), to_fraction(top)))
    return _judge_heights(ctx, cases)


# a curved barrier


@lru_cache(maxsize=64)
@refuted_by_algebra
def _judge_curved(one_step: PlanarMap, found: StatedBarrier, top: sp.Rational, right: sp.Rational) -> Outcome:
    slow = derive_barrier(one_step, PIECES[0][0]).slow
    near = CURVED["near"]
    region = derive_curved(slow, dict(found.terms), width=found.width, height=found.height, epsilon_max=top, near=near)
    tested, least = 0, None
    for condition in (*_nothing_beyond(region, right), *region.conditions):
        found_here = judge_conditions([condition], f"0 < epsilon <= {top}", max_boxes=100)
        if found_here.verdict is not Verdict.TRUE:
            return found_here
        tested += found_here.tested
        least = min((x for x in (least, found_here.worst) if isinstance(x, float)), default=None)
    ends = f"z in [{region.z_range[0]}, {region.z_range[1]}]"
    domain = f"0 < epsilon <= {top}, {ends}; beyond it the barrier lies above the top"
    return judge(tested, worst=least, bound="> 0", figure="least lower bound", domain=domain)


def _nothing_beyond(region: CurvedBarrier, right: sp.Rational) -> list[Condition]:
    """Off the region's range of z the barrier lies above the top, up to the stated end on the right."""
    low, high = region.z_range
    slow = region.slow
    phi = sum((c * slow.invariant**j * z**k for (j, k), c in region.coefficients.items()), start=sp.S.Zero)
    above = sp.numer(sp.together((phi - region.height) * slow.pole**region.region.degree))
    ring, far = PolyRing((z,)), 1 / z
    # to the left of it by z -> 1/z, times the power that clears it: z < low turns into [1/low, 0)
    degree = sp.degree(above, z)
    turned = sp.expand((-z) ** degree * above.subs(z, far))
    found = [
        Condition(
            "beyond-left", "no state lies left of the region", ((z, (1 / low, sp.S.Zero)),), ring.from_expr(turned)
        )
    ]
    if right > high:
        side = (high, right)
        found.append(Condition("beyond-right", "none lies right of it", ((z, side),), ring.from_expr(sp.expand(above))))
    return found


def _curved(ctx: CheckContext) -> Outcome:
    """The region above the stated curved barrier, with all its conditions."""
    _, top = epsilon_range(ctx.statement)
    read_free(ctx.statement, z, V)
    ctx.statement.assumed(ne(z, 0))
    found = stated_barrier(ctx.statement, V)
    right = ctx.statement.bounds(z, given=True)
    if right.high is None or right.low is not None or right.high > 1:
        raise refuse("an end of z on the right, at most 1", right)
    require_limit(ctx.statement, limit, sp.S.One, [{"width": found.width}])
    return _judge_curved(ctx.map, found, top, right.high)


# starts near epsilon = 1


@lru_cache(maxsize=4)
def _follower(one_step: PlanarMap) -> Follower:
    return Follower([barrier for barrier, _ in regions(one_step, Fraction(1))])


@lru_cache(maxsize=64)
@refuted_by_algebra
def _judge_entry(one_step: PlanarMap, windows: tuple[Window, ...], stride: int) -> Outcome:
    follower = _follower(one_step)
    cuts = [edge for edges in follower.edges for edge in edges]
    work = [(window, stretch) for window in windows for stretch in window.stretches(cuts)]
    tested = undecided = 0
    first_open = ""
    for window, stretch in work[::stride]:
        missing = judge_stretch(follower, window, stretch)
        tested += 1
        undecided += bool(missing)
        if missing:
            first_open = f"{missing} at epsilon {stretch[0]}"
            break
    share = "all" if stride == 1 else f"every {stride}th"
    return judge(
        tested,
        0,
        undecided,
        detail=first_open,
        domain=f"{share} of {len(work)} stretches of epsilon; the weights are real",
        level=None if stride == 1 else Level.CHECKED,
    )


def _entry(ctx: CheckContext) -> Outcome:
    """Each stretch of the windows is followed by balls until it enters a region or shrinks inside the interval."""
    read_free(ctx.statement, z, T)
    windows = stated_windows(ctx.statement, (z, V))
    require_limit(ctx.statement, limit, sp.S.One, [{"width": sp.S.One}])
    return _judge_entry(ctx.map, tuple(windows), ctx.pick(8, 1, 1))


@lru_cache(maxsize=128)
@refuted_by_algebra
def _judge_overshoot(one_step: PlanarMap, windows: tuple[Window, ...], below: sp.Expr, above: sp.Expr) -> Outcome:
    u, w = sp.symbols("u w", real=True)
    tilt = derive_barrier(one_step, PIECES[0][0]).lyapunov.tilt
    ring, unit = PolyRing((u, w, epsilon)), (sp.Integer(-1), sp.Integer(1))
    conditions = []
    for window in windows:
        rows = [window.z, window.z_reach, window.V, window.V_reach]
        c, r, norm, wide = (
            sp.Add(*(sp.Rational(x.numerator, x.denominator) * epsilon**k for k, x in enumerate(row))) for row in rows
        )
        place = {z: c + u * r, T: norm + w * wide - tilt * (c + u * r)}
        after = one_step.components[1].subs(place, simultaneous=True)
        side = tuple(sp.Rational(x.numerator, x.denominator) for x in window.epsilon)
        box = ((u, unit), (w, unit), (epsilon, side))
        for name, gap in (("below the edge", below - place[T]), ("past it after a step", after - above)):
            conditions.append(Condition(name, name, box, ring.from_expr(sp.expand(gap))))
    return judge_conditions(conditions, "the whole windows, as polynomials in place in them and epsilon", max_boxes=400)


def _overshoot(ctx: CheckContext) -> Outcome:
    """T before and after one step, as polynomials over the windows."""
    read_free(ctx.statement, z, T)
    windows = stated_windows(ctx.statement, (z, V))
    first, after = ctx.statement.bounds(T), ctx.statement.bounds(STEP_T)
    if first.high is None or first.low is not None or after.low is None or after.high is not None:
        raise refuse("an upper bound of T and a lower one of T'", (first, after))
    return _judge_overshoot(ctx.map, tuple(windows), first.high, after.low)


# growth

AREA, OWN = (sp.Symbol(name, positive=True) for name in ("area_B", "area_D"))


@lru_cache(maxsize=8)
def _areas(one_step: PlanarMap, eps: Fraction, rows: int, columns: int, depth: int) -> tuple[Fraction, Fraction, int]:
    """Area of grid cells proved to end in the interval, an upper bound of the region's own, and how many cells."""
    ((barrier, _),) = regions(one_step, Fraction(1, 5))
    if not 0 < eps <= to_fraction(barrier.epsilon_range[1]):
        raise refuse(f"0 < epsilon <= {barrier.epsilon_range[1]}, where the region is", eps)
    z_edges, V_edges = np.linspace(-1.0, 0.75, columns + 1), np.linspace(1.75, 2.5, rows + 1)
    proved = grow_basin(barrier, eps, z_edges, V_edges, depth=depth, most=30)
    if proved.shape != (rows, columns):
        raise refuse(f"{rows} x {columns} cells", proved.shape)
    # the sides of the cells are powers of 1/2, so that the edges are exact
    cell = Fraction(7, 4) / columns * Fraction(3, 4) / rows
    # on each short interval the barrier lies above its lower end value, for it falls to z = 0 and rises from there
    low, high = (int(200 * x) for x in barrier.z_range)
    top = to_fraction(barrier.height)
    ends = {k: to_fraction(sp.Rational(barrier.region.barrier(sp.Rational(k, 200)))) for k in range(low, high + 1)}
    own = sum((max(Fraction(0), top - min(ends[k], ends[k + 1])) for k in range(low, high)), Fraction(0)) / 200
    return int(proved.sum()) * cell, own, int(proved.size)


def _growth(ctx: CheckContext) -> Outcome:
    """Area of grid cells all of whose starts provably end in the interval, against the area of the trapping region."""
    at = ctx.statement.domain(epsilon)
    found = ctx.statement.bounds(AREA)
    if not isinstance(at, sp.FiniteSet) or found.low is None or found.high is not None:
        raise refuse("one epsilon and a lower bound of the area", (at, found))
    wanted = to_fraction(sp.Rational(found.low / OWN))
    grid = ctx.pick((24, 28, 3), (24, 28, 3), (48, 56, 3))
    cells, worst = 0, None
    for value in at:
        area, own, size = _areas(ctx.map, to_fraction(value), *grid)
        cells += size
        worst = area / own if worst is None else min(worst, area / own)
    if worst is None:
        raise refuse("some epsilon", at)
    return judge(
        cells,
        0,
        int(worst <= wanted),
        worst=round(float(worst), 4),
        bound=float(wanted),
        figure="area proved / area of the region",
        domain=f"{grid[0]} x {grid[1]} cells of V in [7/4, 5/2], z in [-1, 3/4]",
        detail="it stops at cells astride z = 0 and at folds of the map",
    )


_CENTRE = sp.Symbol("c", real=True)
_PHI = sum((sp.Rational(c) * p**j * z**k for (j, k), c in CURVED["coefficients"].items()), start=sp.S.Zero)

CLAIMS = (
    Claim(
        id="theorem-1-linear-limit",
        title="What stops a barrier linear in p: exact starts that refute every slope",
        statement=Statement(
            over=(Range(beta, sp.Interval(0, sp.oo)),),
            where=(
                Definition(
                    LEAST(_A, _TOP),
                    "the infimum, over 0 < epsilon <= e and the states of the region {z != 0, z < 1, beta p <= W - 2, "
                    "W <= 2 + A}, W = V + epsilon, of (W' - 2)(1 - z') - beta z'^2, W' = V' + epsilon; where it is "
                    "negative, some state of the region has its next one outside the region",
                ),
            ),
            conclusion=(lt(LEAST(R(1, 2), R(6, 25)), 0), lt(LEAST(R(14, 25), R(1, 5)), 0)),
        ),
        source=Source("edgestab", "trapping region of Theorem 1, slopes refuted by exact starts"),
        uses=("theorem-1-lyapunov",),
        note="They bound the method, not the truth: such starts leave the region, not the basin.",
        checks=(Check("starts whose next state is below the barrier, exact", Level.ENCLOSED, _linear_limit),),
    ),
    Claim(
        id="theorem-1-curved-region",
        title="A curved barrier reaches higher than any linear one: 13/20 for epsilon up to 1/5",
        statement=Statement(
            over=(Range(epsilon, sp.Interval.Lopen(0, R(1, 5))), Range(z, REALS), Range(V, REALS)),
            given=(le(_PHI, V + epsilon - 2), le(V + epsilon, R(53, 20)), ne(z, 0), le(z, R(3, 5))),
            conclusion=_INTERVAL,
        ),
        source=Source("edgestab", "trapping region with a curved barrier"),
        uses=("theorem-1-lyapunov", "theorem-1-linear-limit"),
        checks=(Check("sign conditions by exact subdivision", Level.ENCLOSED, _curved),),
    ),
    Claim(
        id="theorem-1-starts-near-one",
        title="Explicit starts that pass the edge and come back, for epsilon up to 19/20",
        statement=Statement(
            over=(Range(epsilon, sp.Interval.Lopen(0, R(19, 20))), Range(z, REALS), Range(T, REALS)),
            given=(
                le(sp.Abs(z + _CENTRE), R(1, 200)),
                le(sp.Abs(V - 2 - (1 - epsilon) * _CENTRE), (1 - epsilon) ** 2 / 40),
            ),
            where=(Definition(_CENTRE, "minus the centre for z", sp.Min(R(1, 4), 1 - epsilon)),),
            conclusion=(lt(T, 2), lt(2 + R(11, 16) * (1 - epsilon) ** 2, STEP_T), *_INTERVAL),
        ),
        source=Source("edgestab", "enclosed orbits into the trapping region"),
        uses=("theorem-1-all-epsilon",),
        note="At epsilon = 1 nothing can pass the edge (theorem-1-no-sharpening-at-one).",
        checks=(
            Check("below the edge and past it, as polynomials over the windows", Level.ENCLOSED, _overshoot),
            Check("windows followed by balls in mean value form", Level.ENCLOSED, _entry),
        ),
    ),
    Claim(
        id="theorem-1-grown-basin",
        title="At epsilon = 1/5 the proved basin has more than 4/3 of the area of the trapping region",
        statement=Statement(
            over=(Range(epsilon, sp.FiniteSet(R(1, 5))),),
            where=(
                Definition(AREA, "the area of the set of (z, V), z != 0, with 2 - epsilon <= T_inf <= 2"),
                Definition(OWN, "the area, in (z, V), of the set of starts of theorem-1-trapping-region"),
            ),
            conclusion=(gt(AREA, R(4, 3) * OWN),),
        ),
        source=Source("edgestab", "enclosed orbits into the trapping region"),
        uses=("theorem-1-trapping-region",),
        checks=(
            Check(
                "cells followed by balls into the region",
                Level.ENCLOSED,
                _growth,
                hindsight="4/3, after the areas that grids of several sizes gave",
            ),
        ),
    ),
)
