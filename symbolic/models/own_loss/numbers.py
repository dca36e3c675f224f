"""Exact numbers that a loss brings along (``tanh(1)``, ``log(6)``): one form for each, and signs proved or open.

Numbers are written in few constants: exponentials of one argument, logarithms of primes, tangents of half angles, as
far as known identities go. Where those are algebraically independent the form is unique; whether they are is open in
general (Schanuel's conjecture), so a number that is not 0 in this form is told from 0 by an enclosure only, or stays
open.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import sympy as sp
from flint import arb, ctx

from ...algebra.rings import to_fmpq

PRECISIONS = (64, 256, 1024, 4096)
"""Bits at which an enclosure is tried before a sign is called open."""

_Pair = tuple[Any, Any]
"""``a + b sqrt(d)`` as ``(a, b)``, in a field of rational functions."""

_BALLS: dict[type[sp.Basic], Callable[[arb], arb]] = {
    sp.exp: lambda x: x.exp(),
    sp.log: lambda x: x.log(),
    sp.sin: lambda x: x.sin(),
    sp.cos: lambda x: x.cos(),
    sp.tan: lambda x: x.tan(),
    sp.tanh: lambda x: x.tanh(),
    sp.cosh: lambda x: x.cosh(),
    sp.sinh: lambda x: x.sinh(),
}


def normal_form(expr: sp.Expr) -> sp.Expr:
    """A number in few constants, so that equal numbers look equal where a known identity makes them so.

    Args:
        expr: an exact number; anything else is only expanded.

    Returns:
        The same number.
    """
    if not expr.is_number:
        return sp.expand(expr)
    if expr.is_Rational:
        return expr
    if not expr.has(sp.Function, sp.E):
        return sp.expand(sp.radsimp(sp.expand(expr)))
    plain, meaning, roots = _in_few_constants(expr)
    return _over_one_root(plain, roots).xreplace(meaning)


def name_constants(expr: sp.Expr, named: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    """A number as a formula in names for its transcendental constants and its roots.

    Args:
        expr: a number in normal form.
        named: names to constants; those that are missing are added.

    Returns:
        The formula.
    """
    names = {constant: name for name, constant in named.items()}
    roots = [p for p in expr.atoms(sp.Pow) if p.exp.is_Rational and not p.exp.is_Integer]
    found = [*expr.atoms(sp.log, sp.tan, sp.exp), *roots, *([sp.E] if expr.has(sp.E) else [])]
    for constant in sorted(found, key=sp.default_sort_key):
        if constant not in names:
            names[constant] = sp.Dummy("u", real=True)
            named[names[constant]] = constant
    return expr.xreplace(names)


def sign(expr: sp.Expr) -> int | None:
    """The sign of an exact number, proved, or None where it is open.

    Args:
        expr: an exact real number; for a formula in symbols what their assumptions say.

    Returns:
        -1, 0, 1, or None.
    """
    found = normal_form(expr)
    if found.is_Rational:
        return int(sp.sign(found))
    if not found.is_number:
        return 0 if found.is_zero else 1 if found.is_positive else -1 if found.is_negative else None
    for bits in PRECISIONS:
        with ctx.workprec(bits):
            ball = enclose(found)
        if ball is None:
            return None
        if ball > 0:
            return 1
        if ball < 0:
            return -1
    # algebraic numbers have a minimal polynomial: 0 exactly if it is the variable
    if found.is_algebraic:
        smallest = sp.minimal_polynomial(found, sp.Dummy("s"), polys=True)
        return int(sp.sign(-smallest.TC() / smallest.LC())) if smallest.degree() == 1 else None
    return None


def is_zero(expr: sp.Expr) -> bool | None:
    """Whether an exact number is 0: proved, refuted, or None."""
    found = sign(expr)
    return None if found is None else found == 0


def is_positive(expr: sp.Expr) -> bool | None:
    """Whether an exact number is above 0: proved, refuted, or None."""
    found = sign(expr)
    return None if found is None else found > 0


def all_zero(numbers: Iterable[sp.Expr]) -> bool | None:
    """Whether all are 0: refuted by one that is not, open where one is open."""
    verdicts = [is_zero(number) for number in numbers]
    return False if False in verdicts else None if None in verdicts else True


def _in_few_constants(expr: sp.Expr) -> tuple[sp.Expr, dict[sp.Expr, sp.Expr], dict[sp.Expr, sp.Pow]]:
    """Hyperbolic functions by exponentials, exponentials and angles by one of each kind, logarithms by primes.

    Returns:
        The number in names for constants and roots, what these stand for, and the roots in names for the constants.
    """
    plain = expr.replace(lambda e: isinstance(e, sp.tanh | sp.cosh | sp.sinh), lambda e: e.rewrite(sp.exp))
    plain = plain.replace(lambda e: isinstance(e, sp.log), lambda e: _logarithm(e.args[0]))
    plain = sp.expand_power_exp(plain)
    angles = _shared(e.args[0] for e in plain.atoms(sp.sin, sp.cos, sp.tan))
    turned = {e: _by_half_angle(e, *_multiple(e.args[0], angles)) for e in plain.atoms(sp.sin, sp.cos, sp.tan)}
    plain = plain.xreplace(turned)
    found = plain.atoms(sp.exp) | ({sp.E} if plain.has(sp.E) else set())
    units = _shared(_exponent(e) for e in found)
    names: dict[sp.Expr, sp.Expr] = {sp.Dummy("c", real=True): e for e in plain.atoms(sp.log, sp.tan)}
    replaced = {value: name for name, value in names.items()}
    for e in sorted(found, key=sp.default_sort_key):
        unit, n = _multiple(_exponent(e), units)
        base = next((name for name, value in names.items() if value == sp.exp(unit)), sp.Dummy("u", positive=True))
        names[base] = sp.exp(unit)
        replaced[e] = base**n
    radicals = [e for e in plain.atoms(sp.Pow) if e.exp.is_Rational and not e.exp.is_Integer]
    named = {e: sp.Dummy("r", positive=True) for e in radicals}
    roots = {name: sp.Pow(e.base.xreplace(replaced), e.exp) for e, name in named.items()}
    # all at once: what stands inside a logarithm or a root is left there
    return plain.xreplace({**replaced, **named}), {**names, **{name: e for e, name in named.items()}}, roots


def _over_one_root(expr: sp.Expr, roots: dict[sp.Expr, sp.Pow]) -> sp.Expr:
    """``a + b sqrt(d)`` with rational functions a, b, d of the constants, where no other root occurs.

    With several roots the formula is only expanded: products of roots have no single form, and signs may stay open.
    """
    if not roots:
        return sp.cancel(sp.together(expr))
    inside = {sp.cancel(sp.together(p.base)) for p in roots.values()}
    name, first = next(iter(roots.items()))
    if len(inside) > 1 or any(p.exp.q != 2 for p in roots.values()):
        return sp.expand(expr)
    (under,) = inside
    constants = (expr.free_symbols | under.free_symbols) - set(roots)
    field = sp.QQ.frac_field(*sorted(constants, key=sp.default_sort_key))
    square, zero, one = field.from_sympy(under), field.zero, field.one

    def times(x: _Pair, y: _Pair) -> _Pair:
        return x[0] * y[0] + x[1] * y[1] * square, x[0] * y[1] + x[1] * y[0]

    def inverse(x: _Pair) -> _Pair:
        norm = x[0] ** 2 - x[1] ** 2 * square
        return x[0] / norm, -x[1] / norm

    def pair(e: sp.Expr) -> _Pair:
        if isinstance(e, sp.Add):
            parts = [pair(a) for a in e.args]
            return sum((a for a, _ in parts), zero), sum((b for _, b in parts), zero)
        if isinstance(e, sp.Mul):
            return reduce(times, map(pair, e.args), (one, zero))
        if isinstance(e, sp.Pow):
            whole = reduce(times, [pair(e.base)] * abs(int(e.exp)), (one, zero))
            return inverse(whole) if e.exp < 0 else whole
        if e in roots:
            return zero, square ** int(roots[e].exp - sp.S.Half)
        return field.from_sympy(e), zero

    a, b = (field.to_sympy(part) for part in pair(expr))
    return a + b * name / under ** (first.exp - sp.S.Half)


def _exponent(e: sp.Expr) -> sp.Expr:
    return sp.S.One if e == sp.E else e.args[0]


def _shared(arguments: Iterable[sp.Expr]) -> dict[sp.Expr, sp.Rational]:
    """For each direction (``sqrt(2)`` in ``3*sqrt(2)/2``) the number of which all factors there are multiples."""
    factors: dict[sp.Expr, list[sp.Rational]] = {}
    for argument in arguments:
        factor, core = argument.as_coeff_Mul()
        factors.setdefault(core, []).append(factor)
    units = {}
    for core, values in factors.items():
        common = math.lcm(*(int(v.q) for v in values))
        units[core] = sp.Rational(math.gcd(*(int(v * common) for v in values)), common)
    return units


def _multiple(argument: sp.Expr, units: dict[sp.Expr, sp.Rational]) -> tuple[sp.Expr, int]:
    factor, core = argument.as_coeff_Mul()
    return units[core] * core, int(factor / units[core])


def _by_half_angle(e: sp.Expr, unit: sp.Expr, n: int) -> sp.Expr:
    """Sine, cosine or tangent of n times an angle as a rational function of the tangent of half of it."""
    angle, t = sp.Dummy("angle", real=True), sp.tan(unit / 2)
    known = {sp.sin(angle): 2 * t / (1 + t**2), sp.cos(angle): (1 - t**2) / (1 + t**2)}
    sine, cosine = (sp.expand(kind(n * angle), trig=True).subs(known) for kind in (sp.sin, sp.cos))
    return sine if isinstance(e, sp.sin) else cosine if isinstance(e, sp.cos) else sine / cosine


def _logarithm(argument: sp.Expr) -> sp.Expr:
    """The logarithm of a positive number as a sum over the factors of numerator and denominator."""
    inner = argument if argument.is_Rational else sp.factor(sp.cancel(sp.together(argument)))
    total = sp.S.Zero
    for factor in sp.Mul.make_args(inner):
        base, power = factor.as_base_exp()
        if base.is_Rational and base > 0:
            total += power * sum(n * sp.log(p) for p, n in sp.factorrat(base).items())
        elif base == sp.E:
            total += power
        elif sign(base) == 1 and power.is_Rational:
            total += power * sp.log(base)
        else:
            return sp.log(inner)
    return total


def enclose(expr: sp.Expr) -> arb | None:
    """A ball that holds the number, at the working precision; None where it cannot be formed."""
    if expr.is_Rational:
        return arb(to_fmpq(expr))
    if expr == sp.E:
        return arb(1).exp()
    parts = [enclose(a) for a in expr.args]
    known = [p for p in parts if p is not None]
    if not parts or len(known) < len(parts):
        return None
    if isinstance(expr, sp.Add):
        return sum(known, arb(0))
    if isinstance(expr, sp.Mul):
        return math.prod(known, start=arb(1))
    if isinstance(expr, sp.Pow):
        return known[0] ** (int(expr.exp) if expr.exp.is_Integer else known[1])
    ball = _BALLS.get(type(expr))
    return None if ball is None else ball(known[0])
