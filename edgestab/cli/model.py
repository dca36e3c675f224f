"""``edgestab model``: your own loss, from its gradient step to the edge of stability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, force_option, write_output
from .typesetting import LatexChoice, latex_options, rendered

if TYPE_CHECKING:
    import sympy as sp


@click.command()
@click.option("--example", default="", metavar="NAME", help="A model from the literature: zhu, lewkowycz, ..")
@click.option("--loss", default="", metavar="FORMULA", help="For example '(1 - x*y)^2/2'; never run as code.")
@click.option("--parameters", default="", metavar="A,B,..", help="The trained parameters; other names are constants.")
@click.option("--step", default="eta", show_default=True, metavar="FORMULA", help="The step size.")
@click.option("--tie", default="", metavar="Z=X,..", help="Parameters that start equal to others; proved to stay so.")
@click.option("--set", "values", default="", metavar="N=2,..", help="Exact values for constants.")
@click.option(
    "--reduce", "coordinates", default="", metavar="P=..,Q=..", help="Two coordinates: a residual, a curvature."
)
@click.option(
    "--at", default="", metavar="P=1", help="The residual's value at the minima, or one value for each parameter."
)
@click.option("--small", default=None, metavar="NAME", help="Which constant is small, if several are left.")
@click.option("--order", type=int, default=3, show_default=True, help="Highest power of z and of the small parameter.")
@click.option(
    "--taylor", type=int, default=0, metavar="N", help="First expand the loss at the point of --at, to degree N."
)
@click.option("--explain", is_flag=True, help="Show each step of the derivation and how it was checked.")
@click.option("--format", "form", type=click.Choice(("text", "latex", "json")), default="text", show_default=True)
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to; - is stdout.")
@force_option
@latex_options
def model(
    example: str,
    loss: str,
    parameters: str,
    step: str,
    tie: str,
    values: str,
    coordinates: str,
    at: str,
    small: str | None,
    order: int,
    taylor: int,
    explain: bool,
    form: str,
    output: str,
    force: bool,
    latex: LatexChoice,
) -> None:
    """Derive what gradient descent does on a loss of your own.

    With --reduce and --at P=VALUE: the closed map, the two-step map, fixed points and two-cycles near the edge of
    stability, nullcline, recurrence, and the limit where a slow manifold exists; else the hypothesis that fails.
    With --at and a value for each parameter: Hessian, edge step, self-stabilisation there.
    """
    from edgestab.symbolic.models.own_loss.descent import GradientDescent
    from edgestab.symbolic.models.own_loss.hypotheses import Sectioned

    latex.require(form)
    check_writable(output, force)
    if example:
        loss, parameters, tie, coordinates, at = _example(example, loss, parameters, tie, coordinates, at)
    elif not loss or not parameters:
        raise DomainError.of(
            "model", "--loss and --parameters, or --example", "neither", "See `edgestab model --help`."
        )
    point = _pairs(at, "--at")
    chosen = GradientDescent(_loss(loss, parameters, values, point, taylor), parameters, step, _pairs(tie, "--tie"))
    result: Sectioned
    if coordinates and point:
        result = chosen.study(_pairs(coordinates, "--reduce"), point, order, small)
    elif explain:
        raise DomainError.of("--explain", "--reduce and --at", "no coordinates", "Give a residual and a curvature.")
    elif coordinates:
        result = chosen.reduce(_pairs(coordinates, "--reduce"))
    else:
        result = chosen.at(point) if point else chosen
    text = rendered(result.explain() if explain else result, form, latex)
    if form == "text" and result is chosen:
        text += "\n\nNext: --reduce with two coordinates and --at, or --at with a value for each parameter."
    write_output(output, text, force)


def _example(
    name: str, loss: str, parameters: str, tie: str, coordinates: str, at: str
) -> tuple[str, str, str, str, str]:
    """The options of a named example; coordinates and point may be replaced, the loss may not."""
    from edgestab.symbolic.models.literature import EXAMPLES

    if name not in EXAMPLES:
        raise DomainError.of("--example", f"one of {', '.join(EXAMPLES)}", name, "See docs/own-model.md.")
    if loss or parameters or tie:
        raise DomainError.of(
            "--example", "no --loss, --parameters, --tie beside it", loss or parameters or tie, "Drop one."
        )
    found = EXAMPLES[name]()

    def joined(pairs: Mapping[str, str]) -> str:
        return ",".join(f"{key}={value}" for key, value in pairs.items())

    return (
        found.loss,
        found.parameters,
        joined(found.ties),
        coordinates or joined(found.coordinates),
        at or joined(found.at),
    )


def _pairs(text: str, option: str) -> dict[str, str]:
    """``"p=x*y,q=x^2"`` as a dictionary.

    Args:
        text: what the user typed.
        option: its option, for the message.

    Returns:
        Names to formulas, in order.

    Raises:
        DomainError: a pair is malformed or a name is repeated.
    """
    found: dict[str, str] = {}
    for pair in filter(None, (p.strip() for p in text[:20_000].split(","))):
        name, equals, formula = (part.strip() for part in pair.partition("="))
        if not equals or not name or not formula or name in found:
            raise DomainError.of(option, "pairs name=formula, each name once", pair, "Separate pairs by commas.")
        found[name] = formula
    return found


def _loss(loss: str, parameters: str, values: str, point: dict[str, str], taylor: int) -> sp.Expr:
    """The loss with constants set and, if asked, expanded."""
    from edgestab.symbolic.algebra.parsing import model_symbol
    from edgestab.symbolic.models.own_loss.gradient import as_expression, taylor_expansion

    expr = as_expression(loss, "--loss")
    given = {model_symbol(name): as_expression(value, "--set") for name, value in _pairs(values, "--set").items()}
    foreign = [s for s in given if s not in expr.free_symbols or s.name in parameters.split(",")]
    if foreign:
        raise DomainError.of("--set", "constants of the loss", str(foreign[0]), "Check the names.")
    expr = expr.subs(given)
    return taylor_expansion(expr, parameters, point, taylor) if taylor else expr
