"""The checker's part for the sharp limit: the strip about the slow curve, derived again from the map in the file.

With ``X = U - epsilon Phi``, ``D = 1 - z'``, ``relaxation = h (2 - z)`` and ``forcing = epsilon (4 - T)(1 - z)``, the
law is ``D (U - U') = z^2 (relaxation U + forcing)``, which is verified first. The defect of ``Phi`` is evaluated at the
state and on the curve; their difference is divided by X, which is linear in q with coefficient 1, by synthetic
division. Nothing is shared with :mod:`edgestab.symbolic.trapping`, on purpose: see :mod:`.checker`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import arb, ctx, fmpq

from .checker_algebra import Poly, Ratio, Side, field, only, rational, read_box, read_exponents, require

MAX_ORDER = 6
"""Order of a strip: the highest that is certified here is 3."""

MAX_SERIES_DEGREE = 12
"""Total degree of a term of the slow series: order 3 has 3."""

_NUMBERS = ("band", "epsilon_max", "decay", "excess", "drop", "constant")
_STRIP = ("order", *_NUMBERS, "weights", "z_range", "series", "limit_coefficients")

Take = Callable[[str, tuple[Side, ...], Poly, Poly], None]


class _Frame:
    """Coordinates ``(z, q, epsilon)`` over the pole ``1 - z``, and the map's effective curvature."""

    def __init__(self, curvature: Poly) -> None:
        self.curvature = curvature
        z, q, e = (Poly.var(3, i) for i in range(3))
        self.pole = 1 - z
        self.z, self.q, self.e = (Ratio.of(x, self.pole) for x in (z, q, e))
        self.p = Ratio(z * z, 1, self.pole)

    def constant(self, value: fmpq | int) -> Ratio:
        return Ratio.of(Poly.const(3, value), self.pole)

    def power(self, value: Ratio, n: int) -> Ratio:
        result = self.constant(1)
        for _ in range(n):
            result = result * value
        return result

    def zsquare(self, value: Ratio) -> Ratio:
        return Ratio(value.top.over(0, 2, "a defect"), value.power, self.pole)


class _Law:
    """The one-step law at a value of U."""

    def __init__(self, frame: _Frame, U: Ratio) -> None:
        z, e = frame.z, frame.e
        self.T = U + 2 + 2 * frame.p + 2 * ((1 - e) * z)
        self.h = frame.curvature.put([z, self.T, e])
        self.z_next = z * (1 - self.h)
        self.D = 1 - self.z_next
        self.relaxation = self.h * (2 - z)
        # forcing / epsilon
        self.forcing = (4 - self.T) * (1 - z)
        V = U + 2 + 2 * frame.p
        after = (V - e * (z * z) * (4 - self.T) - 2) * self.D - 2 * (self.z_next * self.z_next)
        law = z * z * (self.relaxation * U + e * self.forcing)
        require((U * self.D - after).same(law), "the one-step law of U does not hold")


def _series(frame: _Frame, record: Any) -> dict[tuple[int, int, int], fmpq]:
    found: dict[tuple[int, int, int], fmpq] = {}
    require(isinstance(record, list), "the slow series must be a list of terms")
    for term in record:
        only(term, ("exponents", "coefficient"), "a term of the slow series")
        i, j, k = read_exponents(term["exponents"], 3)
        require(k <= 1 and i + j + k <= MAX_SERIES_DEGREE, "bad exponents in the slow series")
        require((i, j, k) not in found, "a term of the slow series appears twice")
        found[i, j, k] = rational(term["coefficient"])
    return found


def _defect(frame: _Frame, terms: dict[tuple[int, int, int], fmpq], law: _Law, depth: int) -> Ratio:
    """``D^(depth-1)`` times ``D (Phi(z) - Phi(z'))/z^2 - relaxation Phi - forcing/epsilon``."""
    here, there = frame.constant(0), frame.constant(0)
    for (i, j, k), c in terms.items():
        factor = c * frame.power(frame.e, i)
        here = here + factor * frame.power(frame.p, j) * frame.power(frame.z, k)
        there = there + factor * frame.power(law.z_next, 2 * j + k) * frame.power(law.D, depth - j)
    moved = frame.zsquare(here * frame.power(law.D, depth) - there)
    return moved - (law.relaxation * here + law.forcing) * frame.power(law.D, depth - 1)


def _divide_by_X(frame: _Frame, value: Ratio, rest: Ratio) -> Ratio:
    """``value / (q + rest)``, which must leave nothing."""
    parts: dict[int, dict[tuple[int, ...], fmpq]] = {}
    for m, c in value.top.terms.items():
        parts.setdefault(m[1], {})[m[0], 0, m[2]] = c
    quotient, carry = frame.constant(0), frame.constant(0)
    for k in range(max(parts, default=0), -1, -1):
        carry = Ratio(Poly(3, parts.get(k, {})), value.power, frame.pole) - carry * rest
        if k:
            quotient = quotient + carry * frame.power(frame.q, k - 1)
    require(not carry.top.terms, "the defect does not vanish on the curve as it must")
    return quotient


def _at_level(frame: _Frame, poly: Poly, power: int, height: fmpq, slope: fmpq) -> Ratio:
    q = (frame.constant(height) - slope * frame.p) * frame.q
    total = frame.constant(0)
    parts: dict[int, dict[tuple[int, ...], fmpq]] = {}
    for m, c in poly.terms.items():
        parts.setdefault(m[1], {})[m[0], 0, m[2]] = c
    for k, terms in parts.items():
        total = total + Ratio(Poly(3, terms), power, frame.pole) * frame.power(q, k)
    return total


def _cofactors(value: Ratio, K: int) -> tuple[list[Poly], list[Poly]]:
    """Cofactors of ``epsilon^j z^(2K-2j)`` without q, and of ``q epsilon^j z^(2K-2-2j)``."""
    plain: list[dict[tuple[int, ...], fmpq]] = [{} for _ in range(K + 1)]
    raised: list[dict[tuple[int, ...], fmpq]] = [{} for _ in range(K)]
    for (i, k, j), c in value.top.terms.items():
        top = K if k == 0 else K - 1
        group = min(j, top)
        left = i - 2 * (top - group)
        require(left >= 0, "the slow series does not solve the law to its order")
        (plain if k == 0 else raised)[group][(left, 0, j - group) if k == 0 else (left, k - 1, j - group)] = c
    return [Poly(3, t) for t in plain], [Poly(3, t) for t in raised]


def check_strip(curvature: Poly, region: Any, record: Any, take: Take) -> tuple[int, fmpq]:
    """Derive the strip's conditions and hand each to the caller.

    Args:
        curvature: ``h`` in ``(z, T, epsilon)``, from the verified map.
        region: the verified region's record.
        record: the strip's record.
        take: verifies one condition of the file: name, domain, the polynomial needed, the pole.

    Returns:
        The order and the stated constant, verified.
    """
    where = "strip"
    only(record, _STRIP, where)
    K = field(record, "order", where, lambda v: type(v) is int and 1 <= v <= MAX_ORDER)
    band, top, decay, excess, drop, constant = (rational(field(record, n, where)) for n in _NUMBERS)
    weights = [rational(w) for w in field(record, "weights", where, lambda v: isinstance(v, list))]
    require(len(weights) == K + 1 and min(weights) > 0, "a strip of order K needs K + 1 positive weights")
    require(min(band, top, decay, excess, drop) > 0, "the strip's constants must be positive")
    slope, width, whole = (rational(region[n]) for n in ("slope", "width", "height"))
    (e_range,) = read_box([region["epsilon_range"]], 1)
    height = band + width * top
    require(e_range[0] == 0 and top <= e_range[1] and height < whole, "the strip leaves its region")

    f = _Frame(curvature)
    terms = _series(f, field(record, "series", where))
    depth = max([1, *(j for _, j, _ in terms)])
    require(depth <= K, "the slow series is too deep for its order")
    phi = f.constant(0)
    for (i, j, k), c in terms.items():
        phi = phi + c * f.power(f.e, i) * f.power(f.p, j) * f.power(f.z, k)
    rest = (slope - 2) * f.p - f.e * (phi + width)
    X = rest + f.q
    law, on_curve = _Law(f, X + f.e * phi), _Law(f, f.e * phi)
    base = _defect(f, terms, on_curve, depth)
    require(not any(m[1] for m in base.top.terms), "the defect on the curve depends on q")
    difference = _divide_by_X(f, _defect(f, terms, law, depth) - base, rest)

    (low, high) = read_box([field(record, "z_range", where)], 1)[0]
    (outer_low, outer_high) = read_box([region["z_range"]], 1)[0]
    require(outer_low <= low < 0 < high <= outer_high, "the strip's z range must surround 0 within its region's")
    require(all(slope * x * x >= height * (1 - x) for x in (low, high)), "the strip's z range is too narrow")
    unit, wide = (fmpq(0), fmpq(1)), (fmpq(0), top)
    box: tuple[Side, ...] = ((low, high), unit, wide)

    def level(name: str, value: Ratio) -> None:
        take(name, box, _at_level(f, value.top, value.power, height, slope).top, f.pole)

    # from V >= 2 + band one step leads to V >= 2 + band - drop epsilon; V as small as z allows
    zz, wall = f.z * f.z, slope * f.p - width * f.e
    tilted = 2 * ((1 - f.e) * f.z)
    take("undershoot-near", box, (drop - zz * (4 - (2 + band + tilted))).top, f.pole)
    far = wall - band + drop * f.e - f.e * zz * (4 - (2 + wall + tilted))
    take("undershoot-left", ((outer_low, low), unit, wide), far.top, f.pole)
    take("undershoot-right", ((high, outer_high), unit, wide), far.top, f.pole)

    D = [f.power(law.D, n) for n in range(K + 1)]
    level("contraction", D[depth] - zz * law.relaxation * D[depth - 1] + f.e * zz * difference)
    level("contraction-rate", law.relaxation * D[depth - 1] - f.e * difference - decay * (4 - law.T) * D[depth])
    level("distance-above", excess - X)
    level("distance-below", excess + X)
    grow = f.constant(0)
    for j, weight in enumerate(weights):
        n = K - j
        psi = f.power(f.p, n)
        change = f.zsquare(f.power(law.z_next, 2 * n) - psi * D[n]) * D[K - n] if n else f.constant(0)
        part = change + D[K - 1] * law.relaxation * psi - f.e * difference * D[K - depth] * psi
        grow = grow + weight * (part * f.power(f.e, j))
    for side, sign in (("upper", -1), ("lower", 1)):
        plain, raised = _cofactors(grow + sign * (base * D[K - depth]), K)
        for j, poly in enumerate(plain):
            take(f"{side}-{j}", box, poly, f.pole)
        for j, poly in enumerate(raised):
            take(f"{side}-q-{j}", box, _at_level(f, poly, 0, height, slope).top, f.pole)

    require(decay * band >= (K + 1) * top, "the exponential is not largest at epsilon_max")
    before = ctx.prec
    try:
        ctx.prec = 128
        late = arb(excess) * (-arb(decay * (band / top - drop))).exp() / arb(top) ** (K + 1)
        require(bool(arb(weights[-1]) + late < arb(constant)), "the stated constant is too small")
    finally:
        ctx.prec = before
    limits = [rational(c) for c in field(record, "limit_coefficients", where)]
    own = [fmpq(2), *(terms.get((i, 0, 0), fmpq(0)) for i in range(K))]
    require(limits == own, "the limit's coefficients are not those of the slow series")
    return K, constant
