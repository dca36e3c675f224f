"""The reference of the site: a page for each room, and for each public name that its stub lists."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from edgestab.symbolic.algebra import DomainError

ROOT = Path(__file__).parents[2]
LAYERS = ("symbolic", "numeric", "proofs")


def rooms() -> dict[str, list[str]]:
    """Each namespace with the public names of its stub."""
    found = {"edgestab": _names(ROOT / "edgestab" / "__init__.pyi")}
    for layer in LAYERS:
        for stub in sorted((ROOT / layer).rglob("__init__.pyi")):
            names = _names(stub)
            if names:
                found[".".join(("edgestab", *stub.parent.relative_to(ROOT).parts))] = names
    return found


def _names(stub: Path) -> list[str]:
    """What a stub takes from modules; ``from . import room`` only names a room."""
    body = ast.parse(stub.read_text(encoding="utf-8")).body
    found = [alias.name for node in body if isinstance(node, ast.ImportFrom) and node.module for alias in node.names]
    if stub.parent.name in ("edgestab", *LAYERS[:2]):
        module = import_module("edgestab" if stub.parent.name == "edgestab" else f"edgestab.{stub.parent.name}")
        found = [name for name in found if not inspect.ismodule(getattr(module, name))]
    return sorted(found, key=str.lower)


def short(room: str) -> str:
    """How a room is written in Python: ``es.planar``."""
    return "es" if room == "edgestab" else f"es.{room.split('.')[-1]}"


def room_page(room: str, names: list[str]) -> Iterator[str]:
    """A room: what belongs there, and a table of its public names.

    Args:
        room: dotted.
        names: its public names.

    Yields:
        Lines of reStructuredText.
    """
    title = short(room)
    yield from (title, "=" * len(title), "")
    if room == "edgestab":
        yield from (*(inspect.getdoc(import_module(room)) or "").splitlines(), "")
        yield from (".. autosummary::", "   :nosignatures:", "", *(f"   ~{_home(name)}" for name in names))
        return
    yield from (".. currentmodule:: " + room, "", *(inspect.getdoc(import_module(room)) or "").splitlines(), "")
    yield from (".. autosummary::", "   :nosignatures:", "   :toctree: names", "")
    values = [name for name in names if not callable(getattr(import_module(room), name))]
    yield from (f"   {name}" for name in names if name not in values)
    # a value has no docstring of its own: Sphinx reads that of its definition from the source
    for name in values:
        yield from ("", f".. autodata:: {_defined(name)}.{name}", "   :no-value:")


def _defined(name: str) -> str:
    """The module that gives a value its name."""
    for path in sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")):
        if re.search(rf"^{name}\b[^=\n]*= ", path.read_text(encoding="utf-8"), re.M):
            return ".".join(("edgestab", *path.relative_to(ROOT).with_suffix("").parts))
    raise DomainError.of("docs", "a value that some module defines", name, "Mend the stub.")


def _home(name: str) -> str:
    """Where a name of the top level has its own page."""
    for room, names in rooms().items():
        if room != "edgestab" and name in names:
            return f"{room}.{name}"
    return f"edgestab.{name}"


def write(app: Any, _: Any) -> None:
    """Write the pages where Sphinx will find them.

    Args:
        app: Sphinx.
    """
    folder = Path(app.srcdir) / "generated" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    found = rooms()
    pages = {short(room).replace(".", "-"): "\n".join([*room_page(room, names), ""]) for room, names in found.items()}
    listed = "\n".join(
        f"* - :doc:`{short(room)} <{short(room).replace('.', '-')}>`\n     - {_first(room)}\n     - {len(names)}"
        for room, names in found.items()
    )
    total = len({id(getattr(import_module(room), name)) for room, names in found.items() for name in names})
    pages["index"] = (
        "Reference\n=========\n\n"
        f"{total} public names. After ``import edgestab as es`` each room is a namespace: ``es.planar.PlanarMap``.\n"
        "The names used most stand at the top: ``es.simulate``.\n\n"
        ".. list-table::\n   :widths: 20 70 10\n   :header-rows: 1\n\n"
        "   * - room\n     - what it holds\n     - names\n   " + listed.replace("\n* -", "\n   * -") + "\n\n"
        ".. toctree::\n   :hidden:\n\n" + "".join(f"   {name}\n" for name in pages)
    )
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _first(room: str) -> str:
    """The first sentence of a room's docstring."""
    text = (inspect.getdoc(import_module(room)) or "").split("\n\n")[0].replace("\n", " ")
    return re.sub(r"^edgestab: ", "", text)


def setup(app: Any) -> dict[str, Any]:
    """Write the pages before Sphinx looks for files."""
    app.connect("config-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
