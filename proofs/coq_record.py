"""What Coq has accepted: the Coq sources, the record of a build, and whether they still match."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..symbolic.algebra.errors import EdgestabError, OutputError, ProofError
from .coq_audit import forbidden, load_pinned, restated
from .coq_export import generated_files
from .coq_export.terms import header, join
from .subject import Subject, main_subject

SOURCES = Path(__file__).parent / "coq"
GENERATED = "generated"
PROPOSITIONS = "Statements.v"
"""The generated file of the claims' statements; all others are generated from the derived objects."""
COMMITTED_RECORD = SOURCES / "record.json"

REALS = frozenset(
    {
        "ClassicalDedekindReals.sig_not_dec",
        "ClassicalDedekindReals.sig_forall_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
    }
)
"""The axioms that Coq's classical real numbers stand on."""


@dataclass(frozen=True)
class Theorem:
    """A theorem checked by Coq that a claim points to.

    Attributes:
        name: of the Coq constant.
        module: the file that holds it.
        allowed: the axioms that it may rest on.
    """

    name: str
    module: str
    allowed: frozenset[str] = REALS


_BY_MODULE: dict[str, tuple[str, ...]] = {
    "Descent": (
        *("loss_is_square", "loss_x_ok", "loss_v_ok", "ntk_is_gradient_square", "reduction_z", "reduction_T"),
        *("weight_norm_theta", "edge_of_stability"),
    ),
    "Hierarchy": ("loss_partial", "hierarchy", "residual_step", "weight_norm_falls", "closure"),
    "Spectrum": ("one_step_z", "one_step_T", "edge_spectrum"),
    "Recurrence": ("nullcline_order", "z_recurrence", "y_recurrence"),
    "Printed": ("printed_z", "printed_y", "printed_y_lacks"),
    "StripFirst": ("first_limit",),
    "StripSecond": ("second_limit",),
    "Sharp": ("sharp_explicit",),
    "Theorem1": ("edge_every_eps", "edge_multiplicities", "theorem1_explicit", "theorem1"),
    "Claims": (
        *("gradient_coq_holds", "one_step_coq_holds", "hierarchy_coq_holds", "theorem_1_basin_coq_holds"),
        *("theorem_1_holds", "theorem_1_coq_holds", "theorem_1_sharp_coq_holds", "recurrence_identity_coq_holds"),
    ),
}

THEOREMS: tuple[Theorem, ...] = tuple(Theorem(n, module) for module, names in _BY_MODULE.items() for n in names)
"""Whose statements and axioms the record holds."""


@lru_cache(maxsize=8)
def _audited(
    files: tuple[tuple[str, str], ...], statements: tuple[tuple[str, str], ...], pinned: str
) -> tuple[str, ...]:
    """What the sources may not contain, and what they do not prove as pinned, once for the same texts."""
    sources = dict(files)
    return (*forbidden(sources), *restated(dict(statements), sources, json.loads(pinned)))


@dataclass(frozen=True)
class CoqRecord:
    """What one build of the Coq development found.

    Attributes:
        sources: every source file to its SHA-256.
        accepted: whether Coq accepted every file.
        coq: version of Coq.
        theorems: theorem to ``{"statement": .., "axioms": [..]}``.
        checker: what ``coqchk`` checked and found.
        date: of the build, ISO 8601.
        seconds: file to compile time.
        failure: the first error, if any.
        dependencies: theorem to ``{"uses": [theorems], "lemmas": proofs in between}``, as Coq's plugin dpdgraph finds
            them; empty where it is not installed.
    """

    sources: Mapping[str, str]
    accepted: bool
    coq: str
    theorems: Mapping[str, Any]
    checker: Mapping[str, Any]
    date: str
    seconds: Mapping[str, float]
    failure: str = ""
    dependencies: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The record as it is written."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def digest(self) -> str:
        """SHA-256 of the digests of all sources."""
        return digest(json.dumps(dict(self.sources), sort_keys=True))

    def problems(self) -> list[str]:
        """What speaks against this record: it was not accepted, the checker refused, or it proves something else."""
        found = [] if self.accepted else [self.failure or "not accepted"]
        if self.checker.get("accepted") not in (True, None):
            found.append(f"coqchk: {self.checker.get('message') or 'not accepted'}")
        statements = tuple((name, str(entry["statement"])) for name, entry in self.theorems.items())
        pinned = json.dumps(load_pinned(), sort_keys=True)
        return found + list(_audited(tuple(source_files().items()), statements, pinned))

    def excess_axioms(self) -> dict[str, list[str]]:
        """Theorems that rest on more than they may, with those axioms."""
        found = {}
        for theorem in THEOREMS:
            axioms = set(self.theorems.get(theorem.name, {}).get("axioms", []))
            if axioms - theorem.allowed:
                found[theorem.name] = sorted(axioms - theorem.allowed)
        return found


def digest(text: str | bytes) -> str:
    """SHA-256 of a source file."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def source_files(folder: Path = SOURCES) -> dict[str, str]:
    """Every Coq source file, relative name to text, sorted.

    Args:
        folder: where the development lies.

    Returns:
        Names such as ``Trap.v`` and ``generated/Map.v``.
    """
    paths = sorted((*folder.glob("*.v"), *(folder / GENERATED).glob("*.v")))
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def source_digests(folder: Path = SOURCES) -> dict[str, str]:
    """Every Coq source file to its SHA-256."""
    return {name: digest(text) for name, text in source_files(folder).items()}


def local_record_path() -> Path:
    """Where ``edgestab prove`` leaves its record on this machine."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "edgestab" / "kernel-record.json"


def load_record(path: Path) -> CoqRecord | None:
    """Read a record.

    Args:
        path: of the JSON file.

    Returns:
        The record, or None if there is none.

    Raises:
        ProofError: the file is no record.
    """
    if not path.is_file():
        return None
    try:
        record = CoqRecord(**json.loads(path.read_text(encoding="utf-8")))
        _check_types(record)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise ProofError.of(
            "load_record()", "a record of Coq", str(path), "Delete it and run `edgestab prove`."
        ) from error
    return record


def _check_types(record: CoqRecord) -> None:
    """Refuse a record whose fields are not of their types: ``"no"`` would count as accepted.

    Raises:
        TypeError: a field has another type.
    """
    plain = (
        isinstance(record.accepted, bool),
        all(isinstance(text, str) for text in (record.coq, record.date, record.failure)),
        all(isinstance(table, dict) for table in (record.sources, record.theorems, record.checker, record.seconds)),
        all(
            isinstance(entry["lemmas"], int) and all(isinstance(name, str) for name in entry["uses"])
            for entry in record.dependencies.values()
        ),
        isinstance(record.checker.get("accepted"), bool | None),
        all(isinstance(text, str) for text in record.sources.values()),
        all(
            isinstance(entry["statement"], str) and all(isinstance(axiom, str) for axiom in entry["axioms"])
            for entry in record.theorems.values()
        ),
    )
    if not all(plain):
        raise TypeError("a field of another type")


def save_record(record: CoqRecord, path: Path) -> None:
    """Write a record as JSON.

    Args:
        record: what a build found.
        path: where to.

    Raises:
        OutputError: the path is not writable.
    """
    try:
        path.write_text(json.dumps(record.to_json(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError.of("save_record()", "a writable path", str(path), f"{error.strerror}.") from error


@dataclass(frozen=True)
class CoqStatus:
    """Which record, if any, speaks about the sources as they are.

    Attributes:
        source: ``this machine's Coq``, ``the committed record`` or ``no matching record``.
        record: the matching record.
        recorded: whether it is the committed one, of another machine's Coq.
    """

    source: str
    record: CoqRecord | None
    recorded: bool = False


def coq_status(digests: Mapping[str, str] | None = None) -> CoqStatus:
    """Look for a record whose digest matches every source file: this machine's first, then the committed one.

    Args:
        digests: of the source files; default those on disk.

    Returns:
        The status.
    """
    here = dict(source_digests() if digests is None else digests)
    for path, source in ((local_record_path(), "this machine's Coq"), (COMMITTED_RECORD, "the committed record")):
        record = load_record(path)
        if record is not None and dict(record.sources) == here:
            return CoqStatus(source, record, path == COMMITTED_RECORD)
    return CoqStatus("no matching record", None)


def stale_sources(subject: Subject) -> list[str]:
    """Generated files that the derived objects no longer generate as they are on disk.

    Args:
        subject: the exact objects (or a mutant's).

    Returns:
        Names of the files that differ, are missing, or are left over; ``["(export)"]`` when the objects have lost
        the structure that the proof needs.
    """
    try:
        fresh = generated_files(subject)
    except EdgestabError:
        return ["(export)"]
    prefix = GENERATED + "/"
    on_disk = {n.removeprefix(prefix): text for n, text in source_files().items() if n.startswith(prefix)}
    on_disk.pop(PROPOSITIONS, None)
    return sorted(name for name in fresh.keys() | on_disk.keys() if fresh.get(name) != on_disk.get(name))


def write_sources(subject: Subject) -> list[str]:
    """Write the generated files that differ from what the derived objects generate, and remove left-over ones.

    Args:
        subject: the exact objects.

    Returns:
        Names of the files that changed.
    """
    fresh, stale = generated_files(subject), stale_sources(subject)
    for name in stale:
        path = SOURCES / GENERATED / name
        if name in fresh:
            path.write_text(fresh[name], encoding="utf-8")
        else:
            path.unlink()
    return stale


def propositions_file(propositions: Iterable[str]) -> str:
    """The generated file of the claims' statements.

    Args:
        propositions: Coq definitions, one a claim.

    Returns:
        Coq source.
    """
    head = header(
        "What claims say, written from their statements; Claims.v proves it.",
        "Gradient descent, NTK eigenvalue and norm are those of Descent.v and Hierarchy.v.",
        """From Coq Require Import List Reals.
From Coquelicot Require Import Coquelicot.
From EdgeStab Require Import Map Hierarchy Descent Recurrence Vocabulary.""",
    )
    return join([head, *propositions])


def recorded_propositions() -> str:
    """The file of statements on disk, or an empty string."""
    path = SOURCES / GENERATED / PROPOSITIONS
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def write_propositions(text: str) -> bool:
    """Write the file of statements if it differs.

    Args:
        text: of :func:`propositions_file`.

    Returns:
        Whether it did.
    """
    if text == recorded_propositions():
        return False
    (SOURCES / GENERATED / PROPOSITIONS).write_text(text, encoding="utf-8")
    return True


@lru_cache(maxsize=1)
def main_stale_sources() -> tuple[str, ...]:
    """:func:`stale_sources` of the main case, computed once."""
    return tuple(stale_sources(main_subject()))
