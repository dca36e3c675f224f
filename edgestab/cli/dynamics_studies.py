"""The studies of ``edgestab dynamics``: NTK eigenvalues at convergence, two-step changes, the rise under the flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from .common import Output, parse_numbers, progress_on, run_record, with_output
from .dynamics_options import law_options, load_state, number, seed_option, size_options, start_options


def _shape(text: str) -> tuple[int, int]:
    """A shape such as ``20,40``."""
    pair = parse_numbers(text, "--shape", int, "20,40")
    if len(pair) != 2:
        from edgestab.symbolic.algebra.errors import DomainError

        raise DomainError.of("--shape", "two integers D,P", text, "Write --shape 20,40.")
    return pair


@click.command()
@click.option("--shape", "shapes", multiple=True, metavar="D,P", help="Outputs and parameters; repeat for more.")
@click.option("--sigma-z", default="0.25,0.5,0.75,1,1.25,1.5,1.75,2", show_default=True, help="Residual scales.")
@click.option("--start", "starts", default="0.5,0.75,1", show_default=True, help="Step sizes as eta lambda_max(0).")
@number("--samples", "-n", default=12, text="Samples of each shape.")
@seed_option
@number("--steps", default=10_000, text="Gradient steps at most.")
@number("--tolerance", default=1e-5, text="Relative gradient norm at convergence.")
@click.option("--flow/--no-flow", default=True, show_default=True, help="Run the gradient flow as well.")
@number("--jobs", "workers", default=1, text="Worker processes.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler to run the chunks on.")
@click.option("--folder", metavar="DIR", help="Keep finished chunks here and resume from them.")
@law_options
@with_output()
def sharpness(
    shapes: tuple[str, ...],
    sigma_z: str,
    starts: str,
    steps: int,
    flow: bool,
    workers: int,
    scheduler: str | None,
    folder: str | None,
    output: Output,
    **options: Any,
) -> None:
    """Sharpness at convergence over residual scales, step sizes and shapes; long grids resume from --folder."""
    from edgestab.numeric.regression.convergence import ConvergenceGrid, run_convergence_grid

    grid = ConvergenceGrid(
        shapes=tuple(_shape(text) for text in shapes) or ((20, 80), (20, 40)),
        sigma_z=parse_numbers(sigma_z, "--sigma-z"),
        starts=parse_numbers(starts, "--start"),
        max_steps=steps,
        flow=flow,
        **options,
    )
    click.echo(f"memory: at most {grid.bytes_needed(workers) / 2**20:.0f} MiB for {workers} worker(s)", err=True)
    place: dict[str, Any] = {"folder": folder, "workers": workers, "scheduler": scheduler, "force": output.force}
    with progress_on("chunks") as tell:
        table = run_convergence_grid(grid, **place, info=run_record(), progress=tell)
    if output.plot is not None:
        from edgestab.numeric.regression.figures import save_convergence

        save_convergence(table, output.plot)
    rows = table.summary()
    output.write({"grid": grid.config, "rows": rows})
    output.show(_convergence_table(rows))


def _convergence_table(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    shown = Table("D", "P", "sigma_z", "start", "converged", "diverged", "unfinished", "crossed", box=None)
    for heading in ("NTK x eta", "Hessian x eta", "flow growth"):
        shown.add_column(heading, justify="right")
    for row in rows:
        numbers = {
            key: "-" if row[key] is None else f"{row[key]:.4f}" for key in ("sharpness", "hessian", "flow_growth")
        }
        if row["sharpness"] is not None and row["standard_error"] is not None:
            numbers["sharpness"] += f" +- {row['standard_error']:.4f}"
        counts = ("outputs", "parameters", "sigma_z", "start", "converged", "diverged", "max_steps", "crossed")
        shown.add_row(*(f"{row[key]:g}" for key in counts), *numbers.values())
    return shown


@click.command()
@start_options
@number("--steps", default=300, text="Two-step changes to record.")
@with_output()
def split(model: str | None, start: float, steps: int, output: Output, **draw: Any) -> None:
    """Split each two-step change of the top NTK eigenvalue into its linear and its non-linear part."""
    from edgestab.numeric.regression.two_steps import split_two_steps

    state = load_state(model, draw)
    result = split_two_steps(state, start / state.ntk_spectrum().top, steps)
    phases = result.phases()
    content: dict[str, Any] = {
        "status": result.status,
        "step_size": result.step_size,
        "changes": len(result.change),
        "peak": float(result.scaled_ntk.max()) if len(result.scaled_ntk) else None,
        "phases": None
        if phases is None
        else {
            "crossing": phases.crossing,
            "peak": phases.peak,
            "end": phases.end,
            "while_sharpening": phases.while_sharpening,
            "while_falling": phases.while_falling,
            "linear_while_falling": phases.linear_while_falling,
            "while_sharpening_in_step": phases.share(0, phases.crossing, in_step=True),
            "while_falling_in_step": phases.share(phases.peak, phases.end, in_step=True),
        },
    }
    if output.plot is not None:
        from edgestab.numeric.regression.figures import save_split

        save_split(result, output.plot)
    names = ("second", "loss", "change", "linear", "nonlinear", "linear_in_step", "nonlinear_in_step")
    arrays = {"sharpness": result.scaled_ntk} | {name: getattr(result, name) for name in names}
    output.write({**content, "trajectory": arrays}, **draw)
    output.show(_split_rows(content))


def _split_rows(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    phases = content["phases"]
    yield "status", f"{content['status']}, {content['changes']} two-step changes"
    yield "largest eta lambda", "-" if content["peak"] is None else f"{content['peak']:.4f}"
    if phases is None:
        yield "phases", "the run has no completed fall from above the edge"
        return
    yield "crosses, peaks, falls", f"at steps {phases['crossing']}, {phases['peak']}, {phases['end']}"
    yield "non-linear / linear", "(linear in the residual)"
    yield "  while sharpening", f"{phases['while_sharpening']:.3f}"
    yield "  from the peak on", f"{phases['while_falling']:.3f}"
    yield "linear part in the fall", f"{phases['linear_while_falling']:+.4f} / eta"


@click.command()
@size_options(20, 40, 1.0)
@number("--samples", "-n", default=40, text="Antithetic pairs.")
@seed_option
@number("--tolerance", default=0.1, text="Relative error that ends a range.")
@law_options
@with_output()
def rise(samples: int, seed: int, tolerance: float, output: Output, **law: Any) -> None:
    """The mean rise of the top NTK eigenvalue under the flow against three predictions, with their ranges."""
    from edgestab.numeric.regression.ensemble import RegressionEnsemble
    from edgestab.numeric.regression.sharpening import measure_sharpening

    ensemble = RegressionEnsemble.normalised(**law)
    with progress_on("pairs") as tell:
        curve = measure_sharpening(ensemble, samples, seed, progress=tell)
    predictions = {name: getattr(curve, name) for name in ("short_time", "fixed_kernel", "displacement")}
    ranges = {name: curve.range_of(values, tolerance) * curve.start for name, values in predictions.items()}
    content = {
        **{key: law[key] for key in ("outputs", "parameters", "sigma_z")},
        "samples": samples,
        "seed": seed,
        "start": curve.start,
        "second": curve.second,
        "second_standard_error": curve.second_error,
        "exact_second": curve.exact_second,
        "large_size_second": curve.large_size_second,
        "tolerance": tolerance,
        "ranges": ranges,
        "rise_at_the_end": float(curve.rise[-1]),
        "rise_standard_error": float(curve.rise_error[-1]),
        "energy_error": curve.energy_error,
    }
    if output.plot is not None:
        from edgestab.numeric.regression.figures import save_sharpening
        from edgestab.numeric.regression.mean_field import mean_field_flow

        end = float(min(curve.times[-1], 100 / curve.start))
        save_sharpening(curve, output.plot, None if law["correlation"] else mean_field_flow(ensemble, end, 300))
    arrays = {"times": curve.times, "rise": curve.rise, "rise_error": curve.rise_error}
    output.write({**content, "curve": arrays | predictions})
    known = "not known for this law" if curve.exact_second is None else f"{curve.exact_second:.4f}"
    off = abs(curve.displacement / curve.rise - 1)
    output.show(
        [
            ("lambda_max(0)", f"{curve.start:.5g} (mean of {samples})"),
            ("lambda''(0) / lambda(0)", f"{curve.second:.4f} +- {curve.second_error:.4f}"),
            ("  exact at this size", known),
            ("  at large size", f"{curve.large_size_second:.4f}"),
            ("rise at the end", f"{curve.rise[-1]:.4f} +- {curve.rise_error[-1]:.4f}"),
            (f"within {tolerance:.0%} up to", "time x lambda_max(0)"),
            ("  c t^2 / 2", f"{ranges['short_time']:.3g}"),
            ("  fixed kernel", f"{ranges['fixed_kernel']:.3g}"),
            ("displacement law", f"off by at most {off.max():.1%}, by {off[-1]:.1%} at the end"),
            ("integration error", f"{curve.energy_error:.1e}"),
        ]
    )


@click.command("mean-field")
@number("--outputs", "-D", default=40, text="Outputs D of the runs compared with.")
@number("--parameters", "-P", default=80, text="Parameters P; the limit has D / P.")
@number("--sigma-z", default=2.0, text="Residual scale.")
@number("--start", default=0.5, text="Step size as eta lambda_max(0).")
@number("--steps", default=60, text="Gradient steps.")
@number("--samples", "-n", default=4, text="Simulated runs beside it; 0: none.")
@seed_option
@with_output()
def mean_field(
    outputs: int, parameters: int, sigma_z: float, start: float, steps: int, samples: int, seed: int, output: Output
) -> None:
    """Gradient descent at infinite size, solved exactly, beside simulated runs of one size."""
    import numpy as np

    from edgestab.numeric.regression.descent import descend_regression
    from edgestab.numeric.regression.ensemble import RegressionEnsemble
    from edgestab.numeric.regression.mean_field import mean_field_descent

    law = RegressionEnsemble.normalised(outputs, parameters, sigma_z)
    limit = mean_field_descent(law, start / law.edge, steps)
    runs, rows = [], []
    with progress_on("runs") as tell:
        for index in range(samples):
            state = law.sample(seed, index)
            scale = float(sigma_z * np.sqrt(outputs) / np.linalg.norm(state.z))
            runs.append(descend_regression(state, limit.step_size, scales=scale, max_steps=steps, tolerance=1e-14))
            tell(index + 1, samples)
    if output.plot is not None:
        from edgestab.numeric.regression.figures import save_mean_field

        save_mean_field(limit, runs, output.plot)
    arrays = {"loss": limit.loss, "moved": limit.moved, "sharpness": limit.scaled_ntk}
    simulated = [
        (2 * r.loss[:, 0] / outputs, r.displacement[:, 0] ** 2 / parameters, r.ntk[:, 0, 0] * r.step_sizes[0])
        for r in runs
    ]
    for step in sorted({int(s) for s in np.linspace(0, len(limit.loss) - 1, 9)}):
        inside = [[column[step] for column in run] for run in simulated if step < len(run[0])]
        means = [float(m) for m in np.mean(inside, axis=0)] if inside else [None] * 3
        row: dict[str, Any] = {"step": step} | {name: float(values[step]) for name, values in arrays.items()}
        rows.append(row | {f"simulated_{name}": mean for name, mean in zip(arrays, means, strict=True)})
    content = {"ratio": outputs / parameters, "sigma_z": sigma_z, "step_size": limit.step_size, "rows": rows}
    output.write({**content, "limit": arrays})
    from rich.table import Table

    shown = Table("step", box=None)
    for heading in ("|z|^2/D", f"D = {outputs}", "|dtheta|^2/P", f"D = {outputs}", "eta lambda (law)", "measured"):
        shown.add_column(heading, justify="right")
    for row in rows:
        values = (row[key] for name in arrays for key in (name, f"simulated_{name}"))
        shown.add_row(str(row["step"]), *("-" if v is None else f"{v:.4g}" for v in values))
    output.show(shown)
