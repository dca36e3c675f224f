"""Sums of products of indexed factors, with exact polynomial coefficients.

Two kinds of index exist: outputs (``1..D``) and parameters (``1..P``). A repeated index is summed over.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.rings import PolyRing, poly_terms
from ..algebra.symbols import latex_names, symbols

#: Highest power sum that the calculus carries: traces up to tr K^12.
MOST_POWER = 12
POWER_SUMS = symbols(" ".join(f"p_{r}" for r in range(1, MOST_POWER + 1)))
_NAMES = "D P sigma_Q sigma_z rho_J tau_Q eta lambda_k lambda_j R_k"
#: Dimensions, standard deviations, step size and the invariants of K = J J' that contractions end in.
RING = PolyRing((*symbols(_NAMES), *POWER_SUMS))
D, P, SIGMA_Q, SIGMA_Z, RHO_J, TAU, ETA, LAMBDA, MU, RESOLVENT = (RING.generator(s) for s in symbols(_NAMES))
POWERS: tuple[fmpq_mpoly, ...] = tuple(RING.generator(s) for s in POWER_SUMS)


class Space(StrEnum):
    """What an index runs over."""

    OUTPUT = "output"
    PARAMETER = "parameter"


class Index(NamedTuple):
    """An index: what it runs over, and a number that tells it apart."""

    space: Space
    number: int


class Factor(NamedTuple):
    """A named tensor with its indices."""

    name: str
    indices: tuple[Index, ...]


class Term(NamedTuple):
    """A coefficient times a product of factors."""

    coefficient: fmpq_mpoly
    factors: tuple[Factor, ...]


Tensor = tuple[Term, ...]
Rule = Callable[..., Tensor]
_NUMBERS = itertools.count(1)


def outputs(count: int) -> tuple[Index, ...]:
    """Fresh output indices."""
    return tuple(Index(Space.OUTPUT, next(_NUMBERS)) for _ in range(count))


def parameters(count: int) -> tuple[Index, ...]:
    """Fresh parameter indices."""
    return tuple(Index(Space.PARAMETER, next(_NUMBERS)) for _ in range(count))


def product(*factors: Factor, coefficient: fmpq_mpoly | int = 1) -> Tensor:
    """One term: a coefficient times factors."""
    scalar = RING.constant(coefficient) if isinstance(coefficient, int) else coefficient
    return (Term(scalar, factors),)


def times(*tensors: Tensor) -> Tensor:
    """The product of sums. Their dummy indices must be distinct, as fresh ones are."""
    result: Tensor = product()
    for tensor in tensors:
        result = tuple(
            Term(x.coefficient * y.coefficient, x.factors + y.factors) for x, y in itertools.product(result, tensor)
        )
    return result


def scaled(tensor: Tensor, by: fmpq_mpoly) -> Tensor:
    """A sum times a scalar."""
    return tuple(Term(t.coefficient * by, t.factors) for t in tensor)


def differentiate(tensor: Tensor, rules: Mapping[str, Rule]) -> Tensor:
    """The derivative along a flow, by the product rule.

    Args:
        tensor: what to differentiate.
        rules: factor name to a function of its indices that gives the factor's derivative, with fresh dummies.

    Returns:
        The derivative; factors without a rule are constant.
    """
    found = []
    for term in tensor:
        for place, factor in enumerate(term.factors):
            if factor.name in rules:
                before, after = term.factors[:place], term.factors[place + 1 :]
                found += [
                    Term(term.coefficient * t.coefficient, before + t.factors + after)
                    for t in rules[factor.name](*factor.indices)
                ]
    return tuple(found)


def truncated(tensor: Tensor, order: int) -> Tensor:
    """What remains up to a power of the step size.

    Args:
        tensor: coefficients may hold powers of eta.
        order: highest power kept.

    Returns:
        The truncated sum.
    """
    place = RING.symbols.index(symbols("eta")[0])
    kept = []
    for term in tensor:
        low = {e: c for e, c in poly_terms(term.coefficient).items() if e[place] <= order}
        if low:
            kept.append(Term(RING.from_dict(low), term.factors))
    return tuple(kept)


def even_in(tensor: Tensor, *names: str) -> Tensor:
    """The terms that hold each named factor an even number of times; the others have mean zero."""
    return tuple(t for t in tensor if all(sum(f.name == n for f in t.factors) % 2 == 0 for n in names))


_LETTERS = {Space.OUTPUT: "abcdefgh", Space.PARAMETER: "imnlpqrstxyuv"}
_HEADS = {"delta": r"\delta", "w": "w", "u": "w"}


def _label(name: str) -> str:
    return {"w": "{(k)}", "u": "{(j)}"}.get(name, "")


def latex_factor(factor: Factor, letters: dict[Index, str]) -> str:
    """One factor in LaTeX; ``w`` is the eigenvector of lambda_k, ``u`` another one."""
    if factor.name == "gap":
        return r"\frac{1}{\lambda_k - \lambda_j}"
    lower = "".join(letters[i] for i in factor.indices)
    upper = _label(factor.name)
    return f"{_HEADS.get(factor.name, factor.name)}{'^' + upper if upper else ''}_{{{lower}}}"


def latex_tensor(tensor: Sequence[Term]) -> str:
    """A sum of products in LaTeX, indices lettered in order of appearance.

    Args:
        tensor: the sum.

    Returns:
        LaTeX without delimiters.
    """
    pieces = []
    for term in tensor:
        letters: dict[Index, str] = {}
        free = {space: iter(text) for space, text in _LETTERS.items()}
        for index in itertools.chain.from_iterable(f.indices for f in term.factors):
            if index not in letters:
                letters[index] = next(free[index.space])
        scalar = RING.to_expr(term.coefficient)
        body = " ".join(latex_factor(f, letters) for f in term.factors)
        head = "" if scalar == 1 else "-" if scalar == -1 else sp.latex(scalar, symbol_names=latex_names())
        pieces.append(f"{head} {body}".strip())
    return re.sub(r"\+ -", "- ", " + ".join(pieces)) or "0"
