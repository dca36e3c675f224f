"""The table of number types: no operation on lanes errs by more than it says, over many operations made to be hard."""

import random
from fractions import Fraction
from typing import Any

import gmpy2
import mpmath
import numpy as np
import pytest

from edgestab.numeric.codegen.lane_kernels import kernel_of, to_fractions, to_wide
from edgestab.numeric.codegen.program import Op, Program
from edgestab.numeric.codegen.targets.registry import OTHER_NAMES, TARGETS
from edgestab.numeric.number_types import (
    AT_PRECISION,
    EXACT,
    KERNELS,
    NUMBER_TYPES,
    ON_LANES,
    SINGLE,
    FixedPrecision,
    NumberType,
    bits_for,
)
from edgestab.symbolic.algebra.errors import PrecisionError

COUNT = 4000
OPERATIONS = {
    "add": (Op("r", "a", c="b"), lambda a, b, c: a + b, lambda a, b, c: abs(a) + abs(b)),
    "mul": (Op("r", "a", "b"), lambda a, b, c: a * b, lambda a, b, c: abs(a * b)),
    "fma": (Op("r", "a", "b", "c"), lambda a, b, c: a * b + c, lambda a, b, c: abs(a * b) + abs(c)),
    "div": (Op("r", "a", "b", divide=True), lambda a, b, c: a / b, lambda a, b, c: abs(a / b)),
}
CASES = [(name, operation) for name in ON_LANES for operation in OPERATIONS]


def one_operation(operation: str) -> Program:
    names = ("a", "b", "c")
    leave = tuple(Op(f"{n}_out", n) for n in names)
    return Program(operation, "", names, (), names, (), (), (OPERATIONS[operation][0],), ("r", "b", "c"), leave, names)


def hard_number(rng: random.Random, terms: int) -> Fraction:
    """A number of so many doubles: full, sparse, or with terms at the ends of their range, of any sign."""
    value, exponent = Fraction(0), 0
    for _ in range(terms):
        mantissa = rng.choice((rng.random() + 1, 1.0, 2 - 2.0**-52, 1 + 2.0**-52, 1 + 2.0 ** -rng.randrange(1, 52)))
        value += rng.choice((1, -1)) * Fraction(mantissa) * Fraction(2) ** exponent
        exponent -= rng.choice((53, 54, 54, 55, 70))
    return value * Fraction(2) ** rng.randrange(-8, 8)


def hard_triples(kind: NumberType, seed: int) -> list[tuple[Fraction, Fraction, Fraction]]:
    """Operands exact in the type; half of all sums nearly cancel, as do the cross terms of some products."""
    rng = random.Random(seed)

    def held(x: Fraction) -> Fraction:
        return to_fractions(to_wide([x], kind.terms))[0]

    triples = []
    for k in range(COUNT):
        a, b, c = (held(hard_number(rng, kind.terms)) for _ in range(3))
        if k % 2:
            near = Fraction(2) ** -rng.randrange(1, 53 * kind.terms)
            b, c = held(-a * (1 + near)), held(a * b * (near - 1))
        if k % 8 == 0:
            top = Fraction(float(a))
            b = held(2 * top - a)  # the terms of first order of a * b cancel
        triples.append((a, b or Fraction(1), c))
    return triples


def worst_share(name: str, operation: str, bound: Fraction) -> Fraction:
    """The largest error of an operation over hard operands, as a share of a bound."""
    kind = NUMBER_TYPES[name]
    triples = hard_triples(kind, seed=len(operation) + kind.terms)
    columns = [to_wide([t[i] for t in triples], kind.terms) for i in range(3)]
    kernel = kernel_of(one_operation(operation), name)
    got = to_fractions(kernel.advance(np.stack(columns), np.zeros((0, *columns[0].shape)), 1)[0])
    _, exact, size = OPERATIONS[operation]
    return max(abs(r - exact(*t)) / (bound * size(*t)) for r, t in zip(got, triples, strict=True))


@pytest.mark.parametrize(("name", "operation"), CASES)
def test_no_operation_errs_by_more_than_its_bound(name: str, operation: str) -> None:
    bound = NUMBER_TYPES[name].bounds[operation]
    worst = worst_share(name, operation, bound)
    assert worst <= 1
    # nor is the bound so wide that it would hide a wrong algorithm: two bits for doubles, a few more for what adds up
    assert worst >= Fraction(1, {1: 2, 2: 8, 4: 256}[NUMBER_TYPES[name].terms])


def test_the_unit_roundoff_is_the_least_power_of_two_above_all_bounds() -> None:
    for name in ON_LANES:
        kind = NUMBER_TYPES[name]
        unit, widest = kind.unit_roundoff(), max(kind.bounds.values())
        assert unit.numerator == 1
        assert unit.denominator & (unit.denominator - 1) == 0
        assert unit / 2 < widest <= unit
        assert kind.unit_roundoff(1000) == unit
        # it leaves the digits that the type claims
        assert kind.digits is not None
        assert unit < Fraction(1, 10 ** (kind.digits - 1))


@pytest.mark.parametrize("name", AT_PRECISION)
@pytest.mark.parametrize("bits", [53, 200])
def test_numbers_at_a_precision_round_within_it(name: str, bits: int) -> None:
    kind: FixedPrecision = AT_PRECISION[name](bits)
    unit = NUMBER_TYPES[name].unit_roundoff(bits)
    assert unit == Fraction(1, 2**bits)
    rng = random.Random(bits)
    worst = Fraction(0)
    for _ in range(500):
        held = [kind.constant(hard_number(rng, 4)) for _ in range(3)]
        a, b, c = (Fraction(kind.fraction(x) or 0) for x in held)
        got = {
            "add": kind.add(held[0], held[1]),
            "mul": kind.mul(held[0], held[1]),
            "fma": kind.fma(*held),
            "div": kind.div(held[0], held[1]),
        }
        for operation, value in got.items():
            _, exact, size = OPERATIONS[operation]
            true = Fraction(kind.fraction(value) or 0)
            # a fused operation by operators rounds its product too
            roundings = 2 if operation == "fma" else 1
            share = abs(true - exact(a, b, c)) / (roundings * unit * size(a, b, c))
            assert share <= 1
            worst = max(worst, share)
        assert kind.fraction(kind.neg(held[0])) == -a
        assert kind.fraction(kind.magnitude(held[0])) == abs(a)
    assert worst > Fraction(1, 2)
    assert kind.fraction(kind.div(kind.constant(Fraction(1)), kind.constant(Fraction(3)))) != Fraction(1, 3)


@pytest.mark.parametrize(("name", "infinity"), [("mpfr", gmpy2.mpfr("inf")), ("mpmath", mpmath.inf)])
def test_infinity_is_no_rational(name: str, infinity: Any) -> None:
    kind = AT_PRECISION[name](60)
    huge = kind.constant(Fraction(10) ** (10**6))
    assert kind.fraction(kind.mul(huge, huge)) is not None
    assert kind.fraction(kind.add(huge, infinity)) is None


def test_a_precision_that_is_chosen_has_to_be_said() -> None:
    with pytest.raises(PrecisionError, match="the bits of mpfr"):
        NUMBER_TYPES["mpfr"].unit_roundoff()
    assert NUMBER_TYPES["fraction"].unit_roundoff() == 0
    assert bits_for(30, 0) == 100


def test_one_spelling_everywhere() -> None:
    """What compile_map, codegen and simulate know are rows of the table, and every row can be generated."""
    assert set(NUMBER_TYPES) <= set(TARGETS)
    assert set(OTHER_NAMES.values()) <= set(TARGETS)
    assert set(KERNELS) - {"auto"} <= set(NUMBER_TYPES)
    assert set(SINGLE) | set(ON_LANES) == set(NUMBER_TYPES)


def test_every_single_type_does_exact_arithmetic_on_small_integers() -> None:
    for name in SINGLE:
        make = NUMBER_TYPES[name].arithmetic
        assert make is not None
        kind = make(60)
        two, three = kind.constant(Fraction(2)), kind.constant(Fraction(3))
        assert kind.add(kind.fma(two, three, kind.neg(two)), kind.div(kind.mul(two, three), two)) == 7
    assert EXACT.div(Fraction(1), Fraction(3)) == Fraction(1, 3)
