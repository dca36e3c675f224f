"""What the documentation site is made from: all claims, public names and figures, and links that lead somewhere."""

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

import edgestab as es
from edgestab.figures import FIGURES
from edgestab.proofs.pages import claim_latex

ROOT = Path(__file__).parents[1]


def load(name: str) -> ModuleType:
    spec = spec_from_file_location(f"site_{name}", ROOT / "docs" / "_ext" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MATHEMATICS, REFERENCE, GALLERY, MORE, LINKS, TOGGLES = map(
    load, ("mathematics", "reference", "gallery", "more", "check_links", "toggles")
)


def test_every_claim_is_printed_once_with_the_latex_of_show() -> None:
    text = "\n".join(MATHEMATICS.pages().values())
    for claim_id, claim in es.proofs.all_claims().items():
        assert text.count(f"\n({claim_id})=\n") == 1, claim_id
        section = text.split(f"\n({claim_id})=\n")[1].split("\n## ")[0:2]
        for rows in re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", claim_latex(claim), re.S):
            assert rows.strip() in "\n## ".join(section), claim_id


def test_every_claim_has_the_level_that_it_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    record = json.loads(MATHEMATICS.RECORD.read_text(encoding="utf-8"))
    text = "\n".join(MATHEMATICS.pages().values())
    shown = {claim_id: level for level, claim_id in re.findall(r"\{bdg-\w+\}`([A-Z]+)` `([a-z0-9-]+)`", text)}
    assert shown == {claim_id: row["level"] for claim_id, row in record.items()}
    assert "`CHECKED` `minimum-form-main-case` (its checks aim at DERIVED)" in text
    open_one = {**record, "one-step-map": {**record["one-step-map"], "verdict": "UNKNOWN"}}
    monkeypatch.setattr(MATHEMATICS, "_record", lambda: open_one)
    with pytest.raises(es.EdgestabError, match=r"a record of one-step-map that is TRUE"):
        MATHEMATICS.reached(es.proofs.get_claim("one-step-map"))


def test_words_keep_their_formulas_and_unknown_commands_are_refused() -> None:
    said = MATHEMATICS.markdown(r"sigma\_z$^{2}$ is a*b for $|$J$|$$^{2}$ $<$ $\frac{1}{2}$")
    assert said == r"sigma\_z{math}`{}^{2}` is a\*b for \|J\|{math}`{}^{2}` \< {math}`\frac{1}{2}`"
    with pytest.raises(es.EdgestabError, match="emph"):
        MATHEMATICS.markdown(r"\emph{no} markup")


def test_every_public_name_is_in_the_reference() -> None:
    rooms = REFERENCE.rooms()
    for room, names in rooms.items():
        page = "\n".join(REFERENCE.room_page(room, names))
        for name in names:
            assert re.search(rf"(?m)^(   |\.\. autodata:: ).*\b{name}$", page), f"{room}: {name}"
    assert set(rooms["edgestab.symbolic.planar"]) == set(import_module("edgestab.symbolic.planar").__all__)
    assert {"simulate", "QuadraticModel", "verify"} <= set(rooms["edgestab"])


def test_every_figure_has_its_page() -> None:
    for name, figure in FIGURES.items():
        code = GALLERY.script(figure)
        compile(code, name, "exec")
        assert f"edgestab plot {name}\n" in code
        assert all(f"``--{option.replace('_', '-')}``" in code for option in figure.options)


def test_a_page_that_no_list_names_is_found(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text("# Home\n```{toctree}\n:hidden:\nFirst <one>\n```\n")
    (tmp_path / "one.md").write_text("# One\n")
    (tmp_path / "two.md").write_text("# Two words\n")
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated" / "three.md").write_text("# Three\n")
    assert MORE.unlisted(tmp_path) == {"two": "Two words"}


def test_addresses_outside_are_asked_for_and_told_apart(tmp_path: Path) -> None:
    links = ("https://a.org/x#here", "https://a.org/x#there", "https://b.org/gone", "mailto:me", "https://c.org")
    (tmp_path / "a.html").write_text("".join(f'<a href="{link}">there</a>' for link in links))
    (tmp_path / "b.html").write_text('<a href="https://b.org/gone">again</a>')
    found = LINKS.external(tmp_path)
    assert found == {
        "https://a.org/x": ("a.html",),
        "https://b.org/gone": ("a.html", "b.html"),
        "https://c.org": ("a.html",),
    }
    answers = {"https://a.org/x": ("reached", "200 OK"), "https://b.org/gone": ("gone", "404 Not Found")}
    results = LINKS.ask_all(found, lambda address: answers.get(address, ("silent", "timed out")))
    assert LINKS.told(results).splitlines() == [
        "gone: https://b.org/gone (404 Not Found); in a.html, b.html",
        "silent: https://c.org (timed out); in a.html",
        "1 of 3 addresses reached",
    ]
    assert [LINKS.status(some) for some in (results, results[2:], results[:1])] == [1, 3, 0]


def test_an_answer_or_its_lack_is_a_typed_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response({"/here": 200, "/not": 404}.get(self.path, 403))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing of each request."""

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        outcomes = [LINKS.ask(f"{root}/{name}")[0] for name in ("here", "not", "secret")]
        server.shutdown()
    assert outcomes == ["reached", "gone", "refused"]
    assert LINKS.ask(f"{root}/here", seconds=2)[0] == "silent"


def test_the_side_bar_s_toggles_are_named() -> None:
    bar = '<a class="reference internal" href="a.html">A &amp; <em>"B"</em></a><details open="open"><summary><span>'
    assert '<summary aria-label="Pages under A &amp; &quot;B&quot;"><span>' in TOGGLES.named(bar)
    alone = "<p>no link</p><details><summary>Words</summary></details>"
    assert TOGGLES.named(alone) == alone


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here">good</a><a href="b.html#gone">1</a><a href="c.html">2</a>'
        '<script src="https://example.org/x.js"></script>'
        '<a href="https://example.org">a click away</a><a href="#">top</a>'
    )
    (tmp_path / "b.html").write_text('<p id="here">there</p>')
    assert [fault.split(": ", 1)[1] for fault in LINKS.faults(tmp_path)] == [
        "b.html#gone: no such place in the page",
        "c.html: no such file",
        "https://example.org/x.js: is loaded from elsewhere",
    ]
