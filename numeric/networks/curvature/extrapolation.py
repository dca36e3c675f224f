"""Where a subspace will be next, from where it was: rules compete, and the one that was right last time leads.

Training below the edge moves the top eigenvectors smoothly, training at the edge moves them to and fro with period two.
So the rules are polynomials through the last steps, polynomials through every second one, and linear predictions fitted
to the last steps. Each rule forecasts the block of every step; when the block is known the rules are scored, at no cost
in products.
"""

from __future__ import annotations

from math import comb

import numpy as np

from ..backends.backend import Array
from .frame import deeper

KEPT = 8
"""Blocks that are remembered."""
FITTED = (2, 3, 4)
"""Lags of the fitted predictions."""
SURPRISE = 0.5
"""Part of a block outside the best forecast, of unit vectors, beyond which the past is forgotten."""
ROWS = 3
"""Steps that a prediction is fitted to."""


def polynomial(order: int, lag: int) -> dict[int, int]:
    """Weights of earlier blocks in the extrapolation by a polynomial.

    Args:
        order: of the polynomial.
        lag: 1 for every step, 2 for every second.

    Returns:
        Steps back to weight.
    """
    return {lag * (j + 1): (-1) ** j * comb(order + 1, j + 1) for j in range(order + 1)}


RULES: dict[str, dict[int, int]] = {
    **{f"polynomial {order}": polynomial(order, 1) for order in range(4)},
    **{f"period two, polynomial {order}": polynomial(order, 2) for order in range(4)},
    # the step of two steps ago, taken once more
    "period two, last change": {1: 1, 2: 1, 3: -1},
}


class Forecast:
    """The last blocks, and the forecasts of the next that they make.

    Attributes:
        blocks: the last ones, each turned to lie close to the one before, newest last, shape ``(n, c)`` each.
        forecasts: rule to the next block, not orthonormal.
        scores: rule to its error for the newest block.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.blocks: list[Array] = []
        self.forecasts: dict[str, Array] = {}
        self.scores: dict[str, float] = {}

    @property
    def rule(self) -> str:
        """The rule that was right last time; the simplest where none was judged."""
        return min(self.forecasts, key=lambda name: self.scores.get(name, np.inf))

    def next(self) -> Array:
        """The block that is to be expected."""
        return self.forecasts[self.rule]

    def observe(self, block: Array) -> None:
        """Judge the forecasts by the block that came, and make the next ones.

        Args:
            block: orthonormal columns.
        """
        if self.blocks and self.blocks[-1].shape != block.shape:
            self.blocks = []
        if self.blocks:
            wrong = _distances(np.stack(list(self.forecasts.values())), block)
            self.scores = dict(zip(self.forecasts, wrong.tolist(), strict=True))
            # with fewer blocks the rules of period two have not been heard
            if len(self.blocks) >= 4 and min(self.scores.values()) > SURPRISE:
                # another eigenvector took its place: what the old one did says nothing of it
                self.blocks, self.scores = [], {}
            else:
                block = turned(block, self.blocks[-1])
        self._predict([*self.blocks, block][-KEPT:])

    def deepen(self, height: int) -> None:
        """Follow a frame that became higher."""
        self.blocks = [deeper(block, height) for block in self.blocks]
        self.forecasts = {name: deeper(found, height) for name, found in self.forecasts.items()}

    def resume(self, blocks: list[Array], scores: dict[str, float]) -> None:
        """Go on from what was remembered.

        Args:
            blocks: as ``blocks``.
            scores: as ``scores``.
        """
        self._predict(blocks)
        self.scores = scores

    def _predict(self, blocks: list[Array]) -> None:
        """Make the next forecasts."""
        self.blocks, known = blocks, len(blocks)
        past = np.stack(blocks)
        flat = past.reshape(known, -1)
        weights = {name: rule for name, rule in RULES.items() if max(rule) <= known}
        rows = np.zeros((len(weights), known))
        for row, rule in zip(rows, weights.values(), strict=True):
            for back, weight in rule.items():
                row[-back] = weight
        fitted = [lags for lags in FITTED if known >= lags + 2]
        if fitted:
            gram = flat @ flat.T
            rows = np.concatenate([rows, [_fit(gram, lags) for lags in fitted]])
        found = (rows @ flat).reshape(-1, *past.shape[1:])
        self.forecasts = dict(zip([*weights, *(f"fitted {lags}" for lags in fitted)], found, strict=True))


def _fit(gram: Array, lags: int) -> Array:
    """Weights of the blocks, oldest first, that would have predicted the newest ones best from so many before each.

    Args:
        gram: inner products of the blocks.
        lags: how many.

    Returns:
        One weight for each block.
    """
    known = len(gram)
    matrix, right = np.zeros((lags, lags)), np.zeros(lags)
    for newest in range(known - 1, known - 1 - min(ROWS, known - lags), -1):
        matrix += gram[newest - lags : newest, newest - lags : newest]
        right += gram[newest - lags : newest, newest]
    values, vectors = np.linalg.eigh(matrix)
    good = values > 1e-13 * values[-1]
    weights = np.zeros(known)
    weights[known - lags :] = vectors[:, good] @ ((vectors[:, good].T @ right) / values[good])
    return weights


def turned(block: Array, towards: Array) -> Array:
    """The orthonormal basis of the block's span that lies closest to another block.

    Args:
        block: orthonormal columns.
        towards: columns.

    Returns:
        The basis.
    """
    left, _, right = np.linalg.svd(block.T @ towards)
    return np.asarray(block @ (left @ right))


def _distances(forecasts: Array, block: Array) -> Array:
    """How much of a block lies outside the span of each forecast, shape ``(rules, n, c)``."""
    across = forecasts.transpose(0, 2, 1)
    gram, known = across @ forecasts, across @ block
    # a forecast may have lost a dimension
    ridge = np.finfo(float).eps * np.trace(gram, axis1=1, axis2=2)[:, None, None] + np.finfo(float).tiny
    weights = np.linalg.solve(gram + ridge * np.eye(gram.shape[1]), known)
    return np.asarray(np.linalg.norm(block - forecasts @ weights, axis=(1, 2)))
