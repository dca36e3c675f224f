"""The fate of changed statements: which of them a claim's checks notice.

``edgestab verify CLAIM .. --mutants`` prints it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .claims import CheckContext, Claim, Verdict
from .statements.excused import EXCUSED
from .statements.mutants import Mutant, mutants
from .verify import own_level, run_check


@dataclass(frozen=True)
class Fate:
    """What became of a mutant.

    Attributes:
        mutant: the changed statement.
        killed: whether it was noticed.
        by: the check that noticed it and what it said, or an empty string.
        seconds: that it took.
        excuse: why it may stay TRUE: the statement implies it. Empty where it may not.
    """

    mutant: Mutant
    killed: bool
    by: str
    seconds: float
    excuse: str


def fate(claim: Claim, mutant: Mutant, context: CheckContext) -> Fate:
    """Judge a changed statement by its claim's checks, until one is not TRUE.

    Args:
        claim: whose statement was changed.
        mutant: the changed statement.
        context: effort and seed; its statement is not used.

    Returns:
        Killed where a check is FALSE or UNKNOWN, or where no check judges some part of the conclusion.
    """
    changed, begin, found = replace(claim, statement=mutant.statement), time.perf_counter(), []
    excuse = mutant.weaker or EXCUSED.get((claim.id, mutant.label), "")
    for index, check in enumerate(changed.checks):
        if not check.runs_at(context.effort):
            continue
        evidence = run_check(changed, index, context)
        if evidence.outcome.verdict is not Verdict.TRUE:
            text = f"{evidence.outcome.verdict}: {check.method}: {evidence.outcome.detail[:160]}"
            return Fate(mutant, True, text, time.perf_counter() - begin, excuse)
        found.append(evidence)
    _, unjudged = own_level(changed, found)
    text = f"nothing judged: {'; '.join(unjudged)}" if unjudged else ""
    return Fate(mutant, bool(unjudged), text, time.perf_counter() - begin, excuse)


def fates(claim: Claim, effort: str = "quick") -> Iterator[Fate]:
    """The fate of every mutant of a claim's statement; the weaker ones are judged too."""
    context = CheckContext(effort=effort)
    for mutant in mutants(claim.statement):
        yield fate(claim, mutant, context)
