"""``edgestab list`` and ``edgestab show``: the claims as data."""

from __future__ import annotations

import json

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, console, force_option, json_option, recorded, write_json
from .completion import complete_claims


@click.command("list")
@json_option
@force_option
def list_claims(json_path: str | None, force: bool) -> None:
    """List the claims: id, level aimed at, title, source."""
    from edgestab.proofs.catalogue import all_claims
    from edgestab.proofs.pages import claim_record

    check_writable(json_path, force)
    records = [claim_record(c) for c in all_claims().values()]
    if json_path is not None:
        write_json(json_path, {"claims": records}, force)
    if json_path != "-":
        from rich.table import Table

        table = Table("claim", "level", "title", "source", box=None, header_style="bold")
        for record in records:
            table.add_row(record["id"], record["level"], record["title"], record["source"]["text"])
        console().print(table)


@click.command()
@click.argument("claim", shell_complete=complete_claims)
@click.option(
    "--format", "form", type=click.Choice(("text", "latex", "json", "coq")), default="text", show_default=True
)
@click.option("--document", is_flag=True, help="With --format latex: a whole file that pdflatex compiles.")
@click.option("--unjudged", is_flag=True, help="Only name the checks; do not run those of effort quick.")
def show(claim: str, form: str, document: bool, unjudged: bool) -> None:
    """Show one claim: statement with its definitions, source, and what its quick checks find, where and how."""
    from edgestab.proofs.catalogue import get_claim
    from edgestab.proofs.catalogue.coq import coq_text
    from edgestab.proofs.catalogue.round_off import coq_theorem
    from edgestab.proofs.pages import claim_document, claim_latex, claim_record, claim_text, judged

    if document and form != "latex":
        raise DomainError.of("show --document", "--format latex", f"--format {form}", "Add --format latex.")
    found = get_claim(claim)
    if form == "json":
        click.echo(json.dumps(recorded(claim_record(found)), indent=2))
    elif form == "latex":
        click.echo(claim_document(found) if document else claim_latex(found))
    elif form == "coq":
        click.echo(coq_theorem(found) or coq_text(found))
    else:
        width = min(console().width, 110)
        click.echo(claim_text(found, () if unjudged else judged(found), width))
