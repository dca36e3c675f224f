"""A loss at one point: Hessian, edge step, and what self-stabilisation asks there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.parsing import model_symbol
from ...explain.log import DerivationLog
from ...latex.document import Section
from ...latex.equations import Equation
from .gradient import GradientStep, exact_values
from .hypotheses import Hypothesis, Sectioned
from .numbers import all_zero, is_positive, is_zero, name_constants, normal_form, sign


@dataclass(frozen=True)
class EdgePoint(Sectioned):
    """One point of a model: sharpness, edge step, and the data of self-stabilisation there.

    Attributes:
        model: the model.
        point: exact value of each parameter.
        gradient: the gradient there.
        eigenvalues: of the Hessian, ascending, exact.
        edge_step: ``2 / sharpness``.
        alpha: progressive sharpening, minus gradient times gradient of the sharpness.
        beta: squared norm of the sharpness's gradient orthogonal to the top eigenvector.
        hypotheses: what the self-stabilisation system asks, with verdicts here.

    Source:
        Damian, Nichani, Lee 2022, section 4, for alpha and beta.

    Example:
        >>> es.GradientDescent("(1 - x*y)^2/2", "x,y").at({"x": 2, "y": "1/2"}).edge_step
        8/17
    """

    kind = "edge-point"
    model: GradientStep
    point: Mapping[sp.Symbol, sp.Expr]
    gradient: tuple[sp.Expr, ...]
    eigenvalues: tuple[sp.Expr, ...]
    edge_step: sp.Expr
    alpha: sp.Expr
    beta: sp.Expr
    hypotheses: tuple[Hypothesis, ...]

    @property
    def sharpness(self) -> sp.Expr:
        """The top Hessian eigenvalue."""
        return self.eigenvalues[-1]

    def equations(self) -> tuple[Equation, ...]:
        """Sharpness, edge step, alpha and beta."""
        rows = {"S": self.sharpness, "eta_edge": self.edge_step, "alpha": self.alpha, "beta": self.beta}
        return tuple(Equation(model_symbol(n), value, tag=n) for n, value in rows.items())

    def verdicts(self) -> tuple[Hypothesis, ...]:
        """The hypotheses of self-stabilisation, in order."""
        return self.hypotheses

    def sections(self) -> list[Section]:
        """The model, and its data at the point."""
        spectrum = _numbered_equations("lambda", tuple(reversed(self.eigenvalues)))
        return [
            *self.model.sections(),
            Section("Hessian eigenvalues at the point", "", spectrum),
            Section(
                "Edge and self-stabilisation",
                "Sharpness, the step size that puts the point at the edge, sharpening, squared slope of the sharpness.",
                self.equations(),
            ),
        ]

    def json(self) -> dict[str, Any]:
        """The point as data with exact strings."""
        return {
            "loss": str(self.model.loss),
            "parameters": [p.name for p in self.model.parameters],
            "point": {p.name: str(value) for p, value in self.point.items()},
            "eigenvalues": [str(e) for e in self.eigenvalues],
            "sharpness": str(self.sharpness),
            "edge_step": str(self.edge_step),
            "alpha": str(self.alpha),
            "beta": str(self.beta),
            "hypotheses": [h.json() for h in self.hypotheses],
            **({"holds_where": self.model.json()["holds_where"]} if self.model.region else {}),
            **self.state(),
        }

    def explain(self) -> DerivationLog:
        """The model, and the data at the point; eigenvalues, eigenvector, alpha and beta are put in and compared.

        Raises:
            ProofError: a number is not what it is said to be.
        """
        log, own = self.model.explain(), frozenset(self.point)
        log.title = "The edge of stability at one point"
        size = len(self.model.parameters)
        gradient, hessian = sp.Matrix(self.gradient), _hessian_at(self.model, self.point)
        log.numbers(
            "Point",
            "The derivatives of the loss there, in the order of the parameters.",
            [slope.subs(self.point) - g for slope, g in zip(self.model.gradient(), self.gradient, strict=True)],
            is_zero,
            *(Equation(p, value, own=own) for p, value in self.point.items()),
            *_numbered_equations("g", self.gradient),
            what="the derivatives of the loss are g",
        )
        s = sp.Dummy("s")
        wanted = sp.Poly(sp.prod([s - e for e in self.eigenvalues]), s).all_coeffs()
        found = hessian.charpoly(s).all_coeffs()
        log.numbers(
            "Hessian eigenvalues",
            "All of them; the sharpness S is the largest.",
            [a - b for a, b in zip(found, wanted, strict=True)],
            is_zero,
            *_numbered_equations("lambda", tuple(reversed(self.eigenvalues))),
            what="the characteristic polynomial is the product of s - lambda",
        )
        top = _top_vector(hessian, self.sharpness)
        log.numbers(
            "Top eigenvector and edge",
            "The direction v of the sharpness; it is not normalised. Descent loses its stability along it at eta_edge.",
            [*(hessian * top - self.sharpness * top), self.edge_step * self.sharpness - 2],
            is_zero,
            *_numbered_equations("v", tuple(top)),
            *self.equations()[:2],
            what="the Hessian times v is S v, and eta_edge S = 2",
        )
        slope = _sharpness_slope(self.model, self.point, top)
        along = (slope.T * top)[0] / (top.T * top)[0]
        side = (slope - along * top).applyfunc(normal_form)
        # the slope of a simple root of det(s - H), by the cofactors instead of the eigenvector
        cofactors = (self.sharpness * sp.eye(size) - hessian).applyfunc(normal_form).adjugate()
        turned = [
            sum(cofactors[j, i] * _third(self.model, self.point, i, j, k) for i in range(size) for j in range(size))
            - cofactors.trace() * slope[k]
            for k in range(size)
        ]
        log.numbers(
            "Sharpening and slope",
            "n is the part of the sharpness's gradient orthogonal to v; alpha = -g.n, beta = n.n.",
            [*turned, (side.T * top)[0], (gradient.T * side)[0] + self.alpha, (side.T * side)[0] - self.beta],
            is_zero,
            *_numbered_equations("n", tuple(side)),
            *self.equations()[2:],
            what="the gradient of the sharpness by eigenvector and by cofactors, and alpha and beta by n, agree",
        )
        log.state("Verdict", " ".join(f"{h.verdict}: {h.statement}: {h.detail}." for h in self.hypotheses))
        return log


def derive_edge_point(model: GradientStep, point: Mapping[str | sp.Symbol, object]) -> EdgePoint:
    """See :meth:`GradientDescent.at`."""
    values = exact_values(model, point, "GradientDescent.at()")
    constants = [c for c in model.loss.free_symbols if c not in values]
    if constants:
        raise DomainError.of("GradientDescent.at()", "a loss without constants", constants, "Give them values first.")
    gradient = sp.Matrix([normal_form(g.subs(values)) for g in model.gradient()])
    hessian = _hessian_at(model, values)
    spectrum = spectrum_of(hessian)
    sharpness, multiplicity = spectrum[-1]
    if not is_positive(sharpness) or multiplicity > 1:
        raise DomainError.of(
            "GradientDescent.at()",
            "a simple positive top Hessian eigenvalue",
            str(spectrum[-1]),
            "Choose another point.",
        )
    top = _top_vector(hessian, sharpness)
    norm = normal_form((top.T * top)[0])
    slope_all = _sharpness_slope(model, values, top)
    along = normal_form((slope_all.T * top)[0] / norm)
    slope_side = (slope_all - along * top).applyfunc(normal_form)
    drive = normal_form(-(gradient.T * slope_side)[0])
    squared = normal_form((slope_side.T * slope_side)[0])
    top_part = normal_form((gradient.T * top)[0])
    image = (hessian * slope_side).applyfunc(normal_form)
    hypotheses = (
        Hypothesis(
            "top gradient",
            "the gradient has no part along the top eigenvector",
            is_zero(top_part),
            f"it is {top_part}, unnormalised",
        ),
        Hypothesis(
            "flat slope",
            "the gradient of the sharpness lies in the kernel of the Hessian",
            all_zero(image),
            f"image {list(image)}",
        ),
        Hypothesis("sharpening", "alpha > 0: descent raises the sharpness", is_positive(drive), f"alpha = {drive}"),
        Hypothesis(
            "slope",
            "beta > 0: the sharpness has a slope within the other directions",
            is_positive(squared),
            f"beta = {squared}",
        ),
    )
    return EdgePoint(
        model,
        values,
        tuple(gradient),
        tuple(e for e, m in spectrum for _ in range(m)),
        normal_form(2 / sharpness),
        drive,
        squared,
        hypotheses,
    )


def _hessian_at(model: GradientStep, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Matrix:
    """The Hessian at a point: without one form for each entry its characteristic polynomial may take forever."""
    return model.hessian().subs(values).applyfunc(normal_form)


def _top_vector(hessian: sp.Matrix, sharpness: sp.Expr) -> sp.Matrix:
    """The eigenvector of a simple top eigenvalue."""
    top = kernel_vector((hessian - sharpness * sp.eye(hessian.shape[0])).applyfunc(normal_form))
    if top is None:
        raise DomainError.of(
            "GradientDescent.at()",
            "numbers that are told from 0",
            f"an eigenvector that is not found for {sharpness}",
            "Write the constants of the loss in fewer independent ones.",
        )
    return top


def _third(model: GradientStep, values: Mapping[sp.Symbol, sp.Expr], i: int, j: int, k: int) -> sp.Expr:
    """A third derivative of the loss at a point."""
    return normal_form(sp.diff(model.loss, *(model.parameters[n] for n in (i, j, k))).subs(values))


def _sharpness_slope(model: GradientStep, values: Mapping[sp.Symbol, sp.Expr], top: sp.Matrix) -> sp.Matrix:
    """The gradient of a simple eigenvalue of the Hessian, by its eigenvector."""
    every = range(len(model.parameters))
    third = [sp.Add(*(top[i] * top[j] * _third(model, values, i, j, k) for i in every for j in every)) for k in every]
    return (sp.Matrix(third) / normal_form((top.T * top)[0])).applyfunc(normal_form)


def _numbered_equations(name: str, values: Sequence[sp.Expr]) -> tuple[Equation, ...]:
    """``name_1 = .., name_2 = ..``."""
    return tuple(Equation(model_symbol(f"{name}_{k}"), value) for k, value in enumerate(values, 1))


def spectrum_of(hessian: sp.Matrix) -> list[tuple[sp.Expr, int]]:
    """Eigenvalues with multiplicities, ascending; rational or quadratic ones only are exact enough to go on with."""
    named: dict[sp.Expr, sp.Expr] = {}
    # a name for each transcendental constant: then it is a polynomial over a field of rational functions
    plain = hessian.applyfunc(lambda entry: name_constants(entry, named))
    poly = plain.charpoly(sp.Symbol("s"))
    found: list[tuple[sp.Expr, int]] = []
    for factor, multiplicity in poly.factor_list()[1]:
        if factor.degree() > 2:
            raise DomainError.of(
                "GradientDescent.at()",
                "Hessian eigenvalues of degree at most 2 over the field of the point's constants",
                str(factor.as_expr().xreplace(named)),
                "Choose a more symmetric point.",
            )
        for value in _roots(factor, named):
            equal = next((k for k, (known, _) in enumerate(found) if is_zero(known - value)), None)
            if equal is None:
                found.append((value, multiplicity))
            else:
                found[equal] = (found[equal][0], found[equal][1] + multiplicity)
    return sorted(found, key=cmp_to_key(_compare))


def _roots(factor: sp.Poly, named: Mapping[sp.Expr, sp.Expr]) -> list[sp.Expr]:
    """The roots of a polynomial of degree 1 or 2 in the point's constants."""
    leading, *lower = (normal_form(c.xreplace(named)) for c in factor.all_coeffs())
    if len(lower) == 1:
        return [normal_form(-lower[0] / leading)]
    root = sp.sqrt(normal_form(lower[0] ** 2 - 4 * leading * lower[1]))
    return [normal_form((-lower[0] + side * root) / (2 * leading)) for side in (-1, 1)]


def kernel_vector(matrix: sp.Matrix) -> sp.Matrix | None:
    """The vector that spans the kernel, by elimination with one form for each number; None where zeros stay open."""
    size = matrix.shape[0]
    rows, pivots = [list(matrix.row(i)) for i in range(size)], list[int]()
    for column in range(size):
        rank = len(pivots)
        below = [(i, is_zero(rows[i][column])) for i in range(rank, size)]
        chosen = next((i for i, zero in below if zero is False), None)
        if chosen is None:
            if any(zero is None for _, zero in below):
                return None
            continue
        rows[rank], rows[chosen] = rows[chosen], rows[rank]
        rows[rank] = [normal_form(entry / rows[rank][column]) for entry in rows[rank]]
        for i in range(size):
            factor = rows[i][column]
            if i != rank and factor != 0:
                rows[i] = [normal_form(a - factor * b) for a, b in zip(rows[i], rows[rank], strict=True)]
        pivots.append(column)
    free = [column for column in range(size) if column not in pivots]
    if len(free) != 1:
        return None
    vector = sp.zeros(size, 1)
    vector[free[0]] = sp.S.One
    for row, column in enumerate(pivots):
        vector[column] = -rows[row][free[0]]
    return vector


def _compare(one: tuple[sp.Expr, int], other: tuple[sp.Expr, int]) -> int:
    order = sign(one[0] - other[0])
    if order is None:
        raise DomainError.of(
            "GradientDescent.at()",
            "Hessian eigenvalues that can be told apart",
            f"{one[0]} and {other[0]}",
            "Write the constants of the loss in fewer independent ones.",
        )
    return order
