"""The page: the template filled with ``claims.json``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from . import figures
from .content import counts
from .formulas import mathml, mixed, rows, words
from .graph import graph_svg
from .missing import needed

TEMPLATES = Path(__file__).with_name("templates")
VERDICTS = ("TRUE", "UNKNOWN", "FALSE")
FINDINGS = {
    "left out": "What the printed sources leave out",
    "fixed silently": "What they fix silently",
}
"""Headings of the lists on the first screen."""


def page(content: Mapping[str, Any]) -> str:
    """The report as one HTML file that needs nothing else.

    Args:
        content: of :func:`.content.claims_content`; nothing else enters the page.

    Returns:
        HTML with style, script and drawings inside.

    Raises:
        ProofError: a package of the extra ``report`` is missing.
    """
    with needed():
        import latex2mathml  # noqa: F401
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup
    ids = frozenset(claim["id"] for claim in content["claims"])
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        math=lambda latex: Markup(mathml(latex)),
        rows=lambda latex: Markup(rows(latex)),
        words=lambda text: Markup(words(text, ids)),
        line=lambda evidence: Markup(figures.against_bound(evidence)),
        tally=lambda evidence: Markup(figures.tally(evidence)),
        short=figures.short,
        ranges=lambda claim: Markup(ranges(claim)),
    )
    bar = partial(figures.bar, wide=640.0, high=18.0)
    return environment.get_template("page.html.j2").render(
        content=content,
        run=content["run"],
        claims=content["claims"],
        by_id={claim["id"]: claim for claim in content["claims"]},
        main=[c for c in content["claims"] if c["finding"] == "main"],
        findings=_findings(content),
        open_claims=[c for c in content["claims"] if c["result"]["verdict"] != "TRUE"],
        subjects=_subjects(content),
        levels=_levels(content),
        level_bar=Markup(bar(*_level_bar(content))),
        first_with_log=_first_with_log(content),
        graph=Markup(graph_svg(content, _told(content))),
        verdicts=VERDICTS,
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        script=Markup((TEMPLATES / "page.js").read_text(encoding="utf-8")),
    )


def ranges(claim: Mapping[str, Any]) -> str:
    """The variables of a statement, those of one domain together, as HTML."""
    groups: dict[str, list[str]] = {}
    for variable in claim["variables"]:
        groups.setdefault(variable["domain_latex"], []).append(variable["latex"])
    found = []
    for domain, names in groups.items():
        listed = ", ".join(mathml(name) for name in names)
        found.append(f"{listed} in {mixed(domain)}" if domain.startswith(r"\text") else f"{listed} {_within(domain)}")
    return "; ".join(found)


def _within(domain: str) -> str:
    head, mark, rest = domain.partition(r"\text")
    return mathml(rf"\in {head}") + (mixed(mark + rest) if mark else "")


def _findings(content: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    found = ((heading, [c for c in content["claims"] if c["finding"] == kind]) for kind, heading in FINDINGS.items())
    return [(heading, claims) for heading, claims in found if claims]


def _subjects(content: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for claim in content["claims"]:
        found.setdefault(claim["subject"], []).append(claim)
    return list(found.items())


def _levels(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the table of levels: name, meaning, how many claims of each verdict."""
    found = counts(content["claims"])
    table = [
        {**level, "counts": [found.get((level["name"], verdict), 0) for verdict in VERDICTS]}
        for level in content["levels"]
    ]
    return [row for row in table if sum(row["counts"])]


def _level_bar(content: Mapping[str, Any]) -> tuple[list[tuple[str, int]], str]:
    """Segments of the bar of all claims, by level, with those that are not TRUE apart; and the same in words."""
    found = counts(content["claims"])
    parts = [(level["name"], found.get((level["name"], "TRUE"), 0)) for level in content["levels"]]
    parts += [(v, sum(n for (_, verdict), n in found.items() if verdict == v)) for v in VERDICTS[1:]]
    return parts, ", ".join(f"{n} {name}" for name, n in parts if n)


def _first_with_log(content: Mapping[str, Any]) -> dict[str, str]:
    """Which claim shows a log first: the log of one object is written once, and linked from the others."""
    first: dict[str, str] = {}
    shown: dict[str, str] = {}
    for claim in content["claims"]:
        if claim["derivation"]:
            shown[claim["id"]] = first.setdefault(repr(claim["derivation"]), claim["id"])
    return shown


def _told(content: Mapping[str, Any]) -> dict[str, str]:
    """What is said when the pointer rests on a node of the graph."""
    found = {}
    for claim in content["claims"]:
        result = claim["result"]
        head = f"{claim['id']}: {claim['title']}. {result['verdict']}, {result['level']}"
        found[claim["id"]] = head + (f" (aimed at {claim['level']})" if claim["level"] != result["level"] else "")
        found[claim["id"]] += f"\n{claim['statement']}"
    for theorem in (content["coq"] or {"theorems": []})["theorems"]:
        found[f"coq:{theorem['name']}"] = f"Theorem {theorem['name']} of {theorem['module']}.v: {theorem['statement']}"
    return found
