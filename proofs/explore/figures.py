"""The page's three figures as Bokeh models; their numbers come from the kernel in the page, their colours from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...numeric.orbits.basin import OUTCOMES
from ...numeric.runs.figure_style import COLOURS

if TYPE_CHECKING:
    from bokeh.plotting import figure

PLANE_RANGE = ((-1.0, 0.9), (0.0, 4.0))
"""Residual and NTK eigenvalue shown in the plane."""

CELLS = 96
"""Cells of the simulated basin, each way."""


@dataclass(frozen=True)
class Layer:
    """Something that a figure shows and a box switches on and off.

    Attributes:
        name: in the address.
        short: in the legends of the figures; empty where the page explains it elsewhere.
        label: beside the box.
        light: its colour on a light page; tested for contrast with the page.
        dark: its colour on a dark page.
        dash: how its line is drawn.
        shown: whether it is on at first.
        predicted: whether it exists only where the map's end is known.
    """

    name: str
    short: str
    label: str
    light: str
    dark: str
    dash: str
    shown: bool = True
    predicted: bool = False


LAYERS = (
    Layer("even", "even steps", "orbit, even steps", COLOURS[0], "#7cc4f0", "solid"),
    Layer("odd", "odd steps", "orbit, odd steps", COLOURS[1], "#ff9e6b", "solid"),
    Layer("sharpness", "Hessian", "sharpness: top eigenvalue of the Hessian", "#6b5b00", "#e2d36b", "solid", False),
    Layer("edge", "edge", "edge of stability", "#4a4a4a", "#c9c9c9", "dotted"),
    Layer("law", "limit law", "limit law, for this start", COLOURS[3], "#dca6f2", "dashed", True, True),
    Layer(
        "series",
        "limit series",
        "limit series, for starts that are forgotten",
        "#a3195b",
        "#ff8fc0",
        "dotdash",
        True,
        True,
    ),
    Layer("manifold", "slow manifold", "slow manifold", "#3f6b25", "#a7d98a", "dashed", True, True),
    Layer("nullcline", "nullcline", "two-step nullcline", "#8a5a44", "#d9b59c", "dotdash", False),
    Layer("region", "proved region", "proved trapping region of Theorem 1", "#1f5f8b", "#8fc1e8", "solid", True, True),
    Layer("basin", "", "basin, simulated", "#5f6b73", "#a9b4bb", "solid"),
)

DASHES = {layer.name: layer.dash for layer in LAYERS}
STROKES = {"solid": "", "dotted": "2 3", "dashed": "6 4", "dotdash": "2 3 6 3"}
"""Dashes of a sample line on the page, as SVG writes them."""

BASIN = {
    "light": ("#cfe3f3", "#f7e8a4", "#e7b8a2", "#9a9a9a", "#ffffff"),
    "dark": ("#1d3a50", "#4a431a", "#5a2f20", "#5a5a5a", "#14181c"),
}
"""A tint for each outcome, in the order of ``OUTCOMES``."""

PAGE_COLOURS = {
    "light": {"ground": "#ffffff", "panel": "#f4f5f6", "ink": "#1b1f23", "soft": "#50575e", "rule": "#c9ced3"},
    "dark": {"ground": "#14181c", "panel": "#1e242a", "ink": "#eceff1", "soft": "#b4bcc3", "rule": "#47515a"},
}


def _figure(title: str, x: str, y: str, height: int, **settings: Any) -> figure:
    from bokeh import plotting

    drawn = plotting.figure(
        height=height,
        sizing_mode="stretch_width",
        toolbar_location=None,
        tools="",
        title=title,
        x_axis_label=x,
        y_axis_label=y,
        lod_threshold=None,
        **settings,
    )
    drawn.axis.axis_label_text_font_size = drawn.axis.major_label_text_font_size = "13px"
    drawn.axis.axis_label_text_font_style = "normal"
    drawn.title.text_font_size = "14px"
    # each label costs time in every frame
    drawn.yaxis.ticker.desired_num_ticks = 5
    return drawn


def _source(*columns: str) -> Any:
    from bokeh.models import ColumnDataSource

    return ColumnDataSource({c: [] for c in columns})


def _legend(drawn: figure) -> None:
    """A legend for exported figures; on the page, where it would be drawn anew in every frame, the key stands in."""
    from bokeh.models import Legend, LegendItem

    labels = {layer.name: layer.short for layer in LAYERS if layer.short}
    items: dict[str, list[Any]] = {}
    for renderer in drawn.renderers:
        items.setdefault(str(renderer.name), []).append(renderer)
    shown = [
        LegendItem(label=labels[name], renderers=found, name=name) for name, found in items.items() if name in labels
    ]
    legend = Legend(
        items=shown,
        ncols=3,
        location="center",
        label_text_font_size="12px",
        border_line_color=None,
        padding=2,
        spacing=8,
    )
    drawn.add_layout(legend, "below")


def _live(drawn: figure) -> None:
    """Put what moves on the layer that is painted by itself: in most frames axes, grid and basin stay as they are."""
    for renderer in drawn.renderers:
        if renderer.name != "basin":
            renderer.level = "overlay"


def plane() -> figure:
    """The plane of residual and NTK eigenvalue: basin, proved region, curves, orbit, and the start to be dragged."""
    import numpy as np
    from bokeh.models import ColumnDataSource, CustomJS, HoverTool, LinearColorMapper, Range1d, WheelZoomTool

    (left, right), (low, high) = PLANE_RANGE
    drawn = _figure(
        "Orbit in the plane",
        "z, the step size times the residual",
        "T, the step size times the NTK eigenvalue",
        470,
        x_range=Range1d(left, right),
        y_range=Range1d(low, high),
    )
    colours = LinearColorMapper(palette=list(BASIN["light"]), low=-0.5, high=len(OUTCOMES) - 0.5)
    # typed from the start: the page writes into this array
    empty = np.full((CELLS, CELLS), np.nan)
    box = {"x": [left], "y": [low], "dw": [right - left], "dh": [high - low]}
    basin = ColumnDataSource({"image": [empty], **box})
    drawn.image("image", "x", "y", "dw", "dh", source=basin, color_mapper=colours, name="basin", level="image")
    drawn.patch("x", "y", source=_source("x", "y"), name="region", fill_alpha=0.12, line_width=2)
    drawn.hspan("y", source=_source("y"), name="edge", line_dash=DASHES["edge"], line_width=2)
    drawn.line("x", "y", source=_source("x", "y"), name="nullcline", line_width=2, line_dash=DASHES["nullcline"])
    drawn.line("x", "y", source=_source("x", "y"), name="manifold", line_width=3, line_dash=DASHES["manifold"])
    spots = []
    for name in ("even", "odd"):
        source = _source("x", "y", "step")
        drawn.line("x", "y", source=source, name=name, line_width=1.2, line_alpha=0.7)
        spots.append(drawn.scatter("x", "y", source=source, name=name, size=4.5, line_color=None))
    drawn.scatter("x", "y", source=_source("x", "y"), name="series", marker="x", size=15, line_width=3)
    drawn.scatter("x", "y", source=_source("x", "y"), name="law", marker="diamond", size=15, fill_alpha=0, line_width=3)
    drawn.scatter("x", "y", source=_source("x", "y"), name="start", size=17, fill_alpha=0.25, line_width=3)
    _legend(drawn)
    _live(drawn)
    zoom = WheelZoomTool(modifiers="ctrl")
    drawn.add_tools(
        zoom,
        HoverTool(renderers=spots, tooltips=[("step", "@step"), ("z", "@x{0.000000}"), ("T", "@y{0.000000}")]),
    )
    drawn.toolbar.active_scroll = zoom
    for event in ("panstart", "pan", "panend", "tap"):
        drawn.js_on_event(event, CustomJS(code="window.edgestab.point(cb_obj)"))
    return drawn


def against_steps() -> figure:
    """The NTK eigenvalue and the sharpness against steps, with the edge and what is predicted of the end."""
    from bokeh.models import BoxAnnotation, Range1d

    drawn = _figure(
        "Eigenvalue against steps",
        "gradient step + 1",
        "eigenvalue",
        330,
        x_axis_type="log",
        x_range=Range1d(1, 1000),
        y_range=Range1d(0, 4),
    )
    drawn.add_layout(BoxAnnotation(name="region", fill_alpha=0.12, line_width=1, level="image"))
    drawn.line("x", "y", source=_source("x", "y"), name="sharpness", line_width=1.5)
    for name in ("even", "odd"):
        drawn.line("x", "y", source=_source("x", "y"), name=name, line_width=2)
    for name in ("edge", "series", "law"):
        drawn.hspan("y", source=_source("y"), name=name, line_dash=DASHES[name], line_width=2.5)
    _legend(drawn)
    _live(drawn)
    return drawn


def deviation() -> figure:
    """The deviation y from the two-step nullcline against steps, with the slow manifold's at the same residuals."""
    from bokeh.models import Range1d

    drawn = _figure(
        "Deviation y = T - f(z)",
        "gradient step + 1",
        "y",
        330,
        x_axis_type="log",
        x_range=Range1d(1, 1000),
        y_range=Range1d(-1, 1),
    )
    for name in ("even", "odd"):
        drawn.line("x", "y", source=_source("x", "y"), name=name, line_width=2)
    drawn.line("x", "y", source=_source("x", "y"), name="manifold", line_width=2.5, line_dash=DASHES["manifold"])
    for name in ("edge", "series", "law"):
        drawn.hspan("y", source=_source("y"), name=name, line_dash=DASHES[name], line_width=2.5)
    _legend(drawn)
    _live(drawn)
    return drawn


FIGURES = {
    "plane": (plane, "plane of residual and NTK eigenvalue"),
    "steps": (against_steps, "NTK eigenvalue and sharpness against steps"),
    "deviation": (deviation, "deviation from the nullcline against steps"),
}
