"""Golden files: `--update` rewrites them, a mismatch shows the difference."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# timings say nothing on a shared machine
settings.register_profile("house", deadline=None)
settings.load_profile("house")

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden files")
    parser.addoption("--shots", metavar="DIR", help="keep the screenshots of the browser tests here")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with ``tests/golden/NAME``."""
    update = bool(request.config.getoption("--update"))

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if not path.exists():
            pytest.fail(f"no golden file {name}; run pytest --update and read the result")
        known = path.read_text(encoding="utf-8")
        diff = "\n".join(difflib.unified_diff(known.splitlines(), text.splitlines(), "golden", "now", lineterm=""))
        assert known == text, f"{name} changed (pytest --update rewrites it):\n{diff}"

    return compare
