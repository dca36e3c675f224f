"""Claims that say together what the claims they use say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..claims import CheckContext, Claim, Outcome, judge
from ..statements import Named, Range
from ..statements.terms import names_in
from ..statements.text import term_text
from . import get_claim


def _wider(theirs: tuple[Range, ...], mine: Range) -> bool:
    """Whether the other claim's range of a variable holds that of this one; a variable it does not have is free."""
    found = [r.domain for r in theirs if r.symbol == mine.symbol]
    if not found:
        return True
    if isinstance(found[0], Named) or isinstance(mine.domain, Named):
        return found[0] == mine.domain
    return bool(mine.domain.is_subset(found[0]))


def _says(claim: Claim, part: object, given: tuple[object, ...], over: tuple[Range, ...]) -> bool:
    """Whether a claim has this part, under no more hypotheses and on no smaller ranges."""
    statement = claim.statement
    if part not in statement.conclusion or not set(statement.given) <= set(given):
        return False
    free = {r.symbol.name for r in statement.over} & names_in(part) <= {r.symbol.name for r in over}
    return free and all(_wider(statement.over, r) for r in over)


def _judge(ids: tuple[str, ...], ctx: CheckContext) -> Outcome:
    given, over = ctx.statement.given(), ctx.statement.statement.over
    for r in over:
        ctx.statement.domain(r.symbol)
    used = [get_claim(i) for i in ids]
    parts = ctx.statement.parts()
    missing = [term_text(part) for part in parts if not any(_says(c, part, given, over) for c in used)]
    detail = f"not among their parts: {'; '.join(missing)}" if missing else ""
    return judge(len(parts), undecided=len(missing), domain=", ".join(ids), detail=detail)


def follows(*ids: str) -> Callable[[CheckContext], Outcome]:
    """A check that each part of a statement is a part of a claim named, under no more hypotheses.

    Args:
        *ids: of claims that are among the ``uses`` of the claim, whose level they bound.

    Returns:
        The check.
    """
    return partial(_judge, ids)
