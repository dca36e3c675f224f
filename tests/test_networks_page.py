"""The table of claims on networks is that of the catalogue."""

import re
from pathlib import Path

from edgestab.proofs.catalogue import network_batches, network_edge, network_flow, tanh_network
from edgestab.proofs.pages import source_text

PAGE = (Path(__file__).parents[1] / "docs" / "networks.md").read_text(encoding="utf-8")


def test_the_page_names_each_claim_as_the_catalogue_does() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.*?) \| (.*?) \|$", PAGE, re.M)
    claims = [c for m in (network_edge, network_batches, network_flow, tanh_network) for c in m.CLAIMS]
    listed = {claim_id: (title, source) for claim_id, title, source in rows if "network" in claim_id}
    assert listed == {c.id: (c.title, source_text(c.source).partition(",")[0]) for c in claims}
