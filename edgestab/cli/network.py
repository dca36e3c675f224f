"""``edgestab network``: a small tanh network at the edge of stability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from .common import Output, clean, parse_numbers, progress_on, with_output


@click.command()
@click.option(
    "--data", type=click.Choice(["chebyshev", "digits"]), default="chebyshev", show_default=True, help="Task."
)
@click.option("--examples", type=int, default=20, show_default=True, help="Examples N.")
@click.option("--degree", type=int, default=5, show_default=True, help="Degree of the Chebyshev polynomial.")
@click.option("--hidden", default="40,40", show_default=True, help="Widths of the hidden layers.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the weights (and of the digits drawn).")
@click.option("--eta", "step_size", type=float, default=0.18, show_default=True, help="Step size eta on |z|^2 / (2 N).")
@click.option("--steps", type=int, default=600, show_default=True, help="Gradient steps.")
@click.option("--measure-every", type=int, default=1, show_default=True, help="Steps between measurements.")
@click.option(
    "--hessian-every", type=int, default=20, show_default=True, help="Measurements between Hessians; 0: none."
)
@with_output()
def network(
    data: str,
    examples: int,
    degree: int,
    hidden: str,
    seed: int,
    step_size: float,
    steps: int,
    measure_every: int,
    hessian_every: int,
    output: Output,
) -> None:
    """Train a tanh network by full-batch gradient descent: NTK and Hessian against 2/eta, and the two-step split."""
    from edgestab.numeric.networks.tanh import TanhNetwork, chebyshev_data, digits_data
    from edgestab.numeric.networks.training import train_network

    widths = parse_numbers(hidden, "--hidden", int, "40,40")
    inputs, targets = chebyshev_data(degree, examples) if data == "chebyshev" else digits_data(examples, seed)
    net = TanhNetwork(inputs, targets, widths)
    with progress_on("steps") as tell:
        run = train_network(
            net,
            net.initial(seed),
            step_size,
            steps,
            measure_every=measure_every,
            hessian_every=hessian_every,
            progress=tell,
        )
    shares = run.nonlinear_shares()
    content: dict[str, Any] = {
        "status": run.status,
        "steps": run.stopped,
        "step_size": step_size,
        "parameters": net.parameters,
        "residuals": net.outputs,
        "crossings": run.crossings,
        "largest_ntk": (run.step_size * run.ntk).max(axis=0),
        "last_ntk": run.step_size * run.ntk[-1],
        "loss": [run.loss[0], run.loss[-1]],
        "nonlinear_share": None if shares is None else {"while_sharpening": shares[0], "while_falling": shares[1]},
    }
    if output.plot is not None:
        from edgestab.numeric.networks.figures import save_network_run

        save_network_run(run, output.plot)
    names = ("steps", "loss", "ntk", "hessian", "hessian_bound", "linear", "change")
    output.write({**content, "trajectory": {name: getattr(run, name) for name in names}})
    output.show(_rows(clean(content)))


def _rows(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The table of one training run."""
    yield "status", f"{content['status']} after {content['steps']:,} steps"
    yield "size", f"{content['parameters']:,} parameters, {content['residuals']:,} residuals"
    yield "loss", f"{content['loss'][0]:.4g} -> {content['loss'][1]:.4g}"
    for key, label in (("largest_ntk", "largest"), ("last_ntk", "last")):
        yield f"eta lambda (NTK), {label}", ", ".join("-" if v is None else f"{v:.4f}" for v in content[key])
    yield "crossings of 2/eta", str(content["crossings"])
    shares = content["nonlinear_share"]
    if shares is not None:
        yield "non-linear / linear", "part of the two-step change of lambda_1"
        yield "  while sharpening", f"{shares['while_sharpening']:.4f}"
        falling = shares["while_falling"]
        yield "  around the fall", "no fall within these steps" if falling is None else f"{falling:.2f}"
