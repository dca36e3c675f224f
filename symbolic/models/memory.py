"""What an optimiser keeps of each weight, and its step by differentiation of a loss."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from ..algebra.parsing import model_symbol
from ..optimisers.optimiser import Optimiser


def memory_symbols(names: Sequence[sp.Symbol], size: int) -> tuple[tuple[sp.Symbol, ...], ...]:
    """What is kept of each weight: the weights, then one row for each further number.

    Args:
        names: of the weights.
        size: numbers kept for each; with two the second is ``v``, after velocity.

    Returns:
        ``size`` rows of symbols.
    """
    tails = [s.name.removeprefix("theta_") for s in names]
    rows = [tuple(model_symbol(f"{'v' if size == 2 else f'v{a}'}_{tail}") for tail in tails) for a in range(1, size)]
    return (tuple(names), *rows)


def filtered_step(
    memory: Sequence[Sequence[sp.Symbol]], loss: sp.Expr, optimiser: Optimiser, scale: sp.Expr = sp.S.One
) -> tuple[tuple[sp.Expr, ...], ...]:
    """One step in what is kept of each weight, by differentiation of the loss.

    Args:
        memory: rows of symbols, the weights first.
        loss: of the weights.
        optimiser: whose step it is.
        scale: the step size, by which every gradient is multiplied.

    Returns:
        The next values, in the same rows.
    """
    weights = memory[0]
    query = {
        w: sp.Add(*(c * row[i] for c, row in zip(optimiser.query, memory, strict=True))) for i, w in enumerate(weights)
    }
    slopes = [scale * sp.diff(loss, w) for w in weights]
    gradient = [g.xreplace(query) for g in slopes]
    if optimiser.ascent != 0:
        lifted = {w: query[w] + optimiser.ascent * g for w, g in zip(weights, gradient, strict=True)}
        gradient = [g.xreplace(lifted) for g in slopes]
    return tuple(
        tuple(
            sp.Add(*(optimiser.matrix[a, c] * memory[c][i] for c in range(optimiser.size)))
            - optimiser.gain[a] * gradient[i]
            for i in range(len(weights))
        )
        for a in range(optimiser.size)
    )
