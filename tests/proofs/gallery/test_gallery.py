"""The gallery: verdicts come from claims, every text resolves, pages are those of the entries."""

import ast
from collections.abc import Callable
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from edgestab.proofs.catalogue import all_claims
from edgestab.proofs.gallery.entry import Entry
from edgestab.proofs.gallery.judging import PAPERS, all_entries, get_entry, judge_entry
from edgestab.proofs.gallery.page import entry_latex, entry_record, entry_text
from edgestab.proofs.pages import bibliography
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.own_loss.descent import GradientDescent

ROOT = Path(__file__).parents[3]
ENTRIES = all_entries()
EVERY = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)


def load_pages() -> ModuleType:
    spec = spec_from_file_location("gallery_pages", ROOT / "docs" / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_paper_of_the_folder_is_listed() -> None:
    files = {p.stem for p in (ROOT / "proofs" / "gallery" / "papers").glob("*.py")} - {"__init__"}
    assert files == set(PAPERS)
    assert len(ENTRIES) == len(PAPERS)


@EVERY
def test_claims_and_keys_resolve_and_statements_define_their_names(entry: Entry) -> None:
    assert entry.bibkey in bibliography()
    assert set(entry.claims) <= all_claims().keys()
    for printed in entry.printed:
        statement = printed.term()
        assert (statement is None) == (printed.aimed_at == "CITED"), printed.says
        assert statement is None or not statement.undefined()
        assert printed.hidden or printed.how or printed.aimed_at == "CITED"


@EVERY
def test_the_loss_is_one_that_a_user_can_type(entry: Entry) -> None:
    if "log(cosh" in entry.loss:
        pytest.skip("derived for any even loss, from its Taylor coefficients")
    assert GradientDescent(entry.loss, entry.parameters).parameters


def test_verdicts_come_from_the_claims() -> None:
    found = judge_entry("kreisler")
    assert [j.verdict for j in found] == ["TRUE", "FALSE"]
    assert all(j.level.name == "DERIVED" and j.where for j in found)


@pytest.mark.thorough
@EVERY
def test_every_verdict_is_what_the_page_says(entry: Entry) -> None:
    for judged in judge_entry(entry.name, effort="default"):
        assert judged.verdict == judged.printed.aimed_at
        assert judged.level == judged.printed.level


def test_a_claim_that_does_not_hold_leaves_its_statement_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    import edgestab.proofs.gallery.judging as judging
    from edgestab.proofs.claims import Verdict
    from edgestab.proofs.verify import verify

    def doubtful(*ids: str, effort: str, jobs: int) -> object:
        report = verify(*ids, effort=effort, jobs=jobs)
        return replace(report, results=tuple(replace(r, verdict=Verdict.UNKNOWN) for r in report.results))

    monkeypatch.setattr(judging, "verify", doubtful)
    assert {j.verdict for j in judge_entry("berthier")} == {"UNKNOWN"}


def test_texts_name_verdict_reason_and_place() -> None:
    entry = get_entry("liao")
    text = entry_text(entry)
    assert "verdict:    FALSE (DERIVED)" in text
    assert "then -E(y) =" in text
    record = entry_record(entry)
    assert [row["verdict"] for row in record["printed"]] == ["FALSE", "TRUE", "FALSE"]
    latex = entry_latex(entry)
    assert latex.count(r"\begin{theorem}") == 3
    assert latex.endswith("\\end{document}\n")


def test_the_latex_of_an_entry_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("gallery_kreisler.tex", entry_latex(get_entry("kreisler")))


def test_an_unknown_entry_names_the_nearest() -> None:
    with pytest.raises(DomainError, match="Did you mean liao"):
        get_entry("laio")


def test_pages_are_those_of_the_entries_and_small() -> None:
    assert load_pages().stale() == [], "run `python docs/gallery.py`"
    pictures = sum(p.stat().st_size for p in (ROOT / "docs" / "gallery").glob("*.png"))
    assert pictures < 1_500_000


def test_each_picture_has_its_function() -> None:
    tree = ast.parse((ROOT / "numeric" / "orbits" / "gallery_figures.py").read_text(encoding="utf-8"))
    drawn = {n.name.removeprefix("draw_") for n in tree.body if isinstance(n, ast.FunctionDef)}
    assert {e.picture for e in ENTRIES.values()} == {n for n in drawn if not n.startswith(("_", "save"))}
