"""Polynomials divided by powers of one polynomial: fast exact arithmetic where ``1 - z`` is the only pole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import fmpq, fmpq_mpoly

from .errors import ProofError
from .rings import PolyRing, poly_terms


class Localisation:
    """The ring ``Q[symbols][1 / pole]``.

    Args:
        ring: the polynomial ring.
        pole: a polynomial of it.
    """

    def __init__(self, ring: PolyRing, pole: fmpq_mpoly) -> None:
        self.ring = ring
        self.pole = pole

    def element(self, polynomial: fmpq_mpoly, power: int = 0) -> Local:
        """``polynomial / pole**power``."""
        return Local(self, polynomial, power)

    def constant(self, value: object) -> Local:
        """A rational."""
        return Local(self, self.ring.constant(value), 0)

    def evaluate(self, polynomial: fmpq_mpoly, images: Sequence[Local]) -> Local:
        """A polynomial of another ring at elements of this one.

        Args:
            polynomial: with as many variables as images.
            images: what each variable becomes.

        Returns:
            The value, reduced.
        """
        powers: list[list[Local]] = [[self.constant(1), image] for image in images]
        total = self.constant(0)
        for exponents, coefficient in poly_terms(polynomial).items():
            term = self.constant(coefficient)
            for index, exponent in enumerate(exponents):
                while len(powers[index]) <= exponent:
                    powers[index].append((powers[index][-1] * images[index]).reduced())
                if exponent:
                    term = term * powers[index][exponent]
            total = total + term
        return total.reduced()


class Local:
    """One element, ``numerator / pole**power``."""

    def __init__(self, home: Localisation, numerator: fmpq_mpoly, power: int) -> None:
        self.home = home
        self.numerator = numerator
        self.power = power

    def _lift(self, other: Local | fmpq | int) -> Local:
        return other if isinstance(other, Local) else self.home.constant(other)

    def __add__(self, other: Local | fmpq | int) -> Local:
        right = self._lift(other)
        power = max(self.power, right.power)
        left_top = self.numerator * self.home.pole ** (power - self.power)
        return Local(self.home, left_top + right.numerator * self.home.pole ** (power - right.power), power)

    __radd__ = __add__

    def __neg__(self) -> Local:
        return Local(self.home, -self.numerator, self.power)

    def __sub__(self, other: Local | fmpq | int) -> Local:
        return self + (-self._lift(other))

    def __rsub__(self, other: Local | fmpq | int) -> Local:
        return self._lift(other) - self

    def __mul__(self, other: Local | fmpq | int) -> Local:
        right = self._lift(other)
        return Local(self.home, self.numerator * right.numerator, self.power + right.power)

    __rmul__ = __mul__

    def __pow__(self, power: int) -> Local:
        return Local(self.home, self.numerator**power, self.power * power)

    def reduced(self) -> Local:
        """The same element with the least power of the pole below."""
        top, power = self.numerator, self.power
        while power:
            quotient, remainder = divmod(top, self.home.pole)
            if not remainder.is_zero():
                break
            top, power = quotient, power - 1
        return Local(self.home, top, power)

    def divide_exactly(self, divisor: fmpq_mpoly, where: str) -> Local:
        """Divide by a polynomial that must divide the numerator.

        Args:
            divisor: a polynomial prime to the pole.
            where: who asks, for the message.

        Returns:
            The quotient.

        Raises:
            ProofError: a remainder is left.
        """
        slim = self.reduced()
        quotient, remainder = divmod(slim.numerator, divisor)
        if not remainder.is_zero():
            raise ProofError.of(where, f"a multiple of {divisor}", f"{len(remainder.to_dict())} terms left", "Mind it.")
        return Local(self.home, quotient, slim.power)

    def over(self, divisor: Local, where: str) -> Local:
        """Divide by an element whose numerator must divide this one's."""
        top = self.divide_exactly(divisor.numerator, where)
        gap = top.power - divisor.power
        if gap >= 0:
            return Local(self.home, top.numerator, gap)
        return Local(self.home, top.numerator * self.home.pole ** (-gap), 0)

    def is_zero(self) -> bool:
        """Whether the element is 0."""
        return bool(self.numerator.is_zero())

    def with_terms(self, terms: Mapping[tuple[int, ...], fmpq]) -> Local:
        """An element with other terms above the same power of the pole."""
        return Local(self.home, self.home.ring.from_dict(terms), self.power)
