"""The edge of stability of a reduced model: residual ``z``, curvature ``T`` (the edge at 2), small parameter.

A closed planar map whose line ``residual = value`` consists of minima is brought to the form that the rest of edgestab
works with: ``z`` is the distance from the minima, ``T`` is one minus the multiplier of a minimum, scales that only set
units drop out, and what constant is left is the small parameter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import fmpq

from ...algebra.errors import DomainError, ProofError
from ...algebra.rings import Exponents, to_fmpq, to_rational
from ...algebra.symbols import symbol
from ...explain.derived import Derived
from ...explain.log import DerivationLog
from ...latex.equations import Equation
from ...planar.planar_map import PlanarMap
from .closure import Reduction
from .hypotheses import CURVATURE, LINE_OF_MINIMA, SMALL, Hypothesis

Laurent = dict[Exponents, fmpq]
"""Exponents of (z, T, constants) to coefficient; those of constants may be negative."""


@dataclass(frozen=True)
class EdgeForm(Derived):
    """A model near its edge of stability, in the coordinates of the analysis.

    Attributes:
        reduction: the closed map it comes from.
        map: the same map in ``(z, T)``, with the small parameter and other constants as parameters.
        residual: ``z`` as a function of the reduced coordinates.
        curvature: ``T`` as a function of the reduced coordinates.
        small: the small parameter ``epsilon`` and its meaning, or None where no constant is left.
        minimum: the residual coordinate and its value at the minima.
    """

    kind = "edge-form"
    reduction: Reduction
    map: PlanarMap
    residual: sp.Expr
    curvature: sp.Expr
    small: tuple[sp.Symbol, sp.Expr] | None
    minimum: tuple[sp.Symbol, sp.Rational]

    def level(self) -> sp.Expr:
        """A polynomial in the parameters that vanishes on the minima."""
        name, value = self.minimum
        return self.reduction.coordinates[name] - value

    def equations(self) -> tuple[Equation, ...]:
        """The new coordinates, then the map."""
        z, T = self.map.variables
        own = frozenset(self.reduction.map.variables) - {z, T}
        new = [
            Equation(z, self.residual, tag="residual", own=own),
            Equation(T, self.curvature, tag="curvature", own=own),
        ]
        if self.small is not None and self.small[0] != self.small[1]:
            new.append(Equation(*self.small, tag="small"))
        return (*new, *self.map.equations())

    def words(self) -> str:
        """What z, T and y are, and that they are not the user's own, where names coincide."""
        words = "z: distance from the minima; T: one minus their multiplier, edge at T = 2."
        model = self.reduction.model
        shared = sorted({"z", "T", "y"} & {s.name for s in (*model.parameters, *model.constants)})
        if not shared:
            return words
        verb = "is" if len(shared) == 1 else "are"
        return f"{words} From here on {', '.join(shared)} {verb} no longer what the loss calls so."

    def json(self) -> dict[str, Any]:
        """Coordinates, small parameter and map as text."""
        return {
            "z": str(self.residual),
            "T": str(self.curvature),
            "small": None if self.small is None else {"name": self.small[0].name, "meaning": str(self.small[1])},
            "map": {v.name: str(c) for v, c in zip(self.map.variables, self.map.components, strict=True)},
        }

    def explain(self) -> DerivationLog:
        """From the loss to the map in ``(z, T)``, checked as identities in the reduced coordinates.

        Raises:
            ProofError: a step does not hold.
        """
        log = self.reduction.explain()
        log.state(
            "Residual and curvature",
            f"{self.words()} Constants that only set units drop out; the one that is left is the small parameter.",
            *[e for e in self.equations() if e not in self.map.equations()],
        )
        carry = self.reduction.replaced.replace
        meaning = {} if self.small is None else {self.small[0]: carry(self.small[1])}
        coordinates = dict(zip(self.map.variables, (carry(self.residual), carry(self.curvature)), strict=True))
        closed = dict(zip(self.reduction.map.variables, self.reduction.map.components, strict=True))
        for variable, component, equation in zip(
            self.map.variables, self.map.components, self.map.equations(), strict=True
        ):
            log.identity(
                f"One step of {variable}",
                "The closed map in the new coordinates.",
                coordinates[variable].subs(closed, simultaneous=True),
                component.subs(meaning).subs(coordinates, simultaneous=True),
                equation,
                what="the stepped definition and the map, written in the reduced coordinates,",
            )
        return log


def derive_edge_form(
    reduction: Reduction, at: Mapping[str, object], found: list[Hypothesis], small: str | None = None
) -> EdgeForm | None:
    """Bring a closed planar map to ``(z, T)``.

    Args:
        reduction: a closed map of two coordinates.
        at: the residual coordinate and its exact value at the minima, for example ``{"p": 1}``.
        found: where each hypothesis goes as soon as it is decided, so that an interrupt loses none.
        small: which constant is small, when several are left.

    Returns:
        The form, or None where the last hypothesis found does not hold.

    Raises:
        DomainError: the map is not planar or ``at`` names no coordinate.
    """
    residual, other, value = _roles(reduction, at)
    terms, constants = _shifted(reduction, residual, value)
    line = _line_of_minima(terms)
    found.append(line)
    if not line.holds:
        return None
    slope, offset, affine = _multiplier(terms[0], other, constants)
    found.append(affine)
    if slope is None:
        return None
    scaled = _in_curvature(terms, slope, offset)
    scales = _scales(scaled, len(constants))
    left = [k for k, s in enumerate(scales) if s is None]
    scaled = (_rescaled(scaled[0], scales), _rescaled(scaled[1], scales))
    form, condition = _assemble(
        reduction, scaled, constants, scales, left, (residual, other, value, slope, offset), small
    )
    found.append(condition)
    return form


def curvature_coordinate(reduction: Reduction, at: Mapping[str, object]) -> sp.Expr | None:
    """The function of the parameters on which the multiplier of a minimum depends at the lowest power of constants.

    Args:
        reduction: a closed map of any number of coordinates.
        at: the residual coordinate and its exact value at the minima.

    Returns:
        A polynomial in the parameters, a candidate for the curvature; None where the multiplier is constant.

    Raises:
        DomainError: ``at`` names no coordinate.
    """
    residual, value = _minimum(reduction, at)
    others = tuple(v for v in reduction.map.variables if v != residual)
    component = reduction.map.components[reduction.map.variables.index(residual)]
    multiplier = sp.Poly(1 - sp.diff(component, residual).subs(residual, value), *others, *reduction.map.parameters)
    parts: dict[Exponents, sp.Expr] = {}
    for e, c in multiplier.terms():
        if any(e[: len(others)]):
            shift = e[len(others) :]
            parts[shift] = parts.get(shift, sp.S.Zero) + c * _monomial(others, e[: len(others)])
    if not parts:
        return None
    # dependent coordinates leave the form of the map open; the part of lowest power of the step is a candidate, no more
    function = parts[min(parts, key=lambda shift: (sum(shift), shift))]
    return sp.expand(function.subs(dict(reduction.coordinates)).primitive()[1])


def _roles(reduction: Reduction, at: Mapping[str, object]) -> tuple[sp.Symbol, sp.Symbol, sp.Rational]:
    variables = reduction.map.variables
    if len(variables) != 2:
        raise DomainError.of("study()", "two reduced coordinates", variables, "A residual and a curvature, e.g. p, q.")
    residual, exact = _minimum(reduction, at)
    other = next(v for v in variables if v != residual)
    return residual, other, exact


def _minimum(reduction: Reduction, at: Mapping[str, object]) -> tuple[sp.Symbol, sp.Rational]:
    named = {v.name: v for v in reduction.map.variables}
    if len(at) != 1 or next(iter(at)) not in named:
        raise DomainError.of(
            "study()", f"the value of one of {', '.join(named)} at the minima", dict(at), "For example p=1."
        )
    name, value = next(iter(at.items()))
    try:
        return named[name], to_rational(to_fmpq(value))
    except DomainError:
        raise DomainError.of("study()", f"a rational value of {name}", value, "Rescale the coordinate.") from None


def _shifted(
    reduction: Reduction, residual: sp.Symbol, value: sp.Rational
) -> tuple[tuple[Laurent, Laurent], tuple[sp.Symbol, ...]]:
    """Both components as terms in (residual - value, other, constants)."""
    ring = reduction.map.ring
    images = [ring.generator(s) + (ring.constant(value) if s == residual else ring.zero) for s in ring.symbols]
    first = reduction.map.variables.index(residual)
    swap = [first, 1 - first, *range(2, len(ring.symbols))]
    out: list[Laurent] = []
    for index in (first, 1 - first):
        shifted = reduction.map.polynomials[index].compose(*images, ctx=ring.context)
        if index == first:
            shifted = shifted - ring.constant(value)
        out.append({tuple(e[k] for k in swap): c for e, c in shifted.to_dict().items()})
    return (out[0], out[1]), reduction.map.parameters


def _line_of_minima(terms: tuple[Laurent, Laurent]) -> Hypothesis:
    stays = {e: c for e, c in terms[0].items() if e[0] == 0}
    moves = {e: c for e, c in terms[1].items() if e[0] == 0 and not (e[1] == 1 and not any(e[2:]))}
    identity = any(e[0] == 0 and e[1] == 1 and not any(e[2:]) and c == 1 for e, c in terms[1].items())
    holds = not stays and not moves and identity
    return Hypothesis(
        "line of minima",
        LINE_OF_MINIMA,
        holds,
        "both components checked term by term" if holds else "the line is not fixed: the value given is no minimum",
    )


def _multiplier(
    residual: Laurent, other: sp.Symbol, constants: tuple[sp.Symbol, ...]
) -> tuple[tuple[Exponents, fmpq] | None, Laurent, Hypothesis]:
    """``T = 1 - multiplier = slope * other + offset``; the slope must be one monomial of the constants."""
    linear = {e[1:]: -c for e, c in residual.items() if e[0] == 1}
    zero = (0,) * (1 + len(constants))
    linear[zero] = linear.get(zero, fmpq(0)) + 1
    linear = {e: c for e, c in linear.items() if c != 0}
    slopes = [(e[1:], c) for e, c in linear.items() if e[0] == 1]
    offset = {(0, 0, *e[1:]): c for e, c in linear.items() if e[0] == 0}
    holds = len(slopes) == 1 and all(e[0] <= 1 for e in linear)
    shown = sp.Add(*(to_rational(c) * _monomial((other, *constants), e) for e, c in linear.items()))
    return (
        (slopes[0] if holds else None),
        offset,
        Hypothesis("curvature coordinate", CURVATURE.format(other=other), holds, f"it is {shown}"),
    )


def _in_curvature(
    terms: tuple[Laurent, Laurent], slope: tuple[Exponents, fmpq], offset: Laurent
) -> tuple[Laurent, Laurent]:
    """Put ``other = (T - offset)/slope`` in, and take T' from the second component."""
    shift, factor = slope
    inverse: Laurent = {(0, 1, *(-s for s in shift)): 1 / factor}
    for e, c in offset.items():
        key = (0, 0, *(a - s for a, s in zip(e[2:], shift, strict=True)))
        inverse[key] = inverse.get(key, fmpq(0)) - c / factor
    powers: list[Laurent] = [{(0,) * (2 + len(shift)): fmpq(1)}]
    out: list[Laurent] = []
    for component, source in enumerate(terms):
        total: Laurent = {}
        for e, c in source.items():
            while len(powers) <= e[1]:
                powers.append(_times(powers[-1], inverse))
            for p, d in powers[e[1]].items():
                key = (e[0] + p[0], p[1], *(a + b for a, b in zip(e[2:], p[2:], strict=True)))
                total[key] = total.get(key, fmpq(0)) + c * d
        if component == 1:
            total = {
                (e[0], e[1], *(a + s for a, s in zip(e[2:], shift, strict=True))): c * factor for e, c in total.items()
            }
            for e, c in offset.items():
                total[e] = total.get(e, fmpq(0)) + c
        out.append({e: c for e, c in total.items() if c != 0})
    return out[0], out[1]


def _times(a: Laurent, b: Laurent) -> Laurent:
    out: Laurent = {}
    for e, c in a.items():
        for f, d in b.items():
            key = tuple(x + y for x, y in zip(e, f, strict=True))
            out[key] = out.get(key, fmpq(0)) + c * d
    return out


def _scales(terms: tuple[Laurent, Laurent], count: int) -> list[sp.Rational | None]:
    """For each constant the power k for which ``z = constant^k * residual`` makes it drop out, or None."""
    scales: list[sp.Rational | None] = []
    for k in range(count):
        wanted: set[sp.Rational] = set()
        free = True
        for component, source in enumerate(terms):
            for e in source:
                span = e[0] - (1 - component)
                if span:
                    wanted.add(sp.Rational(e[2 + k], span))
                elif e[2 + k]:
                    free = False
        scales.append(wanted.pop() if free and len(wanted) == 1 else None)
    return scales


def _rescaled(source: Laurent, scales: list[sp.Rational | None]) -> Laurent:
    """The same component with the constants that only set units dropped."""
    out: Laurent = {}
    for e, c in source.items():
        kept = tuple(p if s is None else 0 for p, s in zip(e[2:], scales, strict=True))
        out[(e[0], e[1], *kept)] = out.get((e[0], e[1], *kept), fmpq(0)) + c
    return out


def _monomial(symbols: tuple[sp.Symbol, ...], exponents: Exponents) -> sp.Expr:
    return sp.Mul(*(s**e for s, e in zip(symbols, exponents, strict=True)))


def _assemble(
    reduction: Reduction,
    terms: tuple[Laurent, ...],
    constants: tuple[sp.Symbol, ...],
    scales: list[sp.Rational | None],
    left: list[int],
    roles: tuple[sp.Symbol, sp.Symbol, sp.Rational, tuple[Exponents, fmpq], Laurent],
    small: str | None,
) -> tuple[EdgeForm | None, Hypothesis]:
    """Name the small parameter, build the map, and prove it conjugate to the reduced one."""
    residual, other, value, (shift, factor), offset = roles
    restore = reduction.replaced.restore
    unit = sp.Mul(*(c**s for c, s in zip(constants, scales, strict=True) if s is not None))
    z_of = restore(unit * (residual - value))
    T_of = restore(
        to_rational(factor) * _monomial(constants, shift) * other
        + sp.Add(*(to_rational(c) * _monomial(constants, e[2:]) for e, c in offset.items()))
    )
    chosen, power, problem = _small(terms, constants, left, small)
    if problem:
        return None, Hypothesis("small parameter", SMALL, False, problem)
    z, T, epsilon = symbol("z"), symbol("T"), symbol("epsilon")
    names = [constants[k] for k in left]
    if chosen is not None:
        names[left.index(chosen)] = epsilon
    if len(set(names) | {z, T, symbol("y")}) != len(names) + 3:
        return None, Hypothesis("small parameter", SMALL, False, f"the names z, T, y, epsilon are taken: {names}")
    components = []
    for source in terms:
        rows = []
        for e, c in source.items():
            kept = [e[2 + k] // power if k == chosen else e[2 + k] for k in left]
            rows.append(to_rational(c) * _monomial((z, T, *names), (e[0], e[1], *kept)))
        components.append(sp.Add(*rows))
    meaning = None if chosen is None else (epsilon, restore(constants[chosen] ** power))
    mapping = PlanarMap((z, T), tuple(components), tuple(names), "one step at the edge")
    form = EdgeForm(reduction, mapping, z_of, T_of, meaning, (residual, value))
    _prove_conjugate(form)
    if meaning is None:
        return form, Hypothesis("small parameter", SMALL, False, "every constant only sets units: none is left")
    return form, Hypothesis("small parameter", SMALL, True, f"{epsilon} = {meaning[1]}")


def _small(
    terms: tuple[Laurent, ...], constants: tuple[sp.Symbol, ...], left: list[int], small: str | None
) -> tuple[int | None, int, str]:
    """Index of the small constant, the power of it that occurs, and what is wrong if anything is."""
    names = {constants[k].name: k for k in left}
    if small is not None and small not in names:
        return None, 1, f"{small} is not among the constants left: {', '.join(names) or 'none'}"
    if any(p < 0 for t in terms for e in t for p in e[2:]):
        return None, 1, "a constant stays with negative powers; scale the residual coordinate"
    if not left:
        return None, 1, ""
    if len(left) > 1 and small is None and "epsilon" not in names:
        return None, 1, f"several constants are left: {', '.join(names)}; say which one is small, or fix the others"
    chosen = names[small] if small is not None else names.get("epsilon", left[0])
    power = math.gcd(*(e[2 + chosen] for t in terms for e in t)) or 1
    return chosen, power, ""


def _prove_conjugate(form: EdgeForm) -> None:
    """Check ``(z, T)(next coordinates) == map((z, T)(coordinates))`` as exact expressions."""
    reduction = form.reduction
    restore = reduction.replaced.restore
    moved = {v: restore(c) for v, c in zip(reduction.map.variables, reduction.map.components, strict=True)}
    z, T = form.map.variables
    inside = {z: form.residual, T: form.curvature}
    meaning = {} if form.small is None else {form.small[0]: form.small[1]}
    for variable, component in zip(form.map.variables, form.map.components, strict=True):
        left = inside[variable].subs(moved, simultaneous=True)
        right = restore(component.subs(meaning)).subs(inside, simultaneous=True)
        if sp.expand(left - right) != 0:
            raise ProofError.of("derive_edge_form()", "a map conjugate to the reduced one", variable, "Report it.")
