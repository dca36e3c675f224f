"""The checker's part for what a certificate says in words: expressions, meanings, statement, and the reading of files.

An ``expression`` with its ``definitions`` is evaluated by a parser of its own and must be the function that the checker
derived. Prose is compared with what the checker itself would write, so that a file cannot say one thing and prove
another. Nothing is shared with the prover, on purpose: see :mod:`.checker`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flint import fmpq

from .checker_algebra import MAX_DEGREE, MAX_DIGITS, CertificateError, Poly, Ratio, require

MAX_EXPRESSION = 2000
"""Characters of an expression: the longest that is written here has 150."""

MAX_FILE = 20_000_000
"""Characters of a file: a certificate of third order has 1.6 million."""

MAX_NESTING = 40
"""Parentheses within one another."""

_TOKEN = re.compile(r" *(?:([0-9]+)|([A-Za-z_][A-Za-z_0-9]*)|(\*\*|[-+*/()])) *")

_UNDERSHOOT = (
    "V does not fall far below the strip in one step",
    "V does not fall far below the band in one step",
)

MEANINGS: Mapping[str, Sequence[str]] = {
    "sign-change": ("the residual changes sign at every step",),
    "ceiling": ("T stays below the ceiling",),
    "regular": ("the next residual stays below 1",),
    "lift": ("height above the barrier carries over",),
    "drift": ("the barrier is left upwards",),
    "far": ("the next state lies above the barrier",),
    "start-below": ("the sharpness starts below the edge",),
    "start-overshoot": ("one step takes it past the edge",),
    "start-above-barrier": ("the start lies above the barrier",),
    "start-below-top": ("the start lies below the top",),
    "start-first-weight": ("theta_1 is real",),
    "start-second-weight": ("theta_2 is real",),
    "contraction": ("M >= 0",),
    "contraction-rate": ("M <= 1 - contraction_rate z^2 (4 - T)", "M <= 1 - decay z^2 (4 - T)"),
    "distance-above": ("X stays below its bound",),
    "distance-below": ("-X stays below its bound",),
    "undershoot-near": _UNDERSHOOT,
    "undershoot-left": _UNDERSHOOT,
    "undershoot-right": _UNDERSHOOT,
}
"""What each condition says, in the present words and in former ones."""

IDENTITIES: Mapping[str, str] = {
    "lyapunov": "V falls by z^2 rate",
    "sign-change": "z' = z (1 - h)",
    "slow-law": "the one-step law of U",
    "split": "F = q lift + z^2 drift",
    "uniform": "drift = epsilon (uniform drift) + a non-negative rest",
}
"""What each identity says; the last one only where epsilon starts at 0."""


def parse_certificate(text: str) -> Any:
    """The JSON of a certificate file, read strictly.

    Args:
        text: the file's content.

    Returns:
        The parsed data.

    Raises:
        CertificateError: a key appears twice, a number is no plain integer, or the file is too large.
        ValueError: not JSON.
    """
    require(len(text) <= MAX_FILE, f"a file of {len(text)} characters, more than {MAX_FILE}")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record: dict[str, Any] = {}
        for name, value in pairs:
            require(name not in record, f"the key {name[:40]!r} appears twice in one object")
            record[name] = value
        return record

    def integer(digits: str) -> int:
        require(len(digits) <= MAX_DIGITS, f"an integer of {len(digits)} characters, more than {MAX_DIGITS}")
        require(re.fullmatch(r"-?[0-9]+", digits) is not None, f"{digits!r} is no integer in the digits 0 to 9")
        return int(digits)

    def refuse(number: str) -> Any:
        raise CertificateError(f"{number[:40]} is no exact number")

    return json.loads(text, object_pairs_hook=once, parse_int=integer, parse_float=refuse, parse_constant=refuse)


class _Parser:
    """Sums, products, quotients by constants or the pole, and powers, of named quotients."""

    def __init__(self, text: str, names: Mapping[str, Ratio], pole: Poly, what: str) -> None:
        self.names, self.pole, self.what, self.depth = names, pole, what, 0
        require(len(text) <= MAX_EXPRESSION, f"{what}: an expression of {len(text)} characters")
        self.tokens: list[str] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise CertificateError(f"{what}: cannot read {text[at : at + 20]!r}")
            self.tokens.append(match[1] or match[2] or match[3])
            at = match.end()
        self.at = 0

    def next(self, *wanted: str) -> str | None:
        """The next token if it is one of those wanted."""
        if self.at < len(self.tokens) and self.tokens[self.at] in wanted:
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def run(self) -> Ratio:
        value = self.sum()
        require(self.at == len(self.tokens), f"{self.what}: the expression does not end where it should")
        return value

    def sum(self) -> Ratio:
        self.depth += 1
        require(self.depth <= MAX_NESTING, f"{self.what}: parentheses nested more than {MAX_NESTING} deep")
        value = self.product()
        while sign := self.next("+", "-"):
            term = self.product()
            value = value + term if sign == "+" else value - term
        self.depth -= 1
        return value

    def product(self) -> Ratio:
        negative = False
        while self.next("-"):
            negative = not negative
        value = self.power()
        while sign := self.next("*", "/"):
            value = self.times(value, self.power()) if sign == "*" else self.quotient(value, self.power())
        return -value if negative else value

    def power(self) -> Ratio:
        base = self.atom()
        if not self.next("**"):
            return base
        exponent = self.tokens[self.at] if self.at < len(self.tokens) else ""
        require(re.fullmatch(r"[0-9]{1,2}", exponent) is not None, f"{self.what}: a power must be a small integer")
        self.at += 1
        value = Ratio.of(Poly.const(base.top.size, 1), self.pole)
        for _ in range(int(exponent)):
            value = self.times(value, base)
        return value

    def atom(self) -> Ratio:
        require(self.at < len(self.tokens), f"{self.what}: the expression ends too early")
        token = self.tokens[self.at]
        self.at += 1
        if token == "(":
            value = self.sum()
            require(self.next(")") is not None, f"{self.what}: a parenthesis is not closed")
            return value
        if token[0] in "0123456789":
            require(len(token) <= MAX_DIGITS, f"{self.what}: a number of {len(token)} digits")
            return Ratio.of(Poly.const(self.pole.size, int(token)), self.pole)
        require(token in self.names, f"{self.what}: unknown name {token[:40]}")
        return self.names[token]

    def times(self, a: Ratio, b: Ratio) -> Ratio:
        degree = sum(a.top.high) + sum(b.top.high)
        require(max(degree, a.power + b.power) <= MAX_DEGREE, f"{self.what}: a degree above {MAX_DEGREE}")
        return a * b

    def quotient(self, a: Ratio, b: Ratio) -> Ratio:
        require(b.power == 0 and bool(b.top.terms), f"{self.what}: a division by what is no constant and no pole")
        if not any(b.top.high):
            (value,) = b.top.terms.values()
            return a * (1 / value)
        require(b.top.same(self.pole), f"{self.what}: a division by what is no constant and no pole")
        require(a.power < MAX_DEGREE, f"{self.what}: a degree above {MAX_DEGREE}")
        return Ratio(a.top, a.power + 1, self.pole)


def evaluate(text: Any, names: Mapping[str, Ratio], pole: Poly, what: str) -> Ratio:
    """An expression from the file as an exact quotient.

    Args:
        text: with ``+ - * / **``, parentheses, integers and names.
        names: what each name stands for.
        pole: what may be divided by, besides constants.
        what: for messages.

    Returns:
        The value.
    """
    if not isinstance(text, str):
        raise CertificateError(f"{what}: an expression must be a string")
    return _Parser(text, names, pole, what).run()


def check_expression(record: Any, found: Ratio, variables: Mapping[str, Ratio], known: Mapping[str, Ratio]) -> None:
    """The definitions are those of the argument, and the expression is the function judged.

    Args:
        record: the condition's record.
        found: its polynomial over the pole.
        variables: the coordinates.
        known: the quantities that definitions name, derived by the checker, in order.
    """
    what = f"condition {record['name']}"
    definitions = record["definitions"]
    fine = isinstance(definitions, list) and all(isinstance(d, list) and len(d) == 2 for d in definitions)
    require(fine and [d[0] for d in definitions] == list(known), f"{what}: it must define {', '.join(known)}")
    names = dict(variables)
    for name, body in definitions:
        value = evaluate(body, names, found.pole, f"{what}, definition of {name}")
        require(value.same(known[name]), f"{what}: the definition of {name} is not what it stands for")
        names[name] = value
    value = evaluate(record["expression"], names, found.pole, what)
    require(value.same(found), f"{what}: the expression is not the polynomial judged")


def check_meaning(record: Any, name: str, order: int) -> None:
    """The words of a condition are those of its name."""
    allowed = MEANINGS.get(name, ())
    edge = re.fullmatch(r"(upper|lower)(-q)?-([0-9]{1,2})", name)
    if edge:
        side, raised, number = edge[1], "q " if edge[2] else "", int(edge[3])
        left = 2 * (order - number - (1 if raised else 0))
        allowed = (f"{side} edge of the strip, cofactor of {raised}epsilon^{number} z^{left}",)
    require(record["meaning"] in allowed, f"condition {name}: its meaning is not what is shown")


def theorem_in_words(top: fmpq, delta: fmpq) -> str:
    """Theorem 1 as the checker states it."""
    return (
        f"For 0 < epsilon <= {top}, eigenvalues {{1, -epsilon}}, target 0, any step size eta > 0 and every "
        f"start in the trapping region of its epsilon: f -> 0 and 2 - {delta} epsilon <= eta lim lambda <= 2. "
        "The explicit starts begin below the edge and are past it by the stated overshoot after one step."
    )


_FORMER_STATEMENT = (
    "For 0 < epsilon <= epsilon_max, eigenvalues {1, -epsilon}, target 0, any step size eta > 0 and every start in the "
    "trapping region of its epsilon: f -> 0 and (2 - delta_over_epsilon epsilon)/eta <= lim lambda <= 2/eta. Starts in "
    "U begin below 2/eta and exceed (2 + overshoot)/eta after one step."
)


def check_statement(stated: Any, top: fmpq, delta: fmpq) -> str:
    """The statement of Theorem 1 is the one proved; a former wording named the constants instead of giving them."""
    words = theorem_in_words(top, delta)
    require(stated in (words, _FORMER_STATEMENT), "the statement is not the theorem that is proved")
    return words


def check_sharp_statement(stated: Any, strip: Mapping[str, Any], limits: Sequence[fmpq], constant: fmpq) -> str:
    """The statement of the sharp form is the one proved.

    Args:
        stated: the file's statement.
        strip: ``epsilon_max``, ``band`` and ``order`` as verified.
        limits: coefficients of the limit in powers of epsilon.
        constant: the verified constant of the remainder.

    Returns:
        The theorem in words.
    """
    top, band, order = strip["epsilon_max"], strip["band"], strip["order"]
    head = (
        f"For 0 < epsilon <= {top}, eigenvalues {{1, -epsilon}}, target 0 and every start in the "
        f"region with epsilon eta |theta|^2 >= 2 + {band}: |eta lim lambda - ("
    )
    tail = f")| <= {constant} epsilon^{order + 1}."
    fine = isinstance(stated, str) and stated.startswith(head) and stated.endswith(tail)
    require(fine and len(stated) >= len(head) + len(tail), "the statement is not the theorem that is proved")
    one = Poly.const(1, 1)
    middle = stated[len(head) : len(stated) - len(tail)]
    series = evaluate(middle, {"epsilon": Ratio.of(Poly.var(1, 0), one)}, one, "statement")
    own = Poly(1, {(i,): c for i, c in enumerate(limits)})
    require(series.same(own), "the statement is not the theorem that is proved")
    return str(stated)
