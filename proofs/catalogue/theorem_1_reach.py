"""How far the method of Theorem 1 reaches: limits of linear barriers, a curved one, starts near epsilon = 1, growth."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy as sp

from ...symbolic.algebra.symbols import symbols
from ...symbolic.trapping.barrier import derive_barrier
from ...symbolic.trapping.curved import derive_curved
from ..certificates.barrier_reach import SlopeRefuter
from ..certificates.enclosed_entry import Follower
from ..certificates.proved_basin import grow_basin, judge_window, windows
from ..certificates.theorem_1 import CURVED, PIECES, regions
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from .theorem_1_certificate import judge_conditions, refuted_by_algebra

z, T, V, epsilon = symbols("z T V epsilon")
limit, after, _A, _BETA = symbols("T_inf T' A beta")
_INTERVAL = sp.And(sp.Le(2 - epsilon, limit), sp.Le(limit, 2))

#: Heights that no slope in ``SLOPES`` serves, with the values of epsilon that it would have to serve.
SLOPES = (Fraction(1, 10), Fraction(20))
TOO_HIGH = (
    (Fraction(1, 2), (Fraction(6, 25),)),
    (Fraction(14, 25), (Fraction(1, 5), Fraction(1, 10), Fraction(1, 100))),
)


@refuted_by_algebra
def _linear_limit(ctx: CheckContext) -> Outcome:
    slow = derive_barrier(ctx.map, PIECES[0][0]).slow
    tested = undecided = 0
    shown = []
    for height, epsilons in TOO_HIGH:
        found = SlopeRefuter(slow, Fraction(1), height, epsilons).refute(SLOPES)
        if found is None:
            undecided += 1
            tested += 1
            continue
        tested += len(found)
        served = ", ".join(map(str, epsilons))
        shown.append(f"height {height} at epsilon {served}: {len(found)} starts refute every slope")
    domain = f"slopes in [{SLOPES[0]}, {SLOPES[1]}], width 1"
    return judge(tested, 0, undecided, worst=f"{tested} starts", detail="; ".join(shown), domain=domain)


@refuted_by_algebra
def _curved(ctx: CheckContext) -> Outcome:
    slow = derive_barrier(ctx.map, PIECES[0][0]).slow
    region = derive_curved(slow, **CURVED)
    return judge_conditions(region.conditions, f"0 < epsilon <= {region.epsilon_max}, height {region.height}")


@refuted_by_algebra
def _near_one(ctx: CheckContext) -> Outcome:
    """Each window is followed by balls until it enters a region or shrinks geometrically inside the interval."""
    follower = Follower([barrier for barrier, _ in regions(ctx.map, Fraction(1))])
    last = ctx.pick(Fraction(1, 2), Fraction(9, 10), Fraction(99, 100))
    tested = undecided = 0
    least = None
    first_open = ""
    for window in windows(Fraction(3, 10), last):
        open_part = judge_window(follower, window)
        tested += 1
        undecided += bool(open_part)
        first_open = first_open or (f"{open_part} at epsilon {window.epsilon[0]}" if open_part else "")
        least = window.overshoot if least is None else min(least, window.overshoot)
    return judge(
        tested,
        0,
        undecided,
        worst=None if least is None else float(least),
        bound="> 0",
        domain=f"3/10 <= epsilon <= {last}, explicit windows, after one step above 2 + (1 - epsilon)^2 / 4",
        detail=first_open,
    )


@refuted_by_algebra
def _growth(ctx: CheckContext) -> Outcome:
    """Area of grid cells all of whose starts provably end in the interval, against the area of the trapping region."""
    ((barrier, _),) = regions(ctx.map, Fraction(1, 5))
    eps, rows = Fraction(1, 10), ctx.pick(10, 20, 64)
    z_edges, V_edges = np.linspace(-1.0, 1.0, rows * 3 // 2 + 1), np.linspace(1.9, 3.0, rows + 1)
    proved = grow_basin(barrier, eps, z_edges, V_edges, depth=3, most=40, progress=ctx.progress)
    area = float(np.sum(proved)) * (z_edges[1] - z_edges[0]) * (V_edges[1] - V_edges[0])
    low, high = (float(x) for x in barrier.z_range)
    fine = np.linspace(low, high, 20_001)
    top = float(barrier.height)
    own = float(np.mean(np.maximum(0.0, top - barrier.region.barrier(fine))) * (high - low))
    ratio = area / own
    wanted = ctx.pick(0.5, 1.4, 2.2)
    return judge(
        int(proved.size),
        int(ratio <= wanted),
        worst=ratio,
        bound=wanted,
        domain=f"epsilon = {eps}, {rows} x {rows * 3 // 2} cells of z in [-1, 1], V in [1.9, 3], z not 0",
        detail=f"{int(proved.sum())} cells proved; it stops at cells astride z = 0 and at folds of the map",
    )


CLAIMS = (
    Claim(
        id="theorem-1-linear-limit",
        title="What stops a barrier linear in p: exact starts that refute every slope",
        statement=sp.Implies(
            sp.And(sp.Eq(_A, sp.Rational(14, 25)), sp.Ge(_BETA, sp.Rational(1, 10)), sp.Le(_BETA, 20)),
            sp.Not(sp.Symbol("invariant")),
        ),
        variables=(_A, _BETA),
        source=Source("edgestab", "trapping region of Theorem 1, slopes refuted by exact starts"),
        uses=("theorem-1-lyapunov",),
        domain="width 1; height 1/2 at epsilon = 6/25, height 14/25 uniformly for epsilon <= 1/5",
        note="they bound the method, not the truth: such starts leave the region, not the basin",
        checks=(Check("starts whose next state is below the barrier, exact", Level.ENCLOSED, _linear_limit),),
    ),
    Claim(
        id="theorem-1-curved-region",
        title="A curved barrier reaches higher than any linear one: 13/20 for epsilon up to 1/5",
        statement=_INTERVAL,
        variables=(limit, epsilon),
        assumptions=(sp.Le(epsilon, sp.Rational(1, 5)), sp.Le(V + epsilon, sp.Rational(53, 20))),
        source=Source("edgestab", "trapping region with a curved barrier"),
        uses=("theorem-1-lyapunov",),
        domain="0 < epsilon <= 1/5; phi = 7/5 p - 1/2 p^2 - 37/100 z p^2",
        note="a scan of barriers with these three terms finds none above about 0.66",
        checks=(Check("sign conditions by exact subdivision", Level.ENCLOSED, _curved),),
    ),
    Claim(
        id="theorem-1-starts-near-one",
        title="Explicit starts that pass the edge and come back, for epsilon up to 9/10",
        statement=sp.And(sp.Lt(T, 2), sp.Gt(after, 2 + (1 - epsilon) ** 2 / 4), _INTERVAL),
        variables=(T, after, limit, epsilon),
        source=Source("edgestab", "enclosed orbits into the trapping region"),
        uses=("theorem-1-all-epsilon",),
        domain="3/10 <= epsilon <= 9/10 (to 99/100 at effort thorough); windows shrink as (1 - epsilon)^2",
        note="with theorem-1-explicit: every epsilon below 9/10; at epsilon = 1 nothing can pass the edge",
        checks=(Check("windows followed by balls in mean value form", Level.ENCLOSED, _near_one),),
    ),
    Claim(
        id="theorem-1-grown-basin",
        title="The proved basin grows beyond the trapping region",
        statement=_INTERVAL,
        variables=(limit, epsilon),
        source=Source("edgestab", "enclosed orbits into the trapping region"),
        uses=("theorem-1-trapping-region",),
        domain="epsilon = 1/10, grid cells in (z, V) without z = 0",
        checks=(Check("cells followed by balls into the region", Level.ENCLOSED, _growth),),
    ),
)
