"""Every link of the built site leads somewhere: files, anchors in them, and nothing loaded from a network.

Run ``python docs/_ext/check_links.py build/docs``; it prints what is wrong and exits with 1. With ``--external`` it
asks for every address outside the site instead, which needs a network: by hand, never in the gate. It then prints what
could not be reached and why, with the pages that name it, and writes that as JSON too (``--json``); it exits with 1
where a server says that there is no such page, and with 3 where all that is known is that no answer came.
"""

from __future__ import annotations

import argparse
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urldefrag, urlsplit

LOADED = {("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src"), ("object", "data"), ("link", "href")}
"""What a browser loads by itself; all else waits for a click."""

Outcome = Literal["reached", "gone", "refused", "silent"]


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


@dataclass(frozen=True)
class Reached:
    """What came of asking for one address outside the site.

    Attributes:
        address: without the place in the page.
        outcome: ``reached``; ``gone``: the server says that there is nothing; ``refused``: it does not serve programs,
            or not now; ``silent``: no answer came.
        why: status or error, in words.
        pages: that name it.
    """

    address: str
    outcome: Outcome
    why: str
    pages: tuple[str, ...]


def external(site: Path) -> dict[str, tuple[str, ...]]:
    """The addresses outside the site that its pages link to, each with the pages that name it.

    Args:
        site: the folder that holds it.

    Returns:
        Addresses in alphabetical order.
    """
    found: dict[str, set[str]] = {}
    for path in _built(site):
        for link, _ in Page(path.read_text(encoding="utf-8")).links:
            if urlsplit(link).scheme in ("http", "https"):
                found.setdefault(urldefrag(link).url, set()).add(path.relative_to(site).as_posix())
    return {address: tuple(sorted(pages)) for address, pages in sorted(found.items())}


def ask(address: str, seconds: float = 20) -> tuple[Outcome, str]:
    """Ask for one address.

    Args:
        address: of a page.
        seconds: how long to wait for an answer.

    Returns:
        The outcome as in :class:`Reached`, and why.
    """
    # some servers refuse programs that do not say who they are
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (compatible; edgestab link check)"})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return "reached", f"{answer.status} {answer.reason}"
    except urllib.error.HTTPError as error:
        error.close()
        return ("gone" if error.code in (404, 410) else "refused"), f"{error.code} {error.reason}"
    except (OSError, ValueError) as error:
        return "silent", str(getattr(error, "reason", error))


def ask_all(links: dict[str, tuple[str, ...]], asking: Callable[[str], tuple[Outcome, str]] = ask) -> list[Reached]:
    """Ask for all addresses, a few at a time.

    Args:
        links: of :func:`external`.
        asking: :func:`ask`, or what stands for it.

    Returns:
        One result for each address, in their order.
    """
    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = pool.map(asking, links)
        return [
            Reached(address, outcome, why, pages)
            for (address, pages), (outcome, why) in zip(links.items(), answers, strict=True)
        ]


def told(found: Sequence[Reached]) -> str:
    """The results in words: what was not reached, and how many were.

    Args:
        found: of :func:`ask_all`.

    Returns:
        Lines.
    """
    lines = [
        f"{one.outcome}: {one.address} ({one.why}); in {', '.join(one.pages[:3])}"
        + (f" and {len(one.pages) - 3} more" if len(one.pages) > 3 else "")
        for one in sorted(found, key=lambda one: one.outcome)
        if one.outcome != "reached"
    ]
    return "\n".join([*lines, f"{len(found) - len(lines)} of {len(found)} addresses reached"])


def status(found: Sequence[Reached]) -> int:
    """The exit code: 1 where something is gone, 3 where something did not answer or was refused, else 0."""
    outcomes = {one.outcome for one in found}
    return 1 if "gone" in outcomes else 3 if outcomes - {"reached"} else 0


def main() -> None:
    """Check the site named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, help="folder of the built site")
    parser.add_argument("--external", action="store_true", help="ask for every address outside the site")
    parser.add_argument("--json", type=Path, metavar="FILE", help="with --external: write the results there")
    options = parser.parse_args()
    if options.external:
        found = ask_all(external(options.site))
        print(told(found))
        if options.json:
            options.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")
        raise SystemExit(status(found))
    wrong = list(faults(options.site))
    print("\n".join(wrong) or f"all links of {len(_built(options.site))} pages lead somewhere")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
