"""``edgestab dynamics``: the regression model with D outputs and P parameters, from initialisation to convergence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from .common import Output, clean, progress_on, with_output
from .dynamics_options import load_state, number, start_options
from .examples import with_examples


class StudyGroup(click.Group):
    """A group whose studies are loaded when they are asked for."""

    STUDIES = ("sharpness", "split", "rise", "mean-field")

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All subcommands."""
        return [*super().list_commands(ctx), *self.STUDIES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A subcommand, or None.

        Args:
            ctx: click's context.
            cmd_name: what the user typed.

        Returns:
            The command.
        """
        if cmd_name in self.STUDIES:
            from . import dynamics_studies

            study: click.Command = getattr(dynamics_studies, cmd_name.replace("-", "_"))
            return with_examples(study, f"dynamics {cmd_name}")
        found = super().get_command(ctx, cmd_name)
        return None if found is None else with_examples(found, f"dynamics {cmd_name}")


@click.group(cls=StudyGroup)
def dynamics() -> None:
    """Run the regression model with D outputs and P parameters: descent, flow, sharpness, two-step changes.

    Random starts are drawn in the units where the printed ratio of Theorem 2 is sigma_z^2 at large size.
    """


@dynamics.command()
@start_options
@click.option("--eta", "step_size", type=float, help="Step size itself, in place of --start.")
@number("--steps", default=20_000, text="Gradient steps at most.")
@number("--tolerance", default=1e-6, text="Relative gradient norm at convergence.")
@click.option("--flow/--no-flow", default=False, show_default=True, help="Run the gradient flow as well.")
@with_output()
def run(
    model: str | None,
    start: float,
    step_size: float | None,
    steps: int,
    tolerance: float,
    flow: bool,
    output: Output,
    **draw: Any,
) -> None:
    """Run gradient descent from one start to convergence: NTK eigenvalues against 2/eta, loss, Hessian."""
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
    if output.plot is not None:
        from edgestab.numeric.regression.figures import save_run

        save_run(result, output.plot)
    trajectory = {"steps": result.steps, "loss": result.loss[:, 0], "ntk": result.ntk[:, 0]}
    output.write({**content, "trajectory": trajectory}, **draw)
    output.show(_rows(clean(content)))


def _rows(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The table of one run."""
    eta = content["step_size"]

    def pair(values: list[float | None]) -> str:
        return ", ".join("-" if v is None else f"{v:.6g} ({eta * v:.4f} / eta)" for v in values)

    yield "status", f"{content['status']} after {content['steps']:,} steps"
    yield "size", f"D = {content['outputs']}, P = {content['parameters']}"
    yield "step size", f"{eta:.6g} (edge 2/eta = {2 / eta:.6g})"
    yield "NTK at the start", pair(content["initial"]["ntk"])
    yield "largest eta lambda", f"{content['peak']:.4f}, {content['edge_crossings']} crossings of the edge"
    if "final" in content:
        final = content["final"]
        yield "NTK at the end", f"{pair(final['ntk'])}, each within {final['ntk_bound']:.1e}"
        yield "Hessian at the end", f"{pair(final['hessian'])}, each within {final['hessian_bound']:.1e}"
        yield "loss", f"{content['initial']['loss']:.4g} -> {final['loss']:.4g}"
    if "flow" in content:
        smooth = content["flow"]
        yield "gradient flow", f"{smooth['status']} at t = {smooth['time']:.4g}: NTK {pair(smooth['ntk'])}"
