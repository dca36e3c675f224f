"""Pages made from the sources themselves: ``docs/architecture.md`` with its drawing, and ``docs/glossary.md``.

Run ``python docs/house.py`` after moving or adding files; a test fails while the pages differ from the code.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = ("symbolic", "numeric", "proofs", "edgestab")
ROOMS = {
    "symbolic": ("algebra", "latex", "explain", "planar", "optimisers", "models", "trapping", "wick"),
    "numeric": ("number_types", "runs", "codegen", "orbits", "sweeps", "initialisation", "regression", "networks"),
    "proofs": (
        "subject",
        "statements",
        "claims",
        "twins",
        "certificates",
        "coq_export",
        "coq_audit",
        "coq_record",
        "coq_graph",
        "coq_build",
        "round_off",
        "catalogue",
        "verify",
        "mutation",
        "pages",
        "gallery",
        "explore",
        "report",
    ),
    "edgestab": ("figure_data", "figures", "cli"),
}
"""In each layer its rooms in order: a room imports rooms before it, and nothing after it."""

NAMESPACES = frozenset(("symbolic", "numeric", "proofs", "edgestab"))
"""Packages that only list names."""

PAGE = ROOT / "docs" / "architecture.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
DRAWING = ROOT / "docs" / "figures" / "architecture.svg"
WIDE = 3.0
"""Distance of two columns of the drawing, in heights of a row."""


@cache
def modules() -> dict[str, Path]:
    """Every module by its path with dots (``symbolic.planar.nullcline``, ``edgestab.cli.derive``)."""
    found = {}
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            # the front door holds links to the other layers
            if layer == "edgestab" and len(parts) > 1 and parts[1] in LAYERS:
                continue
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def stub(package: str) -> dict[str, str]:
    """Where the lazily loaded names of a package are defined."""
    path = modules()[package].with_suffix(".pyi")
    if path.name != "__init__.pyi" or not path.exists():
        return {}
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {
        alias.name: f"{package}.{node.module}" if node.module else f"{package}.{alias.name}"
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _absolute(name: str, node: ast.ImportFrom) -> str:
    """The dotted name that a ``from`` import starts from, below ``edgestab``."""
    if not node.level:
        head = node.module or ""
        inner = head.removeprefix("edgestab.").split(".")[0]
        return head.removeprefix("edgestab.") if inner in LAYERS[:3] else head
    parts = ("edgestab", *name.split(".")) if name.split(".")[0] != "edgestab" else tuple(name.split("."))
    here = parts if modules()[name].name == "__init__.py" else parts[:-1]
    base = here[: len(here) - node.level + 1]
    dotted = ".".join((*base, *((node.module or "").split(".") if node.module else ())))
    inner = dotted.removeprefix("edgestab.")
    return inner if inner.split(".")[0] in LAYERS[:3] else dotted


def _targets(base: str, name: str) -> str | None:
    """The module of the project that ``from base import name`` loads, None for another project's."""
    known = modules()
    if f"{base}.{name}" in known:
        return f"{base}.{name}"
    if base in known:
        at = stub(base).get(name)
        return base if at is None else at if at in known else _targets(at.rsplit(".", 1)[0], name)
    return None


def imports(name: str) -> Iterator[tuple[str, int]]:
    """Modules of the project that a module imports anywhere, inside functions and for types too, with the line."""
    for node in ast.walk(ast.parse(modules()[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = _absolute(name, node)
            for alias in node.names:
                target = _targets(base, alias.name)
                if target is not None and target != name:
                    yield target, node.lineno
        elif isinstance(node, ast.Import):
            for alias in node.names:
                inner = alias.name.removeprefix("edgestab.")
                if alias.name.split(".")[0] in LAYERS and inner in modules():
                    yield inner, node.lineno


@cache
def graph() -> dict[str, frozenset[str]]:
    """Each module with the modules that it imports."""
    return {name: frozenset(target for target, _ in imports(name)) for name in modules()}


def circles(edges: dict[str, frozenset[str]]) -> list[list[str]]:
    """Groups of nodes that reach one another (strongly connected components of more than one node), by Tarjan."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(edges.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            at = stack.index(node)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def room_of(name: str) -> str:
    """The room of a module: ``symbolic.planar``, ``numeric.number_types``, ``proofs.verify``, ``edgestab.cli``."""
    parts = name.split(".")
    if parts[0] == "edgestab":
        inner = parts[1] if len(parts) > 1 and parts[1] in ROOMS["edgestab"] else "cli"
        return "edgestab" if len(parts) == 1 else f"edgestab.{inner}"
    return ".".join(parts[:2])


def room_arrows() -> Counter[tuple[str, str]]:
    """How many imports lead from one room to another; packages that only list names do not count as rooms."""
    arrows: Counter[tuple[str, str]] = Counter()
    for name, targets in graph().items():
        for target in targets:
            pair = (room_of(name), room_of(target))
            if pair[0] != pair[1] and not NAMESPACES & set(pair):
                arrows[pair] += 1
    return arrows


def rooms() -> list[str]:
    """All rooms, layer by layer in their order."""
    found = {room_of(name) for name in modules()} - NAMESPACES
    order = {f"{layer}.{room}": k for layer, inner in ROOMS.items() for k, room in enumerate(inner)}
    return sorted(found, key=lambda r: (LAYERS.index(r.split(".")[0]), order.get(r, 99), r))


def shortened(arrows: Counter[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows that no longer path of arrows implies (the transitive reduction): few enough to be drawn."""
    reach: dict[str, set[str]] = {}

    def reached(room: str) -> set[str]:
        if room not in reach:
            reach[room] = set()
            for a, b in arrows:
                if a == room:
                    reach[room] |= {b} | reached(b)
        return reach[room]

    return {(a, b) for a, b in arrows if not any(b in reached(c) for x, c in arrows if x == a and c != b)}


def _text(path: Path) -> str:
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.sub(r"\s+", " ", doc.replace("``", "`")).strip()


def _path(room: str) -> str:
    inner = modules()[room]
    return f"{room.replace('.', '/')}{'/' if inner.name == '__init__.py' else '.py'}"


def architecture() -> str:
    """The page: a drawing, and for each room what belongs there, what does not, and which rooms it imports."""
    arrows = room_arrows()
    lines = [
        "# Architecture",
        "",
        "Data flows one way: exact mathematics (`symbolic/`), numbers made from it (`numeric/`), claims about both "
        "(`proofs/`), and the front door (`edgestab/`). Within a layer a room imports only rooms before it, and no two "
        "modules import each other, not even in a roundabout way; tests hold all of this. Page and drawing are "
        "made from the imports and from the first words of each room by `python docs/house.py`.",
        "",
        "![Rooms and arrows; an arrow leads from a room to one that it imports](figures/architecture.svg)",
        "",
        "An arrow leads from a room to one that it imports; arrows that others imply are left out. Below, all are "
        "listed.",
    ]
    for layer in LAYERS:
        lines += ["", f"## {layer}/"]
        lines += ["", _text(modules()[layer])]
        for room in (r for r in rooms() if r.split(".")[0] == layer):
            inward = ", ".join(sorted(b.split(".", 1)[-1] for a, b in arrows if a == room))
            lines += [
                "",
                f"### {_path(room)}",
                "",
                _text(modules()[room]),
                "",
                f"*Imports: {inward or 'no other room'}.*",
            ]
    return "\n".join(_wrapped(lines)) + "\n"


def glossary() -> str:
    """The page of words and symbols, from the tables in the code."""
    from edgestab.symbolic.algebra.glossary import TERMS
    from edgestab.symbolic.algebra.symbols import TABLE

    lines = [
        "# Glossary",
        "",
        "Made by `python docs/house.py` from the table of terms (`symbolic/algebra/glossary.py`) and that of symbols "
        "(`symbolic/algebra/symbols.py`).",
        "",
        "## Terms",
    ]
    for term in sorted(TERMS, key=lambda t: t.name.lower()):
        lines += ["", f"**{term.name}**: {term.meaning}" + (f" See `{term.see}`." if term.see else "")]
    lines += ["", "## Symbols", "", "| in code | printed | domain | meaning | in the paper |", "|---|---|---|---|---|"]
    rows = [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        for cells in (
            (f"`{s.name}`", f"${s.latex}$", s.domain, s.meaning, f"${s.paper}$" if s.paper else "")
            for s in TABLE.values()
        )
    ]
    return "\n".join([*_wrapped(lines), *rows]) + "\n"


def _wrapped(lines: list[str]) -> Iterator[str]:
    import textwrap

    for line in lines:
        yield from textwrap.wrap(line, 118, break_long_words=False, break_on_hyphens=False) or [""]


def draw(path: Path) -> None:
    """Draw rooms and arrows, one column a layer.

    Args:
        path: the SVG file to write.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    columns = [[r for r in rooms() if r.split(".")[0] == layer] for layer in LAYERS]
    tallest = max(map(len, columns))
    place = {
        room: (WIDE * x, (len(column) - tallest) / 2 - y)
        for x, column in enumerate(columns)
        for y, room in enumerate(column)
    }
    colours = dict(zip(LAYERS, ("#d8e7f0", "#f6e0d5", "#e0ecd6", "#eadff0"), strict=True))
    with mpl.rc_context({"svg.hashsalt": "edgestab", "svg.fonttype": "none", "font.size": 10}):
        figure, ax = plt.subplots(figsize=(10.5, 6.2), layout="constrained")
        ax.axis("off")
        boxes = {}
        for room, at in place.items():
            layer, label = room.split(".")
            box = {"boxstyle": "round,pad=0.35", "facecolor": colours[layer], "edgecolor": "0.3"}
            boxes[room] = ax.text(*at, label, ha="center", va="center", bbox=box, zorder=3)
        for a, b in sorted(shortened(room_arrows())):
            (xa, ya), (xb, yb) = place[a], place[b]
            arc = -0.4 if xa == xb and abs(ya - yb) > 1 else 0.0
            line = {"arrowstyle": "-|>", "color": "0.45", "linewidth": 0.9, "connectionstyle": f"arc3,rad={arc}"}
            ends = {"patchA": boxes[a].get_bbox_patch(), "patchB": boxes[b].get_bbox_patch()}
            ax.annotate("", place[b], place[a], zorder=1, arrowprops={**line, **ends})
        for x, layer in enumerate(LAYERS):
            ax.text(WIDE * x, 0.6, f"{layer}/", ha="center", weight="bold")
        ax.set_xlim(-1.2, WIDE * (len(LAYERS) - 1) + 1.2)
        ax.set_ylim(0.5 - tallest, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None, "Description": _arrow_list()})
        plt.close(figure)


def _arrow_list() -> str:
    """What the drawing shows, in words; kept in the drawing, so that a test can tell an old one."""
    return "; ".join(f"{a} -> {b}" for a, b in sorted(shortened(room_arrows())))


def stale() -> list[str]:
    """Pages that differ from what the code says now."""
    pages = {PAGE: architecture(), GLOSSARY: glossary()}
    wrong = [p.name for p, text in pages.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    drawn = DRAWING.read_text(encoding="utf-8") if DRAWING.exists() else ""
    if f">{_arrow_list().replace('>', '&gt;')}<" not in drawn:
        wrong.append(DRAWING.name)
    return wrong


def main() -> None:
    """Write the pages and the drawing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is out of date")
    if parser.parse_args().check:
        wrong = stale()
        print("\n".join(wrong) or "up to date")
        raise SystemExit(bool(wrong))
    PAGE.write_text(architecture(), encoding="utf-8")
    GLOSSARY.write_text(glossary(), encoding="utf-8")
    draw(DRAWING)


if __name__ == "__main__":
    main()
