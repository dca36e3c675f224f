import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import sympy as sp

from edgestab.proofs.catalogue import all_claims, get_claim
from edgestab.proofs.claims import Outcome, Source, Verdict
from edgestab.proofs.pages import (
    bibliography,
    claim_document,
    claim_latex,
    claim_record,
    claim_text,
    figure_text,
    judged,
    source_text,
)
from edgestab.proofs.statements import O, R, Range, Statement, eq, gt, le
from edgestab.proofs.statements.terms import NATURALS, REALS
from edgestab.proofs.statements.text import part_latex, statement_text, term_latex, term_text
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.symbols import symbols

z, T, y, epsilon, D, P = symbols("z T y epsilon D P")
(later,) = symbols("y''")


def test_bibliography_is_read() -> None:
    entry = bibliography()["agarwala2023"]
    assert entry["year"] == "2023"
    assert source_text(Source("agarwala2023", "Theorem 1")) == "Agarwala et al. 2023, Theorem 1"
    with pytest.raises(ProofError, match="nokey"):
        source_text(Source("nokey", ""))


@pytest.mark.parametrize("claim_id", all_claims())
def test_every_claim_prints_in_every_format(claim_id: str) -> None:
    claim = get_claim(claim_id)
    record = json.loads(json.dumps(claim_record(claim)))
    assert record["id"] == claim_id
    assert len(record["parts"]) == len(claim.statement.conclusion)
    defined = {d["name"].partition("(")[0] for d in record["definitions"]}
    assert defined >= {n.partition("(")[0] for n in claim.statement.names()}
    text = claim_text(claim)
    assert claim.title in text
    assert not re.search(r"\b(?:True|False)\b", text)
    latex = claim_latex(claim)
    assert latex.count(r"\begin{theorem}") == latex.count(r"\end{theorem}") == 1
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")


def test_terms_read_as_they_are_written_by_hand() -> None:
    part = eq(later - y, -8 * y * z**2 + O(z**3))
    assert term_text(part) == "y'' - y = -8*y*z**2 + O(z**3)"
    assert term_latex(part) == r"y'' - y = -8 y \tilde z^{2} + \mathcal{O}\left(\tilde z^{3}\right)"
    assert term_text(gt(sp.Abs(z), 1)) == "|z| > 1"


def test_a_statement_is_one_sentence() -> None:
    ranges = (Range(epsilon, sp.Interval.Lopen(0, R(1, 5))), Range(D, NATURALS), Range(P, NATURALS), Range(z, REALS))
    statement = Statement((le(T, 2),), ranges, (gt(z, 0),))
    assert statement_text(statement) == (
        "for every epsilon in (0, 1/5]; D, P in the positive integers; z in the real numbers, if z > 0, then T <= 2"
    )


def test_wide_parts_are_broken_between_terms() -> None:
    wide = eq(later, sum(sp.Rational(k, 7) * z**k * y for k in range(1, 25)))
    latex = part_latex(wide)
    assert latex.count(r"\\") >= 2
    assert all(len(line) < 400 for line in latex.splitlines())


def test_show_tells_what_was_found_where_and_how() -> None:
    claim = get_claim("nullcline-at-zero")
    text = claim_text(claim, judged(claim))
    assert "shown:     TRUE, DERIVED, by substitution into the exact equation" in text
    assert "coefficients that differ: 0, bound 0" in text
    assert "check:" not in text
    assert "check:" in claim_text(claim)


def test_figures_say_what_they_are() -> None:
    found = Outcome(Verdict.TRUE, 1, worst=2.5, bound=4.42, figure="largest |z-score|")
    assert figure_text(found) == "largest |z-score|: 2.5, bound 4.42"


DOCUMENTS = ("one-step-map", "theorem-1", "theorem-1-sharp", "theorem-2", "theorem-2-finite-size")


@pytest.mark.parametrize("claim_id", DOCUMENTS)
def test_documents_compile_without_overfull_lines(claim_id: str, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed (apt-get install texlive-latex-recommended)")
    (tmp_path / "claim.tex").write_text(claim_document(get_claim(claim_id)), encoding="utf-8")
    argv = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "claim.tex"]
    for _ in range(2):
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "undefined" not in done.stdout
