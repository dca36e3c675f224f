"""``edgestab prove``: run Coq on the Coq development and keep the record."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .common import console, force_option, json_option, write_json


@click.command()
@click.option("--install", is_flag=True, help="Install Coq from the system's packages if it is missing.")
@click.option("--again", is_flag=True, help="Build even if this machine's Coq has accepted these very sources.")
@click.option("--regenerate", is_flag=True, help="Write the generated sources anew from the derived objects first.")
@click.option("--jobs", type=click.IntRange(1, 64), default=None, help="Parallel compilers; default: cores, at most 2.")
@click.option(
    "--check",
    type=click.Choice(("own", "full", "none")),
    default="own",
    show_default=True,
    help="coqchk on edgestab's files, on Coq's libraries too (long), or not.",
)
@click.option("--restate", is_flag=True, help="Pin the statements that were proved, in place of the pinned ones.")
@click.option("--record", metavar="FILE", help="Write the record here as well (to commit it).")
@click.option("--record-round-off", metavar="FILE", help="Write the record of round-off here as well (to commit it).")
@json_option
@force_option
def prove(
    install: bool,
    again: bool,
    regenerate: bool,
    jobs: int | None,
    check: str,
    restate: bool,
    record: str | None,
    record_round_off: str | None,
    json_path: str | None,
    force: bool,
) -> None:
    """Compile the Coq proofs, print statements and axioms, and record what Coq accepted.

    Where Gappa is installed, bounds on round-off are proved too; without it the committed record stands for them.
    Exit 0 when Coq accepted every file and no theorem rests on more than it may, 1 when it did not.
    """
    from edgestab.proofs import coq_audit, coq_build, coq_record
    from edgestab.proofs.catalogue.coq import propositions
    from edgestab.proofs.subject import main_subject

    stated = coq_record.propositions_file(propositions().values())
    out = console(stderr=json_path == "-")

    def say(text: str, style: str | None = None) -> None:
        out.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    if regenerate:
        for name in coq_record.write_sources(main_subject()):
            say(f"wrote {name}")
        if coq_record.write_propositions(stated):
            say(f"wrote {coq_record.PROPOSITIONS}")
    stale = coq_record.stale_sources(main_subject())
    if stale:
        say(f"generated sources differ from what the derived objects generate: {', '.join(stale)}", "red")
        raise click.exceptions.Exit(1)
    if stated != coq_record.recorded_propositions():
        say(f"{coq_record.PROPOSITIONS} differs from what claims state (--regenerate to write it anew)", "red")
        raise click.exceptions.Exit(1)
    status = coq_record.coq_status()
    if status.source == "this machine's Coq" and status.record is not None and not again and not restate:
        say("Coq on this machine has checked these very sources already (--again to repeat).")
        found = status.record
    else:
        if install and coq_build.find_coq() is None:
            say("Installing Coq from the system's packages ..")
            coq_build.install_coq()
        cores = jobs or min(os.cpu_count() or 1, 2)
        say(f"Coq {coq_build.coq_version()}, {len(coq_record.source_digests())} files, {cores} compilers")
        found = coq_build.build(cores, check, lambda name, took: say(f"  {name:<32} {took:7.1f} s"), restate=restate)
        if restate and found.accepted:
            coq_audit.save_pinned(
                {n: str(e["statement"]) for n, e in found.theorems.items()}, coq_record.source_files()
            )
        path = coq_record.local_record_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        coq_record.save_record(found, path)
    for theorem in coq_record.THEOREMS:
        entry = found.theorems.get(theorem.name)
        if entry:
            say(f"\n{theorem.module}.{theorem.name}", "bold")
            say(f"  {entry['statement']}")
            say(f"  axioms: {', '.join(entry['axioms']) or 'none'}", "dim")
    if record is not None:
        coq_record.save_record(found, Path(record))
    if json_path is not None:
        write_json(json_path, found.to_json(), force)
    excess = found.excess_axioms()
    checker = found.checker
    say("")
    compiled = not found.failure or checker.get("accepted") is False
    say(f"coqc: {'accepted' if compiled else 'REJECTED after'} {len(found.seconds)} files")
    if checker.get("accepted") is not None:
        scope = "these files and all libraries" if checker["libraries"] else "these files (libraries taken as they are)"
        verdict = "accepted" if checker["accepted"] else "REJECTED"
        say(f"coqchk: {verdict} {len(checker['checked'])} modules in {checker['seconds']} s: {scope}")
    if not found.dependencies and compiled:
        say("which theorem rests on which was not read: coq-dpdgraph is missing", "dim")
    for name, axioms in excess.items():
        say(f"{name} rests on {', '.join(axioms)}", "red")
    problems = found.problems()
    for problem in problems:
        say(problem, "red")
    from .round_off import prove_claims

    bounded = prove_claims(install, again, jobs or min(os.cpu_count() or 1, 2), record_round_off, say)
    proved = bounded and not problems and not excess
    say("PROVED" if proved else "NOT PROVED", "bold")
    raise click.exceptions.Exit(0 if proved else 1)
