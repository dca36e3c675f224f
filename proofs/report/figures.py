"""Small drawings as SVG: a figure against its bound, how many comparisons held, how many claims have which level."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from html import escape
from typing import Any

WIDE, HIGH, MARGIN = 220.0, 34.0, 8.0


def number(value: object) -> float | None:
    """A figure or bound as a float, if it is a number: evidence holds numbers and texts such as ``1/5`` or ``2e-3``."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    text = str(value).strip().removeprefix(">").strip()
    try:
        return float(Fraction(text))
    except (ValueError, ZeroDivisionError):
        try:
            return float(text) if math.isfinite(float(text)) else None
        except ValueError:
            return None


def short(value: object) -> str:
    """A figure in few characters."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def against_bound(evidence: Mapping[str, Any]) -> str:
    """A line with the figure as a dot and its bound as a tick; logarithmic where they are far apart.

    Args:
        evidence: of one check, as ``verify --json`` writes it.

    Returns:
        SVG; empty where figure or bound is not a number, or both are zero.
    """
    worst, bound = number(evidence["worst"]), number(evidence["bound"])
    if worst is None or bound is None or worst == bound == 0:
        return ""
    spread = worst > 0 < bound and not 0.02 <= worst / bound <= 50
    if spread:
        ends = sorted((math.log10(worst), math.log10(bound)))
        low, high = float(math.floor(ends[0] - 0.3)), float(math.ceil(ends[1] + 0.3))
    else:
        low, high = min(0.0, worst, bound), max(worst, bound, 0.0) * 1.15 or 1.0

    def place(value: float) -> float:
        at = math.log10(value) if spread else value
        return MARGIN + (WIDE - 2 * MARGIN) * (at - low) / (high - low)

    x, b, y = place(worst), place(bound), HIGH - 12
    ends_text = (f"1e{low:.0f}", f"1e{high:.0f}") if spread else ("0" if low == 0 else short(low), "")
    said = f"{evidence['figure'] or 'figure'}: {short(evidence['worst'])}, bound {short(evidence['bound'])}"
    said += ", on a logarithmic scale" if spread else ""
    return (
        f'<svg class="line {evidence["verdict"]}" viewBox="0 0 {WIDE:.0f} {HIGH:.0f}" role="img" '
        f'aria-label="{escape(said)}">'
        f'<line class="axis" x1="{MARGIN}" x2="{WIDE - MARGIN}" y1="{y}" y2="{y}"/>'
        f'<line class="reach" x1="{min(x, b):.1f}" x2="{max(x, b):.1f}" y1="{y}" y2="{y}"/>'
        f'<line class="bound" x1="{b:.1f}" x2="{b:.1f}" y1="{y - 9}" y2="{y + 5}"/>'
        f'<circle class="figure" cx="{x:.1f}" cy="{y}" r="4.5"/>'
        f'<text x="{MARGIN}" y="10">{ends_text[0]}</text>'
        f'<text x="{WIDE - MARGIN}" y="10" text-anchor="end">{ends_text[1]}</text></svg>'
    )


def tally(evidence: Mapping[str, Any]) -> str:
    """A bar of what was compared: held, left open, contradicted.

    Args:
        evidence: of one check.

    Returns:
        SVG.
    """
    total = evidence["tested"]
    held = max(total - evidence["undecided"] - evidence["rejected"], 0)
    parts = (("TRUE", held), ("UNKNOWN", evidence["undecided"]), ("FALSE", evidence["rejected"]))
    said = f"of {total} comparisons {held} held, {evidence['undecided']} open, {evidence['rejected']} contradicted"
    return bar(parts, said, 120.0, 8.0)


def bar(parts: Sequence[tuple[str, int]], said: str, wide: float = 640.0, high: float = 22.0) -> str:
    """A bar in segments.

    Args:
        parts: the class of each segment with its count.
        said: the same in words.
        wide: of the whole.
        high: of the whole.

    Returns:
        SVG whose segments have these classes.
    """
    total = sum(count for _, count in parts) or 1
    x, drawn = 0.0, []
    for name, count in parts:
        length = wide * count / total
        if count:
            drawn.append(f'<rect class="{name}" x="{x:.2f}" y="0" width="{length:.2f}" height="{high:.0f}"/>')
        x += length
    size = f"0 0 {wide:.0f} {high:.0f}"
    head = f'<svg class="bar" viewBox="{size}" preserveAspectRatio="none" role="img" aria-label="{escape(said)}">'
    return f"{head}{''.join(drawn)}</svg>"
