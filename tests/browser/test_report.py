"""The report in a browser: filters, graph, links, dark and light, phone and keyboard, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from edgestab.proofs.report.files import write_report

from ..proofs.report.conftest import CLAIMS, record_of
from .conftest import PHONE, Visit

pytestmark = pytest.mark.browser
Go = Callable[..., Visit]


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    """On all claims, without running their checks."""
    return record_of()


@pytest.fixture(scope="module")
def report(record: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(tmp_path_factory.mktemp("report"), record)[0]


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fewer claims, which axe-core can judge in seconds, among them one that fails and one that is open."""
    record = record_of(*CLAIMS, "theorem-1-sharp", "limit-series")
    record["run"]["verdict"] = "FALSE"
    for name, verdict in (("flow-end", "FALSE"), ("theorem-1-sharp", "UNKNOWN")):
        record["run"]["claims"][name]["verdict"] = verdict
        wrong = next(e for e in record["evidence"] if e["claim"] == name)
        wrong.update(verdict=verdict, rejected=1, undecided=2, counterexample="n = 3", detail="of three one differs")
    return write_report(tmp_path_factory.mktemp("kinds"), record)[0]


def shown(visit: Visit) -> int:
    return visit.page.locator("section.claim:visible").count()


def colour(visit: Visit, selector: str, kind: str) -> str:
    script = f"getComputedStyle(document.querySelector({selector!r})).getPropertyValue({kind!r})"
    return str(visit.page.evaluate(script))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_for_axe(every_kind: Path, visit: Go, scheme: Literal["light", "dark"]) -> None:
    page = visit(every_kind, scheme=scheme)
    page.shoot(f"report-{scheme}", full=False)
    assert page.violations() == []


def test_a_phone_need_not_scroll_sideways(report: Path, every_kind: Path, visit: Go) -> None:
    page = visit(report, size=PHONE)
    page.shoot("report-phone", full=False)
    assert page.width_past_the_window() == 0
    assert visit(every_kind, size=PHONE).violations() == []


def test_the_first_screen_shows_both_theorems(report: Path, visit: Go) -> None:
    page = visit(report).page
    for text in ("Theorem 1", "Theorem 2, eq. 22"):
        box = page.get_by_role("link", name=text, exact=True).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900
    left_out = page.get_by_role("heading", name="What the printed sources leave out").bounding_box()
    assert left_out is not None
    assert left_out["y"] < 900


def test_filters_choose(report: Path, visit: Go, record: dict[str, Any]) -> None:
    results = record["run"]["claims"].values()
    here = visit(report)
    assert shown(here) == len(results)
    here.page.select_option("#level", "ENCLOSED")
    assert shown(here) == sum(r["level"] == "ENCLOSED" for r in results)
    here.page.select_option("#verdict", "FALSE")
    assert shown(here) == sum(r["verdict"] == "FALSE" for r in results)
    here.page.select_option("#level", "")
    here.page.select_option("#verdict", "")
    here.page.fill("#words", "wishart MOMENTS computed")
    assert here.page.locator("#found").inner_text() == f"{shown(here)} of {len(results)} claims"
    assert here.page.locator("#wishart-moments-computed").is_visible()
    assert here.page.locator("#one-step-map").is_hidden()
    # a link to what is hidden shows it
    here.page.evaluate("location.hash = '#one-step-map'")
    here.page.wait_for_function("document.getElementById('words').value === ''")
    assert here.page.locator("#one-step-map").is_visible()


def test_the_graph_leads_to_its_claims(report: Path, visit: Go, record: dict[str, Any]) -> None:
    here = visit(report)
    targets = here.page.eval_on_selector_all("#graph .node a", "all => all.map(a => a.getAttribute('href').slice(1))")
    assert set(record["run"]["claims"]) <= set(targets)
    assert all(here.page.evaluate("id => document.getElementById(id) !== null", target) for target in targets)
    node = here.page.locator("#node-theorem-2-limit a")
    node.hover()
    told = here.page.locator("#told")
    assert told.is_visible()
    assert told.locator("math").count() >= 1
    here.shoot("report-graph", full=False)
    node.focus()
    here.page.keyboard.press("Escape")
    assert told.is_hidden()
    here.page.keyboard.press("Enter")
    here.page.wait_for_function("location.hash === '#theorem-2-limit'")
    assert here.page.evaluate("document.querySelector(':target').id") == "theorem-2-limit"


def test_border_and_fill_follow_the_levels(report: Path, visit: Go) -> None:
    here = visit(report)
    enclosed, checked = "#node-theorem-1-sharp path", "#node-limit-series path"
    assert colour(here, enclosed, "fill") != colour(here, checked, "fill")
    # aims at DERIVED by one part, is CHECKED by another
    here.page.evaluate("document.getElementById('node-limit-series').classList.replace('aims-CHECKED', 'aims-DERIVED')")
    border = colour(here, checked, "stroke")
    assert border == colour(here, "#node-one-step-map path", "stroke")


def test_dark_and_light_can_be_chosen(report: Path, visit: Go) -> None:
    here = visit(report, scheme="dark")
    dark = colour(here, "body", "background-color")
    here.page.click("#theme")
    assert colour(here, "body", "background-color") == "rgb(255, 255, 255)"
    here.page.click("#theme")
    assert colour(here, "body", "background-color") == dark


def test_it_reads_fully_without_scripts(report: Path, visit: Go, record: dict[str, Any]) -> None:
    here = visit(report, scripts=False)
    assert shown(here) == len(record["run"]["claims"])
    assert here.page.locator("#filter").is_hidden()
    assert here.page.locator("#theme").is_hidden()
    assert here.page.locator("#graph .node").count() > len(record["run"]["claims"])


def test_it_prints_with_every_part_unfolded(report: Path, visit: Go) -> None:
    here = visit(report)
    here.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert here.page.locator("details:not([open])").count() == 0
    here.page.emulate_media(media="print")
    assert here.page.locator("#filter").is_hidden()
    ends = "all => Math.max(...all.map(m => m.getBoundingClientRect().right))"
    assert here.page.eval_on_selector_all("section.claim .parts math", ends) <= 1280
