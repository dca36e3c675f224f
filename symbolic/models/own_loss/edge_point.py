"""A loss at one point: Hessian, edge step, and what self-stabilisation asks there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.parsing import model_symbol
from ...explain.log import DerivationLog
from ...latex.document import Section
from ...latex.equations import Equation
from .gradient import GradientStep
from .hypotheses import Hypothesis, Sectioned


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
        spectrum = tuple(
            Equation(model_symbol(f"lambda_{k + 1}"), value) for k, value in enumerate(reversed(self.eigenvalues))
        )
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
            **self.state(),
        }

    def explain(self) -> DerivationLog:
        """The model, and the data at the point, each from its definition."""
        log = self.model.explain()
        log.title = "The edge of stability at one point"
        because = "Sharpness: the top Hessian eigenvalue; edge step: 2 over it; alpha and beta as defined there."
        log.state("Edge and self-stabilisation", because, *self.equations())
        return log


def derive_edge_point(model: GradientStep, point: Mapping[str | sp.Symbol, object]) -> EdgePoint:
    """See :meth:`GradientDescent.at`."""
    named = {(k.name if isinstance(k, sp.Symbol) else k): value for k, value in point.items()}
    if set(named) != {p.name for p in model.free}:
        raise DomainError.of(
            "GradientDescent.at()", f"a value for each of {', '.join(p.name for p in model.free)}", named, "E.g. x=1."
        )
    values = {p: sp.Rational(str(named[p.name])) for p in model.free}
    values |= {kept: values[leader] for kept, leader in model.ties.items()}
    constants = [c for c in model.loss.free_symbols if c not in values]
    if constants:
        raise DomainError.of("GradientDescent.at()", "a loss without constants", constants, "Give them values first.")
    gradient = sp.Matrix([_tidy(g.subs(values)) for g in model.gradient()])
    # without one form for each entry the characteristic polynomial of transcendental constants does not end
    hessian = model.hessian().subs(values).applyfunc(_tidy)
    spectrum = _spectrum(hessian)
    sharpness, multiplicity = spectrum[-1]
    if sharpness <= 0 or multiplicity > 1:
        raise DomainError.of(
            "GradientDescent.at()",
            "a simple positive top Hessian eigenvalue",
            str(spectrum[-1]),
            "Choose another point.",
        )
    top = (hessian - sharpness * sp.eye(hessian.shape[0])).applyfunc(_tidy).nullspace(simplify=_tidy)[0]
    norm = _tidy((top.T * top)[0])
    third = sp.Matrix(
        [
            sp.Add(
                *(
                    top[i] * top[j] * _tidy(sp.diff(model.loss, p, q, r).subs(values))
                    for i, p in _numbered(model)
                    for j, q in _numbered(model)
                )
            )
            for r in model.parameters
        ]
    )
    slope_all = (third / norm).applyfunc(_tidy)
    along = _tidy((slope_all.T * top)[0] / norm)
    slope_side = (slope_all - along * top).applyfunc(_tidy)
    drive = _tidy(-(gradient.T * slope_side)[0])
    squared = _tidy((slope_side.T * slope_side)[0])
    top_part = _tidy((gradient.T * top)[0])
    image = (hessian * slope_side).applyfunc(_tidy)
    hypotheses = (
        Hypothesis(
            "top gradient",
            "the gradient has no part along the top eigenvector",
            bool(top_part == 0),
            f"it is {top_part}, unnormalised",
        ),
        Hypothesis(
            "flat slope",
            "the gradient of the sharpness lies in the kernel of the Hessian",
            bool(image.is_zero_matrix),
            f"image {list(image)}",
        ),
        Hypothesis("sharpening", "alpha > 0: descent raises the sharpness", bool(drive > 0), f"alpha = {drive}"),
        Hypothesis(
            "slope",
            "beta > 0: the sharpness has a slope within the other directions",
            bool(squared > 0),
            f"beta = {squared}",
        ),
    )
    return EdgePoint(
        model,
        values,
        tuple(gradient),
        tuple(e for e, m in spectrum for _ in range(m)),
        _tidy(2 / sharpness),
        drive,
        squared,
        hypotheses,
    )


def _tidy(expr: sp.Expr) -> sp.Expr:
    """One form for each number of a quadratic field, and for each rational function of transcendental constants."""
    if expr.is_number and not any(p.exp.is_Rational and not p.exp.is_Integer for p in expr.atoms(sp.Pow)):
        return expr if expr.is_Rational else sp.cancel(sp.together(expr))
    return sp.expand(sp.radsimp(sp.expand(expr)))


def _numbered(model: GradientStep) -> list[tuple[int, sp.Symbol]]:
    return list(enumerate(model.parameters))


def _spectrum(hessian: sp.Matrix) -> list[tuple[sp.Expr, int]]:
    """Eigenvalues with multiplicities, ascending; rational or quadratic ones only are exact enough to go on with."""
    poly = hessian.charpoly(sp.Symbol("s"))
    found: list[tuple[sp.Expr, int]] = []
    for factor, multiplicity in poly.factor_list()[1]:
        if factor.degree() > 2:
            raise DomainError.of(
                "GradientDescent.at()",
                "Hessian eigenvalues of degree at most 2 over the rationals",
                str(factor.as_expr()),
                "Choose a more symmetric point.",
            )
        if factor.degree() == 2 and not all(c.is_algebraic for c in factor.all_coeffs()):
            raise DomainError.of(
                "GradientDescent.at()",
                "Hessian eigenvalues that are rational in the point's transcendental constants, or a rational Hessian",
                f"roots of {str(factor.as_expr())[:200]}",
                "Choose a point where the loss has rational derivatives.",
            )
        found += [(_tidy(root), multiplicity) for root in sp.roots(factor)]
    return sorted(found, key=lambda pair: sp.N(pair[0], 50))
