"""Reading is strict, words are compared with what is shown, and no single change of a field goes through."""

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgestab.proofs.certificates.checker import ACCEPTED, FORMERLY, NOT_JUDGED, REJECTED, Judgement, check_certificate
from edgestab.proofs.certificates.checker_algebra import CertificateError, Poly, Ratio
from edgestab.proofs.certificates.checker_words import evaluate, parse_certificate
from edgestab.proofs.certificates.sharp_limit import build_sharp_certificate
from edgestab.proofs.certificates.theorem_1 import build_certificate
from edgestab.symbolic.models.quadratic import main_case

Data = dict[str, Any]

FORMER_STATEMENT = (
    "For 0 < epsilon <= epsilon_max, eigenvalues {1, -epsilon}, target 0, any step size eta > 0 and every start in the "
    "trapping region of its epsilon: f -> 0 and (2 - delta_over_epsilon epsilon)/eta <= lim lambda <= 2/eta. Starts in "
    "U begin below 2/eta and exceed (2 + overshoot)/eta after one step."
)


@lru_cache
def original(claim: str) -> str:
    sharp = claim == "theorem-1-sharp"
    return json.dumps(
        build_sharp_certificate(main_case()) if sharp else build_certificate(main_case(), Fraction(1, 10))
    )


def fresh(claim: str = "theorem-1") -> Data:
    data: Data = json.loads(original(claim))
    return data


def condition(data: Data, name: str) -> Data:
    return next(c for c in data["conditions"] if c["name"] == name)


def put(data: Data, path: tuple[Any, ...], value: object) -> None:
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


def judged_soon(data: Data) -> Judgement:
    """A bad file must not keep the checker busy: a few seconds, with room for a slow machine."""
    begun = process_time()
    found = check_certificate(data)
    assert process_time() - begun < 20
    return found


BOTH = ("theorem-1", "theorem-1-sharp")


@pytest.mark.parametrize("claim", BOTH)
def test_what_is_proved_is_said(claim: str) -> None:
    data = fresh(claim)
    found = check_certificate(data)
    assert found.status == ACCEPTED
    assert found.theorem == data["statement"]
    assert len(found.regions) == 1
    assert "7/5 z^2/(1 - z) <= V - 2 + 1 epsilon <= 1/2" in found.regions[0]
    assert found.identities >= 8


@pytest.mark.parametrize("claim", BOTH)
@pytest.mark.parametrize("old", ["<=", "2", "epsilon", "every"])
def test_a_false_statement_is_rejected(claim: str, old: str) -> None:
    data = fresh(claim)
    data["statement"] = data["statement"].replace(old, {"2": "3", "<=": "<"}.get(old, "some"), 1)
    found = check_certificate(data)
    assert (found.status, found.theorem) == (REJECTED, "")
    assert "statement" in found.reason


def test_the_limit_in_the_statement_is_judged_as_a_series() -> None:
    data = fresh("theorem-1-sharp")
    assert "(2 - epsilon/2)" in data["statement"]
    for series, status in (("-epsilon/2 + 2", ACCEPTED), ("2 + epsilon/2", REJECTED), ("2 - epsilon/2)(", REJECTED)):
        data["statement"] = fresh("theorem-1-sharp")["statement"].replace("2 - epsilon/2", series)
        assert check_certificate(data).status == status


CHANGES: list[tuple[str, Callable[[Data], None], str]] = [
    ("floor", lambda d: condition(d, "drift").update(floor="1/7"), "floor"),
    ("floor missing", lambda d: condition(d, "drift").update(floor=None), "floor"),
    ("floor of another condition", lambda d: d["conditions"][0].update(floor=d["conditions"][1]["floor"]), "floor"),
    ("expression", lambda d: condition(d, "lift").update(expression="h - 1"), "expression"),
    ("expression with a call", lambda d: condition(d, "lift").update(expression="exp(z)"), "unknown name"),
    ("unused definition", lambda d: condition(d, "ceiling")["definitions"][4].__setitem__(1, "T"), "definition of h"),
    ("definition dropped", lambda d: condition(d, "ceiling")["definitions"].pop(), "must define"),
    ("meaning", lambda d: condition(d, "lift").update(meaning="the limit is 7"), "meaning"),
    ("identity verdict", lambda d: d["identities"][0].update(verdict="FALSE"), "holds"),
    ("identity meaning", lambda d: d["identities"][0].update(meaning="1 = 2"), "meaning"),
    ("identity dropped", lambda d: d["identities"].pop(), "does not state"),
    ("identity twice", lambda d: d["identities"].append(d["identities"][0]), "twice"),
    ("identity unknown", lambda d: d["identities"].append({**d["identities"][0], "name": "riemann"}), "not asked for"),
    ("unknown field", lambda d: d.update(note="all is well"), "does not know: note"),
    ("unknown region field", lambda d: d["regions"][0].update(note=1), "region 0"),
    ("unknown start field", lambda d: d["regions"][0]["start"].update(note=1), "start of region 0"),
    ("unknown map field", lambda d: d["map"].update(note=1), "the map"),
    ("unknown condition field", lambda d: condition(d, "lift").update(note=1), "a condition"),
    ("unknown term field", lambda d: condition(d, "lift")["polynomial"][0].update(note=1), "a term"),
    ("counterexample", lambda d: condition(d, "lift").update(counterexample=["0"]), "counterexample"),
    ("other digits", lambda d: d.update(epsilon_max="\u0661/10"), "no rational"),
    ("leading zero", lambda d: d.update(epsilon_max="01/10"), "no rational"),
    ("many digits", lambda d: d.update(epsilon_max="1/1" + "0" * 200), "characters"),
    ("high exponent", lambda d: condition(d, "lift")["polynomial"][0].update(exponents=[10**4, 0, 0]), "degree"),
    ("high exponents in all", lambda d: condition(d, "lift")["polynomial"][0].update(exponents=[30] * 3), "degree"),
    ("pole power", lambda d: condition(d, "lift").update(pole_power=10**6), "pole power"),
    ("many boxes", lambda d: condition(d, "lift").update(boxes=[condition(d, "lift")["box"]] * 10**5), "boxes, more"),
    ("many regions", lambda d: d.update(regions=d["regions"] * 100), "regions, more"),
    ("many conditions", lambda d: d.update(conditions=d["conditions"] * 100), "conditions, more"),
    ("deep expression", lambda d: condition(d, "lift").update(expression="(" * 500 + "z" + ")" * 500), "nested"),
    ("power tower", lambda d: condition(d, "lift").update(expression="((z**50)**50)**50"), "degree"),
    ("long expression", lambda d: condition(d, "lift").update(expression="z+" * 10**5 + "z"), "characters"),
    ("pole power of a start", lambda d: condition(d, "start-below").update(pole_power=1), "without a pole"),
    ("split out of reach", lambda d: d["regions"][0].update(split="-4"), "split"),
]


@pytest.mark.parametrize(("change", "reason"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_changed_field_is_rejected_soon_and_with_the_reason(change: Callable[[Data], None], reason: str) -> None:
    data = fresh()
    change(data)
    found = judged_soon(data)
    assert found.status == REJECTED
    assert reason in found.reason


@pytest.mark.parametrize(
    ("name", "cuts", "reason"),
    [
        ("upper-1", (100, 1, 1), "every condition holds"),
        ("upper-q-0", (12, 12, 12), "more work than this checker does"),
        ("upper-1", (13, 13, 13), "boxes, more than"),
    ],
)
def test_many_boxes_cost_no_more_than_the_bound(name: str, cuts: tuple[int, int, int], reason: str) -> None:
    """A tiling that is right, but far finer than needed, for a polynomial of high degree."""
    data = fresh("theorem-1-sharp")
    record = condition(data, name)
    sides = []
    for (low, high), n in zip(record["box"], cuts, strict=True):
        a, b = Fraction(low), Fraction(high)
        sides.append([[str(a + (b - a) * i / n), str(a + (b - a) * (i + 1) / n)] for i in range(n)])
    record["boxes"] = [[x, y, z] for x in sides[0] for y in sides[1] for z in sides[2]]
    assert reason in judged_soon(data).reason


def test_a_pole_in_the_strip_is_rejected() -> None:
    data = fresh("theorem-1-sharp")
    condition(data, "upper-1")["pole_power"] = 1
    assert "without a pole" in check_certificate(data).reason


@pytest.mark.parametrize(
    ("field", "value"), [("order", 10**6), ("series", [{"exponents": [0, 40, 1], "coefficient": "1"}]), ("note", 1)]
)
def test_a_changed_strip_is_rejected(field: str, value: object) -> None:
    data = fresh("theorem-1-sharp")
    data["strip"][field] = value
    assert check_certificate(data).status == REJECTED


def test_words_of_former_files_are_still_accepted() -> None:
    data, former = fresh(), {new: old for old, new in FORMERLY.items()}
    data["statement"] = FORMER_STATEMENT
    for record in (*data["conditions"], *data["identities"]):
        record["name"] = former.get(record["name"], record["name"])
    found = check_certificate(data)
    assert found.status == ACCEPTED, found.reason
    assert found.theorem == fresh()["statement"], "with the constants, which the former words only named"
    sharp = fresh("theorem-1-sharp")
    for record in sharp["conditions"]:
        record["name"] = former.get(record["name"], record["name"])
        record["meaning"] = record["meaning"].replace("far below the strip", "far below the band")
        record["meaning"] = record["meaning"].replace("contraction_rate", "decay")
    assert check_certificate(sharp).status == ACCEPTED


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"verdict": "FALSE", "verdict": "TRUE"}', "twice"),
        ('{"map": {"digest": "a", "digest": "b"}}', "twice"),
        ('{"order": 1.0}', "no exact number"),
        ('{"order": 1e5}', "no exact number"),
        ('{"order": NaN}', "no exact number"),
        ('{"order": -Infinity}', "no exact number"),
        ('{"order": 1' + "0" * 100_000 + "}", "characters"),
    ],
)
def test_reading_is_strict(text: str, reason: str) -> None:
    with pytest.raises(CertificateError, match=reason):
        parse_certificate(text)


def test_other_digits_are_no_json() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        parse_certificate('{"order": \u0661}')


NAMES = {"x": Ratio.of(Poly.var(2, 0), 1 - Poly.var(2, 0)), "y": Ratio.of(Poly.var(2, 1), 1 - Poly.var(2, 0))}


@given(st.integers(-9, 9), st.integers(1, 9), st.integers(0, 5), st.integers(0, 5))
def test_expressions_mean_what_python_means(a: int, b: int, n: int, m: int) -> None:
    text = f"-x**{n}*({a} - y)/{b} - (x - y**{m} + 2)"
    top = evaluate(text, NAMES, 1 - Poly.var(2, 0), "test").top
    x, y = Fraction(3, 7), Fraction(-5, 2)
    value = sum(Fraction(int(c.p), int(c.q)) * x ** e[0] * y ** e[1] for e, c in top.terms.items())
    assert value == -(x**n) * (a - y) / b - (x - y**m + 2)


@pytest.mark.parametrize(
    "text", ["", "x +", "(x", "x)", "x y", "x/y", "x/0", "x**y", "x**-1", "x**100", "x.y", "w", "1.5", "\u0661", "x;y"]
)
def test_what_is_no_expression_is_rejected(text: str) -> None:
    with pytest.raises(CertificateError, match="test"):
        evaluate(text, NAMES, 1 - Poly.var(2, 0), "test")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """All fields, entries and records below the top, with their paths."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key), child
        yield from leaves(child, (*path, key))


@lru_cache
def all_leaves(claim: str) -> list[tuple[tuple[Any, ...], Any]]:
    return list(leaves(fresh(claim)))


def number(value: Any) -> Fraction | None:
    try:
        return Fraction(value) if isinstance(value, str) else None
    except (ValueError, ZeroDivisionError):
        return None


OTHERS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**6),
    st.fractions(max_denominator=50).map(str),
    st.sampled_from(["TRUE", "FALSE", "UNKNOWN", "", "strip", "z", "h - 1", "drift", "1/10 "]),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
)

HARMLESS = {("run",): "how the file was made is not part of the proof"}
"""Fields whose value may change, with the reason; all others are judged."""


def test_what_is_not_judged_is_listed() -> None:
    assert {(name,) for name in NOT_JUDGED} == set(HARMLESS)
    data = fresh()
    data["run"] = {"argv": ["anything"], "versions": {}, "config": {}}
    assert check_certificate(data).status == ACCEPTED


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
@pytest.mark.parametrize("claim", BOTH)
def test_no_single_change_is_accepted(claim: str, data: st.DataObject) -> None:
    path, old = data.draw(st.sampled_from(all_leaves(claim)))
    changed = fresh(claim)
    kind = data.draw(st.sampled_from(["replace", "nudge", "drop", "extend"]))
    if kind == "drop":
        holder: Any = changed
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]
    elif kind == "extend" and isinstance(old, dict | list):
        more = {**old, data.draw(st.text(min_size=1, max_size=3)): 1} if isinstance(old, dict) else [*old, *old[-1:], 0]
        put(changed, path, more)
    else:
        value = number(old)
        nudge = data.draw(st.fractions(max_denominator=30))
        new = str(value + nudge) if kind == "nudge" and value is not None else data.draw(OTHERS)
        if (type(new) is type(old) and new == old) or (value is not None and number(new) == value):
            return
        put(changed, path, new)
    found = check_certificate(changed)
    assert found.status == REJECTED, f"{path} was changed, and the file is {found.status}"
