"""Curved barriers, windows that move with epsilon, and boxes of samples, as a statement gives them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbols
from ...symbolic.planar.nullcline import EDGE
from ..statements import REALS, Reading
from .proved_basin import Window
from .stated import epsilon_range

z, p, epsilon = symbols("z p epsilon")

Side = tuple[Fraction, Fraction]


def refuse(what: str, found: object) -> ProofError:
    """The error of a check that is given a statement that it cannot judge."""
    return ProofError.of("the statement", what, str(found), "The check cannot judge another statement.")


def read_free(statement: Reading, *variables: sp.Symbol) -> None:
    """Read the ranges of variables about which the check's argument assumes nothing but that they are real.

    Raises:
        ProofError: one ranges over something else.
    """
    for variable in variables:
        statement.within(variable, REALS)


@dataclass(frozen=True)
class StatedBarrier:
    """States above ``phi = sum c p^j z^k`` and below a top: ``phi <= level + width epsilon - 2 <= height``.

    Attributes:
        terms: ``((j, k), c)``, in order.
        width: the coefficient of epsilon.
        height: of the top.
    """

    terms: tuple[tuple[tuple[int, int], sp.Rational], ...]
    width: sp.Rational
    height: sp.Rational

    def slope(self) -> sp.Rational:
        """The coefficient of a barrier that is a multiple of p.

        Raises:
            ProofError: it has other terms.
        """
        if [key for key, _ in self.terms] != [(1, 0)]:
            raise refuse("a barrier that is a multiple of p", self.terms)
        return self.terms[0][1]


def stated_barrier(statement: Reading, level: sp.Symbol) -> StatedBarrier:
    """The barrier and the top that the hypotheses on a function of the state name.

    Args:
        statement: with exactly two hypotheses on ``level``, each ``left <= right``.
        level: the name that stands for ``V`` in the region.

    Returns:
        The barrier's constants.

    Raises:
        ProofError: the hypotheses are of another form.
    """
    relations = statement.hypotheses_on(level)
    barrier: dict[tuple[int, int], sp.Rational] = {}
    widths: list[sp.Rational] = []
    heights: list[sp.Rational] = []
    for relation in relations:
        if not isinstance(relation, sp.Le):
            raise refuse("hypotheses left <= right", relation)
        slack = sp.Poly(sp.expand(relation.args[1] - relation.args[0]), level, epsilon, p, z)
        terms = {m: c for m, c in slack.terms() if c != 0}
        sign, width, constant = (terms.pop(m, sp.S.Zero) for m in ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0)))
        if any(m[:2] != (0, 0) for m in terms) or abs(sign) != 1 or (sign == 1) != bool(terms):
            raise refuse("a barrier and a top", relation)
        widths.append(sign * width)
        if sign == 1:
            if constant != -EDGE or barrier:
                raise refuse(f"one barrier, which starts from {level} + width epsilon = {EDGE}", relation)
            barrier = {m[2:]: -c for m, c in terms.items()}
        else:
            heights.append(constant - EDGE)
    if not barrier or len(heights) != 1 or len(set(widths)) != 1:
        raise refuse("a barrier and a top of one width", [str(r) for r in relations])
    return StatedBarrier(tuple(sorted(barrier.items())), widths[0], heights[0])


def stated_reach(statement: Reading, quantity: sp.Expr) -> sp.Expr:
    """The closed upper bound that the one hypothesis on a quantity names.

    Raises:
        ProofError: it is bounded otherwise.
    """
    found = statement.bounds(quantity, given=True)
    if found.low is not None or found.high is None or found.high_strict:
        raise refuse(f"a hypothesis {quantity} <= ..", found)
    return found.high


def closed_side(statement: Reading, quantity: sp.Expr) -> Side:
    """The closed interval of a quantity that the hypotheses name.

    Raises:
        ProofError: an end is missing, open, or no rational.
    """
    found = statement.bounds(quantity, given=True)
    ends = (found.low, found.high)
    if found.low_strict or found.high_strict or not all(end is not None and end.is_Rational for end in ends):
        raise refuse(f"a closed interval of numbers for {quantity}", found)
    return _side(ends[0], ends[1], quantity)


def _side(low: sp.Rational, high: sp.Rational, quantity: sp.Expr) -> Side:
    if low > high:
        raise refuse(f"some value of {quantity}", (low, high))
    return to_fraction(low), to_fraction(high)


def closed_range(statement: Reading, variable: sp.Symbol) -> Side:
    """The closed interval that a variable ranges over.

    Raises:
        ProofError: an end is open or infinite.
    """
    found = statement.interval(variable)
    if found.left_open or found.right_open or not (found.start.is_Rational and found.end.is_Rational):
        raise refuse(f"a closed interval for {variable}", found)
    return _side(found.start, found.end, variable)


def stated_windows(statement: Reading, quantities: tuple[sp.Symbol, ...]) -> list[Window]:
    """Windows about centres that move with epsilon, ``|quantity - centre| <= reach``, one for each piece of a Min.

    Args:
        statement: with one such hypothesis on each quantity.
        quantities: z and the weight norm.

    Returns:
        Windows on adjoining stretches that cover the range of epsilon.

    Raises:
        ProofError: the hypotheses are of another form.
    """
    low, high = epsilon_range(statement)
    parts: list[sp.Expr] = []
    for quantity in quantities:
        found = [statement.unfolded(h) for h in statement.hypotheses_on(quantity)]
        if len(found) != 1 or not isinstance(found[0], sp.Le) or not isinstance(found[0].args[0], sp.Abs):
            raise refuse(f"|{quantity} - centre| <= reach", found)
        inner = found[0].args[0].args[0]
        sign = inner.coeff(quantity)
        centre = sp.expand(quantity - inner / sign) if abs(sign) == 1 else quantity
        if quantity in centre.free_symbols:
            raise refuse(f"a centre for {quantity}", inner)
        parts += [centre, found[0].args[1]]
    cases = set().union(*(part.atoms(sp.Min) for part in parts))
    ends = [sp.solveset(case.args[0] - case.args[1], epsilon, sp.Interval.open(low, high)) for case in cases]
    cuts = sorted({low, high, *(cut for end in ends for cut in end)})
    windows = []
    for a, b in pairwise(cuts):
        at = {case: min(case.args, key=lambda x: x.subs(epsilon, (a + b) / 2)) for case in cases}
        rows = [sp.Poly(sp.expand(part.xreplace(at)), epsilon).all_coeffs()[::-1] for part in parts]
        exact = [tuple(to_fraction(c) for c in row) for row in rows]
        windows.append(Window((to_fraction(a), to_fraction(b)), *exact))
    return windows


def box_points(rng: np.random.Generator, sides: tuple[Side, ...], count: int) -> npt.NDArray[np.float64]:
    """All corners of a box, then random points of it.

    Args:
        rng: source of the random points.
        sides: closed intervals.
        count: how many random points.

    Returns:
        Shape ``(2 ** len(sides) + count, len(sides))``.
    """
    low, high = (np.array([float(side[k]) for side in sides]) for k in (0, 1))
    choices = np.array(list(np.ndindex(*(2,) * len(sides))))
    return np.vstack([low + choices * (high - low), rng.uniform(low, high, (count, len(sides)))])
