"""Optimisers on the command line: what is printed, generated and refused; and the page's table."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import edgestab as es
from edgestab.cli.optimisers import FILTER, TAKES
from edgestab.symbolic.optimisers.optimiser import NAMED
from edgestab.symbolic.optimisers.piecewise import PIECEWISE

Run = Callable[..., Any]
PAGE = Path(__file__).parents[2] / "docs" / "optimisers.md"


def test_names_and_their_options_are_those_of_the_package() -> None:
    assert set(TAKES) == {*NAMED, *PIECEWISE, FILTER}
    for name, make in NAMED.items():
        assert [s.name for s in make().parameters] == [TAKES[name]] * bool(TAKES[name])


@pytest.mark.parametrize("name", sorted(NAMED))
def test_golden_edges(edgestab: Run, golden: Any, name: str) -> None:
    ran = edgestab("derive", "edge", "--optimiser", name, "--format", "latex")
    assert ran.code == 0
    golden(f"latex/edge-{name}.tex", ran.out)


@pytest.mark.parametrize("name", ["heavy-ball", "weight-decay"])
def test_golden_maps(edgestab: Run, golden: Any, name: str) -> None:
    golden(f"latex/one-step-{name}.tex", edgestab("derive", "one-step", "--optimiser", name, "--format", "latex").out)


@pytest.mark.parametrize(("what", "name", "order"), [("limit", "heavy-ball", "2"), ("two-step", "nesterov", "1")])
def test_golden_series(edgestab: Run, golden: Any, what: str, name: str, order: str) -> None:
    ran = edgestab("derive", what, "--optimiser", name, "--order", order, "--format", "latex")
    golden(f"latex/{what}-{name}.tex", ran.out)


def test_an_escape_is_shown(edgestab: Run, golden: Any) -> None:
    golden(
        "latex/edge-running-mean.tex", edgestab("derive", "edge", "--filter", "1/3,1/3,1/3", "--format", "latex").out
    )
    shown = json.loads(edgestab("derive", "edge", "--filter", "1/3,1/3,1/3", "--format", "json").out)
    assert (shown["curvature"], shown["multiplier"]["angle"], shown["flip_curvature"]) == ("3/2", "pi/3", "6")


@pytest.mark.parametrize(("name", "operations"), [("heavy-ball", 11), ("nesterov", 13)])
def test_golden_kernels(edgestab: Run, golden: Any, name: str, operations: int) -> None:
    listing = edgestab("codegen", "one-step", "--optimiser", name, "--listing").out
    assert f"{operations} FMA-class operations" in listing
    ran = edgestab("codegen", "one-step", "--optimiser", name, "--target", "c")
    golden(f"codegen/one_step_{name.replace('-', '_')}.c.txt", ran.out)


def test_the_generated_kernel_is_the_step() -> None:
    """Floats of the kernel against the algorithm as it is written in books."""
    model = es.QuadraticModel((1, -es.symbol("epsilon")), optimiser=es.optimisers.nesterov())
    kernel = es.compile_map(model.query_step(), "fraction")
    (y1, y2, v1, v2), (e, b) = (0.5, -1.0, 0.25, 0.125), (0.25, 0.5)
    z = (y1 * y1 - e * y2 * y2) / 2
    new = (b * v1 - z * y1, b * v2 + e * z * y2)
    points = tuple(y - b * v + (1 + b) * n for y, v, n in zip((y1, y2), (v1, v2), new, strict=True))
    assert [float(x) for x in kernel.step((y1, y2, v1, v2), (e, b))] == [*points, *new]


def test_a_map_under_an_optimiser(edgestab: Run) -> None:
    plain = json.loads(edgestab("derive", "one-step", "--format", "json").out)
    decayed = json.loads(
        edgestab("derive", "one-step", "--optimiser", "weight-decay", "--gamma", "0", "--format", "json").out
    )
    assert plain["components"] == decayed["components"]
    assert "f_11" in edgestab("derive", "one-step", "--optimiser", "nesterov", "--beta", "1/2").out


def test_simulation_under_an_optimiser(edgestab: Run) -> None:
    common = ("simulate", "--epsilon", "1/50", "--z", "1/10", "--T", "5/2", "--kernel", "mpfr", "--digits", "20")
    plain, still = (
        json.loads(edgestab(*common, *more, "--json", "-").out)
        for more in ((), ("--optimiser", "averaged-gradient", "--beta", "0"))
    )
    assert (plain["T"], plain["steps"]) == (still["T"], still["steps"])
    ball = json.loads(edgestab(*common, "--optimiser", "heavy-ball", "--beta", "1/4", "--json", "-").out)
    assert ball["edge"] == "5/2"
    # the twin: the algorithm in floats from weights with this z and T, at rest
    w2 = (5 / 2 - 2 / 10) / (1 / 50 + 1 / 2500)
    x, q = [(2 / 10 + w2 / 50) ** 0.5, w2**0.5], (1, -1 / 50)
    v = [0.0, 0.0]
    for _ in range(ball["steps"]):
        z = sum(a * b * b for a, b in zip(q, x, strict=True)) / 2
        v = [c / 4 - z * a * b for a, b, c in zip(q, x, v, strict=True)]
        x = [b + c for b, c in zip(x, v, strict=True)]
    assert sum(a * a * b * b for a, b in zip(q, x, strict=True)) == pytest.approx(float(ball["T"]), rel=1e-9)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("derive edge --optimiser heavy-ball --beta 1", "expected a number in"),
        ("derive edge --optimiser heavy-ball --beta -1/2", "expected a number in"),
        ("derive edge --beta 1/2", "--optimiser beside it"),
        ("derive edge --optimiser sam --beta 1/2", "--rho for sam"),
        ("derive edge --optimiser filter", "--filter alone"),
        ("derive edge --optimiser sam --filter 1,1", "--filter alone"),
        ("derive edge --filter 1,-1", "never moves"),
        ("derive edge --filter=-1", "No step of it is stable"),
        ("derive edge --optimiser normalised-descent", "no linear edge"),
        ("derive nullcline --optimiser nesterov", "expected gradient descent; got nesterov"),
        ("derive nullcline --optimiser heavy-ball", "expected gradient descent; got heavy-ball"),
        ("sweep --epsilon 1/50 --z 0.1 --T 2 --optimiser nesterov", "expected gradient descent"),
        ("simulate --epsilon 1/50 --z 0.1 --T 2 --optimiser nesterov", "a number for beta"),
        ("simulate --epsilon 1/50 --z 0.1 --T 2 --optimiser weight-decay --gamma 1/9", "keeps minima"),
        ("simulate --epsilon 1/50 --z 0.1 --T 2 --kernel arb --optimiser sam --rho 1", "Balls follow"),
        (
            "model --loss (1-x*y)^2/2 --parameters x,y --at x=1,y=1 --optimiser sam",
            "expected gradient descent; got sam",
        ),
    ],
)
def test_what_is_refused(edgestab: Run, words: str, says: str) -> None:
    ran = edgestab(*words.split())
    assert ran.code == 2
    assert says in ran.err


def test_the_table_of_the_page() -> None:
    """Each edge in the table, and each first coefficient of the final sharpness, is the derived one."""
    rows = [
        [c.strip() for c in line.strip("|").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    head = rows[0]
    names, edges = head.index("optimiser"), head.index("edge")
    table = {re.sub("`", "", row[names]): re.sub("`", "", row[edges]) for row in rows[2:]}
    ends = {re.sub("`", "", row[names]): re.sub("`", "", row[edges + 1]) for row in rows[2:]}
    for name, make in NAMED.items():
        if make().keeps_minima:
            assert ends[name] == str(es.optimisers.derive_limit(make(), 1).coefficients[1]), name
        assert table[name] == str(es.optimisers.derive_edge(make()).curvature), name
    for name in PIECEWISE:
        assert table[name] == "none"


@pytest.mark.parametrize("option", ["--beta", "--filter"])
def test_a_number_of_an_optimiser_is_never_run_as_code(edgestab: Run, option: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    name = () if option == "--filter" else ("--optimiser", "heavy-ball")
    ran = edgestab("derive", "edge", *name, option, f"__import__('pathlib').Path({str(made)!r}).touch()")
    assert ran.code == 2
    assert "an exact number" in ran.err
    assert not made.exists()
