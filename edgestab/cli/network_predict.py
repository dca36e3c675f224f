"""``edgestab network --predict``: what is predicted of a run, beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from edgestab.symbolic.algebra.errors import DomainError

from .common import Output, clean, progress_on

if TYPE_CHECKING:
    from edgestab.numeric.networks.predictions.predict import RunPredictions
    from edgestab.numeric.networks.problem import Problem
    from edgestab.numeric.networks.training.rules import StepRule

PREDICTIONS = ("central-flow", "two-step", "taylor", "self-stabilisation")


def read_predictions(text: str, rule: StepRule, tolerance: float, others: Mapping[str, object]) -> tuple[str, ...]:
    """The predictions asked for, checked before anything is built.

    Args:
        text: names with commas, or ``all``.
        rule: the optimiser.
        tolerance: error up to which a prediction holds.
        others: values of options that make no sense beside them, None where not given.

    Returns:
        Names; empty for all that apply.

    Raises:
        DomainError: an unknown name, another optimiser, a tolerance or an option that does not fit.
    """
    given = [name for name, value in others.items() if value is not None]
    if given:
        fix = "Predictions are for full-batch runs that are measured at every step and kept in memory."
        raise DomainError.of("--predict", "no other way of watching the run", ", ".join(given), fix)
    if not tolerance > 0:
        raise DomainError.of("--tolerance", "a number above 0", tolerance, "Raise it.")
    if rule.name not in {"gradient-descent", "rmsprop"} or Fraction(rule.settings.get("gamma", "0")):
        fix = "The central flow is known here for these two, without weight decay."
        raise DomainError.of("--predict", "gradient-descent or rmsprop", rule.name, fix)
    names = () if text.strip() == "all" else tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in PREDICTIONS]
    if unknown:
        raise DomainError.of("--predict", f"{', '.join(PREDICTIONS)}, or all", ", ".join(unknown), "Choose of these.")
    return names


def show_predictions(
    problem: Problem,
    rule: StepRule,
    eta: float,
    steps: int,
    k: int,
    names: tuple[str, ...],
    begin: int,
    tolerance: float,
    output: Output,
) -> None:
    """Run, predict and report.

    Args:
        problem: model, data and loss.
        rule: gradient descent or RMSProp.
        eta: step size.
        steps: that are predicted.
        k: eigenvalues that are followed; three at least, as far as there are so many.
        names: predictions; empty for all that apply.
        begin: steps before those.
        tolerance: error up to which a prediction holds.
        output: where the result goes.

    Raises:
        DomainError: what ``predict_run`` refuses.
    """
    import numpy as np

    from edgestab.numeric.networks.predictions.figures import figure_data, save_predictions
    from edgestab.numeric.networks.predictions.predict import predict_run

    adaptive = rule.name == "rmsprop"
    options: Any = (
        {"beta2": float(Fraction(rule.settings["beta_2"])), "moment": np.zeros(problem.dimension)} if adaptive else {}
    )
    with progress_on("steps") as tell:
        found = predict_run(
            problem,
            eta,
            steps,
            predictions=names or None,
            optimiser=rule.name,
            begin=begin,
            eigenvalues=min(max(k, 3), problem.dimension),
            progress=tell,
            **options,
        )
    content = found.summary(tolerance) | {"parameters": problem.dimension, "examples": problem.examples}
    content |= {"optimiser": rule.name, "step_size": eta, "from": begin, "edge": found.run.edge}
    if output.plot is not None:
        save_predictions(found, output.plot)
    output.write({**content, "data": figure_data(found)})
    output.show(_rows(clean(content), found))


def _rows(content: dict[str, Any], found: RunPredictions) -> Iterator[tuple[str, str]]:
    """The table of one run with its predictions."""
    yield "status", f"{content['status']} after {len(found.run.theta) - 1:,} steps from step {content['from']:,}"
    yield "size", f"{content['parameters']:,} parameters, {content['examples']:,} examples"
    yield "optimiser", f"{content['optimiser']}, eta = {content['step_size']:g}, edge {content['edge']:g}"
    crossing = content["crossing"]
    yield "first above the edge", "never" if crossing is None else f"step {crossing:,}"
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
