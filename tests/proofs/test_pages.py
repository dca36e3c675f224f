import json

import pytest

from edgestab.proofs.catalogue import all_claims, get_claim
from edgestab.proofs.claims import Source
from edgestab.proofs.pages import bibliography, claim_latex, claim_record, claim_text, source_text
from edgestab.symbolic.algebra.errors import ProofError


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
    assert claim.title in claim_text(claim)
    latex = claim_latex(claim)
    assert latex.count(r"\begin{equation}") == latex.count(r"\end{equation}") == 1


def test_escaping() -> None:
    # a bare < or | prints as another character in the default encoding
    latex = claim_latex(get_claim("theorem-1-sharp"))
    assert "epsilon $<$= 1/30" in latex
    assert r"eta $|$theta$|$\textasciicircum{}2" in latex
