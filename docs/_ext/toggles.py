"""The side bar's toggles, which the theme leaves without words, are named for those who hear the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

TOGGLE = re.compile(r'(<a class="[^"]*" href="[^"]*">(?P<title>(?:(?!</a>).)*)</a>\s*<details[^>]*>\s*<summary)>', re.S)


def named(page: str) -> str:
    """A page whose toggles have a name.

    Args:
        page: HTML of the theme.

    Returns:
        The same with a label in each summary that follows a link of the side bar.
    """

    def label(found: re.Match[str]) -> str:
        title = " ".join(re.sub(r"<[^>]+>", "", found["title"]).split())
        return f'{found[1]} aria-label="Pages under {title.replace(chr(34), "&quot;")}">'

    return TOGGLE.sub(label, page)


def finish(app: Any, error: Exception | None) -> None:
    """Name the toggles of every page that was built.

    Args:
        app: Sphinx.
        error: why the build failed, if it did.
    """
    if error is not None or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        better = named(text)
        if better != text:
            path.write_text(better, encoding="utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Name them when all pages are there."""
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
