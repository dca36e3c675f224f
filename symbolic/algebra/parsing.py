"""A safe reader of formulas: text in, SymPy expression out, and no code is ever run.

A hand-made tokenizer feeds a Pratt parser (one binding power for each operator).  Both refuse
early: the length, the nesting depth, the digits of a number and a bound on the number of terms
of the expanded result are checked *while* reading, so that hostile or absurd input costs no more
than its first few thousand characters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy as sp

from .errors import DomainError
from .symbols import TABLE

FUNCTIONS: Mapping[str, Callable[[sp.Expr], sp.Expr]] = {
    "sqrt": sp.sqrt,
    "exp": sp.exp,
    "log": sp.log,
    "sin": sp.sin,
    "cos": sp.cos,
    "tanh": sp.tanh,
    "cosh": sp.cosh,
    "softplus": lambda x: sp.log(1 + sp.exp(x)),
}

_LEXICON = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<operator>\*\*|[-+*/^])"
    r"|(?P<open>\()|(?P<close>\))"
)

_WHY_NOT = {
    ".": "attribute access is not part of a formula",
    "_": "names start with a letter",
    "'": "text in quotes is not part of a formula",
    '"': "text in quotes is not part of a formula",
    "[": "indexing is not part of a formula; write theta_1 for theta[1]",
    "{": "braces are not part of a formula; use parentheses",
    "=": "an equation is not a formula; give one side",
    ",": "give one formula, with no list of arguments",
}

# Left binding powers; the unary minus binds between a product and a power, so -x^2 = -(x^2).
_POWER_OF = {"+": 10, "-": 10, "*": 20, "/": 20, "^": 40}
_UNARY = 30


@dataclass(frozen=True)
class Limits:
    """What a formula may cost at most; each bound is checked while reading.

    Attributes:
        length: characters.
        depth: nesting of parentheses, signs and powers.
        digits: decimal digits of any number, written or resulting.
        exponent: absolute value of a power's exponent.
        terms: bound on the number of terms of the expanded formula.
        degree: bound on its total degree.
    """

    length: int = 10_000
    depth: int = 100
    digits: int = 400
    exponent: int = 128
    terms: int = 100_000
    degree: int = 1_000


@dataclass(frozen=True)
class Token:
    """One word of a formula: its kind, its text, and where it stands."""

    kind: str
    text: str
    position: int


@dataclass(frozen=True)
class _Sized:
    """A value with bounds on what it would cost to expand.

    A long sum or product is kept as its parts and built once: adding term by term would take
    quadratic time.
    """

    parts: list[sp.Expr]
    terms: int = 1
    digits: int = 0
    degree: int = 0
    join: type[sp.Add] | type[sp.Mul] = sp.Add

    @property
    def value(self) -> sp.Expr:
        return self.parts[0] if len(self.parts) == 1 else self.join(*self.parts)

    def joined(self, join: type[sp.Add] | type[sp.Mul], part: sp.Expr) -> list[sp.Expr]:
        if self.join is join or len(self.parts) == 1:
            self.parts.append(part)
            return self.parts
        return [self.value, part]


def tokenize(text: str, limits: Limits | None = None) -> Iterator[Token]:
    """Cut a formula into tokens, lazily.

    Args:
        text: the formula, e.g. ``"(1 - x^2*y^2)^2/2"``.
        limits: bounds; the default allows 10,000 characters.

    Yields:
        The tokens in order, closed by one of kind ``end``.

    Raises:
        DomainError: the text is too long or has a character that no formula has.
    """
    bounds = limits or Limits()
    if len(text) > bounds.length:
        raise DomainError(
            f"parse_expression(): expected at most {bounds.length} characters; got {len(text)}. "
            "Shorten the formula, for example by naming a sub-expression with --reduce."
        )
    position = 0
    while position < len(text):
        match = _LEXICON.match(text, position)
        if match is None:
            character = text[position]
            why = _WHY_NOT.get(character, "formulas have names, numbers, + - * / ^ and ( )")
            raise _unexpected(repr(character), position, text, why)
        kind = str(match.lastgroup)
        if kind != "space":
            word = "^" if match.group() == "**" else match.group()
            yield Token(kind, word, position)
        position = match.end()
    yield Token("end", "end of formula", len(text))


def model_symbol(name: str) -> sp.Symbol:
    """The symbol of a name that a user chose: the table's where it lists the name, else a real symbol."""
    return TABLE[name].symbol if name in TABLE else sp.Symbol(name, real=True)


def parse_expression(
    text: str,
    *,
    names: Sequence[str] | None = None,
    limits: Limits | None = None,
    functions: Mapping[str, Callable[[sp.Expr], sp.Expr]] = FUNCTIONS,
) -> sp.Expr:
    """Read a formula such as ``"(1 - x*y)^2/2"`` into an exact SymPy expression.

    Decimals are read exactly (``0.25`` is ``1/4``); every name is a real symbol of the symbol
    table, so ``E``, ``I`` or ``pi`` have no hidden meaning.

    Args:
        text: the formula; operators ``+ - * / ^ **``, parentheses, and the functions of
            `FUNCTIONS` with one argument.
        names: the names allowed; every name when not given.
        limits: bounds on size, see `Limits`.
        functions: name of each function to its meaning, instead of `FUNCTIONS`.

    Returns:
        The expression, exact: no float ever occurs in it.

    Raises:
        DomainError: the text is not a formula, or is over a limit; the message says where.

    Source:
        Derived here.

    Example:
        >>> es.algebra.parse_expression("(1 - x*y)^2/2")
        (-x*y + 1)**2/2
    """
    allowed = None if names is None else frozenset(names)

    def resolve(token: Token) -> sp.Expr:
        if allowed is not None and token.text not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            raise _unexpected(f"name {token.text!r}", token.position, text, f"known names: {known}")
        return model_symbol(token.text)

    return PrattParser(tokenize(text, limits), text, resolve, limits or Limits(), functions).parse()


def exact_expression(value: object, where: str) -> sp.Expr:
    """A number or formula that a caller gave: text by the safe parser, anything else as SymPy understands it.

    SymPy's own ``sympify`` runs text as code.

    Args:
        value: text, a number, or an expression.
        where: who asks, for the message.

    Returns:
        The expression.

    Raises:
        DomainError: it is no formula, or holds a float, nan or an infinity.
    """
    try:
        expr = parse_expression(value) if isinstance(value, str) else sp.sympify(value, strict=True)
    except (sp.SympifyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, DomainError):
            raise
        expr = None
    if not isinstance(expr, sp.Expr) or expr.has(sp.Float, sp.nan, sp.zoo, sp.oo):
        raise DomainError.of(
            where, "exact numbers or symbols", value, "Use fractions.Fraction, sympy.Rational, or text such as '1/3'."
        )
    return expr


class PrattParser:
    """Operator-precedence reading of a token stream, shared by plain text and LaTeX."""

    def __init__(
        self,
        tokens: Iterator[Token],
        text: str,
        resolve: Callable[[Token], sp.Expr],
        limits: Limits,
        functions: Mapping[str, Callable[[sp.Expr], sp.Expr]] = FUNCTIONS,
    ) -> None:
        """Start at the first token; `resolve` gives the symbol of a name."""
        self._functions = functions
        self._tokens = tokens
        self._text = text
        self._resolve = resolve
        self._limits = limits
        self._token = next(tokens)

    def parse(self) -> sp.Expr:
        """Read the whole stream as one expression.

        Returns:
            The expression.

        Raises:
            DomainError: something is left over, or missing.
        """
        result = self._expression(0, 0)
        if self._token.kind != "end":
            raise self._surprise(self._token, "an operator was expected here, e.g. 2*x for 2x")
        return result.value

    def _advance(self) -> Token:
        token = self._token
        self._token = next(self._tokens, Token("end", "end of formula", len(self._text)))
        return token

    def _surprise(self, token: Token, why: str) -> DomainError:
        shown = token.text if token.kind == "end" else repr(token.text)
        return _unexpected(shown, token.position, self._text, why)

    def _expression(self, minimum: int, depth: int) -> _Sized:
        left = self._prefix(depth)
        while self._token.kind == "operator" and _POWER_OF[self._token.text] > minimum:
            operator = self._advance()
            strength = _POWER_OF[operator.text]
            # A power groups to the right, x^2^3 = x^(2^3), and may carry a sign: x^-1.
            right = self._expression(strength - (operator.text == "^"), depth + 1)
            left = self._combine(operator, left, right)
        return left

    def _prefix(self, depth: int) -> _Sized:
        if depth > self._limits.depth:
            raise DomainError(
                f"parse_expression(): expected nesting of at most {self._limits.depth}; got more at "
                f"position {self._token.position}. Flatten the formula."
            )
        token = self._advance()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "name":
            if self._token.kind == "open":
                return self._call(token, depth)
            if token.text in self._functions:
                raise self._surprise(token, "this function needs its argument in brackets")
            return _Sized([self._resolve(token)], degree=1)
        if token.kind == "open":
            inner = self._expression(0, depth + 1)
            self._close(token)
            return inner
        if token.kind == "operator" and token.text in "+-":
            inner = self._expression(_UNARY, depth + 1)
            return inner if token.text == "+" else replace(inner, parts=[-inner.value])
        raise self._surprise(token, "a number, a name or '(' was expected here")

    def _call(self, token: Token, depth: int) -> _Sized:
        if token.text not in self._functions:
            known = ", ".join(self._functions)
            if token.text == "relu":
                raise self._surprise(token, "relu has no derivative at 0; softplus is smooth, or take one linear piece")
            raise self._surprise(
                token, f"only these functions may be called: {known}; write {token.text}*(..) for a product"
            )
        opened = self._advance()
        inner = self._expression(0, depth + 1)
        self._close(opened)
        return _Sized([self._functions[token.text](inner.value)], digits=inner.digits, degree=inner.degree)

    def _close(self, opened: Token) -> None:
        if self._token.kind != "close":
            raise self._surprise(self._token, f"the bracket at position {opened.position} is not closed")
        self._advance()

    def _number(self, token: Token) -> _Sized:
        mantissa, _, exponent = token.text.lower().partition("e")
        digits = sum(c.isdigit() for c in mantissa)
        shift = exponent.lstrip("+-").lstrip("0")
        if len(shift) > 4 or digits + int(shift or 0) > self._limits.digits:
            raise self._surprise(
                Token("number", token.text[:40], token.position),
                f"numbers may have {self._limits.digits} digits",
            )
        exact = Fraction(token.text)
        return _Sized([sp.Rational(exact)], digits=digits + int(shift or 0))

    def _combine(self, operator: Token, left: _Sized, right: _Sized) -> _Sized:
        kind = operator.text
        if kind == "^":
            return self._power(operator, left, right)
        if kind in "+-":
            term = right.value if kind == "+" else -right.value
            sized = _Sized(
                left.joined(sp.Add, term),
                left.terms + right.terms,
                max(left.digits, right.digits) + 1,
                max(left.degree, right.degree),
                sp.Add,
            )
            return self._checked(operator, sized)
        if kind == "/" and right.value == 0:
            raise self._surprise(operator, "division by zero")
        factor = right.value if kind == "*" else 1 / right.value
        sized = _Sized(
            left.joined(sp.Mul, factor),
            left.terms * right.terms,
            left.digits + right.digits,
            left.degree + right.degree,
            sp.Mul,
        )
        return self._checked(operator, sized)

    def _power(self, operator: Token, base: _Sized, exponent: _Sized) -> _Sized:
        power = exponent.value
        bound = self._limits.exponent
        if not power.is_Rational or max(abs(int(power.p)), int(power.q)) > bound:
            raise self._surprise(operator, f"exponents must be numbers from -{bound} to {bound}")
        if power < 0 and base.value == 0:
            raise self._surprise(operator, "division by zero")
        # Terms of a power of a sum: multinomials, bounded before anything is expanded.
        size = abs(int(power.p))
        terms = math.comb(base.terms + size - 1, size) if power.is_Integer else 1
        result = _Sized([sp.S.Zero], terms, base.digits * size, base.degree * size)
        self._checked(operator, result)
        return replace(result, parts=[base.value**power])

    def _checked(self, operator: Token, sized: _Sized) -> _Sized:
        if sized.terms > self._limits.terms:
            raise self._surprise(
                operator, f"the expanded formula may have {self._limits.terms} terms; this could have more"
            )
        if sized.degree > self._limits.degree:
            raise self._surprise(operator, f"the degree may not pass {self._limits.degree}")
        if sized.digits > 16 * self._limits.digits:
            raise self._surprise(operator, f"numbers may not grow past {16 * self._limits.digits} digits")
        return sized


def _unexpected(what: str, position: int, text: str, why: str) -> DomainError:
    start = max(0, position - 20)
    around = text[start : position + 20]
    pointer = ("..." if start else "") + around + ("..." if position + 20 < len(text) else "")
    return DomainError(
        f"parse_expression(): expected a formula; got {what} at position {position} in {pointer!r}: {why}."
    )
