"""The page: filled from derived objects, compiled by pdflatex where it is installed, refused for a mutant."""

import re
import shutil
import subprocess
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import pytest

from edgestab.proofs.certificates.page import write_page
from edgestab.proofs.coq_record import source_files
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.rings import poly_terms
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.planar_map import PlanarMap


@lru_cache
def page() -> str:
    return write_page(main_case(), "test")


def test_everything_is_filled_in() -> None:
    text = page()
    assert "<<" not in text
    for part in (r"\tfrac{17}{4}", r"\tfrac{7}{5}", "edge\\_every\\_eps", main_case().digest()[:16]):
        assert part in text


def test_every_coq_name_exists() -> None:
    names = {name.replace("\\_", "_") for name in re.findall(r"\\lem\{([^}#]+)\}", page())}
    sources = "\n".join(source_files().values())
    missing = [n for n in names if not re.search(rf"\b(?:Lemma|Theorem) {re.escape(n)}\b", sources)]
    assert len(names) > 25
    assert not missing


def test_shorter_page() -> None:
    assert r"0<\epsilon\le \tfrac{1}{10}" in write_page(main_case(), "test", Fraction(1, 10))


def test_a_changed_map_gets_no_page() -> None:
    one_step = main_case()

    terms = poly_terms(one_step.polynomials[1])
    key = (2, 0, 1)  # epsilon z^2 in T'
    terms[key] = -terms[key]
    changed = (one_step.polynomials[0], one_step.ring.from_dict(terms))
    wrong = PlanarMap.from_polynomials(one_step.variables, changed, one_step.parameters)
    with pytest.raises(ProofError, match="TRUE|map"):
        write_page(wrong, "test")


def test_it_compiles(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed (apt-get install texlive-latex-recommended)")
    (tmp_path / "page.tex").write_text(page(), encoding="utf-8")
    argv = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    ran = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert (tmp_path / "page.pdf").stat().st_size > 20_000
