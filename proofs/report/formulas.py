"""Formulas and words for the page: LaTeX to MathML, plain words with code and links marked."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from html import escape


@lru_cache(maxsize=4096)
def mathml(latex: str, display: bool = False) -> str:
    """A formula as MathML, which browsers show without a script or a font of ours.

    Args:
        latex: without dollar signs.
        display: whether it stands on a line of its own.

    Returns:
        A ``math`` element, with the LaTeX as its description for screen readers that cannot read MathML.
    """
    from latex2mathml.converter import convert

    # as fences bars keep to what they enclose
    fenced = latex.replace(r"\lvert", r"\left|").replace(r"\rvert", r"\right|")
    text = str(convert(fenced, display="block" if display else "inline"))
    text = text.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "").replace(' display="inline"', "")
    # few fonts have U+29F5
    text = text.replace("<mi>&#x029F5;</mi>", "<mo>&#x02216;</mo>")
    text = _NAMES.sub(r"<mi>\1</mi>", text)
    return _SIGNS.sub(r'\1<mo form="prefix">&#x02212;</mo>', text)


_NAMES = re.compile(r"<mo>([a-z]{2,}|&#x0221E;)</mo>")
"""Names of functions, and infinity: as operators they would be set apart."""

_SIGNS = re.compile(r"(<mo[^>]*>(?:&#x000(?:3D|3C|3E|28|2C|2B|5B);|&#x0226[45];|&#x02260;)</mo>)<mo>&#x02212;</mo>")
"""A minus after a relation, a bracket or a comma is a sign, not a difference."""


def mixed(latex: str) -> str:
    r"""LaTeX that may hold words: these stand outside the formulas, where lines can be broken.

    Args:
        latex: such as ``\mathbb{R}^P \text{ for any } P``.

    Returns:
        HTML.
    """
    parts = re.split(r"\\text\{([^{}]*)\}", latex)
    # every other part stood in \text
    shown = [words(part) if i % 2 else mathml(part.strip()) if part.strip() else "" for i, part in enumerate(parts)]
    return "".join(shown)


def rows(latex: str) -> str:
    """Rows of ``align`` as one displayed formula.

    Args:
        latex: rows, their columns apart by ``&``.

    Returns:
        A ``math`` element; one row without columns where there is only one.
    """
    if "\\\\" not in latex:
        return mathml(latex.replace("&", "", 1), display=True)
    return mathml(rf"\begin{{split}}{latex}\end{{split}}", display=True)


def words(text: str, links: Collection[str] = ()) -> str:
    """Plain words as HTML: code between backticks, names of claims as links.

    Args:
        text: plain words.
        links: ids of the claims on the page.

    Returns:
        HTML.
    """
    parts = escape(text, quote=False).split("`")
    # every other part stood between backticks
    marked = [f"<code>{part}</code>" if i % 2 else _linked(part, links) for i, part in enumerate(parts)]
    return "".join(marked)


def _linked(text: str, links: Collection[str]) -> str:
    def link(match: re.Match[str]) -> str:
        name = match.group()
        return f'<a href="#{name}">{name}</a>' if name in links and "-" in name else name

    return re.sub(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+", link, text)
