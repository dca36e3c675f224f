"""``edgestab gallery``: what papers on the edge of stability print, judged."""

from __future__ import annotations

import json

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, console, force_option, recorded


@click.command()
@click.argument("entry", default="")
@click.option("--format", "form", type=click.Choice(("text", "json", "latex")), default="text", show_default=True)
@click.option(
    "--effort",
    type=click.Choice(("quick", "default", "thorough")),
    default="quick",
    show_default=True,
    help="How hard the claims behind the entry are checked.",
)
@click.option("--unjudged", is_flag=True, help="Do not run the claims; print the verdicts that they aim at.")
@click.option("--plot", "plot_path", metavar="FILE", help="Draw the phenomenon (png, pdf or svg).")
@force_option
def gallery(entry: str, form: str, effort: str, unjudged: bool, plot_path: str | None, force: bool) -> None:
    """List the gallery, or judge one ENTRY: what a paper prints, its hypotheses, verdicts with level and reason."""
    from edgestab.proofs.gallery.judging import get_entry, judge_entry
    from edgestab.proofs.gallery.page import entry_latex, entry_record, entry_text

    check_writable(plot_path, force)
    if not entry:
        if plot_path or form == "latex":
            raise DomainError.of("gallery", "an entry for --plot and --format latex", "none", "Name one of the list.")
        _list(form)
        return
    found = get_entry(entry)
    judged = () if unjudged else judge_entry(entry, effort)
    if form == "json":
        click.echo(json.dumps(recorded(entry_record(found, judged)), indent=2))
    elif form == "latex":
        click.echo(entry_latex(found, judged))
    else:
        click.echo(entry_text(found, judged, min(console().width, 110)))
    if plot_path:
        from edgestab.numeric.orbits.gallery_figures import save_picture

        save_picture(found.picture, plot_path)
        click.echo(f"wrote {plot_path}", err=True)
    if any(j.verdict == "UNKNOWN" and not j.printed.open for j in judged):
        raise SystemExit(3)


def _list(form: str) -> None:
    from edgestab.proofs.gallery.judging import all_entries
    from edgestab.proofs.gallery.page import entry_record

    entries = all_entries().values()
    if form == "json":
        click.echo(json.dumps(recorded({"entries": [entry_record(e) for e in entries]}), indent=2))
        return
    from rich.table import Table

    table = Table("entry", "printed", "verdict", "level", box=None, header_style="bold")
    for found in entries:
        for number, printed in enumerate(found.printed):
            table.add_row("" if number else found.name, printed.says, printed.aimed_at, printed.level.name)
    console().print(table)
