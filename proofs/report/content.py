"""``claims.json``: claims, verdicts and evidence in one record, of which page and PDF are two prints."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...symbolic.algebra.errors import DomainError
from ...symbolic.latex.equations import Equation, Style, align
from ..catalogue import all_claims, subjects
from ..catalogue.coq import propositions
from ..claims import Claim, Level
from ..coq_audit import with_definitions
from ..coq_record import COMMITTED_RECORD, THEOREMS, CoqRecord, CoqStatus, coq_status, load_record, source_files
from ..pages import bibliography, claim_record
from ..statements.coq_text import theorem_name
from ..subject import main_subject

SCHEMA = "edgestab-claims 1"
"""Version of ``claims.json``: it changes when a key is renamed or changes its meaning."""

ROW = 80
"""Widest row of a formula, in digits."""

LEVELS: Mapping[Level, str] = {
    Level.PROVED: "proved in Coq: the proposition is generated from the statement",
    Level.DERIVED: "decided by exact algebra",
    Level.ENCLOSED: "shown on its whole range by enclosures: balls, or signs on boxes",
    Level.CHECKED: "sampled, or shown to some order only",
    Level.CITED: "taken from the source",
    Level.REFUTED: "contradicted by a check",
}
"""What each level says of the statement as it stands, strongest first."""


def claims_content(record: Mapping[str, Any], derivations: bool = True) -> dict[str, Any]:
    """All that the report shows, as JSON-ready data.

    Args:
        record: what ``edgestab verify --json`` writes; its verdicts and evidence are taken over as they are.
        derivations: whether to write the logs of the derived objects too.

    Returns:
        ``schema``, ``run``, ``levels``, ``claims`` in the catalogue's order, ``coq``.

    Raises:
        DomainError: the record is not one of these claims, or of others than those of the catalogue today.
    """
    results, evidence = _checked(record)
    claims = [claim for claim in all_claims().values() if claim.id in results]
    status = coq_status()
    subject_of = {claim_id: heading for heading, ids in subjects().items() for claim_id in ids}
    proved, sources = propositions(), source_files()
    entries = []
    for claim in claims:
        related = {
            "uses": [i for i in claim.uses if i in results],
            "includes": [i for i in claim.includes if i in results],
            "used_by": [c.id for c in claims if claim.id in c.related],
        }
        entries.append(
            {
                **claim_record(claim),
                **related,
                "subject": subject_of[claim.id],
                "reference": bibliography()[claim.source.bibkey],
                "result": dict(results[claim.id]),
                "evidence": [_finite(entry) for entry in evidence[claim.id]],
                "coq": _proposition(claim.id, with_definitions(proved[claim.id], sources), status)
                if claim.id in proved
                else None,
                "derivation": _log(claim) if derivations and claim.derivation else None,
            }
        )
    return {
        "schema": SCHEMA,
        "run": {key: value for key, value in record["run"].items() if key != "claims"},
        "levels": [{"name": level.name, "meaning": meaning} for level, meaning in LEVELS.items()],
        "claims": entries,
        "coq": _development(status),
    }


def _checked(record: Mapping[str, Any]) -> tuple[dict[str, Mapping[str, Any]], dict[str, list[Mapping[str, Any]]]]:
    """Results and evidence of a record, after a look whether they are of the claims as they stand."""
    try:
        results = dict(record["run"]["claims"])
        effort = str(record["run"]["effort"])
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for entry in record["evidence"]:
            found[entry["claim"]].append(entry)
        told = {(i, r["verdict"], r["level"], r["recorded"]) for i, r in results.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise DomainError.of(
            "report", "what `edgestab verify --json FILE` writes", f"no {error}", "Run it again."
        ) from error
    known = all_claims()
    unknown = [i for i, *_ in told if i not in known]
    if unknown or not results:
        what = ", ".join(sorted(unknown)[:3]) or "no claim"
        raise DomainError.of("report", "verdicts on claims of the catalogue", what, "Run `edgestab verify` again.")
    for claim_id in results:
        claim = known[claim_id]
        expected = Counter(c.method for c in claim.checks if c.runs_at(effort))
        if Counter(entry["method"] for entry in found[claim_id]) != expected:
            raise DomainError.of(
                "report",
                f"evidence of each check of {claim_id} at effort {effort}",
                ", ".join(entry["method"] for entry in found[claim_id]) or "none",
                "The claims have changed since: run `edgestab verify --json` again.",
            )
    return results, found


def _finite(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A record without NaN and infinities, which JSON has no numbers for."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in entry.items()}


def _log(claim: Claim) -> dict[str, Any] | None:
    """The log of the object that a claim is about: each step with its equations as rows of ``align``."""
    if claim.derivation is None:
        return None
    log = claim.derivation(main_subject())
    told = log.json()
    steps = [{**said, "rows": _rows(step.equations)} for said, step in zip(told["steps"], log.steps, strict=True)]
    return {**told, "steps": steps}


def _rows(equations: Sequence[Equation]) -> str:
    block = align(equations, Style(ROW)) if equations else ""
    return block.removeprefix("\\begin{align*}").removesuffix("\\end{align*}").strip()


def _proposition(claim_id: str, text: str, status: CoqStatus) -> dict[str, Any]:
    """What Coq proves of a claim, and on which axioms."""
    name = theorem_name(claim_id)
    entry = status.record.theorems.get(name, {}) if status.record else {}
    return {"theorem": name, "proposition": text, "axioms": entry.get("axioms")}


def _development(status: CoqStatus) -> dict[str, Any] | None:
    """The theorems that Coq accepted, and which rests on which."""
    record = status.record
    if record is None:
        return None
    links = _links(record)
    theorems = [
        {
            "name": theorem.name,
            "module": theorem.module,
            "statement": record.theorems[theorem.name]["statement"],
            "axioms": record.theorems[theorem.name]["axioms"],
            "uses": links.get(theorem.name, {}).get("uses", []),
            "lemmas": links.get(theorem.name, {}).get("lemmas"),
        }
        for theorem in THEOREMS
        if theorem.name in record.theorems
    ]
    checker = record.checker
    return {
        "source": status.source,
        "recorded": status.recorded,
        "version": record.coq,
        "date": record.date,
        "checker_accepted": checker.get("accepted"),
        "sources_digest": record.digest(),
        "theorems": theorems,
    }


def _links(record: CoqRecord) -> Mapping[str, Any]:
    """Which theorem rests on which: of this record, or of the committed one where it is of the same sources."""
    if record.dependencies:
        return record.dependencies
    committed = load_record(COMMITTED_RECORD)
    same = committed is not None and dict(committed.sources) == dict(record.sources)
    return committed.dependencies if committed is not None and same else {}


def arrows(content: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The arrows of the graph of claims: what rests on what.

    Args:
        content: of :func:`claims_content`.

    Returns:
        ``(from, to, kind)``: ``uses`` and ``includes`` between claims, from the code; ``coq`` from a claim to the
        theorems that its proof in Coq leads to, and between theorems, from Coq. Theorems are named ``coq:NAME``.
    """
    found = []
    own = {c["coq"]["theorem"]: c["id"] for c in content["claims"] if c["coq"]}
    for claim in content["claims"]:
        found += [(claim["id"], used, kind) for kind in ("uses", "includes") for used in claim[kind]]
    links = {t["name"]: t["uses"] for t in (content["coq"] or {"theorems": []})["theorems"]}
    ahead, seen = list(own), set()
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        for used in links.get(name, []):
            found.append((own.get(name, f"coq:{name}"), own.get(used, f"coq:{used}"), "coq"))
            ahead.append(used)
    return sorted(set(found))


def counts(claims: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """How many claims have each level and verdict."""
    return dict(Counter((c["result"]["level"], c["result"]["verdict"]) for c in claims))
