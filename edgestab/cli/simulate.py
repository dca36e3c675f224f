"""``edgestab simulate``: one orbit of the exact map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from edgestab.numeric.number_types import KERNELS
from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, console, force_option, json_option, parse_rational, write_json
from .optimisers import optimiser_options

if TYPE_CHECKING:
    from edgestab.symbolic.optimisers.optimiser import Optimiser


@click.command()
@click.option("--epsilon", required=True, metavar="E", help="Size of the negative eigenvalue, in (0, 1), read exactly.")
@click.option("--target", default="0", metavar="E0", help="Regression target (default 0).")
@click.option("--z", "z", metavar="Z", help="Start: rescaled residual (with --T).")
@click.option("--T", "T", metavar="T", help="Start: rescaled NTK eigenvalue (with --z).")
@click.option("--theta", metavar="A,B", help="Start in parameter space (with --eta).")
@click.option("--eta", metavar="H", help="Step size (with --theta).")
@click.option(
    "--digits",
    type=int,
    default=16,
    show_default=True,
    help="Decimal digits of T to hold; a type that holds them runs.",
)
@click.option(
    "--kernel",
    type=click.Choice(KERNELS),
    default="auto",
    show_default=True,
    help="Number type; arb encloses the exact end in balls.",
)
@click.option("--steps", type=int, default=1_000_000, show_default=True, help="Gradient steps at most.")
@click.option("--until", metavar="TOL", help="Stop when |z| < TOL (default 10^-digits).")
@optimiser_options
@click.option("--plot", "plot_path", metavar="FILE", help="Draw the orbit (png, pdf or svg).")
@json_option
@force_option
def simulate(
    epsilon: str,
    target: str,
    z: str | None,
    T: str | None,
    theta: str | None,
    eta: str | None,
    digits: int,
    kernel: str,
    steps: int,
    until: str | None,
    optimiser: Optimiser | None,
    plot_path: str | None,
    json_path: str | None,
    force: bool,
) -> None:
    """Iterate the exact map of the model {1, -epsilon} from one start until it settles, leaves or runs out of steps.

    With --optimiser under another optimiser, whose memory starts at rest; its parameter needs a value.
    """
    for path in (json_path, plot_path):
        check_writable(path, force)

    def read(text: str | None, option: str) -> object:
        return None if text is None else parse_rational(text, option)

    pair = None
    if theta is not None:
        parts = theta.split(",")
        if len(parts) != 2:
            raise DomainError.of("--theta", "two numbers a,b", theta, "Write --theta 1,1/2.")
        pair = (parse_rational(parts[0], "--theta"), parse_rational(parts[1], "--theta"))
    if plot_path is not None and optimiser is not None:
        raise DomainError.of("--plot", "gradient descent", optimiser.name, "Its figure shows the nullcline.")
    from edgestab.numeric.orbits.simulation import simulate as run

    arguments: dict[str, Any] = {
        "z": read(z, "--z"),
        "T": read(T, "--T"),
        "theta": pair,
        "eta": read(eta, "--eta"),
        "target": read(target, "--target"),
        "optimiser": optimiser,
    }
    result = run(
        parse_rational(epsilon, "--epsilon"),
        digits=digits,
        steps=steps,
        until=read(until, "--until"),
        kernel=kernel,
        **arguments,
    )
    if plot_path is not None:
        from edgestab.numeric.orbits.figures import save_orbit
        from edgestab.numeric.orbits.starts import read_start

        save_orbit(plot_path, read_start(parse_rational(epsilon, "--epsilon"), **arguments), steps=result.steps)
    if json_path is not None:
        write_json(json_path, result.to_json(), force)
    if json_path != "-":
        from rich.table import Table

        table = Table(show_header=False, box=None)
        for name, value in result.rows():
            table.add_row(name, value)
        console().print(table)
