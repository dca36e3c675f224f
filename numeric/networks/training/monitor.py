"""A monitor for any training loop: curvature against the edge, every so many steps, as records in a file."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...runs.limits import check_count, check_positive, check_seed
from ..curvature.batch_sharpness import batch_sharpness
from ..curvature.preconditioned import preconditioned
from ..curvature.tracker import SpectrumTracker
from ..point import Curvature, Point
from ..problem import Problem
from .records import Record, RecordFile, plain
from .rules import StepRule, step_rule
from .run import bound_key
from .scalars import ScalarWriter
from .two_step import linear_part

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]
WHERE = "Monitor()"
MEASURES = ("hessian", "gauss-newton", "ntk", "preconditioned", "batch-sharpness", "two-step")
"""What a monitor can measure."""


def record_key(measure: str) -> str:
    """Under which key a record holds what a measure found."""
    return "sharpness" if measure == "hessian" else measure.replace("-", "_")


class Monitor:
    """Measures a run's curvature every so many steps and writes it down; for the user's own loop, or for ``train``.

    Each record has ``step``, ``loss`` (over all examples), ``gradient_norm``, ``edge`` (where the optimiser is known),
    the k largest eigenvalues of what is measured with their residual bounds (``sharpness`` and ``bound`` for the loss
    Hessian; ``gauss_newton``, ``ntk``, ``preconditioned`` with ``.._bound``), the ``products`` they took and
    ``seconds``. What is not finite is null.

    Attributes:
        problem: what is trained.
        every: steps between measurements.
        records: what was measured so far, one dictionary for each measured step.

    Raises:
        DomainError: nothing to measure, an unknown measure, k above the dimension, or a count out of range.
        OutputError: the file exists and is not to be resumed or replaced, or cannot be written.

    Source:
        Cohen et al. 2021 for what is worth watching.

    Example:
        >>> problem = es.networks.Problem.from_regression(es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0]), [0.1])
        >>> monitor = es.networks.Monitor(problem, every=10, k=1, optimiser="gradient-descent", step_size=0.5)
        >>> theta = problem.start
        >>> for step in range(21):
        ...     record = monitor(step, theta)
        ...     theta = theta - 0.5 * problem.at(theta).gradient
        >>> [r["step"] for r in monitor.records], monitor.records[0]["edge"]
        ([0, 10, 20], 4.0)
    """

    def __init__(
        self,
        problem: Problem,
        every: int = 10,
        file: str | Path | None = None,
        k: int = 2,
        measure: Sequence[str] = ("hessian",),
        *,
        optimiser: Any = None,
        step_size: float | None = None,
        batch_size: int | None = None,
        batches: int = 32,
        tolerance: float = 1e-3,
        seed: int = 0,
        resume: bool = False,
        force: bool = False,
        tensorboard: str | Path | None = None,
        tell: Callable[[str], Any] | None = None,
        first: int = 0,
    ) -> None:
        """Prepare the measurements.

        Args:
            problem: model, data and loss.
            every: steps between measurements, default 10.
            file: where records go, as JSON lines; kept in memory alone by default.
            k: eigenvalues of each curvature, largest first, default 2.
            measure: any of hessian, gauss-newton, ntk, preconditioned, batch-sharpness, two-step.
            optimiser: whose edge belongs to the run: a name, an optimiser of this project, or a step rule; None for
                none.
            step_size: eta, for the edge.
            batch_size: examples in a batch, for batch sharpness.
            batches: how many are drawn for it at each measurement, one product each; default 32.
            tolerance: for the bounds, relative to the largest eigenvalue, default 1e-3; an eigenvalue is then good to
                about its square over the relative gap.
            seed: of these batches, and of the random vectors that look for what rises from below.
            resume: go on with an existing file, after its last whole line.
            force: replace an existing file.
            tensorboard: a folder for scalars, when TensorBoard or tensorboardX is installed.
            tell: called with one line for each record, such as ``print``; nothing is printed by default.
            first: steps before this one are not measured; ``every`` counts from it.

        Raises:
            DomainError: nothing to measure, an unknown measure, k above the dimension, or a count out of range.
            OutputError: the file exists and is not to be resumed or replaced, or cannot be written.
        """
        self.problem, self.every, self.k = problem, check_count(WHERE, "every", every), check_count(WHERE, "k", k)
        self.measures = tuple([measure] if isinstance(measure, str) else measure)
        odd = [m for m in self.measures if m not in MEASURES]
        if odd:
            raise DomainError.of(WHERE, f"measures of {', '.join(MEASURES)}", odd[0], "Choose among these.")
        if k > problem.dimension:
            raise DomainError.of(WHERE, f"k up to the {problem.dimension} parameters", k, "Ask for fewer eigenvalues.")
        if ("batch-sharpness" in self.measures) != (batch_size is not None):
            raise DomainError.of(WHERE, "batch_size with batch-sharpness", f"{batch_size}", "Give both or neither.")
        if batch_size is not None and not 1 <= batch_size <= problem.examples:
            fix = "Give that of the run."
            raise DomainError.of(WHERE, f"a batch_size of 1 to {problem.examples}", batch_size, fix)
        if "two-step" in self.measures and problem.loss_name != "mse":
            raise DomainError.of(WHERE, "the squared loss for two-step", problem.loss_name, "Leave it out.")
        self.rule: StepRule | None = None if optimiser is None else step_rule(optimiser)
        self.step_size = None if step_size is None else check_positive(WHERE, "step_size", step_size)
        self.tolerance, self.seed = check_positive(WHERE, "tolerance", tolerance), check_seed(WHERE, seed)
        self.batch_size, self.batches = batch_size, check_count(WHERE, "batches", batches, 2)
        self.first = check_count(WHERE, "first", first, 0)
        self._file = None if file is None else RecordFile(file, resume=resume, force=force)
        self._records: list[Record] = []
        self._scalars = None if tensorboard is None else ScalarWriter(tensorboard)
        self._tell = tell
        self._diagonal: Array | None = None
        self._trackers = {m: self._tracker(m) for m in self.measures if m != "batch-sharpness"}

    def _tracker(self, measure: str) -> SpectrumTracker:
        """What follows one curvature from measurement to measurement."""
        matrix: Any = {"two-step": "ntk", "preconditioned": self._preconditioned}.get(measure, measure)
        # the linear part of a change is only as good as the eigenvector
        tolerance = min(self.tolerance, 1e-8) if measure == "two-step" else self.tolerance
        return SpectrumTracker(self.problem, self._count(measure), of=matrix, tolerance=tolerance, seed=self.seed)

    def _preconditioned(self, point: Point) -> Curvature:
        assert self._diagonal is not None
        return preconditioned(point.hessian, self._diagonal)

    def _count(self, measure: str) -> int:
        """Eigenvalues to follow: the kernel may have fewer than there are parameters."""
        outputs = self.problem.backend.outputs
        if measure in {"ntk", "two-step"} and outputs is not None:
            return min(1 if measure == "two-step" else self.k, outputs)
        return self.k

    @property
    def records(self) -> list[Record]:
        """What was measured so far."""
        return self._records if self._file is None else self._file.records

    def __call__(
        self, step: int, parameters: Any, *, preconditioner: Any = None, step_size: float | None = None
    ) -> Record | None:
        """Measure, if this step is one that is measured.

        Args:
            step: number of steps taken so far. One that was measured already is measured again, and later ones go.
            parameters: the model's, in the user's form (a pytree, a module) or flat.
            preconditioner: diagonal D of an adaptive optimiser's step ``eta m / D``, in the form of the parameters or
                flat; needed to measure ``preconditioned``.
            step_size: eta now, where it changes.

        Returns:
            The record; None where the step is not measured.

        Raises:
            DomainError: parameters of another model, or a preconditioner that is not positive.
            OutputError: the record could not be written.
        """
        if not self.due(step):
            return None
        diagonal = None if preconditioner is None else self.problem.flatten(preconditioner)
        if diagonal is not None and not (diagonal > 0).all():
            fix = "It is sqrt(v) + damping, with the corrections of Adam."
            raise DomainError.of("Monitor", "a preconditioner above 0", f"{diagonal.min():g} in it", fix)
        with np.errstate(over="ignore", invalid="ignore"):  # said by null in the record
            return self.measure(step, self.problem.at(parameters), diagonal, step_size)

    def due(self, step: int) -> bool:
        """Whether a step is one that is measured."""
        return step >= self.first and (step - self.first) % self.every == 0

    def next_due(self, step: int) -> int:
        """The first step after this one that is measured."""
        if step < self.first:
            return self.first
        return self.first + ((step - self.first) // self.every + 1) * self.every

    def measure(self, step: int, point: Point, diagonal: Array | None = None, step_size: float | None = None) -> Record:
        """Measure at a point, whatever the step; see ``__call__``."""
        began = time.perf_counter()
        loss, slope = point.loss, point.gradient
        norm = float(np.linalg.norm(slope.astype(np.float64)))
        record: Record = {"step": int(step), "loss": loss, "gradient_norm": norm}
        eta = self.step_size if step_size is None else check_positive("Monitor", "step_size", step_size)
        if self.rule is not None and eta is not None and np.isfinite(norm):
            record["edge"] = self.rule.edge(eta, norm)
        products = 0
        if np.isfinite(loss) and np.isfinite(norm):
            for measure in self.measures:
                products += self._take(measure, record, point, diagonal, eta)
        record["products"] = products
        record["seconds"] = round(time.perf_counter() - began, 6)
        return self._keep(plain(record))

    def _take(self, measure: str, record: Record, point: Point, diagonal: Array | None, eta: float | None) -> int:
        """Add one measure to a record; how many products it took."""
        if measure == "preconditioned" and diagonal is None:
            return 0
        if measure == "batch-sharpness":
            return self._take_batches(record, point)
        self._diagonal = diagonal
        pairs = self._trackers[measure].measure_at(point)
        if measure != "two-step":
            key = record_key(measure)
            record[key], record[bound_key(key)] = pairs.values, pairs.bounds
        elif eta is not None:
            linear = linear_part(point, eta, pairs.vectors[:, 0])
            record["two_step"] = {"eigenvalue": pairs.values[0], "bound": pairs.bounds[0], "linear": linear}
        return pairs.products

    def _take_batches(self, record: Record, point: Point) -> int:
        """Add batch sharpness, over other batches at each step; null where the gradients of all batches vanish."""
        size, seed = self.batch_size or 1, self.seed + record["step"]
        record["batch_sharpness"] = None
        with contextlib.suppress(DomainError):  # sizes were checked before the run
            found = batch_sharpness(self.problem, point.theta, size, batches=self.batches, seed=seed)
            record["batch_sharpness"] = found.json()
            return found.batches
        return 0

    def _keep(self, record: Record) -> Record:
        if self._file is not None:
            self._file.append(record)
        else:
            self._records = [r for r in self._records if r["step"] < record["step"]] + [record]
        if self._scalars is not None:
            self._scalars.add(record)
        if self._tell is not None:
            self._tell(describe_record(record))
        return record

    def add_to_records(self, more: Callable[[Record], Record]) -> None:
        """Add entries to the records made so far; a file is replaced by one that has them, at once.

        Args:
            more: from a record to what is added to it.

        Raises:
            OutputError: the file could not be written; it is then as it was.
        """
        records = [record | plain(more(record)) for record in self.records]
        if self._file is not None:
            self._file.rewrite(records)
        else:
            self._records = records

    def config(self) -> dict[str, Any]:
        """What records depend on, as plain data."""
        late = {"first": self.first} if self.first else {}
        own = {"every": self.every, "k": self.k, "measure": list(self.measures), "tolerance": self.tolerance}
        return own | late | {"monitor_seed": self.seed, "batch_size": self.batch_size, "batches": self.batches}

    def state(self) -> dict[str, Array]:
        """What the next measurements start from, for a checkpoint."""
        found = {f"{m} {name}": a for m, t in self._trackers.items() for name, a in t.state().items()}
        if self._file is None:
            found["records"] = np.frombuffer(json.dumps(self._records).encode(), np.uint8)
        return found

    def restore(self, state: dict[str, Array], step: int) -> None:
        """Go on as if the run had not been interrupted: warm starts as they were, later records removed.

        Args:
            state: what ``state`` gave.
            step: at which the run goes on; records of this and later steps go.
        """
        for measure, tracker in self._trackers.items():
            own = {k.removeprefix(f"{measure} "): a for k, a in state.items() if k.startswith(f"{measure} ")}
            tracker.restore(own)
        if self._file is not None:
            self._file.cut(step)
        elif "records" in state:
            self._records = [r for r in json.loads(state["records"].tobytes()) if r["step"] < step]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the eigenvalues against the edge; see ``plot_spectrum``."""
        from .figures import plot_spectrum

        return plot_spectrum(self, ax=ax)


def describe_record(record: Record) -> str:
    """One line on a record, for people."""
    words = [f"step {record['step']}"]
    if record["loss"] is not None:
        words.append(f"loss {record['loss']:.4g}")
    for measure in MEASURES:
        values = record.get(record_key(measure))
        if isinstance(values, list):
            words.append(f"{measure} {', '.join('-' if v is None else f'{v:.4g}' for v in values)}")
    if record.get("batch_sharpness"):
        words.append("batch-sharpness {value:.4g} +- {standard_error:.2g}".format(**record["batch_sharpness"]))
    if record.get("edge") is not None:
        words.append(f"edge {record['edge']:.4g}")
    return "; ".join(words)
