"""``edgestab family``: phases and bifurcation diagrams of scalar families and of losses of a product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, force_option, write_json, write_output
from .typesetting import LatexChoice, latex_options, rendered

if TYPE_CHECKING:
    from edgestab.symbolic.models.families.product_loss import ProductLoss
    from edgestab.symbolic.models.families.scalar_family import ScalarFamily


@click.command()
@click.argument("name", default="", required=False)
@click.option("--list", "listing", is_flag=True, help="List the families.")
@click.option("--phases", is_flag=True, help="The phases with exact thresholds (what is shown without options).")
@click.option("--loss", default="", metavar="FORMULA", help="For the name `loss`: l as a formula in p.")
@click.option("--at", default="0", show_default=True, metavar="NUMBER", help="For the name `loss`: its minimum p_0.")
@click.option(
    "--order", type=int, default=0, metavar="N", help="Of a loss of a product: where training ends, to epsilon^N."
)
@click.option("--explain", is_flag=True, help="Show each step of the derivation and how it was checked.")
@click.option("--plot", "plot_path", metavar="FILE", help="Draw the bifurcation diagram (png, pdf or svg).")
@click.option(
    "--count", type=click.IntRange(2, 20_000), default=600, show_default=True, help="Parameters of the diagram's sweep."
)
@click.option("--json", "json_path", metavar="FILE", help="Phases, thresholds and diagram as JSON; - is stdout.")
@click.option("--format", "form", type=click.Choice(("text", "latex", "json")), default="text", show_default=True)
@click.option("-o", "--output", default="-", metavar="FILE", help="Where text or LaTeX goes; - is stdout.")
@force_option
@latex_options
def family(
    name: str,
    listing: bool,
    phases: bool,
    loss: str,
    at: str,
    order: int,
    explain: bool,
    plot_path: str | None,
    count: int,
    json_path: str | None,
    form: str,
    output: str,
    force: bool,
    latex: LatexChoice,
) -> None:
    """Phases of a family by exact thresholds, and its bifurcation diagram.

    NAME is `cubic`, `product-2` .. `product-5`, a named loss l(x y) such as `log-cosh`, or `loss` with --loss and --at.
    """
    latex.require(form)
    for path in (plot_path, json_path, output):
        check_writable(path, force)
    if listing:
        write_output(output, _listing(), force)
        return
    found = _found(name, loss, at)
    result = _asked(found, phases, order, explain)
    if json_path != "-":
        write_output(output, rendered(result, form, latex), force)
    if plot_path is None and json_path is None:
        return
    content: dict[str, Any] = {"phases": found.phases().json()}
    if not isinstance(result, type(found.phases())):
        content["result"] = result.json()
    if plot_path is not None:
        from edgestab.numeric.sweeps.bifurcation import bifurcation_diagram, save_bifurcation

        diagram = bifurcation_diagram(found, count=count)
        save_bifurcation(diagram, plot_path)
        content["diagram"] = diagram.json()
    if json_path is not None:
        write_json(json_path, content, force)


def _found(name: str, loss: str, at: str) -> ScalarFamily | ProductLoss:
    from edgestab.symbolic.models.families.known import LOSSES, NAMES, family, product_loss
    from edgestab.symbolic.models.families.product_loss import ProductLoss

    if name == "loss":
        if not loss:
            raise DomainError.of("family", "--loss with a formula in p", "none", "E.g. --loss 'log(cosh(p))' --at 0.")
        return ProductLoss(loss, at)
    if loss:
        raise DomainError.of("family", "--loss with the name `loss`", name or "no name", "See --help.")
    if name in LOSSES:
        return product_loss(name)
    if name.startswith(("cubic", "product")):
        return family(name)
    raise DomainError.of(
        "family", f"one of {', '.join((*NAMES, *LOSSES))}, loss", name or "no name", "See `edgestab family --list`."
    )


def _asked(found: ScalarFamily | ProductLoss, phases: bool, order: int, explain: bool) -> Any:
    from edgestab.symbolic.models.families.product_loss import ProductLoss

    if not isinstance(found, ProductLoss):
        if order:
            raise DomainError.of("--order", "a loss of a product", found.name, "Scalar maps have no sharpness to move.")
        table = found.phases()
        return table.explain() if explain else table
    if order:
        limit = found.limit_series(order)
        return limit.explain() if explain else limit
    if explain:
        return found.explain()
    return found.phases() if phases else found


def _listing() -> str:
    from edgestab.symbolic.models.families.known import LOSSES, NAMES, family

    rows = [(name, family(name).title) for name in NAMES]
    rows += [(name, title) for name, (_, _, title, _) in LOSSES.items()]
    rows.append(("loss", "l(x y) with --loss FORMULA (in p) and --at MINIMUM"))
    wide = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{wide}}  {title}" for name, title in rows)
