"""``edgestab network``: a network trained and watched at the edge of stability."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import Output, check_writable, clean, parse_numbers, parse_rational, progress_on, with_output
from .network_predict import (
    PREDICTIONS,
    check_predictable,
    flow_beside,
    flow_rows,
    predicted,
    prediction_rows,
    read_predictions,
)
from .optimisers import FILTER, read_optimiser

if TYPE_CHECKING:
    from edgestab.numeric.networks.predictions.central_flow import CentralFlowPrediction
    from edgestab.numeric.networks.predictions.predict import RunPredictions
    from edgestab.numeric.networks.problem import Problem
    from edgestab.numeric.networks.training.rules import StepRule
    from edgestab.numeric.networks.training.run import TrainingRun

OPTIMISERS = (
    "gradient-descent",
    "heavy-ball",
    "nesterov",
    "averaged-gradient",
    "sam",
    "normalised-sam",
    "adam",
    "rmsprop",
    "weight-decay",
    FILTER,
)
STEP_SIZES = {"adam": 1e-3, "rmsprop": 1e-3, "digits": 0.4, "cifar": 0.03}
STEP_SIZE = 0.2
HIDDEN = {"chebyshev": "20,20"}
EXAMPLES = {"chebyshev": 20, "digits": 200, "cifar": 5000}
MEASURES = "hessian, gauss-newton, ntk, preconditioned, batch-sharpness, two-step"


@click.command()
@click.option(
    "--data",
    default="chebyshev",
    show_default=True,
    metavar="DATA",
    help="chebyshev, digits, FILE.npz (arrays inputs and targets, or x and y), or the folder of CIFAR-10's binary "
    "version.",
)
@click.option("--examples", type=int, help="Examples N; default 20 (chebyshev), 200 (digits), 5000 (CIFAR-10), all.")
@click.option("--degree", type=int, default=4, show_default=True, help="Degree of the Chebyshev polynomial.")
@click.option("--hidden", metavar="W,W,..", help="Widths of the hidden layers.  [default: 20,20 (chebyshev), 40,40]")
@click.option("--depth", type=int, metavar="N", help="Hidden layers, all of --width, instead of --hidden.")
@click.option("--width", type=int, metavar="W", help="Width of each hidden layer (with --depth).")
@click.option("--activation", default="tanh", show_default=True, help="tanh, relu, gelu, softplus, elu or linear.")
@click.option("--loss", default="mse", show_default=True, help="mse (|f - y|^2 / 2 an example) or cross-entropy.")
@click.option("--optimiser", "optimiser_name", type=click.Choice(OPTIMISERS), help="Instead of gradient descent.")
@click.option("--beta", metavar="B", help="Momentum, or beta_1 of Adam, in [0, 1).  [default: 9/10]")
@click.option("--beta-2", metavar="B", help="Decay of squared gradients.  [default: 0.999 (Adam), 0.99 (RMSProp)]")
@click.option("--rho", metavar="R", help="Ascent radius: of sam over the step size, of normalised-sam itself.")
@click.option("--gamma", metavar="G", help="Weight decay times the step size, in [0, 1), for any optimiser.")
@click.option("--filter", "filter_text", metavar="N0,N1,..[:D0,D1,..]", help="Optimiser that filters past gradients.")
@click.option(
    "--eta", "eta_text", metavar="ETA", help="Step size eta.  [default: one that reaches the edge in the examples]"
)
@click.option("--batch", type=int, metavar="B", help="Examples in each step; all by default.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of weights, batches, and digits drawn.")
@click.option("--steps", type=int, default=1000, show_default=True, help="Gradient steps.")
@click.option("--every", type=int, help="Steps between measurements.  [default: 10; 1 with --predict]")
@click.option("--top", "k", type=int, default=2, show_default=True, metavar="K", help="Eigenvalues to follow.")
@click.option("--measure", metavar="M,M,..", help=f"What to measure: {MEASURES}.  [default: what the edge speaks of]")
@click.option("--precision", type=click.Choice(("float32", "float64")), default="float64", show_default=True)
@click.option("--chunk", type=int, metavar="N", help="Examples differentiated at once, to bound memory.")
@click.option("--checkpoint", metavar="DIR", help="Keep the state of the run here.")
@click.option("--checkpoint-every", type=int, default=100, show_default=True, help="Steps between checkpoints.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, bit for bit, and after the last record.")
@click.option("--records", metavar="FILE", help="Write a line of JSON for each measured step, as it is measured.")
@click.option("--tensorboard", metavar="DIR", help="Write scalars for TensorBoard, where it is installed.")
@click.option("--predict", metavar="NAME,NAME,..", help=f"Set beside the run: {', '.join(PREDICTIONS)}, or all.")
@click.option("--predict-from", type=int, default=0, show_default=True, metavar="STEP", help="Steps before that.")
@click.option("--flow/--no-flow", default=None, help="Central flow in the figure.  [default: where it takes seconds]")
@click.option("--tolerance", type=float, default=0.1, show_default=True, help="Error up to which a prediction holds.")
@with_output("Draw eigenvalues against the edge and the loss, with the central flow (png, pdf or svg).")
def network(
    data: str,
    examples: int | None,
    degree: int,
    hidden: str | None,
    depth: int | None,
    width: int | None,
    activation: str,
    loss: str,
    optimiser_name: str | None,
    beta: str | None,
    beta_2: str | None,
    rho: str | None,
    gamma: str | None,
    filter_text: str | None,
    eta_text: str | None,
    batch: int | None,
    seed: int,
    steps: int,
    every: int | None,
    k: int,
    measure: str | None,
    precision: str,
    chunk: int | None,
    checkpoint: str | None,
    checkpoint_every: int,
    resume: bool,
    records: str | None,
    tensorboard: str | None,
    predict: str | None,
    predict_from: int,
    flow: bool | None,
    tolerance: float,
    output: Output,
) -> None:
    """Train a fully connected network and watch its curvature against the edge of its optimiser.

    Records are JSON lines: pandas.read_json(FILE, lines=True) reads them. Ctrl-C ends the run and keeps what was done.
    With --predict central flow, Taylor model, .. are set beside --steps steps of the run, each says for how many steps
    it holds, and records hold what was predicted beside what was measured.
    """
    from edgestab.numeric.networks.architectures import fully_connected
    from edgestab.numeric.networks.training.monitor import Monitor
    from edgestab.numeric.networks.training.train import train

    if records is not None and not resume:
        check_writable(records, output.force)
    rule = _rule(optimiser_name, filter_text, {"beta": beta, "beta_2": beta_2, "rho": rho, "gamma": gamma})
    eta = 0.0 if eta_text is None else _step_size(eta_text)
    names = None
    if predict is not None:
        check_predictable("--predict", rule, batch)
        names = read_predictions(predict, loss, tolerance, predict_from, rule)
    elif flow:
        check_predictable("--flow", rule, batch)
    measures = _measures(measure, rule, batch, predict is not None or bool(flow))
    inputs, targets = _data(data, examples, degree, seed, loss)
    of_data = STEP_SIZES.get("cifar" if Path(data).is_dir() else data, STEP_SIZE)
    if eta_text is None:
        eta = STEP_SIZES.get(rule.name, of_data)
    problem = fully_connected(
        inputs,
        targets,
        hidden=_widths(hidden, depth, width, HIDDEN.get(data, "40,40")),
        activation=activation,
        loss=loss,
        seed=seed,
        chunk=chunk,
        dtype=precision,
    )
    begin = 0 if names is None else predict_from
    if every is None:
        every = 10 if names is None else 1
    watch = Monitor(
        problem,
        every,
        records,
        min(k, problem.dimension),
        measures,
        optimiser=rule,
        step_size=eta,
        batch_size=batch if "batch-sharpness" in measures else None,
        seed=seed,
        resume=resume,
        force=output.force,
        tensorboard=tensorboard,
        first=begin,
    )
    with progress_on("steps") as tell:
        run = train(
            problem,
            rule,
            step_size=eta,
            steps=begin + steps,
            batch=batch,
            seed=seed,
            monitor=watch,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
            resume=resume,
            force=output.force,
            progress=tell,
        )
    if run.status == "interrupted":
        _report(run, problem, output)
        click.get_current_context().exit(130)
    if names is not None:
        found = predicted(problem, run, watch, names, k)
        _report(replace(run, records=tuple(watch.records)), problem, output, found, tolerance)
        return
    curve = flow_beside(problem, run, flow) if output.plot is not None or flow else None
    _report(run, problem, output, flow=curve)


def _step_size(text: str) -> float:
    """The step size, as a fraction or a decimal."""
    exact = parse_rational(text, "--eta")
    if not 0 < exact < 10**300:
        raise DomainError.of("--eta", "a step_size above 0, of moderate size", text[:40], "The edge is at 2/eta.")
    return float(exact)


def _rule(name: str | None, filter_text: str | None, values: dict[str, str | None]) -> StepRule:
    """The step rule that the options name."""
    from edgestab.numeric.networks.training.rules import step_rule

    given: dict[str, Any] = {key: value for key, value in values.items() if value is not None}
    if filter_text is not None or name == FILTER:
        gamma = given.pop("gamma", None)
        return step_rule(read_optimiser(name, filter_text, given), gamma=gamma)
    return step_rule(name or "gradient-descent", **given)


def _data(data: str, examples: int | None, degree: int, seed: int, loss: str) -> tuple[Any, Any]:
    """Inputs and targets."""
    from edgestab.numeric.networks.data.chebyshev import chebyshev_data
    from edgestab.numeric.networks.data.cifar import cifar_data
    from edgestab.numeric.networks.data.digits import digits_data
    from edgestab.numeric.networks.data.npz import npz_data

    if data == "chebyshev":
        if loss == "cross-entropy":
            raise DomainError.of("--loss", "mse for chebyshev", loss, "Its targets are numbers, not classes.")
        return chebyshev_data(degree, EXAMPLES[data] if examples is None else examples)
    if data == "digits":
        return digits_data(EXAMPLES[data] if examples is None else examples, seed)
    if data.endswith(".npz"):
        return npz_data(data, examples)
    if Path(data).is_dir():
        return cifar_data(data, EXAMPLES["cifar"] if examples is None else examples)
    fix = "A folder holds data_batch_1.bin .. data_batch_5.bin of CIFAR-10's binary version."
    raise DomainError.of("--data", "chebyshev, digits, a file ending in .npz, or a folder", data, fix)


def _widths(hidden: str | None, depth: int | None, width: int | None, default: str) -> tuple[int, ...]:
    """Widths of the hidden layers."""
    if depth is None and width is None:
        return parse_numbers(default if hidden is None else hidden, "--hidden", int, "40,40")
    if hidden is not None or depth is None or width is None or depth < 0:
        raise DomainError.of("--depth", "--depth and --width, or --hidden", "a mixture", "--hidden 40,40 says it all.")
    return (width,) * depth


def _measures(measure: str | None, rule: StepRule, batch: int | None, theory: bool) -> tuple[str, ...]:
    """What to measure: by default what the edge of the optimiser speaks of."""
    if measure is None:
        found = ["hessian"]
        if rule.preconditions:
            found.append("preconditioned")
        if batch is not None:
            found.append("batch-sharpness")
        return tuple(found)
    chosen = tuple(part.strip() for part in measure.split(","))
    if "batch-sharpness" in chosen and batch is None:
        raise DomainError.of("--measure", "--batch beside batch-sharpness", "none", "Say how large batches are.")
    if "preconditioned" in chosen and not rule.preconditions:
        raise DomainError.of("--measure", "adam or rmsprop for preconditioned", rule.name, "Leave it out.")
    needed = "preconditioned" if rule.preconditions else "hessian"
    if theory and needed not in chosen:
        raise DomainError.of("--measure", f"{needed} beside predictions", measure, f"Add it: {measure},{needed}.")
    return chosen


def _report(
    run: TrainingRun,
    problem: Problem,
    output: Output,
    found: RunPredictions | None = None,
    tolerance: float = 0.1,
    flow: CentralFlowPrediction | None = None,
) -> None:
    """Figure, JSON and table of one run, and of what was predicted of it."""
    from edgestab.numeric.networks.figures import save_watched_run
    from edgestab.numeric.networks.predictions.figures import figure_data, flow_data, save_predictions

    content = run.summary() | {"parameters": problem.dimension, "examples": problem.examples}
    arrays: dict[str, Any] = {"losses": run.losses, "records": list(run.records)}
    rows = list(_rows(clean(content)))
    if found is not None:
        told = found.summary(tolerance)
        content |= told | {"from": found.begin}
        arrays["data"] = figure_data(found)
        rows += prediction_rows(clean(told), found)
        if output.plot is not None:
            save_predictions(found, output.plot)
    else:
        if flow is not None:
            arrays["flow"] = flow_data(flow)
            rows += flow_rows(flow)
        if output.plot is not None:
            save_watched_run(run, flow, output.plot)
            if flow is None and run.optimiser == "gradient-descent" and run.batch is None:
                rows.append(("central flow", "not in the figure; --flow draws it, which may take long"))
    output.write({**content, **arrays})
    output.show(iter(rows))


def _numbers(values: Any) -> str:
    return ", ".join("-" if v is None else f"{v:.5g}" for v in (values if isinstance(values, list) else [values]))


def _rows(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The table of one training run."""
    steps = f"{content['steps']:,} steps"
    at = f"at step {content['steps']:,}" if content["status"] == "diverged" else f"after {steps}"
    yield "status", f"{content['status']} {at}, {content['seconds']:.3g} s"
    yield "size", f"{content['parameters']:,} parameters, {content['examples']:,} examples"
    yield "loss", " -> ".join(_numbers(v) for v in content["loss"])
    yield "optimiser", f"{content['optimiser']}, eta = {content['step_size']:g}"
    if content["edge"] is not None:
        yield "edge", f"{_numbers(content['edge'])} (of {content['held']})"
    for key, found in content["eigenvalues"].items():
        yield (
            key,
            f"first {_numbers(found['first'])}; largest {_numbers(found['largest'])}; last {_numbers(found['last'])}",
        )
        yield "  bound", f"{_numbers(found['bound'])} at most"
    if content["batch_sharpness"] is not None:
        yield "batch sharpness", "last {value:.5g} +- {standard_error:.2g}".format(**content["batch_sharpness"])
    yield "crossings of the edge", str(content["crossings"])
    if content["products"] is not None:
        yield "products a measurement", f"{content['products']:.1f}"
    shares = content.get("nonlinear_share")
    if shares is not None:
        yield "non-linear / linear", "part of the two-step change of lambda_1"
        yield "  while sharpening", f"{shares['while_sharpening']:.4f}"
        falling = shares["while_falling"]
        yield "  around the fall", "no fall within these steps" if falling is None else f"{falling:.2f}"
