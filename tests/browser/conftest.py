"""Pages in headless Chromium: one browser for all tests, and each page watched for errors and for network requests.

Playwright drives the system's own Chromium; nothing is downloaded. `make browser` installs both where they are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from .install_chromium import find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

DESKTOP = (1280, 900)
PHONE = (390, 844)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OFFLINE = ("file:", "data:", "blob:", "about:")
"""What a page may load without a network."""

HEAVY = frozenset({"serious", "critical"})
"""Impacts of axe-core that no page may have."""


@dataclass
class Visit:
    """One page in the browser, with all that went wrong on it.

    Attributes:
        page: Playwright's page.
        shots: folder of screenshots.
        errors: messages at level error, and exceptions that nobody caught.
        requests: addresses asked for that need a network.
        served: the address of a site on this machine, from which its pages may load.
    """

    page: Page
    shots: Path
    served: str = ""
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _see(self, request: Request) -> None:
        if not request.url.startswith((*OFFLINE, self.served) if self.served else OFFLINE):
            self.requests.append(request.url)

    def violations(self) -> list[str]:
        """What axe-core finds serious or critical: rule, impact, element."""
        from axe_playwright_python.sync_playwright import Axe

        # only the rule on turned screens reads style sheets anew, and it looks for their imports in the wrong folder
        found: list[dict[str, Any]] = Axe().run(self.page, options={"preload": False}).response["violations"]
        return [
            f"{rule['id']} ({rule['impact']}): {node['html'][:160]} {node.get('failureSummary', '')}"
            for rule in found
            if rule["impact"] in HEAVY
            for node in rule["nodes"]
        ]

    def shoot(self, name: str, *, full: bool = True) -> Path:
        """Keep a screenshot (``--shots DIR`` says where) and return its path."""
        path = self.shots / f"{name}.png"
        self.page.screenshot(path=str(path), full_page=full)
        return path

    def width_past_the_window(self) -> int:
        """Pixels by which the page is wider than its window: a phone would scroll sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, started once."""
    where = find_chromium()
    if where is None:
        pytest.skip("no Chromium on the path; `make browser` installs it")
    api = pytest.importorskip("playwright.sync_api", reason="pip install 'edgestab[browser]'")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=where, headless=True, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Visit]]:
    """Open a file: ``visit(path, size=PHONE, scheme="dark", fragment="epsilon=0.1")``; or a page ``served`` from here.

    When the test ends every page that it opened must have asked for nothing from a network and logged no error; a test
    that expects an error clears ``errors`` after reading it.
    """
    chosen = request.config.getoption("--shots")
    shots = Path(str(chosen)) if chosen else tmp_path
    shots.mkdir(parents=True, exist_ok=True)
    opened: list[Visit] = []

    def go(
        path: Path,
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: Literal["light", "dark"] = "light",
        fragment: str = "",
        scripts: bool = True,
        served: str = "",
    ) -> Visit:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            java_script_enabled=scripts,
            has_touch=size == PHONE,
            offline=not served,
            accept_downloads=True,
        )
        found = Visit(context.new_page(), shots, served=served)
        opened.append(found)
        address = f"{served}/{path.as_posix()}" if served else path.resolve().as_uri()
        found.page.goto(address + (f"#{fragment}" if fragment else ""))
        return found

    yield go
    for one in opened:
        one.page.context.close()
    assert [e for one in opened for e in one.errors] == [], "the console shows errors"
    assert [r for one in opened for r in one.requests] == [], "a page asked the network"
