"""The graph in the PDF: all of the page's nodes, arrows and colours, on a page that holds them."""

import re
from typing import Any

import pytest

from edgestab.proofs.report.content import arrows
from edgestab.proofs.report.graph_latex import colours, graph_page


@pytest.fixture(scope="module")
def drawn(whole: dict[str, Any]) -> str:
    return "\n".join(graph_page(whole))


def test_every_node_is_a_link_and_every_arrow_has_a_tip(whole: dict[str, Any], drawn: str) -> None:
    words = re.findall(r"\\put\([\d.]+,[\d.]+\).*?\{\\smash", drawn)
    links = {found[1] for word in words if (found := re.search(r"(section:[\w-]+|coq:\w+)", word))}
    ends = {end for a, b, _ in arrows(whole) for end in (a, b)} | {c["id"] for c in whole["claims"]}
    assert links == {end if end.startswith("coq:") else f"section:{end}" for end in ends}
    assert drawn.count(" l b\nQ") == len(arrows(whole))
    assert drawn.count(" c S [] 0 d\n") == len(arrows(whole))


def test_all_lies_on_its_page(drawn: str) -> None:
    size = re.search(r"\\pdfpagewidth}{([\d.]+)bp}\\setlength{\\pdfpageheight}{([\d.]+)bp}", drawn)
    assert size is not None
    width, height = map(float, size.groups())
    points = re.findall(r"(-?[\d.]+) (-?[\d.]+)(?: [mlc])", drawn)
    assert len(points) > 100
    inside = [(float(x), float(y)) for x, y in points if float(x) > 25]  # the key's samples are small
    assert all(0 < x < width and 0 < y < height for x, y in inside)
    assert max(y for _, y in inside) > height - 60


def test_colours_are_those_of_the_page_and_follow_the_verdict(content: dict[str, Any]) -> None:
    assert colours()["paper"] == "1.000 1.000 1.000"
    before = "\n".join(graph_page(content))
    claim = next(c for c in content["claims"] if c["id"] == "flow-end")
    claim["result"] |= {"verdict": "FALSE"}
    after = "\n".join(graph_page(content))
    failed = f"q {colours()['FALSE-fill']} rg {colours()[claim['level']]} RG 2 w"
    assert (before.count(failed), after.count(failed)) == (0, 1)
