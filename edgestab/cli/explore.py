"""``edgestab explore``: one HTML file in which the model runs live, without a network."""

from __future__ import annotations

import click

from .common import check_writable, force_option, write_output


@click.command()
@click.option("-o", "--output", required=True, metavar="FILE", help="The page to write, FILE.html; - is stdout.")
@click.option("--epsilon", metavar="E", help="Where epsilon stands at first.")
@click.option("--eta", metavar="H", help="Where the step size stands at first.")
@click.option("--target", metavar="E", help="Where the target stands at first.")
@click.option("--z", "z0", metavar="Z", help="The rescaled residual of the first start.")
@click.option("--T", "T0", metavar="T", help="The rescaled NTK eigenvalue of the first start.")
@click.option("--steps", metavar="N", help="The most steps of a run at first.")
@force_option
def explore(
    output: str,
    epsilon: str | None,
    eta: str | None,
    target: str | None,
    z0: str | None,
    T0: str | None,
    steps: str | None,
    force: bool,
) -> None:
    """Write a page to play with the model: drag the start, move the knobs, compare the run with the predictions."""
    from edgestab.proofs.explore.page import build_explorer

    check_writable(output, force)
    given = {"epsilon": epsilon, "eta": eta, "E": target, "z": z0, "T": T0, "steps": steps}
    page = build_explorer({name: text for name, text in given.items() if text is not None})
    write_output(output, page, force)
    if output != "-":
        click.echo(f"wrote {output} ({len(page.encode()) / 1e6:.1f} MB); open it in a browser", err=True)
