"""The report as a PDF."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from edgestab.proofs.report.content import claims_content
from edgestab.proofs.report.paper import paper, typewriter, words
from edgestab.proofs.report.typeset import compile_latex, overfull, typeset
from edgestab.proofs.verify import verify
from edgestab.symbolic.algebra.errors import ProofError

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed (apt-get install texlive-latex-recommended)"
)


def compiled(content: dict[str, Any], folder: Path) -> str:
    source = folder / "report.tex"
    source.write_text(paper(content), encoding="utf-8")
    pdf, log = compile_latex(source, folder)
    assert pdf.read_bytes().startswith(b"%PDF")
    return log


def sound(log: str) -> None:
    assert max(overfull(log), default=0.0) <= 10
    assert "undefined" not in log
    assert "multiply defined" not in log


@needs_tex
def test_it_compiles_with_no_line_too_wide(small: dict[str, Any], tmp_path: Path) -> None:
    sound(compiled(claims_content(small), tmp_path))


@needs_tex
@pytest.mark.thorough
def test_the_whole_report_compiles_with_no_line_too_wide(tmp_path: Path) -> None:
    sound(compiled(claims_content(verify(effort="quick").to_json()), tmp_path))


@needs_tex
def test_what_latex_refuses_is_told(tmp_path: Path) -> None:
    source = tmp_path / "wrong.tex"
    source.write_text(r"\documentclass{article}\begin{document}\nosuchcommand\end{document}", encoding="utf-8")
    with pytest.raises(ProofError, match="Undefined control sequence"):
        typeset(source)


def test_without_pdflatex_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ProofError, match="apt-get install texlive"):
        typeset(tmp_path / "report.tex")


def test_overfull_lines_are_read() -> None:
    assert overfull("Overfull \\hbox (12.5pt too wide) in paragraph\nOverfull \\hbox (3pt too wide)") == [12.5, 3.0]


def test_words_in_latex() -> None:
    assert typewriter("a-b_c") == r"\texttt{a-\allowbreak{}b\_\allowbreak{}c}"
    assert words("see flow-end and `x^2`", {"flow-end"}) == (
        r"see \hyperref[section:flow-end]{\texttt{flow-\allowbreak{}end}} and \texttt{x\textasciicircum{}2}"
    )
