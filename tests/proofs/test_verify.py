import pytest

import edgestab as es
from edgestab.proofs.claims import Check, CheckContext, Claim, Level, Outcome, Source, Verdict, judge
from edgestab.proofs.statements import Statement, eq
from edgestab.proofs.verify import ClaimResult, Report, combine, run_check
from edgestab.symbolic.algebra.errors import DomainError, ProofError


def claim(*checks: Check, name: str = "c", uses: tuple[str, ...] = ()) -> Claim:
    return Claim(name, "t", Statement((eq(1, 1),)), Source("edgestab", ""), checks=checks, uses=uses)


def finds(verdict: Verdict, level: Level = Level.CHECKED) -> Check:
    """A check that reads the statement and finds this."""

    def run(ctx: CheckContext) -> Outcome:
        ctx.statement.parts()
        return outcome(verdict)

    return Check("m", level, run)


def outcome(verdict: Verdict) -> Outcome:
    return Outcome(verdict, 1, undecided=verdict is Verdict.UNKNOWN, rejected=verdict is Verdict.FALSE)


def result(verdict: Verdict, level: Level, used: tuple[ClaimResult, ...] = ()) -> ClaimResult:
    one = claim(finds(verdict, level))
    return combine(one, [run_check(one, 0, CheckContext())], used)


def test_a_claim_never_outranks_its_weakest_dependency() -> None:
    weak = result(Verdict.TRUE, Level.CHECKED)
    assert result(Verdict.TRUE, Level.PROVED, (weak,)).level is Level.CHECKED


def test_an_included_claim_bounds_the_verdict_but_not_the_level() -> None:
    one = claim(finds(Verdict.TRUE, Level.PROVED))
    evidence = [run_check(one, 0, CheckContext())]
    assert combine(one, evidence, (), (result(Verdict.TRUE, Level.CHECKED),)).level is Level.PROVED
    assert combine(one, evidence, (), (result(Verdict.FALSE, Level.CHECKED),)).verdict is Verdict.UNKNOWN


def test_a_claim_that_rests_on_an_open_or_refuted_one_is_unknown() -> None:
    for verdict in (Verdict.UNKNOWN, Verdict.FALSE):
        got = result(Verdict.TRUE, Level.DERIVED, (result(verdict, Level.DERIVED),))
        assert got.verdict is Verdict.UNKNOWN
        assert "rests on c" in got.note


def test_false_wins_over_unknown() -> None:
    checks = (finds(Verdict.FALSE), finds(Verdict.UNKNOWN))
    one = claim(*checks)
    got = combine(one, [run_check(one, k, CheckContext()) for k in range(2)], ())
    assert (got.verdict, got.level) == (Verdict.FALSE, Level.REFUTED)


def test_no_evidence_is_no_pass() -> None:
    assert combine(claim(), [], ()).verdict is Verdict.UNKNOWN


def test_an_error_inside_a_check_is_unknown_and_says_what() -> None:
    def fails(ctx: CheckContext) -> Outcome:
        raise ProofError.of("side condition", "x > 0", -1, "Mend it.")

    evidence = run_check(claim(Check("m", Level.PROVED, fails)), 0, CheckContext())
    assert evidence.outcome.verdict is Verdict.UNKNOWN
    assert "side condition" in evidence.outcome.detail


def test_exit_codes() -> None:
    def report(*verdicts: Verdict) -> int:
        return Report(tuple(result(v, Level.CHECKED) for v in verdicts), "quick", 0, 0.0).exit_code

    assert report(Verdict.TRUE) == 0
    assert report(Verdict.TRUE, Verdict.UNKNOWN) == 3
    assert report(Verdict.UNKNOWN, Verdict.FALSE) == 1


def test_python_api_runs_in_one_process_and_in_two() -> None:
    seen: list[tuple[int, int]] = []
    one = es.verify(
        "printed-y-leading", effort="quick", jobs=1, on_evidence=lambda e, done, total: seen.append((done, total))
    )
    assert one.verdict is es.proofs.Verdict.TRUE
    assert seen[-1][0] == seen[-1][1] == len(one.results)
    two = es.verify("printed-y-leading", effort="quick", jobs=2)
    strip = {"seconds"}
    rows = [[{k: v for k, v in e.items() if k not in strip} for e in r.to_json()["evidence"]] for r in (one, two)]
    assert rows[0] == rows[1]


def test_record_has_the_promised_keys() -> None:
    record = es.verify("one-step-map", effort="quick", jobs=1).to_json()
    counts = {"tested", "undecided", "rejected"}
    promised = {"claim", "method", "level", "verdict", "worst", "bound", "digits", "seed", "seconds"} | counts
    assert promised <= set(record["evidence"][0])
    assert record["run"]["effort"] == "quick"
    assert judge(1).tested == 1


def test_notebooks_get_a_table() -> None:
    html = es.verify("one-step-map", effort="quick", jobs=1)._repr_html_()
    assert html.count("<tr>") == 2
    assert "one-step-map" in html


def test_bad_effort() -> None:
    with pytest.raises(DomainError, match="thorough"):
        es.verify(effort="huge")


def test_an_interrupted_run_keeps_what_it_has() -> None:
    def stop(evidence: es.proofs.Evidence, done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    report = es.verify("two-step-recurrence", effort="quick", jobs=1, on_evidence=stop)
    assert report.interrupted
    assert [r.verdict for r in report.results][:2] == [Verdict.TRUE, Verdict.TRUE]
    assert report.results[-1].verdict is Verdict.UNKNOWN
    assert report.exit_code == 3
    assert report.to_json()["run"]["interrupted"]


def test_a_bug_in_a_check_loses_nothing() -> None:
    def broken(ctx: CheckContext) -> Outcome:
        raise TypeError("a bug")

    assert "TypeError: a bug" in run_check(claim(Check("m", Level.DERIVED, broken)), 0, CheckContext()).outcome.detail


@pytest.mark.parametrize("jobs", [1, 2])
def test_long_checks_tell_how_far_they_are(jobs: int) -> None:
    shares: list[tuple[str, float]] = []
    es.verify(
        "two-step-recurrence", effort="quick", jobs=jobs, on_progress=lambda claim, share: shares.append((claim, share))
    )
    assert all(claim == "two-step-recurrence" and 0 <= share <= 1 for claim, share in shares)
    assert shares[-1][1] == 1
