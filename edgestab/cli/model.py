"""``edgestab model``: your own loss, from its gradient step to the edge of stability."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, force_option, read_pairs, write_output
from .optimisers import optimiser_options
from .time_limit import OutOfTime, Progress, time_limit
from .typesetting import LatexChoice, latex_options, rendered

if TYPE_CHECKING:
    import sympy as sp

    from edgestab.symbolic.models.own_loss.derivation import StudyDerivation
    from edgestab.symbolic.models.own_loss.descent import GradientDescent
    from edgestab.symbolic.models.own_loss.hypotheses import Sectioned
    from edgestab.symbolic.optimisers.optimiser import Optimiser

CODES = {"TRUE": 0, "FALSE": 1, "UNKNOWN": 3}
GRACE = 60
"""Seconds that printing what was derived may take after an interrupt."""


class Work(Progress):
    """How far the command has come, so that an interrupt finds what was derived."""

    model: GradientDescent | None = None
    derivation: StudyDerivation | None = None

    def kept(self) -> Sectioned | None:
        """What was derived, or None where it is not more than the loss."""
        from edgestab.symbolic.models.own_loss.gradient import CutShort

        if self.derivation is not None:
            return self.derivation.so_far("" if self.derivation.step else self.step)
        return None if self.model is None else CutShort(self.model, self.step)


@dataclass(frozen=True)
class Request:
    """What is asked of a model."""

    loss: str
    parameters: str
    step: str
    tie: str
    values: str
    coordinates: str
    at: str
    small: str | None
    order: int
    taylor: int
    explain: bool
    optimiser: Optimiser | None
    normal_form: bool
    near: bool


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
@optimiser_options
@click.option(
    "--seconds",
    type=click.IntRange(1, 10**6),
    default=600,
    show_default=True,
    metavar="N",
    help="Time limit; what was derived by then is printed.",
)
@click.option("--normal-form", is_flag=True, help="Reduce at the minimum of --at: any loss, any number of parameters.")
@click.option("--near", is_flag=True, help="With --normal-form: --at is near a minimum, which is then enclosed.")
@click.option("--compare", is_flag=True, help="With --normal-form: run gradient descent and say whether it agrees.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever the verdict is.")
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
    optimiser: Optimiser | None,
    seconds: int,
    normal_form: bool,
    near: bool,
    compare: bool,
    exit_zero: bool,
    explain: bool,
    form: str,
    output: str,
    force: bool,
    latex: LatexChoice,
) -> None:
    """Derive what gradient descent does on a loss of your own.

    With --reduce and --at P=VALUE: the closed map, the two-step map, fixed points and two-cycles near the edge of
    stability, nullcline, recurrence, and the limit where a slow manifold exists; else the hypothesis that fails.
    With --at and a value for each parameter: Hessian, edge step, self-stabilisation there; for a loss of one parameter
    the flip at the edge, and whether it is super- or subcritical. With --normal-form besides: the reduction to one or
    two dimensions by series arithmetic, for losses that are no polynomials and have many parameters too: first
    Lyapunov coefficient, self-stabilisation, and the sharpness at convergence that they predict.

    Exit code 0 when every hypothesis holds (or none was asked), 1 when one is FALSE, 3 when one is UNKNOWN or the time
    limit cut the derivation short, 2 on bad usage, 130 after Ctrl-C; what was derived until then is printed anyhow.
    """
    latex.require(form)
    check_writable(output, force)
    if example:
        asked_for = coordinates
        loss, parameters, tie, coordinates, at = _example(example, loss, parameters, tie, coordinates, at)
        if normal_form:
            # the reduction is in the parameters themselves
            coordinates = asked_for
    elif not loss or not parameters:
        raise DomainError.of(
            "model", "--loss and --parameters, or --example", "neither", "See `edgestab model --help`."
        )
    if (near or compare) and not normal_form:
        raise DomainError.of("--near, --compare", "--normal-form beside them", "none", "Add --normal-form.")
    if compare and form == "latex":
        raise DomainError.of("--compare", "--format text or json", form, "Drop --compare: it has no equations.")
    asked = Request(
        loss,
        parameters,
        step,
        tie,
        values,
        coordinates,
        at,
        small,
        order,
        taylor,
        explain,
        optimiser,
        normal_form,
        near,
    )
    work, text = Work(), ""
    try:
        with time_limit(seconds, work):
            result = _derive(asked, work)
            work.at("explanation" if explain else "printing")
            text = rendered(result.explain() if explain else result, form, latex)
        if form == "text" and result is work.model:
            text += "\n\nNext: --reduce with two coordinates and --at, or --at with a value for each parameter."
        code = CODES[result.verdict]
        if compare:
            text, code = _with_descent(result, text, form, code, seconds, work)
    except KeyboardInterrupt as cut:
        text, code = _cut_short(work, form, latex)
        code = code if isinstance(cut, OutOfTime) else 130
        why = f"after {seconds} s (--seconds)" if isinstance(cut, OutOfTime) else "by Ctrl-C"
        click.echo(f"cut short {why} at the step '{work.step}'; what was derived is kept", err=True)
    if text:
        write_output(output, text, force)
    raise click.exceptions.Exit(0 if exit_zero else code)


def _derive(asked: Request, work: Work) -> Sectioned:
    """What was asked, step by step; ``work`` holds what there is of it."""
    from edgestab.symbolic.models.own_loss.descent import GradientDescent

    point = read_pairs(asked.at, "--at")
    work.at("Taylor expansion" if asked.taylor else "loss")
    loss, region = _loss(asked, point)
    if asked.normal_form:
        return _reduced(asked, point, loss, region, work)
    work.at("gradient step")
    model = work.model = GradientDescent(
        loss, asked.parameters, asked.step, read_pairs(asked.tie, "--tie"), region, asked.optimiser
    )
    coordinates = read_pairs(asked.coordinates, "--reduce")
    if coordinates and point:
        work.derivation = model.begin_study(coordinates, point, asked.order, asked.small)
        return work.derivation.run(everything=True, tell=work.at)
    if point and not coordinates and len(model.free) == 1:
        work.at("flip at the edge")
        return model.flip(point, asked.taylor or None)
    if asked.explain and not point and not coordinates:
        raise DomainError.of("--explain", "--reduce or --at beside it", "neither", "The gradient step is a definition.")
    if coordinates:
        work.at("closed map")
        return model.reduce(coordinates)
    if point and 0 < asked.taylor < 3:
        raise DomainError.of(
            "--taylor", "3 or more at a point", str(asked.taylor), "Self-stabilisation rests on third derivatives."
        )
    if point:
        work.at("data at the point")
        return model.at(point)
    return model


def _reduced(
    asked: Request, point: dict[str, str], loss: sp.Expr, region: tuple[sp.Expr, ...], work: Work
) -> Sectioned:
    """The normal form at a minimum."""
    from edgestab.symbolic.models.normal_form.minimum import reduce_at_minimum

    if not point or asked.coordinates or asked.step != "eta":
        raise DomainError.of(
            "--normal-form",
            "--at with a value for each parameter, and no --reduce or --step",
            asked.at,
            "E.g. --at x=0.",
        )
    if asked.optimiser is not None:
        raise DomainError.of(
            "--normal-form",
            "gradient descent",
            asked.optimiser.name,
            "In Python, es.models.derive_normal_form takes the map of any optimiser at an isolated minimum.",
        )
    work.at("normal form")
    if region:
        inside = " and ".join(f"{e} > 0" for e in region)
        click.echo(f"the piece of relu at the point is taken: all holds where {inside}", err=True)
    return reduce_at_minimum(loss, asked.parameters, point | _tied(asked, point), asked.near)


def _with_descent(result: Sectioned, text: str, form: str, code: int, seconds: int, work: Work) -> tuple[str, int]:
    """The text with what gradient descent does, where there is a prediction, and the worse exit code."""
    from edgestab.numeric.orbits.minimum_descent import compare_with_descent
    from edgestab.symbolic.models.normal_form.minimum_form import MinimumForm

    assert isinstance(result, MinimumForm), "asked with --normal-form only"
    try:
        with time_limit(seconds, work):
            work.at("gradient descent")
            found = compare_with_descent(result)
    except DomainError as error:
        click.echo(f"nothing is compared: {error}", err=True)
        return text, code
    if form == "json":
        return json.dumps({**json.loads(text), "descent": found.json()}, indent=2), max(code, CODES[found.verdict])
    return f"{text}\n\n{found.text()}", CODES[found.verdict] if code == 0 else code


def _cut_short(work: Work, form: str, latex: LatexChoice) -> tuple[str, int]:
    """The text of what was derived, and the exit code that its verdict asks for."""
    with time_limit(GRACE, work):
        result = work.kept()
        if result is None:
            state = {"verdict": "UNKNOWN", "interrupted": True, "stopped_at": work.step}
            return (json.dumps(state, indent=2) if form == "json" else ""), CODES["UNKNOWN"]
        return rendered(result, form, latex), CODES[result.verdict]


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


def _loss(asked: Request, point: dict[str, str]) -> tuple[sp.Expr, tuple[sp.Expr, ...]]:
    """The loss with constants set, its piece at the point and, if asked, expanded; and where it is that piece."""
    from edgestab.symbolic.algebra.parsing import model_symbol
    from edgestab.symbolic.models.own_loss.gradient import as_expression, smooth_piece, taylor_expansion

    expr = as_expression(asked.loss, "--loss")
    given = {
        model_symbol(name): as_expression(value, "--set") for name, value in read_pairs(asked.values, "--set").items()
    }
    foreign = [s for s in given if s not in expr.free_symbols or s.name in asked.parameters.split(",")]
    if foreign:
        raise DomainError.of("--set", "constants of the loss", str(foreign[0]), "Check the names.")
    expr = expr.subs(given)
    region: tuple[sp.Expr, ...] = ()
    everywhere = point | _tied(asked, point)
    if point and not asked.coordinates:
        expr, region = smooth_piece(expr, asked.parameters, everywhere)
    return (taylor_expansion(expr, asked.parameters, everywhere, asked.taylor) if asked.taylor else expr), region


def _tied(asked: Request, point: dict[str, str]) -> dict[str, str]:
    """The values of tied parameters."""
    ties = read_pairs(asked.tie, "--tie")
    return {kept: point[leader] for kept, leader in ties.items() if leader in point}
