"""What every derived object can do with LaTeX, given its equations."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from .document import Section, document
from .equations import Equation, Style, align, aligned
from .names import NameMap


class Typeset:
    """Mixin: LaTeX for notebooks, for papers, and as a whole document."""

    @abstractmethod
    def equations(self) -> tuple[Equation, ...]:
        """The object as equations, with the grouping that a reader expects."""

    def latex(self, names: Mapping[str, str] | None = None, width: int = 120) -> str:
        r"""An ``aligned`` block.

        Args:
            names: code name to LaTeX, to follow another paper's notation, e.g. ``{"T": r"\lambda"}``.
            width: widest line, in digits of the body font.

        Returns:
            LaTeX that needs only ``amsmath``.
        """
        return aligned(self.equations(), NameMap(names or {}), width)

    def align(self, style: Style | None = None) -> str:
        """An ``align`` block with line breaks and labels, to paste into a paper."""
        return align(self.equations(), style)

    def document(self, title: str, style: Style | None = None) -> str:
        """A file that pdflatex compiles, with a table of the symbols."""
        return document(title, [Section(equations=self.equations())], style)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"
