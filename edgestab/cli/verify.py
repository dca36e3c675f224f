"""``edgestab verify``: judge claims."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .common import check_writable, console, force_option, json_option, on_screen, write_json
from .completion import complete_claims

if TYPE_CHECKING:
    from edgestab.proofs.verify import ClaimResult, Report

    from ..proofs.claims import Evidence

COLOURS = {"TRUE": "green", "FALSE": "bold red", "UNKNOWN": "yellow"}


def _figure(result: ClaimResult) -> str:
    from edgestab.proofs.pages import figure_text

    shown = (figure_text(entry.outcome) for entry in result.evidence)
    return "; ".join(dict.fromkeys(filter(None, shown)))


def _table(results: Sequence[ClaimResult]) -> Any:
    """One row a claim."""
    from rich.table import Table

    table = Table(
        "claim", "level", "verdict", "tested", "figure and its bound", "seconds", box=None, header_style="bold"
    )
    for result in results:
        colour = COLOURS[result.verdict.value]
        tested = sum(e.outcome.tested for e in result.evidence)
        table.add_row(
            result.claim.id,
            result.level_text,
            f"[{colour}]{result.verdict.value}[/]",
            f"{tested:,}" if tested else "via uses",
            _figure(result),
            f"{result.seconds:.1f}",
        )
    return table


def _shown(report: Report, named: tuple[str, ...], everything: bool) -> list[ClaimResult]:
    """The claims that get a row: first those that fail, then those that were asked for by name, or all."""
    failed = [r for r in report.results if r.verdict.value == "FALSE"]
    open_ = [r for r in report.results if r.verdict.value == "UNKNOWN"]
    right = [r for r in report.results if r.verdict.value == "TRUE" and (everything or r.claim.id in named)]
    return [*failed, *open_, *right]


def _summary(report: Report) -> Any:
    """How many claims hold at which level, the strongest first."""
    from rich.table import Table

    verdicts = tuple(COLOURS)
    table = Table("level", *verdicts, box=None, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    order = sorted(report.results, key=lambda r: (-r.level.value, r.recorded))
    for level in dict.fromkeys(r.level_text for r in order):
        here = [r.verdict.value for r in report.results if r.level_text == level]
        counts = [here.count(v) for v in verdicts]
        table.add_row(level, *(f"[{COLOURS[v]}]{n}[/]" if n else "" for v, n in zip(verdicts, counts, strict=True)))
    return table


def _explain(report: Report) -> list[str]:
    lines = []
    for result in report.results:
        if result.verdict.value == "TRUE":
            continue
        for entry in result.evidence:
            o = entry.outcome
            if o.verdict.value != "TRUE":
                extra = f"; counterexample {o.counterexample}" if o.counterexample else ""
                lines.append(f"{result.claim.id}: {o.verdict.value}: {entry.method}: {o.detail or o.domain}{extra}")
        if result.note:
            lines.append(f"{result.claim.id}: {result.verdict.value}: {result.note}")
    return lines


def _recorded(report: Report) -> list[str]:
    """A line that says so where PROVED rests on the record of another machine."""
    proved = [result.claim.id for result in report.results if result.recorded]
    if not proved:
        return []
    return [
        f"{len(proved)} claims are PROVED by the committed record of another machine's Coq, whose digests match these "
        "sources; `edgestab prove` checks them here"
    ]


def _mutants(ids: tuple[str, ...], json_path: str | None, force: bool) -> int:
    """Print the fate of every mutant of the statements, by the checks of effort quick; 1 where one was not noticed."""
    from edgestab.proofs.catalogue import all_claims, get_claim
    from edgestab.proofs.mutation import fates

    out, rows = console(stderr=json_path == "-"), []
    for claim in [get_claim(i) for i in ids] or all_claims().values():
        for found in fates(claim):
            fate = "noticed" if found.killed else "weaker" if found.excuse else "NOT NOTICED"
            why = found.by if found.killed else found.excuse
            rows.append({"claim": claim.id, "mutant": found.mutant.label, "fate": fate, "why": why})
            out.print(f"{claim.id}: {fate}: {found.mutant.label}: {why}", markup=False, highlight=False, soft_wrap=True)
    missed = sum(row["fate"] == "NOT NOTICED" for row in rows)
    weaker = sum(row["fate"] == "weaker" for row in rows)
    out.print(f"{len(rows)} mutants: {len(rows) - missed - weaker} noticed, {weaker} weaker, {missed} not noticed")
    if json_path is not None:
        write_json(json_path, {"mutants": rows}, force)
    return int(missed > 0)


@click.command()
@click.argument("claims", nargs=-1, metavar="[CLAIM ...]", shell_complete=complete_claims)
@click.option("--effort", type=click.Choice(("quick", "default", "thorough")), default="default", show_default=True)
@click.option("--seed", type=int, help="Seed of the sampling checks (fixed by default).")
@click.option("--jobs", type=click.IntRange(1, 64), help="Worker processes (default: the cores, at most 8).")
@click.option("--all", "everything", is_flag=True, help="Print a row for each claim, not only for those that fail.")
@click.option("--domains", is_flag=True, help="Also print the domain on which each claim printed was shown, and how.")
@click.option("--mutants", is_flag=True, help="Judge every changed statement instead, at effort quick.")
@json_option
@force_option
def verify(
    claims: tuple[str, ...],
    effort: str,
    seed: int | None,
    jobs: int | None,
    everything: bool,
    domains: bool,
    mutants: bool,
    json_path: str | None,
    force: bool,
) -> None:
    """Judge the claims named (all by default) and everything they use.

    Prints the claims that fail, those named, and how many hold at which level; --all prints every claim.
    Exit code 0 when all are TRUE, 1 when any is FALSE, 3 when any is UNKNOWN (and none FALSE), 2 on bad usage. With
    --mutants: 0 when each is noticed or implied by its statement, else 1.
    """
    from edgestab.proofs.verify import verify as run

    check_writable(json_path, force)
    if mutants:
        raise click.exceptions.Exit(_mutants(claims, json_path, force))
    report: Report
    if sys.stderr.isatty():
        from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console(stderr=True), transient=True) as progress, on_screen("checks"):
            whole = progress.add_task("all checks", total=None)
            running: dict[str, TaskID] = {}

            def advance(entry: Evidence, done: int, total: int) -> None:
                progress.update(whole, completed=done, total=total, description=f"checks {done}/{total}")
                if entry.claim in running:
                    progress.remove_task(running.pop(entry.claim))

            def tell(claim: str, share: float) -> None:
                if claim not in running:
                    running[claim] = progress.add_task(f"  {claim}", total=1.0)
                progress.update(running[claim], completed=share)

            report = run(*claims, effort=effort, seed=seed, jobs=jobs, on_evidence=advance, on_progress=tell)
    else:
        report = run(*claims, effort=effort, seed=seed, jobs=jobs)
    if json_path is not None:
        write_json(json_path, report.to_json(), force)
    out = console(stderr=json_path == "-")
    shown = _shown(report, claims, everything)
    for line in _explain(report):
        out.print(line, markup=False, soft_wrap=True)
    if shown:
        out.print(_table(shown))
    out.print(_summary(report))
    if domains:
        for result in shown:
            for entry in result.evidence:
                text = f"{result.claim.id}: {entry.method}: {entry.outcome.domain or 'no place named'}"
                out.print(text, style="dim", markup=False, soft_wrap=True)
    for line in _recorded(report):
        out.print(line, markup=False, soft_wrap=True)
    count = len(report.results)
    out.print(f"{count} claims: {report.verdict.value} in {report.seconds:.1f} s at effort {effort}", markup=False)
    raise click.exceptions.Exit(report.exit_code)
