"""``edgestab network --predict`` and ``--flow``: what is predicted of a watched run, beside it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from edgestab.symbolic.algebra.errors import DomainError

from .common import progress_on

if TYPE_CHECKING:
    from edgestab.numeric.networks.predictions.central_flow import CentralFlowPrediction
    from edgestab.numeric.networks.predictions.predict import RunPredictions
    from edgestab.numeric.networks.problem import Problem
    from edgestab.numeric.networks.training.monitor import Monitor
    from edgestab.numeric.networks.training.rules import StepRule
    from edgestab.numeric.networks.training.run import TrainingRun

PREDICTIONS = ("central-flow", "two-step", "taylor", "self-stabilisation")
FLOW_WORK = 4e7
"""A figure has the central flow by itself where steps times parameters times examples are at most this: seconds."""


def check_predictable(option: str, rule: StepRule, batch: int | None) -> None:
    """Refuse, before anything is built, a run that the theory says nothing about.

    Args:
        option: that asks for it, for the message.
        rule: the optimiser.
        batch: examples in each step; None for all.

    Raises:
        DomainError: another optimiser, weight decay, or mini-batches.
    """
    if not is_predictable(rule):
        fix = "The central flow is known here for these two, without weight decay."
        raise DomainError.of(option, "gradient-descent or rmsprop", rule.name, fix)
    if batch is not None:
        fix = "What is predicted is a swing about a centre, which batches would shift at each step: leave --batch out."
        raise DomainError.of(option, "steps on all examples", f"--batch {batch}", fix)


def is_predictable(rule: StepRule) -> bool:
    """Whether the central flow of an optimiser is known here."""
    return rule.name in {"gradient-descent", "rmsprop"} and not Fraction(rule.settings.get("gamma", "0"))


def read_predictions(text: str, loss: str, tolerance: float, begin: int, rule: StepRule) -> tuple[str, ...]:
    """The predictions asked for, checked before anything is built.

    Args:
        text: names with commas, or ``all``.
        loss: of the network.
        tolerance: error up to which a prediction holds.
        begin: steps before the first that is predicted.
        rule: the optimiser.

    Returns:
        Names; empty for all that apply.

    Raises:
        DomainError: an unknown name, one that does not apply, a tolerance or a step out of range.
    """
    if not tolerance > 0:
        raise DomainError.of("--tolerance", "a number above 0", tolerance, "Raise it.")
    if begin < 0:
        raise DomainError.of("--predict-from", "a step of 0 or more", begin, "Raise it.")
    names = () if text.strip() == "all" else tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in PREDICTIONS]
    if unknown:
        raise DomainError.of("--predict", f"{', '.join(PREDICTIONS)}, or all", ", ".join(unknown), "Choose of these.")
    if "two-step" in names and loss != "mse":
        raise DomainError.of("--predict", "mse for two-step", loss, "The split is that of the squared loss.")
    odd = [name for name in names if name != "central-flow" and rule.name == "rmsprop"]
    if odd:
        raise DomainError.of("--predict", f"gradient-descent for {odd[0]}", rule.name, "Choose central-flow.")
    return names


def predicted(
    problem: Problem, run: TrainingRun, watch: Monitor, names: tuple[str, ...], k: int
) -> RunPredictions | None:
    """Predict beside a run, and write what was predicted into its records.

    Args:
        problem: what was trained.
        run: the run.
        watch: its monitor.
        names: predictions; empty for all that apply.
        k: eigenvalues that the flow may hold at the edge; three at least, as far as there are so many.

    Returns:
        The predictions; None where the run ended before the first step that was to be predicted.

    Raises:
        DomainError: what ``predict_beside`` refuses.
    """
    from edgestab.numeric.networks.predictions.predict import predict_beside

    if len(run.records) < 2:
        return None
    with progress_on("central flow") as tell:
        count = min(max(k, 3), problem.dimension)
        found = predict_beside(problem, run, predictions=names or None, eigenvalues=count, progress=tell)
    watch.add_to_records(lambda record: found.at_step(record["step"]))
    return found


def flow_beside(problem: Problem, run: TrainingRun, wanted: bool | None) -> CentralFlowPrediction | None:
    """The central flow of a run from its start, for its figure.

    Args:
        problem: what was trained.
        run: the run.
        wanted: whether it is asked for; None where it is so where it takes seconds.

    Returns:
        The flow, compared with the run; None where it is not wanted or would take long.

    Raises:
        DomainError: what ``central_flow`` refuses.
    """
    from edgestab.numeric.networks.predictions.central_flow import central_flow
    from edgestab.numeric.networks.predictions.watched import watched_descent

    quick = run.stopped * problem.dimension * problem.examples <= FLOW_WORK
    fits = run.batch is None and run.optimiser == "gradient-descent" and run.has("sharpness") and run.stopped > 1
    if not (wanted or (wanted is None and quick and fits)):
        return None
    descent, _, centre, moment = watched_descent(problem, run)
    with progress_on("central flow") as tell:
        return central_flow(
            problem,
            run.step_size,
            run.stopped,
            optimiser=descent.rule.name,
            beta2=descent.rule.beta2 or 0.99,
            eigenvalues=min(3, problem.dimension),
            start=centre,
            moment=moment,
            run=descent,
            progress=tell,
        )


def flow_rows(flow: CentralFlowPrediction) -> Iterator[tuple[str, str]]:
    """What the table says of the flow in the figure, with its error."""
    yield "central flow", f"{flow.status} after {len(flow.steps) - 1:,} steps"
    for name in ("loss", "total-variance"):
        found = flow.comparisons[name]
        if len(found.steps):
            yield f"  error of its {name.replace('total-', '')}", f"{found.median:.2g} in the median ({found.how})"


def prediction_rows(content: dict[str, Any], found: RunPredictions) -> Iterator[tuple[str, str]]:
    """The table of what was predicted."""
    yield "predicted", f"{len(found.run.theta) - 1:,} steps from step {found.begin:,}"
    crossing = content["crossing"]
    yield "first above the edge", "never" if crossing is None else f"{crossing:,} steps later"
    for key, label in (("slope", "slope of z''-z on 2yz"), ("swing_slope", "slope of x''-x on 2yx")):
        slope = content[key]
        if slope is not None:
            yield label, f"{slope['value']:.3f} ({slope['low']:.3f} to {slope['high']:.3f}), {slope['points']} steps"
    flow = content["central_flow"]
    if flow is not None:
        more = "; all eigenvalues followed are at the edge: raise --top" if flow["more_eigenvalues_at_the_edge"] else ""
        yield "central flow", f"{flow['status']}, residual of the complementarity problem {flow['residual']:.1e}{more}"
    yield "holds for", f"steps with an error of at most {content['tolerance']:g}; from the edge on; median error"
    for row in content["comparisons"]:
        edge = "-" if row["holds_for_from_edge"] is None else f"{row['holds_for_from_edge']:,}"
        median = "-" if row["median_error"] is None else f"{row['median_error']:.2g}"
        yield (
            f"  {row['prediction']}: {row['quantity']}",
            f"{row['holds_for']:,} of {row['steps']:,} from step {row['from']:,}; {edge}; {median}",
        )
