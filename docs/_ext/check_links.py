"""Every link of the built site leads somewhere: files, anchors in them, and nothing loaded from a network.

Run ``python docs/_ext/check_links.py build/docs``; it prints what is wrong and exits with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src"), ("object", "data"), ("link", "href")}
"""What a browser loads by itself; all else waits for a click."""


class Page(HTMLParser):
    """The links of a page and the places in it that a link can name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.links: list[tuple[str, bool]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note places and links of a tag.

        Args:
            tag: its name.
            attrs: its attributes.
        """
        found = {name: value or "" for name, value in attrs}
        self.places |= {found[name] for name in ("id", "name") if name in found}
        for name in ("href", "src", "data"):
            if name in found and not (tag == "link" and found.get("rel") in ("canonical", "license")):
                self.links.append((found[name], (tag, name) in LOADED))


def faults(site: Path) -> Iterator[str]:
    """What is wrong with the links of a site.

    Args:
        site: the folder that holds it.

    Yields:
        The page and its link, with the reason.
    """
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in _built(site)}
    for path, page in pages.items():
        for link, loaded in page.links:
            parts = urlsplit(link)
            where = f"{path.relative_to(site.resolve())}: {link}"
            if parts.scheme or parts.netloc:
                if loaded and parts.scheme != "data":
                    yield f"{where}: is loaded from elsewhere"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                yield f"{where}: no such file"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                yield f"{where}: no such place in the page"


def _built(site: Path) -> list[Path]:
    """The pages of a site; what the theme brings along as a template is none."""
    return [path for path in sorted(site.rglob("*.html")) if "_static" not in path.relative_to(site).parts]


def main() -> None:
    """Check the site named on the command line."""
    site = Path(sys.argv[1])
    wrong = list(faults(site))
    print("\n".join(wrong) or f"all links of {len(_built(site))} pages lead somewhere")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
