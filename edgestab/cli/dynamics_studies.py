"""The studies of ``edgestab dynamics``: sharpness at convergence, two-step changes, the rise under the flow."""

from __future__ import annotations

from typing import Any

import click

from .common import check_writable, console, force_option, json_option, run_record, write_json
from .dynamics import clean, law_options, load_state, numbers, plot_option, progress_on, shapes_of, start_options


@click.command()
@click.option("--shape", "shapes", multiple=True, metavar="D,P", help="Outputs and parameters; repeat for more.")
@click.option("--sigma-z", default="0.25,0.5,0.75,1,1.25,1.5,1.75,2", show_default=True, help="Residual scales.")
@click.option("--start", "starts", default="0.5,0.75,1", show_default=True, help="Step sizes as eta lambda_max(0).")
@click.option("--samples", "-n", type=int, default=12, show_default=True, help="Samples of each shape.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed.")
@click.option("--steps", type=int, default=10_000, show_default=True, help="Gradient steps at most.")
@click.option("--tolerance", type=float, default=1e-5, show_default=True, help="Relative gradient norm at convergence.")
@click.option("--no-flow", is_flag=True, help="Leave the gradient flow out.")
@click.option("--workers", type=int, default=1, show_default=True, help="Processes.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler to run the chunks on.")
@click.option("--folder", metavar="DIR", help="Keep finished chunks here and resume from them.")
@law_options
@plot_option
@json_option
@force_option
def sharpness(
    shapes: tuple[str, ...],
    sigma_z: str,
    starts: str,
    samples: int,
    seed: int,
    steps: int,
    tolerance: float,
    no_flow: bool,
    workers: int,
    scheduler: str | None,
    folder: str | None,
    entries: Any,
    curvature: Any,
    correlation: float,
    plot_path: str | None,
    json_path: str | None,
    force: bool,
) -> None:
    """Sharpness at convergence over residual scales, step sizes and shapes; long grids resume from --folder."""
    for path in (json_path, plot_path):
        check_writable(path, force)
    from edgestab.numeric.regression.convergence import ConvergenceGrid, run_convergence_grid

    grid = ConvergenceGrid(
        shapes=shapes_of(shapes) or ((20, 80), (20, 40)),
        sigma_z=numbers(sigma_z, "--sigma-z"),
        starts=numbers(starts, "--start"),
        samples=samples,
        seed=seed,
        max_steps=steps,
        tolerance=tolerance,
        flow=not no_flow,
        entries=entries,
        curvature=curvature,
        correlation=correlation,
    )
    click.echo(f"memory: at most {grid.bytes_needed(workers) / 2**20:.0f} MiB for {workers} worker(s)", err=True)
    with progress_on("chunks") as tell:
        table = run_convergence_grid(
            grid, folder=folder, workers=workers, scheduler=scheduler, force=force, info=run_record(), progress=tell
        )
    if plot_path is not None:
        from edgestab.numeric.regression.figures import save_convergence

        save_convergence(table, plot_path)
    rows = table.summary()
    if json_path is not None:
        write_json(json_path, clean({"grid": grid.config, "rows": rows, "run": run_record()}), force)
    if json_path != "-":
        from rich.table import Table

        shown = Table("D", "P", "sigma_z", "start", "converged", "diverged", "unfinished", "crossed", box=None)
        for heading in ("NTK x eta", "Hessian x eta", "flow growth"):
            shown.add_column(heading, justify="right")
        for row in rows:
            if row["sharpness"] is None:
                measured = "-"
            else:
                error = row["standard_error"]
                measured = f"{row['sharpness']:.4f}" + ("" if error is None else f" +- {error:.4f}")
            shown.add_row(
                *(f"{row[key]:g}" for key in ("outputs", "parameters", "sigma_z", "start", "converged", "diverged")),
                str(row["max_steps"]),
                str(row["crossed"]),
                measured,
                "-" if row["hessian"] is None else f"{row['hessian']:.4f}",
                "-" if row["flow_growth"] is None else f"{row['flow_growth']:.4f}",
            )
        console().print(shown)


@click.command()
@start_options
@click.option("--model", metavar="FILE", help="Read G, Q, y (and theta) from an .npz file instead of drawing them.")
@click.option("--start", type=float, default=0.9, show_default=True, help="Step size as eta lambda_max(0).")
@click.option("--steps", type=int, default=300, show_default=True, help="Two-step changes to record.")
@plot_option
@json_option
@force_option
def split(
    model: str | None,
    start: float,
    steps: int,
    plot_path: str | None,
    json_path: str | None,
    force: bool,
    **draw: Any,
) -> None:
    """Split each two-step change of the top NTK eigenvalue into its linear and its non-linear part."""
    for path in (json_path, plot_path):
        check_writable(path, force)
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
    if plot_path is not None:
        from edgestab.numeric.regression.figures import save_split

        save_split(result, plot_path)
    if json_path is not None:
        names = ("second", "loss", "change", "linear", "nonlinear", "linear_in_step", "nonlinear_in_step")
        arrays = {"sharpness": result.scaled_ntk} | {name: getattr(result, name) for name in names}
        write_json(json_path, clean({**content, "trajectory": arrays, "run": run_record(**draw)}), force)
    if json_path != "-":
        from rich.table import Table

        shown = Table(show_header=False, box=None)
        shown.add_row("status", f"{result.status}, {len(result.change)} two-step changes")
        shown.add_row("largest eta lambda", "-" if content["peak"] is None else f"{content['peak']:.4f}")
        if phases is None:
            shown.add_row("phases", "the run has no completed fall from above the edge")
        else:
            shown.add_row("crosses, peaks, falls", f"at steps {phases.crossing}, {phases.peak}, {phases.end}")
            shown.add_row("non-linear / linear", "(linear in the residual)")
            shown.add_row("  while sharpening", f"{phases.while_sharpening:.3f}")
            shown.add_row("  from the peak on", f"{phases.while_falling:.3f}")
            shown.add_row("linear part in the fall", f"{phases.linear_while_falling:+.4f} / eta")
        console().print(shown)


@click.command()
@click.option("--outputs", "-D", type=int, default=20, show_default=True, help="Outputs D.")
@click.option("--parameters", "-P", type=int, default=40, show_default=True, help="Parameters P.")
@click.option("--sigma-z", type=float, default=1.0, show_default=True, help="Residual scale.")
@click.option("--samples", "-n", type=int, default=40, show_default=True, help="Antithetic pairs.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed.")
@click.option("--tolerance", type=float, default=0.1, show_default=True, help="Relative error that ends a range.")
@law_options
@plot_option
@json_option
@force_option
def rise(
    outputs: int,
    parameters: int,
    sigma_z: float,
    samples: int,
    seed: int,
    tolerance: float,
    entries: Any,
    curvature: Any,
    correlation: float,
    plot_path: str | None,
    json_path: str | None,
    force: bool,
) -> None:
    """The mean rise of the top NTK eigenvalue under the flow against three predictions, with their ranges."""
    for path in (json_path, plot_path):
        check_writable(path, force)
    from edgestab.numeric.regression.ensemble import RegressionEnsemble
    from edgestab.numeric.regression.sharpening import measure_sharpening

    law = RegressionEnsemble.normalised(
        outputs, parameters, sigma_z, entries=entries, curvature=curvature, correlation=correlation
    )
    with progress_on("pairs") as tell:
        curve = measure_sharpening(law, samples, seed, progress=tell)
    predictions = ("short_time", "fixed_kernel", "displacement")
    ranges = {name: curve.range_of(getattr(curve, name), tolerance) * curve.start for name in predictions}
    content = {
        "outputs": outputs,
        "parameters": parameters,
        "sigma_z": sigma_z,
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
    if plot_path is not None:
        from edgestab.numeric.regression.figures import save_sharpening
        from edgestab.numeric.regression.mean_field import mean_field_flow

        limit = None if correlation else mean_field_flow(law, float(min(curve.times[-1], 100 / curve.start)), 300)
        save_sharpening(curve, plot_path, limit)
    if json_path is not None:
        names = ("times", "rise", "rise_error", *predictions)
        arrays = {name: getattr(curve, name) for name in names}
        write_json(json_path, clean({**content, "curve": arrays, "run": run_record()}), force)
    if json_path != "-":
        from rich.table import Table

        shown = Table(show_header=False, box=None)
        shown.add_row("lambda_max(0)", f"{curve.start:.5g} (mean of {samples})")
        shown.add_row("lambda''(0) / lambda(0)", f"{curve.second:.4f} +- {curve.second_error:.4f}")
        known = "not known for this law" if curve.exact_second is None else f"{curve.exact_second:.4f}"
        shown.add_row("  exact at this size", known)
        shown.add_row("  at large size", f"{curve.large_size_second:.4f}")
        shown.add_row("rise at the end", f"{curve.rise[-1]:.4f} +- {curve.rise_error[-1]:.4f}")
        shown.add_row(f"within {tolerance:.0%} up to", "time x lambda_max(0)")
        for name, label in zip(predictions[:2], ("c t^2 / 2", "fixed kernel"), strict=True):
            shown.add_row(f"  {label}", f"{ranges[name]:.3g}")
        off = abs(curve.displacement / curve.rise - 1)
        shown.add_row("displacement law", f"off by at most {off.max():.1%}, by {off[-1]:.1%} at the end")
        shown.add_row("integration error", f"{curve.energy_error:.1e}")
        console().print(shown)


@click.command("mean-field")
@click.option("--outputs", "-D", type=int, default=40, show_default=True, help="Outputs D of the runs compared with.")
@click.option("--parameters", "-P", type=int, default=80, show_default=True, help="Parameters P; the limit has D / P.")
@click.option("--sigma-z", type=float, default=2.0, show_default=True, help="Residual scale.")
@click.option("--start", type=float, default=0.5, show_default=True, help="Step size as eta lambda_max(0).")
@click.option("--steps", type=int, default=60, show_default=True, help="Gradient steps.")
@click.option("--samples", "-n", type=int, default=4, show_default=True, help="Simulated runs beside it; 0: none.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed.")
@plot_option
@json_option
@force_option
def mean_field(
    outputs: int,
    parameters: int,
    sigma_z: float,
    start: float,
    steps: int,
    samples: int,
    seed: int,
    plot_path: str | None,
    json_path: str | None,
    force: bool,
) -> None:
    """Gradient descent at infinite size, solved exactly, beside simulated runs of one size."""
    for path in (json_path, plot_path):
        check_writable(path, force)
    import numpy as np

    from edgestab.numeric.regression.descent import descend_regression
    from edgestab.numeric.regression.ensemble import RegressionEnsemble
    from edgestab.numeric.regression.mean_field import mean_field_descent

    law = RegressionEnsemble.normalised(outputs, parameters, sigma_z)
    limit = mean_field_descent(law, start / (1 + np.sqrt(outputs / parameters)) ** 2, steps)
    runs = []
    with progress_on("runs") as tell:
        for index in range(samples):
            state = law.sample(seed, index)
            scale = float(sigma_z * np.sqrt(outputs) / np.linalg.norm(state.z))
            runs.append(descend_regression(state, limit.step_size, scales=scale, max_steps=steps, tolerance=1e-14))
            tell(index + 1, samples)
    if plot_path is not None:
        from edgestab.numeric.regression.figures import save_mean_field

        save_mean_field(limit, runs, plot_path)
    shown_steps = sorted({int(s) for s in np.linspace(0, len(limit.loss) - 1, 9)})
    rows = []
    for step in shown_steps:
        inside = [r for r in runs if step < len(r.steps)]
        rows.append(
            {
                "step": step,
                "loss": float(limit.loss[step]),
                "moved": float(limit.moved[step]),
                "sharpness": float(limit.scaled_ntk[step]),
                "simulated_loss": float(np.mean([2 * r.loss[step, 0] / outputs for r in inside])) if inside else None,
                "simulated_moved": float(np.mean([r.displacement[step, 0] ** 2 / parameters for r in inside]))
                if inside
                else None,
                "simulated_sharpness": float(np.mean([r.ntk[step, 0, 0] * r.step_sizes[0] for r in inside]))
                if inside
                else None,
            }
        )
    if json_path is not None:
        arrays = {"loss": limit.loss, "moved": limit.moved, "sharpness": limit.scaled_ntk}
        content = {"ratio": outputs / parameters, "sigma_z": sigma_z, "step_size": limit.step_size, "rows": rows}
        write_json(json_path, clean({**content, "limit": arrays, "run": run_record()}), force)
    if json_path != "-":
        from rich.table import Table

        shown = Table("step", box=None)
        for heading in ("|z|^2/D", f"D = {outputs}", "|dtheta|^2/P", f"D = {outputs}", "eta lambda (law)", "measured"):
            shown.add_column(heading, justify="right")
        for row in rows:
            keys = ("loss", "simulated_loss", "moved", "simulated_moved", "sharpness", "simulated_sharpness")
            shown.add_row(str(row["step"]), *("-" if row[k] is None else f"{row[k]:.4g}" for k in keys))
        console().print(shown)
