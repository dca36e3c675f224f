"""One gradient step on ``l(u.v)`` for any l: closed in three sums, and what the derivatives of l say at the edge.

In ``p = u.v``, ``s = |u|^2 + |v|^2``, ``d = |u|^2 - |v|^2`` a step closes for every l, for numbers u, v and for
vectors of any width. At a minimum ``p_0`` of l the edge and the end of training hang on the derivatives ``l_2, l_3,
l_4`` there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from ...algebra.errors import ProofError
from ...algebra.parsing import model_symbol
from ...algebra.symbols import symbol, symbols
from ...planar.planar_map import PlanarMap

P, S, D = (model_symbol(name) for name in "psd")
SLOPE = model_symbol("g")
"""The derivative of l at p, whatever l is."""
L_2, L_3, L_4, P_0 = (model_symbol(name) for name in ("l_2", "l_3", "l_4", "p_0"))
ALPHA, BETA = model_symbol("alpha"), model_symbol("beta_l")


@lru_cache(maxsize=1)
def closed_step() -> dict[sp.Symbol, sp.Expr]:
    """One step of ``p``, ``s`` and ``d`` for any loss ``l(p)``, derived from that of one pair of weights.

    The share of a pair in each sum turns into a combination of its shares in all three; the factors are solved for,
    and are the same for each pair, so that the sums close at every width.

    Returns:
        Next values in ``p``, ``s``, ``d``, the slope ``g = l'(p)`` and the step size.

    Raises:
        ProofError: the step does not close.

    Source:
        Derived here; for the squared loss without a target Lewkowycz et al. 2020.

    Example:
        >>> step = es.models.closed_step()
        >>> sorted(map(str, step))
        ['d', 'p', 's']
    """
    u, v = sp.symbols("u v", real=True)
    eta = symbol("eta")
    share = {P: u * v, S: u**2 + v**2, D: u**2 - v**2}
    moved = {u: u - eta * SLOPE * v, v: v - eta * SLOPE * u}
    found: dict[sp.Symbol, sp.Expr] = {}
    for name, value in share.items():
        unknown = sp.symbols("A B C")
        stepped = value.subs(moved, simultaneous=True)
        combined = sp.Add(*(c * part for c, part in zip(unknown, share.values(), strict=True)))
        solved = sp.solve(sp.Poly(sp.expand(stepped - combined), u, v).coeffs(), unknown, dict=True)
        if len(solved) != 1:
            raise ProofError.of("closed_step()", "a step that closes in p, s, d", name, "Report it.")
        found[name] = sp.expand(sp.Add(*(solved[0][c] * part for c, part in zip(unknown, share, strict=True))))
    return found


@lru_cache(maxsize=1)
def general_map() -> PlanarMap:
    """One step near the minimum of any l, in ``z = p - p_0`` and ``T = eta l_2 s``, to the third power of z.

    Parameters are ``epsilon = (eta l_2)^2``, ``alpha = l_3/(2 l_2)``, ``beta_l = l_4/(6 l_2)`` and ``p_0``.

    Returns:
        The map; powers of z beyond the third were dropped from ``l'``.
    """
    z = symbol("z")
    return edge_map(z + ALPHA * z**2 + BETA * z**3, P_0, (ALPHA, BETA, P_0))


def edge_map(slope: sp.Expr, minimum: sp.Expr, constants: tuple[sp.Symbol, ...] = ()) -> PlanarMap:
    """The closed step with ``l'(p_0 + z) = l_2 slope``, in ``z`` and ``T``; eta and l_2 are left in epsilon only."""
    z, T, epsilon, eta = symbols("z T epsilon eta")
    unit = sp.Symbol("unit", positive=True)  # eta l_2, so that epsilon = unit^2
    components = []
    for name, back in ((P, lambda e: e - minimum), (S, lambda e: unit * e)):
        stepped = closed_step()[name].subs({SLOPE: unit * slope / eta, P: minimum + z, S: T / unit})
        expanded = sp.expand(back(stepped))
        components.append(sp.expand(expanded.subs(unit, sp.sqrt(epsilon))))
    return PlanarMap((z, T), tuple(components), (epsilon, *constants), "one step of a loss of a product")


@dataclass(frozen=True)
class EdgeOfProduct:
    """What the derivatives of l at its minimum say about the edge, for any l.

    Attributes:
        coefficient: ``c`` of the flip's normal form ``u' = -(1 + mu) u + c u^3``, ``mu = T - 2``.
        relaxation: the coefficient of ``y z^2`` in the two-step change of y, at ``epsilon = 0``.
        drift: the coefficient of ``epsilon z^2`` there.
        gap: ``(2 - T_inf)/epsilon`` to leading order, where training concentrates.

    Source:
        Derived here.

    Example:
        >>> es.models.edge_of_product().gap
        -3*l_2**2/(l_2*l_4 - 3*l_3**2)
    """

    coefficient: sp.Expr
    relaxation: sp.Expr
    drift: sp.Expr
    gap: sp.Expr


@lru_cache(maxsize=1)
def edge_of_product() -> EdgeOfProduct:
    """Flip coefficient, relaxation, drift and leading gap for any l, read off the two-step recurrence.

    Returns:
        Formulas in ``l_2, l_3, l_4``.

    Raises:
        ProofError: the relaxation is not ``-4 c``, or the minimum's place enters.

    Source:
        Derived here.

    Example:
        >>> found = es.models.edge_of_product()
        >>> found.coefficient, found.drift
        (-l_4/(3*l_2) + l_3**2/l_2**2, -4)
    """
    epsilon, y, z = symbols("epsilon y z")
    recurrence = general_map().two_step(2)
    change = sp.Poly(recurrence.increments[1].to_expr(), z, y, epsilon)
    curve = sp.Poly(general_map().nullcline(2).series.to_expr(), z, epsilon)
    meaning = {ALPHA: L_3 / (2 * L_2), BETA: L_4 / (6 * L_2)}

    def read(polynomial: sp.Poly, *powers: int) -> sp.Expr:
        return sp.expand(
            polynomial.coeff_monomial(sp.Mul(*(g**k for g, k in zip(polynomial.gens, powers, strict=True))))
        )

    c, relaxation, drift = (
        sp.expand(value.subs(meaning)) for value in (read(curve, 2, 0), read(change, 2, 1, 0), read(change, 2, 0, 1))
    )
    if sp.expand(relaxation + 4 * c) != 0 or P_0 in (c + relaxation + drift).free_symbols:
        raise ProofError.of("edge_of_product()", "relaxation -4 c, free of p_0", relaxation, "Report it.")
    return EdgeOfProduct(c, relaxation, drift, sp.cancel(drift / relaxation))
