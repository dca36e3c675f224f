"""The page: it says what ``claims.json`` says, needs nothing else, and every link on it leads somewhere."""

import re
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

from edgestab.proofs.report.page import page
from edgestab.symbolic.algebra.errors import ProofError


class Reader(HTMLParser):
    """Ids, links and text of a page; elements have to close in order."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.links += [str(given[key]) for key in ("href", "src") if key in given]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def drawn(whole: dict[str, Any]) -> Reader:
    return Reader(page(whole))


def test_it_stands_alone(drawn: Reader, whole: dict[str, Any]) -> None:
    assert drawn.open == []
    assert all(link.startswith("#") or link == "data:," for link in drawn.links)
    assert len(drawn.ids) == len(set(drawn.ids))
    assert {link[1:] for link in drawn.links if link.startswith("#")} <= set(drawn.ids)
    assert {c["id"] for c in whole["claims"]} <= set(drawn.ids)


def test_every_node_of_the_graph_leads_to_its_claim(drawn: Reader, whole: dict[str, Any]) -> None:
    for claim in whole["claims"]:
        assert f"node-{claim['id']}" in drawn.ids
    assert drawn.links.count("#coq-theorem1") >= 1


def test_it_tells_what_was_found(drawn: Reader, whole: dict[str, Any]) -> None:
    text = drawn.text()
    for claim in whole["claims"]:
        assert re.sub(r"\s+", " ", claim["title"]) in text
        for entry in claim["evidence"]:
            assert f"{entry['tested']:,} compared" in text
            assert re.sub(r"\s+", " ", entry["method"]) in text
    assert "all TRUE" in text
    assert "What does not hold" not in text


def test_what_fails_comes_first(content: dict[str, Any]) -> None:
    claim = next(c for c in content["claims"] if c["id"] == "flow-end")
    claim["result"] |= {"verdict": "FALSE", "level": "REFUTED"}
    claim["evidence"][0] |= {"verdict": "FALSE", "rejected": 1, "counterexample": "n = <2>"}
    content["run"]["verdict"] = "FALSE"
    made = Reader(page(content)).text()
    assert made.index("What does not hold") < made.index("What holds")
    assert "Counterexample: n = <2>" in made
    assert "all TRUE" not in made


def test_a_log_is_written_once(drawn: Reader) -> None:
    logs = [i for i in drawn.ids if i.endswith("-derivation")]
    # both recurrences of the poster come from one object
    assert logs.count("two-step-recurrence-derivation") == 1
    assert "printed-y-remainder-incomplete-derivation" not in logs
    assert "#two-step-recurrence-derivation" in drawn.links


def test_a_missing_package_is_named(whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "latex2mathml", None)
    with pytest.raises(ProofError, match=r"pip install 'edgestab\[report\]'"):
        page(whole)
