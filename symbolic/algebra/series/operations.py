"""What can be done with truncated series: composition, implicit functions, inversion, elementary functions.

Each result states its own remainder: where an operation cannot keep the full order, the order of the result is lower.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import sympy as sp
from flint import fmpq, fmpq_mpoly

from ..errors import DomainError
from ..rings import Exponents, poly_terms, to_fmpq, to_rational
from .truncated import TruncatedSeries


def evaluate(polynomial: fmpq_mpoly, values: Sequence[TruncatedSeries]) -> TruncatedSeries:
    """Put series for the variables of a polynomial (nested Horner, variable by variable).

    Args:
        polynomial: a polynomial in ``len(values)`` variables.
        values: one series for each variable, all under one grading.

    Returns:
        The polynomial's value, to the order of the grading.
    """
    grading = values[0].grading
    valuations = [grading.order + 1 if (v := value.valuation()) is None else v for value in values]

    def horner(terms: dict[Exponents, fmpq], depth: int, order: int) -> TruncatedSeries:
        if depth == len(values):
            return TruncatedSeries(grading, [grading.ring.constant(terms[()])])
        by_power: dict[int, dict[Exponents, fmpq]] = {}
        for exponents, coefficient in terms.items():
            by_power.setdefault(exponents[0], {})[exponents[1:]] = coefficient
        result = TruncatedSeries(grading, [])
        for power in range(max(by_power), -1, -1):
            # what is still to be multiplied by the value this many times need not be known beyond this
            needed = order - power * valuations[depth]
            if needed < 0:
                continue
            result = result.times(values[depth], needed)
            if power in by_power:
                result = result + horner(by_power[power], depth + 1, needed)
        return result

    terms = poly_terms(polynomial)
    return horner(terms, 0, grading.order) if terms else TruncatedSeries(grading, [])


def compose(outer: TruncatedSeries, values: Sequence[TruncatedSeries]) -> TruncatedSeries:
    """``outer(values)`` with the order that both truncations together allow.

    A dropped monomial of ``outer`` may come back at a low weight: the result is cut below the lowest one.

    Args:
        outer: a series.
        values: one for each of its variables, all under one grading.

    Returns:
        The composition; its order is at most that of ``values``.

    Raises:
        DomainError: the number of values is wrong, or a dropped monomial of ``outer`` may reach weight 0.
    """
    if len(values) != len(outer.grading.symbols):
        raise DomainError.of(
            "compose()", f"{len(outer.grading.symbols)} values", len(values), "Give one series for each variable."
        )
    grading = values[0].grading
    valuations = [grading.order + 1 if (v := value.valuation()) is None else v for value in values]
    reached = min(
        sum(e * v for e, v in zip(exponents, valuations, strict=True))
        for exponents in outer.grading.dropped().generators()
    )
    if reached < 1:
        raise DomainError.of(
            "compose()",
            "values whose dropped images have positive weight",
            f"valuations {valuations} under {outer.grading.remainder()}",
            "Shift the expansion point, so that the inner series vanish at 0.",
        )
    order = min(grading.order, reached - 1)
    return evaluate(outer.polynomial(), [value.truncate(order) for value in values])


def derivative(series: TruncatedSeries, symbol: sp.Symbol) -> TruncatedSeries:
    """The partial derivative; its order is lower by the weight of the symbol.

    Args:
        series: what to differentiate.
        symbol: one of its variables.

    Returns:
        The derivative.

    Raises:
        DomainError: nothing of the derivative is known.
    """
    index = series.grading.ring.index(symbol)
    weight = series.grading.weights[index]
    if weight > series.grading.order:
        raise DomainError.of("derivative()", f"an order of at least {weight}", series.grading.order, "Raise the order.")
    grading = series.grading.with_order(series.grading.order - weight)
    return TruncatedSeries(grading, [part.derivative(index) for part in series.parts[weight:]])


def solve_implicit(
    residual: Callable[[TruncatedSeries], TruncatedSeries], start: TruncatedSeries, slope: object
) -> TruncatedSeries:
    """The branch through ``start`` of ``residual(x) = 0``, weight by weight.

    Args:
        residual: an exact function of the unknown series.
        start: the weight-0 value of the branch; ``residual(start)`` must have no weight-0 part.
        slope: the rational value of the residual's derivative at weight 0.

    Returns:
        The branch to the order of the grading; its residual is zero to that order.

    Raises:
        DomainError: the slope is zero, or ``start`` is not on the branch.
    """
    if to_fmpq(slope) == 0:
        raise DomainError.of("solve_implicit()", "a non-zero slope", 0, "The branch is not simple here.")
    return solve_system(lambda xs: [residual(xs[0])], [start], [[slope]])[0]


def solve_system(
    residuals: Callable[[list[TruncatedSeries]], Sequence[TruncatedSeries]],
    start: Sequence[TruncatedSeries],
    jacobian: Sequence[Sequence[object]],
) -> list[TruncatedSeries]:
    """The branch through ``start`` of a system ``residuals(x_1, .., x_n) = 0``, weight by weight.

    Args:
        residuals: exact functions of the unknown series, as many as unknowns.
        start: the weight-0 values of the branch.
        jacobian: the rational derivatives of the residuals by the unknowns at weight 0.

    Returns:
        The branch, to the order of the grading; each residual is zero to that order.

    Raises:
        DomainError: the Jacobian is singular, or ``start`` is not on the branch.
    """
    matrix = sp.Matrix([[to_rational(to_fmpq(entry)) for entry in row] for row in jacobian])
    if matrix.shape != (len(start), len(start)) or matrix.det() == 0:
        raise DomainError.of("solve_system()", "an invertible square Jacobian", matrix.tolist(), "Not a simple branch.")
    inverse = [[to_fmpq(entry) for entry in row] for row in matrix.inv().tolist()]
    grading = start[0].grading
    solution = list(start)
    for weight in range(grading.order + 1):
        # only the parts of this weight are wanted, so the residuals are formed to this weight and no further
        parts = [r.parts[weight] for r in residuals([x.truncate(weight) for x in solution])]
        if weight == 0 and any(not part.is_zero() for part in parts):
            raise DomainError.of(
                "solve_system()", "start on the branch", ", ".join(map(str, parts)), "Solve the weight-0 equations."
            )
        for i, row in enumerate(inverse):
            change = grading.ring.zero
            for entry, part in zip(row, parts, strict=True):
                change -= entry * part
            solution[i] = solution[i] + TruncatedSeries(grading, [grading.ring.zero] * weight + [change])
    return solution


def reversion(components: Sequence[TruncatedSeries], variables: Sequence[sp.Symbol]) -> list[TruncatedSeries]:
    """The inverse of a map given by series: ``components(result(x)) = x`` near 0.

    Args:
        components: one series for each variable, without constant term, with an invertible linear part in the
            variables; further symbols of the grading are parameters and stay fixed.
        variables: which symbols are inverted; all of one weight.

    Returns:
        The inverse map's components under the same grading.

    Raises:
        DomainError: there is a constant term, the weights differ, or the linear part is singular.
    """
    grading = components[0].grading
    indices = [grading.ring.index(v) for v in variables]
    weights = {grading.weights[i] for i in indices}
    if len(components) != len(indices) or len(weights) != 1 or 0 in weights:
        raise DomainError.of(
            "reversion()", "as many series as variables, of one positive weight", grading.weights, "Regrade them."
        )
    weight = weights.pop()
    if any(not c.parts[k].is_zero() for c in components for k in range(min(weight, grading.order + 1))):
        raise DomainError.of("reversion()", "no term below the weight of the variables", "one", "Shift the map to 0.")

    def unit(i: int) -> Exponents:
        return tuple(int(k == i) for k in range(len(grading.symbols)))

    linear = [[poly_terms(c.parts[weight]).get(unit(i), fmpq(0)) for i in indices] for c in components]
    identity = [TruncatedSeries.variable(grading, s) for s in grading.symbols]
    zero = TruncatedSeries(grading, [])

    def residuals(unknowns: list[TruncatedSeries]) -> list[TruncatedSeries]:
        order = unknowns[0].grading.order
        values = [s.truncate(order) for s in identity]
        targets = [values[i] for i in indices]
        for i, unknown in zip(indices, unknowns, strict=True):
            values[i] = unknown
        return [evaluate(c.polynomial(), values) - t for c, t in zip(components, targets, strict=True)]

    return solve_system(residuals, [zero] * len(indices), linear)


def _unit_constant(series: TruncatedSeries, value: int, where: str) -> None:
    if series.parts[0] != series.grading.ring.constant(value):
        raise DomainError.of(where, f"a constant term {value}", str(series.parts[0]), "Factor or shift it out first.")


def log(series: TruncatedSeries) -> TruncatedSeries:
    """The logarithm of a series with constant term 1, from ``E(log f) = E f / f`` (E multiplies by the weight)."""
    _unit_constant(series, 1, "log()")
    grading = series.grading
    out = [grading.ring.zero]
    for k in range(1, grading.order + 1):
        total = series.parts[k] * k
        for i in range(1, k):
            total -= out[i] * series.parts[k - i] * i
        out.append(total * fmpq(1, k))
    return TruncatedSeries(grading, out)


def exp(series: TruncatedSeries) -> TruncatedSeries:
    """The exponential of a series without constant term."""
    _unit_constant(series, 0, "exp()")
    grading = series.grading
    out = [grading.ring.one]
    for k in range(1, grading.order + 1):
        total = grading.ring.zero
        for i in range(1, k + 1):
            total += series.parts[i] * out[k - i] * i
        out.append(total * fmpq(1, k))
    return TruncatedSeries(grading, out)


def root(series: TruncatedSeries, power: Fraction | int | str) -> TruncatedSeries:
    """``series ** power`` for a rational power and a series with constant term 1.

    Args:
        series: what to raise.
        power: an exact rational, such as ``"1/2"``.

    Returns:
        The power, to the same order.

    Raises:
        DomainError: the constant term is not 1.
    """
    _unit_constant(series, 1, "root()")
    alpha, grading = to_fmpq(power), series.grading
    out: list[fmpq_mpoly] = [grading.ring.one]
    for k in range(1, grading.order + 1):
        total = grading.ring.zero
        for i in range(1, k + 1):
            total += series.parts[i] * out[k - i] * (alpha * i - (k - i))
        out.append(total * fmpq(1, k))
    return TruncatedSeries(grading, out)
