"""What statements say of gradient descent near its edge, against exact polynomials: one step, and two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp
from flint import fmpq_mpoly

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import Exponents, PolyRing, poly_terms
from ...symbolic.algebra.series import TruncatedSeries, evaluate
from ...symbolic.algebra.symbols import symbols
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.planar.recurrences import Recurrence
from ..statements import FORMAL, Definition, Reading
from ..statements.comparing import differing, stated_terms

z, T, y, eta = symbols("z T y eta")
STEP_Z, STEP_T, TWO_Z, TWO_Y = symbols("z' T' z'' y''")
DZ, DY = TWO_Z - z, TWO_Y - y
LATER: Mapping[sp.Symbol, sp.Symbol] = {z: STEP_Z, T: STEP_T}


def descends(parameters: Sequence[sp.Symbol], value: sp.Expr) -> tuple[Definition, ...]:
    """A loss, and its parameters after one step of gradient descent with step size eta, for a statement.

    Args:
        parameters: of the loss.
        value: the loss.

    Returns:
        Definitions of ``L(..)`` and of ``theta'`` for each parameter theta.
    """
    loss = sp.Function("L")(*parameters)
    steps = tuple(
        Definition(after_step(p), f"{p} after one step of gradient descent", p - eta * sp.Derivative(loss, p))
        for p in parameters
    )
    return (Definition(loss, "the loss", value), *steps)


def after_step(parameter: sp.Symbol) -> sp.Symbol:
    """The symbol of a parameter after one step."""
    return sp.Symbol(f"{parameter}'", real=True)


def closure(reading: Reading) -> tuple[int, int]:
    """Both sides of each part of a stated one-step map with every name replaced by its definition, as polynomials.

    Args:
        reading: the statement: it defines the loss, its parameters after a step, and the coordinates before and after;
            its hypotheses, if any, say which parameters are equal.

    Returns:
        Monomials compared, and how many differ.

    Raises:
        ProofError: a hypothesis or a part is no equation.
    """
    if not all(isinstance(r, sp.Eq) for r in (*reading.given(), *reading.parts())):
        raise ProofError.of("closure()", "equations", [str(p) for p in reading.parts()], "It judges no others.")
    ties = dict(h.args for h in reading.given())
    tested = wrong = 0
    for part in reading.parts():
        # what is equal may be put in only after the loss has been differentiated
        sides = [reading.unfolded(e).doit().subs(ties) for e in part.args]
        ring = PolyRing(sorted(sides[0].free_symbols | sides[1].free_symbols, key=str))
        compared, differ = differences(*(ring.from_expr(e) for e in sides))
        tested, wrong = tested + compared, wrong + differ
    return tested, wrong


def derived_map(reading: Reading, planar: PlanarMap) -> tuple[int, int]:
    """The derived one-step map against the stated one, coefficient by coefficient.

    Args:
        reading: the statement, with equations for z' and T'.
        planar: the derived map.

    Returns:
        Monomials compared, and how many differ.
    """
    ring = PolyRing((z, T, *planar.parameters))
    tested = wrong = 0
    for later, derived in zip(LATER.values(), planar.polynomials, strict=True):
        compared, differ = differences(derived, ring.from_expr(reading.equation(later)))
        tested, wrong = tested + compared, wrong + differ
    return tested, wrong


def differences(left: fmpq_mpoly, right: fmpq_mpoly) -> tuple[int, int]:
    """Monomials of two polynomials, and how many have different coefficients."""
    one, two = poly_terms(left), poly_terms(right)
    monomials = one.keys() | two.keys()
    return len(monomials), sum(one.get(m, 0) != two.get(m, 0) for m in monomials)


def two_steps(reading: Reading, recurrence: Recurrence) -> tuple[int, list[str]]:
    """Both increments over two steps, at every order, as formal series in z, y and the small parameter.

    Up to the recurrence's order in z the derived increments are first held against the exact twofold composition, then
    sorted into stated terms and stated remainder. What is later in z has the factors of :func:`later_terms`.

    Args:
        reading: the statement, with equations for ``z'' - z`` and ``y'' - y``, or for one of them.
        recurrence: as derived.

    Returns:
        How much was compared, and what is not as stated.
    """
    variables = (z, y, *recurrence.parameters)
    for variable in variables:
        reading.within(variable, FORMAL)
    defects = composition_defects(recurrence)
    tested, wrong = 2, [f"composition of {left}" for left, d in zip((DZ, DY), defects, strict=True) if d.terms()]
    later = later_terms(recurrence)
    for left, series, factors in zip((DZ, DY), recurrence.increments, later, strict=True):
        if not reading.relations(left):
            continue
        right = reading.equation(left)
        compared, differ = differing(right, series.terms(), variables)
        _, rest = stated_terms(right, variables)
        differ += [e for e in factors if not rest.holds(e)]
        tested += compared + len(factors)
        wrong += [f"{left}: {sp.Mul(*(s**k for s, k in zip(variables, e, strict=True)))}" for e in differ]
    return tested, wrong


def composition_defects(recurrence: Recurrence) -> list[TruncatedSeries]:
    """What the increments leave of the exact twofold composition, cut at the order in z: nothing, if they are right."""
    grading = recurrence.z_increment.grading
    z0, y0, *fixed = (TruncatedSeries.variable(grading, s) for s in grading.symbols)
    curve = recurrence.nullcline.series.polynomial()
    start = evaluate(curve, [z0, *fixed]) + y0
    one_step = recurrence.nullcline.one_step
    low = [
        one_step.ring.from_dict({e: c for e, c in poly_terms(p).items() if e[0] <= recurrence.order})
        for p in one_step.iterated(2)
    ]
    z2, t2 = (evaluate(p, [z0, start, *fixed]) for p in low)
    return [z2 - z0 - recurrence.z_increment, t2 - evaluate(curve, [z2, *fixed]) - y0 - recurrence.y_increment]


def later_terms(recurrence: Recurrence) -> tuple[list[Exponents], list[Exponents]]:
    """Monomials that divide between them every term of the increments beyond the recurrence's order in z.

    On z = 0 nothing moves; on the nullcline, y = 0, z'' = z by its definition.  With a small parameter at 0: where T
    is kept, y'' = y on the nullcline; where moreover z'' - z has no power of z but the first, the nullcline is constant
    there, and y'' - y is at first order in the parameter, on the nullcline, a polynomial in z that is read off.

    Args:
        recurrence: as derived.

    Returns:
        Exponents of (z, y, parameter) for z'' - z and for y'' - y.

    Raises:
        ProofError: the line z = 0 is not kept, T is not kept at parameter 0, or there are several parameters.
    """
    one_step, beyond = recurrence.nullcline.one_step, recurrence.order + 1
    of_z, of_t = (poly_terms(p) for p in one_step.iterated(2))
    if (
        len(one_step.parameters) > 1
        or any(e[0] == 0 for e in of_z)
        or {e for e in of_t if e[0] == 0} != {(0, 1, *(0 for _ in one_step.parameters))}
    ):
        raise ProofError.of("later_terms()", "a map at its edge, one parameter", one_step.parameters, "See edge forms.")
    if not one_step.parameters:
        return [(beyond, 1)], [(beyond, 0)]
    change = {e: c for e, c in of_t.items() if e != (0, 1, 0)}
    if any(e[2] == 0 for e in change):
        raise ProofError.of("later_terms()", "T kept at parameter 0", one_step.components[1], "It judges no others.")
    if any(e[0] > 1 for e in of_z if e[2] == 0):
        return [(beyond, 1, 0)], [(beyond, 1, 0), (beyond, 0, 1)]
    edge = sp.Add(*(sp.Rational(int(c.p), int(c.q)) * z ** e[0] * 2 ** e[1] for e, c in change.items() if e[2] == 1))
    first = sp.degree(edge, z) < beyond
    return [(beyond, 1, 1)], [(beyond, 1, 1), (beyond, 0, 2 if first else 1)]
