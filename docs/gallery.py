"""The pages of the gallery, made from its entries: ``docs/gallery.md`` and ``docs/gallery/<entry>.md`` with pictures.

Run ``python docs/gallery.py`` after changing an entry; a test fails while a page differs from its entry.
"""

from __future__ import annotations

import argparse
from pathlib import Path

ROOT = Path(__file__).parent


def pages() -> dict[Path, str]:
    """Every page by its path."""
    from edgestab.proofs.gallery.judging import all_entries
    from edgestab.proofs.gallery.page import entry_markdown, index_markdown

    entries = list(all_entries().values())
    found = {ROOT / "gallery" / f"{entry.name}.md": entry_markdown(entry) for entry in entries}
    return {ROOT / "gallery.md": index_markdown(entries), **found}


def stale() -> list[str]:
    """Pages that differ from what the entries say now, pictures that are missing, files that no entry has."""
    wanted = pages()
    wrong = [p.name for p, text in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    names = {p.stem for p in wanted if p.parent.name == "gallery"}
    have = {p.name for p in (ROOT / "gallery").iterdir()}
    return wrong + sorted(have ^ {f"{name}.{kind}" for name in names for kind in ("md", "png")})


def main() -> None:
    """Write pages, and pictures that are missing (all of them with ``--pictures``)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", action="store_true", help="draw every picture again")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is out of date")
    asked = parser.parse_args()
    if asked.check:
        wrong = stale()
        print("\n".join(wrong) or "up to date")
        raise SystemExit(bool(wrong))
    from edgestab.numeric.orbits.gallery_figures import save_picture
    from edgestab.proofs.gallery.judging import all_entries

    (ROOT / "gallery").mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    for entry in all_entries().values():
        path = ROOT / "gallery" / f"{entry.name}.png"
        if asked.pictures or not path.exists():
            save_picture(entry.picture, str(path))


if __name__ == "__main__":
    main()
