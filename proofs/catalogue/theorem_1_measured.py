"""What lies beyond the proved part of Theorem 1, measured: larger targets, a third eigenvalue."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import sympy as sp

from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.models.quadratic import main_case
from ..certificates.stated import epsilon_range
from ..certificates.stated_reach import Side, box_points, closed_range, closed_side, read_free, refuse, stated_reach
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import POSITIVE, REALS, Definition, R, Range, Statement, le, lt

z, T, epsilon, eta, E = symbols("z T epsilon eta E")
limit = symbol("T_inf")
THETA = symbols("theta_1 theta_2")
V_0, THIRD, THETA_3, Z_12, V_12 = (sp.Symbol(name, real=True) for name in ("V_0", "q_3", "theta_3", "z_12", "V_12"))
_LIMIT = (
    "the limit of eta times the NTK eigenvalue along gradient descent with step size eta, for eigenvalues %s; "
    "the statement includes that it exists"
)
_TILT = main_case().edge_coordinates().tilt

Rows = npt.NDArray[np.float64]


def _descend(values: Rows, theta: Rows, target: Rows, step: Rows, most: int) -> tuple[Rows, Rows]:
    """Plain gradient descent in theta for many starts at once: ``eta lambda`` at the end and the last residual.

    Args:
        values: eigenvalues of Q, shape ``(starts, weights)``.
        theta: starts, likewise.
        target: one for each start.
        step: step sizes, likewise.
        most: steps at most.
    """
    residual = np.full(len(theta), np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for count in range(most):
            residual = (theta**2 * values).sum(axis=1) / 2 - target
            if count % 100 == 0 and not np.any(np.abs(residual) > SMALL):
                break
            theta = theta - (step * residual)[:, None] * theta * values
    return step * (theta**2 * values**2).sum(axis=1), residual


SMALL = 1e-10
"""Residual at which a run has ended: what is left moves T by about its square."""


def _judge_ends(ctx: CheckContext, epsilons: Rows, ends: Rows, residuals: Rows, domain: str) -> Outcome:
    """Each measured limit against the conclusion; a run that has not ended counts against it."""
    ended = np.abs(residuals) <= SMALL
    holds = [
        bool(done) and ctx.statement.holds({epsilon: float(e), limit: float(top)})
        for done, e, top in zip(ended, epsilons, ends, strict=True)
    ]
    short = (2 - ends) / epsilons
    at = int(np.nanargmax(np.where(ended, np.abs(short - 0.5), np.inf)))
    return judge(
        len(holds),
        len(holds) - sum(holds),
        worst=round(float(short[at]), 3),
        figure="(2 - T_inf) / epsilon farthest from 1/2",
        digits=15,
        domain=domain,
    )


def _epsilons(low: Fraction, high: Fraction, count: int) -> list[Fraction]:
    """From the end of the range down to its other end, or to a tenth of the first where that is 0."""
    return [Fraction(float(e)) for e in np.geomspace(float(high), float(low or high / 10), count)]


@lru_cache(maxsize=16)
def _target_ends(
    values: tuple[sp.Expr, ...], sides: tuple[Side, ...], epsilons: tuple[Fraction, ...], count: int, seed: int
) -> tuple[Rows, Rows, Rows]:
    rng = np.random.default_rng(seed)
    size, blocks = 2 ** len(sides) + count, []
    for e in map(float, epsilons):
        first, norm, goal = box_points(rng, sides, count).T
        top = norm + 2 * (1 - e) * first
        second = (top - 2 * (first + goal)) / (e * (1 + e))
        step = 10 ** rng.uniform(-2, 1, size)
        theta = np.sqrt(np.stack([2 * (first + goal) + e * second, second], axis=1) / step[:, None])
        blocks.append((np.full(size, e), theta, goal / step, step))
    at, theta, target, step = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    spectrum = np.stack([sp.lambdify(epsilon, q)(at) + 0 * at for q in values], axis=1)
    return (at, *_descend(spectrum, theta, target, step, int(400 / float(min(epsilons)))))


def _larger_targets(ctx: CheckContext) -> Outcome:
    """Measured: starts of the stated windows, corners among them, targets up to both ends of the stated reach."""
    low, high = (to_fraction(x) for x in epsilon_range(ctx.statement))
    read_free(ctx.statement, z, T, E)
    ctx.statement.within(eta, POSITIVE)
    reach = to_fraction(stated_reach(ctx.statement, sp.Abs(eta * E)))
    sides = (closed_side(ctx.statement, z), closed_side(ctx.statement, V_0), (-reach, reach))
    if sp.expand(ctx.statement.defined(V_0) - T - _TILT * z) != 0:
        raise refuse(f"{V_0} = {T + _TILT * z}", ctx.statement.defined(V_0))
    epsilons = tuple(_epsilons(low, high, ctx.pick(3, 4, 6)))
    ends = _target_ends(ctx.subject.model.eigenvalues, sides, epsilons, ctx.pick(8, 20, 200), ctx.seed)
    shown = ", ".join(f"{float(e):.3g}" for e in epsilons)
    return _judge_ends(ctx, *ends, f"epsilon = {shown}; corners and random points; step sizes from 0.01 to 10")


@lru_cache(maxsize=16)
def _third_ends(
    sides: tuple[Side, ...], share: sp.Expr, epsilons: tuple[Fraction, ...], count: int, seed: int
) -> tuple[Rows, Rows, Rows]:
    rng = np.random.default_rng(seed)
    unit = (Fraction(-1), Fraction(1))
    blocks = []
    for e in epsilons:
        # without a third weight the runs are those of two eigenvalues
        plain = box_points(rng, sides, 0)
        first, norm, third, along = np.vstack(
            [box_points(rng, (*sides, unit), count), np.hstack([plain, np.zeros((len(plain), 1))])]
        ).T
        second = (norm / float(e) - 2 * first) / (1 + float(e))
        along = along * float(share.subs(epsilon, sp.Rational(e.numerator, e.denominator))) ** 0.5
        theta = np.stack([np.sqrt(2 * first + float(e) * second), np.sqrt(second), along], axis=1)
        step = 10 ** rng.uniform(-2, 1, len(theta))
        at = np.full(len(theta), float(e))
        blocks.append((at, np.stack([1 + 0 * at, -at, third], axis=1), theta / np.sqrt(step)[:, None], step))
    at, spectrum, theta, step = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return (at, *_descend(spectrum, theta, 0 * at, step, int(400 / float(min(epsilons)))))


def _third_eigenvalue(ctx: CheckContext) -> Outcome:
    """Measured: starts of the stated windows, corners among them, a third eigenvalue and a weight along it."""
    low, high = (to_fraction(x) for x in epsilon_range(ctx.statement))
    ctx.statement.within(eta, POSITIVE)
    read_free(ctx.statement, *THETA, THETA_3)
    first, second = (t**2 for t in THETA)
    meant = {Z_12: eta * (first - epsilon * second) / 2, V_12: eta * epsilon * (first + second)}
    for name, value in meant.items():
        if sp.expand(ctx.statement.defined(name) - value) != 0:
            raise refuse(f"{name} = {value}", ctx.statement.defined(name))
    share = stated_reach(ctx.statement, eta * THETA_3**2)
    sides = (*(closed_side(ctx.statement, name) for name in meant), closed_range(ctx.statement, THIRD))
    epsilons = tuple(_epsilons(low, high, ctx.pick(4, 5, 8)))
    ends = _third_ends(sides, share, epsilons, ctx.pick(16, 40, 400), ctx.seed)
    shown = ", ".join(f"{float(e):.3g}" for e in epsilons)
    return _judge_ends(ctx, *ends, f"epsilon = {shown}; corners and random points; step sizes from 0.01 to 10")


_INTERVAL = (lt(2 - epsilon, limit), lt(limit, 2))

CLAIMS = (
    Claim(
        id="theorem-1-larger-target-measured",
        title="Measured: targets beyond the proved reach end in the same interval",
        statement=Statement(
            over=(
                Range(epsilon, sp.Interval.Lopen(0, R(1, 10))),
                Range(eta, POSITIVE),
                Range(E, REALS),
                Range(z, REALS),
                Range(T, REALS),
            ),
            given=(
                le(sp.Abs(eta * E), R(1, 2)),
                le(-R(1, 2), z),
                le(z, -R(1, 4)),
                le(R(9, 4), V_0),
                le(V_0, R(5, 2)),
            ),
            where=(
                Definition(V_0, "the rescaled weight norm that the state would have with target 0", T + _TILT * z),
                Definition(limit, _LIMIT % "{1, -epsilon} and target E"),
            ),
            conclusion=_INTERVAL,
        ),
        source=Source("edgestab", "plain gradient descent with a target"),
        uses=("theorem-1-small-target",),
        note="What is proved stops at |eta E| <= 1/25.",
        checks=(
            Check(
                "gradient descent in theta, double precision",
                Level.CHECKED,
                _larger_targets,
                hindsight="windows and reach, after trial runs: they are about as large as the interval lets them be",
            ),
        ),
    ),
    Claim(
        id="theorem-1-third-eigenvalue-measured",
        title="Measured: one more eigenvalue ends in the same interval",
        statement=Statement(
            over=(
                Range(epsilon, sp.Interval(R(1, 50), R(1, 5))),
                Range(eta, POSITIVE),
                Range(THIRD, sp.Interval(-1, 2)),
                *(Range(t, REALS) for t in (*THETA, THETA_3)),
            ),
            given=(
                le(-R(1, 2), Z_12),
                le(Z_12, -R(1, 4)),
                le(R(9, 4), V_12),
                le(V_12, R(5, 2)),
                le(eta * THETA_3**2, epsilon / 2),
            ),
            where=(
                Definition(
                    Z_12,
                    "the rescaled residual without the third weight",
                    eta * (THETA[0] ** 2 - epsilon * THETA[1] ** 2) / 2,
                ),
                Definition(
                    V_12,
                    "the rescaled weight norm without the third weight",
                    eta * epsilon * (THETA[0] ** 2 + THETA[1] ** 2),
                ),
                Definition(THETA_3, "the weight along the third eigenvector of Q, whose eigenvalue is q_3"),
                Definition(THIRD, "the third eigenvalue of Q"),
                Definition(limit, _LIMIT % "{1, -epsilon, q_3} and target 0"),
            ),
            conclusion=_INTERVAL,
        ),
        source=Source("edgestab", "plain gradient descent with a third eigenvalue"),
        uses=("theorem-1-any-spectrum-norm",),
        note="Proved for any spectrum is only the law of the weight norm; the barrier is planar. At smaller epsilon "
        "trial runs with q_3 near 1/2 ended below the interval.",
        checks=(
            Check(
                "gradient descent in theta, double precision",
                Level.CHECKED,
                _third_eigenvalue,
                hindsight="windows, the range of epsilon and the bound on the third weight, after trial runs",
            ),
        ),
    ),
)
