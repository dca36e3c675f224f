"""A formal first integral of a map that sends ``u`` to ``-u`` and moves slowly otherwise, weight by weight."""

from __future__ import annotations

import sympy as sp
from flint import fmpq

from ..algebra.errors import ProofError
from ..algebra.rings import Exponents
from ..algebra.series import Grading, TruncatedSeries, evaluate, log, reversion
from .slow_manifold import SlowManifold

LEADING = 2
"""Weight of the leading integral."""

Terms = dict[Exponents, fmpq]


def solve_first_integral(
    grading: Grading, next_u: TruncatedSeries, factor: TruncatedSeries, weight: int
) -> tuple[fmpq, Terms]:
    """Find ``I = A u^2 + x - C epsilon ln|x| + ..`` with ``I(u', x') = I(u, x)`` up to a weight.

    Args:
        grading: of ``(u, x, epsilon)`` with weights 1, 2, 2, up to ``weight + 2``.
        next_u: ``u' = -u (1 + a x + b epsilon + ..)``.
        factor: ``x'/x = 1 + c u^2 + ..``, up to ``weight``.
        weight: highest weight of the integral.

    Returns:
        C, and the polynomial part as exponents of ``(u, x, epsilon)`` to coefficient.

    Raises:
        ProofError: the map does not have this form, or a weight has no solution.
    """
    a, b, c = _leading_rates(next_u, factor)
    logarithm = -b / a
    solved: Terms = {(2, 0, 0): -c / (2 * a), (0, 1, 0): fmpq(1)}
    x, epsilon = (TruncatedSeries.variable(grading, s) for s in grading.symbols[1:])
    next_x = _lifted(factor, grading) * x
    table = _Increments(grading, next_u, next_x)
    # the logarithm moves by ln(x'/x); epsilon lifts it by two weights, so the factor's order suffices
    defect = _lifted(log(factor), grading) * epsilon * -logarithm
    for exponents, coefficient in solved.items():
        defect = defect + table.of(exponents) * coefficient
    low = defect.valuation()
    if low is not None and low <= 4:
        raise ProofError.of("solve_first_integral()", "a leading integral", f"a defect of weight {low}", "Report it.")
    for now in range(3, weight + 3):
        part = TruncatedSeries(grading, [grading.ring.zero] * now + [defect.parts[now]]).terms()
        fresh: Terms = {}
        if now <= weight:  # beyond it only the even part is needed, to finish lower weights
            fresh |= {e: v / 2 for e, v in part.items() if e[0] % 2}
        for exponents, value in _along_flow({e: v for e, v in part.items() if not e[0] % 2}, a, b, c).items():
            fresh[exponents] = fresh.get(exponents, fmpq(0)) + value
        for exponents, value in fresh.items():
            solved[exponents] = solved.get(exponents, fmpq(0)) + value
            defect = defect + table.of(exponents) * value
    left = next((k for k, part in enumerate(defect.parts[: weight + 1]) if not part.is_zero()), None)
    if left is not None:
        raise ProofError.of(
            "solve_first_integral()", f"no defect up to weight {weight}", f"weight {left}", "Report it."
        )
    return logarithm, {e: v for e, v in solved.items() if v != 0 and grading.weight(e) <= weight}


def _leading_rates(next_u: TruncatedSeries, factor: TruncatedSeries) -> tuple[fmpq, fmpq, fmpq]:
    u, f = next_u.terms(), factor.terms()
    zero = fmpq(0)
    rates = (-u.get((1, 1, 0), zero), -u.get((1, 0, 1), zero), f.get((2, 0, 0), zero))
    odd = {e for e in u if sum(e) <= 2 and e[0] == 2} | {e for e in f if e == (1, 0, 0)}
    if u.get((1, 0, 0)) != -1 or f.get((0, 0, 0)) != 1 or 0 in rates or odd or f.keys() & {(0, 1, 0), (0, 0, 1)}:
        raise ProofError.of(
            "solve_first_integral()", "u' = -u + .. and x' = x + ..", str(rates), "No slow flow of this form."
        )
    return rates


def _lifted(series: TruncatedSeries, grading: Grading) -> TruncatedSeries:
    """A series of lower order read under a higher one; used only where a factor of weight 2 makes up for it."""
    return TruncatedSeries(grading, series.parts)


class _Increments:
    """``u'^i x'^j epsilon^k - u^i x^j epsilon^k``, with tables of powers."""

    def __init__(self, grading: Grading, next_u: TruncatedSeries, next_x: TruncatedSeries) -> None:
        self.grading = grading
        one = next_u**0
        self.bases = (next_u, next_x)
        self.powers: tuple[list[TruncatedSeries], list[TruncatedSeries]] = ([one], [one])

    def of(self, exponents: Exponents) -> TruncatedSeries:
        """The increment of one monomial."""
        for table, base, exponent in zip(self.powers, self.bases, exponents, strict=False):
            while len(table) <= exponent:
                table.append(table[-1] * base)
        ring = self.grading.ring
        rest = TruncatedSeries.from_polynomial(self.grading, ring.from_dict({(0, 0, exponents[2]): fmpq(1)}))
        here = TruncatedSeries.from_polynomial(self.grading, ring.from_dict({exponents: fmpq(1)}))
        return self.powers[0][exponents[0]] * self.powers[1][exponents[1]] * rest - here


def _along_flow(defect: Terms, a: fmpq, b: fmpq, c: fmpq) -> Terms:
    """Monomials whose drift along the leading flow cancels an even defect.

    The drift of ``u^i x^j epsilon^k`` is ``i (a x + b epsilon) u^i x^j epsilon^k + j c u^(i+2) x^j epsilon^k``.
    """
    work, out = dict(defect), Terms()
    while work:
        i, j, k = max(work, key=lambda e: (e[0], -e[1]))
        value = work.pop((i, j, k))
        if value == 0:
            continue
        if j >= 1 and i >= 2:
            target, size = (i - 2, j, k), -value / (j * c)
            more = {(i - 2, j + 1, k): size * (i - 2) * a, (i - 2, j, k + 1): size * (i - 2) * b}
        elif j == 0 and k >= 1 and i >= 2:
            target, size = (i, 0, k - 1), -value / (i * b)
            more = {(i, 1, k - 1): size * i * a}
        else:
            raise ProofError.of("solve_first_integral()", "a solvable weight", f"u^{i} x^{j} eps^{k}", "No integral.")
        out[target] = out.get(target, fmpq(0)) + size
        for exponents, extra in more.items():
            work[exponents] = work.get(exponents, fmpq(0)) + extra
    return out


def limit_law_terms(manifold: SlowManifold, weight: int) -> tuple[fmpq, Terms]:
    """The integral of a limit law up to a weight, in the coordinates ``(u, p, x, epsilon)``.

    Args:
        manifold: the slow manifold, to the order that :func:`manifold_order` asks for.
        weight: highest weight of the integral.

    Returns:
        C, and the polynomial part as exponents to coefficient, the power of u being 0 or 1.

    Raises:
        ProofError: the map has no two-cycles at parameter 0, or a weight has no solution.
    """
    u, x, epsilon = sp.Dummy("u"), sp.Dummy("x"), manifold.parameter
    grading = Grading((u, x, epsilon), (1, LEADING, LEADING), weight + LEADING)
    z_of_u, p_of_u = _odd_coordinate(manifold, grading)
    next_u, factor = _step_in(manifold, grading, z_of_u)
    logarithm, solved = solve_first_integral(grading, next_u, factor, weight)
    terms = _with_even_companion(solved, p_of_u, grading)
    return logarithm, {e: c for e, c in terms.items() if c != 0 and term_weight(e) <= weight}


def manifold_order(weight: int) -> int:
    """The order of the slow manifold that an integral of this weight needs: its even part is fixed two weights up."""
    return (weight + LEADING + 1) // 2


def term_weight(exponents: Exponents) -> int:
    """Weight of ``u^a p^b x^c epsilon^d``."""
    return exponents[0] + LEADING * sum(exponents[1:])


def _odd_coordinate(manifold: SlowManifold, grading: Grading) -> tuple[TruncatedSeries, TruncatedSeries]:
    """Z and ``p = -z sigma(z)`` as series in ``u = (z - sigma(z))/2``."""
    u = grading.symbols[0]
    line = Grading((u,), (1,), grading.order)
    z = TruncatedSeries.variable(line, u)
    start = [sum((manifold.rows[0][k] * z**k for k in range(grading.order + 1)), start=z * 0)]
    sigma = evaluate(manifold.one_step.polynomials[0], [z, start[0], z * 0])
    (back,) = reversion([(z - sigma) * fmpq(1, 2)], (u,))
    even = evaluate(sigma.polynomial(), [back]) * back * -1
    if any(e[0] % 2 for e in even.terms()):
        raise ProofError.of("limit_law()", "an involution at parameter 0", "another map", "No two-cycles.")

    def widened(series: TruncatedSeries) -> TruncatedSeries:
        terms: dict[Exponents, object] = {(e[0], 0, 0): c for e, c in series.terms().items()}
        return TruncatedSeries.from_polynomial(grading, grading.ring.from_dict(terms))

    return widened(back), widened(even)


def _step_in(manifold: SlowManifold, grading: Grading, z: TruncatedSeries) -> tuple[TruncatedSeries, TruncatedSeries]:
    """One step in the new coordinates: ``u'``, and ``x'/x``."""
    _, x, epsilon = (TruncatedSeries.variable(grading, s) for s in grading.symbols)
    curve = manifold.series.polynomial()
    T = evaluate(curve, [z, epsilon]) + x
    next_z, next_T = (evaluate(p, [z, T, epsilon]) for p in manifold.one_step.polynomials)
    next_x = next_T - evaluate(curve, [next_z, epsilon])
    quotient: dict[Exponents, object] = {}
    for exponents, c in next_x.terms().items():
        if exponents[1] == 0:
            raise ProofError.of("limit_law()", "an invariant slow manifold", str(exponents), "Raise its order.")
        quotient[exponents[0], exponents[1] - 1, exponents[2]] = c
    factor = TruncatedSeries.from_polynomial(
        grading.with_order(grading.order - LEADING), grading.ring.from_dict(quotient)
    )
    # u(z') by the series of u in z
    line = Grading((grading.symbols[0],), (1,), grading.order)
    w = TruncatedSeries.variable(line, grading.symbols[0])
    branch = sum((manifold.rows[0][k] * w**k for k in range(grading.order + 1)), start=w * 0)
    sigma = evaluate(manifold.one_step.polynomials[0], [w, branch, w * 0])
    odd = (w - sigma) * fmpq(1, 2)
    return evaluate(odd.polynomial(), [next_z]), factor


def _with_even_companion(solved: Terms, p_of_u: TruncatedSeries, grading: Grading) -> dict[Exponents, fmpq]:
    """Rewrite even powers of u in p: ``u^(2k + r) -> u^r (u^2)^k`` with ``u^2`` a series in p."""
    p = sp.Dummy("p")
    half = Grading((p,), (1,), grading.order // 2)
    terms: dict[Exponents, object] = {(e[0] // 2,): c for e, c in p_of_u.terms().items()}
    (square,) = reversion([TruncatedSeries.from_polynomial(half, half.ring.from_dict(terms))], (p,))
    out: dict[Exponents, fmpq] = {}
    powers = [square**0]
    for (i, j, k), c in solved.items():
        while len(powers) <= i // 2:
            powers.append(powers[-1] * square)
        for (m,), d in powers[i // 2].terms().items():
            key = (i % 2, m, j, k)
            out[key] = out.get(key, fmpq(0)) + c * d
    return out
