r"""Breaking long equations: how wide a piece of LaTeX prints, and which terms share a line of ``align``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .printer import Term

DEFAULT_WIDTH = 80
"""Widest line, in digits of the body font: the text block of the document template holds this many."""

_WORDS = frozenset({"log", "exp", "sin", "cos", "tanh", "ln"})
_ACCENTS = frozenset({"tilde", "bar", "hat", "dot", "vec", "mathrm", "mathcal", "mathbf", "text", "left", "right"})
_SILENT = frozenset({"quad", "qquad", "displaystyle", "notag", ",", ";", "!", " "})
_PIECE = re.compile(r"\\([A-Za-z]+|.)|([{}^_&])|([-+=<>*/])|(\S)|\s+")


def width_of(latex: str) -> float:
    r"""About how wide this prints, in digits of the body font.

    A fraction is as wide as the wider of its halves, scripts are smaller, signs carry their space.

    Args:
        latex: math-mode LaTeX as this package prints it.

    Returns:
        The width; an estimate on the wide side (`tests` compile whole documents and look for overfull boxes).
    """
    width, _ = _measure(latex, 0)
    return width


def _measure(latex: str, position: int) -> tuple[float, int]:
    """Width up to the closing brace of the current group, and the position behind it."""
    total = 0.0
    while position < len(latex):
        piece = _PIECE.match(latex, position)
        assert piece is not None, "every character is a piece"
        position = piece.end()
        command, structure, sign, letter = piece.groups()
        if command == "frac":
            above, position = _argument(latex, position)
            below, position = _argument(latex, position)
            total += max(above, below) + 0.6
        elif command == "sqrt":
            inside, position = _argument(latex, position)
            total += inside + 1.8
        elif command is not None:
            total += _command_width(command)
        elif structure == "}":
            return total, position
        elif structure == "{":
            inside, position = _measure(latex, position)
            total += inside
        elif structure in ("^", "_"):
            inside, position = _argument(latex, position)
            total += 0.75 * inside + 0.1
        elif sign is not None:
            total += 2.6
        elif letter is not None:
            total += 0.8 if letter in "()|[].," else 1.15 if letter.isalpha() else 1.0
    return total, position


def _command_width(command: str) -> float:
    if command in _WORDS:
        return 0.95 * len(command) + 0.5
    if command in _ACCENTS or command in _SILENT:
        return 2.0 if command == "quad" else 0.0
    return 1.25


def _argument(latex: str, position: int) -> tuple[float, int]:
    while position < len(latex) and latex[position].isspace():
        position += 1
    if position < len(latex) and latex[position] == "{":
        return _measure(latex, position + 1)
    return 1.0, position + 1


def break_terms(terms: Sequence[Term], first: float, width: float) -> list[str]:
    """Share terms among lines, greedily.

    Args:
        terms: signed terms in order.
        first: what stands before the first term on its line (the left-hand side).
        width: widest line.

    Returns:
        The lines; a single term wider than the line keeps a line of its own.
    """
    lines: list[str] = []
    current: list[str] = []
    # continuation lines start behind the relation sign, so each line has what the left-hand side leaves
    room = width - first
    used = 0.0
    for index, term in enumerate(terms):
        text = term.signed(index == 0)
        size = width_of(text)
        if current and used + size > room:
            lines.append(" ".join(current))
            current, used = [], 0.0
        current.append(text)
        used += size
    lines.append(" ".join(current))
    return lines
