"""The one style of all figures, and writing them to files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...symbolic.algebra.errors import OutputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE: Any = {
    "figure.dpi": 130,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
}
EDGE_LINE: dict[str, Any] = {"color": "0.25", "linestyle": ":", "linewidth": 1.2}
COLOURS = ("#2a6f97", "#c1440e", "#6a994e", "#7b2d8b", "#8d6e63")


@contextmanager
def styled_axes(ax: Axes | None, size: tuple[float, float], style: Any = STYLE) -> Iterator[Axes]:
    """The axes given, or new ones of this size in inches, for drawing in a style."""
    import matplotlib.pyplot as plt

    with plt.rc_context(style):
        yield plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def save_figure(figure: Any, path: str) -> None:
    """Write a figure.

    Args:
        figure: a matplotlib figure.
        path: its suffix chooses the format.

    Raises:
        OutputError: the suffix is unknown or the file cannot be written.
    """
    import matplotlib.pyplot as plt

    try:
        figure.savefig(path)
    except (ValueError, OSError) as error:
        raise OutputError.of("plot", "a path ending in png, pdf or svg", path, str(error).split(";")[0]) from error
    finally:
        plt.close(figure)
