"""One strict inequality on a box, as a Coq lemma: polynomial, cuts, and the identity that ties them to the map."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from flint import fmpq_mpoly

from ...symbolic.algebra.rings import Exponents, poly_terms, to_fraction
from .bernstein import find_cuts
from .terms import nested, number

FINENESS = 16
"""How many cut positions a side has at least; cuts lie at integers of the scaled variable."""


@dataclass(frozen=True)
class Box:
    """A box of three or four named variables with rational ends.

    Attributes:
        names: Coq names of the variables.
        sides: lower and upper end of each.
    """

    names: tuple[str, ...]
    sides: tuple[tuple[Fraction, Fraction], ...]

    @property
    def scales(self) -> tuple[int, ...]:
        """Integers that make all ends, and a fine grid between them, integer."""
        return tuple(FINENESS * lcm(low.denominator, high.denominator) for low, high in self.sides)

    @property
    def integer_sides(self) -> tuple[tuple[int, int], ...]:
        """The ends in scaled variables."""
        pairs = zip(self.sides, self.scales, strict=True)
        return tuple((int(low * scale), int(high * scale)) for (low, high), scale in pairs)

    def hypotheses(self) -> str:
        """The box as Coq premises."""
        pairs = zip(self.names, self.sides, strict=True)
        return " -> ".join(f"{number(low)} <= {name} <= {number(high)}" for name, (low, high) in pairs)


@dataclass(frozen=True)
class BoxLemma:
    """A proved box inequality.

    Attributes:
        name: of the lemma.
        text: Coq source.
        leaves: how many boxes Coq tests.
    """

    name: str
    text: str
    leaves: int


def integer_terms(poly: fmpq_mpoly, scales: Sequence[int]) -> tuple[dict[Exponents, int], int]:
    """Integer coefficients after ``x_i = u_i / scale_i``.

    Args:
        poly: a polynomial over Q.
        scales: a positive integer for each variable.

    Returns:
        Exponents of u to integer, and the positive factor c: ``c * poly(u / scale)`` has these coefficients.
    """
    scaled: dict[Exponents, Fraction] = {}
    for exponents, coefficient in poly_terms(poly).items():
        value = to_fraction(coefficient)
        for scale, power in zip(scales, exponents, strict=True):
            value /= scale**power
        scaled[exponents] = value
    factor = lcm(*(v.denominator for v in scaled.values()))
    return {e: int(v * factor) for e, v in scaled.items()}, factor


def box_lemma(
    name: str, box: Box, over_pole: tuple[fmpq_mpoly, int], statement: str, unfold: Sequence[str]
) -> BoxLemma:
    """Write ``0 < statement`` on a box.

    Args:
        name: of the lemma.
        box: where.
        over_pole: polynomial P and power k: the statement is ``P / (1 - z)^k``, z the first variable.
        statement: the same as a Coq expression.
        unfold: Coq definitions to unfold so that ``field`` sees the statement.

    Returns:
        The lemma with its polynomial and its cuts.
    """
    polynomial, power = over_pole
    terms, factor = integer_terms(polynomial, box.scales)
    cuts, leaves = find_cuts(terms, box.integer_sides)
    count = len(box.names)
    premises = [f"H{i}" for i in range(count)]
    scaled = [f"({scale} * {v})" for scale, v in zip(box.scales, box.names, strict=True)]
    ends = " ".join(number(end) for side in box.integer_sides for end in side)
    body = textwrap.fill(nested(terms, count), 110, break_long_words=False)
    plan = textwrap.fill(cuts, 110, break_long_words=False)
    called, unit = (f"[{name}_poly]", "0 1 ") if count == 3 else (f"{name}_poly", "")
    scale = f"{factor} * (1 - {box.names[0]})^{power}" if power else str(factor)
    side = "apply Rmult_lt_0_compat; [lra|apply pow_lt; lra]" if power else "lra"
    text = f"""Definition {name}_poly : poly{count} :=
({body})%Z.
Definition {name}_cuts : cuts :=
({plan})%Z.
Lemma {name}_kernel :
  positive_on {name}_cuts {called} {unit}{ends} = true.
Proof. vm_cast_no_check (eq_refl true). Qed.
Lemma {name} {" ".join(box.names)} :
  {box.hypotheses()} ->
  0 < {statement}.
Proof.
intros {" ".join(premises)}.
apply (positive_by{count} {"_ " * (2 * count + 2)}{name}_kernel
  {" ".join(scaled)} ({scale}));
  [{"lra|" * count}{side}|].
unfold {", ".join((*unfold, f"{name}_poly"))}.
cbn [ev4 ev3 ev2 ev1 evL]. field{". lra" if power else ""}.
Qed.
"""
    return BoxLemma(name, text, leaves)
