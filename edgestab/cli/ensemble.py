"""``edgestab ensemble``: Theorem 2 by simulation against the exact finite-size value."""

from __future__ import annotations

import sys

import click

from .common import check_writable, console, force_option, json_option, write_json


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
    json_path: str | None,
    force: bool,
) -> None:
    """Expected first two derivatives of the largest NTK eigenvalue at the start of gradient flow.

    The samples are exact in law and need O(D + P) memory; the exact value needs no simulation.
    """
    from edgestab.numeric.ensemble import Ensemble, simulate_ensemble

    check_writable(json_path, force)
    law = Ensemble(outputs, parameters, sigma_z, sigma_j, sigma_q)
    if sys.stderr.isatty():
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("samples"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console(stderr=True), transient=True) as bar:
            task = bar.add_task("samples", total=samples)
            result = simulate_ensemble(
                law,
                samples=samples,
                seed=seed,
                estimator=estimator,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    else:
        result = simulate_ensemble(law, samples=samples, seed=seed, estimator=estimator)
    if json_path is not None:
        write_json(json_path, result.to_json(), force)
    if json_path != "-":
        from rich.table import Table

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
            table.add_row(name, value)
        console().print(table)
