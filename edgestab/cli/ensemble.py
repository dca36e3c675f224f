"""``edgestab ensemble``: Theorem 2 by simulation against the exact finite-size value."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from .common import check_writable, console, force_option, json_option, write_json


@contextmanager
def sample_bar(samples: int) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr where that is a terminal, else nothing.

    Args:
        samples: in all.

    Yields:
        What to call with samples done and samples in all.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("samples"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("samples", total=samples)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@click.command()
@click.option("--outputs", type=int, required=True, metavar="D", help="Number of outputs, at least 1.")
@click.option("--parameters", type=int, required=True, metavar="P", help="Number of parameters, at least 1.")
@click.option("--samples", type=int, required=True, metavar="N", help="Independent samples, at least 2.")
@click.option("--seed", type=int, required=True, metavar="S", help="Seed; the result depends on it alone.")
@click.option("--sigma-z", type=float, default=1.0, show_default=True, help="Standard deviation of an entry of z.")
@click.option("--sigma-j", type=float, default=1.0, show_default=True, help="Standard deviation of an entry of J.")
@click.option(
    "--sigma-q",
    type=float,
    default=1.0,
    show_default=True,
    help="Standard deviation of an off-diagonal entry of the symmetric GOE-like Q (diagonal twice the variance).",
)
@click.option(
    "--estimator",
    type=click.Choice(("sampled", "averaged", "integrated")),
    help="Draw Q and z; integrate them out; also integrate the largest eigenvalue given the others (default).",
)
@click.option("--scheduler", metavar="ADDRESS", help="Run on a Dask cluster: tcp://host:port (extra `dask`).")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes on this machine.")
@click.option(
    "--plot",
    "plot_path",
    metavar="FILE",
    help="Draw the ratio against size: D and P halved together down to 1, as many samples at each size.",
)
@json_option
@force_option
def ensemble(
    outputs: int,
    parameters: int,
    samples: int,
    seed: int,
    sigma_z: float,
    sigma_j: float,
    sigma_q: float,
    estimator: str | None,
    scheduler: str | None,
    workers: int,
    plot_path: str | None,
    json_path: str | None,
    force: bool,
) -> None:
    """Expected first two derivatives of the largest NTK eigenvalue at the start of gradient flow.

    The samples are exact in law and need O(D + P) memory; the exact value needs no simulation.
    """
    from edgestab.numeric.initialisation.ensemble import simulate_ensemble
    from edgestab.numeric.initialisation.laws import InitialEnsemble

    for path in (json_path, plot_path):
        check_writable(path, force)
    law = InitialEnsemble(outputs, parameters, sigma_z, sigma_j, sigma_q)
    options: dict[str, Any] = {
        "samples": samples,
        "seed": seed,
        "estimator": estimator,
        "scheduler": scheduler,
        "workers": workers,
    }
    with sample_bar(samples) as progress:
        result = simulate_ensemble(law, progress=progress, **options)
    if plot_path is not None:
        from edgestab.numeric.initialisation.figures import halved_sizes, save_theorem_2_ratio

        smaller = [s for s in halved_sizes(outputs, parameters) if s != (outputs, parameters)]
        laws = [InitialEnsemble(d, p, sigma_z, sigma_j, sigma_q) for d, p in smaller]
        ladder = [simulate_ensemble(x, **options | {"estimator": estimator if x.rank > 1 else None}) for x in laws]
        save_theorem_2_ratio(plot_path, [*ladder, result])
    if json_path is not None:
        write_json(json_path, result.to_json(), force)
    if json_path != "-":
        from rich.table import Table
        from rich.text import Text

        table = Table(show_header=False, box=None)
        rows = {
            "ensemble": f"D = {outputs}, P = {parameters}; {samples:,} samples, seed {seed}, {result.estimator}",
            "E[lambda''] / E[lambda]": f"{result.ratio:.8g} +- {result.standard_error:.2g}",
            "exact": f"{result.exact:.12g}   ({result.z_score:+.2f} standard errors)",
            "large D, P": f"{result.asymptotic:.12g}   (leading term)",
            "E[lambda']": f"{result.first_derivative:.4g} +- {result.first_derivative_standard_error:.2g}   "
            f"(exact 0, {result.first_z_score:+.2f} standard errors)",
        }
        for name, value in rows.items():
            table.add_row(Text(name), Text(value))
        console().print(table)
