"""``edgestab model``, LaTeX output and logs on the command line."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
ZHU = ("--loss", "(1 - x*y*z*w)^2/2", "--parameters", "x,y,z,w", "--tie", "z=x,w=y")
EDGE = ("--reduce", "p=x*y,q=x^2+y^2", "--at", "p=1")


def test_degree_four_from_its_loss(edgestab: Run) -> None:
    ran = edgestab("model", *ZHU, *EDGE, "--format", "json")
    assert ran.code == 0, ran.err
    content = json.loads(ran.out)
    assert content["concentrates"] is True
    assert content["limit"] == {"variable": "epsilon", "coefficients": ["2", "-1/2", "129/32", "-2483/128"]}
    assert content["edge_form"]["small"] == {"name": "epsilon", "meaning": "eta**2"}
    text = edgestab("model", *ZHU, *EDGE)
    assert "lambda_infinity = 2/eta - eta/2 + 129*eta**3/32" in text.out
    assert "every hypothesis holds" in text.out


def test_a_model_that_does_not_fit_says_where(edgestab: Run) -> None:
    ran = edgestab("model", "--loss", "(1-x*y)^2/2", "--parameters", "x,y", *EDGE)
    assert ran.code == 0
    assert "stops at 'relaxation': FALSE" in ran.out
    assert "H = y**2/2 + epsilon*z**2" in ran.out


def test_plain_map_and_point(edgestab: Run) -> None:
    ran = edgestab("model", "--loss", "x*y", "--parameters", "x,y")
    assert ran.code == 0
    assert "x(t+1) = x - eta*y" in ran.out
    ran = edgestab("model", "--loss", "x^2*(2 + y)/2 - y", "--parameters", "x,y", "--at", "x=0,y=1")
    assert "alpha = 1" in ran.out
    ran = edgestab(
        "model", "--loss", "tanh(x)^2*(2+y)/2 - y", "--parameters", "x,y", "--at", "x=0,y=1", "--taylor", "3"
    )
    assert "eta_edge = 2/3" in ran.out
    ran = edgestab("model", "--loss", "k*(1-x*y)^2/2", "--parameters", "x,y", "--set", "k=2", *EDGE[:2])
    assert "Proved equal" in ran.out


@pytest.mark.parametrize("form", ["text", "latex", "json"])
def test_explain(edgestab: Run, form: str) -> None:
    for command in (
        ("derive", "two-step"),
        ("derive", "limit"),
        ("model", "--loss", "(1-x*y)^2/2", "--parameters", "x,y", *EDGE),
    ):
        ran = edgestab(*command, "--explain", "--format", form)
        assert ran.code == 0, ran.err
        assert "checked" in ran.out


def test_examples(edgestab: Run) -> None:
    ran = edgestab("model", "--example", "lewkowycz")
    assert "stops at 'small parameter': FALSE" in ran.out
    for wrong, message in (
        (("--example", "zuh"), "one of zhu"),
        (("--example", "zhu", "--loss", "x"), "beside it"),
        ((), "--loss and"),
    ):
        ran = edgestab("model", *wrong)
        assert ran.code == 2
        assert message in ran.err


BAD = {
    "__import__('os')": "names start with a letter",
    "x" * 10**5: "at most 10000 characters",
    "9^9^9*x": "exponents",
    "x.y": "attribute access",
    "(" * 3000 + "x": "nesting",
    "sin(x)": "polynomial",
    "x*": "end of formula",
}


@pytest.mark.parametrize("loss", BAD, ids=lambda s: s[:12])
def test_bad_losses_are_one_line_and_quick(edgestab: Run, loss: str) -> None:
    start = time.perf_counter()
    ran = edgestab("model", "--loss", loss, "--parameters", "x")
    assert ran.code == 2
    assert BAD[loss] in ran.err
    assert ran.err.startswith("DomainError: ")
    assert ran.err.strip().count("\n") == 0
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("loss", ["(x+y)^60", "(1+x+y+x*y)^20", "(1-x^9*y^9)^2/2"])
def test_large_losses_end_at_once(edgestab: Run, loss: str) -> None:
    start = time.perf_counter()
    ran = edgestab("model", "--loss", loss, "--parameters", "x,y")
    assert ran.code == 0
    assert "not composed" in ran.out
    if loss.startswith("(1-"):
        ran = edgestab("model", "--loss", loss, "--parameters", "x,y", *EDGE)
        assert ran.code == 2
        assert "Lower the degree" in ran.err
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (("--tie", "y=x"), "keeps y = x"),
        (("--reduce", "p=x*y"), "closes"),
        (("--reduce", "p"), "name=formula"),
        (("--reduce", "p=x*y,p=x"), "each name once"),
        (("--reduce", "p=x*y,q=x^2+y^2", "--at", "k=1"), "at the minima"),
        (("--at", "x=1"), "a value for each"),
        (("--set", "k=1"), "constants of the loss"),
        (("--explain",), "--reduce and --at"),
        (("--width", "50"), "--format latex"),
        ((*EDGE, "--order", "99"), "order in 2..30"),
    ],
)
def test_bad_options_are_one_line(edgestab: Run, extra: tuple[str, ...], message: str) -> None:
    ran = edgestab("model", "--loss", "(1-x*y)^2/2 + x*0.5", "--parameters", "x,y", *extra)
    if message in ("closes", "at the minima", "order in 2..30"):
        ran = edgestab("model", "--loss", "(1-x*y)^2/2", "--parameters", "x,y", *extra)
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.strip().count("\n") == 0


def test_latex_document_and_renames(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "page.tex"
    ran = edgestab("derive", "two-step", "--format", "latex", "--document", "--names", r"T=\lambda", "-o", str(path))
    assert ran.code == 0, ran.err
    text = path.read_text(encoding="utf-8")
    assert text.startswith(r"\documentclass")
    assert edgestab("derive", "two-step", "--format", "latex", "-o", str(path)).code == 2
    ran = edgestab("derive", "two-step", "--format", "latex", "--label", "eq:two", "--width", "60", "--names", "z=f")
    assert r"\label{eq:two-z}" in ran.out
    assert r"\tilde z" not in ran.out
    ran = edgestab("model", *ZHU, *EDGE, "--format", "latex", "--document")
    assert r"\end{document}" in ran.out
