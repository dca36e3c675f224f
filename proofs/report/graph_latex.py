"""The graph of claims in LaTeX: the drawing of :func:`.graph.graph_svg`, curve for curve, on a page of its own size.

Curves and boxes are written as operators of PDF, which pdflatex passes on, so no package for drawings is needed; words
are LaTeX's, and each node is a link.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from ...symbolic.algebra.errors import ProofError
from ...symbolic.latex.document import escape
from .graph import SVG, graph_svg

MARGIN = 18
"""Around the drawing, in units of 1/72 inch, as all lengths here."""

_DASHES = "[4 3] 0 d"
_TAG = f"{{{SVG}}}"


def graph_page(content: Mapping[str, Any]) -> list[str]:
    """A section with the key of the graph, and the page that holds it.

    Args:
        content: of :func:`.content.claims_content`.

    Returns:
        Lines of LaTeX, for pdflatex. Labels of claims are ``section:ID``; targets of theorems are ``coq:NAME``.

    Raises:
        ProofError: a package of the extra ``report`` is missing, or the drawing has a shape that is not known here.
    """
    root = ET.fromstring(graph_svg(content, {}))
    width, height = (float(root.attrib[side]) + 2 * MARGIN for side in ("width", "height"))
    return [
        *_key(content),
        r"\clearpage",
        r"\newsavebox{\claimgraph}",
        r"\sbox{\claimgraph}{\setlength{\unitlength}{1bp}\begin{picture}(0,0)",
        *_drawing(root),
        r"\end{picture}}",
        rf"\setlength{{\pdfpagewidth}}{{{width:g}bp}}\setlength{{\pdfpageheight}}{{{height:g}bp}}",
        rf"\AddToHookNext{{shipout/background}}{{\put(0bp,-{height:g}bp){{\usebox{{\claimgraph}}}}}}",
        r"\thispagestyle{empty}\null\clearpage",
        r"\setlength{\pdfpagewidth}{\paperwidth}\setlength{\pdfpageheight}{\paperheight}",
    ]


@cache
def colours() -> dict[str, str]:
    """The colours of the light page by name, as three numbers from 0 to 1: the PDF has those of the page."""
    sheet = files(__package__).joinpath("templates", "page.css").read_text(encoding="utf-8")
    block = sheet[sheet.index(":root {") : sheet.index("}")]
    found = re.findall(r"--([\w-]+): #([0-9a-f]{6})", block)
    # one rule of the style sheet serves both
    found += [(name.replace("FALSE", "REFUTED"), code) for name, code in found if name.startswith("FALSE")]
    return {name: " ".join(f"{int(code[i : i + 2], 16) / 255:.3f}" for i in (0, 2, 4)) for name, code in found}


def _fill_and_border(classes: list[str]) -> tuple[str, str, float, bool]:
    """How a node is drawn: fill, border, its width, and whether it is dashed; as the page's style sheet says."""
    known = colours()
    if "theorem" in classes:
        return known["theorem-fill"], known["coq"], 1.2, False
    aim, level, verdict = classes[1].removeprefix("aims-"), classes[2], classes[3]
    shown = verdict if verdict in ("FALSE", "UNKNOWN") else level
    return known[f"{shown}-fill"], known[aim], 2, verdict == "UNKNOWN"


def _drawing(root: ET.Element) -> Iterator[str]:
    """Arrows, then nodes with their words and links; SVG's y points down."""
    (layer,) = root.findall(f"{_TAG}g")
    shift = re.search(r"translate\(([-\d.]+)[ ,]([-\d.]+)\)", layer.attrib["transform"])
    if shift is None:
        raise ProofError.of("graph_page()", "a drawing that is moved", layer.attrib["transform"], "Report it.")
    left, top = MARGIN + float(shift[1]), float(root.attrib["height"]) + MARGIN - float(shift[2])

    def place(x: str, y: str) -> str:
        return f"{left + float(x):.2f} {top - float(y):.2f}"

    groups = layer.findall(f"{_TAG}g")
    strokes = []
    for edge in (g for g in groups if g.get("data-from")):
        kind = edge.attrib["class"].split()[-1]
        colour = colours()["coq" if kind == "coq" else "dim"]
        dashes = f" {_DASHES}" if kind == "includes" else ""
        strokes.append(f"q {colour} RG {colour} rg {1.4 if kind == 'coq' else 1} w{dashes}")
        strokes += [f"{_path(path.attrib['d'], place)} S [] 0 d" for path in edge.findall(f"{_TAG}path")]
        strokes += [f"{_polygon(tip.attrib['points'], place)} b" for tip in edge.findall(f"{_TAG}polygon")]
        strokes.append("Q")
    words: list[str] = []
    for node in (g for g in groups if g.get("data-node")):
        fill, border, width, dashed = _fill_and_border(node.attrib["class"].split()[1:])
        strokes.append(f"q {fill} rg {border} RG {width:g} w {_DASHES if dashed else ''}")
        strokes += [f"{_path(path.attrib['d'], place)} b" for path in node.iter(f"{_TAG}path")]
        strokes.append("Q")
        for text in node.iter(f"{_TAG}text"):
            x, y = place(text.attrib["x"], text.attrib["y"]).split()
            link = _link(node.attrib["data-node"], "".join(escape(c) for c in text.text or ""))
            words.append(rf"\put({x},{y}){{\makebox(0,0)[b]{{{link}}}}}")
    yield r"\put(0,0){\pdfliteral{" + "\n".join(strokes) + "}}"
    yield r"\usefont{OT1}{cmss}{m}{n}\fontsize{10.95}{12}\selectfont"
    yield from words


def _link(node: str, label: str) -> str:
    # a letter that goes below the line must not lift the word
    word = rf"\smash{{{label}}}"
    return rf"\hyperlink{{{node}}}{{{word}}}" if node.startswith("coq:") else rf"\hyperref[section:{node}]{{{word}}}"


def _path(drawn: str, place: Any) -> str:
    """A path of cubic curves."""
    found = re.fullmatch(r"M([-\d.]+),([-\d.]+)C([-\d., ]+)", drawn.strip())
    if found is None:
        raise ProofError.of("graph_page()", "one path of cubic curves", drawn[:60], "Report it.")
    points = [place(*pair.split(",")) for pair in found[3].split()]
    curves = [f"{' '.join(points[i : i + 3])} c" for i in range(0, len(points), 3)]
    return f"{place(found[1], found[2])} m {' '.join(curves)}"


def _polygon(points: str, place: Any) -> str:
    first, *more = (place(*pair.split(",")) for pair in points.split())
    return f"{first} m {' '.join(f'{point} l' for point in more)}"


def _key(content: Mapping[str, Any]) -> Iterator[str]:
    """What colours and lines mean."""
    yield r"\section*{What rests on what}\addcontentsline{toc}{section}{What rests on what}"
    yield (
        "The next page, as large as its drawing, is the graph of the claims. An arrow leads from what is used to what "
        "uses it; each node is a link to its claim or theorem. The border is the level that a claim aims at, the fill "
        "what it reached. Arrows between claims come from the claims themselves, those of the theorems (dark) from Coq."
    )
    known = colours()
    levels = [row["name"] for row in content["levels"]]
    samples = [(name, f"{known[f'{name}-fill']} rg {known[name]} RG 2 w") for name in levels]
    samples.append(("open", f"{known['UNKNOWN-fill']} rg {known['UNKNOWN']} RG 2 w {_DASHES}"))
    samples.append(("theorem of the Coq development", f"{known['theorem-fill']} rg {known['coq']} RG 1.2 w"))
    boxes = [_sample(f"{style} 1 0 22 8 re b", name) for name, style in samples]
    lines = (("uses", "dim", "1 w"), ("is judged with", "dim", f"1 w {_DASHES}"), ("rests on, in Coq", "coq", "1.4 w"))
    boxes += [_sample(f"{known[colour]} RG {style} 1 4 m 23 4 l S", name) for name, colour, style in lines]
    yield r"\par\smallskip\noindent{\raggedright " + r"\quad ".join(boxes) + r"\par}"


def _sample(drawn: str, name: str) -> str:
    return rf"\mbox{{\makebox[28bp][l]{{\pdfliteral{{q {drawn} Q}}}}{escape(name)}}}"
