"""The checker's own exact algebra: polynomials over Q as dictionaries, intervals, tilings, Bernstein bounds.

Nothing here is shared with the derivations or the prover except python-flint's rational numbers. Sizes read from a file
are bounded when they are read, and work is counted before it is done (:func:`bounded_work`), so that no file can keep
the checker busy for long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise, product
from math import comb, prod
from typing import Any

from flint import fmpq

Monomial = tuple[int, ...]
Side = tuple[fmpq, fmpq]

MAX_DIGITS = 60
"""Digits of a number in a file: the certificates of third order have coefficients of 39 characters."""

MAX_DEGREE = 80
"""Total degree of a polynomial in a file: the certificates of third order reach 64."""

MAX_TERMS = 5000
"""Terms of a polynomial in a file: the certificates of third order have 2390."""

MAX_BOXES = 2000
"""Boxes of one condition: the certificates here need one to three."""

_RATIONAL = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")
_work_left: ContextVar[int | None] = ContextVar("_work_left", default=None)


class CertificateError(Exception):
    """The certificate is rejected; the message says why."""


class UndecidedError(Exception):
    """The certificate is sound as far as it goes, but leaves something open."""


def require(condition: bool, reason: str) -> None:
    """Reject the certificate unless a condition holds."""
    if not condition:
        raise CertificateError(reason)


@contextmanager
def bounded_work(limit: int) -> Iterator[None]:
    """Reject the certificate when the algebra inside would take more than so many products of coefficients."""
    token = _work_left.set(limit)
    try:
        yield
    finally:
        _work_left.reset(token)


def spend(products: int) -> None:
    """Count products of coefficients before they are formed."""
    left = _work_left.get()
    if left is not None:
        require(products <= left, "the certificate asks for more work than this checker does")
        _work_left.set(left - products)


def rational(text: object, digits: int = MAX_DIGITS) -> fmpq:
    """A rational written as ``p/q`` or ``p``, in the digits 0 to 9 and without leading zeros."""
    if not isinstance(text, str):
        raise CertificateError(f"a rational must be a string, not {type(text).__name__}")
    require(len(text) <= 2 * digits + 2, f"a rational of {len(text)} characters, more than {2 * digits + 2}")
    require(_RATIONAL.fullmatch(text) is not None, f"{text!r} is no rational")
    return fmpq(*(int(p) for p in text.split("/")))


class Poly:
    """A polynomial in a fixed number of variables, as exponents to rational."""

    def __init__(self, size: int, terms: dict[Monomial, fmpq]) -> None:
        self.size = size
        self.terms = {m: c for m, c in terms.items() if c != 0}

    @classmethod
    def const(cls, size: int, value: fmpq | int) -> Poly:
        """A constant."""
        return cls(size, {(0,) * size: fmpq(value)})

    @classmethod
    def var(cls, size: int, index: int) -> Poly:
        """One variable."""
        return cls(size, {tuple(int(i == index) for i in range(size)): fmpq(1)})

    @classmethod
    def read(cls, size: int, record: Any) -> Poly:
        """A polynomial from the file's list of exponents and coefficients."""
        require(isinstance(record, list), "a polynomial must be a list of terms")
        require(len(record) <= MAX_TERMS, f"a polynomial of {len(record)} terms, more than {MAX_TERMS}")
        terms: dict[Monomial, fmpq] = {}
        for term in record:
            only(term, ("exponents", "coefficient"), "a term")
            exponents = read_exponents(term["exponents"], size)
            require(exponents not in terms, f"the exponents {exponents} appear twice")
            terms[exponents] = rational(term["coefficient"])
        return cls(size, terms)

    def _lift(self, other: Poly | fmpq | int) -> Poly:
        return other if isinstance(other, Poly) else Poly.const(self.size, other)

    def __add__(self, other: Any) -> Poly:
        if isinstance(other, Ratio):
            return NotImplemented
        terms = dict(self.terms)
        for m, c in self._lift(other).terms.items():
            terms[m] = terms.get(m, fmpq(0)) + c
        return Poly(self.size, terms)

    __radd__ = __add__

    def __neg__(self) -> Poly:
        return Poly(self.size, {m: -c for m, c in self.terms.items()})

    def __sub__(self, other: Any) -> Poly:
        if isinstance(other, Ratio):
            return NotImplemented
        return self + (-self._lift(other))

    def __rsub__(self, other: Any) -> Poly:
        if isinstance(other, Ratio):
            return NotImplemented
        return self._lift(other) - self

    def __mul__(self, other: Any) -> Poly:
        if isinstance(other, Ratio):
            return NotImplemented
        right = self._lift(other).terms
        # long coefficients take longer, above all their common divisors
        bits = sum(max((int(c.q).bit_length() for c in t.values()), default=0) for t in (self.terms, right))
        spend(len(self.terms) * len(right) * (1 + bits // 200))
        terms: dict[Monomial, fmpq] = {}
        for m, c in self.terms.items():
            for n, d in right.items():
                key = tuple(i + j for i, j in zip(m, n, strict=True))
                terms[key] = terms.get(key, fmpq(0)) + c * d
        return Poly(self.size, terms)

    __rmul__ = __mul__

    def __pow__(self, power: int) -> Poly:
        result = Poly.const(self.size, 1)
        for _ in range(power):
            result = result * self
        return result

    def same(self, other: Poly) -> bool:
        """Equality of coefficients."""
        return not (self - other).terms

    @property
    def high(self) -> tuple[int, ...]:
        """The highest exponent of each variable."""
        return tuple(max((m[i] for m in self.terms), default=0) for i in range(self.size))

    def over(self, index: int, power: int, what: str) -> Poly:
        """Divide by a power of one variable; rejected if that leaves a remainder."""
        require(all(m[index] >= power for m in self.terms), f"{what} is not divisible as it must be")
        return Poly(self.size, {(*m[:index], m[index] - power, *m[index + 1 :]): c for m, c in self.terms.items()})

    def put(self, images: Sequence[Ratio]) -> Ratio:
        """Put a quotient in for each variable."""
        total = Ratio.of(Poly.const(images[0].top.size, 0), images[0].pole)
        for m, c in self.terms.items():
            part = Ratio.of(Poly.const(images[0].top.size, c), images[0].pole)
            for image, power in zip(images, m, strict=True):
                for _ in range(power):
                    part = part * image
            total = total + part
        return total


class Ratio:
    """``top / pole**power`` for one fixed polynomial ``pole``."""

    def __init__(self, top: Poly, power: int, pole: Poly) -> None:
        self.top, self.power, self.pole = top, power, pole

    @classmethod
    def of(cls, top: Poly, pole: Poly) -> Ratio:
        """A polynomial as a quotient."""
        return cls(top, 0, pole)

    def _lift(self, other: Ratio | Poly | fmpq | int) -> Ratio:
        if isinstance(other, Ratio):
            return other
        return Ratio.of(other if isinstance(other, Poly) else Poly.const(self.top.size, other), self.pole)

    def at_power(self, power: int) -> Poly:
        """The numerator over a higher power of the pole."""
        return self.top * self.pole ** (power - self.power)

    def __add__(self, other: Ratio | Poly | fmpq | int) -> Ratio:
        right = self._lift(other)
        power = max(self.power, right.power)
        return Ratio(self.at_power(power) + right.at_power(power), power, self.pole)

    __radd__ = __add__

    def __neg__(self) -> Ratio:
        return Ratio(-self.top, self.power, self.pole)

    def __sub__(self, other: Ratio | Poly | fmpq | int) -> Ratio:
        return self + (-self._lift(other))

    def __rsub__(self, other: Ratio | Poly | fmpq | int) -> Ratio:
        return self._lift(other) - self

    def __mul__(self, other: Ratio | Poly | fmpq | int) -> Ratio:
        right = self._lift(other)
        return Ratio(self.top * right.top, self.power + right.power, self.pole)

    __rmul__ = __mul__

    def same(self, other: Ratio | Poly) -> bool:
        """Equality as functions."""
        right = self._lift(other)
        power = max(self.power, right.power)
        return self.at_power(power).same(right.at_power(power))


def bernstein_work(poly: Poly, box: Sequence[Side]) -> int:
    """Products of coefficients that :func:`bernstein_floor` takes, more where the ends of the box have many digits."""
    degrees = poly.high
    digits = max(max(abs(int(end.p)), int(end.q)).bit_length() for side in box for end in side) // 3
    dense = prod(d + 1 for d in degrees) * sum(d + 1 for d in degrees)
    # the coefficients on the box grow with the powers of its ends
    return dense * (1 + digits * sum(degrees) // 400)


def bernstein_floor(poly: Poly, box: Sequence[Side]) -> fmpq:
    """The least Bernstein coefficient of a polynomial on a closed box: a lower bound there.

    Args:
        poly: the polynomial.
        box: one closed interval for each variable.

    Returns:
        A number that the polynomial does not fall below on the box.
    """
    degrees = poly.high
    shifted = dict(poly.terms)
    for axis, (low, high) in enumerate(box):  # x = low + (high - low) u
        moved: dict[Monomial, fmpq] = {}
        degree, wide = degrees[axis], high - low
        shares = [[comb(k, j) * low ** (k - j) * wide**j for j in range(k + 1)] for k in range(degree + 1)]
        for m, c in shifted.items():
            for j, share in enumerate(shares[m[axis]]):
                key = (*m[:axis], j, *m[axis + 1 :])
                moved[key] = moved.get(key, fmpq(0)) + c * share
        shifted = moved
    for axis, degree in enumerate(degrees):
        raised: dict[Monomial, fmpq] = {}
        ratios = [[fmpq(comb(i, k), comb(degree, k)) for i in range(degree + 1)] for k in range(degree + 1)]
        for m, c in shifted.items():
            for i in range(m[axis], degree + 1):
                key = (*m[:axis], i, *m[axis + 1 :])
                raised[key] = raised.get(key, fmpq(0)) + c * ratios[m[axis]][i]
        shifted = raised
    return min(shifted.get(key, fmpq(0)) for key in product(*(range(d + 1) for d in degrees)))


def read_box(record: Any, size: int) -> tuple[Side, ...]:
    """A box from the file."""
    require(isinstance(record, list) and len(record) == size, f"a box must have {size} sides")
    require(all(isinstance(side, list) and len(side) == 2 for side in record), "a side of a box must have two ends")
    sides = tuple((rational(side[0]), rational(side[1])) for side in record)
    require(all(low <= high for low, high in sides), "a side of a box is turned round")
    return sides


def tiles(domain: tuple[Side, ...], leaves: Sequence[tuple[Side, ...]]) -> bool:
    """Whether boxes fill a domain exactly: one box equal to it, or a plane that parts them into two such tilings.

    Args:
        domain: the box to be filled.
        leaves: the boxes.

    Returns:
        True only if their union is the domain and they overlap in faces alone.
    """
    stack: list[tuple[tuple[Side, ...], list[tuple[Side, ...]]]] = [(domain, list(leaves))]
    while stack:
        here, inside = stack.pop()
        if len(inside) == 1 and inside[0] == here:
            continue
        for axis, (low, high) in enumerate(here):
            cut = _cut(axis, low, high, inside)
            if cut is not None:
                below = (*here[:axis], (low, cut), *here[axis + 1 :])
                above = (*here[:axis], (cut, high), *here[axis + 1 :])
                stack.append((below, [leaf for leaf in inside if leaf[axis][1] <= cut]))
                stack.append((above, [leaf for leaf in inside if leaf[axis][0] >= cut]))
                break
        else:
            return False
    return True


def _cut(axis: int, low: fmpq, high: fmpq, inside: Sequence[tuple[Side, ...]]) -> fmpq | None:
    """A plane that no leaf crosses, the middle one so that the parts stay balanced."""
    sides = sorted(leaf[axis] for leaf in inside)
    found: list[fmpq] = []
    reach = low
    for (_, end), (following, _) in pairwise(sides):
        reach = max(reach, end)
        if reach <= following and low < reach < high and (not found or found[-1] != reach):
            found.append(reach)
    return found[len(found) // 2] if found else None


def read_boxes(record: Any, size: int, what: str) -> list[tuple[Side, ...]]:
    """A list of boxes from the file."""
    require(isinstance(record, list), f"{what}: not a list of boxes")
    require(len(record) <= MAX_BOXES, f"{what}: {len(record)} boxes, more than {MAX_BOXES}")
    return [read_box(leaf, size) for leaf in record]


def read_exponents(record: Any, size: int) -> Monomial:
    """Exponents from the file."""
    fine = isinstance(record, list) and len(record) == size and all(type(e) is int and e >= 0 for e in record)
    require(fine, f"exponents must be {size} integers from 0")
    require(sum(record) <= MAX_DEGREE, f"a degree above {MAX_DEGREE}")
    return tuple(record)


def only(record: Any, names: Sequence[str], where: str, optional: Sequence[str] = ()) -> None:
    """A record has exactly the fields that the checker knows what to make of; ``optional`` may be absent."""
    require(isinstance(record, dict), f"{where} must be an object")
    unknown = [str(name)[:40] for name in record if name not in names and name not in optional]
    require(not unknown, f"{where} has a field that the checker does not know: {', '.join(unknown[:3])}")
    for name in names:
        require(name in record, f"{where} lacks {name}")


def field(record: Any, name: str, where: str, test: Callable[[Any], bool] = lambda value: True) -> Any:
    """A field of a record, rejected if it is missing or of the wrong kind."""
    require(isinstance(record, dict) and name in record, f"{where} lacks {name}")
    value = record[name]
    require(test(value), f"{where}: bad {name}")
    return value
