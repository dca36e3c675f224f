"""Eigenvalues along a training run, each step begun from what the steps before taught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...runs.limits import check_count, check_positive, check_seed
from ..backends.backend import Array
from ..point import Curvature, Point
from ..problem import Problem
from .eigenpairs import ENDS, Eigenpairs, extend, finish
from .extrapolation import Forecast
from .frame import FRAMED_FROM, Frame, FramedCurvature, deeper, framed, side_by_side
from .subspace import LowRankModel, Search, chosen_ends, new_directions

WHERE = "SpectrumTracker()"
MATRICES = ("hessian", "gauss-newton", "ntk")
ROOM = 24
"""Rows of a frame beside those of the model, to begin with."""
LARGE = 10**8
"""Parameters times examples from which on memory is foreseen before the run."""


class SpectrumTracker:
    """The outermost eigenpairs of a curvature, step after step, at few products a step.

    A step begins from a forecast of the eigenvectors (``extrapolation``), one product each. What the tolerance still
    asks for comes from corrections through a low-rank model of the matrix that all earlier products taught. So that an
    eigenvalue that rises from below is seen, each step spends ``scout`` products more: in turns on the directions that
    the model holds for the next ones, and on vectors that grow beside all of these by a product each time; every
    ``refresh`` steps a random vector joins and the pair next to the wanted ones has to show itself. Where the forecast
    fails, the step is searched from scratch. What overtakes the k-th pair may still be seen a step or two late: follow
    one pair more than you need. None of this proves that nothing was missed (``top_eigenpairs`` with
    ``certify=True`` does, with probability 0.999).

    Attributes:
        problem: whose curvature.
        k: pairs at each end.
        of: ``"hessian"``, ``"gauss-newton"``, ``"ntk"``, or what a point is turned into a curvature by.
        ends: which ends.
        tolerance: for each bound, relative to the largest value in size.
        products: taken so far, by all steps.
        measured: steps measured so far.

    Source:
        Derived here; Davidson 1975 for the corrections, Powell 1970 for the model's update.

    Example:
        >>> import numpy as np
        >>> model = es.RegressionModel(np.eye(30)[:, :3] * [3.0, 2.0, 1.0], np.zeros((3, 30, 30)), np.ones(3))
        >>> problem = es.networks.Problem.from_regression(model, np.zeros(30))
        >>> tracker, theta = es.networks.SpectrumTracker(problem), problem.start
        >>> for _ in range(12):
        ...     pairs = tracker.measure(theta)
        ...     theta = theta - 0.1 * problem.at(theta).gradient
        >>> pairs.products, tracker.measured, bool(pairs.bounds[0] < 1e-3 * pairs.values[0])
        (2, 12, True)
    """

    def __init__(
        self,
        problem: Problem,
        k: int = 1,
        *,
        of: str | Callable[[Point], Curvature] = "hessian",
        ends: str = "largest",
        tolerance: float = 1e-3,
        scout: int = 1,
        refresh: int = 32,
        double: bool = True,
        seed: int = 0,
    ) -> None:
        """Set up; nothing is computed yet.

        Args:
            problem: whose curvature.
            k: pairs at each end.
            of: which matrix, or a function that makes a curvature of a point (for a preconditioned one).
            ends: ``"largest"``, ``"smallest"`` or ``"both"``.
            tolerance: for each bound, relative to the largest value in size; a value is then good to about its square
                over the relative gap.
            scout: products a step for what may rise from below, at least 0.
            refresh: steps between random vectors.
            double: whether residuals of a float32 problem are evaluated in float64.
            seed: of the random vectors.

        Raises:
            DomainError: an argument out of range, or memory that would not suffice.
        """
        self.problem, self.of = problem, of
        self.k = check_count(WHERE, "k", k)
        if ends not in ENDS:
            raise DomainError.of(WHERE, f"ends one of {', '.join(ENDS)}", repr(ends), "Choose one of these.")
        if isinstance(of, str) and of not in MATRICES:
            raise DomainError.of(
                WHERE, f"one of {', '.join(MATRICES)}, or a function", repr(of), "Choose one of these."
            )
        self.ends, self.tolerance = ends, check_positive(WHERE, "tolerance", tolerance)
        self.scout = check_count(WHERE, "scout", scout, 0)
        self.refresh = check_count(WHERE, "refresh", refresh)
        self.double, self.seed = double, check_seed(WHERE, seed)
        self.products = self.measured = 0
        self._forecast = Forecast()
        self._model: LowRankModel | None = None
        self._explorer: Array | None = None
        self._size = 0
        self._frame: Frame | None = None
        self._restored: Array | None = None
        wanted = k if ends != "both" else 2 * k
        if problem.dimension * problem.examples >= LARGE:
            problem.require_memory(wanted + scout, 2 * self._rank(wanted) + 24 * wanted + 16)

    @staticmethod
    def _rank(wanted: int) -> int:
        return 4 * wanted + 12

    @staticmethod
    def _turn(measured: int) -> bool:
        """Whether it is the turn of the pairs next to the wanted ones."""
        return measured % 3 == 0

    def measure(self, parameters: Any = None, batch: Any = None) -> Eigenpairs:
        """The eigenpairs at the next step.

        Args:
            parameters: in the user's form, or flat; the problem's start by default.
            batch: numbers of the examples that count; all by default.

        Returns:
            The pairs with their bounds; ``products`` are those of this step.

        Raises:
            DomainError: the model has diverged, k above the dimension, or what ``Problem.at`` refuses.
        """
        return self.measure_at(self.problem.at(parameters, batch))

    def measure_at(self, point: Point) -> Eigenpairs:
        """The eigenpairs at a point that is there already.

        Args:
            point: of the tracker's problem.

        Returns:
            The pairs with their bounds.

        Raises:
            DomainError: the model has diverged, or k above the dimension.
        """
        curvature = getattr(point, self.of.replace("-", "_")) if isinstance(self.of, str) else self.of(point)
        size = curvature.size
        if self.k > size:
            raise DomainError.of(WHERE, f"k of at most {size}", self.k, f"The {curvature.name} has {size} eigenvalues.")
        wanted = len(chosen_ends(size, self.k, self.ends))
        if self._model is None or self._size != size:
            self._begin(curvature, wanted)
        elif self._restored is not None:
            self._frame = framed(curvature, len(self._model.vectors))
            self._frame.rows.write(self._restored)
            self._frame.count = len(self._restored)
        self._restored = None
        if self._frame is not None:
            curvature = FramedCurvature(curvature, self._frame)
        # one generator a step, so that a resumed run draws what the whole one would have drawn
        rng = np.random.default_rng([self.seed, self.measured])
        search, begun = Search(curvature), curvature.products
        known = bool(self._forecast.blocks)
        first = self._first(known, rng, curvature)
        assert self._model is not None
        extend(
            search,
            self._model,
            first,
            self.k,
            self.ends,
            self.tolerance,
            200 + 50 * self.k,
            rng,
            guarded=not known or self.measured % self.refresh == 0,
            forecast=known,
        )
        pairs = finish(search, self.k, self.ends, self.tolerance, curvature.products - begun, double=self.double)
        self._learn(search, self.measured)
        self.products += pairs.products
        self.measured += 1
        return pairs

    def _begin(self, curvature: Curvature, wanted: int) -> None:
        """Forget the past, and decide where vectors live."""
        self._size, rank = curvature.size, self._rank(wanted)
        self._frame = framed(curvature, rank + ROOM) if curvature.size >= FRAMED_FROM else None
        height = curvature.size if self._frame is None else self._frame.height
        self._model, self._forecast, self._explorer = LowRankModel(height, rank), Forecast(), None

    def _first(self, known: bool, rng: np.random.Generator, curvature: Curvature) -> Array:
        """The forecast, the directions that the model holds for the next ones, now and then a random vector."""
        assert self._model is not None
        if not known:
            return curvature.draw(rng)
        parts = [self._forecast.next()]
        if self.scout:
            span = new_directions(parts[0][:, :0], parts[0])
            vectors, values = self._model.beside(span)
            next_ones = vectors[:, chosen_ends(len(values), self.scout, self.ends)]
            # in turns: the pairs next to the wanted ones, and what grows beside them under repeated products
            if self._turn(self.measured):
                parts.append(next_ones)
            else:
                wide = curvature.draw(rng, self.scout) if self._explorer is None else self._explorer
                self._explorer = new_directions(deeper(np.concatenate([span, next_ones], 1), len(wide)), wide)
                parts.append(self._explorer)
        if self.measured % self.refresh == 0:
            parts.append(curvature.draw(rng))
        return side_by_side(parts)

    def _learn(self, search: Search, before: int) -> None:
        """Teach the model, and note the block with the correction that it suggests: no product is spent on that."""
        assert self._model is not None
        ritz, height = search.ritz(self.k, self.ends), len(search.basis)
        self._model = self._model.copy(0, height)
        self._forecast.deepen(height)
        self._model.learn(search.basis, search.images)
        corrected = self._model.correct(ritz.wanted, ritz.residuals, search.scale, ritz.vectors)
        self._forecast.observe(np.linalg.qr(ritz.vectors + corrected)[0])
        if self._explorer is not None and not self._turn(before):
            explored = deeper(self._explorer, height)
            image = search.images @ (search.basis.T @ explored)
            # moved so that the end looked at is the one that grows most
            self._explorer = image - search.scale * explored if self.ends == "smallest" else image
        if self._frame is not None and self._frame.full(self._room(len(ritz.chosen))):
            self._settle(self._frame, len(ritz.chosen))

    def _settle(self, frame: Frame, wanted: int) -> None:
        """Let go of what no later step asks for."""
        assert self._model is not None
        explorer = [] if self._explorer is None else [self._explorer]
        parts = [self._model.vectors, *self._forecast.blocks, *explorer]
        moved = frame.settle(parts, 2 * self._room(wanted))
        self._model.vectors = moved[0]
        if self._explorer is not None:
            self._explorer = moved.pop()
        self._forecast.resume(moved[1:], self._forecast.scores)

    def _room(self, wanted: int) -> int:
        """Rows that a step at which all goes well may need: images, and two random vectors."""
        return 2 * wanted + 2 * self.scout + 4

    def state(self) -> dict[str, Array]:
        """What a checkpoint has to keep for the next steps to be the same to the bit.

        Returns:
            Name to array.
        """
        if self._model is None:
            return {}
        forecast = self._forecast
        kept = {
            "counts": np.array([self.products, self.measured]),
            "model_vectors": self._model.vectors,
            "model_values": self._model.values,
            "blocks": np.stack(forecast.blocks),
        }
        if self._explorer is not None:
            kept["explorer"] = self._explorer
        if self._frame is not None:
            kept["frame"] = self._frame.rows.read(self._frame.count)
        return kept | {f"score: {name}": np.array(score) for name, score in forecast.scores.items()}

    def restore(self, state: dict[str, Array]) -> None:
        """Go on from a checkpoint.

        Args:
            state: from ``state`` of a tracker with the same arguments.
        """
        if not state:
            return
        self.products, self.measured = (int(c) for c in state["counts"])
        vectors, frame = np.asarray(state["model_vectors"]), state.get("frame")
        size = len(vectors) if frame is None else frame.shape[1]
        self._restored = None if frame is None else np.asarray(frame)
        self._frame, self._size = None, size
        self._model = LowRankModel(len(vectors), self._rank(len(chosen_ends(size, self.k, self.ends))))
        self._model.vectors, self._model.values = vectors, np.asarray(state["model_values"])
        self._explorer = np.asarray(state["explorer"]) if "explorer" in state else None
        self._forecast = Forecast()
        self._forecast.resume(
            list(np.asarray(state["blocks"])),
            {name.removeprefix("score: "): float(v) for name, v in state.items() if name.startswith("score: ")},
        )
