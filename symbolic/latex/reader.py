r"""Reading LaTeX back: what this package prints becomes the expression it came from.

Not a general LaTeX parser. It knows the names of a :class:`NameMap`, ``\frac``, ``\sqrt``, powers, brackets,
a few functions and implied products, and refuses all else with its position.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.parsing import FUNCTIONS, Limits, PrattParser, Token
from .names import NameMap

_LIMITS = Limits(length=2_000_000, depth=200, digits=100_000, exponent=10_000, terms=10**12, degree=10**9)
_LAYOUT = re.compile(
    r"\\(?:left|right|displaystyle|notag|nonumber|quad|qquad|,|;|!)(?![A-Za-z])"
    r"|\\(?:begin|end)\{(?:align\*?|aligned|equation\*?)\}|\\label\{[^{}]*\}|\\\\|&|\s+"
)
_WORD = re.compile(r"\\(log|ln|exp|sin|cos|tanh)(?![A-Za-z])")
_NUMBER = re.compile(r"\d+")
_LAMBERT = re.compile(r"W(?:_\{(-?\d+)\})?(?=\s*\\left)")
_BRACKETS = {"(": "open", ")": "close", "{": "open", "}": "close", "[": "open", "]": "close"}
_SIGNS = {"+": "+", "-": "-", "/": "/", "^": "^", "*": "*"}


@dataclass(frozen=True)
class ReadEquation:
    """An equation read back: both sides, and the monomials inside ``O(..)``."""

    lhs: sp.Expr
    rhs: sp.Expr
    remainder: tuple[sp.Expr, ...]


class _Scanner:
    """LaTeX to the token stream of the formula parser."""

    def __init__(self, names: NameMap, symbols: frozenset[sp.Symbol]) -> None:
        self.symbols = {s.name: s for s in symbols}
        written = {names.latex_of(s): s.name for s in symbols}
        # longest first, so that T_0 is not read as T and a stray subscript
        self._names = sorted(written.items(), key=lambda pair: -len(pair[0]))

    def tokens(self, text: str) -> Iterator[Token]:
        """Tokens with the implied products made explicit."""
        previous = ""
        for token in self._raw(text, 0, len(text)):
            starts = token.kind in ("number", "name", "open")
            if starts and previous in ("number", "name", "close"):
                yield Token("operator", "*", token.position)
            yield token
            # a function's name is followed by its bracket, with no product between them
            previous = "function" if token.kind == "name" and token.text in _CALLS else token.kind
        yield Token("end", "end of formula", len(text))

    def _raw(self, text: str, position: int, end: int) -> Iterator[Token]:
        while position < end:
            layout = _LAYOUT.match(text, position, end)
            if layout:
                position = layout.end()
                continue
            found = self._name_at(text, position, end)
            if found:
                yield Token("name", found[0], position)
                position += found[1]
                continue
            number = _NUMBER.match(text, position, end)
            if number:
                yield Token("number", number.group(), position)
                position = number.end()
                continue
            for structure in ("frac", "sqrt"):
                if text.startswith(f"\\{structure}", position):
                    position = yield from self._structure(structure, text, position, end)
                    break
            else:
                position = yield from self._single(text, position, end)

    def _name_at(self, text: str, position: int, end: int) -> tuple[str, int] | None:
        for latex, name in self._names:
            stop = position + len(latex)
            if text.startswith(latex, position) and stop <= end:
                ends_in_command = re.search(r"\\[A-Za-z]+$", latex)
                if not (ends_in_command and text[stop : stop + 1].isalpha()):
                    return name, len(latex)
        return None

    def _structure(self, kind: str, text: str, position: int, end: int) -> Generator[Token, None, int]:
        start = position
        position += len(kind) + 1
        yield Token("open", "(", start)
        if kind == "sqrt":
            yield Token("name", "sqrt", start)
        for argument in range(2 if kind == "frac" else 1):
            stop = _closing(text, position, end)
            yield Token("open", "(", position)
            yield from self._raw(text, position + 1, stop)
            yield Token("close", ")", stop)
            if kind == "frac" and argument == 0:
                yield Token("operator", "/", stop)
            position = stop + 1
        yield Token("close", ")", position)
        return position

    def _single(self, text: str, position: int, end: int) -> Generator[Token, None, int]:
        word = _WORD.match(text, position, end)
        if word:
            yield Token("name", {"ln": "log"}.get(word.group(1), word.group(1)), position)
            return word.end()
        lambert = _LAMBERT.match(text, position, end)
        if lambert:
            yield Token("name", f"W{lambert.group(1) or '0'}", position)
            return lambert.end()
        character = text[position]
        if character == "|":
            stop = _bar(text, position, end)
            yield Token("name", "abs", position)
            yield Token("open", "(", position)
            yield from self._raw(text, position + 1, stop)
            yield Token("close", ")", stop)
            return stop + 1
        if text.startswith("\\cdot", position):
            yield Token("operator", "*", position)
            return position + 5
        if character in _BRACKETS:
            yield Token(_BRACKETS[character], character, position)
        elif character in _SIGNS:
            yield Token("operator", _SIGNS[character], position)
        else:
            raise DomainError.of(
                "read_latex()", "LaTeX as edgestab prints it", repr(text[position : position + 20]), f"At {position}."
            )
        return position + 1


_CALLS = {**FUNCTIONS, "abs": sp.Abs, **{f"W{k}": (lambda x, k=k: sp.LambertW(x, k)) for k in (0, -1)}}


def _closing(text: str, position: int, end: int) -> int:
    if position >= end or text[position] != "{":
        raise DomainError.of("read_latex()", "'{'", text[position : position + 10], f"At {position}.")
    depth = 0
    for index in range(position, end):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index
    raise DomainError.of("read_latex()", "a closing brace", text[position : position + 10], f"Opened at {position}.")


def _bar(text: str, position: int, end: int) -> int:
    stop = text.find(r"\right|", position + 1, end)
    if stop < 0:
        raise DomainError.of("read_latex()", r"\right|", text[position : position + 10], f"Opened at {position}.")
    return stop + len(r"\right")


def read_latex(text: str, symbols: frozenset[sp.Symbol], names: NameMap | None = None) -> sp.Expr:
    r"""Read an expression that this package printed.

    Args:
        text: LaTeX, with or without line breaks and alignment marks.
        symbols: the symbols that may occur.
        names: the name map it was printed with.

    Returns:
        The expression.

    Raises:
        DomainError: the text is not of that kind.

    Source:
        Derived here.

    Example:
        >>> z = es.symbol("z")
        >>> es.latex.read_latex(r"1 - \frac{1}{2} \tilde z^{2}", frozenset({z}))
        1 - z**2/2
    """
    scanner = _Scanner(names or NameMap(), symbols)
    parser = PrattParser(
        scanner.tokens(text), text, lambda token: scanner.symbols[token.text], _LIMITS, functions=_CALLS
    )
    return parser.parse()


def read_equations(text: str, symbols: frozenset[sp.Symbol], names: NameMap | None = None) -> list[ReadEquation]:
    r"""Read an ``align`` or ``aligned`` block back into equations.

    Args:
        text: the block.
        symbols: the symbols that may occur.
        names: the name map it was printed with.

    Returns:
        The equations in order.

    Raises:
        DomainError: a part of it is not of that kind.
    """
    equations: list[ReadEquation] = []
    # a new equation starts at each '&=', continuation lines at '&\quad'
    pieces = re.split(r"&\s*(?:=|\\approx)", text)
    for index in range(1, len(pieces)):
        left = re.split(r"\\\\", pieces[index - 1])[-1]
        right = pieces[index]
        if index < len(pieces) - 1:
            right = right[: right.rfind("\\\\")]
        body, remainder = _without_order(right)
        equations.append(
            ReadEquation(
                read_latex(left, symbols, names),
                read_latex(body, symbols, names),
                tuple(read_latex(r, symbols, names) for r in remainder),
            )
        )
    return equations


def _without_order(text: str) -> tuple[str, list[str]]:
    match = re.search(r"(?:\+\s*)?O\\left\((.*?)\\right\)", text, re.DOTALL)
    if not match:
        return text, []
    body = text[: match.start()] + text[match.end() :]
    clean = _LAYOUT.sub(" ", body).strip()
    return (body if clean else "0"), match.group(1).split(",")
