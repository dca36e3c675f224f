"""Integration by parts under the Gaussian law of J: drift identities, and reduction to moments of one eigenvalue.

J has independent centred Gaussian entries of variance ``sigma_J^2 = 1 / rho_J``. An eigenvalue ``lambda_k`` of
``J J'`` is Lipschitz on bounded sets and smooth off a set of codimension two (where it meets another), so one
derivative may be moved off it in the classical sense and further ones in the sense of distributions: the density of
J is smooth. That is what makes expectations such as ``E[sum_j (lambda_k + lambda_j) / (lambda_k - lambda_j)]`` finite
polynomials in moments of ``lambda_k``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.errors import ProofError
from ..algebra.rings import poly_terms
from ..algebra.symbols import symbol
from .contraction import contract, delta, power_sum
from .tensors import (
    POWER_SUMS,
    RHO_J,
    RING,
    Factor,
    Index,
    Tensor,
    Term,
    differentiate,
    outputs,
    parameters,
    product,
)

Pairs = tuple[tuple[Factor, Factor], ...]
_Matching = tuple[Pairs, tuple[Factor, ...], tuple[Factor, ...]]


def _matchings(derivatives: tuple[Factor, ...], jacobians: tuple[Factor, ...]) -> Iterator[_Matching]:
    """Ways to pair derivatives among themselves or with J; yields pairs, unpaired derivatives, unpaired J."""
    if not derivatives:
        yield (), (), jacobians
        return
    head, rest = derivatives[0], derivatives[1:]
    for pairs, free, left in _matchings(rest, jacobians):
        yield pairs, (head, *free), left
    for place, other in enumerate(rest):
        for pairs, free, left in _matchings(rest[:place] + rest[place + 1 :], jacobians):
            yield ((head, other), *pairs), free, left
    for place, other in enumerate(jacobians):
        for pairs, free, left in _matchings(rest, jacobians[:place] + jacobians[place + 1 :]):
            yield ((head, other), *pairs), free, left


def adjoint(tensor: Tensor) -> Tensor:
    """Move derivatives from a function f onto the Gaussian weight.

    ``E[C d..d f] = E[f A]`` with A the result.

    Each factor ``d`` with indices ``(a, i)`` stands for the derivative by ``J_ai`` of the function f that is not
    written. The adjoint of one derivative is ``rho J - d``; applied in turn, each d becomes ``rho J``, or meets a J
    of C (minus a delta), or another d (minus ``rho`` times a delta).

    Args:
        tensor: a sum of products of J, d and deltas.

    Returns:
        The sum without d, to be multiplied by f.
    """
    found = []
    for term in tensor:
        moved = tuple(f for f in term.factors if f.name == "d")
        jacobians = tuple(f for f in term.factors if f.name == "J")
        rest = tuple(f for f in term.factors if f.name not in {"d", "J"})
        for pairs, free, left in _matchings(moved, jacobians):
            hermite = sum(other.name == "d" for _, other in pairs)
            scalar = term.coefficient * (-1) ** len(pairs) * RHO_J ** (hermite + len(free))
            deltas = tuple(delta(p, q) for x, y in pairs for p, q in zip(x.indices, y.indices, strict=True))
            fresh = tuple(Factor("J", f.indices) for f in free)
            found.append(Term(scalar, rest + deltas + fresh + left))
    return tuple(found)


def contracted(tensor: Tensor) -> fmpq_mpoly:
    """A sum without free indices as a polynomial in the invariants."""
    return sum((contract(t) for t in tensor), start=RING.zero)


def trace_tensor(powers: Mapping[int, int]) -> Tensor:
    """A product of power sums ``tr K^r``, written out in J."""
    factors: list[Factor] = []
    for power, multiplicity in powers.items():
        for _ in range(multiplicity):
            tops, bottoms = outputs(power), parameters(power)
            for n in range(power):
                factors.append(Factor("J", (tops[n], bottoms[n])))
                factors.append(Factor("J", (tops[(n + 1) % power], bottoms[n])))
    return product(*factors)


@lru_cache(maxsize=512)
def laplacian_adjoint(powers: tuple[tuple[int, int], ...]) -> fmpq_mpoly:
    """The polynomial A with ``E[p Laplacian(f)] = E[f A]`` for a product p of power sums.

    Args:
        powers: pairs of power and multiplicity.

    Returns:
        A, in the ring.
    """
    (a,), (i,) = outputs(1), parameters(1)
    twice = product(Factor("d", (a, i)), Factor("d", (a, i)))
    # the index pair occurs twice already, on the two derivatives
    tensor = tuple(Term(t.coefficient, twice[0].factors + t.factors) for t in trace_tensor(dict(powers)))
    return contracted(adjoint(tensor))


@cache
def field_divergence(power: int) -> fmpq_mpoly:
    """Divergence of the field ``V = K^power J``, by the product rule and contraction.

    Args:
        power: at least 0.

    Returns:
        The polynomial; for power 0 it is ``D P``.
    """
    tops, bottoms = outputs(power + 1), parameters(power + 1)
    chain = [(tops[0], bottoms[0])]
    for n in range(power):
        chain += [(tops[n + 1], bottoms[n]), (tops[n + 1], bottoms[n + 1])]

    def unit(top: Index, bottom: Index) -> Tensor:
        return product(delta(top, tops[0]), delta(bottom, bottoms[power]))

    return contracted(differentiate(product(*(Factor("J", pair) for pair in chain)), {"J": unit}))


def _split(exponents: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Exponents of the ring as those of everything but the power sums, and the power sums, highest first."""
    count = len(POWER_SUMS)
    traces = tuple(r + 1 for r in reversed(range(count)) for _ in range(exponents[-count:][r]))
    return (*exponents[:-count], *(0,) * count), traces


@lru_cache(maxsize=4096)
def _moment(power: int, traces: tuple[int, ...]) -> dict[int, fmpq_mpoly]:
    """``E[lambda_k^power * product of p_r]`` for unit variance: j to the coefficient of ``E[lambda_k^j]``."""
    if not traces:
        return {power: RING.one}
    field, rest = traces[0] - 1, traces[1:]
    found: dict[int, fmpq_mpoly] = {}

    def add(weight: fmpq_mpoly | int, more: Mapping[int, fmpq_mpoly]) -> None:
        for j, c in more.items():
            found[j] = found.get(j, RING.zero) + weight * c

    # J . V = p_top; integrate by parts: the divergence, then V on lambda_k^power, then V on each other power sum
    for exponents, coefficient in poly_terms(field_divergence(field)).items():
        scalar, powers = _split(exponents)
        merged = tuple(sorted((*powers, *rest), reverse=True))
        add(RING.from_dict({scalar: coefficient}), _moment(power, merged))
    if power:
        add(2 * power, _moment(power + field, rest))
    for place, r in enumerate(rest):
        others = rest[:place] + rest[place + 1 :]
        add(2 * r, _moment(power, tuple(sorted((*others, r + field), reverse=True))))
    return found


def eigenvalue_moment(power: int) -> sp.Symbol:
    """The symbol of ``E[lambda_k^power]``."""
    return symbol(f"m_{power}")


def reduce_moments(polynomial: fmpq_mpoly, power: int = 0) -> sp.Expr:
    """``E[lambda_k^power * polynomial]`` in terms of the moments ``m_j = E[lambda_k^j]``.

    Every power sum ``p_(r+1)`` is written as ``J . V`` with ``V = K^r J`` and integrated by parts:
    ``E[J . V f] = sigma_J^2 E[f div V + V . grad f]``, where ``V . grad lambda_k = 2 lambda_k^(r+1)`` and
    ``V . grad p_q = 2 q p_(q+r)``. Each use lowers the degree by one, so it ends.

    Args:
        polynomial: in D, P, the variances, lambda_k and the power sums.
        power: an extra power of lambda_k.

    Returns:
        A polynomial in ``m_1, m_2, ..`` (``m_0 = 1``).

    Raises:
        ProofError: the polynomial still holds another eigenvalue or a gap.
    """
    place = {name: RING.symbols.index(symbol(name)) for name in ("lambda_k", "lambda_j", "R_k")}
    scale = symbol("sigma_J") ** 2
    found: dict[tuple[int, int], fmpq_mpoly] = {}
    for exponents, coefficient in poly_terms(polynomial).items():
        if exponents[place["lambda_j"]] or exponents[place["R_k"]]:
            raise ProofError.of("reduce_moments()", "invariants of lambda_k alone", str(exponents), "Sum over j first.")
        own = power + exponents[place["lambda_k"]]
        scalar, traces = _split(tuple(0 if n == place["lambda_k"] else e for n, e in enumerate(exponents)))
        weight = RING.from_dict({scalar: coefficient})
        for j, c in _moment(own, traces).items():
            key = (j, own + sum(traces) - j)  # each integration by parts lowered the degree by one
            found[key] = found.get(key, RING.zero) + weight * c
    pieces = (RING.to_expr(c) * scale**steps * (eigenvalue_moment(j) if j else 1) for (j, steps), c in found.items())
    return sp.expand(sp.Add(*pieces).subs(symbol("rho_J"), 1 / scale))


def mean_power_sum(power: int) -> sp.Expr:
    """``E[tr K^power]`` of the Wishart law, exactly.

    Args:
        power: 1..12.

    Returns:
        A polynomial in D, P and ``sigma_J``.
    """
    return sp.expand(reduce_moments(power_sum(power)))
