"""All entries, and their verdicts from the claims behind them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module

from ...symbolic.algebra.errors import DomainError
from ..claims import Level, Verdict
from ..verify import Report, verify
from .entry import Entry, Printed

PAPERS: tuple[str, ...] = (
    "zhu",
    "lewkowycz",
    "damian",
    "arora",
    "chen",
    "gan",
    "ahn",
    "kreisler",
    "ghosh",
    "berthier",
    "long_bartlett",
    "agarwala_dauphin",
    "liao",
    "cohen_flows",
)


@dataclass(frozen=True)
class Judged:
    """A printed statement with its verdict.

    Attributes:
        printed: the statement.
        verdict: TRUE, FALSE, UNKNOWN, or CITED where no claim speaks of it.
        level: how that was shown.
        where: on which domain, as the checks say.

    Source:
        Derived here.

    Example:
        >>> judged = es.proofs.judge_entry("lewkowycz")[0]
        >>> judged.verdict, judged.level.name
        ('TRUE', 'DERIVED')
    """

    printed: Printed
    verdict: str
    level: Level
    where: tuple[str, ...]


@cache
def all_entries() -> dict[str, Entry]:
    """Every entry of the gallery by name, in the order of the list.

    Returns:
        Names to entries.

    Source:
        The files of ``proofs/gallery/papers``.

    Example:
        >>> "zhu" in es.proofs.all_entries()
        True
    """
    found = [import_module(f"{__package__}.papers.{name}").ENTRY for name in PAPERS]
    return {entry.name: entry for entry in found}


def get_entry(name: str) -> Entry:
    """An entry of the gallery.

    Args:
        name: such as ``"zhu"``.

    Returns:
        The entry.

    Raises:
        DomainError: there is none; the message names the nearest.

    Source:
        The gallery.

    Example:
        >>> es.proofs.get_entry("damian").bibkey
        'damian2022'
    """
    entries = all_entries()
    if name not in entries:
        near = get_close_matches(name, entries, n=3, cutoff=0.3)
        hint = f"Did you mean {', '.join(near)}?" if near else "See `edgestab gallery`."
        raise DomainError.of("gallery", "a known entry", name, hint)
    return entries[name]


def judge_entry(name: str, effort: str = "quick") -> tuple[Judged, ...]:
    """Judge what a paper prints, by running the claims behind its entry and all that they use.

    Args:
        name: of the entry.
        effort: ``quick``, ``default`` or ``thorough``.

    Returns:
        One verdict for each printed statement.

    Raises:
        DomainError: there is no such entry or effort.

    Source:
        The gallery.

    Example:
        >>> [judged.verdict for judged in es.proofs.judge_entry("lewkowycz")]
        ['TRUE', 'TRUE']
    """
    entry = get_entry(name)
    report = verify(*entry.claims, effort=effort, jobs=1) if entry.claims else None
    return tuple(_judged(printed, report) for printed in entry.printed)


def _judged(printed: Printed, report: Report | None) -> Judged:
    if report is None or not printed.judges:
        return Judged(printed, printed.aimed_at, Level.CITED, ())
    asked = (*printed.shown_by, *printed.refuted_by)
    found = [r for r in report.results if r.claim.id in asked]
    level = min(r.level for r in found)
    where = tuple(
        f"{r.claim.id}: {', '.join(dict.fromkeys(e.outcome.domain for e in r.evidence if e.outcome.domain))}"
        for r in found
    )
    if any(r.verdict is not Verdict.TRUE for r in found):
        return Judged(printed, "UNKNOWN", level, where)
    return Judged(printed, printed.aimed_at, level, where)
