"""Formulas as MathML: browsers show it without a script, a font of ours or a network."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError

from edgestab.proofs.report.formulas import mathml as formula

FORMULA = re.compile(r"\$\\displaystyle (.+?)\$|\$\$(.+?)\$\$", re.S)
"""Formulas in the HTML with which objects show themselves in a notebook."""


def mathml(latex: str, display: str = "inline") -> str:
    """A formula as a ``math`` element.

    Args:
        latex: without dollar signs.
        display: ``inline`` or ``block``.

    Returns:
        MathML.

    Raises:
        ExtensionError: a command in it is not understood, and would be printed as text.
    """
    latex = _ROWS.sub("", latex).strip() if display == "block" else latex
    if display == "block" and r"\\" in latex:
        latex = rf"\begin{{split}}{latex}\end{{split}}"
    elif display == "block":
        latex = latex.replace("&", "", 1)
    found = formula(latex, display == "block")
    unknown = re.findall(r">(\\[a-zA-Z]+|&)<", found)
    if unknown:
        raise ExtensionError(f"no MathML for {unknown[0]} in {latex}")
    return found


_ROWS = re.compile(r"\\(?:begin|end)\{(?:align|aligned|split|equation|gather)\*?\}|\\displaystyle")
"""What stands around rows; one environment for all of them is put back."""


def inline(translator: Any, node: nodes.Element) -> None:
    """A formula in a line."""
    translator.body.append(f'<span class="math">{mathml(node.astext())}</span>')
    raise nodes.SkipNode


def block(translator: Any, node: nodes.Element) -> None:
    """A formula on lines of its own, which scrolls by itself where the page is narrow."""
    anchor = f' id="{node["ids"][0]}"' if node["ids"] else ""
    translator.body.append(f'<div class="math display"{anchor} tabindex="0">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def outputs(app: Any, doctree: nodes.document, _: str) -> None:
    """Turn formulas in the HTML of notebook outputs into MathML.

    Args:
        app: Sphinx.
        doctree: the page.
    """
    for raw in list(doctree.findall(nodes.raw)):
        if raw.get("format") == "html" and FORMULA.search(raw.astext()):
            text = FORMULA.sub(
                lambda m: mathml(_plain(m.group(1) or m.group(2)), "inline" if m.group(1) else "block"), raw.astext()
            )
            raw.replace_self(nodes.raw(text, text, format="html"))


def _plain(text: str) -> str:
    from html import unescape

    return unescape(text).strip()


def setup(app: Any) -> dict[str, Any]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.connect("doctree-resolved", outputs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
