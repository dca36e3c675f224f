"""``edgestab dynamics``: the regression model with D outputs and P parameters, from initialisation to convergence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, console, force_option, json_option, run_record, write_json

LAWS = ("gaussian", "rademacher", "uniform", "student")
CURVATURES = ("goe", "iid", "symmetrised")


def plot_option(command: Any) -> Any:
    """``--plot FILE``."""
    return click.option("--plot", "plot_path", metavar="FILE", help="Draw it (png, pdf or svg).")(command)


def law_options(command: Any) -> Any:
    """Options that choose the law of one entry and of Q."""
    for option in (
        click.option("--correlation", type=float, default=0.0, show_default=True, help="Of z[a] with J[a, i]."),
        click.option("--curvature", type=click.Choice(CURVATURES), default="goe", show_default=True, help="Law of Q."),
        click.option(
            "--entries", type=click.Choice(LAWS), default="gaussian", show_default=True, help="Law of entries."
        ),
    ):
        command = option(command)
    return command


def start_options(command: Any) -> Any:
    """Options of one random start, in the units where eq. 22 reads as printed at large size."""
    for option in (
        click.option("--index", type=int, default=0, show_default=True, help="Number of the sample."),
        click.option("--seed", type=int, default=0, show_default=True, help="Seed."),
        click.option("--sigma-z", type=float, default=2.0, show_default=True, help="Residual scale."),
        click.option("--parameters", "-P", type=int, default=40, show_default=True, help="Parameters P."),
        click.option("--outputs", "-D", type=int, default=20, show_default=True, help="Outputs D."),
    ):
        command = option(command)
    return law_options(command)


def numbers(text: str, option: str) -> tuple[float, ...]:
    """Read comma-separated numbers.

    Args:
        text: Such as ``0.5,1,2``.
        option: The option's name, for the message.

    Returns:
        The numbers.

    Raises:
        DomainError: If one is not a number.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise DomainError.of(option, "numbers separated by commas", text, "Write 0.5,1,2.") from None


def shapes_of(texts: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Read shapes such as ``20,40``.

    Args:
        texts: One text for each shape.

    Returns:
        Pairs ``(D, P)``.

    Raises:
        DomainError: If one is not a pair of integers.
    """
    pairs = []
    for text in texts:
        try:
            outputs, parameters = (int(part) for part in text.split(","))
        except ValueError:
            raise DomainError.of("--shape", "two integers D,P", text, "Write --shape 20,40.") from None
        pairs.append((outputs, parameters))
    return tuple(pairs)


@contextmanager
def progress_on(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on stderr, when it is a terminal.

    Args:
        label: What is counted.

    Yields:
        A function of ``(done, total)``.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=screen, transient=True, disable=not screen.is_terminal
    ) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def clean(value: Any) -> Any:
    """Turn arrays into lists and non-finite numbers into null, for JSON."""
    import math

    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def load_state(model: str | None, draw: dict[str, Any]) -> Any:
    """Return the start: read from a file, or drawn from an ensemble.

    Args:
        model: An ``.npz`` file with arrays ``G`` (P, D), ``Q`` (D, P, P), ``y`` (D,) and optionally ``theta`` (P,).
        draw: Options of the ensemble otherwise.

    Returns:
        The state.

    Raises:
        DomainError: If the file cannot be read or lacks an array.
    """
    from edgestab.numeric.regression.ensemble import RegressionEnsemble
    from edgestab.numeric.regression.model import RegressionModel

    if model is None:
        law = RegressionEnsemble.normalised(
            draw["outputs"],
            draw["parameters"],
            draw["sigma_z"],
            entries=draw["entries"],
            curvature=draw["curvature"],
            correlation=draw["correlation"],
        )
        return law.sample(draw["seed"], draw["index"])
    import zipfile

    import numpy as np

    try:
        with np.load(model, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise DomainError.of("--model", "an .npz file", model, f"{error}.".replace("\n", " ")) from error
    missing = [name for name in ("G", "Q", "y") if name not in arrays]
    if missing:
        raise DomainError.of("--model", "arrays G, Q and y", f"no {', '.join(missing)}", "Save them with numpy.savez.")
    built = RegressionModel(arrays["G"], arrays["Q"], arrays["y"])
    return built.at(arrays.get("theta", np.zeros(built.parameters)))


class StudyGroup(click.Group):
    """A group whose studies are loaded when they are asked for."""

    STUDIES = ("sharpness", "split", "rise", "mean-field")

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all subcommands."""
        return [*super().list_commands(ctx), *self.STUDIES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand.

        Args:
            ctx: click's context.
            cmd_name: What the user typed.

        Returns:
            The command, or None.
        """
        if cmd_name in self.STUDIES:
            from . import dynamics_studies

            study: click.Command = getattr(dynamics_studies, cmd_name.replace("-", "_"))
            return study
        return super().get_command(ctx, cmd_name)


@click.group(cls=StudyGroup)
def dynamics() -> None:
    """Run the regression model with D outputs and P parameters: descent, flow, sharpness, two-step changes.

    Random starts are drawn in the units where the printed ratio of Theorem 2 is sigma_z^2 at large size.
    """


@dynamics.command()
@start_options
@click.option("--model", metavar="FILE", help="Read G, Q, y (and theta) from an .npz file instead of drawing them.")
@click.option("--start", type=float, default=0.9, show_default=True, help="Step size as eta lambda_max(0).")
@click.option("--step-size", type=float, help="Step size itself, in place of --start.")
@click.option("--steps", type=int, default=20_000, show_default=True, help="Gradient steps at most.")
@click.option("--tolerance", type=float, default=1e-6, show_default=True, help="Relative gradient norm at convergence.")
@click.option("--flow", is_flag=True, help="Run the gradient flow as well.")
@plot_option
@json_option
@force_option
def run(
    model: str | None,
    start: float,
    step_size: float | None,
    steps: int,
    tolerance: float,
    flow: bool,
    plot_path: str | None,
    json_path: str | None,
    force: bool,
    **draw: Any,
) -> None:
    """Run gradient descent from one start to convergence: NTK eigenvalues against 2/eta, loss, Hessian."""
    for path in (json_path, plot_path):
        check_writable(path, force)
    from edgestab.numeric.regression.descent import descend_regression
    from edgestab.numeric.regression.flow import integrate_regression_flow

    state = load_state(model, draw)
    first = state.ntk_spectrum()
    eta = step_size if step_size is not None else start / first.top
    with progress_on("steps") as tell:
        result = descend_regression(
            state, eta, max_steps=steps, tolerance=tolerance, progress=lambda step, _: tell(step, steps)
        )
    last = result.final[0]
    content: dict[str, Any] = {
        "status": result.status[0],
        "steps": int(result.stopped[0]),
        "step_size": float(eta),
        "outputs": state.outputs,
        "parameters": state.parameters,
        "initial": {"loss": float(state.loss), "ntk": first.values[:2], "ntk_bound": first.bound},
        "peak": float(result.peak[0]),
        "edge_crossings": int(result.edge_crossings[0]),
    }
    if last is not None:
        ntk, hessian = last.ntk_spectrum(), last.hessian_spectrum()
        content["final"] = {
            "loss": float(last.loss),
            "ntk": ntk.values[:2],
            "ntk_bound": ntk.bound,
            "hessian": hessian.values[:2],
            "hessian_bound": hessian.bound,
        }
    if flow:
        smooth = integrate_regression_flow(state, tolerance=tolerance)
        content["flow"] = {
            "status": smooth.status,
            "time": float(smooth.times[-1]),
            "ntk": smooth.ntk[-1],
            "energy_error": smooth.energy_error,
            "displacement": float(smooth.displacement[-1]),
        }
    if plot_path is not None:
        from edgestab.numeric.regression.figures import save_run

        save_run(result, plot_path)
    if json_path is not None:
        path_arrays = {"steps": result.steps, "loss": result.loss[:, 0], "ntk": result.ntk[:, 0]}
        write_json(json_path, clean({**content, "trajectory": path_arrays, "run": run_record(**draw)}), force)
    if json_path != "-":
        _show_run(clean(content))


def _show_run(content: dict[str, Any]) -> None:
    """Print the table of one run."""
    from rich.table import Table

    eta = content["step_size"]

    def pair(values: list[float | None]) -> str:
        return ", ".join("-" if v is None else f"{v:.6g} ({eta * v:.4f} / eta)" for v in values)

    table = Table(show_header=False, box=None)
    table.add_row("status", f"{content['status']} after {content['steps']:,} steps")
    table.add_row("size", f"D = {content['outputs']}, P = {content['parameters']}")
    table.add_row("step size", f"{eta:.6g} (edge 2/eta = {2 / eta:.6g})")
    table.add_row("NTK at the start", pair(content["initial"]["ntk"]))
    table.add_row("largest eta lambda", f"{content['peak']:.4f}, {content['edge_crossings']} crossings of the edge")
    if "final" in content:
        final = content["final"]
        table.add_row("NTK at the end", f"{pair(final['ntk'])}, each within {final['ntk_bound']:.1e}")
        table.add_row("Hessian at the end", f"{pair(final['hessian'])}, each within {final['hessian_bound']:.1e}")
        table.add_row("loss", f"{content['initial']['loss']:.4g} -> {final['loss']:.4g}")
    if "flow" in content:
        smooth = content["flow"]
        table.add_row("gradient flow", f"{smooth['status']} at t = {smooth['time']:.4g}: NTK {pair(smooth['ntk'])}")
    console().print(table)
