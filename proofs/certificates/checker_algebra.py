"""The checker's own exact algebra: polynomials over Q as dictionaries, intervals, tilings, Bernstein bounds.

Nothing here is shared with the derivations or the prover except python-flint's rational numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import comb
from typing import Any

from flint import fmpq

Monomial = tuple[int, ...]
Side = tuple[fmpq, fmpq]


class CertificateError(Exception):
    """The certificate is rejected; the message says why."""


class UndecidedError(Exception):
    """The certificate is sound as far as it goes, but leaves something open."""


def require(condition: bool, reason: str) -> None:
    """Reject the certificate unless a condition holds."""
    if not condition:
        raise CertificateError(reason)


def rational(text: object) -> fmpq:
    """A rational written as ``p/q`` or ``p``."""
    require(isinstance(text, str), f"a rational must be a string, not {text!r}")
    parts = str(text).split("/")
    require(len(parts) <= 2 and all(p.lstrip("-").isdigit() for p in parts), f"{text!r} is no rational")
    numbers = [int(p) for p in parts]
    require(len(numbers) == 1 or numbers[1] > 0, f"{text!r} has no positive denominator")
    return fmpq(*numbers)


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
        terms: dict[Monomial, fmpq] = {}
        for term in record:
            exponents = tuple(term["exponents"])
            fine = len(exponents) == size and all(type(e) is int and e >= 0 for e in exponents)
            require(fine and exponents not in terms, f"bad exponents {exponents}")
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
        terms: dict[Monomial, fmpq] = {}
        for m, c in self.terms.items():
            for n, d in self._lift(other).terms.items():
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


def bernstein_floor(poly: Poly, box: Sequence[Side]) -> fmpq:
    """The least Bernstein coefficient of a polynomial on a closed box: a lower bound there.

    Args:
        poly: the polynomial.
        box: one closed interval for each variable.

    Returns:
        A number that the polynomial does not fall below on the box.
    """
    degrees = [max((m[i] for m in poly.terms), default=0) for i in range(poly.size)]
    shifted = dict(poly.terms)
    for axis, (low, high) in enumerate(box):  # x = low + (high - low) u
        moved: dict[Monomial, fmpq] = {}
        for m, c in shifted.items():
            for j in range(m[axis] + 1):
                key = (*m[:axis], j, *m[axis + 1 :])
                share = c * comb(m[axis], j) * low ** (m[axis] - j) * (high - low) ** j
                moved[key] = moved.get(key, fmpq(0)) + share
        shifted = moved
    for axis, degree in enumerate(degrees):
        raised: dict[Monomial, fmpq] = {}
        for m, c in shifted.items():
            for i in range(m[axis], degree + 1):
                key = (*m[:axis], i, *m[axis + 1 :])
                raised[key] = raised.get(key, fmpq(0)) + c * fmpq(comb(i, m[axis]), comb(degree, m[axis]))
        shifted = raised
    return min(shifted.get(key, fmpq(0)) for key in product(*(range(d + 1) for d in degrees)))


def read_box(record: Any, size: int) -> tuple[Side, ...]:
    """A box from the file."""
    require(isinstance(record, list) and len(record) == size, f"a box must have {size} sides")
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
    for cut in sorted({leaf[axis][1] for leaf in inside}):
        if low < cut < high and all(leaf[axis][1] <= cut or leaf[axis][0] >= cut for leaf in inside):
            return cut
    return None


def field(record: Any, name: str, where: str, test: Callable[[Any], bool] = lambda value: True) -> Any:
    """A field of a record, rejected if it is missing or of the wrong kind."""
    require(isinstance(record, dict) and name in record, f"{where} lacks {name}")
    value = record[name]
    require(test(value), f"{where}: bad {name}")
    return value
