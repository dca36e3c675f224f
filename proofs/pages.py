"""Claims as records, as text and as LaTeX."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import sympy as sp

from ..symbolic.algebra.errors import ProofError
from ..symbolic.algebra.symbols import latex_names
from ..symbolic.latex.document import escape
from .claims import Claim, Level, Source

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
        "statement": sp.sstr(claim.statement),
        "statement_latex": sp.latex(claim.statement, symbol_names=latex_names()),
        "variables": [s.name for s in claim.variables],
        "assumptions": [sp.sstr(a) for a in claim.assumptions],
        "source": {
            "bibkey": claim.source.bibkey,
            "locator": claim.source.locator,
            "text": source_text(claim.source),
        },
        "level": claim_level(claim).name,
        "domain": claim.domain,
        "uses": list(claim.uses),
        "includes": list(claim.includes),
        "note": claim.note,
        "checks": [{"method": c.method, "level": c.level.name, "effort": c.effort} for c in claim.checks],
    }


def claim_text(claim: Claim) -> str:
    """A claim for reading in a terminal."""
    record = claim_record(claim)
    lines = [f"{claim.id}: {claim.title}", "", f"  {record['statement']}", ""]
    rows = {
        "assuming": "; ".join(record["assumptions"]),
        "domain": claim.domain,
        "source": record["source"]["text"],
        "level": record["level"],
        "uses": ", ".join(claim.uses),
        "includes": ", ".join(claim.includes),
        "note": claim.note,
    }
    lines += [f"{name + ':':<10} {value}" for name, value in rows.items() if value]
    lines += [f"{'check:':<10} {c.method} ({c.level.name}, from effort {c.effort})" for c in claim.checks]
    return "\n".join(lines)


def claim_latex(claim: Claim) -> str:
    """A claim as a LaTeX ``theorem``-like block that can be pasted."""
    names = latex_names()
    lines = [
        rf"\paragraph{{{escape(claim.title)}}}\label{{claim:{claim.id}}}",
        r"\begin{equation}",
        f"  {sp.latex(claim.statement, symbol_names=names)}",
        r"\end{equation}",
    ]
    if claim.assumptions:
        relations = ", ".join(f"${sp.latex(a, symbol_names=names)}$" for a in claim.assumptions)
        lines.append(f"assuming {relations}.")
    if claim.domain:
        lines.append(f"Domain: {escape(claim.domain)}.")
    lines.append(f"Source: {escape(source_text(claim.source))} \\cite{{{claim.source.bibkey}}}.")
    return "\n".join(lines)
