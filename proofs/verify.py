"""Run the checks of claims, in worker processes, and combine evidence into verdicts."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from html import escape
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from typing import Any

from ..numeric.runs.limits import one_thread_each
from ..symbolic.algebra.errors import DomainError
from .catalogue import all_claims, with_dependencies
from .claims import EFFORTS, CheckContext, Claim, Evidence, Level, Outcome, Verdict
from .statements.reading import Reading
from .statements.text import term_text


@dataclass(frozen=True)
class ClaimResult:
    """A claim with its evidence.

    Attributes:
        claim: what was judged.
        verdict: FALSE if any check is FALSE, else UNKNOWN if any check or any claim it uses is not TRUE, else TRUE.
        level: strongest level among its checks, never above the weakest claim it uses; REFUTED when FALSE.
        evidence: one entry for each check that ran.
        note: why the verdict is not the checks' own, if it is not.
    """

    claim: Claim
    verdict: Verdict
    level: Level
    evidence: tuple[Evidence, ...]
    note: str = ""

    @property
    def recorded(self) -> bool:
        """Whether PROVED rests on the record of another machine's Coq."""
        proved = [e for e in self.evidence if e.level is Level.PROVED and e.outcome.verdict is Verdict.TRUE]
        return self.level is Level.PROVED and all(e.outcome.recorded for e in proved)

    @property
    def level_text(self) -> str:
        """The level, with ``(recorded)`` where it rests on the record of another machine."""
        return f"{self.level.name} (recorded)" if self.recorded else self.level.name

    @property
    def seconds(self) -> float:
        """Time of its checks."""
        return sum(e.seconds for e in self.evidence)


@dataclass(frozen=True)
class Report:
    """The verdicts of one run.

    Attributes:
        results: one for each claim judged, dependencies first.
        effort: ``quick``, ``default`` or ``thorough``.
        seed: of the sampling checks.
        seconds: wall time.
        interrupted: whether the run was stopped before its end; what is not judged is UNKNOWN.

    Source:
        Derived here.

    Example:
        >>> report = es.verify("one-step-map", effort="quick", jobs=1)
        >>> str(report.verdict), report.exit_code, [result.claim.id for result in report.results]
        ('TRUE', 0, ['one-step-map'])
    """

    results: tuple[ClaimResult, ...]
    effort: str
    seed: int
    seconds: float
    interrupted: bool = False

    @property
    def verdict(self) -> Verdict:
        """FALSE if any claim is FALSE, else UNKNOWN if any is UNKNOWN, else TRUE."""
        found = {r.verdict for r in self.results}
        if Verdict.FALSE in found:
            return Verdict.FALSE
        return Verdict.UNKNOWN if Verdict.UNKNOWN in found else Verdict.TRUE

    @property
    def exit_code(self) -> int:
        """0 all TRUE, 1 any FALSE, 3 any UNKNOWN."""
        return {Verdict.TRUE: 0, Verdict.FALSE: 1, Verdict.UNKNOWN: 3}[self.verdict]

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        rows = "".join(
            f"<tr><td>{escape(r.claim.id)}</td><td>{escape(r.claim.title)}</td><td>{r.level_text}</td>"
            f"<td>{r.verdict.value}</td><td>{sum(e.outcome.tested for e in r.evidence)}</td>"
            f"<td>{r.seconds:.1f}</td></tr>"
            for r in self.results
        )
        head = "".join(f"<th>{name}</th>" for name in ("claim", "", "level", "verdict", "tested", "seconds"))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def to_json(self) -> dict[str, Any]:
        """The record that ``edgestab verify --json`` writes."""
        return {
            "run": {
                "effort": self.effort,
                "seed": self.seed,
                "seconds": round(self.seconds, 3),
                "verdict": self.verdict.value,
                "interrupted": self.interrupted,
                "versions": versions(),
                "claims": {
                    r.claim.id: {
                        "verdict": r.verdict.value,
                        "level": r.level.name,
                        "recorded": r.recorded,
                        "note": r.note,
                    }
                    for r in self.results
                },
            },
            "evidence": [e.to_json() for r in self.results for e in r.evidence],
        }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for name in ("edgestab", "sympy", "mpmath", "numpy", "python-flint", "gmpy2", "numba"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "source tree"
    return found


def _open(why: str) -> Outcome:
    """An outcome for a check that came to no end."""
    return Outcome(Verdict.UNKNOWN, 1, undecided=1, detail=why.replace("\n", " "))


def run_check(claim: Claim, index: int, context: CheckContext) -> Evidence:
    """Run one check; an error inside it is evidence too (UNKNOWN), never a lost run.

    Args:
        claim: the claim.
        index: which of its checks.
        context: what the check is given.

    Returns:
        The evidence.
    """
    check = claim.checks[index]
    begin = time.perf_counter()
    reading = Reading(claim.statement)
    try:
        outcome = check.run(replace(context, statement=reading))
    except Exception as error:  # whatever went wrong, the other verdicts are kept and this one is open
        outcome = _open(f"{type(error).__name__}: {error}")
    if outcome.verdict is Verdict.TRUE and reading.unread():
        # a condition that a check has not looked at may be the one that it needs, or more than it covers
        outcome = _open(f"the check did not read: {'; '.join(reading.unread())}")
    level = outcome.level if outcome.level is not None else check.level
    if outcome.verdict is Verdict.FALSE:
        level = Level.REFUTED
    seconds = time.perf_counter() - begin
    covers = tuple(sorted(reading.covered))
    return Evidence(claim.id, check.method, level, outcome, context.seed, seconds, covers, check.hindsight)


#: In a worker: where its checks tell how far they are. Set by the pool's initialiser.
_TOLD: dict[str, Any] = {}

Progress = Callable[[str, float], None]


def _open_queue(queue: Any) -> None:
    _TOLD["queue"] = queue


def _run_by_id(claim_id: str, index: int, effort: str, seed: int, tell: Progress | None = None) -> Evidence:
    """Worker entry: claims are looked up again, so only names cross the process boundary."""
    claim = all_claims()[claim_id]
    told = -1.0

    def progress(share: float) -> None:
        nonlocal told
        if share < told + 0.02:  # a bar needs no more
            return
        told = share
        if tell is not None:
            tell(claim_id, share)
        elif "queue" in _TOLD:
            _TOLD["queue"].put((claim_id, share))

    return run_check(claim, index, CheckContext(effort=effort, seed=seed, progress=progress))


def _evidence(
    work: Sequence[tuple[str, int]], workers: int, effort: str, seed: int, tell: Progress | None
) -> Iterator[tuple[tuple[str, int], Evidence]]:
    """Run checks and give back their evidence as it comes."""
    if workers == 1:
        for key in work:
            yield key, _run_by_id(*key, effort, seed, tell)
        return
    context = get_context("spawn")
    queue = context.SimpleQueue()
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_open_queue, initargs=(queue,))

    def drain() -> None:
        while not queue.empty():
            told = queue.get()
            if tell is not None:
                tell(*told)

    with one_thread_each():
        try:
            pending = {pool.submit(_run_by_id, *key, effort, seed): key for key in work}
            while pending:
                done, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                drain()
                for future in done:
                    key = pending.pop(future)
                    try:
                        found = future.result()
                    except BrokenProcessPool:
                        lost = _open("a worker process died (out of memory?); run it alone with --jobs 1")
                        check = all_claims()[key[0]].checks[key[1]]
                        found = Evidence(key[0], check.method, check.level, lost, seed, 0.0)
                    yield key, found
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def combine(
    claim: Claim, evidence: Sequence[Evidence], used: Iterable[ClaimResult], included: Iterable[ClaimResult] = ()
) -> ClaimResult:
    """Judge a claim from its evidence and from what it rests on.

    Args:
        claim: the claim.
        evidence: of its own checks.
        used: results of the claims it uses; they bound its level.
        included: results of the claims it includes; they must be TRUE too, but do not bound its level.

    Returns:
        The result.
    """
    below = tuple(used)
    verdicts = [e.outcome.verdict for e in evidence]
    weakest = min((r.level for r in below), default=Level.PROVED)
    if Verdict.FALSE in verdicts:
        return ClaimResult(claim, Verdict.FALSE, Level.REFUTED, tuple(evidence))
    shaky = [r.claim.id for r in (*below, *included) if r.verdict is not Verdict.TRUE]
    own, unjudged = own_level(claim, evidence)
    level = min(own, weakest)
    if shaky:
        return ClaimResult(claim, Verdict.UNKNOWN, level, tuple(evidence), f"rests on {', '.join(shaky)}")
    if Verdict.UNKNOWN in verdicts:
        return ClaimResult(claim, Verdict.UNKNOWN, level, tuple(evidence))
    if unjudged:
        return ClaimResult(claim, Verdict.UNKNOWN, level, tuple(evidence), f"nothing judged: {'; '.join(unjudged)}")
    return ClaimResult(claim, Verdict.TRUE, level, tuple(evidence))


def own_level(claim: Claim, evidence: Sequence[Evidence]) -> tuple[Level, list[str]]:
    """The level that a claim's own evidence gives, and the parts of its conclusion that no check judged.

    Args:
        claim: the claim.
        evidence: of its checks.

    Returns:
        The least over the parts of the best level that covers a part; prose is CHECKED at most unless Coq states it.
    """
    shown = [e for e in evidence if e.outcome.verdict is Verdict.TRUE]
    parts = claim.statement.conclusion
    best = [max((e.level for e in shown if i in e.covers), default=Level.CITED) for i in range(len(parts))]
    if not parts:
        best = [max((e.level for e in shown), default=Level.CITED)]
    level = min(best)
    if claim.statement.prose and level < Level.PROVED:
        level = min(level, Level.CHECKED)
    names = [term_text(part) for part in parts] or [claim.statement.prose]
    return level, [name for name, found in zip(names, best, strict=True) if found is Level.CITED]


def verify(
    *ids: str,
    effort: str = "default",
    seed: int | None = None,
    jobs: int | None = None,
    on_evidence: Callable[[Evidence, int, int], None] | None = None,
    on_progress: Progress | None = None,
) -> Report:
    """Judge claims and everything they use.

    Args:
        *ids: claim ids; none means all.
        effort: ``quick``, ``default`` (the default) or ``thorough``.
        seed: for sampling checks; the default is fixed.
        jobs: worker processes; 1 runs in this process; default the number of cores, at most 8.
        on_evidence: called as ``(evidence, done, total)`` after each check.
        on_progress: called as ``(claim id, share done)`` from within long checks.

    Returns:
        The report; an error inside a check is evidence too (UNKNOWN).

    Raises:
        DomainError: an unknown claim id or effort.

    Source:
        Derived here.

    Example:
        >>> es.verify("one-step-map", effort="quick", jobs=1).results[0].level.name
        'DERIVED'
    """
    if effort not in EFFORTS:
        raise DomainError.of("verify()", f"effort among {', '.join(EFFORTS)}", effort, "Pick one of these.")
    claims = with_dependencies(ids)
    chosen_seed = CheckContext().seed if seed is None else seed
    work = [(c.id, i) for c in claims for i, check in enumerate(c.checks) if check.runs_at(effort)]
    begin = time.perf_counter()
    gathered: dict[tuple[str, int], Evidence] = {}

    def note(key: tuple[str, int], found: Evidence) -> None:
        gathered[key] = found
        if on_evidence is not None:
            on_evidence(found, len(gathered), len(work))

    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise DomainError.of("verify_claims()", "jobs of at least 1", jobs, "Leave it out to use every core.")
    workers = min(jobs or min(os.cpu_count() or 1, 8), max(len(work), 1))
    interrupted = False
    try:
        for key, found in _evidence(work, workers, effort, chosen_seed, on_progress):
            note(key, found)
    except KeyboardInterrupt:  # what is judged is kept, what is not is open
        interrupted = True
    for claim_id, index in work:
        if (claim_id, index) not in gathered:
            check = all_claims()[claim_id].checks[index]
            why = "interrupted before it ended"
            gathered[claim_id, index] = Evidence(claim_id, check.method, check.level, _open(why), chosen_seed, 0.0)
    results: dict[str, ClaimResult] = {}
    for claim in claims:
        mine = [gathered[claim.id, i] for i in range(len(claim.checks)) if (claim.id, i) in gathered]
        results[claim.id] = combine(claim, mine, (results[u] for u in claim.uses), (results[u] for u in claim.includes))
    return Report(tuple(results.values()), effort, chosen_seed, time.perf_counter() - begin, interrupted)


def judge_claim(claim: Claim, effort: str = "default", seed: int | None = None) -> ClaimResult:
    """Judge one claim by its own checks: one of the catalogue, or one that you made.

    Args:
        claim: the claim; its ``uses`` are claims of the catalogue, and bound its level.
        effort: ``quick``, ``default`` or ``thorough``.
        seed: for sampling checks; the default is fixed.

    Returns:
        The claim with its evidence, verdict and level.

    Raises:
        DomainError: an unknown effort, or an unknown id among ``uses``.

    Source:
        Derived here.

    Example:
        >>> es.proofs.judge_claim(es.get_claim("one-step-map"), effort="quick").verdict
        <Verdict.TRUE: 'TRUE'>
    """
    if effort not in EFFORTS:
        raise DomainError.of("judge_claim()", f"effort among {', '.join(EFFORTS)}", effort, "Pick one of these.")
    context = CheckContext(effort=effort) if seed is None else CheckContext(effort=effort, seed=seed)
    found: dict[str, ClaimResult] = {}
    if claim.related:
        report = verify(*claim.related, effort=effort, seed=seed, jobs=1)
        found = {r.claim.id: r for r in report.results}
    evidence = [run_check(claim, i, context) for i, check in enumerate(claim.checks) if check.runs_at(effort)]
    return combine(claim, evidence, (found[u] for u in claim.uses), (found[u] for u in claim.includes))
