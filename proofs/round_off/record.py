"""What Coq has accepted about round-off, claim by claim: the record of this machine, or the committed one."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...symbolic.algebra.errors import OutputError, ProofError
from ...symbolic.planar.planar_map import PlanarMap
from .building import THEOREM, check_with_coq, prove_with_gappa
from .certificate import plan_from_json, plan_to_json
from .partition import Box
from .plan import Plan, plan_round_off
from .script import gappa_version

COMMITTED = Path(__file__).parent / "record.json"
COMMAND = "edgestab prove"


@dataclass(frozen=True)
class Question:
    """What a claim asks.

    Attributes:
        target: what runs the program.
        steps: how many.
        box: ranges of start and parameters.
        bounds: on ``|computed - exact|`` of each variable.
    """

    target: str
    steps: int
    box: Box
    bounds: tuple[Fraction, ...]


@dataclass(frozen=True)
class Recorded:
    """A record that answers a question.

    Attributes:
        entry: of the record.
        plan: as it is generated now.
        here: whether this machine made it.
    """

    entry: Mapping[str, Any]
    plan: Plan
    here: bool


def local_path() -> Path:
    """Where ``edgestab prove`` leaves this machine's record."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "edgestab" / "round-off-record.json"


def load(path: Path) -> dict[str, Any]:
    """Read a record; empty where there is none.

    Raises:
        ProofError: the file is no record.
    """
    if not path.is_file():
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        entries = [dict(entry) for entry in read["entries"]]
    except (ValueError, TypeError, KeyError) as error:
        raise ProofError.of("round-off record", "a record", str(path), f"Delete it and run `{COMMAND}`.") from error
    return {**read, "entries": entries}


def save(entries: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write a record.

    Raises:
        OutputError: the path is not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"entries": list(entries)}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError.of("round-off record", "a writable path", str(path), f"{error.strerror}.") from error


def digest(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def generated_digests(plan: Plan) -> dict[str, str]:
    """Digests of all that is generated without Gappa: definitions, theorem, scripts."""
    found = {name: digest(text) for name, text in plan.fixed_files().items()}
    return {**found, **{f"{name}.g": digest(script.text) for name, script in plan.scripts().items()}}


def _asks(entry: Mapping[str, Any], question: Question) -> bool:
    plan = entry.get("plan", {})
    box = {v: [str(a), str(b)] for v, (a, b) in question.box.items()}
    bounds = dict(zip(question.box, map(str, question.bounds), strict=False))
    asked = question.target, question.steps, box, bounds
    return (plan.get("target"), plan.get("steps"), plan.get("box"), plan.get("bounds")) == asked


def _sound(entry: Mapping[str, Any]) -> bool:
    """Whether Coq accepted what an entry speaks of, with no axiom but those allowed."""
    axioms = entry.get("axioms")
    checker = entry.get("checker", {})
    return (
        entry.get("accepted") is True
        and isinstance(axioms, list)
        and set(axioms) <= THEOREM.allowed
        and isinstance(checker, dict)
        and checker.get("accepted") is True
    )


def find(question: Question, source: PlanarMap, paths: Sequence[Path] | None = None) -> Recorded | str:
    """The record that answers a question for the program as it is generated now.

    Args:
        question: what is asked.
        source: the exact map.
        paths: records to look in; default this machine's, then the committed one.

    Returns:
        The record, or why there is none.
    """
    why = f"no record speaks of these bounds on this box: `{COMMAND}` proves them"
    for path in (local_path(), COMMITTED) if paths is None else paths:
        for entry in load(path).get("entries", []):
            if not _asks(entry, question):
                continue
            try:
                plan = plan_from_json(entry["plan"], source)
            except ProofError as error:
                why = f"the record is about another program: {error}"
                continue
            if entry.get("generated") != generated_digests(plan):
                why = "definitions, theorem or scripts differ from the recorded ones"
            elif not _sound(entry):
                why = f"Coq did not accept it: {entry.get('failure') or 'axioms or checker'}"
            else:
                return Recorded(entry, plan, path == local_path())
    return why


def prove_question(question: Question, source: PlanarMap, cells: int, jobs: int = 2) -> dict[str, Any]:
    """Have Gappa and Coq prove the bounds of a question.

    Args:
        question: what is asked; the cells are those of the committed record where it has them.
        source: the exact map.
        cells: into how many cells the box may be cut otherwise.
        jobs: compilers at once.

    Returns:
        An entry for a record.

    Raises:
        ProofError: Gappa or Coq is missing, or Gappa does not prove the bounds.
    """
    plan = None
    for entry in load(COMMITTED).get("entries", []):
        if _asks(entry, question) and entry["plan"].get("map") == source.digest():
            try:
                plan = plan_from_json(entry["plan"], source)
            except ProofError:
                continue
    if plan is None:
        found = plan_round_off(source, question.box, target=question.target, steps=question.steps, cells=cells)
        plan = Plan(source, found.program, found.target, found.steps, found.box, found.tree, question.bounds)
    proofs = prove_with_gappa(plan, jobs)
    built = check_with_coq(plan, proofs, jobs)
    return {
        "plan": plan_to_json(plan),
        "statement": plan.statement(),
        "generated": generated_digests(plan),
        "proofs": {name: digest(text) for name, text in proofs.items()},
        "accepted": built.accepted,
        "failure": built.failure,
        "theorem": built.statement,
        "axioms": list(built.axioms),
        "checker": {k: built.checker.get(k) for k in ("accepted", "libraries", "seconds")},
        "versions": {"coq": built.coq, "gappa": gappa_version()},
        "seconds": dict(built.seconds),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": COMMAND,
    }
