"""``edgestab sweep``: millions of orbits over a grid of epsilon, step size and starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import (
    check_writable,
    console,
    force_option,
    json_option,
    on_screen,
    parse_rational,
    run_record,
    write_json,
)
from .optimisers import optimiser_options

if TYPE_CHECKING:
    from edgestab.numeric.sweeps.result import SweepResult
    from edgestab.symbolic.optimisers.optimiser import Optimiser

_AXIS = "AXIS"


@click.command()
@click.option("--epsilon", required=True, metavar=_AXIS, help="Size of the negative eigenvalue, in (0, 1).")
@click.option("--z", "z", metavar=_AXIS, help="Start: rescaled residual (with --T).")
@click.option("--T", "T", metavar=_AXIS, help="Start: rescaled NTK eigenvalue, edge at 2 (with --z).")
@click.option("--theta-1", metavar=_AXIS, help="Start: parameter along the eigenvalue 1 (with --theta-2, --eta).")
@click.option("--theta-2", metavar=_AXIS, help="Start: parameter along the eigenvalue -epsilon.")
@click.option("--eta", metavar=_AXIS, help="Step size (with --theta-1, --theta-2).")
@click.option("--points", is_flag=True, help="Take axes side by side, as a list of points, not every combination.")
@click.option("--steps", type=int, default=1_000_000, show_default=True, help="Gradient steps at most.")
@click.option(
    "--until", default="1e-8", show_default=True, metavar="TOL", help="An orbit has converged when |z| < TOL."
)
@click.option("--jobs", "workers", type=int, metavar="N", help="Worker threads (default: every core).")
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler, tcp://host:port, that runs the chunks.")
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where: this processor, or an NVIDIA GPU.",
)
@click.option("--chunk", type=int, metavar="N", help="Orbits in a chunk (default: a few chunks for each worker).")
@click.option("--folder", "output", metavar="DIR", help="Keep chunk files here; a killed sweep resumes from them.")
@click.option("--check", "checked", type=int, metavar="N", help="Run N random orbits again in double-double; compare.")
@click.option("--plot", "plot_path", metavar="FILE", help="Phase diagram (png, pdf or svg) of the two axes that vary.")
@click.option("--x", "x", metavar="NAME", help="Axis drawn horizontally.")
@click.option("--y", "y", metavar="NAME", help="Axis drawn vertically.")
@optimiser_options
@json_option
@force_option
def sweep(
    epsilon: str,
    z: str | None,
    T: str | None,
    theta_1: str | None,
    theta_2: str | None,
    eta: str | None,
    points: bool,
    steps: int,
    until: str,
    workers: int | None,
    scheduler: str | None,
    device: str,
    chunk: int | None,
    output: str | None,
    checked: int | None,
    plot_path: str | None,
    x: str | None,
    y: str | None,
    optimiser: Optimiser | None,
    json_path: str | None,
    force: bool,
) -> None:
    """Run every orbit of a grid of starts to its end, without storing paths.

    AXIS is one value (0.1), a list (0.1,0.2,0.5), equal steps START:STOP:COUNT (0:1:101), or equal ratios
    START:STOP:COUNT:log (1e-4:0.1:200:log). The orbits that converge are split into those that relaxed onto the slow
    manifold and those that froze before.
    """
    if optimiser is not None and optimiser.name != "gradient-descent":
        raise DomainError.of(
            "sweep",
            "gradient descent",
            optimiser.name,
            "Its regions rest on the slow manifold in (z, T); use simulate, or es.codegen.lane_kernel of the model.",
        )
    for path in (json_path, plot_path):
        check_writable(path, force)
    from edgestab.numeric.sweeps.grid import make_sweep_grid
    from edgestab.numeric.sweeps.phase_diagram import save_phase_diagram, varying_axes
    from edgestab.numeric.sweeps.run import sweep as run

    grid = make_sweep_grid(
        epsilon=epsilon,
        z=z,
        T=T,
        theta_1=theta_1,
        theta_2=theta_2,
        eta=eta,
        layout="points" if points else "product",
    )
    if plot_path is not None:
        varying_axes(grid, x, y)
    with _bar(grid.size) as progress:
        result = run(
            grid,
            steps=steps,
            until=parse_rational(until, "--until"),
            workers=workers,
            scheduler=scheduler,
            device=device,
            output=output,
            chunk=chunk,
            force=force,
            info=run_record() if output else None,
            progress=progress,
        )
    if plot_path is not None:
        save_phase_diagram(result, plot_path, x=x, y=y)
    content = result.to_json()
    if checked is not None:
        from edgestab.numeric.sweeps.check import check_sweep

        content["check"] = check_sweep(result, checked).to_json()
    if json_path is not None:
        write_json(json_path, content, force)
    if json_path != "-":
        _print(result, content.get("check"), (output, plot_path))


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int, int, int], None]]:
    """A progress bar with a rate, on stderr, silent where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    err = console(stderr=True)
    columns = (
        TextColumn("sweep"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar, on_screen("orbits"):
        task = bar.add_task("sweep", total=total, rate="")
        began = time.perf_counter()

        def progress(done: int, _: int, taken: int) -> None:
            speed = taken / max(time.perf_counter() - began, 1e-9)
            bar.update(task, completed=done, rate=f"{_human(speed)} steps/s" if taken else "")

        yield progress


def _human(number: float) -> str:
    """A number with a prefix: 2.1 G."""
    for size, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {prefix}"
    return f"{number:.3g} "


def _print(result: SweepResult, check: dict[str, Any] | None, written: tuple[str | None, ...]) -> None:
    from rich.table import Table

    summary = result.summary()
    total = summary["trajectories"]
    table = Table("", "orbits", "share", box=None, header_style="bold")
    meaning = {
        "relaxed": "converged at the end of the slow manifold",
        "frozen": "converged elsewhere",
        "diverged": "T beyond 10^6 or not finite",
        "unfinished": "out of steps",
    }
    for name, number in summary["regions"].items():
        table.add_row(f"{name} ({meaning[name]})", f"{number:,}", f"{number / total:.1%}")
    table.add_row("reached the edge", f"{summary['reached_edge']:,}", f"{summary['reached_edge'] / total:.1%}")
    out = console()
    out.print(table)
    if summary["gap_min"] is not None:
        out.print(f"2 - lim T from {summary['gap_min']:.6g} to {summary['gap_max']:.6g}", highlight=False)
    rate = f" in {summary['seconds']:.3g} s, {_human(summary['steps_per_second'])} steps/s" if result.seconds else ""
    out.print(f"{_human(summary['steps_total'])} steps{rate}; digest {summary['digest'][:16]}", highlight=False)
    if check is not None:
        worst = "no gap to compare" if check["worst"] is None else f"gap right to {check['worst']:.1e} of itself"
        out.print(
            f"{check['tested']} orbits run again in double-double: {worst}; {check['lost']} lost by double, "
            f"{check['undecided']} undecided",
            highlight=False,
        )
    for path in written:
        if path is not None:
            out.print(f"wrote {path}", highlight=False, soft_wrap=True)
