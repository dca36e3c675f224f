"""Statements with one thing changed: each has to be noticed, except those that the statement itself implies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from .statement import Definition, Range, Statement, domain_text
from .terms import REVERSED, STRICTER, Named, Node, is_relation, leaves, replaced
from .text import term_text
from .weaker import narrower, stronger_hypothesis, weaker_part


@dataclass(frozen=True)
class Mutant:
    """A statement with one thing changed.

    Attributes:
        label: what was changed, for example ``conclusion 2: 2 -> 3 in T_inf <= 2``.
        statement: the changed statement.
        weaker: why the statement itself implies it, or an empty string where nothing says that it does.
    """

    label: str
    statement: Statement
    weaker: str = ""


def _steps(number: sp.Expr) -> Iterator[sp.Expr]:
    """The neighbours of a number: one unit of its numerator away."""
    if number.is_Rational:
        for sign in (1, -1):
            yield sp.Rational(number.p + sign, number.q)
    elif number.is_Float:
        yield number * 2
        yield number / 2


def _relations(term: sp.Basic) -> Iterator[tuple[str, sp.Basic]]:
    """A term with one of its relations reversed or made strict or not strict."""
    for path, node in leaves(term):
        if not is_relation(node):
            continue
        for kinds in (REVERSED, STRICTER):
            kind = kinds.get(type(node))
            if kind is not None:
                changed = kind(*node.args, evaluate=False)
                yield f"{term_text(node)} -> {term_text(changed)}", replaced(term, path, changed)


def changed_terms(term: sp.Basic) -> Iterator[tuple[str, sp.Basic]]:
    """Every term with one number or one relation of this term changed, and what was changed."""
    seen = {term}
    for path, node in leaves(term):
        if not isinstance(node, sp.Rational | sp.Float):
            continue
        for number in _steps(node):
            try:
                changed = replaced(term, path, number)
            except (TypeError, ValueError, ZeroDivisionError, IndexError):
                continue
            if changed in seen or changed.has(sp.zoo, sp.nan):
                continue
            seen.add(changed)
            yield f"{node} -> {number}", changed
    yield from _relations(term)
    for path, node in leaves(term):
        if isinstance(node, Node):
            yield from ((what, replaced(term, path, changed)) for what, changed in node.variants())


def _in(what: str, term: sp.Basic) -> str:
    """What was changed, with the term that it stands in where it is not all of it."""
    text = term_text(term)
    return what if what.startswith(f"{text} -> ") else f"{what} in {text}"


def _sets(domain: sp.Set) -> Iterator[tuple[str, sp.Set]]:
    """A set with one bound or one element changed."""
    found: list[sp.Set] = []
    if isinstance(domain, sp.Interval):
        start, end, lo, ro = domain.start, domain.end, domain.left_open, domain.right_open
        found += [sp.Interval(s, end, lo, ro) for s in _steps(start) if start.is_finite]
        found += [sp.Interval(start, e, lo, ro) for e in _steps(end) if end.is_finite]
        if start.is_finite:
            found.append(sp.Interval(start, end, not lo, ro))
        if end.is_finite:
            found.append(sp.Interval(start, end, lo, not ro))
    elif isinstance(domain, sp.FiniteSet):
        for element in domain.args:
            rest = [e for e in domain.args if e != element]
            found += [sp.FiniteSet(*rest, s) for s in _steps(element)]
            found.append(sp.FiniteSet(*rest))
    for changed in found:
        if changed not in (domain, sp.S.EmptySet):
            yield f"{domain_text(domain)} -> {domain_text(changed)}", changed


def mutants(statement: Statement) -> Iterator[Mutant]:
    """Every statement with one number, relation, range or hypothesis of this one changed.

    Args:
        statement: what a claim says.

    Yields:
        A number changes by one unit (of its numerator); a relation is reversed, or made strict or not; a bound of a
        range moves, opens or closes; a hypothesis is dropped. Numbers in the statement's own definitions change too.
    """
    for i, part in enumerate(statement.conclusion):
        parts = list(statement.conclusion)
        for what, changed in changed_terms(part):
            parts[i] = changed
            label = f"conclusion {i + 1}: {_in(what, part)}"
            yield Mutant(label, replace(statement, conclusion=tuple(parts)), weaker_part(part, changed, statement))
    for i, hypothesis in enumerate(statement.given):
        rest = [h for j, h in enumerate(statement.given) if j != i]
        yield Mutant(f"hypothesis {i + 1} dropped: {term_text(hypothesis)}", replace(statement, given=tuple(rest)))
        for what, changed in changed_terms(hypothesis):
            given = list(statement.given)
            given[i] = changed
            why = stronger_hypothesis(hypothesis, changed, statement)
            label = f"hypothesis {i + 1}: {_in(what, hypothesis)}"
            yield Mutant(label, replace(statement, given=tuple(given)), why)
    for i, r in enumerate(statement.over):
        if isinstance(r.domain, Named):
            continue
        for what, domain in _sets(r.domain):
            over = list(statement.over)
            over[i] = Range(r.symbol, domain)
            label = f"range of {r.symbol}: {what}"
            yield Mutant(label, replace(statement, over=tuple(over)), narrower(r.domain, domain))
    for i, definition in enumerate(statement.where):
        if definition.value is None:
            continue
        for what, changed in changed_terms(definition.value):
            where = list(statement.where)
            where[i] = Definition(definition.name, definition.meaning, changed)
            yield Mutant(f"definition of {definition.name}: {what}", replace(statement, where=tuple(where)))
