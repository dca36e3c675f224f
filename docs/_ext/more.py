"""A page that no list names is listed at the end of the how-to pages, so that none is lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

MARK = "<!-- more -->\n"
"""Where the list goes: a comment."""

OUTSIDE = ("generated", "_")


def unlisted(folder: Path) -> dict[str, str]:
    """Pages that no other page's list of contents names.

    Args:
        folder: of the pages.

    Returns:
        Their names without suffix, to their titles.
    """
    texts = {
        path.relative_to(folder).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.md"))
        if not path.relative_to(folder).parts[0].startswith(OUTSIDE)
    }
    listed = {"index"}
    for text in texts.values():
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```$", text, re.M | re.S):
            listed |= {
                re.sub(r"^.*<(.+)>$", r"\1", line.strip())
                for line in block.splitlines()
                if line.strip() and not line.startswith(":")
            }
    # a page with a folder of its own name lists what is in it by itself
    inside = {name for name in texts if "/" in name and name.rsplit("/", 1)[0] in texts}
    listed |= inside
    titles = {name: re.search(r"^# (.+)$", text, re.M) for name, text in texts.items() if name not in listed}
    return {name: found.group(1) if found else name for name, found in titles.items()}


def insert(app: Any, name: str, source: list[str]) -> None:
    """Put the list where the mark is.

    Args:
        app: Sphinx.
        name: of the page.
        source: its text, changed in place.
    """
    if "{toctree}" not in source[0] and any((Path(app.srcdir) / name).glob("*.md")):
        source[0] += f"\n```{{toctree}}\n:hidden:\n:glob:\n\n{name}/*\n```\n"
    if MARK not in source[0]:
        return
    found = unlisted(Path(app.srcdir))
    lines = ["## More", "", *(f"- [{title}]({page}.md)" for page, title in found.items()), ""]
    lines += ["```{toctree}", ":hidden:", "", *found, "```", ""]
    source[0] = source[0].replace(MARK, "\n".join(lines) if found else "")


def setup(app: Any) -> dict[str, Any]:
    """Complete the list as the page is read."""
    app.connect("source-read", insert)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
