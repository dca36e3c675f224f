"""Claims are data: a statement, where it is printed, what it rests on, and the checks that judge it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from html import escape
from typing import Any

from ..symbolic.algebra.errors import ProofError
from ..symbolic.explain.log import DerivationLog
from ..symbolic.planar.planar_map import PlanarMap
from .statements.reading import Reading
from .statements.statement import Statement
from .statements.text import definitions_text, ranges_text, term_latex
from .subject import Subject as Subject
from .subject import main_subject as main_subject


class Verdict(StrEnum):
    """What a check found. UNKNOWN is never a pass.

    Example:
        >>> [str(verdict) for verdict in es.proofs.Verdict]
        ['TRUE', 'FALSE', 'UNKNOWN']
    """

    TRUE = "TRUE"
    FALSE = "FALSE"
    UNKNOWN = "UNKNOWN"


class Level(IntEnum):
    """How a claim was shown, strongest last.

    Example:
        >>> es.proofs.Level.PROVED > es.proofs.Level.DERIVED > es.proofs.Level.CHECKED
        True
    """

    REFUTED = 0
    CITED = 1
    CHECKED = 2
    ENCLOSED = 3
    DERIVED = 4
    PROVED = 5


EFFORTS = ("quick", "default", "thorough")


class Finding(StrEnum):
    """What a claim tells a reader who has one minute; most claims are parts of a story and tell none.

    Example:
        >>> es.get_claim("theorem-1").finding
        <Finding.MAIN: 'main'>
    """

    MAIN = "main"
    LEFT_OUT = "left out"
    SILENT = "fixed silently"


@dataclass(frozen=True)
class Source:
    """Where a claim is printed: a key of ``proofs/references.bib`` and a place in it.

    Attributes:
        bibkey: of the entry.
        locator: an equation, theorem, figure or section there.

    Source:
        The bibliography.

    Example:
        >>> es.get_claim("theorem-1").source
        Source(bibkey='agarwala2023', locator='Theorem 1')
    """

    bibkey: str
    locator: str


@dataclass(frozen=True)
class CheckContext:
    """What a check is given.

    Attributes:
        subject: the exact objects to judge (changed ones in the mutants test).
        statement: what the claim says, from which the check takes all that it compares. It notes what is read:
            never keep a result by the context, or by the statement.
        effort: ``quick``, ``default`` or ``thorough``.
        seed: for sampling checks; fixed beforehand.
        progress: called with the share done (0..1) on long work.
    """

    subject: Subject = field(default_factory=main_subject)
    statement: Reading = field(default_factory=lambda: Reading(Statement()))
    effort: str = "default"
    seed: int = 20230724
    progress: Callable[[float], None] = lambda share: None

    @property
    def map(self) -> PlanarMap:
        """The one-step map to judge."""
        return self.subject.map

    def pick(self, quick: Any, default: Any, thorough: Any) -> Any:
        """The entry for this effort."""
        return {"quick": quick, "default": default, "thorough": thorough}[self.effort]


@dataclass(frozen=True)
class Outcome:
    """What one run of a check found.

    Attributes:
        verdict: TRUE, FALSE or UNKNOWN.
        tested: how many things were compared (coefficients, points, boxes, samples); zero raises.
        undecided: how many of them were left open.
        rejected: how many contradicted the claim.
        worst: the worst figure found, as text or number.
        bound: what it is held against.
        figure: what ``worst`` is, in a few words.
        digits: decimal digits of the arithmetic; None where it was exact.
        domain: on which domain the verdict holds, in words.
        counterexample: smallest exact one, if any.
        detail: one sentence for the report.
        level: overrides the check's level.
        recorded: whether it rests on the record of another machine's run.

    Raises:
        ProofError: nothing was compared, or TRUE with something undecided or rejected.

    Source:
        Derived here.

    Example:
        >>> es.proofs.Outcome(es.proofs.Verdict.TRUE, tested=3, worst=0, figure="coefficients that differ").undecided
        0
    """

    verdict: Verdict
    tested: int
    undecided: int = 0
    rejected: int = 0
    worst: float | str | None = None
    bound: float | str | None = None
    digits: int | None = None
    domain: str = ""
    counterexample: str | None = None
    detail: str = ""
    level: Level | None = None
    figure: str = ""
    recorded: bool = False

    def __post_init__(self) -> None:
        for name in ("tested", "undecided", "rejected"):  # sums of array comparisons come as NumPy scalars
            object.__setattr__(self, name, int(getattr(self, name)))
        if self.tested < 1:
            raise ProofError.of("Outcome()", "at least one comparison", self.tested, "A check must test something.")
        if self.verdict is Verdict.TRUE and (self.undecided or self.rejected):
            raise ProofError.of(
                "Outcome()",
                "no open or failed case under TRUE",
                (self.undecided, self.rejected),
                "Judge honestly.",
            )


def judge(tested: int, rejected: int = 0, undecided: int = 0, **rest: Any) -> Outcome:
    """An outcome from counts: FALSE if anything was rejected, else UNKNOWN if anything is open, else TRUE."""
    verdict = Verdict.FALSE if rejected else Verdict.UNKNOWN if undecided else Verdict.TRUE
    return Outcome(verdict, tested, undecided, rejected, **rest)


@dataclass(frozen=True)
class Check:
    """One way to judge a claim.

    Attributes:
        method: what is done, in a few words.
        level: the level that a TRUE of this check gives.
        run: a module-level function from context to outcome (picklable: checks run in worker processes).
        effort: the lowest effort at which it runs.
        hindsight: what of it was chosen after seeing data, and which; empty where nothing was.

    Source:
        Derived here.

    Example:
        >>> check = es.get_claim("one-step-map").checks[0]
        >>> check.method, check.level.name
        ('both sides as polynomials in theta', 'DERIVED')
    """

    method: str
    level: Level
    run: Callable[[CheckContext], Outcome]
    effort: str = "quick"
    hindsight: str = ""

    def runs_at(self, effort: str) -> bool:
        """Whether this check is part of an effort."""
        return EFFORTS.index(effort) >= EFFORTS.index(self.effort)


@dataclass(frozen=True)
class Claim:
    """A statement that edgestab can judge.

    Attributes:
        id: permanent slug.
        title: a few words.
        statement: what is claimed: for every .., if .., then .., over defined names.
        source: where it is printed, or what it answers.
        uses: ids of claims that this one rests on: it never outranks the weakest of them.
        includes: ids of claims that are part of the same story and are judged with it; they must be TRUE for it to be
            TRUE, but its level does not rest on them (a proof does not rest on the samples beside it).
        checks: how it is judged; at least one at effort default, or ``uses``.
        note: what a reader should know (a hidden convention, what the printed form lacks).
        formerly: an id that the claim had before; it is still understood wherever an id is given.
        finding: whether it is a main result, or says what the printed source leaves out or fixes silently.
        derivation: derives the object that the claim is about, as a log of steps that were each checked.

    Source:
        Each claim names its own.

    Example:
        >>> claim = es.get_claim("printed-z-recurrence")
        >>> claim.source.bibkey, claim.uses
        ('agarwala2023', ('two-step-recurrence',))
    """

    id: str
    title: str
    statement: Statement
    source: Source
    checks: tuple[Check, ...] = ()
    uses: tuple[str, ...] = ()
    note: str = ""
    includes: tuple[str, ...] = ()
    formerly: str = ""
    finding: Finding | None = None
    derivation: Callable[[Subject], DerivationLog] | None = None

    def _repr_html_(self) -> str:
        """The statement with its definitions, for notebooks; formulas for MathJax."""
        statement = self.statement
        over = "; ".join(escape(text) for text in ranges_text(statement))
        lines = [f"<p><b>{escape(self.title)}</b> <code>{escape(self.id)}</code></p>"]
        if over:
            lines.append(f"<p>For every {over}</p>")
        for word, terms in (("if", statement.given), ("then", statement.conclusion)):
            shown = "".join(f"<li>$\\displaystyle {escape(term_latex(t))}$</li>" for t in terms)
            lines += [f"<p>{word}</p><ul>{shown}</ul>"] if terms else []
        if statement.prose:
            lines.append(f"<p>{escape(statement.prose)}</p>")
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(meaning)}</td></tr>"
            for name, meaning in definitions_text(statement)
        )
        return "".join([*lines, f"<table>{rows}</table>"])

    @property
    def related(self) -> tuple[str, ...]:
        """All claims that are judged with this one."""
        return (*self.uses, *self.includes)


@dataclass(frozen=True)
class Evidence:
    """The outcome of one check of one claim, with how it was got.

    Attributes:
        claim: id of the claim.
        method: what was done, in a few words.
        level: the level that the outcome gives, were it TRUE.
        outcome: verdict, counts, worst figure against bound, domain, counterexample.
        seed: of the samples.
        seconds: that the check took.
        covers: numbers of the parts of the conclusion that it judged.
        hindsight: what of the check was chosen after seeing data.

    Source:
        Measured here.

    Example:
        >>> evidence = es.verify("one-step-map", effort="quick", jobs=1).results[0].evidence[0]
        >>> evidence.outcome.verdict, evidence.level.name, evidence.outcome.rejected
        (<Verdict.TRUE: 'TRUE'>, 'DERIVED', 0)
    """

    claim: str
    method: str
    level: Level
    outcome: Outcome
    seed: int
    seconds: float
    covers: tuple[int, ...] = ()
    hindsight: str = ""

    def to_json(self) -> dict[str, Any]:
        """Flat record for ``verify --json``."""
        o = self.outcome
        return {
            "claim": self.claim,
            "method": self.method,
            "level": self.level.name,
            "verdict": o.verdict.value,
            "tested": o.tested,
            "undecided": o.undecided,
            "rejected": o.rejected,
            "worst": o.worst,
            "bound": o.bound,
            "figure": o.figure,
            "digits": o.digits,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "domain": o.domain,
            "counterexample": o.counterexample,
            "detail": o.detail,
            "recorded": o.recorded,
            "covers": [number + 1 for number in self.covers],
            "chosen_after_data": self.hindsight,
        }
