"""The step of the model with D outputs, exactly: it is gradient descent, and one output is the map of the plane.

The library's own step runs on indeterminates, so the identity is one about the code that computes.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import Any

import numpy as np
import sympy as sp
from flint import fmpq_mpoly

from ...numeric.regression.model import RegressionState
from ...symbolic.algebra.rings import PolyRing, to_fmpq
from ...symbolic.algebra.symbols import symbols
from ...symbolic.models.quadratic import main_case
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import REALS, Definition, Range, Statement, eq
from ..statements.names.regression import CONTRACTED, DOT, J_T, MATRICES, PARAMETERS, SLICES, SPECTRUM, VECTORS, J, Q, Z

eta, epsilon = symbols("eta epsilon")
PAPER = "agarwala2023"
DIFFER = "coefficients that differ"

Z_AFTER, J_AFTER = (sp.Symbol(name, commutative=False) for name in ("z_D'", "J'"))
z, T, STEP_Z, STEP_T = symbols("z T z' T'")
THETA, STEP_THETA = (sp.Symbol(name, commutative=False) for name in ("theta", "theta'"))

MOST_OUTPUTS, MOST_PARAMETERS, MOST_WEIGHTS = 3, 2, 3
"""Indices that one monomial of a step has at most: where that many are, every coefficient of any size is seen."""


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


def _times(left: Any, right: Any) -> Any:
    """The product of two numbers, matrices or vectors."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return left @ right
    if isinstance(right, np.ndarray):
        left, right = right, left
    if isinstance(left, np.ndarray):
        return np.frompyfunc(lambda entry: entry * right, 1, 1)(left)
    return left * right


def _evaluated(term: sp.Expr, places: dict[sp.Expr, Any]) -> Any:
    """A term in numbers, matrices and vectors at polynomials and arrays of polynomials.

    Args:
        term: a sum of products in their order, of powers, inner products and contractions.
        places: symbol to polynomial or array.

    Returns:
        A polynomial or an array.

    Raises:
        KeyError: the term has a symbol without a place.
    """
    if term in places:
        return places[term]
    if term.is_Rational:
        return to_fmpq(term)
    if isinstance(term, sp.Add):
        first, *rest = (_evaluated(part, places) for part in term.args)
        return sum(rest, start=first)
    if isinstance(term, sp.Mul):
        return reduce(_times, (_evaluated(factor, places) for factor in term.args))
    if isinstance(term, sp.Pow) and term.exp.is_Integer and term.exp > 0:
        return reduce(_times, [_evaluated(term.base, places)] * int(term.exp))
    if term.func in (CONTRACTED, DOT):
        # the slices are symmetric: their last index is as good as their first
        return reduce(lambda one, other: one @ other, (_evaluated(argument, places) for argument in term.args))
    raise KeyError(term)


def _indices(key: tuple[int, ...], names: tuple[str, ...]) -> tuple[int, int]:
    """How many outputs and how many parameters the indeterminates of a monomial belong to."""
    outputs: set[str] = set()
    parameters: set[str] = set()
    for exponent, name in zip(key, names, strict=True):
        if exponent and name[0] in "zJQ":
            output, *rest = name[1:].split("_")
            outputs.add(output)
            parameters.update(rest)
    return len(outputs), len(parameters)


def _descended(state: RegressionState, ring: PolyRing) -> RegressionState:
    """The state after a step against the gradient of the loss, by differentiating polynomials in the weights.

    The family of models is closed under translation, so the start may be put at the origin.
    """
    outputs, parameters = state.J.shape
    unknowns = tuple(sp.Symbol(f"p{i}") for i in range(parameters))
    wide = PolyRing((*ring.symbols, *unknowns))
    first = len(ring.symbols)

    def up(value: fmpq_mpoly) -> fmpq_mpoly:
        return wide.from_dict({(*key, *([0] * parameters)): c for key, c in value.to_dict().items()})

    def down(value: fmpq_mpoly) -> fmpq_mpoly:
        return ring.from_dict({key[:first]: c for key, c in value.to_dict().items()})

    point = [wide.generator(s) for s in unknowns]
    output = []
    for a in range(outputs):
        value = up(state.z[a])
        for i in range(parameters):
            value += up(state.J[a, i]) * point[i]
            for j in range(parameters):
                value += up(state.Q[a, i, j]) * point[i] * point[j] / 2
        output.append(value)
    loss = sum((f * f for f in output), start=wide.from_dict({})) / 2
    fixed = [wide.generator(s) for s in ring.symbols]
    origin = [*fixed, *([wide.from_dict({})] * parameters)]
    gradient = [loss.derivative(first + i).compose(*origin, ctx=wide.context) for i in range(parameters)]
    moved = [*fixed, *(-fixed[-1] * g for g in gradient)]
    zero = ring.from_dict({})
    z, jacobian = _filled(zero, outputs), _filled(zero, outputs, parameters)
    for a in range(outputs):
        z[a] = down(output[a].compose(*moved, ctx=wide.context))
        for i in range(parameters):
            jacobian[a, i] = down(output[a].derivative(first + i).compose(*moved, ctx=wide.context))
    return RegressionState(z, jacobian, state.Q)


@lru_cache(maxsize=16)
def _descents(outputs: int, parameters: int) -> tuple[RegressionState, PolyRing, RegressionState]:
    """A generic state, its ring, and where descent takes it."""
    state, ring = generic_state(outputs, parameters)
    return state, ring, _descended(state, ring)


def _step_is_gradient_descent(ctx: CheckContext) -> Outcome:
    """The stated equations, and the step of the library, on indeterminates against descent on the loss."""
    for symbol, domain in _ANY_STATE:
        ctx.statement.within(symbol, domain)
    rights = ctx.statement.equation(Z_AFTER), ctx.statement.equation(J_AFTER)
    tested = rejected = 0
    sizes = ctx.pick(
        [(1, 1), (1, 2), (2, 1), (3, 2)],
        [(1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (4, 3)],
        [(1, 3), (2, 2), (3, 1), (2, 3), (3, 2), (4, 3), (5, 3)],
    )
    for size in sizes:
        state, ring, expected = _descents(*size)
        step = ring.generator(ring.symbols[-1])
        names = tuple(str(s) for s in ring.symbols)
        places = {Z: state.z, J: state.J, J_T: state.J.T, Q: state.Q, eta: step}
        stated = RegressionState(_evaluated(rights[0], places), _evaluated(rights[1], places), state.Q)
        for found in (stated, state.step(_filled(step, 1))):
            for left, right in zip((*found.z, *found.J.flat), (*expected.z, *expected.J.flat), strict=True):
                count, wrong = _differing(left, right)
                tested, rejected = tested + count, rejected + wrong
                for key in left.to_dict().keys() | right.to_dict().keys():
                    many = _indices(key, names)
                    rejected += many[0] > MOST_OUTPUTS or many[1] > MOST_PARAMETERS
    return judge(
        tested,
        rejected,
        worst=rejected,
        bound=0,
        figure=DIFFER,
        domain="every D and P: both sides are sums over indices with coefficients free of D and P, and no monomial has "
        f"more than {MOST_OUTPUTS} outputs and {MOST_PARAMETERS} parameters; run at (D, P) in "
        + ", ".join(map(str, sizes)),
        detail="coefficients of both sides in all entries of z, J, Q and in the step size",
    )


def _reduces_to_the_plane(ctx: CheckContext) -> Outcome:
    """The stated map, the derived one and the step of the library against the statement's own definitions.

    They are polynomials in the weights along orthogonal eigenvectors of Q, which descent does not notice.
    """
    for symbol, domain in _ANY_WEIGHTS:
        ctx.statement.within(symbol, domain)
    plane = PolyRing((z, T, epsilon))
    stated = [plane.from_expr(sp.expand(ctx.statement.equation(left))) for left in (STEP_Z, STEP_T)]
    tested = rejected = 0
    for counts in ((1, 1, 0), (2, 1, 1), (MOST_WEIGHTS, MOST_WEIGHTS, 1)):
        ring, state = _planar_state(counts)
        eps, step = ring.generator(epsilon), ring.generator(eta)
        weights = _filled(step, sum(counts))
        weights[:] = [ring.generator(s) for s in ring.symbols[: len(weights)]]
        places = {THETA: weights, Q: state.Q[0], eta: step}
        for name in (z, T, STEP_THETA, STEP_Z, STEP_T):
            places[name] = _evaluated(ctx.statement.defined(name), places)
        after = state.step(_filled(step, 1))
        pairs = [
            (_times(step, s.z[0]), _times(step, s.ntk()[0, 0]), *(places[name] for name in names))
            for s, names in ((state, (z, T)), (after, (STEP_Z, STEP_T)))
        ]
        compared = [pair for one in pairs for pair in ((one[0], one[2]), (one[1], one[3]))]
        inside = (places[z], places[T], eps)
        for polynomials in (stated, ctx.map.polynomials):
            images = [polynomial.compose(*inside, ctx=ring.context) for polynomial in polynomials]
            compared += zip(images, (places[STEP_Z], places[STEP_T]), strict=True)
        for left, right in compared:
            count, wrong = _differing(left, right)
            tested, rejected = tested + count, rejected + wrong
            many = [sum(e > 0 for e in key[: len(weights)]) for key in right.to_dict()]
            rejected += sum(number > MOST_WEIGHTS for number in many)
    return judge(
        tested,
        rejected,
        worst=rejected,
        bound=0,
        figure=DIFFER,
        domain="every multiplicity: both sides are symmetric in the weights of one eigenvalue, and no monomial has "
        f"more than {MOST_WEIGHTS} weights; run with up to {MOST_WEIGHTS} of each",
        detail="coefficients in the weights, epsilon and the step size",
    )


@lru_cache(maxsize=8)
def _planar_state(counts: tuple[int, int, int]) -> tuple[PolyRing, RegressionState]:
    """One output with eigenvalues 1, -epsilon and 0 of given multiplicities, on indeterminate weights."""
    size = sum(counts)
    theta = tuple(sp.Symbol(f"p{i}") for i in range(size))
    ring = PolyRing((*theta, epsilon, eta))
    one, zero = ring.from_expr(sp.Integer(1)), ring.from_expr(sp.Integer(0))
    diagonal = [one] * counts[0] + [-ring.generator(epsilon)] * counts[1] + [zero] * counts[2]
    residual, jacobian, curvature = _filled(zero, 1), _filled(zero, 1, size), _filled(zero, 1, size, size)
    for i, value in enumerate(diagonal):
        point = ring.generator(theta[i])
        curvature[0, i, i] = value
        jacobian[0, i] = value * point
        residual[0] = residual[0] + value * point * point / 2
    return ring, RegressionState(residual, jacobian, curvature)


_ANY_STATE = ((Z, VECTORS), (J, MATRICES), (Q, SLICES), (eta, REALS))
_ANY_WEIGHTS = ((THETA, PARAMETERS), (Q, SPECTRUM), (eta, REALS), (epsilon, REALS))
_GRADIENT = J_T * Z

CLAIMS = (
    Claim(
        id="regression-step",
        title="Gradient descent closes on residual and Jacobian for D outputs",
        statement=Statement(
            conclusion=(
                eq(Z_AFTER, Z - eta * J * _GRADIENT + eta**2 * CONTRACTED(Q, _GRADIENT, _GRADIENT) / 2),
                eq(J_AFTER, J - eta * CONTRACTED(Q, _GRADIENT)),
            ),
            over=tuple(Range(*pair) for pair in _ANY_STATE),
            where=(
                Definition(Z, "the residual at theta of f(theta) = y + G^T theta + Q(theta, theta)/2 with D outputs"),
                Definition(J, "its Jacobian, d z_D / d theta"),
                Definition(Q, "its second derivative"),
            ),
        ),
        source=Source(PAPER, "A More General Model: f = y + G^T theta + Q(theta, theta)/2"),
        note="The family of models is closed under translation of theta, so the origin is no restriction.",
        checks=(Check("both sides as polynomials in all entries", Level.DERIVED, _step_is_gradient_descent),),
    ),
    Claim(
        id="regression-planar-reduction",
        title="One output reduces to the map of the plane",
        statement=Statement(
            conclusion=tuple(
                eq(left, right) for left, right in zip((STEP_Z, STEP_T), main_case().components, strict=True)
            ),
            over=tuple(Range(*pair) for pair in _ANY_WEIGHTS),
            where=(
                Definition(THETA, "the weights of the model with one output theta^T Q theta / 2 and target 0"),
                Definition(Q, "the second derivative of the output"),
                Definition(z, "eta times the residual", eta * DOT(THETA, Q * THETA) / 2),
                Definition(T, "eta times the NTK", eta * DOT(Q * THETA, Q * THETA)),
                Definition(STEP_THETA, "the weights after a step eta against the gradient", THETA - z * Q * THETA),
                Definition(STEP_Z, "z after the step", eta * DOT(STEP_THETA, Q * STEP_THETA) / 2),
                Definition(STEP_T, "T after the step", eta * DOT(Q * STEP_THETA, Q * STEP_THETA)),
            ),
        ),
        source=Source(PAPER, "Theorem 1 and A More General Model"),
        uses=("one-step-map",),
        checks=(Check("both maps as polynomials in theta", Level.DERIVED, _reduces_to_the_plane),),
    ),
)
