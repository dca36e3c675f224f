"""Which theorems of the Coq development rest on which, read by Coq's own plugin coq-dpdgraph."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from ..symbolic.algebra.errors import ProofError
from .coq_record import Theorem

PACKAGE = "libcoq-dpdgraph"
GRAPH = "Graph.dpd"

_NODE = re.compile(r'^N: (\d+) "([^"]+)" \[(.*?)\];', re.MULTILINE)
_EDGE = re.compile(r"^E: (\d+) (\d+) ", re.MULTILINE)


def graph_source(files: Iterable[str], library: str) -> str:
    """A Coq file that has the plugin write every dependency within the development.

    Args:
        files: relative names of the sources.
        library: Coq's name of the development.

    Returns:
        Coq source; it writes the file ``Graph.dpd``.
    """
    modules = " ".join(sorted(PurePosixPath(name).stem for name in files))
    return "\n".join(
        (
            "Require dpdgraph.dpdgraph.",
            f"From {library} Require Import {modules}.",
            f'Set DependGraph File "{GRAPH}".',
            f"Print FileDependGraph {modules}.\n",
        )
    )


def read_graph(text: str, theorems: Iterable[Theorem]) -> dict[str, dict[str, Any]]:
    """What each theorem rests on, from the plugin's file.

    Proofs and definitions between two theorems are passed through: a theorem uses another when its proof leads there
    by any way that meets no third one.

    Args:
        text: of the file.
        theorems: that are asked for.

    Returns:
        Theorem to ``{"uses": [theorems], "lemmas": number of other proofs in between}``.

    Raises:
        ProofError: a theorem is not in the file.
    """
    nodes = {key: (name, "prop=yes" in rest) for key, name, rest in _NODE.findall(text)}
    edges: dict[str, list[str]] = defaultdict(list)
    for start, end in _EDGE.findall(text):
        edges[start].append(end)
    keys = {name: key for key, (name, _) in nodes.items()}
    asked: dict[str, str] = {}
    for theorem in theorems:
        key = keys.get(theorem.name) or keys.get(f"{theorem.module}.{theorem.name}")
        if key is None:
            raise ProofError.of("read_graph()", f"the theorem {theorem.name}", "no such node", "Report it.")
        asked[key] = theorem.name
    found = {}
    for key, name in asked.items():
        ahead, seen, lemmas = list(edges[key]), {key}, 0
        uses = set()
        while ahead:
            node = ahead.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in asked:
                uses.add(asked[node])
                continue
            lemmas += nodes[node][1]
            ahead += edges[node]
        found[name] = {"uses": sorted(uses), "lemmas": lemmas}
    return found
