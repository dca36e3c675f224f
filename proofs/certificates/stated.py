"""Regions and start sets as a statement gives them: its numbers, read from hypotheses, ranges and conclusion."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.planar.nullcline import EDGE
from ..statements import POSITIVE, REALS, WEIGHTS, Inhabited, IsOpen, Reading
from .theorem_1 import PIECES

z, V, p, epsilon, eta, eta_0 = symbols("z V p epsilon eta eta_0")
OUTPUT, NORM, THETA_0 = symbol("f(theta_0)"), symbol("|theta_0|^2"), symbol("theta_0")
FIRST, LATER, LIMIT = symbols("lambda_0 lambda_1 lambda_infinity")

Numbers = dict[str, sp.Rational]

_LESS = (sp.Le, sp.Lt)
_MORE = (sp.Ge, sp.Gt)
#: What the argument needs beside the numbers of a statement: it changes no start and no limit.
_DEVICES = ("split", "sign_change_slack")


def _refuse(what: str, found: object) -> ProofError:
    return ProofError.of("the statement", what, str(found), "The check cannot judge another statement.")


def _number(value: sp.Expr | None, what: str) -> sp.Rational:
    found = None if value is None else sp.cancel(value)
    if found is None or not found.is_Rational:
        raise _refuse(f"a number for {what}", value)
    return found


def epsilon_range(statement: Reading) -> tuple[sp.Rational, sp.Rational]:
    """The closed interval of epsilon that holds the stated one.

    Raises:
        ProofError: epsilon need not be positive, or may exceed 1.
    """
    found = statement.interval(epsilon)
    positive = found.start > 0 or (found.start == 0 and found.left_open)
    if not (positive and found.end <= 1):
        raise _refuse("0 < epsilon <= 1: the edge is measured in units of epsilon", found)
    return found.start, found.end


def state_of_any_value(statement: Reading) -> None:
    """Read the ranges of z and V, which are free: with epsilon they give T."""
    for variable in (z, V):
        statement.within(variable, REALS)


def _slack(relation: sp.Basic) -> sp.Poly:
    """What a hypothesis holds positive or 0, linear in V, p and epsilon; a strict one leaves fewer states."""
    if not isinstance(relation, (*_LESS, *_MORE)):
        raise _refuse("an inequality", relation)
    left, right = relation.args
    slack = sp.Poly(right - left if isinstance(relation, _LESS) else left - right, V, p, epsilon)
    if slack.total_degree() > 1:
        raise _refuse("a hypothesis linear in V, p and epsilon", relation)
    return slack


def _coefficients(slack: sp.Poly) -> tuple[sp.Rational, ...]:
    """Of V, p, epsilon and 1."""
    return tuple(_number(slack.coeff_monomial(m), "a coefficient") for m in (V, p, epsilon, 1))


def _hypotheses(relations: list[sp.Basic]) -> Numbers:
    """Slope, width and height of a region, and the floor of V if there is one.

    The barrier is ``slope p <= V + width epsilon - 2``, the top ``V + width epsilon <= 2 + height``.
    """
    found: Numbers = {}
    widths = []

    def take(name: str, value: sp.Rational) -> None:
        if name in found:
            raise _refuse(f"one {name}", relations)
        found[name] = value

    for relation in relations:
        norm, slow, share, constant = _coefficients(_slack(relation))
        if norm == 1 and slow < 0 and constant == -EDGE:
            take("slope", -slow)
            widths.append(share)
        elif norm == -1 and slow == 0:
            take("height", constant - EDGE)
            widths.append(-share)
        elif norm == 1 and slow == share == 0:
            take("floor", -constant)
        else:
            raise _refuse("a barrier, a top or a floor", relation)
    if not {"slope", "height"} <= found.keys() or widths[0] != widths[1]:
        raise _refuse("a barrier and a top of one width", relations)
    return {**found, "width": widths[0]}


def _at(relations: list[sp.Basic], value: sp.Rational) -> list[sp.Basic]:
    """The relations with each definition by cases replaced by its case at an epsilon."""
    cases = {c: c.subs(epsilon, value) for r in relations for c in r.atoms(sp.Piecewise)}
    return [r.xreplace(cases) for r in relations]


def _stretches(relations: list[sp.Basic], low: sp.Rational, high: sp.Rational) -> Iterator[tuple[Numbers, sp.Rational]]:
    """The numbers of each stretch of epsilon between the cuts of definitions by cases, with the stretch's ends.

    Raises:
        ProofError: at a cut the case is that of neither side.
    """
    numbers = {n for r in relations for c in r.atoms(sp.Piecewise) for n in c.atoms(sp.Rational)}
    cuts = [low, *sorted(n for n in numbers if low < n < high), high]
    found = [_hypotheses(_at(relations, (a + b) / 2)) for a, b in pairwise(cuts)]
    for k, cut in enumerate(cuts):
        beside = found[max(0, k - 1) : k + 1]
        if (cut > 0 or low > 0) and _hypotheses(_at(relations, cut)) not in beside:
            raise _refuse(f"at epsilon = {cut} the region of one side", relations)
    for (a, b), constants in zip(pairwise(cuts), found, strict=True):
        yield {**constants, "epsilon_min": a, "epsilon_max": b}, a


def devices(low: sp.Rational) -> dict[str, object]:
    """What the argument needs for a stretch of epsilon that begins here, beside the numbers of a statement."""
    constants = [c for c, _ in PIECES if sp.Rational(str(c["epsilon_min"])) <= low][-1]
    return {name: constants[name] for name in _DEVICES if name in constants}


def stated_regions(statement: Reading) -> list[dict[str, object]]:
    """The constants of the trapping regions that the hypotheses name, one for each stretch of epsilon.

    Args:
        statement: over epsilon, z and V, with the hypotheses ``z != 0``, ``z < 1``, a barrier and a top.

    Returns:
        What :func:`..trapping.barrier.derive_barrier` takes; with ``floor``, the least V, where there is one.

    Raises:
        ProofError: the hypotheses are of another form.
    """
    low, high = epsilon_range(statement)
    state_of_any_value(statement)
    statement.assumed(sp.Ne(z, 0, evaluate=False))
    statement.assumed(sp.Lt(z, 1, evaluate=False))
    relations = [statement.unfolded(h) for h in statement.hypotheses_on(V)]
    return [{**numbers, **devices(begin)} for numbers, begin in _stretches(relations, low, high)]


def require_limit(statement: Reading, limit: sp.Symbol, unit: sp.Expr, regions: list[dict[str, object]]) -> None:
    """The conclusion is what the regions give, ``2 - width epsilon <= lim <= 2``, and no more.

    Args:
        statement: with a closed bound of the limit from each side.
        limit: its symbol.
        unit: what the bounds are multiplied with: 1, or the step size.
        regions: with their widths.

    Raises:
        ProofError: it is another.
    """
    found = statement.bounds(limit)
    if found.low is None or found.high is None or found.low_strict or found.high_strict:
        raise _refuse("a closed interval for the limit", found)
    widths = {sp.cancel((EDGE - found.low * unit) / epsilon), *(r["width"] for r in regions)}
    if len(widths) != 1 or sp.expand(found.high * unit - EDGE) != 0:
        raise _refuse("2 - width epsilon <= lim <= 2 with the width of the regions", found)


def stated_width(statement: Reading) -> sp.Rational:
    """The width that the stated limit of lambda asks of a trapping region."""
    low = statement.bounds(LIMIT).low
    return _number(None if low is None else (EDGE - low * eta) / epsilon, "the width of the region")


def stated_windows(statement: Reading) -> tuple[Numbers, bool]:
    """The windows that the hypotheses name: of f and of the norm at ``theta_0``, and of step sizes.

    Args:
        statement: over epsilon, eta_0, theta_0 and eta.

    Returns:
        ``a_min``, ``a_max``, ``n_min``, ``n_max``, ``norm_shift`` and ``ratio``, as
        :func:`..trapping.start.derive_start` takes them; and whether the windows of ``theta_0`` are open.

    Raises:
        ProofError: the hypotheses are of another form.
    """
    statement.within(eta_0, POSITIVE)
    statement.within(THETA_0, WEIGHTS)
    statement.within(eta, REALS)
    norms = {side for h in statement.hypotheses_on(NORM) for side in h.args if NORM in side.free_symbols}
    if len(norms) != 1:
        raise _refuse("one window of the norm", norms)
    (norm,) = norms
    found = {"norm_shift": _number((norm - eta_0 * epsilon * NORM) / epsilon, "the shift of the norm's window")}
    is_open = True
    for name, quantity in (("a", eta_0 * OUTPUT), ("n", norm)):
        window = statement.bounds(quantity, given=True)
        found[f"{name}_min"] = _number(window.low, f"the least {quantity}")
        found[f"{name}_max"] = _number(window.high, f"the largest {quantity}")
        is_open = is_open and window.low_strict and window.high_strict
    steps = statement.bounds(eta, given=True)
    if steps.low != eta_0 or steps.high is None:
        raise _refuse("eta_0 <= eta <= ratio eta_0", steps)
    found["ratio"] = _number(steps.high / eta_0, "the ratio of step sizes")
    return found, is_open


def stated_starts(statement: Reading) -> Numbers:
    """The windows that the hypotheses name, with the overshoot that the conclusion names.

    Args:
        statement: with ``lambda_0 < 2/eta``, a lower bound of ``lambda_1``, and that the set of starts is open and not
            empty.

    Returns:
        What :func:`..trapping.start.derive_start` takes.

    Raises:
        ProofError: the hypotheses or the conclusion are of another form.
    """
    found, is_open = stated_windows(statement)
    first, later = statement.bounds(FIRST), statement.bounds(LATER)
    if first.low is not None or first.high != EDGE / eta or not first.high_strict:
        raise _refuse("lambda_0 < 2/eta", first)
    if later.low is None or later.high is not None or not later.low_strict:
        raise _refuse("lambda_1 > (2 + overshoot)/eta", later)
    # a set cut out by strict inequalities between polynomials is open; that it is not empty is a condition
    if not is_open or set(statement.relations(THETA_0)) != {Inhabited(THETA_0), IsOpen(THETA_0)}:
        raise _refuse("an open set of starts that is not empty", statement.statement.conclusion)
    return {**found, "overshoot": _number(later.low * eta, "the overshoot") - EDGE}
