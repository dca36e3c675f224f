"""Formulas as MathML, words as HTML."""

import xml.etree.ElementTree as ET

import pytest

from edgestab.proofs.catalogue import all_claims
from edgestab.proofs.pages import claim_record
from edgestab.proofs.report.formulas import mathml, mixed, rows, words


def tags(text: str) -> list[str]:
    return [element.tag for element in ET.fromstring(text).iter()]


def test_formulas_keep_their_parts() -> None:
    text = mathml(r"\eta_0 \lvert\theta\rvert^2 < - \frac{1}{5}")
    assert tags(text).count("mfrac") == 1
    assert text.count('fence="true"') == 2
    assert '<mo form="prefix">&#x02212;</mo>' in text
    assert "<mo>&#x02216;</mo>" in mathml(r"A \setminus B")
    assert "<mi>max</mi>" in mathml(r"\max\left(a, b\right)")


def test_rows_are_rows() -> None:
    made = tags(rows(r"a &= b \\ &\quad + c"))
    assert made.count("mtr") == 2
    assert "mtable" not in tags(rows("a &= b"))
    assert "&amp;" not in rows("a &= b")


def test_words_outside_formulas_can_be_broken() -> None:
    text = mixed(r"\mathbb{R}^P \text{ for any <small> } P")
    assert text.count("<math") == 2
    assert " for any &lt;small&gt; " in text


def test_words_link_claims_and_mark_code() -> None:
    ids = {"theorem-1"}
    text = words("see theorem-1 and theorem-1-coq, `a < b`", ids)
    assert text == 'see <a href="#theorem-1">theorem-1</a> and theorem-1-coq, <code>a &lt; b</code>'


@pytest.mark.thorough
def test_every_formula_of_every_claim_is_well_formed() -> None:
    for claim in all_claims().values():
        record = claim_record(claim)
        for text in (*record["assumptions_latex"], *(d["latex"] for d in record["definitions"])):
            assert "\\" not in "".join(ET.fromstring(mathml(text)).itertext()), text
        for part in record["parts"]:
            assert "\\" not in "".join(ET.fromstring(rows(part["rows"])).itertext()), part
