"""``edgestab model``, LaTeX output and logs on the command line."""

import json
import os
import re
import signal
import subprocess
import sys
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
    assert ran.code == 1
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
        assert ran.code == (command[0] == "model"), ran.err
        assert "checked" in ran.out


def test_explain_at_a_point_of_several_parameters(edgestab: Run) -> None:
    loss = ("model", "--loss", "(1-x*y)^2/2", "--parameters", "x,y")
    ran = edgestab(*loss, "--at", "x=2,y=1", "--explain")
    assert ran.code == 1, ran.err
    # sqrt(5) all over: every number of the point is put in and compared
    assert "4 of 7 steps checked" in ran.out
    assert "alpha = 13/5 - sqrt(5)" in ran.out
    ran = edgestab(*loss, "--reduce", "p=x*y,q=x^2+y^2", "--explain")
    assert (ran.code, "2 of 5 steps checked" in ran.out) == (0, True)
    golden = ("--at", "x=(sqrt(5)-1)/2", "--explain")
    ran = edgestab("model", "--loss", "x^4/4 + x^3/3 - x^2/2", "--parameters", "x", *golden)
    assert "the coefficient of two steps is -2 c" in ran.out, ran.err


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


SLOW = ("--loss", "(1-x^7*y^7)^2/2", "--parameters", "x,y", *EDGE)
"""Its two-step map has nearly as many terms as are allowed: five seconds or more."""


def test_the_time_limit_keeps_what_was_derived(edgestab: Run) -> None:
    start = time.perf_counter()
    ran = edgestab("model", *SLOW, "--seconds", "2")
    assert time.perf_counter() - start < 20
    assert ran.code == 3
    assert "p(t+1) = p + 7*eta*p**6*q" in ran.out
    assert "TRUE    line of minima" in ran.out
    assert "UNKNOWN relaxation" in ran.out
    assert "UNKNOWN: cut short at the step 'leading terms of two steps'" in ran.out
    assert ran.err.startswith("cut short after 2 s (--seconds) at the step 'leading terms of two steps'")
    content = json.loads(edgestab("model", *SLOW, "--seconds", "2", "--format", "json").out)
    assert (content["interrupted"], content["stopped_at"]) == (True, "leading terms of two steps")
    assert content["verdict"] == "UNKNOWN"
    assert content["edge_form"]["small"] == {"name": "epsilon", "meaning": "eta**2"}
    assert [h["verdict"] for h in content["hypotheses"]] == ["TRUE"] * 5 + ["UNKNOWN"] * 5


def test_what_is_cut_before_the_first_step_says_so(edgestab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(*_: object) -> None:
        time.sleep(30)

    monkeypatch.setattr("edgestab.symbolic.models.own_loss.gradient.taylor_expansion", wait)
    options = ("--loss", "cos(x)*y", "--parameters", "x,y", "--at", "x=0,y=1", "--taylor", "3", "--seconds", "1")
    ran = edgestab("model", *options)
    assert (ran.code, ran.out) == (3, "")
    assert "at the step 'Taylor expansion'" in ran.err
    content = json.loads(edgestab("model", *options, "--format", "json").out)
    assert content == {"verdict": "UNKNOWN", "interrupted": True, "stopped_at": "Taylor expansion"}


def test_a_point_that_is_cut_keeps_the_gradient_step(edgestab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(*_: object) -> None:
        time.sleep(30)

    monkeypatch.setattr("edgestab.symbolic.models.own_loss.descent.derive_edge_point", wait)
    ran = edgestab("model", "--loss", "x^2*(2+y)/2-y", "--parameters", "x,y", "--at", "x=0,y=1", "--seconds", "1")
    assert ran.code == 3
    assert "x(t+1) = " in ran.out
    assert "cut short at the step 'data at the point'" in ran.out


def test_a_long_derivation_says_what_it_is_at(edgestab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgestab.cli.time_limit.PATIENCE", 1)
    # the limit lies far beyond: a signal waits for the end of a long multiplication
    ran = edgestab("model", *SLOW, "--seconds", "60")
    assert re.match(r"still at the step '[a-z -]+'; it ends in \d+ s \(--seconds\), or with Ctrl-C", ran.err)
    assert ran.code == 0


@pytest.mark.filterwarnings("ignore:os.fork")  # another program takes the child's place at once
def test_ctrl_c_keeps_what_was_derived() -> None:
    patient = "from edgestab.cli import main, time_limit as t; t.PATIENCE = 2; main()"
    command = [sys.executable, "-c", patient, "model", *SLOW, "--format", "json"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        # a shell's background jobs ignore interrupts, and so do all that they start
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("still at the step 'leading terms of two steps'")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "cut short by Ctrl-C at the step" in err
    content = json.loads(out)
    assert content["stopped_at"] == "leading terms of two steps"
    assert content["reduced"]["p"].startswith("49*eta**2*p**27")


@pytest.mark.parametrize(
    "options",
    [
        ("((x*y)^2+1)^2/4", "x,y", "--reduce", "p=x*y,q=x^2+y^2", "--at", "p=0"),
        ("log(1+exp(-x*y))", "x,y", "--at", "x=1,y=1", "--taylor", "4"),
        pytest.param(("(a*tanh(b)-1)^2/2", "a,b", "--at", "a=2,b=1", "--taylor", "3"), marks=pytest.mark.thorough),
    ],
    ids=lambda options: options[0],
)
def test_losses_that_once_hung_end_within_their_limit(edgestab: Run, options: tuple[str, ...]) -> None:
    start = time.perf_counter()
    ran = edgestab("model", "--loss", options[0], "--parameters", *options[1:], "--seconds", "20")
    assert time.perf_counter() - start < 30
    assert ran.code in (0, 1, 2, 3)
    assert ran.out or ran.err.startswith("DomainError: ")


def test_exit_codes_are_those_of_verify(edgestab: Run) -> None:
    flat = ("model", "--loss", "(1-x*y)^2/2", "--parameters", "x,y", "--at", "p=1", "--reduce")
    assert edgestab("model", *ZHU, *EDGE).code == 0
    assert edgestab(*flat, "p=x*y,q=x^2+y^2").code == 1
    assert edgestab(*flat, "p=x*y,q=x^2").code == 3
    assert edgestab(*flat, "p=x*y,q=x^2", "--exit-zero").code == 0
    assert edgestab(*flat, "p").code == 2
    help_text = " ".join(edgestab("model", "--help").out.split())
    assert "1 when one is FALSE, 3 when one is UNKNOWN" in help_text


def test_relu_holds_on_one_side_of_its_kink(edgestab: Run) -> None:
    options = ("model", "--loss", "(relu(x)*y-1)^2/2", "--parameters", "x,y")
    ran = edgestab(*options, "--at", "x=2,y=1/2")
    assert "everything below holds where x > 0" in " ".join(ran.out.split())
    plain = edgestab("model", "--loss", "(x*y-1)^2/2", "--parameters", "x,y", "--at", "x=2,y=1/2")
    assert ran.out.partition("Gradient step")[2] == plain.out.partition("Gradient step")[2]
    ran = edgestab(*options, "--at", "x=2,y=1/2", "--format", "json")
    assert json.loads(ran.out)["holds_where"] == ["x > 0"]
    for extra, message in (
        (("--at", "x=0,y=1"), "relu(x), whose side is neither: it is 0 there. Choose a point off the kink"),
        ((), "relu, which is linear on either side of its kink"),
        (("--reduce", "p=x*y,q=x^2+y^2", "--at", "p=1"), "--at with a value for each parameter"),
    ):
        ran = edgestab(*options, *extra)
        assert ran.code == 2
        assert message in ran.err
    ran = edgestab("model", "--loss", "(relu(-x)+x^2-1)^2", "--parameters", "x", "--at", "x=1")
    assert "holds where x > 0" in " ".join(ran.out.split())
    ran = edgestab("model", "--loss", "(relu(x*y)-y)^2/2 + x^2", "--parameters", "x,y", "--at", "x=1,y=-1")
    assert "holds where -x*y > 0" in " ".join(ran.out.split())


def test_one_parameter(edgestab: Run) -> None:
    ran = edgestab("model", "--loss", "x^2/2 + x^4/24", "--parameters", "x", "--at", "x=0")
    assert ran.code == 1
    assert "c = -1/3" in ran.out
    assert "Subcritical" in ran.out
    ran = edgestab(
        "model", "--loss", "1-cos(x)", "--parameters", "x", "--at", "x=0", "--taylor", "6", "--format", "json"
    )
    assert ran.code == 0
    assert json.loads(ran.out)["coefficient"] == "1/3"
    for options, message in (
        (("--at", "p=0", "--reduce", "p=x,q=x^2"), "--at x=.. without --reduce"),
        (("--at", "x=0", "--taylor", "3"), "degree 4 or more"),
    ):
        ran = edgestab("model", "--loss", "x^2/2 + x^4/24", "--parameters", "x", *options)
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
        (("--explain",), "--reduce or --at"),
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


def test_reduction_at_a_minimum(edgestab: Run) -> None:
    at = ("--parameters", "x,y,z,w", "--tie", "z=x,w=y", "--at", "x=5,y=1/5", "--normal-form")
    ran = edgestab("model", "--loss", "(1 - x*y*z*w)^2/2", *at, "--compare", "--format", "json")
    assert ran.code == 0, ran.err
    content = json.loads(ran.out)
    assert content["first_lyapunov_coefficient"] == "77151564688/766607425"
    assert (content["null_directions"], content["criticality"], content["exact"]) == (3, "supercritical", True)
    assert content["descent"]["verdict"] == "TRUE"
    same = edgestab("model", "--example", "zhu", "--at", "x=5,y=1/5", "--normal-form", "--format", "json")
    assert json.loads(same.out)["kappa"] == content["kappa"]
    text = edgestab("model", "--loss", "log(cosh(x - 1)) + (y - x)^2/8", "--parameters", "x,y", "--at", "x=1,y=1")
    assert text.code == 2
    text = edgestab(
        "model", "--loss", "log(cosh(x - 1)) + (y - x)^2/8", "--parameters", "x,y", "--at", "x=1,y=1", "--normal-form"
    )
    assert text.code == 0, text.err
    assert "c = [0.456940131083312 +/-" in text.out


def test_reduction_says_what_fails(edgestab: Run) -> None:
    flat = ("--parameters", "x,y", "--at", "x=0,y=0", "--normal-form")
    ran = edgestab("model", "--loss", "x^2 + y^4", *flat, "--compare")
    assert ran.code == 1
    assert "stops at 'manifold': FALSE" in ran.out
    assert "nothing is compared" in ran.err
    near = ("--parameters", "x,y", "--at", "x=2,y=0.49", "--normal-form")
    assert edgestab("model", "--loss", "(1 - x*y)^2/2", *near).code == 1
    ran = edgestab("model", "--loss", "(1 - x*y)^2/2", *near, "--near", "--format", "json")
    assert json.loads(ran.out)["hypotheses"][0]["verdict"] == "TRUE"
    for bad in (
        ("--near",),
        ("--normal-form", "--reduce", "p=x*y,q=x"),
        ("--normal-form", "--compare", "--format", "latex"),
    ):
        assert edgestab("model", "--loss", "x*y", "--parameters", "x,y", "--at", "x=0,y=0", *bad).code == 2
