"""Linear algebra over any field: elimination, kernels, definiteness by pivots, the top eigenpair with a proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import sympy as sp
from flint import acb_mat, arb, arb_mat, ctx, fmpq

from ...algebra.errors import DomainError
from .fields import Balls, Element, Field, middle, to_ball

Vector: TypeAlias = list[Element]
Matrix: TypeAlias = list[list[Element]]


def dot(a: Sequence[Element], b: Sequence[Element], field: Field) -> Element:
    """The sum of products."""
    return sum((x * y for x, y in zip(a, b, strict=True)), field.zero)


def times(matrix: Matrix, vector: Sequence[Element], field: Field) -> Vector:
    """Matrix times vector."""
    return [dot(row, vector, field) for row in matrix]


def scaled(vector: Sequence[Element], factor: Element) -> Vector:
    """Vector times number."""
    return [v * factor for v in vector]


def added(a: Sequence[Element], b: Sequence[Element]) -> Vector:
    """Sum of two vectors."""
    return [x + y for x, y in zip(a, b, strict=True)]


def shifted(matrix: Matrix, shift: Element, factor: Element) -> Matrix:
    """``factor * matrix + shift * identity``."""
    return [[e * factor + (shift if i == j else shift * 0) for j, e in enumerate(row)] for i, row in enumerate(matrix)]


def raised(matrix: Matrix, a: Sequence[Element], b: Sequence[Element]) -> Matrix:
    """``matrix + a b'``."""
    return [[e + a[i] * b[j] for j, e in enumerate(row)] for i, row in enumerate(matrix)]


def identity(size: int, field: Field) -> Matrix:
    """The identity."""
    return [[field.one if i == j else field.zero for j in range(size)] for i in range(size)]


def product(a: Matrix, b: Matrix, field: Field) -> Matrix:
    """Matrix times matrix."""
    columns = list(zip(*b, strict=True))
    return [[dot(row, column, field) for column in columns] for row in a]


def transposed(matrix: Matrix) -> Matrix:
    """Rows for columns."""
    return [list(column) for column in zip(*matrix, strict=True)]


class Solver:
    """Solves with one matrix: inverted once for balls, eliminated for exact numbers.

    Args:
        matrix: square.
        field: its field.

    Raises:
        DomainError: it is singular, or balls do not show that it is not.
    """

    def __init__(self, matrix: Matrix, field: Field) -> None:
        self.field = field
        try:
            if isinstance(field, Balls):
                self._inverse: Matrix = arb_mat(matrix).inv().tolist()
            else:
                self._inverse = _inverse(matrix, field)
        except ZeroDivisionError:
            raise DomainError.of(
                "normal form", "an invertible matrix", f"a singular one of size {len(matrix)}", "See its multipliers."
            ) from None

    def __call__(self, vector: Sequence[Element]) -> Vector:
        """The solution for one right-hand side."""
        return times(self._inverse, vector, self.field)


def _inverse(matrix: Matrix, field: Field) -> Matrix:
    size = len(matrix)
    rows = [[*row, *one] for row, one in zip(matrix, identity(size, field), strict=True)]
    for k in range(size):
        chosen = next((i for i in range(k, size) if field.is_zero(rows[i][k]) is False), None)
        if chosen is None:
            raise ZeroDivisionError
        rows[k], rows[chosen] = rows[chosen], rows[k]
        rows[k] = [e / rows[k][k] for e in rows[k]]
        for i in range(size):
            factor = rows[i][k]
            if i != k and field.is_zero(factor) is False:
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[size:] for row in rows]


def kernel(matrix: Matrix, field: Field) -> list[Vector]:
    """A basis of the kernel, over an exact field.

    Args:
        matrix: any shape.
        field: where zeros are known.

    Returns:
        Vectors, one with a 1 for each free column.
    """
    width = len(matrix[0])
    rows, pivots = [list(row) for row in matrix], list[int]()
    for column in range(width):
        rank = len(pivots)
        chosen = next((i for i in range(rank, len(rows)) if not field.is_zero(rows[i][column])), None)
        if chosen is None:
            continue
        rows[rank], rows[chosen] = rows[chosen], rows[rank]
        rows[rank] = [e / rows[rank][column] for e in rows[rank]]
        for i in range(len(rows)):
            factor = rows[i][column]
            if i != rank and not field.is_zero(factor):
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[rank], strict=True)]
        pivots.append(column)
    basis = []
    for free in (c for c in range(width) if c not in pivots):
        vector = [field.zero] * width
        vector[free] = field.one
        for row, column in enumerate(pivots):
            vector[column] = -rows[row][free]
        basis.append(vector)
    return basis


def projector(basis: Sequence[Vector], size: int, field: Field) -> Matrix:
    """The orthogonal projector on the span of independent vectors; 0 for none."""
    if not basis:
        return [[field.zero] * size for _ in range(size)]
    columns = transposed(list(basis))
    gram = product(list(basis), columns, field)
    inverse = Solver(gram, field)
    return product(columns, transposed([inverse(row) for row in columns]), field)


def definite(matrix: Matrix, field: Field) -> bool | None:
    """Whether a symmetric matrix is positive definite, by the signs of its pivots; None where one is open."""
    rows = [list(row) for row in matrix]
    size = len(rows)
    for k in range(size):
        sign = field.sign(rows[k][k])
        if sign != 1:
            return None if sign is None else False
        for i in range(k + 1, size):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b if j > k else a for j, (a, b) in enumerate(zip(rows[i], rows[k], strict=True))]
    return True


def characteristic(matrix: Matrix, field: Field) -> list[Element]:
    """Coefficients of ``det(x - matrix)``, highest power first, by Faddeev and Le Verrier."""
    size = len(matrix)
    out, current = [field.one], [[field.zero] * size for _ in range(size)]
    for k in range(1, size + 1):
        current = shifted(product(matrix, current, field), out[-1], field.one)
        trace = sum((product(matrix, current, field)[i][i] for i in range(size)), field.zero)
        out.append(-trace * fmpq(1, k))
    return out


def rational_top(matrix: Matrix, field: Field) -> tuple[Element, bool] | None:
    """The largest eigenvalue of a symmetric rational matrix, where it is rational, and whether it is simple."""
    x = sp.Dummy("x")
    poly = sp.Poly([field.expression(c) for c in characteristic(matrix, field)], x, domain="QQ")
    roots = {-f.TC() / f.LC(): m for f, m in poly.factor_list()[1] if f.degree() == 1}
    if not roots:
        return None
    top = max(roots)
    rest = poly.quo(sp.Poly(x - top, x) ** roots[top])
    above = rest.count_roots(top, None) if rest.degree() > 0 else 0
    return None if above else (field.read(sp.sympify(top)), roots[top] == 1)


def enclose_top(matrix: Matrix, field: Field) -> tuple[arb, list[arb], bool | None]:
    """Eigenvalue and eigenvector of a symmetric matrix of balls: the largest, where that is proved.

    A Newton step from the midpoints maps a box into its inside, which proves one eigenpair there (Krawczyk); that it is
    the largest and simple is a matter of definiteness: ``S - M`` with its eigenvector's direction lifted.

    Args:
        matrix: symmetric.
        field: balls.

    Returns:
        Eigenvalue, eigenvector, and whether they are proved to be the top ones, and simple; None where they are not,
        and then they are approximations only.
    """
    size = len(matrix)
    mids = [[middle(to_ball(e)) for e in row] for row in matrix]
    with ctx.workprec(64):
        values, vectors = acb_mat(arb_mat(mids)).eig(right=True, algorithm="approx")
    best = max(range(size), key=lambda k: float(values[k].real.mid()))
    guess = [middle(vectors[i, best].real) for i in range(size)]
    scale = max(range(size), key=lambda i: abs(float(guess[i])))
    guess = [middle(g / guess[scale]) for g in guess]
    top = middle(values[best].real)

    def defect(vector: list[arb], value: arb) -> list[arb]:
        image = times(matrix, vector, field)
        return [*(w - value * v for w, v in zip(image, vector, strict=True)), vector[scale] - 1]

    def slope(entries: Matrix, vector: list[arb], value: arb) -> Matrix:
        rows = [[*(e - value if i == j else e for j, e in enumerate(row)), -vector[i]] for i, row in enumerate(entries)]
        return [*rows, [*(field.one if i == scale else field.zero for i in range(size)), field.zero]]

    try:
        found = krawczyk([*guess, top], lambda x: defect(x[:-1], x[-1]), lambda x: slope(matrix, x[:-1], x[-1]), field)
    except DomainError:
        return top, guess, None
    vector, value = found[:-1], found[-1]
    norm = dot(vector, vector, field)
    lifted = raised(shifted(matrix, value, fmpq(-1)), scaled(vector, value / norm), vector)
    return value, vector, definite(lifted, field) or None


def krawczyk(
    start: list[arb],
    function: Callable[[list[arb]], list[arb]],
    derivative: Callable[[list[arb]], Matrix],
    field: Field,
) -> list[arb]:
    """A box that holds exactly one zero of a function, from an approximation to one.

    Args:
        start: exact midpoints near the zero.
        function: values on vectors of balls.
        derivative: its matrix on vectors of balls.
        field: balls.

    Returns:
        The box.

    Raises:
        DomainError: no box is mapped into its inside.
    """
    point = list(start)
    for _ in range(12):
        try:
            inverse = arb_mat([[middle(e) for e in row] for row in arb_mat(derivative(point)).inv().tolist()])
        except ZeroDivisionError:
            break
        moves = (inverse * arb_mat([[v] for v in function(point)])).entries()
        radius = max((float(abs(m).upper()) for m in moves), default=0.0)
        if not radius < 1e6:
            break
        wide = arb(0, 1) * (4 * max(arb(radius), arb(2) ** (-200)))
        box = [p + wide for p in point]
        defects = shifted((inverse * arb_mat(derivative(box))).tolist(), field.one, fmpq(-1))
        image = [p - m + dot(row, [wide] * len(point), field) for p, m, row in zip(point, moves, defects, strict=True)]
        if radius < 1e-40 and all(b.contains_interior(i) for b, i in zip(box, image, strict=True)):
            return image
        point = [middle(p - m) for p, m in zip(point, moves, strict=True)]
    raise DomainError.of(
        "normal form", "an approximation from which Newton's method is proved to converge", "none", "Start nearer."
    )
