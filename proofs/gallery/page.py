"""Entries as text, JSON, LaTeX and Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ...symbolic.latex.document import escape
from ..claims import Claim
from ..pages import DOCUMENT, bibliography, claim_latex, source_text, wrapped
from ..statements.text import definitions_text, ranges_text, record, term_latex, term_text
from .entry import Entry, Printed
from .judging import Judged


def _reference(entry: Entry) -> str:
    fields = bibliography()[entry.bibkey]
    names = [re.sub(r"[{}]", "", fields.get(key, "")) for key in ("author", "title", "year")]
    where = f"arXiv {fields['eprint']}" if "eprint" in fields else fields.get("booktitle", "")
    return ". ".join(part for part in (*names, where) if part)


def _rows(printed: Printed) -> list[tuple[str, str]]:
    rows = (
        ("shown by", ", ".join(printed.shown_by)),
        ("refuted by", ", ".join(printed.refuted_by)),
        ("how", printed.how),
        ("hidden", printed.hidden),
        ("open", printed.open),
    )
    return [(name, text) for name, text in rows if text]


def entry_text(entry: Entry, judged: Sequence[Judged] = (), width: int = 100) -> str:
    """An entry for reading in a terminal.

    Args:
        entry: the entry.
        judged: verdicts of its statements; without any, those that their claims aim at.
        width: of the text.
    """
    lines = [f"{entry.name}: {entry.title}", ""]
    lines += wrapped(_reference(entry), "  ", width)
    lines += wrapped(f"read: {entry.at_hand}", "  ", width)
    lines += [f"  loss: {entry.loss}   in {entry.parameters}"]
    lines += wrapped(f"run:  {entry.optimiser}", "  ", width)
    found = {j.printed: j for j in judged}
    for number, printed in enumerate(entry.printed, 1):
        verdict = _verdict(printed, found.get(printed))
        lines += ["", *wrapped(f"{printed.says}", f"({number}) ", width)]
        lines += [f"{LABEL.format('printed:')}{printed.locator}", f"{LABEL.format('verdict:')}{verdict}"]
        lines += _term_lines(printed, width)
        for name, text in _rows(printed):
            lines += wrapped(text, LABEL.format(name + ":"), width)
        for where in found[printed].where if printed in found else ():
            lines += wrapped(where, LABEL.format("where:"), width)
    return "\n".join(lines)


def _verdict(printed: Printed, judged: Judged | None) -> str:
    verdict, level = (printed.aimed_at, printed.level) if judged is None else (judged.verdict, judged.level)
    return verdict if verdict == "CITED" else f"{verdict} ({level.name})"


def _term_lines(printed: Printed, width: int) -> list[str]:
    statement = printed.term()
    if statement is None:
        return []
    said = [f"for every {'; '.join(ranges_text(statement))}"] if statement.over else []
    said += [f"if {term_text(term)}" for term in statement.given]
    said += [f"then {term_text(term)}" if said else term_text(term) for term in statement.conclusion]
    lines = [line for text in said for line in wrapped(text, " " * len(LABEL.format("")), width)]
    return [LABEL.format("claim:") + lines[0].lstrip(), *lines[1:]]


LABEL = "    {:<12}"
"""What stands before the text of each line."""


def entry_record(entry: Entry, judged: Sequence[Judged] = ()) -> dict[str, Any]:
    """An entry as JSON-ready data."""
    found = {j.printed: j for j in judged}
    rows = []
    for printed in entry.printed:
        here = found.get(printed)
        statement = printed.term()
        rows.append(
            {
                "says": printed.says,
                "locator": printed.locator,
                "verdict": here.verdict if here else printed.aimed_at,
                "level": (here.level if here else printed.level).name,
                "judged": here is not None,
                "shown_by": list(printed.shown_by),
                "refuted_by": list(printed.refuted_by),
                "how": printed.how,
                "hidden": printed.hidden,
                "open": printed.open,
                "where": list(here.where) if here else [],
                "statement": record(statement) if statement else None,
            }
        )
    return {
        "entry": entry.name,
        "title": entry.title,
        "bibkey": entry.bibkey,
        "reference": _reference(entry),
        "at_hand": entry.at_hand,
        "loss": entry.loss,
        "parameters": entry.parameters.split(","),
        "optimiser": entry.optimiser,
        "caption": entry.caption,
        "printed": rows,
    }


def entry_latex(entry: Entry, judged: Sequence[Judged] = ()) -> str:
    """An entry as a whole LaTeX file that pdflatex compiles: each statement with its verdict."""
    found = {j.printed: j for j in judged}
    body = [
        rf"\section*{{{escape(entry.title)}}}",
        f"{escape(_reference(entry))} \\cite{{{entry.bibkey}}}. Read: {escape(entry.at_hand)}.",
        rf"Loss \texttt{{{escape(entry.loss)}}} in \texttt{{{escape(entry.parameters)}}}; {escape(entry.optimiser)}.",
    ]
    for number, printed in enumerate(entry.printed, 1):
        verdict = _verdict(printed, found.get(printed))
        body += ["", rf"\subsection*{{{number}. {escape(printed.says)}}}", ""]
        statement = printed.term()
        if statement is not None:
            body.append(_theorem(entry, printed, number))
        body += ["", rf"\noindent\textbf{{{escape(verdict)}}}. {escape(_sentences(printed))}"]
    return DOCUMENT % {
        "word": "Statement",
        "body": "\n".join(body),
        "key": entry.bibkey,
        "reference": escape(_reference(entry)),
    }


def _theorem(entry: Entry, printed: Printed, number: int) -> str:
    """The statement in a theorem environment, with its definitions."""
    statement = printed.term()
    if statement is None:
        return ""
    claim = Claim(f"{entry.name}-printed-{number}", printed.locator, statement, entry.source(printed))
    return claim_latex(claim)


def _sentences(printed: Printed) -> str:
    parts = [printed.how, f"Hidden: {printed.hidden}" if printed.hidden else "", printed.open]
    return " ".join(part for part in parts if part)


def _math(term: Any) -> str:
    """A term as inline formula of a Markdown page."""
    return f"${term_latex(term)}$"


def entry_markdown(entry: Entry) -> str:
    """An entry as a page with its picture; verdicts are those that the claims, which tests run, aim at."""
    lines = [
        f"# {entry.title}",
        "",
        f"{_reference(entry)}. Read: {entry.at_hand}.",
        "",
        f"Loss `{entry.loss}` in `{entry.parameters}`; {entry.optimiser}.",
        "",
        f"![{entry.caption}]({entry.name}.png)",
        "",
        f"*{entry.caption}*",
    ]
    for number, printed in enumerate(entry.printed, 1):
        lines += ["", f"## {number}. {printed.says}", ""]
        lines += [f"**{_verdict(printed, None)}** ({source_text(entry.source(printed))})"]
        statement = printed.term()
        if statement is not None:
            lines += ["", *_markdown_term(statement)]
        rows = _rows(printed)
        if rows:
            lines += ["", *(f"- *{name}*: {_linked(name, text)}" for name, text in rows)]
    lines += ["", f"Run it: `edgestab gallery {entry.name}`. All entries: [gallery](../gallery.md)."]
    return "\n".join(lines) + "\n"


def _linked(name: str, text: str) -> str:
    return ", ".join(f"`{i}`" for i in text.split(", ")) if name.endswith("by") else text


def _markdown_term(statement: Any) -> list[str]:
    lines = []
    if statement.over:
        lines.append(f"For every {'; '.join(ranges_text(statement))}:")
    lines += [f"- if {_math(term)}" for term in statement.given]
    lines += [f"- {'then ' if statement.given else ''}{_math(term)}" for term in statement.conclusion]
    named = definitions_text(statement)
    if named:
        lines += ["", "where"]
        lines += [f"- `{name}`: {meaning}" for name, meaning in named]
    return lines


def index_markdown(entries: Sequence[Entry]) -> str:
    """The page that leads to all others."""
    lines = [
        "# Gallery: what papers print, judged",
        "",
        "One entry a paper: its loss, the statements it prints (as far as they were at hand), their hypotheses, and a "
        "verdict with its level from claims that `edgestab verify` judges. TRUE and FALSE rest on claims that are "
        "named; CITED says that no claim speaks of the statement; UNKNOWN says why. `--format latex` writes a "
        'file that pdflatex compiles, `--format json` a record; in Python `es.proofs.judge_entry("lewkowycz")`.',
        "",
        "```console",
        "$ edgestab gallery",
        "$ edgestab gallery lewkowycz --plot lewkowycz.png",
        "```",
        "",
        "| entry | paper | printed, in short | verdict |",
        "|---|---|---|---|",
    ]
    for entry in entries:
        for number, printed in enumerate(entry.printed):
            first = (f"[{entry.name}](gallery/{entry.name}.md)", source_text(entry.source(printed)).split(",")[0])
            head = first if number == 0 else ("", "")
            lines.append(
                f"| {head[0]} | {head[1]} | {printed.says.replace('|', chr(92) + '|')} | {_verdict(printed, None)} |"
            )
    lines += ["", "The pages and pictures are made by `python docs/gallery.py` from `proofs/gallery/papers`."]
    return "\n".join(lines) + "\n"
