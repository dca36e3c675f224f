"""``edgestab report``: one page on all claims, as HTML, as data and as PDF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import clean, console, force_option, progress_on, recorded


@click.command()
@click.argument("claims", nargs=-1, metavar="[CLAIM ...]")
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder to write to; made if it is missing.")
@click.option("--effort", type=click.Choice(("quick", "default", "thorough")), default="default", show_default=True)
@click.option(
    "--from", "source", metavar="VERIFY.json", help="Print this record of `edgestab verify --json`; run no check."
)
@click.option("--pdf", is_flag=True, help="Also report.pdf, by pdflatex.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Worker processes (default: the cores, at most 8).")
@force_option
def report(
    claims: tuple[str, ...], output: str, effort: str, source: str | None, pdf: bool, jobs: int | None, force: bool
) -> None:
    """Write the page of the claims named (all by default) and of everything they use.

    DIR then holds index.html, which needs no network, and the same content as claims.json with its schema.

    Exit code as of `edgestab verify`: 0 when all are TRUE, 1 when any is FALSE, 3 when any is UNKNOWN, 2 on bad usage.
    """
    from edgestab.proofs.report.files import check_folder, write_report
    from edgestab.proofs.verify import verify

    check_folder(output, force)
    if source is None:
        with progress_on("checks") as tell:
            judged = verify(*claims, effort=effort, jobs=jobs, on_evidence=lambda entry, done, total: tell(done, total))
        record = clean(recorded(judged.to_json()))
    elif claims:
        raise DomainError.of("report --from", "no claims beside a record", " ".join(claims), "The record names them.")
    else:
        record = _read(source)
    out = console(stderr=True)
    for path in write_report(output, record, pdf=pdf, force=force):
        out.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
    verdict = record["run"]["verdict"]
    out.print(f"{len(record['run']['claims'])} claims: {verdict}", markup=False)
    raise click.exceptions.Exit({"TRUE": 0, "FALSE": 1}.get(verdict, 3))


def _read(source: str) -> dict[str, Any]:
    """A record that ``edgestab verify --json`` wrote."""
    try:
        record = json.loads(Path(source).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise DomainError.of("report --from", "a file of `edgestab verify --json`", source, f"{why}.") from error
    if not isinstance(record, dict) or "run" not in record:
        raise DomainError.of("report --from", "a record of `edgestab verify --json`", source, "It is another file.")
    return record
