"""``edgestab derive``: exact objects, printed."""

from __future__ import annotations

import json
from typing import Any

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, force_option, write_output
from .typesetting import LatexChoice, latex_options, latex_text

OBJECTS = ("one-step", "two-step", "nullcline", "slow-manifold", "limit", "limit-law")
ORDER_HELP = "Highest degree in z kept; for slow-manifold, limit and limit-law the highest power of epsilon."
FORMATS = ("text", "latex", "python", "json")


@click.command()
@click.argument("what", type=click.Choice(OBJECTS), metavar="|".join(OBJECTS))
@click.option("--order", type=int, default=3, show_default=True, help=ORDER_HELP)
@click.option("--weights", default="0,0", metavar="Y,E", help="What y and epsilon count in the order of two-step.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to; - is stdout.")
@click.option("--explain", is_flag=True, help="Show each step of the derivation and how it was checked.")
@force_option
@latex_options
def derive(
    what: str, order: int, weights: str, form: str, output: str, explain: bool, force: bool, latex: LatexChoice
) -> None:
    """Derive an exact object of the main case {1, -epsilon}, E = 0.

    The one-step map, the two-step recurrence, its nullcline, the slow manifold that relaxed orbits follow, the limit
    T_inf where it ends, or the limit law for any start (order 1 is the leading one).
    """
    from edgestab.symbolic.models.quadratic import main_case

    latex.require(form)
    check_writable(output, force)
    one_step = main_case()
    graded = _weights(weights, what)
    if explain:
        write_output(output, _explain(what, order, form, latex), force)
        return
    result: Any
    if what == "one-step":
        result = one_step
    elif what == "two-step":
        result = one_step.two_step(order, graded)
    elif what == "nullcline":
        result = one_step.nullcline(order)
    elif what == "limit-law":
        result = one_step.limit_law(order)
    else:
        result = one_step.limit_series(order) if what == "limit" else one_step.slow_manifold(order)
    write_output(output, _render(what, result, form, latex), force)


def _weights(text: str, what: str) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) != 2 or not all(p.strip().isdecimal() and int(p) < 100 for p in parts):
        raise DomainError.of("--weights", "two integers 0..99 such as 2,2", text, "They count y and epsilon.")
    if what != "two-step" and any(int(p) for p in parts):
        raise DomainError.of("--weights", "the object two-step", what, "Only its order can be graded.")
    return int(parts[0]), int(parts[1])


def _render(what: str, result: Any, form: str, latex: LatexChoice) -> str:
    from edgestab.symbolic.planar.printing import python_source, text_lines

    if form == "json":
        return json.dumps(result.to_json(), indent=2)
    if form == "latex":
        return latex_text(result, f"The {what} of the main case", latex)
    if form == "python":
        return python_source(what, result)
    return "\n".join(text_lines(what, result))


def _explain(what: str, order: int, form: str, latex: LatexChoice) -> str:
    """The log of one object.

    Args:
        what: the object.
        order: its order.
        form: text, latex or json.
        latex: the LaTeX options.

    Returns:
        The text to write.

    Raises:
        DomainError: the format has no logs.
    """
    from edgestab.symbolic.explain import main_case as explanations
    from edgestab.symbolic.explain.limit_law import explain_limit_law
    from edgestab.symbolic.models.quadratic import main_case

    from .model import render_log

    if form == "python":
        raise DomainError.of("--explain", "--format text, latex or json", "--format python", "A log is not code.")
    one_step = main_case()
    logs = {
        "one-step": lambda: explanations.explain_one_step(one_step.model),
        "two-step": lambda: explanations.explain_two_step(one_step, order),
        "nullcline": lambda: explanations.explain_nullcline(one_step, order),
        "slow-manifold": lambda: explanations.explain_slow_manifold(one_step, order),
        "limit": lambda: explanations.explain_limit(one_step, order),
        "limit-law": lambda: explain_limit_law(one_step, order),
    }
    return render_log(logs[what](), form, latex)
