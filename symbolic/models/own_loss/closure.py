"""Does gradient descent close in the coordinates a user names?  Exact linear algebra over monomials."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product as cartesian
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_mat, fmpq_mpoly

from ...algebra.errors import DomainError
from ...algebra.rings import Exponents, PolyRing
from ...explain.log import DerivationLog
from ...latex.document import Section
from ...latex.equations import Equation
from ...latex.names import later
from ...latex.printer import Order
from ...planar.maps import PolynomialMap
from .constants import Constants, find_constants
from .gradient import GradientStep, as_expression, as_symbols
from .hypotheses import Sectioned

MOST_UNKNOWNS = 20_000


@dataclass(frozen=True)
class Reduction(Sectioned):
    """Coordinates in which the gradient step closes, and the closed map.

    Attributes:
        model: the model.
        coordinates: symbol to its expression in the parameters, in the user's order.
        map: the exact map of the coordinates.
        replaced: constants carried with roots, see :class:`Constants`.
        compared: how many monomials in the parameters the proof compared.
    """

    kind = "closed-map"
    model: GradientStep
    coordinates: Mapping[sp.Symbol, sp.Expr]
    map: PolynomialMap
    replaced: Constants
    compared: int

    def equations(self) -> tuple[Equation, ...]:
        """The closed map, in the user's constants."""
        order, own = Order(self.map.variables), frozenset(self.map.variables)
        return tuple(
            Equation(later(v, 1), self.replaced.restore(c), order=order, tag=v.name, own=own)
            for v, c in zip(self.map.variables, self.map.components, strict=True)
        )

    def sections(self) -> list[Section]:
        """The model, and the closed map in the user's coordinates."""
        text = f"Proved equal to the gradient step: {self.compared} monomials compared."
        return [*self.model.sections(), Section("Closed map", text, self.equations())]

    def json(self) -> dict[str, Any]:
        """The closed map as text."""
        return {"map": {e.tag: str(e.rhs) for e in self.equations()}}

    def explain(self) -> DerivationLog:
        """From the loss to the closed map, checked as polynomial identities in the parameters.

        Raises:
            ProofError: a step does not hold.
        """
        log = self.model.explain()
        own = frozenset((*self.model.parameters, *self.model.kept))
        log.state(
            "Coordinates",
            "As given.",
            *(
                Equation(name, formula, order=Order(self.model.kept), own=own | {name})
                for name, formula in self.coordinates.items()
            ),
        )
        step = self.model.step_map(self.replaced)
        moved = dict(zip(step.variables, step.components, strict=True))
        inside = {name: self.replaced.replace(formula) for name, formula in self.coordinates.items()}
        for name, image, equation in zip(self.map.variables, self.map.components, self.equations(), strict=True):
            log.identity(
                f"The next {name}",
                "Put the gradient step into its definition; the result is a polynomial in the coordinates again, found "
                "by exact linear algebra over their monomials.",
                inside[name].subs(moved, simultaneous=True),
                image.subs(inside, simultaneous=True),
                equation,
                what="the stepped definition and the closed form, written in the parameters,",
            )
        return log


@dataclass(frozen=True)
class NotClosed:
    """Why the step does not close.

    Attributes:
        coordinate: whose next value is not a function of the coordinates.
        verdict: ``False`` with a witness, ``None`` where no polynomial was found but none is excluded.
        witness: a point where the differential of the next value leaves the span of the coordinates' differentials.
        suggestion: a polynomial in the parameters with which, as one more coordinate, the step closes: it was tried;
            None where none was found.
        candidate: what the next value has and the coordinates lack; not tried.
    """

    coordinate: sp.Symbol
    verdict: bool | None
    witness: Mapping[sp.Symbol, sp.Rational]
    suggestion: sp.Expr | None
    candidate: sp.Expr

    def why(self) -> str:
        """What excludes a function of the coordinates, or that nothing does."""
        if self.verdict is False:
            where = ", ".join(f"{s}={v}" for s, v in self.witness.items())
            return f"at {where} its differential leaves the span of the coordinates' differentials"
        return "no polynomial of the coordinates equals it, though a function of them is not excluded"

    def reason(self) -> str:
        """Why, and what might help."""
        why = self.why()
        if self.suggestion is None:
            return f"{why}; no one coordinate was found with which it closes"
        return f"{why}; try adding the coordinate {self.suggestion}, with which the step closes"

    def sentence(self) -> str:
        """One sentence for people."""
        return f"the next {self.coordinate} is not found as a function of the coordinates: {self.reason()}"


def reduce(model: GradientStep, coordinates: Mapping[str, sp.Expr | str]) -> Reduction:
    """See :meth:`GradientDescent.reduce`."""
    result = close(model, coordinates)
    if isinstance(result, NotClosed):
        raise DomainError.of(
            "reduce()",
            "coordinates in which the gradient step closes",
            f"a next {result.coordinate} that is not found as a function of them",
            f"Here {result.reason()}.",
        )
    return result


def close(model: GradientStep, coordinates: Mapping[str, sp.Expr | str], suggest: bool = True) -> Reduction | NotClosed:
    """Find the closed map of some coordinates, or why there is none.

    For each coordinate ``c`` the polynomial ``c(next theta)`` is sought as a combination of monomials in the
    coordinates and the constants: one exact linear system over Q for each set of monomials that share terms.

    Args:
        model: the model.
        coordinates: name to formula in the parameters.
        suggest: whether to look for one more coordinate with which the step closes, where it does not.

    Returns:
        The closed map with its proof, or the obstruction.

    Raises:
        DomainError: a formula is not polynomial in the parameters, or the problem is too large.
    """
    where = "reduce()"
    names = as_symbols(list(coordinates), where)
    formulas = [as_expression(f, where).subs(model.all_ties) for f in coordinates.values()]
    clash = [n for n in names if n in (*model.kept, *model.constants)]
    if clash:
        raise DomainError.of(where, "coordinate names that the model does not use", clash[0], "Choose another name.")
    foreign = set().union(*(f.free_symbols for f in formulas)) - set(model.kept) - set(model.constants)
    if foreign:
        raise DomainError.of(where, f"formulas in {(*model.kept, *model.constants)}", foreign, "Check the names.")
    if not all(f.is_polynomial(*model.kept) and f.free_symbols & set(model.kept) for f in formulas):
        raise DomainError.of(where, "formulas polynomial in the parameters", str(formulas), "Drop constant ones.")
    replaced = find_constants((model.loss, model.step, *formulas), model.constants)
    step = model.step_map(replaced)
    ring = step.ring
    inside = [ring.from_expr(replaced.replace(f)) for f in formulas]
    fixed = [ring.generator(p) for p in step.parameters]
    targets = [g.compose(*step.polynomials, *fixed, ctx=ring.context) for g in inside]
    closed_ring = PolyRing((*names, *step.parameters))
    images: list[fmpq_mpoly] = []
    for name, target in zip(names, targets, strict=True):
        found = _express(target, inside, len(model.kept), ring)
        if isinstance(found, fmpq_mpoly):
            missing = replaced.restore(_missing(found, ring, len(model.kept)))
            obstruction = _obstruction(name, target, missing, inside, step)
            return try_suggestion(model, coordinates, obstruction) if suggest else obstruction
        images.append(closed_ring.from_dict(found))
    compared = 0
    for image, target in zip(images, targets, strict=True):
        back = image.compose(*inside, *fixed, ctx=ring.context)
        if back != target:
            raise DomainError.of(where, "a map equal to the gradient step", "another", "Report it.")
        compared += len(target.to_dict())
    closed = PolynomialMap.from_polynomials(names, tuple(images), step.parameters, "reduced step")
    return Reduction(model, dict(zip(names, formulas, strict=True)), closed, replaced, compared)


def _express(
    target: fmpq_mpoly, inside: Sequence[fmpq_mpoly], dimension: int, ring: PolyRing
) -> dict[Exponents, object] | fmpq_mpoly:
    """The target as a polynomial in the coordinates and constants, or a part of it that is none."""
    candidates = _candidates(target, inside, dimension, ring)
    groups = _groups(target, candidates)
    solution: dict[Exponents, object] = {}
    known, stuck = target.to_dict(), dict[Exponents, fmpq]()
    for columns, rows in groups:
        values = _solve(columns, rows, candidates, target)
        if values is None:
            stuck |= {row: known[row] for row in rows if row in known}
        else:
            solution.update({key: v for key, v in zip(columns, values, strict=True) if v != 0})
    return ring.from_dict(stuck) if stuck else solution


def _candidates(
    target: fmpq_mpoly, inside: Sequence[fmpq_mpoly], dimension: int, ring: PolyRing
) -> dict[Exponents, dict[Exponents, fmpq]]:
    """Monomials in coordinates and constants whose degrees do not pass the target's, expanded in the parameters."""
    total = _degrees(target, dimension)
    own = [_degrees(g, dimension) for g in inside]
    chosen: list[tuple[Exponents, fmpq_mpoly, list[int]]] = [((), ring.one, [0] * len(total))]
    for g, degrees in zip(inside, own, strict=True):
        grown = []
        for powers, value, spent in chosen:
            power, current, used = 0, value, list(spent)
            while used[0] <= total[0] and all(u <= t for u, t in zip(used, total, strict=True)):
                grown.append(((*powers, power), current, list(used)))
                if len(grown) > MOST_UNKNOWNS:
                    raise DomainError.of(
                        "reduce()", f"at most {MOST_UNKNOWNS} monomials", "more", "Use fewer or higher coordinates."
                    )
                power, current = power + 1, current * g
                used = [u + d for u, d in zip(used, degrees, strict=True)]
        chosen = grown
    result: dict[Exponents, dict[Exponents, fmpq]] = {}
    for powers, value, used in chosen:
        terms = value.to_dict()
        room = [range(t - u + 1) for t, u in zip(total[1:], used[1:], strict=True)]
        for shift in cartesian(*room):
            result[(*powers, *shift)] = {
                (*e[:dimension], *(a + b for a, b in zip(e[dimension:], shift, strict=True))): c
                for e, c in terms.items()
            }
            if len(result) > MOST_UNKNOWNS:
                raise DomainError.of("reduce()", f"at most {MOST_UNKNOWNS} monomials", "more", "Fix some constants.")
    return result


def _degrees(polynomial: fmpq_mpoly, dimension: int) -> list[int]:
    """Total degree in the parameters, then the degree in each constant."""
    keys = list(polynomial.to_dict()) or [(0,) * polynomial.context().nvars()]
    return [max(sum(e[:dimension]) for e in keys), *(max(e[k] for e in keys) for k in range(dimension, len(keys[0])))]


def _groups(
    target: fmpq_mpoly, candidates: Mapping[Exponents, dict[Exponents, fmpq]]
) -> list[tuple[list[Exponents], list[Exponents]]]:
    """Independent blocks of the linear system: unknowns and monomials connected by shared terms."""
    parent: dict[object, object] = {}

    def find(x: object) -> object:
        parent.setdefault(x, x)
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for key, terms in candidates.items():
        for row in terms:
            parent[find(("column", key))] = find(("row", row))
    blocks: dict[object, tuple[list[Exponents], list[Exponents]]] = {}
    rows = {row for terms in candidates.values() for row in terms} | set(target.to_dict())
    for row in sorted(rows):
        blocks.setdefault(find(("row", row)), ([], []))[1].append(row)
    for key in candidates:
        blocks.setdefault(find(("column", key)), ([], []))[0].append(key)
    wanted = set(target.to_dict())
    return [block for block in blocks.values() if wanted.intersection(block[1])]


def _solve(
    columns: Sequence[Exponents],
    rows: Sequence[Exponents],
    candidates: Mapping[Exponents, dict[Exponents, fmpq]],
    target: fmpq_mpoly,
) -> list[fmpq] | None:
    """One block over Q by reduced row echelon form; None if it has no solution."""
    zero, known = fmpq(0), target.to_dict()
    table = [[candidates[c].get(r, zero) for c in columns] + [known.get(r, zero)] for r in rows]
    reduced, rank = fmpq_mat(table).rref()
    values = [zero] * len(columns)
    for i in range(rank):
        pivot = next(j for j in range(len(columns) + 1) if reduced[i, j] != 0)
        if pivot == len(columns):
            return None
        values[pivot] = reduced[i, len(columns)]
    return values


def _obstruction(
    name: sp.Symbol, target: fmpq_mpoly, candidate: sp.Expr, inside: Sequence[fmpq_mpoly], step: PolynomialMap
) -> NotClosed:
    """Look for a point that proves the target to be no function of the coordinates at all."""
    ring, dimension = step.ring, len(step.variables)
    generator = random.Random(20230724)
    witness: dict[sp.Symbol, sp.Rational] = {}
    verdict: bool | None = None
    for _ in range(4):
        point = [fmpq(generator.randint(-9, 9) or 1, generator.randint(1, 5)) for _ in ring.symbols]
        rows = [[g.derivative(k)(*point) for k in range(dimension)] for g in inside]
        new = [target.derivative(k)(*point) for k in range(dimension)]
        if fmpq_mat([*rows, new]).rank() > fmpq_mat(rows).rank() == min(len(inside), dimension):
            verdict = False
            witness = {s: sp.Rational(int(v.p), int(v.q)) for s, v in zip(ring.symbols, point, strict=True)}
            break
    return NotClosed(name, verdict, witness, None, candidate)


def try_suggestion(model: GradientStep, coordinates: Mapping[str, sp.Expr | str], obstruction: NotClosed) -> NotClosed:
    """The obstruction with its candidate as a suggestion, if the step closes with it as one more coordinate."""
    taken = {*coordinates, *(s.name for s in (*model.parameters, *model.constants))}
    name = next(n for n in (f"c{k}" for k in range(len(taken) + 1)) if n not in taken)
    try:
        closed = close(model, {**coordinates, name: obstruction.candidate}, suggest=False)
    except DomainError:  # too large to be tried
        return obstruction
    return replace(obstruction, suggestion=obstruction.candidate) if isinstance(closed, Reduction) else obstruction


def _missing(stuck: fmpq_mpoly, ring: PolyRing, dimension: int) -> sp.Expr:
    """The part of lowest powers of the constants, of lowest degree, without content: what might close the map."""
    parts: dict[tuple[Exponents, int], dict[Exponents, fmpq]] = {}
    for e, c in stuck.to_dict().items():
        key = (e[dimension:], sum(e[:dimension]))
        parts.setdefault(key, {})[(*e[:dimension], *(0 for _ in e[dimension:]))] = c
    lowest = min(parts, key=lambda key: (sum(key[0]), key))
    return sp.factor_terms(ring.to_expr(ring.from_dict(parts[lowest])).primitive()[1])
