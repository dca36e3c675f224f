"""``edgestab codegen``: the generated kernels, printed for use elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import check_writable, force_option, write_output
from .optimisers import optimiser_options

if TYPE_CHECKING:
    from edgestab.symbolic.optimisers.optimiser import Optimiser

OBJECTS = ("one-step", "two-step")


@click.command()
@click.argument("what", type=click.Choice(OBJECTS), metavar="|".join(OBJECTS))
@click.option(
    "--target", default="float64", show_default=True, metavar="T", help="Number type or language; see --list."
)
@click.option("--lanes", type=int, help="Trajectories in one block, where the target works in blocks.")
@click.option("--epsilon", help="Fix epsilon to a rational; by default it stays a parameter.")
@click.option(
    "--coordinates",
    type=click.Choice(("affine", "factored")),
    default="affine",
    show_default=True,
    help="What is iterated: an affine image of z and T, or two factors of z (five operations; real weights only).",
)
@optimiser_options
@click.option(
    "--list", "show_targets", is_flag=True, is_eager=True, callback=lambda *a: _list(*a), help="List targets."
)
@click.option("--listing", is_flag=True, help="Print the program instead: operations, coordinates, what was proved.")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to; - is stdout.")
@force_option
def codegen(
    what: str,
    target: str,
    lanes: int | None,
    epsilon: str | None,
    coordinates: str,
    optimiser: Optimiser | None,
    show_targets: bool,
    listing: bool,
    output: str,
    force: bool,
) -> None:
    """Generate a kernel of the main case {1, -epsilon}, E = 0.

    The map is iterated in affine coordinates that cost least, found and proved equal to it by exact algebra.
    With --coordinates factored the kernel takes and gives the factors of docs/codegen.md, not z and T.
    With --optimiser the kernel moves the weights and what is kept of them, at the point where the gradient is taken.
    """
    import sympy as sp

    from edgestab.numeric.codegen.factored import factored_program
    from edgestab.numeric.codegen.scheduling import program_for
    from edgestab.numeric.codegen.targets.registry import generate_source
    from edgestab.symbolic.algebra.symbols import symbol
    from edgestab.symbolic.models.quadratic import QuadraticModel, main_case
    from edgestab.symbolic.planar.maps import PolynomialMap

    from .common import parse_rational

    check_writable(output, force)
    if coordinates == "factored" and optimiser is not None:
        raise click.UsageError("--coordinates factored is for gradient descent: leave out --optimiser.")
    source: PolynomialMap = main_case()
    if optimiser is not None:
        source = QuadraticModel((1, -symbol("epsilon")), optimiser=optimiser).query_step()
    exact = None
    if epsilon is not None:
        from edgestab.numeric.orbits.starts import check_epsilon

        exact = check_epsilon(parse_rational(epsilon, "--epsilon"), "--epsilon")
        source = source.substitute({symbol("epsilon"): sp.Rational(exact)})
    steps = 2 if what == "two-step" else 1
    program = program_for(source, steps) if coordinates == "affine" else factored_program(exact)
    if coordinates == "factored" and steps > 1:
        program = program.fused(steps)
    write_output(output, program.listing() if listing else generate_source(program, target, lanes), force)


def _list(context: click.Context, _: Any, wanted: bool) -> None:
    """Print the targets and stop."""
    if not wanted:
        return
    from edgestab.numeric.codegen.targets.registry import TARGETS

    width = max(map(len, TARGETS))
    for target in TARGETS.values():
        click.echo(f"{target.name:<{width}}  {target.summary}")
    context.exit()
