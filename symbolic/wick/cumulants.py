"""Theorem 2 beyond Gaussian entries: what the laws of z, Q and J change.

Along gradient flow the second derivative at the start is quadratic in z and in Q, so only their second moments enter:
it is the same for every law. J enters through its law. For independent symmetric entries with fourth cumulant
``kappa_4 sigma_J^4`` an expectation of f changes by ``kappa_4 sigma_J^4 / 24`` times the Gaussian mean of
``sum over a, i of d^4 f / d J_ai^4``, plus terms of higher order in the cumulants. Given J the mean second derivative
is ``p_1 Laplacian(lambda) + Laplacian(lambda^2) / 2`` (in units of ``sigma_Q^2 sigma_z^2``), so the change is again a
polynomial in moments of ``lambda_k``, found by integration by parts.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import sympy as sp

from ..algebra.symbols import symbol
from .contraction import collect, copy_average, delta, pairings
from .integration_by_parts import adjoint, contracted, reduce_moments, trace_tensor
from .tensors import RING, Factor, Tensor, Term, outputs, parameters, product, times


def fourth_derivatives() -> Tensor:
    """``sum over a, i of d^4 / d J_ai^4``, averaged over rotations of outputs and parameters.

    Each of the two tensors that tie four indices together is replaced by three pairings; the factors
    ``copy_average(D) copy_average(P)`` are left to the caller.

    Returns:
        Nine terms of four derivatives.
    """
    found = []
    for tops, bottoms in itertools.product(pairings((0, 1, 2, 3)), repeat=2):
        a, i = outputs(4), parameters(4)
        ties = [delta(a[x], a[y]) for x, y in tops] + [delta(i[x], i[y]) for x, y in bottoms]
        found.append(Term(RING.one, (*(Factor("d", (a[n], i[n])) for n in range(4)), *ties)))
    return tuple(found)


def _laplacian() -> Tensor:
    (a,), (i,) = outputs(1), parameters(1)
    return product(Factor("d", (a, i)), Factor("d", (a, i)))


def _moved() -> Tensor:
    """``fourth_derivatives`` moved onto the Gaussian weight, as a tensor in J."""
    return collect(adjoint(collect(fourth_derivatives())))


@lru_cache(maxsize=1)
def eigenvalue_change() -> sp.Expr:
    """First-order change of ``E[lambda_k]`` by the fourth cumulant of J's entries."""
    return _scaled(reduce_moments(contracted(_moved()), 1))


@lru_cache(maxsize=1)
def acceleration_change() -> sp.Expr:
    """First-order change of ``E[d2 lambda_k / dt2]`` by the fourth cumulant of J's entries, GOE-like Q."""
    weighted = times(_moved(), trace_tensor({1: 1}), _laplacian())
    one = reduce_moments(contracted(adjoint(collect(weighted))), 1)
    two = reduce_moments(contracted(adjoint(collect(times(collect(fourth_derivatives()), _laplacian())))), 2) / 2
    return _scaled((one + two) * symbol("sigma_Q") ** 2 * symbol("sigma_z") ** 2)


def _scaled(expr: sp.Expr) -> sp.Expr:
    average = copy_average(symbol("D")) * copy_average(symbol("P"))
    return sp.factor(expr * average * symbol("kappa_4") * symbol("sigma_J") ** 4 / 24)
