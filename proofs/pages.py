"""Claims as records, as text and as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from textwrap import fill
from typing import Any

from ..symbolic.algebra.errors import ProofError
from ..symbolic.latex.document import escape
from .claims import CheckContext, Claim, Evidence, Level, Outcome, Source, Verdict
from .statements.text import (
    definitions_text,
    domain_latex,
    latex_definitions,
    part_latex,
    ranges_text,
    record,
    term_latex,
    term_text,
)
from .verify import run_check

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
        "finding": claim.finding.value if claim.finding else None,
        "checks": [
            {"method": c.method, "level": c.level.name, "effort": c.effort, "chosen_after_data": c.hindsight}
            for c in claim.checks
        ],
    }


def judged(claim: Claim, effort: str = "quick") -> tuple[Evidence, ...]:
    """The evidence of a claim's own checks, without the claims that it uses."""
    context = CheckContext(effort=effort)
    return tuple(run_check(claim, i, context) for i, check in enumerate(claim.checks) if check.runs_at(effort))


def claim_text(claim: Claim, evidence: Sequence[Evidence] = (), width: int = 100) -> str:
    """A claim for reading in a terminal: the statement, what its names mean, and how it is shown.

    Args:
        claim: the claim.
        evidence: of its checks; without any they are only named.
        width: of the text.
    """
    statement = claim.statement
    lines = [f"{claim.id}: {claim.title}", ""]
    if statement.over:
        lines += wrapped(f"For every {'; '.join(ranges_text(statement))},", "  ", width)
    if statement.given:
        lines += ["  if" if statement.over else "  If", *(f"    {term_text(h)}" for h in statement.given), "  then"]
    elif not statement.over:
        lines += ["  It holds that"]
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
    lines += ["", *_shown(claim, evidence, width)]
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


def _shown(claim: Claim, evidence: Sequence[Evidence], width: int) -> list[str]:
    """How a claim is shown: its checks, or what they found, where and how."""
    lines = []
    done = {e.method for e in evidence}
    for e in evidence:
        lines += wrapped(". ".join(_told(claim, e)), f"{'shown:':<10} ", width)
    for c in claim.checks:
        if c.method not in done:
            lines += wrapped(f"{c.method} ({c.level.name}, from effort {c.effort})", f"{'check:':<10} ", width)
    return lines


def _told(claim: Claim, evidence: Evidence) -> list[str]:
    """What one check found: sentences."""
    o = evidence.outcome
    level = f"{evidence.level.name} (recorded)" if o.recorded else evidence.level.name
    parts = ""
    if len(claim.statement.conclusion) > 1 and o.verdict is Verdict.TRUE:
        parts = f" of {', '.join(f'({i + 1})' for i in evidence.covers)}"
    told = [f"{o.verdict}{parts}, {level}, by {evidence.method}; {o.tested:,} comparisons"]
    told += [f"where: {o.domain}"] if o.domain else []
    told += filter(None, [figure_text(o), o.detail])
    told += [f"counterexample: {o.counterexample}"] if o.counterexample else []
    return told + ([f"chosen after seeing data: {evidence.hindsight}"] if evidence.hindsight else [])


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
    opening = ""
    if statement.over:
        groups: dict[str, list[str]] = {}
        for r in statement.over:
            groups.setdefault(domain_latex(r.domain), []).append(term_latex(r.symbol))
        ranges = [_range_latex(names, domain) for domain, names in groups.items()]
        opening = f"For every {'; '.join(ranges)},"
    if statement.given:
        hypotheses = ", ".join(f"${term_latex(h)}$" for h in statement.given)
        opening = f"{opening} if {hypotheses}, then" if opening else f"If {hypotheses}, then"
    lines.append(opening or "It holds that")
    if statement.conclusion:
        shown = " \\\\\n".join("  " + part_latex(part) for part in statement.conclusion)
        lines += [r"\begin{align*}", shown, r"\end{align*}"]
    if statement.prose:
        lines.append(escape(statement.prose))
    named = latex_definitions(statement)
    if named:
        lines.append("Here " + "; ".join(f"${name}$: {meaning}" for name, meaning in named) + ".")
    lines.append(r"\end{theorem}")
    lines.append(f"Source: {escape(source_text(claim.source))} \\cite{{{claim.source.bibkey}}}.")
    return "\n".join(lines)


def _range_latex(names: list[str], domain: str) -> str:
    """Variables in their range; a domain that is said in words stands outside the formula, where it can be broken."""
    words = re.fullmatch(r"\\text\{([^{}]*)\}", domain)
    return f"${', '.join(names)}$ in {words.group(1)}" if words else rf"${', '.join(names)} \in {domain}$"


DOCUMENT = r"""\documentclass[11pt,a4paper]{article}
%% Generated by edgestab from the statements that its claims read.
\usepackage{amsmath,amssymb,amsthm}
\usepackage[margin=2.4cm]{geometry}
\allowdisplaybreaks
\emergencystretch=3em
\newtheorem{theorem}{%(word)s}
\begin{document}
%(body)s

\begin{thebibliography}{9}
\bibitem{%(key)s} %(reference)s
\end{thebibliography}
\end{document}
"""
"""A file that pdflatex compiles as it stands: the word for a statement, the body, and the one source."""


def claim_document(claim: Claim) -> str:
    """A claim as a whole LaTeX file that pdflatex compiles as it stands."""
    entry = bibliography()[claim.source.bibkey]
    parts = [entry.get(name, "") for name in ("author", "title", "year")]
    reference = ". ".join(escape(re.sub(r"[{}]", "", part)) for part in parts if part)
    return DOCUMENT % {
        "word": "Theorem",
        "body": claim_latex(claim),
        "key": claim.source.bibkey,
        "reference": reference,
    }
