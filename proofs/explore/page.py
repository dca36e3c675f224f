"""The explorable page: one HTML file that runs the model in the reader's browser and needs no network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from html import escape
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from ...numeric.orbits.basin import OUTCOMES
from ...numeric.orbits.starts import CEILING
from ...symbolic.algebra.errors import DomainError
from .figures import BASIN, CELLS, FIGURES, LAYERS, PAGE_COLOURS, PLANE_RANGE, STROKES
from .generated import case_data, case_text
from .optimisers import OPTIMISERS, START, STEPS, Knob

SCRIPTS = ("predictions.js", "model.js", "basin.js", "state.js", "drawing.js", "main.js")
"""In the order in which they are read."""

UNTIL = 1e-12
"""A residual below this counts as converged, as in `edgestab simulate`."""


def build_explorer(start: Mapping[str, object] | None = None) -> str:
    """The page as text.

    Args:
        start: where its knobs stand at first, by name (``epsilon``, ``eta``, ``E``, ``z``, ``T``, ``steps``); numbers
            or decimal strings; by default the page's own.

    Returns:
        A complete HTML document. Its orbit is that of the float64 kernel bit for bit; its predictions are those of
        :func:`predict_limit` up to the rounding of doubles.

    Raises:
        DomainError: a knob is unknown, or its value lies outside the knob's range.

    Source:
        Derived here; the model is that of Agarwala et al. 2022, the one-output case.

    Example:
        >>> page = es.proofs.build_explorer({"epsilon": "0.05", "z": -0.3})
        >>> page[:15], "nullclineRows" in page
        ('<!doctype html>', True)
    """
    return _template().render(
        bokeh=_bokeh_scripts(),
        data=_script_json(_data(_checked(start or {}))),
        cases=_cases(),
        scripts="\n".join(_asset(name) for name in SCRIPTS),
        style=_colours() + _asset("page.css"),
        layers=LAYERS,
        strokes=STROKES,
        outcomes=OUTCOMES,
        figures={name: label for name, (_, label) in FIGURES.items()},
        optimisers=OPTIMISERS,
        start=START,
        steps=STEPS,
    )


def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["text"] = escape
    return environment.from_string(_asset("page.html"))


def _bokeh_scripts() -> str:
    from bokeh.resources import Resources

    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw).replace("</script", "<\\/script")


def _script_json(value: object) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")


def _cases() -> str:
    rows = [f"{json.dumps(o.name)}: [{', '.join(map(case_text, o.cases()))}]" for o in OPTIMISERS]
    return "{" + ",\n".join(rows) + "}"


def _checked(start: Mapping[str, object]) -> dict[str, float]:
    """The start's numbers, each within its knob's range."""
    knobs = {k.name: k for k in (*OPTIMISERS[0].knobs, STEPS, *START)}
    found = {}
    for name, given in start.items():
        if name not in knobs:
            raise DomainError.of("build_explorer()", f"a knob among {', '.join(knobs)}", name, "Leave it out.")
        found[name] = _within(knobs[name], given)
    return found


def _within(knob: Knob, given: object) -> float:
    low, high = Fraction(knob.low), Fraction(knob.high)
    try:
        exact = Fraction(given)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        exact = None
    if exact is None or not low <= exact <= high or (knob.whole and exact.denominator != 1):
        kind = "a whole number" if knob.whole else "a number"
        raise DomainError.of(f"{knob.name} of the page", f"{kind} in {low}..{high}", given, "Choose one in the range.")
    return float(exact)


def _knob(knob: Knob, start: Mapping[str, float]) -> dict[str, Any]:
    low, high, default = (float(Fraction(x)) for x in (knob.low, knob.high, knob.default))
    return {
        "name": knob.name,
        "label": knob.label,
        "hint": knob.hint,
        "low": low,
        "high": high,
        "default": start.get(knob.name, default),
        "scale": knob.scale,
        "whole": knob.whole,
    }


def _data(start: Mapping[str, float]) -> dict[str, Any]:
    from bokeh.embed import json_item

    return {
        "version": _version(),
        "until": UNTIL,
        "ceiling": CEILING,
        "outcomes": list(OUTCOMES),
        "plane": PLANE_RANGE,
        "cells": CELLS,
        "knobs": [_knob(k, start) for k in (STEPS, *START)],
        "layers": [vars(layer) for layer in LAYERS],
        "colours": {
            theme: {
                **PAGE_COLOURS[theme],
                "basin": BASIN[theme],
                "layers": {layer.name: getattr(layer, theme) for layer in LAYERS},
            }
            for theme in PAGE_COLOURS
        },
        "optimisers": [
            {
                "name": o.name,
                "title": o.title,
                "knobs": [_knob(k, start) for k in o.knobs],
                "cases": [case_data(case) for case in o.cases()],
            }
            for o in OPTIMISERS
        ],
        "figures": {name: json_item(draw()) for name, (draw, _) in FIGURES.items()},
    }


def _version() -> str:
    try:
        return version("edgestab")
    except PackageNotFoundError:
        return "source tree"


def _colours() -> str:
    """The colours as variables of the style sheet: light, dark by the reader's system, and either by choice."""

    def rules(theme: str) -> str:
        named = {**PAGE_COLOURS[theme], **{f"layer-{layer.name}": getattr(layer, theme) for layer in LAYERS}}
        named |= {f"basin-{code}": colour for code, colour in enumerate(BASIN[theme])}
        return "".join(f"--{name}: {value};" for name, value in named.items()) + f"color-scheme: {theme};"

    return (
        f":root {{ {rules('light')} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {rules('dark')} }} }}\n"
        f":root[data-theme=light] {{ {rules('light')} }}\n:root[data-theme=dark] {{ {rules('dark')} }}\n"
    )
