"""``edgestab basin``: where starts end, against the proved trapping region."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, console, force_option, json_option, on_screen, parse_rational, write_json

if TYPE_CHECKING:
    from edgestab.numeric.orbits.basin import ProvedCells
    from edgestab.symbolic.trapping.barrier import Barrier


def _grow(barrier: Barrier, epsilon: Fraction, grid: int) -> ProvedCells:
    import numpy as np
    from rich.progress import Progress

    from edgestab.numeric.orbits.basin import ProvedCells
    from edgestab.proofs.certificates.proved_basin import grow_basin

    rows = max(4, grid // 2)
    bottom = 2 - float(barrier.width) * float(epsilon)
    z, V = np.linspace(-1.2, 1.2, rows * 3 // 2 + 1), np.linspace(bottom, bottom + 1.6, rows + 1)
    screen, hidden = console(stderr=True), not sys.stderr.isatty()
    with Progress(console=screen, transient=True, disable=hidden) as progress, on_screen("cells"):
        task = progress.add_task("following cells", total=1.0)
        proved = grow_basin(
            barrier, epsilon, z, V, most=40, depth=3, progress=lambda share: progress.update(task, completed=share)
        )
    return ProvedCells(z, V, proved)


@click.command()
@click.option("--epsilon", required=True, metavar="E", help="Size of the negative eigenvalue, in (0, 1], read exactly.")
@click.option("--grid", type=click.IntRange(2, 2000), default=96, show_default=True, help="Rows of the grid of starts.")
@click.option("--steps", type=click.IntRange(1), help="Gradient steps for each start [default: 200/epsilon + 2000].")
@click.option("--grow", is_flag=True, help="Also prove cells that enter the region after some steps (slow).")
@click.option("--plot", "plot_path", metavar="FILE", help="Draw simulated against proved basin (png, pdf or svg).")
@json_option
@force_option
def basin(
    epsilon: str,
    grid: int,
    steps: int | None,
    grow: bool,
    plot_path: str | None,
    json_path: str | None,
    force: bool,
) -> None:
    """Simulate a grid of starts and compare the outcome with the proved trapping region."""
    for path in (json_path, plot_path):
        check_writable(path, force)
    exact = parse_rational(epsilon, "--epsilon")
    if not 0 < exact <= 1:
        raise DomainError.of("--epsilon", "a number in (0, 1]", epsilon, "Larger epsilon mirrors 1/epsilon.")
    from edgestab.numeric.orbits.basin import OUTCOMES, UNFINISHED, WITHIN, plot_basin, simulate_basin
    from edgestab.proofs.certificates.theorem_1 import regions
    from edgestab.symbolic.models.quadratic import main_case

    found = regions(main_case(), exact)
    barrier, start = found[-1]
    result = simulate_basin(barrier, exact, shape=(grid, (grid * 17) // 12), steps=steps)
    counts = {name: int((result.outcome == code).sum()) for code, name in enumerate(OUTCOMES)}
    inside = result.inside(barrier)
    record: dict[str, Any] = {
        "epsilon": str(exact),
        "starts": counts,
        "proved": int(inside.sum()),
        "proved_and_in_band": int((inside & (result.outcome == WITHIN)).sum()),
        "proved_and_unfinished": int((inside & (result.outcome == UNFINISHED)).sum()),
        "share_proved": result.share_proved(barrier),
    }
    cells = _grow(barrier, exact, grid) if grow else None
    if cells is not None:
        record["cells"], record["cells_proved"] = int(cells.proved.size), int(cells.proved.sum())
    if json_path is not None:
        write_json(json_path, {"run": {"config": {"grid": grid, "steps": steps}}, **record}, force)
    if plot_path is not None:
        from edgestab.numeric.runs.figure_style import save_figure

        fits = start if start is not None and exact <= start.epsilon_range[1] else None
        save_figure(plot_basin(result, [barrier], fits, cells).figure, plot_path)
    if json_path != "-":
        out = console()
        for name, count in counts.items():
            out.print(f"{count:8d}  {name}")
        open_starts = record["proved_and_unfinished"]
        unfinished = f", {open_starts} need more steps than were made (--steps)" if open_starts else ""
        out.print(
            f"{record['proved']:8d}  in the proved region: {record['proved_and_in_band']} end in the interval"
            f"{unfinished}; "
            f"the region holds {100 * record['share_proved']:.1f} % of the grid points that do",
            soft_wrap=True,
        )
        if cells is not None:
            out.print(f"{record['cells_proved']:8d}  of {record['cells']} cells about it proved by following them")
