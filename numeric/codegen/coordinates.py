"""Affine coordinates in which a map is cheap to iterate, found by exact algebra.

Two kinds of affine form are looked for besides the variables themselves:

* **invariant** forms: ``l(F(x))`` is divisible by ``l(x)``, so the line ``l = 0`` is kept and ``l`` steps by a factor
  (for the quadratic models these are the squared weights along the eigenvectors);
* **slow** forms: ``l(F(x)) - l(x)`` is divisible by ``z^2`` for an invariant variable z (the weight norm).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import sympy as sp

from ...symbolic.planar.maps import PolynomialMap
from .coefficient_ring import CoefficientRing, ExactPoly, constant_in


@dataclass(frozen=True)
class Form:
    """An affine form of the variables.

    Attributes:
        value: the form.
        kind: ``variable``, ``invariant`` or ``slow``.
        name: what it is called in generated code.
    """

    value: ExactPoly
    kind: str
    name: str


@dataclass(frozen=True)
class Coordinates:
    """Affine coordinates and the map in them.

    Attributes:
        ring: Q(parameters)[state].
        forms: the coordinates as forms of the variables.
        back: the variables as affine polynomials of the coordinates.
        images: the components of the map in the coordinates.
    """

    ring: CoefficientRing
    forms: tuple[Form, ...]
    back: tuple[ExactPoly, ...]
    images: tuple[ExactPoly, ...]


def kept_variables(source: PolynomialMap) -> tuple[sp.Symbol, ...]:
    """Variables x with x' divisible by x.

    Keeping them as coordinates keeps their relative accuracy: a residual near zero is never a difference of
    two numbers near one.

    Args:
        source: the map.

    Returns:
        These variables.
    """
    pairs = zip(source.variables, source.polynomials, strict=True)
    return tuple(x for x, p in pairs if divmod(p, source.ring.generator(x))[1].is_zero())


def candidate_forms(source: PolynomialMap) -> tuple[Form, ...]:
    """The variables, the invariant forms and the slow forms of a map.

    Args:
        source: the map.

    Returns:
        The forms, each up to scale once.
    """
    ring = CoefficientRing(source.variables, source.parameters)
    images = [ring.from_polynomial(p) for p in source.polynomials]
    taken = {s.name for s in (*source.variables, *source.parameters)}
    found = [Form(ring.generator(v), "variable", v.name) for v in source.variables]
    for kind, values in (("invariant", _invariant_forms(ring, images)), ("slow", _slow_forms(source, ring, images))):
        for value in values:
            if any(_proportional(value, form.value) for form in found):
                continue
            stem = "u" if kind == "invariant" else "n"
            name = next(c for i in range(1, 100) if (c := f"{stem}{i}") not in taken)
            taken.add(name)
            found.append(Form(value, kind, name))
    return tuple(found)


def change_coordinates(source: PolynomialMap, forms: Sequence[Form]) -> Coordinates | None:
    """The map in new coordinates, by exact substitution.

    Args:
        source: the map.
        forms: as many affine forms as there are variables.

    Returns:
        The coordinates, or None when the forms are dependent.
    """
    old = CoefficientRing(source.variables, source.parameters)
    new = CoefficientRing([sp.Symbol(f.name, real=True) for f in forms], source.parameters)
    n = len(forms)
    rows = []
    for form, s in zip(forms, new.state, strict=True):
        terms = form.value.terms()
        offset = terms.get((0,) * n, old.zero)
        left = [constant_in(terms.get(_unit(n, i), old.zero), new) for i in range(n)]
        rows.append([*left, new.generator(s) - constant_in(offset, new)])
    back = _solve(rows)
    if back is None:
        return None
    images = tuple(f.value.compose([old.from_polynomial(p) for p in source.polynomials]).compose(back) for f in forms)
    return Coordinates(new, tuple(forms), tuple(back), images)


def bases(source: PolynomialMap, forms: Sequence[Form], keep: Sequence[sp.Symbol]) -> list[tuple[Form, ...]]:
    """Choices of coordinates that contain the variables to keep, the most promising first.

    Args:
        source: the map.
        forms: candidates.
        keep: variables that must be coordinates.

    Returns:
        Tuples of forms, at most 24, the source's own variables among them.
    """
    must = [f for f in forms if f.kind == "variable" and f.name in {s.name for s in keep}]
    rest = [f for f in forms if f not in must]
    order = {"invariant": 0, "slow": 1, "variable": 2}
    rest.sort(key=lambda f: order[f.kind])
    choices = [(*must, *extra) for extra in combinations(rest, len(source.variables) - len(must))]
    own = tuple(f for f in forms if f.kind == "variable")
    return [*choices[:23], *([own] if own not in choices[:23] else [])]


def _unit(n: int, i: int) -> tuple[int, ...]:
    return tuple(int(i == j) for j in range(n))


def _proportional(p: ExactPoly, q: ExactPoly) -> bool:
    quotient = p.divide(q)
    return quotient is not None and quotient.is_constant()


def _row_reduce(rows: list[list[ExactPoly]], width: int) -> list[int]:
    """Bring rows to reduced echelon form in place, by pivots in the first columns; returns the pivots."""
    pivots: list[int] = []
    for column in range(width):
        done = len(pivots)
        pivot = next((i for i in range(done, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        lead = rows[done][column]
        rows[done] = [q for x in rows[done] if (q := x.divide(lead)) is not None]
        for i in range(len(rows)):
            if i != done and rows[i][column]:
                factor = rows[i][column]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[done], strict=True)]
        pivots.append(column)
    return pivots


def _solve(rows: list[list[ExactPoly]]) -> list[ExactPoly] | None:
    """Solve a square linear system given as rows ``[coefficients.., right side]``; None when it is singular."""
    n = len(rows)
    return [row[n] for row in rows] if len(_row_reduce(rows, n)) == n else None


def _null_space(rows: list[list[ExactPoly]], width: int, ring: CoefficientRing) -> list[list[ExactPoly]]:
    """A basis of the vectors that all rows annihilate."""
    pivots = _row_reduce(rows, width)
    basis = []
    for free in (c for c in range(width) if c not in pivots):
        vector = [ring.zero] * width
        vector[free] = ring.one
        for row, column in zip(rows, pivots, strict=False):
            vector[column] = -row[free]
        basis.append(vector)
    return basis


def _linear(ring: CoefficientRing, vector: Sequence[ExactPoly]) -> ExactPoly:
    """The form with these coefficients, without denominators or common factors."""
    form = ring.zero
    for coefficient, s in zip(vector, ring.state, strict=True):
        form = form + coefficient * ring.generator(s)
    primitive = form.numerator / form.content()
    # the leading variable of the last coordinate gets a positive whole-number coefficient
    return ExactPoly(ring, primitive, ring.ring.one)


def _slow_forms(source: PolynomialMap, ring: CoefficientRing, images: list[ExactPoly]) -> list[ExactPoly]:
    """Linear forms whose increment is divisible by the square of a kept variable."""
    found = []
    for x in kept_variables(source):
        position = source.variables.index(x)
        increments = [image - ring.generator(v) for image, v in zip(images, source.variables, strict=True)]
        columns = [{e: c for e, c in inc.terms().items() if e[position] < 2} for inc in increments]
        monomials = sorted(set().union(*columns))
        rows = [[column.get(m, ring.zero) for column in columns] for m in monomials]
        found += [_linear(ring, v) for v in _null_space(rows, len(columns), ring)]
    return found


def _invariant_forms(ring: CoefficientRing, images: list[ExactPoly]) -> list[ExactPoly]:
    """Affine forms l with l(F) divisible by l, through the eigenvectors of the leading part of the map.

    The leading part must be one homogeneous polynomial times a linear map, as it is for the quadratic models; any
    other map gives none.
    """
    n = len(ring.state)
    top = max(image.degree() for image in images)
    leading = [{e: c for e, c in image.terms().items() if sum(e) == top} for image in images]
    shared = ring.zero.numerator
    for part in leading:
        for exponents, value in part.items():
            shared = shared.gcd(value.monomial(exponents).numerator)
    common = ExactPoly(ring, shared, ring.ring.one)
    matrix: list[list[ExactPoly]] = []
    for part in leading:
        total = ring.zero
        for exponents, value in part.items():
            total = total + value.monomial(exponents)
        quotient = total.divide(common)
        if quotient is None or any(sum(e) != 1 for e in quotient.terms()):
            return []
        matrix.append([quotient.coefficient(_unit(n, i)) for i in range(n)])
    found = []
    for root in _eigenvalues(ring, matrix):
        # left eigenvectors: (M^T - root) l = 0
        rows = [[matrix[j][i] - (root if i == j else ring.zero) for j in range(n)] for i in range(n)]
        for vector in _null_space(rows, n, ring):
            form = _with_offset(ring, images, _linear(ring, vector))
            if form is not None:
                found.append(form)
    return found


def _eigenvalues(ring: CoefficientRing, matrix: list[list[ExactPoly]]) -> list[ExactPoly]:
    """Eigenvalues that are rational functions of the parameters."""
    n = len(matrix)
    x = sp.Symbol("x_eigen", real=True)
    wide = CoefficientRing((*ring.state, x), ring.parameters)
    entries = [[constant_in(v, wide) for v in row] for row in matrix]
    for i in range(n):
        entries[i][i] = entries[i][i] - wide.generator(x)
    determinant = _determinant(entries, wide)
    found = []
    for factor, _ in determinant.numerator.factor()[1]:
        piece = ExactPoly(wide, factor, wide.ring.one)
        unit = _unit(n + 1, n)
        terms = piece.terms()
        if unit in terms and set(terms) <= {unit, (0,) * (n + 1)}:
            root = (-terms.get((0,) * (n + 1), wide.zero)).divide(terms[unit])
            if root is not None:
                found.append(constant_in(root, ring))
    return found


def _determinant(entries: list[list[ExactPoly]], ring: CoefficientRing) -> ExactPoly:
    """By expansion along the first row; the matrices have two to five rows."""
    if not entries:
        return ring.one
    total = ring.zero
    for j, value in enumerate(entries[0]):
        if value:
            minor = [[v for k, v in enumerate(row) if k != j] for row in entries[1:]]
            term = value * _determinant(minor, ring)
            total = total - term if j % 2 else total + term
    return total


def _with_offset(ring: CoefficientRing, images: list[ExactPoly], form: ExactPoly) -> ExactPoly | None:
    """The form plus the constant that makes it invariant, or None."""
    offset = sp.Symbol("x_offset", real=True)
    wide = CoefficientRing(ring.state, (*ring.parameters, offset))

    def widen(value: ExactPoly) -> ExactPoly:
        context = wide.ring.context
        move = lambda poly: context.from_dict({(*e, 0): c for e, c in poly.to_dict().items()})  # noqa: E731
        return ExactPoly(wide, move(value.numerator), move(value.denominator))

    shifted = widen(form) + wide.generator(offset)
    stepped = shifted.compose([widen(image) for image in images]) if images else shifted
    # eliminate one variable by shifted = 0, and ask for which offset the rest vanishes
    last = max(i for i in range(len(ring.state)) if shifted.coefficient(_unit(len(ring.state), i)))
    lead = shifted.coefficient(_unit(len(ring.state), last))
    remainder = (wide.generator(ring.state[last]) * lead - shifted).divide(lead)
    if remainder is None:
        return None
    places = [wide.generator(s) for s in ring.state]
    places[last] = remainder
    rest = stepped.compose(places)
    if not rest:
        return form
    index = len(ring.state) + len(ring.parameters)
    for factor, _ in rest.content().factor()[1]:
        terms = factor.to_dict()
        linear = {e for e in terms if e[index]}
        if not linear or any(e[index] > 1 for e in linear) or any(sum(e) > 1 for e in linear):
            continue
        slope = next(terms[e] for e in linear)
        constant = ring.ring.context.from_dict({e[:index]: -c / slope for e, c in terms.items() if not e[index]})
        candidate = form + ExactPoly(ring, constant, ring.ring.one)
        if candidate.compose(images).divide(candidate) is not None:
            return candidate
    return None
