"""LaTeX that people paste: printing, line breaking, whole documents, and reading back.

Here: how any equation is typeset and read. Not here: which equations an object consists of; the object says that.
"""

from .document import Section, document, escape
from .equations import Equation, Style, align, aligned
from .names import NameMap, later, parse_names
from .printer import Order, to_latex
from .reader import ReadEquation, read_equations, read_latex

__all__ = [
    "Equation",
    "NameMap",
    "Order",
    "ReadEquation",
    "Section",
    "Style",
    "align",
    "aligned",
    "document",
    "escape",
    "later",
    "parse_names",
    "read_equations",
    "read_latex",
    "to_latex",
]
