"""Options and starts that the subcommands of ``edgestab dynamics`` share."""

from __future__ import annotations

from typing import Any

import click

from edgestab.symbolic.algebra.errors import DomainError

LAWS = ("gaussian", "rademacher", "uniform", "student")
CURVATURES = ("goe", "iid", "symmetrised")


def number(*names: str, default: float, text: str) -> Any:
    """An option with a number of the default's type, shown in the help."""
    return click.option(*names, type=type(default), default=default, show_default=True, help=text)


def combine(*options: Any) -> Any:
    """Several options as one decorator, in the order of the help."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def size_options(outputs: int, parameters: int, sigma_z: float) -> Any:
    """Shape and residual scale, with their defaults."""
    return combine(
        number("--outputs", "-D", default=outputs, text="Outputs D."),
        number("--parameters", "-P", default=parameters, text="Parameters P."),
        number("--sigma-z", default=sigma_z, text="Residual scale."),
    )


seed_option = number("--seed", default=0, text="Seed.")
law_options = combine(
    click.option("--entries", type=click.Choice(LAWS), default="gaussian", show_default=True, help="Law of entries."),
    click.option("--curvature", type=click.Choice(CURVATURES), default="goe", show_default=True, help="Law of Q."),
    number("--correlation", default=0.0, text="Of z[a] with J[a, i]."),
)
start_options = combine(
    size_options(12, 24, 1.0),
    number("--seed", default=3, text="Seed; this one reaches the edge at the default size."),
    number("--index", default=0, text="Number of the sample."),
    law_options,
    click.option("--model", metavar="FILE", help="Read G, Q, y (and theta) from an .npz file instead of drawing them."),
    number("--start", default=0.9, text="Step size as eta lambda_max(0)."),
)


def load_state(model: str | None, draw: dict[str, Any]) -> Any:
    """The start: read from a file, or drawn from an ensemble.

    Args:
        model: an ``.npz`` file with arrays ``G`` (P, D), ``Q`` (D, P, P), ``y`` (D,) and optionally ``theta`` (P,).
        draw: options of the ensemble otherwise.

    Returns:
        The state.

    Raises:
        DomainError: the file cannot be read or lacks an array.
    """
    from edgestab.numeric.regression.ensemble import RegressionEnsemble
    from edgestab.numeric.regression.model import RegressionModel

    if model is None:
        law = {key: value for key, value in draw.items() if key not in {"seed", "index"}}
        return RegressionEnsemble.normalised(**law).sample(draw["seed"], draw["index"])
    import zipfile

    import numpy as np

    try:
        with np.load(model, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise DomainError.of("--model", "an .npz file", model, f"{error}.".replace("\n", " ")) from error
    missing = [name for name in ("G", "Q", "y") if name not in arrays]
    if missing:
        raise DomainError.of("--model", "arrays G, Q and y", f"no {', '.join(missing)}", "Save them with numpy.savez.")
    built = RegressionModel(arrays["G"], arrays["Q"], arrays["y"])
    return built.at(arrays.get("theta", np.zeros(built.parameters)))
