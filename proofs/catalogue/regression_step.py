"""The step of the model with D outputs, exactly: it is gradient descent, and one output is the map of the plane.

The library's own step runs on indeterminates, so the identity is one about the code that computes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from flint import fmpq_mpoly

from ...numeric.regression.model import RegressionState
from ...symbolic.algebra.rings import PolyRing
from ...symbolic.algebra.symbols import symbols
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge

eta = symbols("eta")[0]
PAPER = "agarwala2023"


def generic_state(outputs: int, parameters: int, shared: bool = True) -> tuple[RegressionState, PolyRing]:
    """Return a state whose entries are independent indeterminates, for exact identities in all of them.

    Args:
        outputs: D.
        parameters: P.
        shared: Whether ``Q[a, i, j]`` and ``Q[a, j, i]`` are one indeterminate, as they must be.

    Returns:
        The state and its ring, whose last generator is the step size.
    """
    names = [f"z{a}" for a in range(outputs)]
    names += [f"J{a}_{i}" for a in range(outputs) for i in range(parameters)]
    pairs = [(i, j) for i in range(parameters) for j in range(parameters) if i <= j or not shared]
    names += [f"Q{a}_{i}_{j}" for a in range(outputs) for i, j in pairs]
    ring = PolyRing(tuple(sp.Symbol(name) for name in [*names, "h"]))
    generators = iter([ring.generator(s) for s in ring.symbols])
    zero = ring.from_expr(sp.Integer(0))
    z, jacobian = _filled(zero, outputs), _filled(zero, outputs, parameters)
    curvature = _filled(zero, outputs, parameters, parameters)
    for array in (z, jacobian):
        for index in np.ndindex(array.shape):
            array[index] = next(generators)
    for a in range(outputs):
        for i, j in pairs:
            curvature[a, i, j] = next(generators)
            if shared:
                curvature[a, j, i] = curvature[a, i, j]
    return RegressionState(z, jacobian, curvature), ring


def _filled(value: fmpq_mpoly, *shape: int) -> Any:
    """Return an object array with one polynomial in every place; NumPy would take a bare one for a sequence."""
    result = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        result[index] = value
    return result


def _differing(left: fmpq_mpoly, right: fmpq_mpoly) -> tuple[int, int]:
    """Return how many monomials two polynomials have together, and in how many of them they differ."""
    a, b = left.to_dict(), right.to_dict()
    monomials = a.keys() | b.keys()
    return len(monomials), sum(a.get(m, 0) != b.get(m, 0) for m in monomials)


def _step_is_gradient_descent(ctx: CheckContext) -> Outcome:
    """The step of the library on indeterminates against descent on the loss, differentiated as a polynomial.

    The family of models is closed under translation, so the start may be put at the origin.
    """
    tested = rejected = 0
    sizes = ctx.pick([(1, 1), (1, 2), (2, 1)], [(1, 1), (1, 2), (2, 1), (2, 2)], [(1, 3), (2, 2), (3, 1), (2, 3)])
    for outputs, parameters in sizes:
        state, ring = generic_state(outputs, parameters)
        step = ring.generator(ring.symbols[-1])
        stepped = state.step(_filled(step, 1))
        unknowns = tuple(sp.Symbol(f"p{i}") for i in range(parameters))
        wide = PolyRing((*ring.symbols, *unknowns))
        lift = {symbol: wide.generator(symbol) for symbol in wide.symbols}

        def up(value: fmpq_mpoly, wide: PolyRing = wide, extra: int = parameters) -> fmpq_mpoly:
            return wide.from_dict({(*key, *([0] * extra)): c for key, c in value.to_dict().items()})

        point = [lift[s] for s in unknowns]
        output = []
        for a in range(outputs):
            value = up(state.z[a])
            for i in range(parameters):
                value += up(state.J[a, i]) * point[i]
                for j in range(parameters):
                    value += up(state.Q[a, i, j]) * point[i] * point[j] / 2
            output.append(value)
        loss = sum((f * f for f in output), start=wide.from_dict({})) / 2
        fixed = [lift[s] for s in ring.symbols]
        origin = [*fixed, *([wide.from_dict({})] * parameters)]
        slopes = [loss.derivative(len(ring.symbols) + i) for i in range(parameters)]
        gradient = [slope.compose(*origin, ctx=wide.context) for slope in slopes]
        moved = [*fixed, *(-up(step) * g for g in gradient)]
        for a in range(outputs):
            compared = [(stepped.z[a], output[a])]
            compared += [(stepped.J[a, i], output[a].derivative(len(ring.symbols) + i)) for i in range(parameters)]
            for found, expected in compared:
                count, wrong = _differing(up(found), expected.compose(*moved, ctx=wide.context))
                tested, rejected = tested + count, rejected + wrong
    return judge(
        tested,
        rejected,
        worst=rejected,
        bound=0,
        domain="all z, J, symmetric Q and step sizes, for (D, P) in " + ", ".join(map(str, sizes)),
        detail="coefficients of both sides in all entries of z, J, Q and in the step size",
    )


def _reduces_to_the_plane(ctx: CheckContext) -> Outcome:
    """D = 1 with eigenvalues 1, -epsilon of any multiplicity (and 0) against the derived map of the plane."""
    closed, model = ctx.map, ctx.subject.model
    tested = rejected = 0
    epsilon, step = model.parameters[0], sp.Symbol("h")
    for multiplicities in ((1, 1, 0), (2, 1, 1)):
        size = sum(multiplicities)
        theta = tuple(sp.Symbol(f"p{i}") for i in range(size))
        ring = PolyRing((*theta, epsilon, step))
        eps, h = ring.generator(epsilon), ring.generator(step)
        one, zero = ring.from_expr(sp.Integer(1)), ring.from_expr(sp.Integer(0))
        diagonal = [one] * multiplicities[0] + [-eps] * multiplicities[1] + [zero] * multiplicities[2]
        z, jacobian, curvature = _filled(zero, 1), _filled(zero, 1, size), _filled(zero, 1, size, size)
        for i, value in enumerate(diagonal):
            point = ring.generator(theta[i])
            curvature[0, i, i] = value
            jacobian[0, i] = value * point
            z[0] = z[0] + value * point * point / 2
        state = RegressionState(z, jacobian, curvature)
        after = state.step(_filled(h, 1))
        inside = (h * state.z[0], h * state.ntk()[0, 0], eps)
        for image, found in zip(closed.polynomials, (h * after.z[0], h * after.ntk()[0, 0]), strict=True):
            count, wrong = _differing(found, image.compose(*inside, ctx=ring.context))
            tested, rejected = tested + count, rejected + wrong
    return judge(
        tested,
        rejected,
        worst=rejected,
        bound=0,
        domain="all theta, epsilon and step sizes; D = 1, P = 2 and P = 4",
        detail="coefficients of (eta z', eta J'J) against the derived one-step map at (eta z, eta J J')",
    )


# Symbols that do not commute, for a statement about matrices.
_Z, _J, _H = (sp.Symbol(name, commutative=False) for name in ("z", "J", "h"))
_Q = sp.Function("Q")

CLAIMS = (
    Claim(
        id="regression-step",
        title="Gradient descent closes on (z, J) for D outputs",
        statement=sp.Eq(
            sp.Symbol("z'", commutative=False),
            _Z - eta * _J * _H + eta**2 * _Q(_H, _H) / 2,
            evaluate=False,
        ),
        variables=(eta,),
        source=Source(PAPER, "A more general model"),
        domain="all z, J, symmetric Q, with h = J'z; J' = J - eta Q(h, .); every coefficient, for small D and P",
        note="The family of models is closed under translation of theta, so the origin is no restriction.",
        checks=(Check("both sides as polynomials in all entries", Level.DERIVED, _step_is_gradient_descent),),
    ),
    Claim(
        id="regression-planar-reduction",
        title="One output reduces to the map of the plane",
        statement=sp.Eq(sp.Function("F")(*symbols("z T")), sp.Function("F_D")(*symbols("z T")), evaluate=False),
        variables=symbols("z T epsilon"),
        source=Source(PAPER, "Theorem 1 and A more general model"),
        uses=("one-step-map",),
        domain="D = 1, Q with eigenvalues 1, -epsilon (any multiplicity) and 0, E = 0, all step sizes",
        checks=(Check("both maps as polynomials in theta", Level.DERIVED, _reduces_to_the_plane),),
    ),
)
