"""One entry of the table of names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from ...subject import Subject


@dataclass(frozen=True)
class Name:
    """What a name in a statement stands for.

    Attributes:
        key: the symbol's name; of a function or an indexed base the name with brackets, ``"tau()"``.
        meaning: in one sentence.
        see: the public object that computes it, with its full name, where there is no exact value.
        value: its exact value in terms of other symbols, from the derived objects.
        latex: how it is printed; default as the table of symbols says, or SymPy.
    """

    key: str
    meaning: str
    see: str = ""
    value: Callable[[Subject], sp.Expr] | None = None
    latex: str = ""

    def __post_init__(self) -> None:
        if not self.see and self.value is None:
            raise ValueError(f"{self.key}: a name needs a value or the public object that computes it")
