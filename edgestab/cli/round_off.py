"""``edgestab certificate round-off`` and the check of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from edgestab.symbolic.algebra.errors import DomainError

from .common import console, on_screen, parse_rational


def parse_range(text: str | None, option: str) -> tuple[Fraction, Fraction]:
    """A closed interval such as ``-1/2:1/4``.

    Args:
        text: what the user gave.
        option: the option's name, for the message.

    Returns:
        Its ends, exact.

    Raises:
        DomainError: it is missing, or no interval.
    """
    low, colon, high = (text or "").partition(":")
    if not colon:
        raise DomainError.of(option, "a range LOW:HIGH", text, f"Write {option} 1/5:1/4.")
    ends = parse_rational(low, option), parse_rational(high, option)
    if ends[0] > ends[1]:
        raise DomainError.of(option, "LOW <= HIGH", text, "Swap them.")
    return ends


def certify(ranges: Mapping[str, str | None], target: str, steps: int, cells: int) -> dict[str, Any]:
    """The certificate of a box.

    Args:
        ranges: of z, T and epsilon, as text.
        target: what runs the program.
        steps: gradient steps.
        cells: into how many cells the box may be cut.

    Returns:
        The certificate.
    """
    from edgestab.proofs.round_off.certificate import certify_round_off
    from edgestab.symbolic.models.quadratic import main_case

    boxes = [parse_range(text, f"--{name}") for name, text in ranges.items()]
    with on_screen("Gappa and Coq"):
        return certify_round_off(main_case(), boxes, target=target, steps=steps, cells=cells)


def show(data: Mapping[str, Any]) -> None:
    """Print what was proved.

    Args:
        data: the certificate.
    """
    from rich.table import Table

    plan, out = data["plan"], console()
    table = Table(
        "variable", "computed and exact differ by at most", "in units of 2^-53", box=None, header_style="bold"
    )
    for name, bound in plan["bounds"].items():
        table.add_row(name, f"{float(Fraction(bound)):.3g}", f"{float(Fraction(bound) * 2**53):.2f}")
    out.print(table)
    versions = data["versions"]
    out.print(
        f"{len(data['proofs'])} proofs by Gappa {versions['gappa']}, checked by Coq {versions['coq']}"
        f" in {data['seconds']['all']} s",
        highlight=False,
    )
    if data["verdict"] != "TRUE":
        out.print(data["theorem"]["failure"], highlight=False, markup=False)
    out.print(f"{data['verdict']}: {data['statement']}", highlight=False, markup=False, soft_wrap=True)


def check(data: Mapping[str, Any]) -> int:
    """Judge a certificate again and say what was found.

    Args:
        data: the certificate.

    Returns:
        The exit code: 0 accepted, 1 rejected.
    """
    from edgestab.proofs.round_off.certificate import judge_round_off
    from edgestab.symbolic.models.quadratic import main_case

    with on_screen("Coq"):
        found = judge_round_off(data, main_case())
    out = console()
    out.print(f"{'accepted' if found.accepted else 'rejected'}: {found.reason}", highlight=False, markup=False)
    if found.statement:
        out.print(f"theorem: {found.statement}", highlight=False, markup=False, soft_wrap=True)
    return 0 if found.accepted else 1


def prove_claims(
    install: bool, again: bool, jobs: int, record: str | None, say: Callable[[str, str | None], None]
) -> bool:
    """Have Gappa and Coq prove what the claims say of round-off, and keep the record.

    Args:
        install: install Gappa and its library for Coq where they are missing.
        again: prove even what this machine's record has.
        jobs: compilers at once.
        record: where to write the record as well.
        say: prints a line.

    Returns:
        False where Coq refused a proof; what cannot be tried here is no failure.

    Raises:
        ProofError: a record is to be written, and there is no Gappa to make it.
    """
    from edgestab.proofs.catalogue.round_off import questions
    from edgestab.proofs.round_off import building
    from edgestab.proofs.round_off import record as records
    from edgestab.proofs.round_off.script import require_gappa
    from edgestab.symbolic.algebra.errors import ProofError
    from edgestab.symbolic.models.quadratic import main_case

    say("", None)
    entries, source, accepted = [], main_case(), True
    for claim, (question, cells) in questions().items():
        known = None if again else records.find(question, source, [records.local_path()])
        if isinstance(known, records.Recorded):
            say(f"{claim}: proved on this machine already", None)
            entries.append(known.entry)
            continue
        try:
            if install:
                building.install()
            require_gappa(), building.require_coq()
        except ProofError as error:
            if record is not None:
                raise
            say(f"{claim}: not proved here, the committed record stands: {error}", "dim")
            continue
        entry = records.prove_question(question, source, cells, jobs)
        entries.append(entry)
        accepted = accepted and entry["accepted"]
        verdict = "accepted" if entry["accepted"] else f"REJECTED: {entry['failure']}"
        say(f"{claim}: {len(entry['proofs'])} proofs of Gappa {verdict} in {entry['seconds']['all']} s", None)
        say(f"  {entry['theorem']}", None)
    if entries:
        records.save(entries, records.local_path())
        if record is not None:
            records.save(entries, Path(record))
    return accepted
