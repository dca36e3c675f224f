"""What a figure shows, as numbers: read from the figure itself, so that it cannot differ from what is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np


def drawn_data(figure: Any) -> dict[str, Any]:
    """Labels, limits and data of every panel of a figure.

    Args:
        figure: a matplotlib figure.

    Returns:
        ``{"panels": [..]}``; each panel has ``title``, and for ``x`` and ``y`` the label, scale and limits; ``lines``
        (label, x, y, style), ``points`` and ``segments`` (label, positions, and the values that colour them, where
        there are any), and ``meshes`` (x, y of the cells, values). Curves that only span the panel are there as well.
    """
    return {"panels": [_panel(ax) for ax in figure.axes if ax.get_label() != "<colorbar>"]}


def _panel(ax: Any) -> dict[str, Any]:
    from matplotlib.collections import LineCollection, PathCollection, QuadMesh

    panel: dict[str, Any] = {"title": ax.get_title() or ax.get_title(loc="left")}
    for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        limits = [float(v) for v in axis.get_view_interval()]
        panel[name] = {"label": axis.get_label_text(), "scale": axis.get_scale(), "limits": limits}
    panel["lines"] = [_line(line) for line in ax.get_lines()]
    panel["points"], panel["segments"], panel["meshes"] = [], [], []
    for item in ax.collections:
        if isinstance(item, QuadMesh):
            corners = np.ma.filled(item.get_coordinates(), np.nan)
            values = item.get_array()
            panel["meshes"].append({"x": corners[0, :, 0], "y": corners[:, 0, 1], **_values(values)})
        elif isinstance(item, PathCollection):
            panel["points"].append({**_label(item), "at": np.ma.filled(item.get_offsets(), np.nan), **_values(item)})
        elif isinstance(item, LineCollection):
            panel["segments"].append(
                {**_label(item), "at": [np.asarray(s) for s in item.get_segments()], **_values(item)}
            )
    return panel


def _label(artist: Any) -> dict[str, Any]:
    """The label that a legend shows, None for a nameless artist."""
    text = str(artist.get_label())
    return {"label": None if text.startswith("_") else text}


def _line(line: Any) -> dict[str, Any]:
    x, y = (np.asarray(v, dtype=float) for v in line.get_data())
    return {**_label(line), "x": x, "y": y, "style": line.get_linestyle()}


def _values(item: Any) -> dict[str, Any]:
    array = item.get_array() if hasattr(item, "get_array") else item
    return {} if array is None else {"values": np.ma.filled(np.ma.asarray(array, dtype=float), np.nan)}
