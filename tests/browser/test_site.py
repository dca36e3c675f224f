"""The documentation site in a browser: quiet consoles, no network, axe-core, a phone, search, levels of claims."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest

from .conftest import PHONE, Visit

pytestmark = pytest.mark.browser
Go = Callable[..., Visit]
ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "docs"
PAGES = (
    "index.html",
    "tutorial.html",
    "levels.html",
    "notebooks/verify-the-paper.html",
    "generated/gallery/index.html",
    "generated/mathematics/theorem_1.html",
    "generated/reference/index.html",
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the built site, served to this machine alone: its search reads its own pages."""
    if not (SITE / "index.html").exists():
        pytest.skip("the site has not been built; `make docs` builds it")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("page", "scheme"), [*((page, "light") for page in PAGES), (PAGES[3], "dark"), (PAGES[5], "dark")]
)
def test_nothing_serious_for_axe(site: str, visit: Go, page: str, scheme: Literal["light", "dark"]) -> None:
    here = visit(Path(page), served=site, scheme=scheme)
    here.shoot(f"site-{page.replace('/', '-').removesuffix('.html')}-{scheme}", full=False)
    assert here.page.locator("h1").count() == 1
    assert here.violations() == []


@pytest.mark.parametrize("page", PAGES)
def test_a_phone_need_not_scroll_sideways(site: str, visit: Go, page: str) -> None:
    assert visit(Path(page), served=site, size=PHONE).width_past_the_window() == 0


def test_words_are_found(site: str, visit: Go) -> None:
    here = visit(Path("index.html"), served=site).page
    here.keyboard.press("Control+k")
    field = here.locator("input[type=search]:visible")
    field.fill("heavy ball")
    field.press("Enter")
    here.wait_for_url("**/search.html?q=heavy**")
    first = here.locator("#search-results ul.search li a").first
    first.wait_for()
    assert here.locator("#search-results").get_by_role("link", name="Optimisers").count() >= 1
    first.click()
    text = here.inner_text("article").lower()
    assert "heavy" in text  # the search finds words, not phrases
    assert "ball" in text


def test_a_claim_shows_the_level_that_it_reached(site: str, visit: Go) -> None:
    record = json.loads((ROOT / "docs" / "levels.json").read_text(encoding="utf-8"))
    here = visit(Path("generated/mathematics/index.html"), served=site).page
    here.get_by_role("link", name="Theorem 1", exact=True).first.click()
    shown = here.locator("article section > p:has(span.sd-badge)")
    assert shown.count() >= 2
    for text in shown.all_inner_texts():
        level, claim = text.split()[:2]
        assert record[claim]["level"] == level, claim
