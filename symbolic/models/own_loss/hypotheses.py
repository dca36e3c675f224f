"""What a derivation rests on, each with a verdict, and results that are told in sections with those verdicts."""

from __future__ import annotations

import textwrap
from abc import abstractmethod
from dataclasses import dataclass

from ...explain.derived import Derived
from ...explain.log import plain_rows
from ...latex.document import Section, document, escape
from ...latex.equations import Style, align

TITLE = "Gradient descent on your loss"


@dataclass(frozen=True)
class Hypothesis:
    """One condition of the analysis.

    Attributes:
        name: permanent short name.
        statement: what is asked, in words.
        holds: True or False where exact algebra decides, None where it does not.
        detail: what was found.
    """

    name: str
    statement: str
    holds: bool | None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """TRUE, FALSE or UNKNOWN."""
        return {True: "TRUE", False: "FALSE", None: "UNKNOWN"}[self.holds]

    def json(self) -> dict[str, str]:
        """Flat record."""
        return {"name": self.name, "statement": self.statement, "verdict": self.verdict, "detail": self.detail}


class Sectioned(Derived):
    """A result that is told in sections, with the hypotheses that it rests on: one content in every format."""

    @abstractmethod
    def sections(self) -> list[Section]:
        """All that was found, in reading order."""

    def verdicts(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that were asked, in order."""
        return ()

    def text(self, width: int = 110) -> str:
        """Sections and hypotheses for a terminal."""
        lines = [f"# {TITLE}"]
        for section in self.sections():
            lines += ["", f"{section.heading}:"]
            if section.text:
                lines += textwrap.wrap(section.text, width, initial_indent="  ", subsequent_indent="  ")
            for equation in section.equations:
                lines += plain_rows(equation, width, 2, 6)
        hypotheses = self.verdicts()
        if hypotheses:
            lines += ["", "Hypotheses:"]
            wide = max(len(h.name) for h in hypotheses)
            for h in hypotheses:
                lines += textwrap.wrap(
                    f"{h.verdict:<7} {h.name:<{wide}}  {h.statement}. {h.detail}",
                    width,
                    initial_indent="  ",
                    subsequent_indent=" " * (wide + 12),
                )
            failing = next((h for h in hypotheses if h.holds is not True), None)
            verdict = (
                "every hypothesis holds"
                if failing is None
                else f"the analysis stops at '{failing.name}': {failing.verdict}"
            )
            lines += ["", f"Verdict: {verdict}."]
        return "\n".join(lines)

    def align(self, style: Style | None = None) -> str:
        """Sections as LaTeX blocks, to paste into a paper."""
        chosen = style or Style()
        blocks = []
        for number, section in enumerate(self.sections(), 1):
            blocks.append(rf"\paragraph{{{escape(section.heading)}}} {escape(section.text)}".rstrip())
            if section.equations:
                label = chosen.label and f"{chosen.label}-{number}"
                blocks.append(align(section.equations, chosen.with_label(label)))
        return "\n".join(blocks)

    def document(self, title: str = TITLE, style: Style | None = None) -> str:
        """A file for pdflatex, with the hypotheses as its last section."""
        sections, hypotheses = self.sections(), enumerate(self.verdicts(), 1)
        listed = " ".join(f"({k}) {h.name}: {h.verdict}. {h.statement}: {h.detail}." for k, h in hypotheses)
        return document(title, [*sections, *([Section("Hypotheses", listed)] if listed else [])], style, frozenset())
