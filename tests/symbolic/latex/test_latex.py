"""LaTeX: printed, broken into lines, compiled, and read back to the object it came from."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.explain.derived import Derived
from edgestab.symbolic.explain.log import plain_equation
from edgestab.symbolic.latex.document import Section, document
from edgestab.symbolic.latex.equations import Equation, Style, align
from edgestab.symbolic.latex.layout import width_of
from edgestab.symbolic.latex.names import NameMap, later, parse_names
from edgestab.symbolic.latex.printer import Order, to_latex
from edgestab.symbolic.latex.reader import read_equations, read_latex
from edgestab.symbolic.models.quadratic import main_case

x = sp.Symbol("x", real=True)
PAPER = NameMap({"z": r"\mathcal{F}", "T": r"\lambda_{\max}", "epsilon": r"\varepsilon", "y": "y"})


def objects() -> dict[str, Derived]:
    step = main_case()
    return {
        "one-step": step,
        "two-step": step.two_step(3),
        "two-step-6": step.two_step(6),
        "nullcline": step.nullcline(5),
    }


@pytest.mark.parametrize("name", ["one-step", "two-step", "nullcline"])
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"latex/{name}.tex", objects()[name].align(Style(label=f"eq:{name}")) + "\n")


@pytest.mark.parametrize("names", [NameMap(), PAPER], ids=["table", "renamed"])
@pytest.mark.parametrize("width", [30, 80])
@pytest.mark.parametrize("name", list(objects()))
def test_what_is_printed_is_read_back(name: str, width: int, names: NameMap) -> None:
    equations = objects()[name].equations()
    text = align(equations, Style(width, names, "eq:x"))
    symbols = frozenset().union(*(e.symbols() for e in equations))
    back = read_equations(text, symbols, names)
    assert len(back) == len(equations)
    for read, equation in zip(back, equations, strict=True):
        assert read.lhs == equation.lhs
        assert sp.expand(read.rhs - equation.rhs) == 0
        assert read.remainder == equation.remainder


def test_lines_keep_to_the_width() -> None:
    equations = objects()["two-step-6"].equations()
    for width in (50, 80):
        rows = align(equations, Style(width)).splitlines()[1:-1]
        assert max(width_of(row.replace("&", "").rstrip("\\")) for row in rows) <= width + 1
        assert len(rows) > len(equations)


def test_labels_are_unique_and_only_last_lines_are_numbered() -> None:
    text = objects()["two-step"].align(Style(label="eq:two-step"))
    assert re.findall(r"\\label\{(.*?)\}", text) == ["eq:two-step-z", "eq:two-step-y"]
    assert text.count(r"\notag") == text.count("\n") - 1 - 2
    assert "label" not in objects()["two-step"].align()


EXPRESSIONS = [
    x / (1 - x),
    -x / 3 + sp.sqrt(2) / x**2,
    sp.log(sp.Abs(x + 1)) / 2,
    (x + 1) ** 2 * (x - 1) / 7,
    -(x + 1) / 2,
    sp.LambertW(-sp.exp(x)),
    sp.LambertW(x, -1),
    sp.sqrt(x + 1),
    x ** sp.Rational(3, 2),
    sp.S.Zero,
    sp.Rational(-1, 2),
    -2 / (x + 1) ** 3,
    -2 / (x - 1) ** 3,
    sp.exp(-(x**2) / 2),
    sp.tanh(x) ** 2 / 3,
    sp.Symbol("alpha_1", real=True) ** 2 * sp.Symbol("loss", real=True),
]


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_expressions_are_read_back(expr: sp.Expr) -> None:
    assert sp.simplify(read_latex(to_latex(expr), frozenset(expr.free_symbols)) - expr) == 0


def test_sympy_reads_it_too() -> None:
    pytest.importorskip("lark", reason="SymPy's LaTeX parser needs lark")
    from sympy.parsing.latex import parse_latex

    q = sp.Symbol("q")
    expr = 3 * q**2 / 4 - q + (1 - q) / (1 + q) ** 2
    assert sp.simplify(parse_latex(to_latex(expr), backend="lark") - expr) == 0


a, b, c = sp.symbols("a b epsilon", real=True)
polynomials = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)),
    st.fractions(-50, 50, max_denominator=50),
    min_size=1,
    max_size=12,
).map(lambda d: sp.Add(*(sp.Rational(*q.as_integer_ratio()) * a**i * b**j * c**k for (i, j, k), q in d.items())))


def test_a_sum_behind_a_minus_keeps_its_parentheses() -> None:
    expr = a + 19 * c - 1
    equation = Equation(later(a, 1), expr, order=Order((a,)))
    (back,) = read_equations(align([equation]), equation.symbols())
    assert sp.expand(back.rhs - expr) == 0
    assert plain_equation(equation) == "a(t+1) = -(1 - 19*epsilon) + a"


@settings(max_examples=40)
@given(polynomials, st.sampled_from([(), (a,), (b, a)]), st.integers(20, 120))
def test_random_polynomials_are_read_back(expr: sp.Expr, outer: tuple[sp.Symbol, ...], width: int) -> None:
    equation = Equation(later(a, 1), expr, order=Order(outer, {c: 2}))
    (back,) = read_equations(align([equation], Style(width)), equation.symbols())
    assert sp.expand(back.rhs - expr) == 0


@pytest.mark.parametrize(
    "text",
    [r"z=\input{x}", r"z=a$b", "z=}{", "z=", "z", "1=a", r"z=\write18{ls}", "z=%", r"z=a\\b", "z=" + "a" * 99, "z={a"],
)
def test_names_that_are_no_symbol_are_refused(text: str) -> None:
    with pytest.raises(DomainError, match="expected"):
        parse_names(text)


def test_names_must_stay_distinct_and_known() -> None:
    with pytest.raises(DomainError, match="for both"):
        objects()["two-step"].align(Style(names=NameMap({"z": "y"})))
    with pytest.raises(DomainError, match="got zz"):
        objects()["two-step"].align(Style(names=NameMap({"zz": "f"})))


@pytest.mark.parametrize("bad", [{"width": 3}, {"label": "a b"}, {"label": r"}\input"}])
def test_styles_are_checked(bad: dict[str, object]) -> None:
    with pytest.raises(DomainError):
        Style(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [r"\foo{x}", r"\frac{x}", r"\frac{x", "x +", "q"])
def test_foreign_latex_is_refused(bad: str) -> None:
    with pytest.raises(DomainError):
        read_latex(bad, frozenset({x}))


def compile_latex(text: str, folder: Path) -> str:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    (folder / "page.tex").write_text(text, encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        cwd=folder,
        capture_output=True,
        timeout=120,
        check=False,
    )
    log = (folder / "page.log").read_text(encoding="latin-1")
    assert run.returncode == 0, log[-2000:]
    return log


def test_documents_compile_without_overfull_lines(tmp_path: Path) -> None:
    sections = [
        Section(f"{name} & 100% {{odd}} _text_ ^~<>|\\$#", "Derived.", o.equations()) for name, o in objects().items()
    ]
    log = compile_latex(document("All of them", sections, Style(label="eq:all")), tmp_path)
    assert "Overfull" not in log
    assert "multiply defined" not in log
    assert (tmp_path / "page.pdf").exists()
