"""Which theorem rests on which: read from the plugin's file, and recorded for all theorems."""

import pytest

from edgestab.proofs.coq_graph import graph_source, read_graph
from edgestab.proofs.coq_record import COMMITTED_RECORD, THEOREMS, Theorem, load_record
from edgestab.symbolic.algebra.errors import ProofError

# main -> by way of a definition and a lemma -> middle -> low; main -> low directly
GRAPH = """N: 1 "main" [opaque=no, kind=cnst, prop=yes, ];
N: 2 "set" [body=yes, kind=cnst, prop=no, ];
N: 3 "step" [body=yes, kind=cnst, prop=yes, ];
N: 4 "A.middle" [body=yes, kind=cnst, prop=yes, ];
N: 5 "low" [body=yes, kind=cnst, prop=yes, ];
N: 6 "far" [body=yes, kind=cnst, prop=yes, ];
E: 1 2 [weight=1, ];
E: 2 3 [weight=2, ];
E: 3 4 [weight=1, ];
E: 3 2 [weight=1, ];
E: 4 6 [weight=1, ];
E: 6 5 [weight=1, ];
"""


def test_what_lies_between_two_theorems_is_passed_through() -> None:
    asked = (Theorem("main", "B"), Theorem("middle", "A"), Theorem("low", "A"))
    assert read_graph(GRAPH, asked) == {
        "main": {"uses": ["middle"], "lemmas": 1},
        "middle": {"uses": ["low"], "lemmas": 1},
        "low": {"uses": [], "lemmas": 0},
    }
    with pytest.raises(ProofError, match="missing"):
        read_graph(GRAPH, (Theorem("missing", "A"),))


def test_the_source_asks_for_every_file() -> None:
    text = graph_source({"Trap.v": "", "generated/Map.v": ""}, "EdgeStab")
    assert "Print FileDependGraph Map Trap." in text


def test_the_committed_record_has_every_theorem() -> None:
    record = load_record(COMMITTED_RECORD)
    assert record is not None
    assert set(record.dependencies) == {t.name for t in THEOREMS}, "run `edgestab prove` with coq-dpdgraph installed"
    assert record.dependencies["theorem_1_coq_holds"]["uses"] == ["theorem1"]
