"""What is found about a user's model: sections and hypotheses, printed as text, LaTeX or data from one content."""

from __future__ import annotations

import textwrap
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ...explain.derived import Derived
from ...explain.log import plain_equation
from ...latex.document import Section, document, escape
from ...latex.equations import Style, align

WIDTH = 110


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


class Findings(Derived):
    """A derived object that consists of sections and rests on hypotheses."""

    title: ClassVar[str] = "Gradient descent on your loss"
    hypotheses: tuple[Hypothesis, ...] = ()

    @abstractmethod
    def sections(self) -> list[Section]:
        """What was found, in reading order."""

    def text(self) -> str:
        """Sections and hypotheses for a terminal."""
        lines = [f"# {self.title}"]
        for section in self.sections():
            lines += ["", f"{section.heading}:"]
            if section.text:
                lines += textwrap.wrap(section.text, WIDTH, initial_indent="  ", subsequent_indent="  ")
            for equation in section.equations:
                lines += textwrap.wrap(
                    plain_equation(equation),
                    WIDTH,
                    initial_indent="  ",
                    subsequent_indent="      ",
                    break_long_words=False,
                    break_on_hyphens=False,
                )
        if self.hypotheses:
            lines += ["", "Hypotheses:"]
            wide = max(len(h.name) for h in self.hypotheses)
            for h in self.hypotheses:
                lines += textwrap.wrap(
                    f"{h.verdict:<7} {h.name:<{wide}}  {h.statement}. {h.detail}",
                    WIDTH,
                    initial_indent="  ",
                    subsequent_indent=" " * (wide + 12),
                )
            failing = next((h for h in self.hypotheses if h.holds is not True), None)
            verdict = (
                "every hypothesis holds"
                if failing is None
                else f"the analysis stops at '{failing.name}': {failing.verdict}"
            )
            lines += ["", f"Verdict: {verdict}."]
        return "\n".join(lines)

    def align(self, style: Style | None = None) -> str:
        """Words and ``align`` blocks, to paste into a paper."""
        chosen = style or Style()
        blocks = []
        for number, section in enumerate(self.sections(), 1):
            blocks.append(rf"\paragraph{{{escape(section.heading)}}} {escape(section.text)}".rstrip())
            if section.equations:
                label = chosen.label and f"{chosen.label}-{number}"
                blocks.append(align(section.equations, chosen.with_label(label)))
        return "\n".join(blocks)

    def document(self, title: str = "", style: Style | None = None) -> str:
        """A file that pdflatex compiles, with the hypotheses."""
        listed = " ".join(
            f"({k}) {h.name}: {h.verdict}. {h.statement}: {h.detail}." for k, h in enumerate(self.hypotheses, 1)
        )
        last = [Section("Hypotheses", listed)] if self.hypotheses else []
        return document(title or self.title, [*self.sections(), *last], style, symbols=frozenset())
