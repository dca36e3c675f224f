"""Search for the shortest straight-line program of fused multiply-adds that computes given polynomials, modulo a prime.

Every polynomial to be computed is written ``p = a * b + c`` where a, b, c are constants, variables, or polynomials
that are computed too. A depth-first search over the ways to do so, with the number of operations as its budget,
gives the shortest program in its space; sharing and signs are free. It works on plain
dictionaries over a prime field, in which random residues stand for the parameters: two different coefficients look
equal with probability below 1e-15 for the degrees in use, and :mod:`.emission` proves every plan in exact algebra.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import add, le, sub

from ...symbolic.algebra.rings import Exponents

PRIME = (1 << 61) - 1
Poly = dict[Exponents, int]
Key = tuple[tuple[Exponents, int], ...]
FEW = 16
"""Up to so many known polynomials, all of them are tried as factors and addends."""


def inverse(a: int) -> int:
    """The inverse of a residue other than 0."""
    return pow(a, PRIME - 2, PRIME)


def degree(p: Poly) -> int:
    """Total degree; 0 for constants and for zero."""
    return max((sum(e) for e in p), default=0)


def key(p: Poly) -> Key:
    """A hashable form, the same for ``p`` and ``-p``."""
    items = tuple(sorted(p.items()))
    if items and items[-1][1] > PRIME - items[-1][1]:
        return tuple((e, PRIME - v) for e, v in items)
    return items


def negate(p: Poly) -> Poly:
    """``-p``."""
    return {e: PRIME - v for e, v in p.items()}


def scale(p: Poly, k: int) -> Poly:
    """``k * p`` for a residue ``k`` other than 0."""
    return {e: v * k % PRIME for e, v in p.items()}


def subtract(p: Poly, q: Poly) -> Poly:
    """``p - q``."""
    result = dict(p)
    for e, v in q.items():
        value = (result.get(e, 0) - v) % PRIME
        if value:
            result[e] = value
        else:
            result.pop(e, None)
    return result


def divide(p: Poly, q: Poly) -> Poly | None:
    """The exact quotient ``p / q``, or None.

    Args:
        p: the dividend, not zero.
        q: the divisor, not zero.

    Returns:
        The quotient, or None when q does not divide p.
    """
    lead = max(q)
    inv = 0
    rest, result = dict(p), {}
    while rest:
        e = max(rest)
        g = tuple(map(sub, e, lead))
        if min(g) < 0:
            return None
        inv = inv or inverse(q[lead])
        c = rest[e] * inv % PRIME
        result[g] = c
        for f, w in q.items():
            h = tuple(map(add, g, f))
            value = (rest.get(h, 0) - c * w) % PRIME
            if value:
                rest[h] = value
            else:
                rest.pop(h, None)
    return result


def proportional(p: Poly, q: Poly) -> bool:
    """Whether ``p = k * q`` for a residue k."""
    if p.keys() != q.keys():
        return False
    first = next(iter(p))
    a, b = p[first], q[first]
    return all(v * b % PRIME == q[e] * a % PRIME for e, v in p.items())


@dataclass(frozen=True)
class Recipe:
    """How one polynomial is written ``a * b + c``, in terms that also make sense exactly.

    ``quotient``: a is a known polynomial (``known``), c is zero, the constant term, or a known one (``addend``,
    ``addend_sign``), b the exact quotient. ``horner``: a is variable ``index``, c what does not contain it.
    ``constant``: a constant is split off. ``axpy``: b is known, a the constant that removes its leading monomial.
    ``unit``: factor ``index`` of the list is ``1 + a``, and b = c is the cofactor. ``factor``: a is factor ``index``.
    """

    kind: str
    known: Key = ()
    addend: Key | None = None
    addend_sign: int = 0
    index: int = 0


Triple = tuple[Poly, Poly, Poly]


@dataclass
class Plan:
    """A schedule: for each computed polynomial its recipe and its three operands, goals before what they need."""

    steps: dict[Key, tuple[Poly, Recipe, Triple]] = field(default_factory=dict)

    @property
    def operations(self) -> int:
        """How many operations it takes."""
        return len(self.steps)


class Search:
    """Shortest programs for a set of polynomials.

    Args:
        targets: what must be computed.
        width: number of variables.
        factors: factors worth trying, each with constant term 1 where the recipe ``unit`` is to apply.
        limit: divisions to try at most for each budget.
    """

    def __init__(self, targets: Sequence[Poly], width: int, factors: Sequence[Poly], limit: int) -> None:
        self.targets = [t for t in targets if degree(t) > 0]
        self.zero = (0,) * width
        self.variables: list[Poly] = [{tuple(int(i == j) for j in range(width)): 1} for i in range(width)]
        self._names = {key(v) for v in self.variables}
        self.factors = list(factors)
        self.limit = limit
        self.work = 0
        self.exhausted = True
        self._budget = 0

    def run(self, budget: int) -> Plan | None:
        """A program of at most ``budget`` operations.

        Args:
            budget: operations allowed.

        Returns:
            The plan, or None; ``exhausted`` says whether the whole space was looked at.
        """
        self.work, self.exhausted, self._budget = 0, True, budget
        known = {key(v): v for v in self.variables}
        goals: list[Key] = []
        for target in self.targets:
            name = key(target)
            if name not in known:
                known[name] = target
                goals.append(name)
        if len(goals) > budget:
            return None
        return self._descend(known, tuple(goals), Plan(), len(goals))

    def _descend(self, known: dict[Key, Poly], goals: tuple[Key, ...], plan: Plan, used: int) -> Plan | None:
        if not goals:
            return plan
        if self.work > self.limit:
            self.exhausted = False
            return None
        room = self._budget - used
        goal = max(goals, key=lambda k: (max(sum(e) for e, _ in k), len(k)))
        rest = tuple(g for g in goals if g != goal)
        for new, recipe, triple in self._candidates(known[goal], known, room):
            longer = Plan({**plan.steps, goal: (known[goal], recipe, triple)})
            if not _acyclic(longer, goal):
                continue
            found = self._descend({**known, **new} if new else known, rest + tuple(new), longer, used + len(new))
            if found is not None:
                return found
            if self.work > self.limit:
                self.exhausted = False
                return None
        return None

    def _candidates(self, p: Poly, known: dict[Key, Poly], room: int) -> list[tuple[dict[Key, Poly], Recipe, Triple]]:
        """Ways to write p, those that leave least to do first."""
        seen = set()
        found = []
        for recipe, triple in self._recipes(p, known, room > 0):
            signature = tuple(map(key, triple))
            if signature in seen:
                continue
            seen.add(signature)
            new = {}
            for k, q in zip(signature, triple, strict=True):
                if degree(q) > 0 and k not in known:
                    new[k] = q
            if len(new) <= room:
                found.append((new, recipe, triple))
        found.sort(key=lambda t: (len(t[0]), sum(map(len, t[0]))))
        return found

    def _recipes(self, p: Poly, known: dict[Key, Poly], room: bool) -> Iterator[tuple[Recipe, Triple]]:
        zero, own = self.zero, key(p)
        constant: Poly = {zero: p[zero]} if zero in p else {}
        others = [(k, q) for k, q in known.items() if k != own]
        addends: list[tuple[Key | None, int, Poly]] = [(None, 0, {})]
        if constant:
            addends.append((None, 1, constant))
        if len(others) > FEW:
            # in long programs all pairs are too many: variables, and multiples of p itself
            others = [(k, q) for k, q in others if k in self._names or proportional(p, q)]
        for k, q in others:
            addends += [(k, 1, q), (k, -1, negate(q))]
        self.work += len(addends) * len(others) * (1 + len(p) // 16)
        ends = [(k, q, max(q), min(q)) for k, q in others]
        for addend, sign, c in addends:
            rest = subtract(p, c)
            if not rest:
                continue
            top, bottom = max(rest), min(rest)
            for k, q, lead, tail in ends:
                # the largest and the smallest monomial of a product are products: most candidates fail here
                if not (all(map(le, lead, top)) and all(map(le, tail, bottom))):
                    continue
                b = divide(rest, q)
                if b is not None:
                    yield Recipe("quotient", k, addend, sign), (q, b, c)
        if not room:
            return
        for index, x in enumerate(self.variables):
            low = {e: v for e, v in p.items() if not e[index]}
            if degree(low) > 0 and len(low) < len(p):
                quotient = divide(subtract(p, low), x)
                assert quotient is not None
                yield Recipe("horner", index=index), (x, quotient, low)
        if constant and len(p) > 1:
            yield Recipe("constant"), ({zero: 1}, subtract(p, constant), constant)
        for k, q in others:
            lead = max(q)
            if lead in p:
                factor = p[lead] * inverse(q[lead])
                rest = subtract(p, scale(q, factor))
                if degree(rest) > 0:
                    yield Recipe("axpy", k), (scale({zero: 1}, factor), q, rest)
        for index, f in enumerate(self.factors):
            cofactor = divide(p, f)
            if cofactor is None or degree(cofactor) == 0:
                continue
            if f.get(zero) == 1:
                yield Recipe("unit", index=index), (subtract(f, {zero: 1}), cofactor, cofactor)
            yield Recipe("factor", index=index), (f, cofactor, {})


def _acyclic(plan: Plan, start: Key) -> bool:
    """Whether ``start`` does not need itself."""
    stack, seen = [start], set()
    while stack:
        step = plan.steps.get(stack.pop())
        if step is None:
            continue
        for operand in step[2]:
            if degree(operand) > 0:
                name = key(operand)
                if name == start:
                    return False
                if name not in seen:
                    seen.add(name)
                    stack.append(name)
    return True
