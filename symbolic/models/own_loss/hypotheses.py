"""What a derivation rests on, each with a verdict, and results that are told in sections with those verdicts."""

from __future__ import annotations

import html
import textwrap
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...explain.derived import Derived
from ...explain.log import plain_rows
from ...latex.document import Section, document, escape
from ...latex.equations import Style, align, aligned

TITLE = "Gradient descent on your loss"

CLOSURE = "the gradient step closes in {coordinates}"
PLANE = "two of the coordinates, a residual and a curvature, describe the step by themselves"
LINE_OF_MINIMA = "the residual's value is kept, and every point of that line is a fixed point"
CURVATURE = "one minus the multiplier of a minimum is affine in {other}, so it can be a coordinate"
SMALL = "one constant is left that is not a mere unit; it is the small parameter"
SHARPNESS = "T is the step size times the sharpness: at the minima step * Hessian has trace T and rank one"
EDGE = "T = 2 is a simple root of the two-step condition at z = 0"
ONE_SMALL = "no other constant is left, so that expansions have rational coefficients"
TWO_CYCLES = "at small parameter 0 the nullcline consists of two-cycles"
RELAXATION = "off the two-cycles deviations shrink at a rate of order z^2: y'' - y = -a z^2 y, a > 0"
DRIFT = "on the two-cycles the curvature falls: y'' - y = -d epsilon z^2, d > 0, so y settles below 0"


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


def _worst(hypotheses: Sequence[Hypothesis]) -> Hypothesis | None:
    """The first that is FALSE, else the first that is UNKNOWN, else None."""
    false = next((h for h in hypotheses if h.holds is False), None)
    return false or next((h for h in hypotheses if h.holds is None), None)


class Sectioned(Derived):
    """A result that is told in sections, with the hypotheses that it rests on: one content in every format.

    Attributes:
        heading: what stands above it all.
    """

    heading: ClassVar[str] = TITLE

    @property
    def interruption(self) -> str:
        """The step of the derivation that was cut short; empty where all of it was done."""
        return ""

    @property
    def verdict(self) -> str:
        """TRUE where every hypothesis holds, FALSE where one fails, UNKNOWN where one is open or a step was cut."""
        worst = _worst(self.verdicts())
        if worst is not None and worst.holds is False:
            return worst.verdict
        return "UNKNOWN" if worst is not None or self.interruption else "TRUE"

    def conclusion(self) -> str:
        """What the hypotheses come to, in one sentence."""
        worst = _worst(self.verdicts())
        if self.interruption and (worst is None or worst.holds is None):
            return f"UNKNOWN: cut short at the step '{self.interruption}'; what is shown above it was derived"
        if worst is None:
            return "every hypothesis holds"
        cut = f"; then cut short at the step '{self.interruption}'" if self.interruption else ""
        return f"the analysis stops at '{worst.name}': {worst.verdict}{cut}"

    def state(self) -> dict[str, Any]:
        """Verdict and interruption as data."""
        cut = self.interruption
        return {"verdict": self.verdict, "interrupted": bool(cut), "stopped_at": cut or None}

    @abstractmethod
    def sections(self) -> list[Section]:
        """All that was found, in reading order."""

    def verdicts(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that were asked, in order."""
        return ()

    def text(self, width: int = 110) -> str:
        """Sections and hypotheses for a terminal."""
        lines = [f"# {self.heading}"]
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
        if hypotheses or self.interruption:
            lines += ["", f"Verdict: {self.conclusion()}."]
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

    def _repr_html_(self) -> str:
        """For notebooks: headings, equations set by MathJax, and the hypotheses as a table."""
        rows = [f"<h3>{html.escape(self.heading)}</h3>"]
        for section in self.sections():
            rows.append(f"<h4>{html.escape(section.heading)}</h4>")
            if section.text:
                rows.append(f"<p>{html.escape(section.text)}</p>")
            if section.equations:
                rows.append(f"<div>$${html.escape(aligned(section.equations), quote=False)}$$</div>")
        found = self.verdicts()
        if found:
            cells = (
                "".join(f"<td>{html.escape(text)}</td>" for text in (h.verdict, h.name, h.statement, h.detail))
                for h in found
            )
            head = "".join(f"<th>{name}</th>" for name in ("verdict", "hypothesis", "asked", "found"))
            body = "".join(f"<tr>{row}</tr>" for row in cells)
            rows.append(f"<h4>Hypotheses</h4><table><tr>{head}</tr>{body}</table>")
        if found or self.interruption:
            rows.append(f"<p>Verdict: {html.escape(self.conclusion())}.</p>")
        return "\n".join(rows)

    def _repr_latex_(self) -> str:
        """The equations of all sections, for displays that know LaTeX only."""
        blocks = (aligned(section.equations) for section in self.sections() if section.equations)
        return "\n\n".join(f"$\\displaystyle {block}$" for block in blocks)

    def document(self, title: str = "", style: Style | None = None) -> str:
        """A file for pdflatex, with the hypotheses as its last section."""
        items = tuple((f"{h.name} ({h.verdict})", f"{h.statement}. Found: {h.detail}.") for h in self.verdicts())
        verdict = f"Verdict: {self.conclusion()}."
        closing = [Section("Hypotheses", verdict, items=items)] if items or self.interruption else []
        return document(title or self.heading, [*self.sections(), *closing], style, frozenset())
