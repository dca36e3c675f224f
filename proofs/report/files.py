"""The files of a report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...symbolic.algebra.errors import OutputError
from .content import claims_content
from .page import page

SCHEMA_FILE = Path(__file__).with_name("claims.schema.json")
PAGE, DATA = "index.html", "claims.json"


def check_folder(folder: str | Path, force: bool) -> Path:
    """Refuse a folder that cannot be written to, or that holds a report already.

    Args:
        folder: where the report shall be.
        force: whether files of an earlier report may be replaced.

    Returns:
        The folder, which exists now.

    Raises:
        OutputError: it cannot be made, or holds a report and ``force`` is not given.
    """
    target = Path(folder)
    try:
        held = (target / PAGE).exists()
        if force or not held:
            target.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        why = getattr(error, "strerror", None) or error
        raise OutputError.of("report", "a folder", repr(str(folder)), f"{why}: choose another.") from error
    if held and not force:
        raise OutputError.of("report", "a folder without a report", str(folder), "Use --force to replace it.")
    return target


def write_report(
    folder: str | Path, record: Mapping[str, Any], pdf: bool = False, force: bool = False
) -> tuple[Path, ...]:
    """Write the report on a verification: one page that needs nothing else, and the same content as data.

    Args:
        folder: where to; made if it is missing.
        record: what ``edgestab verify --json`` writes, or ``verify(..).to_json()``.
        pdf: whether to typeset ``report.pdf`` too, by pdflatex.
        force: whether an earlier report may be replaced.

    Returns:
        The files written: ``index.html``, ``claims.json``, its schema, and ``report.tex``, ``report.pdf`` if asked for.

    Raises:
        DomainError: the record is of other claims than those of the catalogue today.
        OutputError: the folder holds a report, or cannot be written to.
        ProofError: a package of the extra ``report`` is missing, or pdflatex is, or it failed.

    Source:
        Derived here.

    Example:
        >>> import tempfile
        >>> record = es.verify("one-step-map", effort="quick", jobs=1).to_json()
        >>> [path.name for path in es.proofs.write_report(tempfile.mkdtemp(), record)]
        ['index.html', 'claims.json', 'claims.schema.json']
    """
    target = check_folder(folder, force)
    content = claims_content(record)
    texts = {
        PAGE: page(content),
        DATA: json.dumps(content, indent=1, allow_nan=False) + "\n",
        SCHEMA_FILE.name: SCHEMA_FILE.read_text(encoding="utf-8"),
    }
    if pdf:
        from .paper import paper

        texts["report.tex"] = paper(content)
    try:
        for name, text in texts.items():
            (target / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError.of("report", "a writable folder", str(folder), f"{error.strerror}.") from error
    written = [target / name for name in texts]
    if pdf:
        from .typeset import typeset

        written.append(typeset(target / "report.tex"))
    return tuple(written)
