"""The options that name an optimiser, for every command that takes one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgestab.symbolic.algebra.errors import DomainError

if TYPE_CHECKING:
    from edgestab.symbolic.optimisers.optimiser import Optimiser

F = TypeVar("F", bound=Callable[..., Any])

FILTER = "filter"
OPTIONS = ("beta", "rho", "gamma")
TAKES = {
    "gradient-descent": "",
    "heavy-ball": "beta",
    "nesterov": "beta",
    "averaged-gradient": "beta",
    "sam": "rho",
    "weight-decay": "gamma",
    FILTER: "",
    "normalised-descent": "",
    "root-loss-descent": "",
}
"""Optimisers by name, and the option that each takes; that names and factories agree is tested."""


def optimiser_options(command: F) -> Any:
    """Options ``--optimiser --beta --rho --gamma --filter``, handed to a command as one ``optimiser``.

    It is None where no optimiser is named; its parameter stays a symbol where no value is given.
    """

    @wraps(command)
    def run(
        optimiser_name: str | None,
        beta: str | None,
        rho: str | None,
        gamma: str | None,
        filter_text: str | None,
        **options: Any,
    ) -> Any:
        values = {"beta": beta, "rho": rho, "gamma": gamma}
        return command(optimiser=read_optimiser(optimiser_name, filter_text, values), **options)

    for option in (
        click.option(
            "--filter",
            "filter_text",
            metavar="N0,N1,..[:D0,D1,..]",
            help="Optimiser that moves by a linear filter of past gradients, with D0 = 1; 1/2,1/2 is a running mean.",
        ),
        click.option("--gamma", metavar="G", help="Weight decay times the step size, in [0, 1)."),
        click.option("--rho", metavar="R", help="Ascent radius of SAM over the step size, at least 0."),
        click.option("--beta", metavar="B", help="Momentum, in [0, 1); a symbol where it is left out."),
        click.option(
            "--optimiser", "optimiser_name", type=click.Choice(tuple(TAKES)), help="Instead of gradient descent."
        ),
    ):
        run = option(run)
    return run


def read_optimiser(name: str | None, filter_text: str | None, values: dict[str, str | None]) -> Optimiser | None:
    """The optimiser that the options name.

    Args:
        name: of the optimiser.
        filter_text: two lists of numbers, numerator and denominator, separated by a colon.
        values: text of each parameter; None where it was left out.

    Returns:
        The optimiser, or None where nothing was asked for.

    Raises:
        DomainError: an option does not belong to the optimiser, or its value is out of range.
    """
    from edgestab.symbolic.optimisers.optimiser import NAMED, gradient_filter
    from edgestab.symbolic.optimisers.piecewise import PIECEWISE

    given = {key: value for key, value in values.items() if value is not None}
    name = FILTER if name is None and filter_text is not None else name
    if name is None:
        if given:
            raise DomainError.of(f"--{next(iter(given))}", "--optimiser beside it", "none", "Name the optimiser.")
        return None
    foreign = [key for key in given if key != TAKES[name]]
    if foreign:
        takes = f"--{TAKES[name]}" if TAKES[name] else "no parameter"
        raise DomainError.of(f"--{foreign[0]}", f"{takes} for {name}", f"--{foreign[0]}", "Drop it.")
    if (name == FILTER) != (filter_text is not None):
        raise DomainError.of("--filter", "--optimiser filter with --filter", name, "Give both, or --filter alone.")
    if filter_text is not None:
        top, colon, bottom = filter_text.partition(":")
        return gradient_filter(*(side.split(",") for side in ([top, bottom] if colon else [top])))
    if name in PIECEWISE:
        raise PIECEWISE[name]().refuse(f"--optimiser {name}")
    return NAMED[name](*given.values())
