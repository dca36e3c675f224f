"""Claims as records, as text and as LaTeX."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from textwrap import fill
from typing import Any

from ..symbolic.algebra.errors import ProofError
from ..symbolic.latex.document import escape
from .claims import Claim, Level, Outcome, Source, Verdict
from .statements.text import (
    definitions_text,
    domain_latex,
    latex_definitions,
    ranges_text,
    record,
    term_latex,
    term_text,
)
from .verify import ClaimResult

BIBLIOGRAPHY = Path(__file__).with_name("references.bib")


@lru_cache(maxsize=1)
def bibliography() -> dict[str, dict[str, str]]:
    """Entries of ``references.bib`` by key, each a map of its fields.

    Returns:
        Key to field to text.
    """
    text = BIBLIOGRAPHY.read_text(encoding="utf-8")
    entries = {}
    for match in re.finditer(r"@\w+\{([^,]+),(.*?)\n\}", text, re.S):
        fields = re.findall(r"^\s*(\w+)\s*=\s*\{(.*?)\},?\s*$", match.group(2), re.M)
        entries[match.group(1).strip()] = dict(fields)
    return entries


def source_text(source: Source) -> str:
    """``Agarwala et al. 2023, Theorem 1``.

    Args:
        source: a claim's source.

    Returns:
        Author, year and place.

    Raises:
        ProofError: the key is not in the bibliography.
    """
    entry = bibliography().get(source.bibkey)
    if entry is None:
        raise ProofError.of("source_text()", "a key of references.bib", source.bibkey, "Add the entry.")
    authors = [a.strip("{} ") for a in entry["author"].split(" and ")]
    first = authors[0].split(",")[0]
    named = first if len(authors) == 1 else f"{first} et al."
    return f"{named} {entry['year']}, {source.locator}"


def claim_level(claim: Claim) -> Level:
    """The strongest level that a claim's checks aim at."""
    return max((c.level for c in claim.checks), default=Level.CITED)


def claim_record(claim: Claim) -> dict[str, Any]:
    """A claim as JSON-ready data."""
    return {
        "id": claim.id,
        "title": claim.title,
        **record(claim.statement),
        "source": {
            "bibkey": claim.source.bibkey,
            "locator": claim.source.locator,
            "text": source_text(claim.source),
        },
        "level": claim_level(claim).name,
        "uses": list(claim.uses),
        "includes": list(claim.includes),
        "note": claim.note,
        "checks": [
            {"method": c.method, "level": c.level.name, "effort": c.effort, "chosen_after_data": c.hindsight}
            for c in claim.checks
        ],
    }


def claim_text(claim: Claim, result: ClaimResult | None = None, width: int = 100) -> str:
    """A claim for reading in a terminal: the statement, what its names mean, and how it is shown.

    Args:
        claim: the claim.
        result: what was found when it was judged; without it the checks are only named.
        width: of the text.
    """
    statement = claim.statement
    lines = [f"{claim.id}: {claim.title}", ""]
    if statement.over:
        lines += wrapped(f"For every {'; '.join(ranges_text(statement))}", "  ", width)
    if statement.given:
        lines += ["  if" if statement.over else "  If", *(f"    {term_text(h)}" for h in statement.given)]
    lines += ["  then" if len(lines) > 2 else "  It holds that"]
    numbered = len(statement.conclusion) > 1
    for number, part in enumerate(statement.conclusion, 1):
        lines += wrapped(f"({number}) {term_text(part)}" if numbered else term_text(part), "    ", width)
    if statement.prose:
        lines += wrapped(f"(in words) {statement.prose}", "    ", width)
    named = definitions_text(statement)
    if named:
        wide = min(max(len(name) for name, _ in named), 24)
        lines += ["", "  where"]
        for name, meaning in named:
            lines += wrapped(meaning, f"    {name:<{wide}}  ", width)
    lines += ["", *_shown(claim, result, width)]
    rows = {
        "source": source_text(claim.source),
        "uses": ", ".join(claim.uses),
        "includes": ", ".join(claim.includes),
        "note": claim.note,
    }
    for name, value in rows.items():
        lines += wrapped(value, f"{name + ':':<10} ", width) if value else []
    return "\n".join(lines)


def wrapped(text: str, indent: str, width: int) -> list[str]:
    """Text in lines, the later ones as far in as the first."""
    later = " " * len(indent)
    return fill(text, max(width, len(indent) + 30), initial_indent=indent, subsequent_indent=later).splitlines()


def _shown(claim: Claim, result: ClaimResult | None, width: int) -> list[str]:
    """How a claim is shown: its checks, and what they found where it was judged."""
    if result is None:
        return [
            line
            for c in claim.checks
            for line in wrapped(f"{c.method} ({c.level.name}, from effort {c.effort})", f"{'check:':<10} ", width)
        ]
    level = "" if result.verdict is not Verdict.TRUE else f", {result.level_text}"
    lines = [f"{'verdict:':<10} {result.verdict}{level}{f' ({result.note})' if result.note else ''}"]
    for e in result.evidence:
        o = e.outcome
        parts = f" of part {', '.join(str(i + 1) for i in e.covers)}" if len(claim.statement.conclusion) > 1 else ""
        text = [f"{e.level.name} {o.verdict}{parts} by {e.method}; {o.tested:,} comparisons"]
        text += [f"where: {o.domain}"] if o.domain else []
        text += [figure_text(o)] if o.worst is not None else []
        text += [o.detail] if o.detail else []
        text += [f"counterexample: {o.counterexample}"] if o.counterexample else []
        text += [f"chosen after seeing data: {e.hindsight}"] if e.hindsight else []
        lines += wrapped(". ".join(text), f"{'shown:':<10} ", width)
    return lines


def figure_text(outcome: Outcome) -> str:
    """What the figure of an outcome is, its value and its bound: ``largest |z-score|: 2.1, bound 4.42``."""

    def number(value: object) -> str:
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    if outcome.worst is None:
        return ""
    text = f"{outcome.figure}: {number(outcome.worst)}" if outcome.figure else number(outcome.worst)
    return text if outcome.bound is None else f"{text}, bound {number(outcome.bound)}"


def claim_latex(claim: Claim) -> str:
    r"""A claim as a LaTeX ``theorem`` to paste; needs ``amsmath``, ``amssymb`` and a ``theorem`` environment."""
    statement = claim.statement
    lines = [rf"\begin{{theorem}}[{escape(claim.title)}]\label{{claim:{claim.id}}}"]
    opening = []
    if statement.over:
        groups: dict[str, list[str]] = {}
        for r in statement.over:
            groups.setdefault(domain_latex(r.domain), []).append(term_latex(r.symbol))
        ranges = [rf"${', '.join(names)} \in {domain}$" for domain, names in groups.items()]
        opening.append(f"For every {'; '.join(ranges)}")
    if statement.given:
        opening.append(("if " if opening else "If ") + ", ".join(f"${term_latex(h)}$" for h in statement.given))
    lines.append(", ".join([*opening, "then"]) if opening else "It holds that")
    if statement.conclusion:
        shown = " \\\\\n".join("  " + term_latex(part) for part in statement.conclusion)
        lines += [r"\begin{gather*}", shown, r"\end{gather*}"]
    if statement.prose:
        lines.append(escape(statement.prose))
    named = latex_definitions(statement)
    if named:
        lines.append("where " + "; ".join(f"${name}$ is {meaning}" for name, meaning in named) + ".")
    lines.append(r"\end{theorem}")
    lines.append(f"Source: {escape(source_text(claim.source))} \\cite{{{claim.source.bibkey}}}.")
    return "\n".join(lines)
