r"""From statements to Coq: the proposition that a statement is, over the names of the Coq development.

Variables become bound variables, hypotheses premises, parts a conjunction. A name is replaced by its term in the
development (:mod:`.names.coq`); one that is characterised rather than computed, such as a limit or a derivative, is the
number that has the property: ``exists lim, Un_cv .. lim /\ ..``. An order symbol in formal variables is its monomial
times some polynomial.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter

import sympy as sp
from sympy.core.function import AppliedUndef

from ...symbolic.algebra.errors import CodegenError
from .coq_names import COQ_NAMES, DOMAIN_CONDITIONS, IDENTIFIERS, CoqName
from .quantifiers import Either, Exists, NotEmpty, Open, Quantified
from .statement import Range, Statement
from .terms import FORMAL, All, If, Iff, Inhabited, IsOpen, Named, leaves, names_in, split_order

SUM, PRODUCT, POWER, APPLICATION = 50, 40, 30, 10
_RELATIONS = {sp.Eq: "{0} = {1}", sp.Ne: "{0} <> {1}", sp.Lt: "{0} < {1}", sp.Le: "{0} <= {1}"}
_TURNED = {sp.Gt: sp.Lt, sp.Ge: sp.Le}
WIDTH = 116
_SET = " -> Prop"
_FACTORS = ("eta_0", "eta", "mu", "epsilon")


def _wrapped(text: str) -> str:
    """Lines that are too long broken at spaces."""
    lines = []
    for line in text.splitlines():
        margin = " " * (len(line) - len(line.lstrip()))
        lines += textwrap.wrap(
            line,
            WIDTH,
            initial_indent="",
            subsequent_indent=margin + "  ",
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
            replace_whitespace=False,
        )
    return "\n".join(lines)


def proposition_name(claim_id: str) -> str:
    """Name of the Coq definition of a claim's statement."""
    return "claim_" + claim_id.replace("-", "_")


def theorem_name(claim_id: str) -> str:
    """Name of the Coq theorem that proves a claim's statement."""
    return claim_id.replace("-", "_") + "_holds"


def _refuse(what: str, found: object) -> CodegenError:
    return CodegenError.of("a statement in Coq", what, str(found), "Add it to names/coq.py, or state it otherwise.")


def _level(text: str, level: int, most: int) -> str:
    return text if level <= most else f"({text})"


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name and not name.isdigit()}


@dataclass(frozen=True)
class _Scope:
    """What is bound where a term stands: name to Coq identifier, and which of them are sets or natural numbers."""

    bound: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)

    def with_variable(self, name: str, identifier: str, kind: str) -> _Scope:
        bound, types = {**self.bound, name: identifier}, {**self.types, name: kind}
        return _Scope(bound, types, self.known)

    def with_value(self, name: str, identifier: str) -> _Scope:
        return _Scope(self.bound, self.types, {**self.known, name: identifier})

    def entry(self, key: str) -> CoqName | None:
        """The entry of a name that speaks of the most of the variables that are bound here."""
        serving = [n for n in COQ_NAMES if n.key == key and _fields(n.text) <= self.bound.keys()]
        return max(serving, key=lambda n: len(_fields(n.text)), default=None)

    def needs(self, keys: set[str]) -> set[str]:
        """The bound variables that names speak of, themselves or by their terms."""
        found = keys & self.bound.keys()
        for key in keys - found:
            entry = self.entry(key)
            found |= _fields(entry.text) if entry else set()
        return found


def _number(value: sp.Rational) -> tuple[str, int]:
    if value.q == 1:
        return (str(value.p), 0) if value >= 0 else (f"({value.p})", 0)
    return (f"{value.p} / {value.q}", PRODUCT) if value >= 0 else (f"({value.p} / {value.q})", 0)


def _negative(term: sp.Expr) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)


def _degree(term: sp.Expr) -> sp.Expr:
    powers = [f.as_base_exp() for f in sp.Mul.make_args(term) if not f.is_number]
    return sum((power for _, power in powers if power.is_number), sp.Integer(0))


def _place(factor: sp.Expr) -> tuple[int, int, str]:
    """Parameters first, then names, then what stands in brackets."""
    base = factor.as_base_exp()[0]
    name = base.name if isinstance(base, sp.Symbol) else ""
    rank = _FACTORS.index(name) if name in _FACTORS else len(_FACTORS)
    kinds = (name in _FACTORS, bool(name), not isinstance(base, sp.Add))
    return kinds.index(True) if True in kinds else len(kinds), rank, str(factor)


class _Writer:
    """Writes the terms of one statement."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement

    def value(self, key: str) -> sp.Basic | None:
        """What the statement itself abbreviates by a name."""
        return next((d.value for d in self.statement.where if key in (str(d.name), d.key)), None)

    def names(self, term: sp.Basic) -> set[str]:
        """The names of a term, those of its abbreviations among them."""
        found = names_in(term)
        inside = [v for v in map(self.value, found) if v is not None]
        return found.union(*map(self.names, inside))

    def abbreviated(self, terms: Sequence[sp.Basic], scope: _Scope) -> tuple[_Scope, str]:
        """``let z := .. in`` for the statement's abbreviations that occur and have a value in this scope."""
        text = ""
        occurring = {str(n) for t in terms for _, n in leaves(t) if isinstance(n, sp.Symbol | AppliedUndef)}
        for d in self.statement.where:
            name = IDENTIFIERS.get(str(d.name))
            if d.value is None or name is None or str(d.name) not in occurring or str(d.name) in scope.known:
                continue
            try:
                value = self.term(d.value, scope)
            except CodegenError:  # it speaks of variables that are bound further in
                continue
            text += f"let {name} := {value} in\n"
            scope = scope.with_value(str(d.name), name)
        return scope, text

    # expressions

    def term(self, expr: sp.Basic, scope: _Scope, most: int = SUM) -> str:
        """An expression over the real numbers."""
        return _level(*self._term(expr, scope), most)

    def _term(self, expr: sp.Basic, scope: _Scope) -> tuple[str, int]:
        if isinstance(expr, sp.Rational):
            return _number(expr)
        if isinstance(expr, sp.Symbol):
            return self._name(expr.name, scope)
        if isinstance(expr, sp.Add):
            return self._sum(expr, scope), SUM
        if isinstance(expr, sp.Mul):
            return self._product(expr, scope), PRODUCT
        if isinstance(expr, sp.Pow):
            if expr.exp.is_negative:
                return self._product(expr, scope), PRODUCT
            return f"{self.term(expr.base, scope, POWER - 1)} ^ {self._natural(expr.exp, scope)}", POWER
        if isinstance(expr, sp.Abs):
            return f"Rabs {self.term(expr.args[0], scope, 0)}", APPLICATION
        if isinstance(expr, sp.Sum):
            return self._total(expr, scope), APPLICATION
        if isinstance(expr, sp.Piecewise):
            return f"({self._cases(expr, scope)})", 0
        if isinstance(expr, AppliedUndef):
            if self.value(str(expr)) is not None:
                return self._name(str(expr), scope)
            return self._name(f"{expr.func.__name__}()", scope, expr.args)
        raise _refuse("a term over the real numbers", expr)

    def _name(self, key: str, scope: _Scope, args: Sequence[sp.Basic] = ()) -> tuple[str, int]:
        for table in (scope.known, scope.bound):
            if key in table:
                return table[key], 0
        value = self.value(key)
        if value is not None:
            return self._term(value, scope)
        entry = scope.entry(key)
        if entry is None or entry.characterised:
            raise _refuse(f"a term for {key}", sorted(scope.bound))
        inside = [self._natural(a, scope) if entry.natural else self.term(a, scope, 0) for a in args]
        return entry.text.format(*inside, **scope.bound), entry.level

    def _natural(self, expr: sp.Basic, scope: _Scope) -> str:
        if isinstance(expr, sp.Integer) and expr >= 0:
            return str(expr)
        if isinstance(expr, sp.Symbol) and scope.types.get(expr.name) == "nat":
            return scope.bound[expr.name]
        if isinstance(expr, sp.Add):
            parts = sorted(expr.args, key=lambda a: a.is_number)
            return f"({' + '.join(self._natural(a, scope) for a in parts)})"
        raise _refuse("a natural number", expr)

    def _sum(self, expr: sp.Add, scope: _Scope) -> str:
        parts = sorted(expr.args, key=lambda part: (_negative(part), _degree(part), str(part)))
        # a positive term first, then by degree
        parts = parts[:1] + sorted(parts[1:], key=lambda part: (_degree(part), str(part)))
        text = self.term(parts[0], scope, PRODUCT)
        for part in parts[1:]:
            piece = self.term(-part if _negative(part) else part, scope, PRODUCT)
            text += f" {'-' if _negative(part) else '+'} {piece}"
        return text

    def _product(self, expr: sp.Expr, scope: _Scope) -> str:
        coefficient, rest = expr.as_coeff_Mul()
        above, below = [sp.Integer(abs(coefficient.p))], [sp.Integer(coefficient.q)]
        for factor in sorted(sp.Mul.make_args(rest), key=_place):
            inverse = isinstance(factor, sp.Pow) and factor.exp.is_negative
            (below if inverse else above).append(1 / factor if inverse else factor)
        tops = [f for f in above if f != 1] or [sp.Integer(1)]
        text = " * ".join(self.term(f, scope, POWER) for f in tops)
        text = f"- {text}" if coefficient.is_negative else text
        return text + "".join(f" / {self.term(f, scope, POWER)}" for f in below if f != 1)

    def _total(self, expr: sp.Sum, scope: _Scope) -> str:
        (index, low, high), name = expr.limits[0], IDENTIFIERS[expr.limits[0][0].name]
        if len(expr.limits) > 1 or low != 1:
            raise _refuse("a sum from 1", expr)
        inside = scope.with_variable(index.name, name, "nat")
        return f"total {self.term(high, scope, 0)} (fun {name} : nat => {self.term(expr.function, inside)})"

    def _cases(self, expr: sp.Piecewise, scope: _Scope) -> str:
        text = ""
        for value, condition in reversed(expr.args):
            if condition is sp.true:
                text = self.term(value, scope)
                continue
            if not (isinstance(condition, sp.Le) and text):
                raise _refuse("cases of the form <=, the last one without condition", expr)
            left, right = (self.term(a, scope, 0) for a in condition.args)
            text = f"if Rle_dec {left} {right} then {self.term(value, scope)} else {text}"
        return text

    # propositions

    def relation(self, part: sp.Basic, scope: _Scope) -> str:
        """A relation or a connective."""
        kind = type(part)
        if kind in _TURNED:
            return self.relation(_TURNED[kind](*reversed(part.args), evaluate=False), scope)
        if kind in _RELATIONS:
            return _RELATIONS[kind].format(*(self.term(a, scope) for a in part.args))
        inner = [f"({self.relation(a, scope)})" for a in part.args] if isinstance(part, If | Iff | All | Either) else []
        for node, joint in ((If, " -> "), (Iff, " <-> "), (All, " /\\ "), (Either, " \\/ ")):
            if isinstance(part, node):
                return joint.join(inner)
        if isinstance(part, NotEmpty | Open):
            (variable,) = part.args
            if not scope.types.get(variable.name, "").endswith(_SET):
                raise _refuse("a set that is a variable", part)
            name, element = scope.bound[variable.name], scope.types[variable.name].removesuffix(_SET)
            return f"exists q : {element}, {name} q" if isinstance(part, NotEmpty) else f"open {name}"
        if isinstance(part, Quantified):
            return self.block(part.over, part.given, part.conclusion, scope, isinstance(part, Exists))
        raise _refuse("a relation", part)

    def block(
        self,
        over: Sequence[Range],
        given: Sequence[sp.Basic],
        parts: Sequence[sp.Basic],
        scope: _Scope,
        exists: bool = False,
    ) -> str:
        r"""``forall variables, hypotheses -> parts``, or ``exists variables, hypotheses /\ parts``."""
        scope, binders, premises = self._bind(over, scope)
        scope, lets = self.abbreviated([*given, *parts], scope)
        premises += [self.relation(h, scope) for h in given]
        body = self._conjunction(parts, scope)
        joint = " /\\\n" if exists else " ->\n"
        conditions = joint.join(f"({p})" if exists or _compound(p) else p for p in premises)
        body = f"{lets}{conditions}{joint}{body}" if conditions else lets + body
        return f"{'exists' if exists else 'forall'} {' '.join(binders)},\n{textwrap.indent(body, '  ')}"

    def _bind(self, over: Sequence[Range], scope: _Scope) -> tuple[_Scope, list[str], list[str]]:
        groups: list[tuple[str, list[str]]] = []
        for r in over:
            kind = _type(r.domain, scope)
            name = IDENTIFIERS.get(r.symbol.name)
            if name is None:
                raise _refuse("a variable with a Coq identifier", r.symbol)
            scope = scope.with_variable(r.symbol.name, name, kind)
            if groups and groups[-1][0] == kind:
                groups[-1][1].append(name)
            else:
                groups.append((kind, [name]))
        premises = [p for r in over for p in _conditions(r, self, scope)]
        return scope, [f"({' '.join(names)} : {kind})" for kind, names in groups], premises

    def _conjunction(self, parts: Sequence[sp.Basic], scope: _Scope) -> str:
        """All parts, after the numbers that are characterised by a property."""
        lines = []
        wanted = {n for p in parts if not isinstance(p, Quantified) for n in self.names(p)} - scope.bound.keys()
        for key in sorted(wanted):
            entry = scope.entry(key)
            if entry is not None and entry.characterised:
                lines.append(f"exists {entry.characterised} : R, {entry.text.format(**scope.bound)} /\\")
                scope = scope.with_value(key, entry.characterised)
        texts = [self.relation(p, scope) for p in parts]
        lines.append(" /\\\n".join(f"({t})" if _compound(t) else t for t in texts))
        return "\n".join(lines)

    # the whole

    def formal(self, part: sp.Basic) -> str:
        """A part of a formal statement, its order symbols as monomials times polynomials."""
        over = self.statement.over
        scope, binders, premises = self._bind(over, _Scope())
        left, right = part.args
        leading, monomials = split_order(right)
        if premises or self.statement.given or not isinstance(part, sp.Eq):
            raise _refuse("an equation between formal variables without hypotheses", part)
        arguments = " ".join(scope.bound[r.symbol.name] for r in over)
        names = ["P", "Q", "S"][: len(monomials)]
        rest = "".join(
            f" + {self.term(m, scope, PRODUCT)} * poly_{len(over)} {name} {arguments}"
            for name, m in zip(names, monomials, strict=True)
        )
        body = f"{self.term(left, scope)} =\n  {self.term(leading, scope)}{rest}"
        some = f"exists {' '.join(names)} : polynomial, " if names else ""
        return f"{some}forall {' '.join(binders)},\n{textwrap.indent(body, '  ')}"

    def about_set(self, part: Inhabited | IsOpen) -> str:
        """That the values of a variable that meet the hypotheses on it exist, or are an open set."""
        (variable,) = part.args
        over = self.statement.over
        scope, _, _ = self._bind(over, _Scope())
        given = self.statement.given
        on_it = [h for h in given if variable.name in scope.needs(self.names(h))]
        used = set().union(*(scope.needs(self.names(h)) for h in on_it)) - {variable.name}
        others = [r for r in over if r.symbol.name in used]
        rest = [h for h in given if h not in on_it and scope.needs(self.names(h)) <= used]
        (own,) = [r for r in over if r.symbol == variable]
        name, kind = scope.bound[variable.name], _type(own.domain, scope)
        inside = " /\\\n".join(self.relation(h, scope) for h in on_it)
        inside = textwrap.indent(inside, "  ")
        text = f"exists {name} : {kind},\n{inside}"
        if isinstance(part, IsOpen):
            text = f"open (fun {name} : {kind} =>\n{inside})"
        outer, binders, premises = self._bind(others, _Scope())
        premises += [self.relation(h, outer) for h in rest]
        conditions = "".join(f"{p} ->\n" for p in premises)
        return f"forall {' '.join(binders)},\n{textwrap.indent(conditions + text, '  ')}"

    def pieces(self) -> Iterator[str]:
        """Closed propositions whose conjunction the statement is."""
        s = self.statement
        if s.over and all(r.domain == FORMAL for r in s.over):
            yield from (self.formal(p) for p in s.conclusion)
            return
        sets = [p for p in s.conclusion if isinstance(p, Inhabited | IsOpen)]
        rest = [p for p in s.conclusion if p not in sets]
        yield from (self.about_set(p) for p in sets)
        if s.over:
            yield self.block(s.over, s.given, rest, _Scope())
        else:
            yield from (self.relation(p, _Scope()) for p in rest)


def _compound(text: str) -> bool:
    return text.startswith(("forall", "exists")) or " -> " in text or " \\/ " in text or " <-> " in text


def _type(domain: object, scope: _Scope) -> str:
    if isinstance(domain, sp.Symbol):
        return scope.types[domain.name].removesuffix(_SET)
    if isinstance(domain, Named) and domain != FORMAL:
        if not domain.coq:
            raise _refuse("a domain with a type in Coq", domain.text)
        return domain.coq
    return "nat" if domain in (sp.S.Naturals, sp.S.Naturals0) else "R"


def _conditions(r: Range, writer: _Writer, scope: _Scope) -> list[str]:
    """What a range says beyond the type."""
    name, domain = scope.bound[r.symbol.name], r.domain
    if isinstance(domain, sp.Symbol):
        return [f"{scope.bound[domain.name]} {name}"]
    if isinstance(domain, Named):
        condition = DOMAIN_CONDITIONS.get(domain)
        return [condition.format(name, **scope.bound)] if condition else []
    if domain in (sp.S.Reals, sp.S.Naturals0):
        return []
    if domain is sp.S.Naturals:
        return [f"(1 <= {name})%nat"]
    if isinstance(domain, sp.FiniteSet):
        return [" \\/ ".join(f"{name} = {writer.term(v, scope)}" for v in sorted(domain.args, key=sp.default_sort_key))]
    if not isinstance(domain, sp.Interval):
        raise _refuse("an interval", domain)
    found = []
    if domain.start is not sp.S.NegativeInfinity:
        found.append(f"{writer.term(domain.start, scope)} {'<' if domain.left_open else '<='} {name}")
    if domain.end is not sp.S.Infinity:
        found.append(f"{name} {'<' if domain.right_open else '<='} {writer.term(domain.end, scope)}")
    return found


def proposition(claim_id: str, statement: Statement) -> str:
    """The Coq definition of a claim's statement.

    Args:
        claim_id: gives the name.
        statement: what the claim says; its prose is not in it.

    Returns:
        ``Definition claim_.. : Prop := ..``.

    Raises:
        CodegenError: the statement uses what has no Coq term.
    """
    if not statement.conclusion:
        raise _refuse("a conclusion", claim_id)
    pieces = list(_Writer(statement).pieces())
    body = " /\\\n".join(f"({p})" for p in pieces) if len(pieces) > 1 else pieces[0]
    return _wrapped(f"Definition {proposition_name(claim_id)} : Prop :=\n{textwrap.indent(body, '  ')}.") + "\n"
