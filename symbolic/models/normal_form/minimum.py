"""The reduction of a loss at a minimum, over the first field that holds it: rationals, functions of symbols, balls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp
from flint import arb, ctx, fmpq

from ...algebra.errors import DomainError
from ..own_loss.gradient import as_expression, as_symbols
from ..own_loss.hypotheses import Hypothesis
from ..own_loss.numbers import normal_form
from .critical_point import Problem, enclose_minimum
from .fields import BITS, Balls, Element, Field, NotInFieldError, Rationals, shown
from .jets import curve
from .linear import Matrix, Vector, kernel, projector, scaled
from .minimum_form import MinimumForm
from .reduction import Reduced, reduce_along_minima, reduce_isolated
from .spectrum import NoTopEigenvalueError, Spectrum, analyse, as_balls, hessian_at, jacobian_at, range_projector

WHERE = "reduce_at_minimum()"
MOST_EXACT = 12
"""Parameters up to which exact elimination is tried; beyond, fractions grow and balls are as good."""

SMALL = fmpq(1, 8)
"""The prediction is leading order in kappa and rho: above this they are not called small."""

FLAT_ORDER = 5
"""To which order the loss is checked to be flat along null directions, where nothing proves it."""


def reduce_at_minimum(
    loss: sp.Expr | str,
    parameters: str | Sequence[str | sp.Symbol],
    at: Mapping[str, object],
    near: bool = False,
    order: int = 5,
) -> MinimumForm:
    """Gradient descent at its edge of stability about a minimum of a loss of any number of parameters.

    Only derivatives along a few directions and one Hessian are formed, by series arithmetic on the formula: no tensor
    of third derivatives.

    Args:
        loss: any smooth formula of exp, log, sin, cos, tan, tanh, sinh, cosh, roots and powers, for instance a sum of
            squares over data points; where it is written as one, minima that fit every point are proved to fill a
            manifold.
        parameters: what it is trained in; other symbols stay symbols, where every number is rational in them.
        at: an exact value for each parameter; it may be a formula in symbols.
        near: the point is only near a minimum: one is enclosed by Newton's method, with a proof that it is there.
        order: highest power of the normal form at an isolated minimum, odd.

    Returns:
        Coefficients, exact or as balls, prediction, and the hypotheses that hold and fail.

    Raises:
        DomainError: a value is missing or inexact, or no minimum is found near.

    Source:
        Kuznetsov 2004, section 4.5; Damian, Nichani, Lee 2022, section 4; derived here by series.

    Example:
        >>> form = es.models.reduce_at_minimum("log(cosh(x)) + y^2/4", "x,y", at={"x": 0, "y": 0})
        >>> form.first_lyapunov_coefficient, form.edge_step, form.criticality
        (2/3, 2, 'supercritical')
    """
    if isinstance(order, bool) or not isinstance(order, int) or order % 2 == 0 or not 3 <= order <= 9:
        raise DomainError.of(WHERE, "an odd order in 3..9", order, "5 is enough but for doubly degenerate flips.")
    chosen = as_symbols(parameters, WHERE)
    formula = as_expression(loss, WHERE)
    named = {(k.name if isinstance(k, sp.Symbol) else k): v for k, v in at.items()}
    if set(named) != {p.name for p in chosen}:
        raise DomainError.of(
            WHERE, f"a value for each of {', '.join(p.name for p in chosen)}", list(named), "E.g. x=1."
        )
    values = {
        p: normal_form(as_expression(v if isinstance(v, sp.Expr | str | int) else str(v), WHERE))
        for p, v in ((p, named[p.name]) for p in chosen)
    }
    own = set(chosen)
    clash = set().union(*(v.free_symbols for v in values.values())) & own
    if clash:
        raise DomainError.of(WHERE, "values free of the parameters", sorted(map(str, clash)), "Use another letter.")
    problem = Problem.of(formula, chosen, values)
    symbols = sorted(
        (formula.free_symbols - own).union(*(v.free_symbols for v in values.values())), key=lambda s: s.name
    )
    if symbols and near:
        raise DomainError.of(WHERE, "numbers only, near a minimum", symbols, "Give the constants values.")
    known: tuple[Matrix, int] | None = None
    if not near and (symbols or len(chosen) <= MOST_EXACT):
        field: Field = Rationals(symbols)
        try:
            return _reduced(problem, problem.start(field), field, order, None)
        except NotInFieldError:
            if symbols:
                raise
        except NoTopEigenvalueError:
            basis = kernel(hessian_at(problem.tape, problem.start(field), field), field)
            known = projector(basis, len(chosen), field), len(basis)
    with ctx.workprec(BITS):
        balls = Balls()
        # rounded at this precision, not before
        known = known and (as_balls(known[0]), known[1])
        if not near:
            return _reduced(problem, problem.start(balls), balls, order, known)
        point, fitted = enclose_minimum(problem, balls)
        return _reduced(problem, point, balls, order, known, True, fitted)


def _reduced(
    problem: Problem,
    point: Vector,
    field: Field,
    order: int,
    known: tuple[Matrix, int] | None,
    proved: bool = False,
    fitted: bool = False,
) -> MinimumForm:
    """Hypotheses one after the other, and what follows while they hold."""
    found: list[Hypothesis] = []
    critical = proved or problem.is_critical(field, point)
    found.append(
        Hypothesis(
            "critical point",
            "the gradient is 0 at the point",
            critical,
            "enclosed by Newton's method"
            if proved
            else _largest(problem, point, field)
            if critical is False
            else "every part of it vanishes"
            if critical
            else "not decided",
        )
    )
    if critical is False:
        return _stopped(problem, point, field, found)
    fits = fitted or problem.interpolates(field, point) is True
    null, manifold = known, False
    if fits and problem.residuals is not None:
        onto, manifold = range_projector(jacobian_at(problem.residuals, point, field), field)
        if manifold:
            null = (onto, len(point) - len(problem.residuals.outputs))
    hessian = hessian_at(problem.tape, point, field)
    spectrum = analyse(hessian, field, null)
    found += _of_spectrum(spectrum)
    if any(h.holds is False for h in found) or spectrum.simple is not True:
        return _stopped(problem, point, field, found)
    if spectrum.nulls == 0:
        if spectrum.nonnegative is not True:
            return _stopped(problem, point, field, found)
        reduced = reduce_isolated(problem, point, spectrum, order)
        found.append(_supercritical(reduced, field))
        return _form(problem, point, spectrum, reduced, found)
    found.append(_manifold(problem, point, spectrum, manifold))
    if found[-1].holds is False:
        return _stopped(problem, point, field, found)
    reduced = reduce_along_minima(problem, point, spectrum)
    found += [_supercritical(reduced, field), *_concentration(reduced, field)]
    return _form(problem, point, spectrum, reduced, found)


def _largest(problem: Problem, point: Vector, field: Field) -> str:
    slopes = [g.c[0] for g in problem.gradient(field, [point], 1)]
    name, value = next((p, g) for p, g in zip(problem.parameters, slopes, strict=True) if field.is_zero(g) is False)
    return f"its part along {name} is {shown(field.expression(value))}; near=True (--near) finds a minimum close by"


def _of_spectrum(spectrum: Spectrum) -> list[Hypothesis]:
    top = shown(spectrum.field.expression(spectrum.top))
    return [
        Hypothesis(
            "minimum",
            "no eigenvalue of the Hessian is negative, so that the top one alone is at the edge",
            spectrum.nonnegative,
            f"S = {top}, {spectrum.nulls} null directions"
            if spectrum.nonnegative
            else "an eigenvalue is negative: gradient descent leaves this point at any step size"
            if spectrum.nonnegative is False
            else "not decided while constants are symbols"
            if spectrum.field.exact
            else "an eigenvalue may be 0 or negative: balls do not tell; residuals that vanish with independent "
            "gradients, or an exact rational point, would",
        ),
        Hypothesis(
            "simple",
            "the top eigenvalue is positive and simple",
            spectrum.simple if not spectrum.simple or spectrum.field.sign(spectrum.top) != -1 else False,
            {True: f"S = {top}", False: f"S = {top} is multiple, or the Hessian is 0", None: "not decided"}[
                spectrum.simple
            ],
        ),
    ]


def _manifold(problem: Problem, point: Vector, spectrum: Spectrum, proved: bool) -> Hypothesis:
    """Whether the null directions are those of a manifold of minima."""
    statement = f"the minima near fill a manifold of dimension {spectrum.nulls}, that of the Hessian's kernel"
    if proved:
        return Hypothesis("manifold", statement, True, "every residual vanishes, and their gradients are independent")
    power = _first_power(problem, point, spectrum) if spectrum.field.exact else None
    if power is not None:
        detail = f"along a null direction the gradient on the curve that balances the rest is not 0 at power {power}"
        return Hypothesis("manifold", statement, False, detail)
    checked = (
        f"the loss is flat along each null direction to power {FLAT_ORDER}" if spectrum.field.exact else "not checked"
    )
    return Hypothesis("manifold", statement, None, f"{checked}; written as a sum of squares it might be proved")


def _first_power(problem: Problem, point: Vector, spectrum: Spectrum) -> int | None:
    """The first power at which the loss is not flat along a null direction, followed on the curve of least loss."""
    field, solve = spectrum.field, spectrum.solver()
    for direction in _basis(spectrum):
        terms: list[Vector] = [point, direction]
        for k in range(2, FLAT_ORDER + 1):
            slopes = [g.c[k] for g in problem.tape.gradient(field, curve(field, terms, k + 1))]
            if any(field.is_zero(e) is False for e in spectrum.on_kernel(slopes)):
                return k
            terms.append(scaled(solve(slopes), fmpq(-1)))
    return None


def _basis(spectrum: Spectrum) -> list[Vector]:
    return kernel(spectrum.hessian, spectrum.field)


def _supercritical(reduced: Reduced, field: Field) -> Hypothesis:
    statement = "the first coefficient of the fibre that is not 0 is positive: bouncing is stable beyond the edge"
    for power, value in reduced.coefficients.items():
        if field.is_zero(value):
            continue
        sign = field.sign(value)
        detail = f"xi^{power}: {shown(field.expression(value))}"
        return Hypothesis("supercritical", statement, None if sign is None else sign > 0, detail)
    return Hypothesis("supercritical", statement, None, f"all coefficients are 0 up to xi^{max(reduced.coefficients)}")


def _concentration(reduced: Reduced, field: Field) -> list[Hypothesis]:
    beta = field.sign(reduced.beta)
    rows = [
        Hypothesis(
            "drift",
            "the sharpness has a gradient along the minima: beta > 0, so bouncing lowers it",
            None if beta is None else beta > 0,
            f"beta = {shown(field.expression(reduced.beta))}",
        )
    ]
    if reduced.kappa is None or reduced.rho is None or field.sign(reduced.kappa) == -1:
        return rows
    parts = [(name, v) for name, v in (("kappa", reduced.kappa), ("rho", reduced.rho))]
    small = []
    for _, v in parts:
        above, below = field.sign(v - field.one * SMALL), field.sign(v + field.one * SMALL)
        small.append(None if above is None or below is None else above <= 0 <= below)
    holds = False if False in small else None if None in small else True
    detail = ", ".join(f"{name} = {shown(field.expression(v))}" for name, v in parts)
    statement = f"kappa and rho are small (below {SMALL}): what bounces relaxes before it has drifted far"
    return [*rows, Hypothesis("slow drift", statement, holds, detail)]


def _values(problem: Problem, point: Vector, field: Field) -> dict[sp.Symbol, sp.Expr | arb]:
    enclosed = any(isinstance(p, arb) and not p.is_exact() for p in point)
    return {
        s: (field.expression(p) if enclosed else problem.values[s])
        for s, p in zip(problem.parameters, point, strict=True)
    }


def _stopped(problem: Problem, point: Vector, field: Field, found: list[Hypothesis]) -> MinimumForm:
    nothing = sp.S.Zero
    where = _values(problem, point, field)
    return MinimumForm(
        problem.loss,
        problem.parameters,
        where,
        sp.nan,
        (),
        0,
        {},
        nothing,
        sp.nan,
        sp.nan,
        None,
        None,
        {},
        tuple(found),
    )


def _form(
    problem: Problem, point: Vector, spectrum: Spectrum, reduced: Reduced, found: list[Hypothesis]
) -> MinimumForm:
    field = spectrum.field

    def told(value: Element | None) -> sp.Expr | arb | None:
        return None if value is None else field.expression(value)

    return MinimumForm(
        problem.loss,
        problem.parameters,
        _values(problem, point, field),
        field.expression(spectrum.top),
        tuple(field.expression(v) for v in spectrum.vector),
        spectrum.nulls,
        {k: field.expression(v) for k, v in reduced.coefficients.items()},
        sp.S.Zero,
        field.expression(reduced.beta),
        field.expression(reduced.bending),
        told(reduced.kappa),
        told(reduced.rho),
        {name: tuple(map(field.expression, getattr(reduced, name))) for name in ("fibre", "slope", "curved")},
        tuple(found),
    )
