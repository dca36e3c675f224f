"""Optimisers as data: a linear filter of gradients taken at a linear look-ahead, or at a SAM ascent from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.parsing import exact_expression
from ..algebra.symbols import TABLE, symbol

WHERE = "Optimiser()"


@dataclass(frozen=True)
class Optimiser:
    """One optimiser, in units where the step size is 1 (a gradient enters as ``eta`` times the gradient).

    Each weight carries a memory ``x`` of :attr:`size` numbers, ``x[0]`` the weight itself. One step takes the gradient
    ``g`` at the query point ``y = C x`` (at ``y + rho * grad L(y)`` for an ascent radius ``rho``) and sets
    ``x' = A x - B g``.

    Attributes:
        name: as on the command line.
        matrix: ``A``, size by size, exact.
        gain: ``B``, size by 1.
        query: ``C``, 1 by size.
        ascent: ``rho``, radius of the ascent step of SAM without normalisation over the step size; 0 for none.
        ranges: for each symbol in the above the interval it may lie in, ``[low, high)`` or ``[low, oo)``.

    Raises:
        DomainError: shapes do not fit, an entry is a float, the query sees nothing, or a symbol has no range.

    Source:
        Derived here: the state-space form of a rational transfer function.

    Example:
        >>> es.optimisers.heavy_ball("1/2").matrix
        Matrix([
        [1, 1/2],
        [0, 1/2]])
    """

    name: str
    matrix: sp.ImmutableMatrix
    gain: sp.ImmutableMatrix
    query: sp.ImmutableMatrix
    ascent: sp.Expr = sp.S.Zero
    ranges: tuple[tuple[sp.Symbol, sp.Interval], ...] = ()

    def __post_init__(self) -> None:
        size = self.matrix.rows
        shapes = (self.matrix.shape, self.gain.shape, self.query.shape)
        if size < 1 or shapes != ((size, size), (size, 1), (1, size)):
            raise DomainError.of(WHERE, "matrix n x n, gain n x 1, query 1 x n", shapes, "Give one row a number kept.")
        entries = (*self.matrix, *self.gain, *self.query, self.ascent)
        if any(e.has(sp.Float) or e.has(sp.nan, sp.zoo, sp.oo) for e in entries):
            raise DomainError.of(WHERE, "exact entries", entries, "Use fractions or strings such as '9/10'.")
        unknown = set().union(*(e.free_symbols for e in entries)) - {s for s, _ in self.ranges}
        if unknown:
            raise DomainError.of(WHERE, "a range for each symbol", unknown, "Say where it may lie.")

    @property
    def size(self) -> int:
        """Numbers kept for each weight; 1 for an optimiser without memory."""
        return int(self.matrix.rows)

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """Symbols that it depends on, in the order given."""
        return tuple(s for s, _ in self.ranges)

    def effective(self, curvature: sp.Expr) -> sp.Expr:
        """What the linear step sees of a curvature ``h``: ``h (1 + rho h)``; ``h`` itself without an ascent."""
        return sp.expand(curvature * (1 + self.ascent * curvature))

    @cached_property
    def denominator(self) -> sp.Poly:
        """``a(mu) = det(mu - A)``: its roots are the multipliers at curvature 0."""
        mu = symbol("multiplier")
        return sp.Poly((mu * sp.eye(self.size) - self.matrix).det(method="berkowitz"), mu)

    @cached_property
    def numerator(self) -> sp.Poly:
        """``b(mu) = C adj(mu - A) B``, so that ``-b/a`` is the transfer function from gradients to the query point."""
        mu = symbol("multiplier")
        adjugate = (mu * sp.eye(self.size) - self.matrix).adjugate()
        return sp.Poly(sp.expand((self.query * adjugate * self.gain)[0]), mu)

    def characteristic(self, curvature: sp.Expr) -> sp.Poly:
        """Characteristic polynomial, in the multiplier, of the step at a minimum along one eigenvector of the Hessian.

        Args:
            curvature: ``h``, the eigenvalue times the step size: exact, or a symbol.

        Returns:
            ``a(mu) + h (1 + rho h) b(mu)``.
        """
        mu = symbol("multiplier")
        return sp.Poly(self.denominator.as_expr() + self.effective(curvature) * self.numerator.as_expr(), mu)

    def step_matrix(self, curvature: sp.Expr) -> sp.Matrix:
        """The linear step at a minimum, in the memory ``x`` of one direction: ``A - h (1 + rho h) B C``."""
        return sp.Matrix(self.matrix) - self.effective(curvature) * sp.Matrix(self.gain) * sp.Matrix(self.query)

    @property
    def keeps_minima(self) -> bool:
        """Whether a point with zero gradient stays where it is: multiplier 1 at curvature 0, reached by the weight."""
        rest = sp.Matrix([1] + [0] * (self.size - 1))
        return bool((sp.Matrix(self.matrix) * rest - rest).applyfunc(sp.expand).is_zero_matrix)

    def substitute(self, values: dict[sp.Symbol, object]) -> Optimiser:
        """The optimiser with some symbols fixed.

        Args:
            values: symbol to exact number.

        Returns:
            The optimiser without these symbols.

        Raises:
            DomainError: a value lies outside the symbol's range.
        """
        exact = {s: number(v, s.name, dict(self.ranges).get(s, sp.S.Reals)) for s, v in values.items()}
        matrix, gain, query = (m.subs(exact) for m in (self.matrix, self.gain, self.query))
        rest = tuple((s, r) for s, r in self.ranges if s not in exact)
        return Optimiser(self.name, matrix, gain, query, self.ascent.subs(exact), rest)


def number(value: object, name: str, domain: sp.Set) -> sp.Expr:
    """An exact number, or the table's symbol of the name, within a domain.

    Args:
        value: a rational, a string such as ``"9/10"``, or an exact expression; the name itself for the symbol.
        name: of the parameter.
        domain: where it has to lie.

    Returns:
        A SymPy number or symbol.

    Raises:
        DomainError: it is a float, not real, or outside the domain.
    """
    where = name
    if name in TABLE and value in (name, symbol(name)):
        return symbol(name)
    if isinstance(value, float):
        raise DomainError.of(where, "an exact number", value, "Write it as a string, such as '0.9' or '9/10'.")
    try:
        expr = exact_expression(value, where)
    except DomainError:
        raise DomainError.of(where, "an exact number", value, "Write it as p/q or a decimal.") from None
    if expr.free_symbols or domain.contains(expr) is not sp.true:
        raise DomainError.of(where, f"a number in {domain}", value, "Choose one inside, or leave it a symbol.")
    return expr


def _matrix(rows: Sequence[Sequence[object]]) -> sp.ImmutableMatrix:
    return sp.ImmutableMatrix([[sp.sympify(e) for e in row] for row in rows])


def _with_range(
    name: str, value: object, domain: sp.Interval
) -> tuple[sp.Expr, tuple[tuple[sp.Symbol, sp.Interval], ...]]:
    exact = number(value, name, domain)
    return exact, ((exact, domain),) if exact.is_Symbol else ()


UNIT = sp.Interval.Ropen(0, 1)
NOT_NEGATIVE = sp.Interval(0, sp.oo)


def gradient_descent() -> Optimiser:
    """``theta' = theta - eta g``.

    Returns:
        Plain gradient descent.

    Source:
        Derived here.

    Example:
        >>> es.optimisers.gradient_descent().characteristic(2).all_coeffs()
        [1, 1]
    """
    return Optimiser("gradient-descent", _matrix([[1]]), _matrix([[1]]), _matrix([[1]]))


def heavy_ball(beta: object = "beta") -> Optimiser:
    """Polyak's momentum: ``v' = beta v - eta g(theta)``, ``theta' = theta + v'``.

    Args:
        beta: momentum in ``[0, 1)``; its symbol by default.

    Returns:
        The optimiser; 0 gives gradient descent with an idle memory.

    Raises:
        DomainError: beta is outside ``[0, 1)`` or a float.

    Source:
        Polyak 1964; the edge as in Cohen et al. 2021, where it is ``(2 + 2 beta)/eta``.

    Example:
        >>> es.optimisers.heavy_ball("9/10").characteristic(0).all_coeffs()
        [1, -19/10, 9/10]
    """
    b, ranges = _with_range("beta", beta, UNIT)
    return Optimiser("heavy-ball", _matrix([[1, b], [0, b]]), _matrix([[1], [1]]), _matrix([[1, 0]]), ranges=ranges)


def nesterov(beta: object = "beta") -> Optimiser:
    """Nesterov's momentum: the gradient is taken at ``theta + beta v``.

    Args:
        beta: momentum in ``[0, 1)``; its symbol by default.

    Returns:
        The optimiser.

    Raises:
        DomainError: beta is outside ``[0, 1)`` or a float.

    Source:
        Nesterov 1983; the edge as in Cohen et al. 2021, where it is ``(2 + 2 beta)/((1 + 2 beta) eta)``.

    Example:
        >>> es.optimisers.nesterov("1/2").query
        Matrix([[1, 1/2]])
    """
    b, ranges = _with_range("beta", beta, UNIT)
    return Optimiser("nesterov", _matrix([[1, b], [0, b]]), _matrix([[1], [1]]), _matrix([[1, b]]), ranges=ranges)


def weight_decay(gamma: object = "gamma") -> Optimiser:
    """``theta' = (1 - gamma) theta - eta g``; gamma is the step size times the decay.

    Args:
        gamma: in ``[0, 1)``; its symbol by default.

    Returns:
        The optimiser. It does not keep minima: its fixed points balance gradient and decay.

    Raises:
        DomainError: gamma is outside ``[0, 1)`` or a float.

    Source:
        Derived here.

    Example:
        >>> es.optimisers.weight_decay("1/100").keeps_minima
        False
    """
    g, ranges = _with_range("gamma", gamma, UNIT)
    return Optimiser("weight-decay", _matrix([[1 - g]]), _matrix([[1]]), _matrix([[1]]), ranges=ranges)


def sam(rho: object = "rho") -> Optimiser:
    """Sharpness-aware minimisation without normalisation: the gradient is taken at ``theta + rho grad L(theta)``.

    Args:
        rho: the ascent radius in units of the step size (``rho / eta``), at least 0; its symbol by default.

    Returns:
        The optimiser; 0 gives gradient descent.

    Raises:
        DomainError: rho is negative or a float.

    Source:
        Foret et al. 2021; without normalisation as in Agarwala and Dauphin 2023.

    Example:
        >>> es.optimisers.sam("1").effective(es.symbol("T"))
        T**2 + T
    """
    r, ranges = _with_range("rho", rho, NOT_NEGATIVE)
    plain = gradient_descent()
    return Optimiser("sam", plain.matrix, plain.gain, plain.query, r, ranges)


def averaged_gradient(beta: object = "beta") -> Optimiser:
    """Gradient descent on Adam's running mean: ``m' = beta m + (1 - beta) g``, ``theta' = theta - eta m'``.

    With a frozen preconditioner folded into the curvature this is Adam at its edge.

    Args:
        beta: ``beta_1`` in ``[0, 1)``; its symbol by default.

    Returns:
        The optimiser.

    Raises:
        DomainError: beta is outside ``[0, 1)`` or a float.

    Source:
        Cohen et al. 2022, the preconditioned sharpness of Adam, ``38/eta`` at ``beta_1 = 0.9``.

    Example:
        >>> es.optimisers.averaged_gradient("9/10").characteristic(38).eval(-1)
        0
    """
    b, ranges = _with_range("beta", beta, UNIT)
    return Optimiser(
        "averaged-gradient", _matrix([[1, b], [0, b]]), _matrix([[1 - b], [1 - b]]), _matrix([[1, 0]]), ranges=ranges
    )


def gradient_filter(numerator: Sequence[object], denominator: Sequence[object] = (1,)) -> Optimiser:
    """Any linear filter of past gradients: ``theta' = theta - eta u``, ``u = H g`` with a rational transfer function.

    ``u_t + d_1 u_(t-1) + .. = n_0 g_t + n_1 g_(t-1) + ..``: heavy ball is ``(1,), (1, -beta)``.

    Args:
        numerator: ``n_0, n_1, ..``, exact.
        denominator: ``d_0 = 1, d_1, ..``, exact; its roots are the filter's own multipliers.

    Returns:
        The optimiser; its memory is as long as the filter is.

    Raises:
        DomainError: an entry is no exact number, ``d_0`` is not 1, or the filter lets no constant gradient pass.

    Source:
        Derived here.

    Example:
        >>> es.optimisers.gradient_filter((1,), (1, "-1/2")).characteristic(3).eval(-1)
        0
    """
    top, bottom = ([number(c, "filter", sp.S.Reals) for c in side] for side in (numerator, denominator))
    if not top or not bottom or bottom[0] != 1:
        raise DomainError.of("gradient_filter()", "denominator 1, d_1, ..", tuple(denominator), "Divide by d_0.")
    if sp.Add(*top) == 0:
        raise DomainError.of(
            "gradient_filter()", "a numerator with sum other than 0", tuple(numerator), "It never moves."
        )
    length = max(len(top), len(bottom)) - 1
    top += [sp.S.Zero] * (length + 1 - len(top))
    bottom += [sp.S.Zero] * (length + 1 - len(bottom))
    # transposed direct form: u = n_0 g + s_1, s_k' = s_(k+1) + n_k g - d_k u
    matrix = sp.zeros(length + 1, length + 1)
    gain = sp.zeros(length + 1, 1)
    matrix[0, 0], gain[0] = 1, top[0]
    if length:
        matrix[0, 1] = 1
    for k in range(1, length + 1):
        gain[k] = top[k] - bottom[k] * top[0]
        matrix[k, 1] = -bottom[k]
        if k < length:
            matrix[k, k + 1] += 1
    query = sp.Matrix([[1] + [0] * length])
    return Optimiser("filter", sp.ImmutableMatrix(matrix), sp.ImmutableMatrix(gain), sp.ImmutableMatrix(query))


NAMED: dict[str, Callable[..., Optimiser]] = {
    "gradient-descent": gradient_descent,
    "heavy-ball": heavy_ball,
    "nesterov": nesterov,
    "averaged-gradient": averaged_gradient,
    "sam": sam,
    "weight-decay": weight_decay,
}
"""Optimisers by their names on the command line; each takes at most one parameter, its symbol by default."""
