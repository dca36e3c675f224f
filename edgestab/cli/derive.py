"""``edgestab derive``: exact objects, printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, force_option, read_pairs, write_output
from .optimisers import optimiser_options
from .typesetting import LatexChoice, latex_options, rendered

if TYPE_CHECKING:
    from edgestab.symbolic.explain.derived import Derived
    from edgestab.symbolic.optimisers.optimiser import Optimiser
    from edgestab.symbolic.planar.planar_map import PlanarMap

KINDS: dict[str, Callable[[PlanarMap, int, tuple[int, int]], Derived]] = {
    "one-step": lambda step, order, weights: step,
    "two-step": lambda step, order, weights: step.two_step(order, weights),
    "nullcline": lambda step, order, weights: step.nullcline(order),
    "slow-manifold": lambda step, order, weights: step.slow_manifold(order),
    "limit": lambda step, order, weights: step.limit_series(order),
    "limit-law": lambda step, order, weights: step.limit_law(order),
}
"""Each kind of derived object, from the one-step map, an order, and the weights of y and epsilon."""

WITH_OPTIMISER: dict[str, Callable[[Optimiser | None, int], Derived]] = {
    "one-step": lambda optimiser, order: _one_step(optimiser),
    "edge": lambda optimiser, order: _edge(optimiser),
    "limit": lambda optimiser, order: _limit(optimiser, order),
    "slow-manifold": lambda optimiser, order: _manifold(optimiser, order),
    "two-step": lambda optimiser, order: _two_step(optimiser),
    "central-flow": lambda optimiser, order: _central_flow(optimiser, {}),
    "averaged-flow": lambda optimiser, order: _averaged_flow(optimiser),
    "central-flow-error": lambda optimiser, order: _central_flow_error(optimiser, order),
}
"""What is derived for an optimiser, from it (None is gradient descent) and an order."""

ORDER_HELP = "Highest degree in z kept; for slow-manifold, limit and limit-law the highest power of epsilon."
FORMATS = ("text", "latex", "python", "json")


NAMES = (*KINDS, *(name for name in WITH_OPTIMISER if name not in KINDS))


@click.command()
@click.argument("what", type=click.Choice(NAMES), metavar="|".join(NAMES))
@click.option("--order", type=int, default=3, show_default=True, help=ORDER_HELP)
@click.option("--weights", default="0,0", metavar="Y,E", help="What y and epsilon count in the order of two-step.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@optimiser_options
@click.option("--loss", metavar="FORMULA", help="For central-flow: a loss of your own instead of the main case.")
@click.option("--parameters", metavar="X,Y,..", help="Of --loss.")
@click.option("--step", metavar="ETA", help="Step size on --loss, exact; default the symbol eta.")
@click.option("--at", metavar="X=..,Y=..", help="For --loss: the point at which the flow is wanted, exactly.")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to; - is stdout.")
@click.option("--explain", is_flag=True, help="Show each step of the derivation and how it was checked.")
@force_option
@latex_options
def derive(
    what: str,
    order: int,
    weights: str,
    form: str,
    optimiser: Optimiser | None,
    output: str,
    explain: bool,
    force: bool,
    latex: LatexChoice,
    loss: str | None,
    parameters: str | None,
    step: str | None,
    at: str | None,
) -> None:
    """Derive an exact object of the main case {1, -epsilon}, E = 0; with --optimiser under another optimiser.

    The one-step map, the two-step recurrence, its nullcline, the slow manifold that relaxed orbits follow, the limit
    T_inf where it ends, or the limit law for any start (order 1 is the leading one). The edge is the least curvature
    at which the linear step of an optimiser loses stability, with the multiplier that reaches the unit circle.
    central-flow is the flow of Cohen et al. 2024, for --loss too; central-flow-error its exact distance from the orbit;
    averaged-flow has the fourth derivative of the loss, which the central flow leaves out.
    """
    latex.require(form)
    check_writable(output, force)
    own = {"loss": loss, "parameters": parameters, "step": step, "at": at}
    given = {name: text for name, text in own.items() if text is not None}
    if given:
        if what != "central-flow":
            raise DomainError.of(f"--{next(iter(given))}", "central-flow", what, "Other studies: edgestab model.")
        result = _central_flow(optimiser, given)
    else:
        result = _derived(what, order, _weights(weights, what), optimiser)
    if explain:
        if form == "python":
            raise DomainError.of("--explain", "--format text, latex or json", "--format python", "A log is not code.")
        text = rendered(result.explain(), form, latex)
    else:
        text = rendered(result, form, latex, f"The {what} of {optimiser.name if optimiser else 'the main case'}")
    write_output(output, text, force)


def _derived(what: str, order: int, weights: tuple[int, int], optimiser: Optimiser | None) -> Derived:
    if what in WITH_OPTIMISER and (optimiser is not None or what not in KINDS):
        return WITH_OPTIMISER[what](optimiser, order)
    if optimiser is not None:
        known = ", ".join(WITH_OPTIMISER)
        raise DomainError.of(f"derive {what}", "gradient descent", optimiser.name, f"With --optimiser: {known}.")
    from edgestab.symbolic.models.quadratic import main_case

    return KINDS[what](main_case(), order, weights)


def _one_step(optimiser: Optimiser | None) -> Derived:
    from edgestab.symbolic.algebra.symbols import symbol
    from edgestab.symbolic.models.quadratic import QuadraticModel

    return QuadraticModel((1, -symbol("epsilon")), optimiser=optimiser).one_step()


def _edge(optimiser: Optimiser | None) -> Derived:
    from edgestab.symbolic.optimisers.edge import derive_edge
    from edgestab.symbolic.optimisers.optimiser import gradient_descent

    return derive_edge(optimiser or gradient_descent())


def _limit(optimiser: Optimiser | None, order: int) -> Derived:
    from edgestab.symbolic.optimisers.limit import derive_limit
    from edgestab.symbolic.optimisers.optimiser import gradient_descent

    return derive_limit(optimiser or gradient_descent(), order)


def _manifold(optimiser: Optimiser | None, order: int) -> Derived:
    from edgestab.symbolic.optimisers.manifold import derive_manifold
    from edgestab.symbolic.optimisers.optimiser import gradient_descent

    return derive_manifold(optimiser or gradient_descent(), order)


def _two_step(optimiser: Optimiser | None) -> Derived:
    from edgestab.symbolic.optimisers.optimiser import gradient_descent
    from edgestab.symbolic.optimisers.two_step import derive_two_step

    return derive_two_step(optimiser or gradient_descent())


def _central_flow(optimiser: Optimiser | None, own: dict[str, str]) -> Derived:
    from edgestab.symbolic.models.central_flow.derive import derive_central_flow
    from edgestab.symbolic.models.central_flow.quadratic import main_model
    from edgestab.symbolic.models.own_loss.descent import GradientDescent

    if not own:
        return derive_central_flow(main_model(), optimiser)
    if "loss" not in own or "parameters" not in own:
        raise DomainError.of("--loss", "--loss and --parameters together", ", ".join(own), "Give both.")
    model = GradientDescent(own["loss"], own["parameters"], own.get("step"))
    at = dict(read_pairs(own["at"], "--at")) if "at" in own else None
    return derive_central_flow(model, optimiser, at=at)


def _averaged_flow(optimiser: Optimiser | None) -> Derived:
    from edgestab.symbolic.models.central_flow.averaged import derive_averaged_flow
    from edgestab.symbolic.models.central_flow.quadratic import main_model

    return derive_averaged_flow(main_model(), optimiser)


def _central_flow_error(optimiser: Optimiser | None, order: int) -> Derived:
    from edgestab.symbolic.models.central_flow.comparison import derive_central_flow_error

    return derive_central_flow_error(optimiser, order)


def _weights(text: str, what: str) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) != 2 or not all(p.strip().isdecimal() and int(p) < 100 for p in parts):
        raise DomainError.of("--weights", "two integers 0..99 such as 2,2", text, "They count y and epsilon.")
    if what != "two-step" and any(int(p) for p in parts):
        raise DomainError.of("--weights", "the object two-step", what, "Only its order can be graded.")
    return int(parts[0]), int(parts[1])
