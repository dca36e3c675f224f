"""Programs cut into blocks: each error is the weighted sum of the roundings, and no operation is lost."""

import operator
import random
from dataclasses import replace
from fractions import Fraction

import pytest

from edgestab.numeric.codegen.program import Op
from edgestab.numeric.codegen.scheduling import program_for
from edgestab.proofs.round_off.blocks import Block, exact_name, program_blocks, rounded_once
from edgestab.proofs.round_off.terms import Term, coq, gappa, name, number
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.quadratic import main_case

SIGNS = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}


def evaluate(term: Term, values: dict[str, Fraction]) -> Fraction:
    if term.kind == "name":
        return values[str(term.value)]
    if term.kind == "number":
        return Fraction(term.value)
    parts = [evaluate(part, values) for part in term.parts]
    return -parts[0] if term.kind == "neg" else SIGNS[term.kind](*parts)


def blocks(passes: int) -> tuple[Block, ...]:
    return program_blocks(program_for(main_case()), passes)


def test_each_error_is_the_weighted_sum_whatever_the_roundings_are() -> None:
    rng = random.Random(7)
    for block in blocks(3):
        # every computed value is arbitrary: the identity is one of polynomials
        values = {r.result: Fraction(rng.randint(-99, 99), 7) for r in block.roundings}
        for v in (*block.inputs, *block.parameters):
            values[v] = Fraction(rng.randint(-99, 99), 7)
            values.setdefault(exact_name(v), Fraction(rng.randint(-99, 99), 7))
        for r in block.roundings:
            values[exact_name(r.result)] = evaluate(r.exact, values)
        for spread in block.spreads:
            for weight, term in spread.weights:
                values[weight] = evaluate(term, values)
            off = evaluate(spread.computed, values) - evaluate(spread.exact, values)
            assert off == evaluate(spread.error, values) != 0
            changed = replace(spread.error, parts=(spread.error.parts[0], -spread.error.parts[1]))
            assert off != evaluate(changed, values)


def test_factors_taken_out_change_nothing() -> None:
    rng = random.Random(8)
    block = blocks(2)[1]
    names = [v for r in block.roundings for v in (r.result, exact_name(r.result))]
    names += [v for i in (*block.inputs, *block.parameters) for v in (i, exact_name(i))]
    values = {v: Fraction(rng.randint(-99, 99), 5) for v in names}
    pairs = [p for r in block.roundings for p in zip((r.computed, r.exact), r.factored, strict=False)]
    assert len(pairs) == 6
    assert all(evaluate(a, values) == evaluate(b, values) and a != b for a, b in pairs)


def test_every_operation_is_rounded_once() -> None:
    program = program_for(main_case())
    assert [len(b.roundings) for b in blocks(2)] == [10, 10]
    both = [op for op in program_for(main_case(), 2).body if op.kind != "move"]
    assert len(both) == 2 * len(program.body)
    signs = [(op.kind, op.sign, op.c_sign) for op in both]
    assert signs == 2 * [(op.kind, op.sign, op.c_sign) for op in program.body]


def test_what_has_no_such_sum_is_refused() -> None:
    with pytest.raises(DomainError, match="without divisions"):
        rounded_once([Op("q", "a", "b", divide=True)])
    with pytest.raises(DomainError, match="constants that are doubles"):
        rounded_once([Op("q", "a", Fraction(1, 3))])


def test_both_languages_print_one_tree() -> None:
    term = (name("a") + -name("b")) * number(Fraction(-1, 2)) - number(3)
    constants: dict[Fraction, str] = {}
    assert gappa(term, constants) == "(((a + (-b)) * c1) - c2)"
    assert constants == {Fraction(-1, 2): "c1", Fraction(3): "c2"}
    assert coq(term) == "(((a + (- b)) * (- 1 / 2)) - 3)"
