"""The table of names: what stands in statements beside variables, each with its meaning and a way to its value."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ....symbolic.algebra.errors import ProofError
from .entry import Name

MODULES = (
    "central_flow",
    "coq",
    "families",
    "limits",
    "networks",
    "normal_forms",
    "optimisers",
    "plane",
    "printing",
    "programs",
    "regression",
    "round_off",
    "theorem_1",
    "theorem_2",
)


@cache
def table() -> dict[str, Name]:
    """Every name by its key.

    Raises:
        ProofError: a key is defined twice.
    """
    found: dict[str, Name] = {}
    for module in MODULES:
        for name in import_module(f"{__package__}.{module}").NAMES:
            if name.key in found:
                raise ProofError.of("names", "unique names", name.key, "Give one of them another name.")
            found[name.key] = name
    return found
