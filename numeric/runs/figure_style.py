"""The one style of all figures, and writing them to files.

Figures are made for one column of a printed page: 3.4 inches wide, no text below 8 points. Stable is solid, unstable
dotted, and so is the edge of stability; what was not measured is left blank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ...symbolic.algebra.errors import OutputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

P = ParamSpec("P")
R = TypeVar("R")

COLUMN = 3.4
"""Width of a column in inches: what figures are made for."""

SMALLEST_TEXT = 8
"""Points; no text in a figure is smaller."""

STYLE: Any = {
    "figure.dpi": 130,
    "savefig.dpi": 300,
    "font.size": SMALLEST_TEXT,
    "axes.titlesize": SMALLEST_TEXT,
    "axes.labelsize": 9,
    "legend.fontsize": SMALLEST_TEXT,
    "legend.title_fontsize": SMALLEST_TEXT,
    "xtick.labelsize": SMALLEST_TEXT,
    "ytick.labelsize": SMALLEST_TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.linewidth": 0.7,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.columnspacing": 1.0,
    "legend.borderaxespad": 0.3,
    "svg.hashsalt": "edgestab",
    "pdf.fonttype": 42,
}
EDGE_LINE: dict[str, Any] = {"color": "0.25", "linestyle": ":", "linewidth": 1.2}
STABLE, UNSTABLE = "-", ":"
"""How a curve of fixed points is drawn."""

COLOURS = ("#1f5fa8", "#c1440e", "#44aa99", "#882255", "#e69f00")
"""Blue, vermilion, teal, wine, orange: told apart with any colour vision (a test simulates it)."""


@contextmanager
def styled_axes(ax: Axes | None, size: tuple[float, float], style: Any = STYLE) -> Iterator[Axes]:
    """The axes given, or new ones of this size in inches, for drawing in a style."""
    import matplotlib.pyplot as plt

    with plt.rc_context(style):
        yield plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def visible_moves(path: Any, least: float) -> Any:
    """A path thinned to the points at which it visibly moved, so that an orbit at rest is not drawn a thousand times.

    Args:
        path: points in order, shape ``(n, 2)``.
        least: points nearer than this to the last one kept are dropped.

    Returns:
        The points kept, the first and the last among them.
    """
    kept = [0]
    for k in range(1, len(path)):
        if max(abs(path[k] - path[kept[-1]])) >= least:
            kept.append(k)
    return path[kept if kept[-1] == len(path) - 1 else [*kept, len(path) - 1]]


def in_style(draw: Callable[P, R]) -> Callable[P, R]:
    """A function that draws, in the style, whether or not it makes its own axes."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        import matplotlib.pyplot as plt

        with plt.rc_context(STYLE):
            return draw(*args, **kwargs)

    return styled


def save_figure(figure: Any, path: Any, form: str | None = None) -> None:
    """Write a figure; the same figure gives the same bytes.

    Args:
        figure: a matplotlib figure.
        path: its suffix chooses the format; or a binary stream, with ``form``.
        form: png, pdf or svg, where the path has no suffix.

    Raises:
        OutputError: the suffix is unknown or the file cannot be written.
    """
    import matplotlib.pyplot as plt

    kind = form or str(path).rpartition(".")[2].lower()
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    try:
        with plt.rc_context(STYLE):
            figure.savefig(path, format=form, metadata=undated)
    except (ValueError, OSError) as error:
        raise OutputError.of("plot", "a path ending in png, pdf or svg", path, str(error).split(";")[0]) from error
    finally:
        plt.close(figure)
