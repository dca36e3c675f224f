"""Entries of the gallery are data: a paper, its loss, the statements it prints, and the claims that judge them."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalogue import get_claim, with_dependencies
from ..claims import Level, Source
from ..pages import claim_level
from ..statements.statement import Statement


@dataclass(frozen=True)
class Printed:
    """One statement that a paper prints.

    Attributes:
        says: in one sentence, as far as the print was at hand.
        locator: where it stands there.
        statement: as a term; None takes that of the first claim that shows it, or, without one, none.
        shown_by: ids of claims that together say at least as much.
        refuted_by: ids of claims that contradict it.
        how: how it was judged, in a sentence.
        hidden: what the print leaves out: a hypothesis, a scaling, a region.
        open: why it is undecided, where claims leave it so.

    Source:
        Derived here.

    Example:
        >>> [printed.aimed_at for printed in es.proofs.get_entry("zhu").printed]
        ['TRUE', 'TRUE', 'TRUE']
    """

    says: str
    locator: str
    statement: Statement | None = None
    shown_by: tuple[str, ...] = ()
    refuted_by: tuple[str, ...] = ()
    how: str = ""
    hidden: str = ""
    open: str = ""

    @property
    def judges(self) -> tuple[str, ...]:
        """The claims that its verdict rests on."""
        return self.refuted_by or self.shown_by

    @property
    def aimed_at(self) -> str:
        """TRUE, FALSE, UNKNOWN or CITED: the verdict that it has if its claims hold."""
        if self.open:
            return "UNKNOWN"
        return "FALSE" if self.refuted_by else "TRUE" if self.shown_by else "CITED"

    @property
    def level(self) -> Level:
        """The level that its claims aim at, never above the weakest that they use."""
        ids = (*self.shown_by, *self.refuted_by)
        return min((claim_level(c) for c in with_dependencies(ids)), default=Level.CITED) if ids else Level.CITED

    def term(self) -> Statement | None:
        """What it says, as a term."""
        if self.statement is not None or not self.shown_by:
            return self.statement
        return get_claim(self.shown_by[0]).statement


@dataclass(frozen=True)
class Entry:
    """A paper of the gallery.

    Attributes:
        name: on the command line.
        title: a few words.
        bibkey: a key of ``proofs/references.bib``.
        at_hand: what of the paper was read.
        loss: as a user would type it.
        parameters: of the loss, with commas.
        optimiser: what runs on it.
        printed: its statements.
        picture: name of the figure, a function ``draw_<picture>`` of the orbits room.
        caption: what the figure shows.

    Source:
        Derived here.

    Example:
        >>> entry = es.proofs.get_entry("zhu")
        >>> entry.bibkey, entry.loss
        ('zhu2022', '(1 - x*y*z*w)^2/2')
    """

    name: str
    title: str
    bibkey: str
    at_hand: str
    loss: str
    parameters: str
    optimiser: str
    printed: tuple[Printed, ...]
    picture: str
    caption: str

    def source(self, printed: Printed) -> Source:
        """Where one of its statements stands."""
        return Source(self.bibkey, printed.locator)

    @property
    def claims(self) -> tuple[str, ...]:
        """Ids of all claims that its verdicts rest on."""
        return tuple(dict.fromkeys(i for p in self.printed for i in (*p.shown_by, *p.refuted_by)))
