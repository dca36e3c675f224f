"""``edgestab network``: a small tanh network at the edge of stability."""

from __future__ import annotations

from typing import Any

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, console, force_option, json_option, run_record, write_json
from .dynamics import clean, plot_option, progress_on


@click.command()
@click.option(
    "--data", type=click.Choice(["chebyshev", "digits"]), default="chebyshev", show_default=True, help="Task."
)
@click.option("--examples", type=int, default=20, show_default=True, help="Examples N.")
@click.option("--degree", type=int, default=5, show_default=True, help="Degree of the Chebyshev polynomial.")
@click.option("--hidden", default="40,40", show_default=True, help="Widths of the hidden layers.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the weights (and of the digits drawn).")
@click.option("--step-size", type=float, default=0.12, show_default=True, help="Step size eta on |z|^2 / (2 N).")
@click.option("--steps", type=int, default=1200, show_default=True, help="Gradient steps.")
@click.option("--measure-every", type=int, default=1, show_default=True, help="Steps between measurements.")
@click.option(
    "--hessian-every", type=int, default=20, show_default=True, help="Measurements between Hessians; 0: none."
)
@plot_option
@json_option
@force_option
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
    plot_path: str | None,
    json_path: str | None,
    force: bool,
) -> None:
    """Train a tanh network by full-batch gradient descent: NTK and Hessian against 2/eta, and the two-step split."""
    for path in (json_path, plot_path):
        check_writable(path, force)
    from edgestab.numeric.networks.tanh import TanhNetwork, chebyshev_data, digits_data
    from edgestab.numeric.networks.training import train_network

    try:
        widths = tuple(int(part) for part in hidden.split(","))
    except ValueError:
        raise DomainError.of("--hidden", "widths separated by commas", hidden, "Write --hidden 40,40.") from None
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
    if plot_path is not None:
        from edgestab.numeric.networks.figures import save_network_run

        save_network_run(run, plot_path)
    if json_path is not None:
        names = ("steps", "loss", "ntk", "hessian", "hessian_bound", "linear", "change")
        arrays = {name: getattr(run, name) for name in names}
        write_json(json_path, clean({**content, "trajectory": arrays, "run": run_record()}), force)
    if json_path != "-":
        _show(clean(content))


def _show(content: dict[str, Any]) -> None:
    """Print the table of one training run."""
    from rich.table import Table

    table = Table(show_header=False, box=None)
    table.add_row("status", f"{content['status']} after {content['steps']:,} steps")
    table.add_row("size", f"{content['parameters']:,} parameters, {content['residuals']:,} residuals")
    table.add_row("loss", f"{content['loss'][0]:.4g} -> {content['loss'][1]:.4g}")
    for key, label in (("largest_ntk", "largest"), ("last_ntk", "last")):
        values = ", ".join("-" if v is None else f"{v:.4f}" for v in content[key])
        table.add_row(f"eta lambda (NTK), {label}", values)
    table.add_row("crossings of 2/eta", str(content["crossings"]))
    shares = content["nonlinear_share"]
    if shares is not None:
        table.add_row("non-linear / linear", "part of the two-step change of lambda_1")
        table.add_row("  while sharpening", f"{shares['while_sharpening']:.4f}")
        table.add_row("  around the fall", f"{shares['while_falling']:.2f}")
    console().print(table)
