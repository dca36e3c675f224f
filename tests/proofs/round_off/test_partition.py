"""Cells, roundings of bounds, and certificates as data."""

from fractions import Fraction

import pytest

from edgestab.proofs.round_off.blocks import program_blocks
from edgestab.proofs.round_off.partition import (
    Cell,
    Split,
    bounds_of,
    cells_of,
    check_magnitudes,
    round_up,
    tree_from_json,
    tree_to_json,
)
from edgestab.proofs.round_off.plan import check_plan, plan_round_off
from edgestab.proofs.round_off.script import Entry, Exit, dyadic, find_gappa, write_script
from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.models.quadratic import main_case

F = Fraction
BOX = {"z": (F(-1, 2), F(1, 4)), "T": (F(7, 5), F(3)), "epsilon": (F(0), F(1, 5))}
needs_gappa = pytest.mark.skipif(find_gappa() is None, reason="gappa is not installed")


def test_numbers_are_rounded_to_the_safe_side() -> None:
    for value in (F(7, 5), F(-1, 3), F(10**30 + 1, 7), F(1, 10**40)):
        low, high = dyadic(value, False), dyadic(value, True)
        assert low <= value <= high
        assert high - low < abs(value) / 2**58
        assert all(x.denominator & (x.denominator - 1) == 0 for x in (low, high))
    assert dyadic(F(0), True) == 0
    assert dyadic(F(3, 8), True) == dyadic(F(3, 8), False) == F(3, 8)
    assert round_up(F(56051, 10**20)) == F(561, 10**18)
    assert round_up(F(561, 10**18)) == F(561, 10**18)


def test_a_tree_survives_its_file() -> None:
    low, high = ({**BOX, "z": ends} for ends in ((F(-1, 2), F(0)), (F(0), F(1, 4))))
    tree = Split(
        "z", F(0), Cell(low, (Exit((), (F(1, 9), F(2)),),)), Cell(high, (Exit((), (F(1), F(1, 3)),),))
    )  # fmt: skip
    data = tree_to_json(tree)
    again = tree_from_json(data, BOX)
    assert again == tree
    assert [cell.box["z"] for cell in cells_of(again)] == [(F(-1, 2), F(0)), (F(0), F(1, 4))]
    assert bounds_of(again) == (F(1), F(2))
    with pytest.raises(ProofError, match="a tree of cells"):
        tree_from_json({"variable": "z", "at": "0", "low": data["low"]}, BOX)


def test_a_range_of_one_point_and_huge_values() -> None:
    blocks = program_blocks(check_plan(main_case(), BOX, "c", 1)[0], 1)
    check_magnitudes(blocks, Cell(BOX, (Exit((), (F(0), F(0))),)))
    huge = {**BOX, "T": (F(0), F(2) ** 999)}
    with pytest.raises(DomainError, match="values below"):
        check_magnitudes(blocks, Cell(huge, (Exit((), (F(0), F(0))),)))


@pytest.mark.parametrize(
    ("box", "target", "steps", "said"),
    [
        (BOX, "jax", 1, "a target among"),
        (BOX, "double-double", 1, "a target among"),
        (BOX, "c", 0, "steps >= 1"),
        ({"z": BOX["z"]}, "c", 1, "ranges of z, T, epsilon"),
        ({**BOX, "z": (F(1), F(0))}, "c", 1, "z_low <= z_high"),
        ({**BOX, "z": (0.0, 0.5)}, "c", 1, "rationals"),
    ],
)
def test_questions_without_sense(box: dict[str, tuple[F, F]], target: str, steps: int, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        check_plan(main_case(), box, target, steps)


def test_other_names_of_a_target() -> None:
    assert check_plan(main_case(), BOX, "numba", 1)[1] == "float64"


def test_the_script_asks_or_states() -> None:
    block = program_blocks(check_plan(main_case(), BOX, "c", 1)[0], 1)[0]
    asked = write_script(block, Entry(BOX, {}))
    assert "error0 in ? /\\" in asked.text
    assert "z in [-1b-1, 1b-2] ->" in asked.text
    assert set(asked.constants.values()) == {F(1, 2), F(2), F(1)}
    stated = write_script(block, Entry(BOX, {}), Exit((), (F(1, 2**50), F(1, 2**48))))
    assert "error0 in [-1b-50, 1b-50]" in stated.text


@needs_gappa
def test_cuts_lower_the_bound() -> None:
    one = plan_round_off(main_case(), BOX, cells=1)
    assert one.bounds == (F(561, 10**18), F(233, 10**17))
    cut = plan_round_off(main_case(), BOX, cells=2)
    assert all(a < b for a, b in zip(cut.bounds, one.bounds, strict=True))
    point = {v: (a, a) for v, (a, _) in BOX.items()}
    assert len(cells_of(plan_round_off(main_case(), point, cells=3).tree)) == 1
