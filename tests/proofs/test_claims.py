import pickle
from xml.etree import ElementTree

import numpy as np
import pytest

from edgestab.proofs import catalogue as module
from edgestab.proofs.catalogue import all_claims, get_claim, with_dependencies
from edgestab.proofs.claims import Check, CheckContext, Claim, Level, Outcome, Source, Verdict, judge
from edgestab.proofs.pages import source_text
from edgestab.proofs.statements import Statement
from edgestab.symbolic.algebra.errors import DomainError, ProofError


def test_zero_comparisons_are_an_error() -> None:
    with pytest.raises(ProofError, match="at least one comparison"):
        Outcome(Verdict.TRUE, 0)


def test_true_with_open_or_failed_cases_is_an_error() -> None:
    for undecided, rejected in ((1, 0), (0, 1)):
        with pytest.raises(ProofError, match="no open or failed"):
            Outcome(Verdict.TRUE, 3, undecided, rejected)


def test_judge_never_passes_unknown() -> None:
    assert judge(3).verdict is Verdict.TRUE
    assert judge(3, undecided=1).verdict is Verdict.UNKNOWN
    assert judge(3, rejected=1, undecided=1).verdict is Verdict.FALSE


def test_levels_are_ordered() -> None:
    assert Level.PROVED > Level.DERIVED > Level.ENCLOSED > Level.CHECKED > Level.CITED > Level.REFUTED


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda c: c.id)
def test_every_claim_is_whole(claim: Claim) -> None:
    assert claim.checks, "a claim that only uses others follows from them: say so by a check"
    assert isinstance(claim.statement, Statement)
    assert claim.title
    assert source_text(claim.source)
    assert any(c.runs_at("default") for c in claim.checks)
    for check in claim.checks:
        again = pickle.loads(pickle.dumps(check.run))
        assert getattr(again, "func", again) is getattr(check.run, "func", check.run)


def test_dependencies_come_first() -> None:
    ids = [c.id for c in with_dependencies(("theorem-1",))]
    assert ids[-1] == "theorem-1"
    for claim_id in ids:
        assert all(ids.index(used) < ids.index(claim_id) for used in get_claim(claim_id).related)


def test_former_ids_still_name_their_claims() -> None:
    former = {claim.formerly: claim for claim in all_claims().values() if claim.formerly}
    assert set(former) == {
        *(f"{name}-kernel" for name in ("gradient", "one-step", "hierarchy", "recurrence-identity")),
        *(f"theorem-1{part}-kernel" for part in ("-basin", "", "-sharp")),
        "scaled-spectrum",
        "weight-norm-any-spectrum",
    }
    for name, claim in former.items():
        assert name not in all_claims()
        assert get_claim(name) is claim
        assert with_dependencies((name,)) == with_dependencies((claim.id,))


def test_unknown_ids_suggest_the_nearest() -> None:
    with pytest.raises(DomainError, match=r"Did you mean.*theorem-1"):
        get_claim("theorem1")
    with pytest.raises(DomainError, match="edgestab list"):
        get_claim("@@@@")


def test_duplicate_missing_and_circular_ids_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        CLAIMS: tuple[Claim, ...] = ()

    def claim(name: str, *uses: str) -> Claim:
        return Claim(name, "t", Statement(), Source("edgestab", ""), uses=uses)

    monkeypatch.setattr(module, "import_module", lambda name: Fake)
    monkeypatch.setattr("edgestab.proofs.catalogue.MODULES", ("fake",))
    for wrong, text in (
        ((claim("a"), claim("a")), "unique"),
        ((claim("a", "b"),), "circles"),
        ((claim("a", "b"), claim("b", "a")), "circles"),
    ):
        Fake.CLAIMS = wrong
        with pytest.raises(ProofError, match=text):
            module.all_claims.__wrapped__()


def test_efforts_nest() -> None:
    check = Check("m", Level.CHECKED, lambda ctx: judge(1), effort="default")
    assert [check.runs_at(e) for e in ("quick", "default", "thorough")] == [False, True, True]
    assert CheckContext(effort="quick").pick(1, 2, 3) == 1


def test_counts_from_arrays_are_plain_integers() -> None:
    found = judge(np.int64(3), np.bool_(False))  # type: ignore[arg-type]
    assert [type(n) for n in (found.tested, found.undecided, found.rejected)] == [int, int, int]
    assert found.verdict is Verdict.TRUE


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda c: c.id)
def test_notebooks_show_a_claim(claim: Claim) -> None:
    html = claim._repr_html_()
    assert html.count("<li>") == len(claim.statement.conclusion) + len(claim.statement.given)
    assert claim.id in html
    ElementTree.fromstring(f"<div>{html}</div>")
