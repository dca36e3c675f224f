"""The graph: what its nodes and arrows say."""

import xml.etree.ElementTree as ET
from typing import Any

from edgestab.proofs.report.content import arrows
from edgestab.proofs.report.graph import SVG, dot_source, graph_svg


def test_nodes_and_arrows_are_all_drawn(whole: dict[str, Any]) -> None:
    root = ET.fromstring(graph_svg(whole, {"flow-end": "Where flow ends"}))
    groups = list(root.iter(f"{{{SVG}}}g"))
    nodes = {g.get("data-node"): g for g in groups if g.get("data-node")}
    assert {c["id"] for c in whole["claims"]} <= set(nodes)
    drawn = {(g.get("data-to"), g.get("data-from")) for g in groups if g.get("data-from")}
    assert drawn == {(a, b) for a, b, _ in arrows(whole)}
    link = nodes["flow-end"].find(f".//{{{SVG}}}a")
    assert link is not None
    assert (link.get("href"), link.get("aria-label")) == ("#flow-end", "Where flow ends")
    assert not [e for e in root.iter() if e.get("fill") not in (None, "none")]


def test_border_and_fill_are_told_apart(content: dict[str, Any]) -> None:
    claim = next(c for c in content["claims"] if c["id"] == "flow-end")
    claim["result"] |= {"level": "CHECKED", "verdict": "UNKNOWN"}
    (line,) = [row for row in dot_source(content).splitlines() if row.startswith('  "flow-end" [')]
    assert 'class="claim aims-DERIVED CHECKED UNKNOWN"' in line
