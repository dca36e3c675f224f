"""The table of figures: what each shows, its default data, and how it is drawn.

``edgestab plot NAME`` and the gallery draw from it. Here: which figures there are, with defaults that show the
phenomenon. Not here: the drawing; each panel is a public function ``plot_x(result, *, ax=None)`` of a room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .symbolic.algebra.errors import DomainError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True)
class Option:
    """A number of a figure that users may change.

    Attributes:
        kind: ``rational`` (read exactly, given as text), ``int``, ``float`` or ``text``.
        default: what shows the phenomenon.
        help: what it is.
    """

    kind: str
    default: Any
    help: str


@dataclass(frozen=True)
class Panel:
    """One panel of a figure.

    Attributes:
        function: the room and the public function, ``orbits.plot_phase_plane``.
        height: in inches, for a figure as wide as a column (3.4 inches).
        keys: attributes or keys of the result that are handed over, in order; none: the result itself.
    """

    function: str
    height: float
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A figure of the table.

    Attributes:
        name: what users type.
        title: what it shows, in a line.
        source: the function of :mod:`edgestab.figure_data` that computes its result from its options.
        panels: from top to bottom; they share the horizontal axis.
        options: by name, with underscores.
    """

    name: str
    title: str
    source: str
    panels: tuple[Panel, ...]
    options: Mapping[str, Option]


def _rational(default: str, text: str) -> Option:
    return Option("rational", default, text)


EPSILON = "Size of the negative eigenvalue, in (0, 1), read exactly."
SEED = Option("int", 0, "Seed.")
STEPS = "Gradient steps at most."


def _size(outputs: int, parameters: int) -> dict[str, Option]:
    return {"outputs": Option("int", outputs, "Outputs D."), "parameters": Option("int", parameters, "Parameters P.")}


_RUN = {
    **_size(12, 24),
    "sigma_z": Option("float", 1.0, "Residual scale."),
    "seed": Option("int", 3, "Seed."),
    "start": Option("float", 0.9, "Step size as eta lambda_max(0)."),
}

_ALL = (
    Figure(
        "landscape",
        "The loss over two parameters: minima coloured by sharpness, descent and flow",
        "landscape",
        (Panel("orbits.plot_landscape", 2.9),),
        {
            "epsilon": _rational("1/5", EPSILON),
            "target": _rational("0", "Regression target times the step size."),
            "steps": Option("int", 400, STEPS),
        },
    ),
    Figure(
        "sharpness",
        "Sharpness and loss against steps, by descent and by the gradient flow, D outputs",
        "descent",
        (
            Panel("regression.plot_trajectory", 2.3, ("run", "flow")),
            Panel("regression.plot_loss", 1.4, ("run", "flow")),
        ),
        {**_RUN, "steps": Option("int", 250, STEPS)},
    ),
    Figure(
        "orbit",
        "The NTK eigenvalue of one output along one orbit, even and odd steps apart",
        "orbit",
        (Panel("orbits.plot_orbit", 2.5),),
        {
            "epsilon": _rational("1/50", EPSILON),
            "z": _rational("1/100", "Start: rescaled residual."),
            "T": _rational("43/20", "Start: rescaled NTK eigenvalue."),
            "steps": Option("int", 2000, STEPS),
        },
    ),
    Figure(
        "plane",
        "The (z, T) plane: nullcline, two-step field, slow manifold, orbits",
        "plane",
        (Panel("orbits.plot_phase_plane", 3.0),),
        {"epsilon": _rational("1/10", EPSILON), "steps": Option("int", 2000, STEPS)},
    ),
    Figure(
        "deviation",
        "y = T - f(z) along orbits, with their ends by the limit series and by the limit law",
        "deviation",
        (Panel("orbits.plot_deviation", 2.7),),
        {"epsilon": _rational("1/20", EPSILON), "steps": Option("int", 400, STEPS)},
    ),
    Figure(
        "limit",
        "(2 - T)/epsilon against epsilon: partial sums, resummation, and the exact map iterated",
        "limit",
        (Panel("orbits.plot_limit_series", 2.7),),
        {
            "order": Option("int", 16, "Terms of the limit series, 9..60."),
            "grid": Option("int", 35, "Values of epsilon, from 1/100 in steps of 1/100."),
        },
    ),
    Figure(
        "optimisers",
        "How far below its edge training ends under each optimiser: limit series, and weights stepped",
        "optimisers",
        (Panel("orbits.plot_optimiser_gaps", 2.7),),
        {
            "beta": _rational("1/2", "Momentum, in [0, 1), read exactly."),
            "grid": Option("int", 40, "Values of epsilon up to 1/25."),
        },
    ),
    Figure(
        "central-flow",
        "The central flow beside an orbit: sharpness, and the vibration that holds it at the edge",
        "central_flow",
        (
            Panel("orbits.plot_central_flow", 2.0),
            Panel("orbits.plot_central_flow_gap", 1.3),
            Panel("orbits.plot_central_flow_variance", 1.6),
        ),
        {
            "epsilon": _rational("1/50", EPSILON),
            "z": _rational("1/4", "Start on the two-cycles of epsilon = 0, in (0, 1/2]: its residual."),
            "steps": Option("int", 400, STEPS),
        },
    ),
    Figure(
        "basin",
        "Where starts end: the proved trapping region on the simulated basin",
        "basin",
        (Panel("orbits.plot_basin", 3.7, ("basin", "barriers", "start")),),
        {
            "epsilon": _rational("1/8", EPSILON),
            "grid": Option("int", 160, "Rows of the grid of starts."),
        },
    ),
    Figure(
        "theorem-2",
        "Theorem 2 against size: simulation, the exact value at finite size, the limit",
        "theorem_2",
        (Panel("initialisation.plot_theorem_2_ratio", 2.6),),
        {
            **_size(32, 64),
            "samples": Option("int", 2000, "Independent samples at each size."),
            "seed": SEED,
        },
    ),
    Figure(
        "convergence",
        "Sharpness at convergence against the residual scale, for three step sizes, with the flow",
        "convergence",
        (Panel("regression.plot_convergence", 2.8),),
        {
            **_size(12, 24),
            "samples": Option("int", 8, "Samples at each point."),
            "seed": SEED,
            "steps": Option("int", 4000, STEPS),
        },
    ),
    Figure(
        "split",
        "The non-linear part of each two-step change of the sharpness, near the edge",
        "split",
        (
            Panel("regression.plot_split_eigenvalues", 1.9),
            Panel("regression.plot_split", 1.9),
        ),
        {**_RUN, "steps": Option("int", 130, "Two-step changes to record.")},
    ),
    Figure(
        "rise",
        "Progressive sharpening under the flow: the measured rise and its predictions",
        "rise",
        (Panel("regression.plot_sharpening", 2.8, ("curve", "limit")),),
        {
            **_size(20, 40),
            "sigma_z": Option("float", 1.0, "Residual scale."),
            "samples": Option("int", 12, "Antithetic pairs."),
            "seed": SEED,
        },
    ),
    Figure(
        "mean-field",
        "Descent at infinite size, solved exactly, beside simulated runs",
        "mean_field",
        (
            Panel("regression.plot_mean_field_eigenvalue", 2.2, ("limit", "runs")),
            Panel("regression.plot_mean_field_loss", 1.6, ("limit", "runs")),
        ),
        {
            **_size(40, 80),
            "sigma_z": Option("float", 2.0, "Residual scale."),
            "start": Option("float", 0.5, "Step size as eta lambda_max(0)."),
            "samples": Option("int", 3, "Simulated runs."),
            "seed": SEED,
            "steps": Option("int", 60, STEPS),
        },
    ),
    Figure(
        "phase",
        "Phase diagram over epsilon and the start: relaxed, frozen, divergent",
        "phase",
        (Panel("sweeps.plot_phase_diagram", 2.8),),
        {
            "grid": Option("int", 160, "Starts along each axis."),
            "steps": Option("int", 200_000, STEPS),
        },
    ),
    Figure(
        "network",
        "A network at its edge: top Hessian eigenvalues with bounds, 2/eta, central flow, and the loss",
        "network",
        (
            Panel("networks.plot_spectrum_beside_flow", 2.4, ("run", "flow")),
            Panel("networks.plot_loss_beside_flow", 1.4, ("run", "flow")),
        ),
        {
            "hidden": Option("text", "6,6", "Widths of the hidden layers."),
            "eta": Option("float", 0.2, "Step size eta on |z|^2 / (2 N)."),
            "steps": Option("int", 800, STEPS),
            "seed": SEED,
        },
    ),
)

FIGURES: dict[str, Figure] = {figure.name: figure for figure in _ALL}
"""Every figure by its name, in the order in which they are listed."""


def get_figure(name: str) -> Figure:
    """A figure of the table.

    Args:
        name: its name.

    Returns:
        The figure.

    Raises:
        DomainError: there is none of this name.
    """
    if name not in FIGURES:
        raise DomainError.of("figures", f"one of {', '.join(FIGURES)}", name, "edgestab plot --list says what each is.")
    return FIGURES[name]


def figure_result(name: str, **options: Any) -> Any:
    """Compute what a figure shows.

    Args:
        name: of the figure.
        **options: to change from their defaults; rationals as text, read exactly.

    Returns:
        The result that the figure's panels draw.

    Raises:
        DomainError: the figure or an option is unknown, or a value is out of range.
    """
    figure = get_figure(name)
    unknown = sorted(set(options) - set(figure.options))
    if unknown:
        known = ", ".join(figure.options)
        raise DomainError.of(f"figure {name}", f"options {known}", ", ".join(unknown), "Leave it out.")
    chosen = {key: option.default for key, option in figure.options.items()} | options
    source: Callable[..., Any] = getattr(import_module(".figure_data", __package__), figure.source)
    return source(**chosen)


def draw_figure(name: str, result: Any = None, *, width: float | None = None, **options: Any) -> Drawing:
    """Draw a figure of the table, in the one style of all figures.

    Args:
        name: of the figure.
        result: what :func:`figure_result` computed; computed now if None.
        width: in inches; default that of a column, 3.4. Heights grow in proportion, text stays as it is.
        **options: as for :func:`figure_result`.

    Returns:
        A matplotlib figure, not shown and not written.

    Raises:
        DomainError: the figure or an option is unknown, or a value is out of range.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Drawing

    from .numeric.runs.figure_style import COLUMN, STYLE

    figure = get_figure(name)
    wide = COLUMN if width is None else width
    if not 2 <= wide <= 20:
        raise DomainError.of(f"figure {name}", "a width of 2..20 inches", wide, "3.4 is one column, 7 two.")
    found = figure_result(name, **options) if result is None else result
    heights = [panel.height for panel in figure.panels]
    with ExitStack() as stack:
        stack.enter_context(rc_context(STYLE))
        drawing = Drawing(figsize=(wide, sum(heights) * wide / COLUMN), layout="constrained")
        FigureCanvasAgg(drawing)  # can be drawn, and is no figure of pyplot's that somebody has to close
        axes = drawing.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for panel, ax in zip(figure.panels, axes, strict=True):
            room, function = panel.function.split(".")
            draw = getattr(import_module(f".numeric.{room}", __package__), function)
            draw(*([found[key] for key in panel.keys] or [found]), ax=ax)
        for ax in axes[:-1]:
            ax.set_xlabel("")
    return drawing
