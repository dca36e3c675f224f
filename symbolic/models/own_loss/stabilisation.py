"""Self-stabilisation at the edge (Damian, Nichani, Lee 2022), derived from the cubic Taylor expansion of the loss.

Coordinates at a reference point: ``x`` along the top eigenvector of the Hessian, ``v`` along the gradient of the
sharpness, ``w`` for any direction orthogonal to both.  All first, second and third derivatives are kept as symbols;
two exact gradient steps, graded, then show which of them matter at leading order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.series import Grading, TruncatedSeries, evaluate
from ...latex import Equation, Order, Typeset, later
from ...planar.maps import PolynomialMap
from .energy import SlowFlow, slow_flow
from .gradient import GradientDescent
from .hypotheses import Hypothesis

x, v, w, y = (sp.Symbol(n, real=True) for n in "xvwy")
alpha, beta, eta = (sp.Symbol(n, positive=True) for n in ("alpha", "beta", "eta"))
slope = sp.Symbol("b", positive=True)
"""``|grad sharpness|``, the third derivative ``xxv``; ``beta = b^2``."""

LEADING_WEIGHT = 2


@dataclass(frozen=True)
class SelfStabilisation(Typeset):
    """``x' = -(1 + eta y) x``, ``y' = y + eta (alpha - beta x^2 / 2)``, and where it comes from.

    Attributes:
        system: the exact map in ``(x, y)``.
        expansion: two-step increments of x and y from the cubic expansion, complete at leading weight, in x, v, w.
        increments: the system's two-step increments up to the leading weight, in x and y.
        surviving: derivatives (or products of them), beyond those in the system, that reach the leading weight of two
            steps; they must vanish for the system to hold.
        cancelling: derivatives that enter one step at leading weight but cancel over two.
        flow: the slow flow of two steps, per step, with its conserved energy.
    """

    system: PolynomialMap
    expansion: tuple[sp.Expr, sp.Expr]
    increments: tuple[sp.Expr, sp.Expr]
    surviving: tuple[sp.Expr, ...]
    cancelling: tuple[sp.Expr, ...]
    flow: SlowFlow

    def equations(self) -> tuple[Equation, ...]:
        """The system, then its energy."""
        order = Order((x, y))
        rows = [
            Equation(later(s, 1), c, order=order, tag=s.name)
            for s, c in zip(self.system.variables, self.system.components, strict=True)
        ]
        return (*rows, self.flow.equations()[-1])


def derivative_symbol(directions: str) -> sp.Symbol:
    """The symbol of a derivative of the loss, for example ``L_xxv``."""
    return sp.Symbol(f"L_{''.join(sorted(directions, key='xvw'.index))}", real=True)


def cubic_loss() -> sp.Expr:
    """``eta`` times a general loss to third order, at a point where the sharpness is ``2/eta``.

    ``x`` is an eigenvector of the Hessian along which the gradient vanishes, and the gradient of the sharpness within
    the orthogonal directions defines ``v``; every other derivative is free.
    """
    total = x**2 + eta * (derivative_symbol("v") * v + derivative_symbol("w") * w)
    for degree in (2, 3):
        for directions in combinations_with_replacement("xvw", degree):
            name = "".join(directions)
            if (degree == 2 and "x" in name) or name == "xxw":
                continue
            factor = slope if name == "xxv" else derivative_symbol(name)
            powers = sp.Mul(*({"x": x, "v": v, "w": w}[d] for d in directions))
            count = sp.prod(sp.factorial(name.count(d)) for d in "xvw")
            total += eta * factor * powers / count
    return sp.expand(total)


def _two_steps(one_step: PolynomialMap, weights: Mapping[sp.Symbol, int], order: int) -> list[list[TruncatedSeries]]:
    """State after one and after two steps, as graded series."""
    symbols = (*one_step.variables, *one_step.parameters)
    grading = Grading(symbols, tuple(weights.get(s, 0) for s in symbols), order)
    state = [TruncatedSeries.variable(grading, s) for s in symbols]
    fixed = state[len(one_step.variables) :]
    history = [state[: len(one_step.variables)]]
    for _ in range(2):
        history.append([evaluate(p, [*history[-1], *fixed]) for p in one_step.polynomials])
    return history


@lru_cache(maxsize=1)
def derive_self_stabilisation() -> SelfStabilisation:
    """Derive the system from the cubic Taylor expansion.

    Displacements count as weight 1, the gradient (which drives the sharpening) as weight 2.

    Returns:
        The system, what must vanish for it to hold, and its conserved energy.

    Raises:
        DomainError: the two-step increments of expansion and system differ at leading weight.

    Source:
        Damian, Nichani, Lee 2022, section 4 (the system for x and y).
    """
    loss = cubic_loss()
    cubic = GradientDescent(loss, (x, v, w), 1).step_map()
    drive, side = derivative_symbol("v"), derivative_symbol("w")
    weights = {x: 1, v: 1, w: 1, drive: 2, side: 2}
    start, first, second = _two_steps(cubic, weights, LEADING_WEIGHT)
    # y = b v is the excess sharpness; two-step changes of x and y, and the one-step change of x + (-x)
    change_x, change_y = second[0] - start[0], (second[1] - start[1]) * _constant(start[0], slope)
    once_x = first[0] + start[0]
    system = PolynomialMap(
        (x, y), (-(1 + eta * y) * x, y + eta * (alpha - beta * x**2 / 2)), (eta, alpha, beta), "self-stabilisation"
    )
    s_start, _, s_second = _two_steps(system, {x: 1, y: 1, alpha: 2}, LEADING_WEIGHT)
    wanted = tuple((a - b).to_expr() for a, b in zip(s_second, s_start, strict=True))
    meaning = {y: slope * v, alpha: -slope * drive, beta: slope**2}
    drives = {drive, side}
    extra = [
        sp.expand(derived.to_expr() - expected.subs(meaning, simultaneous=True))
        for derived, expected in zip((change_x, change_y), wanted, strict=True)
    ]
    surviving = _minimal({_derivatives(term, drives) for e in extra for term in sp.Add.make_args(e) if e != 0})
    if any(product == 1 for product in surviving):
        raise DomainError.of(
            "derive_self_stabilisation()", "equal increments at leading weight", str(extra), "Report it."
        )
    once = {_derivatives(term, drives) for term in sp.Add.make_args(sp.expand(once_x.to_expr()))}
    cancelling = [p for p in _minimal(once - {sp.S.One}) if p not in surviving]
    # per step: half the leading two-step increments
    rate, force = sp.cancel(wanted[0] / (2 * y)), sp.expand(wanted[1] / 2)
    flow = slow_flow(x, y, rate, force)
    expansion = (change_x.to_expr(), change_y.to_expr())
    return SelfStabilisation(system, expansion, (wanted[0], wanted[1]), tuple(surviving), tuple(cancelling), flow)


def _constant(like: TruncatedSeries, symbol: sp.Symbol) -> TruncatedSeries:
    return TruncatedSeries.variable(like.grading, symbol)


def _derivatives(term: sp.Expr, drives: set[sp.Symbol]) -> sp.Expr:
    """The derivatives of the loss among a term's factors, each once, other than the driving gradient."""
    return sp.Mul(*sorted((s for s in term.free_symbols if s.name.startswith("L_") and s not in drives), key=str))


def _minimal(products: set[sp.Expr]) -> list[sp.Expr]:
    """Those products that no other one divides, shortest names first."""
    kept = [p for p in products if not any(q != p and q.free_symbols <= p.free_symbols for q in products)]
    return sorted(kept, key=lambda p: (len(str(p)), str(p)))


def minimal_loss() -> GradientDescent:
    """The smallest loss whose gradient descent IS the system, exactly: ``x^2/eta + b x^2 v/2 - alpha v/b``.

    Written with step 1 for ``eta`` times the loss, in the parameters ``x`` and ``v``, with ``y = b v``.
    """
    return GradientDescent(x**2 + eta * slope * x**2 * v / 2 - eta * sp.Symbol("c", positive=True) * v, (x, v), 1)


@dataclass(frozen=True)
class EdgePoint(Typeset):
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
    """

    model: GradientDescent
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
        return tuple(Equation(sp.Symbol(n, real=True), value, tag=n) for n, value in rows.items())


def edge_point(model: GradientDescent, point: Mapping[str | sp.Symbol, object]) -> EdgePoint:
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
    gradient = sp.Matrix([g.subs(values) for g in model.gradient()])
    hessian = model.hessian().subs(values)
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
                    top[i] * top[j] * sp.diff(model.loss, p, q, r).subs(values)
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
    push = _tidy((gradient.T * top)[0])
    bend = (hessian * slope_side).applyfunc(_tidy)
    hypotheses = (
        Hypothesis(
            "top gradient",
            "the gradient has no part along the top eigenvector",
            bool(push == 0),
            f"it is {push}, unnormalised",
        ),
        Hypothesis(
            "flat slope",
            "the gradient of the sharpness lies in the kernel of the Hessian",
            bool(bend.is_zero_matrix),
            f"image {list(bend)}",
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
    """One form for each number of a quadratic field."""
    return sp.expand(sp.radsimp(sp.expand(expr)))


def _numbered(model: GradientDescent) -> list[tuple[int, sp.Symbol]]:
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
        found += [(_tidy(root), multiplicity) for root in sp.roots(factor)]
    return sorted(found, key=lambda pair: sp.N(pair[0], 50))
