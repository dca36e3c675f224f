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

KEPT = 8
"""Blocks that are remembered."""
FITTED = (2, 3, 4)
"""Lags of the fitted predictions."""
SURPRISE = 0.5
"""Part of a block outside the best forecast, of unit vectors, beyond which the past is forgotten."""
FEW = 10**4
"""Blocks of up to so many numbers are judged all at once; larger ones one by one, to save memory."""
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
        self._gram = np.empty((0, 0))
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
            self.scores = dict(zip(self.forecasts, _distances(list(self.forecasts.values()), block), strict=True))
            # with fewer blocks the rules of period two have not been heard
            if len(self.blocks) >= 4 and min(self.scores.values()) > SURPRISE:
                # another eigenvector took its place: what the old one did says nothing of it
                self.blocks, self.scores = [], {}
            else:
                block = turned(block, self.blocks[-1])
        self.blocks = [*self.blocks, block][-KEPT:]
        self._grow_gram()
        self._predict()

    def resume(self, blocks: list[Array], scores: dict[str, float]) -> None:
        """Go on from what was remembered.

        Args:
            blocks: as ``blocks``.
            scores: as ``scores``.
        """
        self.blocks = []
        for block in blocks:
            self.blocks.append(block)
            self._grow_gram()
        self._predict()
        self.scores = scores

    def _grow_gram(self) -> None:
        """Inner products of the newest block with those kept."""
        old = min(len(self._gram), len(self.blocks) - 1)
        gram = np.empty((old + 1,) * 2)
        gram[:old, :old] = self._gram[len(self._gram) - old :, len(self._gram) - old :]
        gram[old] = gram[:, old] = [float(np.vdot(b, self.blocks[-1])) for b in self.blocks[-old - 1 :]]
        self._gram = gram

    def _predict(self) -> None:
        """Make the next forecasts."""
        known, block = len(self.blocks), self.blocks[-1]
        self.forecasts = {
            name: sum((w * self.blocks[-back] for back, w in rule.items()), np.zeros_like(block))
            for name, rule in RULES.items()
            if max(rule) <= known
        }
        for lags in FITTED:
            if known >= lags + 2:
                weights = _fit(self._gram, lags)
                self.forecasts[f"fitted {lags}"] = sum(
                    (w * b for w, b in zip(weights, self.blocks[::-1], strict=False)), np.zeros_like(block)
                )


def _fit(gram: Array, lags: int) -> Array:
    """Weights of the last blocks that would have predicted the newest ones best, from the blocks' inner products."""
    rows = min(ROWS, len(gram) - lags)
    matrix, right = np.zeros((lags, lags)), np.zeros(lags)
    for row in range(rows):
        newest = len(gram) - 1 - row
        back = slice(newest - lags, newest)
        matrix += gram[back, back][::-1, ::-1]
        right += gram[back, newest][::-1]
    values, vectors = np.linalg.eigh(matrix)
    good = values > 1e-13 * values[-1]
    return np.asarray(vectors[:, good] @ ((vectors[:, good].T @ right) / values[good]))


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


def _distances(forecasts: list[Array], block: Array) -> list[float]:
    """How much of a block lies outside the span of each forecast."""
    if block.size > FEW and len(forecasts) > 1:
        return [_distances([one], block)[0] for one in forecasts]
    spans = np.linalg.qr(np.stack(forecasts))[0]
    outside = block - spans @ (spans.transpose(0, 2, 1) @ block)
    found: list[float] = np.linalg.norm(outside, axis=(1, 2)).tolist()
    return found
