"""The gallery of the site: a page for each row of the table of figures, one figure and one command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from edgestab.figures import FIGURES, Figure, draw_figure

SCRIPTS = Path("generated") / "gallery_scripts"
"""Where the scripts are written that Sphinx-Gallery runs, in the folder of the pages."""

_HEAD = """Gallery
=======

Each figure by one command, drawn here as that command draws it. ``edgestab plot --list`` names them all; ``-o`` takes
``svg``, ``pdf`` or ``png``, and ``--json`` writes the numbers that are drawn.
"""

_PAGE = '''r"""
{title}
{line}

{told}

.. code-block:: sh

    edgestab plot {name}

In Python:
"""

from edgestab.figures import draw_figure

drawing = draw_figure("{name}", width=5)

# %%
# {options}
#
# .. list-table::
#    :widths: 20 15 65
#
{rows}
'''


def script(figure: Figure) -> str:
    """The page of a figure as a script for Sphinx-Gallery.

    Args:
        figure: a row of the table.

    Returns:
        Python source.
    """
    head, _, rest = figure.title.partition(":")
    rows = "\n".join(
        f"#    * - ``--{name.replace('_', '-')}``\n#      - ``{option.default}``\n#      - {_plain(option.help)}"
        for name, option in figure.options.items()
    )
    return _PAGE.format(
        title=head,
        line="=" * len(head),
        told=f"{rest.strip()[:1].upper()}{rest.strip()[1:]}." if rest else f"{figure.title}.",
        name=figure.name,
        options=f"Options of ``edgestab plot {figure.name}`` with their defaults; the panels are drawn by "
        + ", ".join(f"``es.{panel.function}``" for panel in figure.panels)
        + ".",
        rows=rows,
    )


def _plain(words: str) -> str:
    """Words whose punctuation is not markup."""
    return re.sub(r"([*`|_])", r"\\\1", words)


def front(path: Path) -> None:
    """Draw the picture of the front page.

    Args:
        path: the SVG file to write.
    """
    draw_figure("plane", width=5).savefig(path)


def write(app: Any, _: Any) -> None:
    """Write the scripts before Sphinx-Gallery looks for them.

    Args:
        app: Sphinx.
    """
    folder = Path(app.srcdir) / SCRIPTS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.rst").write_text(_HEAD, encoding="utf-8")
    for number, figure in enumerate(FIGURES.values(), 1):
        path = folder / f"plot_{number:02}_{figure.name.replace('-', '_')}.py"
        path.write_text(script(figure), encoding="utf-8")
    front(folder.parent / "plane.svg")


def _scrape(block: Any, variables: dict[str, Any], settings: dict[str, Any]) -> str:
    """Save the drawing of a script: it is no figure of pyplot's, which Sphinx-Gallery would find by itself."""
    from sphinx_gallery.scrapers import figure_rst

    drawing = variables["example_globals"].pop("drawing", None)
    if drawing is None:
        return ""
    path = next(variables["image_path_iterator"])
    drawing.savefig(path, dpi=150)
    return str(figure_rst([path], settings["src_dir"]))


def _get_sg_image_scraper() -> Any:
    return _scrape


def setup(app: Any) -> dict[str, Any]:
    """Write the scripts before Sphinx looks for files."""
    app.connect("config-inited", write, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
