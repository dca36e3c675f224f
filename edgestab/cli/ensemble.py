"""``edgestab ensemble``: Theorem 2 by simulation against the exact finite-size value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from .common import Output, progress_on, run_record, with_output, write_json


@click.command()
@click.option("--outputs", "-D", type=int, required=True, metavar="D", help="Number of outputs, at least 1.")
@click.option("--parameters", "-P", type=int, required=True, metavar="P", help="Number of parameters, at least 1.")
@click.option("--samples", "-n", type=int, required=True, metavar="N", help="Independent samples, at least 2.")
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
@click.option("--jobs", "workers", type=click.IntRange(1), default=1, show_default=True, help="Worker processes.")
@click.option("--folder", metavar="DIR", help="Keep finished chunks here and resume from them.")
@with_output("Draw the ratio against size: D and P halved together down to 1, as many samples at each size.")
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
    folder: str | None,
    output: Output,
) -> None:
    """Expected first two derivatives of the largest NTK eigenvalue at the start of gradient flow.

    The samples are exact in law and need O(D + P) memory; the exact value needs no simulation.
    """
    from edgestab.numeric.initialisation.laws import InitialEnsemble
    from edgestab.numeric.initialisation.simulation import simulate_ensemble

    law = InitialEnsemble(outputs, parameters, sigma_z, sigma_j, sigma_q)
    options: dict[str, Any] = {
        "samples": samples,
        "seed": seed,
        "estimator": estimator,
        "scheduler": scheduler,
        "workers": workers,
    }
    with progress_on("samples") as progress:
        place: dict[str, Any] = {"folder": folder, "force": output.force, "info": run_record()}
        result = simulate_ensemble(law, progress=progress, **place, **options)
    if output.plot is not None:
        from edgestab.numeric.initialisation.figures import halved_sizes, save_theorem_2_ratio

        smaller = [s for s in halved_sizes(outputs, parameters) if s != (outputs, parameters)]
        laws = [replace(law, outputs=d, parameters=p) for d, p in smaller]
        others = [simulate_ensemble(x, **options | {"estimator": estimator if x.rank > 1 else None}) for x in laws]
        save_theorem_2_ratio(output.plot, [*others, result])
    if output.json is not None:
        write_json(output.json, result.to_json(), output.force)
    output.show(
        [
            ("ensemble", f"D = {outputs}, P = {parameters}; {samples:,} samples, seed {seed}, {result.estimator}"),
            ("E[lambda''] / E[lambda]", f"{result.ratio:.8g} +- {result.standard_error:.2g}"),
            ("exact", f"{result.exact:.12g}   ({result.z_score:+.2f} standard errors)"),
            ("large D, P", f"{result.asymptotic:.12g}   (leading term)"),
            (
                "E[lambda']",
                f"{result.first_derivative:.4g} +- {result.first_derivative_standard_error:.2g}   "
                f"(exact 0, {result.first_z_score:+.2f} standard errors)",
            ),
        ]
    )
