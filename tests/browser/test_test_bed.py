"""The test bed itself: each of its alarms can go off."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import PHONE, Visit

pytestmark = pytest.mark.browser

QUIET = """<!doctype html><html lang="en"><head><title>quiet</title><meta name="viewport" content="width=device-width">
</head><body><main><h1>Quiet</h1><p id="p">text</p></main></body></html>"""
LOUD = """<!doctype html><html><head><title>loud</title></head><body><p style="width:2000px">wide</p>
<img src="https://example.org/a.png"><script>console.error("planted"); missing();</script></body></html>"""


def test_a_quiet_page_passes(visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = tmp_path / "quiet.html"
    page.write_text(QUIET)
    seen = visit(page, size=PHONE, scheme="dark", fragment="p")
    assert seen.violations() == []
    assert seen.width_past_the_window() == 0
    assert seen.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert seen.page.url.endswith("#p")
    assert seen.shoot("quiet").read_bytes().startswith(b"\x89PNG")


def test_a_loud_page_is_noticed(visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = tmp_path / "loud.html"
    page.write_text(LOUD)
    seen = visit(page)
    assert any("planted" in e for e in seen.errors)
    assert any("missing" in e for e in seen.errors)
    assert seen.requests == ["https://example.org/a.png"]
    assert any(v.startswith("html-has-lang") for v in seen.violations())
    assert seen.width_past_the_window() > 0
    seen.errors.clear()
    seen.requests.clear()
