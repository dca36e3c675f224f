"""Polynomial identities between named quantities, as Coq lemmas that Coq decides by multiplying out.

A quantity is a function of ``(z, l, e)`` of the form ``P / (c (1 - z)^k)``, P an integer polynomial in the scaled
variables; in Coq its definition or a small ``field`` proof ties it to P. An identity is a polynomial in quantities that
vanishes; ``Reflect.v`` decides it by computing with the polynomials.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lcm

import sympy as sp
from flint import fmpq_mpoly

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.localised import Local
from ...symbolic.algebra.rings import Exponents, PolyRing, poly_terms, to_fraction
from .boxes import Box, integer_terms
from .terms import nested, number, real_polynomial


@dataclass(frozen=True)
class Quantity:
    """A named function with its integer polynomial.

    Attributes:
        name: Coq variable in identities.
        literal: name of the Coq definition of P.
        terms: P, in scaled variables.
        factor: c.
        power: k.
    """

    name: str
    literal: str
    terms: Mapping[Exponents, int]
    factor: int
    power: int

    def definition(self) -> str:
        """P as a Coq definition."""
        body = textwrap.fill(nested(self.terms, 3), 110, break_long_words=False)
        return f"Definition {self.literal} : poly3 :=\n({body})%Z.\n"

    def scale(self) -> str:
        """The Coq expression ``c (1 - z)^k``."""
        return f"({self.factor} * (1 - z)^{self.power})"


def quantity(name: str, prefix: str, value: Local, box: Box) -> Quantity:
    """Make a quantity from an exact function.

    Args:
        name: Coq variable.
        prefix: of the literal's name.
        value: the function, in the ring ``(z, l, e)`` with pole ``1 - z``.
        box: gives the scales.

    Returns:
        The quantity.
    """
    terms, factor = integer_terms(value.numerator, box.scales)
    return Quantity(name, f"{prefix}_{name}_num", terms, factor, value.power)


def scaled_arguments(box: Box) -> str:
    """``(s1 * z) (s2 * l) (s3 * e)``."""
    return " ".join(f"({scale} * {v})" for scale, v in zip(box.scales, box.names, strict=True))


def _tree(terms: Sequence[str], join: str) -> str:
    """A balanced tree, so that neither Coq nor its parser nests deeply."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({join} {_tree(terms[:half], join)} {_tree(terms[half:], join)})"


class Identities:
    """Polynomials in quantities that vanish, for one box.

    Args:
        box: with its three variables, z first.
        quantities: all that may appear, besides the variables themselves.
    """

    def __init__(self, box: Box, quantities: Sequence[Quantity]) -> None:
        self.box = box
        self.quantities = tuple(quantities)
        self.names = (*box.names, *(q.name for q in quantities))
        self.ring = PolyRing(tuple(sp.Symbol(f"{name}_") for name in self.names))

    def generators(self) -> dict[str, fmpq_mpoly]:
        """The quantities as ring elements, by name."""
        return dict(zip(self.names, self.ring.context.gens(), strict=True))

    def used(self, poly: fmpq_mpoly) -> list[Quantity]:
        """The quantities that appear in a polynomial, in order."""
        rows = poly_terms(poly)
        return [q for i, q in enumerate(self.quantities) if any(e[i + 3] for e in rows)]

    def _monomials(self, poly: fmpq_mpoly) -> tuple[list[tuple[int, Exponents, int]], int, int]:
        """Integer weight, exponents and missing power of ``1 - z`` of each monomial; the common factor; the power."""
        s1 = self.box.scales[0]
        factors = (*self.box.scales, *(q.factor for q in self.quantities))
        powers = (0, 0, 0, *(q.power for q in self.quantities))
        rows = []
        for exponents, c in sorted(poly_terms(poly).items()):
            value = to_fraction(c)
            for factor, n in zip(factors, exponents, strict=True):
                value /= factor**n
            rows.append((value, exponents, sum(k * n for k, n in zip(powers, exponents, strict=True))))
        top = max(below for _, _, below in rows)
        scaled = [(value / s1 ** (top - below), exponents, top - below) for value, exponents, below in rows]
        common = lcm(*(value.denominator for value, _, _ in scaled))
        return [(int(value * common), exponents, missing) for value, exponents, missing in scaled], common, top

    def lemma(self, name: str, poly: fmpq_mpoly) -> str:
        """The Coq lemma ``poly = 0``, after the identity has been checked here.

        Args:
            name: of the lemma.
            poly: a polynomial in the quantities.

        Returns:
            Coq source.

        Raises:
            ProofError: the polynomial does not vanish.
        """
        rows, common, top = self._monomials(poly)
        self._check(name, rows)
        s1 = self.box.scales[0]
        used = self.used(poly)
        trees = []
        for weight, exponents, missing in rows:
            parts = [f"(Cst ({weight}))"]
            if missing:
                parts.append(f"(Pow (Add (Cst {s1}) (Mul (Cst (-1)) VX)) {missing})")
            heads = ("VX", "VY", "VW", *(f"(Lit {q.literal})" for q in self.quantities))
            parts += [h if n == 1 else f"(Pow {h} {n})" for h, n in zip(heads, exponents, strict=True) if n]
            trees.append(_tree(parts, "Mul"))
        tree = textwrap.fill(_tree(trees, "Add"), 110, break_long_words=False)
        expression = textwrap.fill(
            real_polynomial(poly, self.names), 106, initial_indent="  ", subsequent_indent="  ", break_long_words=False
        )
        arguments = scaled_arguments(self.box)
        premises = "\n".join(f"  {q.name} * {q.scale()} = ev3 {q.literal} {arguments} ->" for q in used)
        rewrites = "\n".join(f"rewrite <- H{q.name}." for q in used)
        binders = " ".join((*self.box.names, *(q.name for q in used)))
        pole, factor, side = "", str(common), "lra"
        if top:
            pole, factor = "z < 1 ->", f"{common} * (1 - z)^{top}"
            side = "apply Rgt_not_eq, Rmult_lt_0_compat; [lra|apply pow_lt; lra]"
        return f"""Definition {name}_tree : ex :=
({tree})%Z.
Lemma {name}_zero : zero3 (norm {name}_tree) = true.
Proof. vm_cast_no_check (eq_refl true). Qed.
Lemma {name} {binders} : {pole}
{premises}
{expression} = 0.
Proof.
intros {"Hz " if top else ""}{" ".join(f"H{q.name}" for q in used)}.
apply Rmult_eq_reg_r with ({factor}); [|{side}].
rewrite Rmult_0_l, <- (vanishes {name}_tree {arguments} {name}_zero).
unfold {name}_tree. cbn [evx].
{rewrites}
{f"replace ({s1} + -1 * ({s1} * z)) with ({s1} * (1 - z)) by ring." if top else ""}
clear - {binders}. generalize (1 - z). intro s. field.
Qed.
"""

    def _check(self, name: str, rows: Sequence[tuple[int, Exponents, int]]) -> None:
        """Multiply out here too, so that a wrong identity is a Python error and no failing build."""
        ring = PolyRing(sp.symbols("x y w"))
        x, y, w = ring.context.gens()
        values = (x, y, w, *(ring.from_dict(dict(q.terms)) for q in self.quantities))
        total = ring.zero
        for weight, exponents, missing in rows:
            term = ring.constant(weight) * (ring.constant(self.box.scales[0]) - x) ** missing
            for value, n in zip(values, exponents, strict=True):
                if n:
                    term = term * value**n
            total = total + term
        if not total.is_zero():
            raise ProofError.of("Identities.lemma()", f"{name} to vanish", "a remainder", "The map has changed.")


def positive_literal(name: str, literal: str, terms: Mapping[Exponents, int], box: Box, cuts: str) -> str:
    """The Coq lemma that a literal is positive on a box.

    Args:
        name: of the lemma.
        literal: name of the Coq polynomial.
        terms: the polynomial, in scaled variables.
        box: where.
        cuts: from the search.

    Returns:
        Coq source.
    """
    ends = " ".join(number(end) for side in box.integer_sides for end in side)
    plan = textwrap.fill(cuts, 110, break_long_words=False)
    return f"""Lemma {name}_kernel : positive_on
  ({plan})%Z
  [{literal}] 0 1 {ends} = true.
Proof. vm_cast_no_check (eq_refl true). Qed.
Lemma {name} z l e : {box.hypotheses()} ->
  0 < ev3 {literal} {scaled_arguments(box)}.
Proof. intros Hz Hl He. apply (literal_positive _ _ _ _ _ _ _ _ {name}_kernel); lra. Qed.
"""
