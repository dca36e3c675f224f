"""Plain gradient descent on a loss of the user's own, in its parameters, at any precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import gmpy2
import sympy as sp
from flint import fmpq, fmpq_mpoly

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import PolyRing, to_fraction
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.own_loss.edge import EdgeForm
from ...symbolic.models.own_loss.gradient import GradientStep
from ...symbolic.planar.maps import PolynomialMap
from ..codegen.compile import Kernel, compile_map
from ..number_types import bits_for, round_to_mpfr
from ..runs.status import Status
from .iterated_limit import carry_along

CEILING = 10**3


@dataclass(frozen=True)
class DescentEnd:
    """Where gradient descent in the parameters ended.

    Attributes:
        status: ``converged``, ``diverged`` or ``max_steps``.
        steps: steps taken.
        sharpness: trace of the full Hessian at the end, which is its top eigenvalue where the others are 0.
        parameters: the free parameters at the end.
    """

    status: Status
    steps: int
    sharpness: Any
    parameters: tuple[Any, ...]


def descend_to_minimum(
    form: EdgeForm,
    start: Mapping[str, Any],
    step: Fraction,
    *,
    digits: int = 30,
    max_steps: int = 2_000_000,
) -> DescentEnd:
    """Run gradient descent on the loss itself until the residual is below ``10^-digits``.

    Only the loss, its gradient and its Hessian are used, none of the reduced maps.

    Args:
        form: a model at its edge; it says which polynomial vanishes at the minima.
        start: a number for each free parameter; MPFR numbers keep their precision.
        step: the step size, exact.
        digits: decimal digits; the arithmetic has as many and a guard.
        max_steps: steps at most.

    Returns:
        The end.

    Raises:
        DomainError: a start is missing or the model has further constants.
    """
    model = form.reduction.model
    if set(start) != {p.name for p in model.free}:
        raise DomainError.of("descend_to_minimum()", f"a start for {model.free}", dict(start), "Give all of them.")
    kernel, watched = _kernel(model, form.level())
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(digits)):
        values = [round_to_mpfr(start[p.name]) for p in model.free]
        exact = [fmpq(*map(int, v.as_integer_ratio())) for v in values]
        first = [p(*exact) for p in watched]
        state = [*(round_to_mpfr(to_fraction(q)) for q in first), *values]
        eta = [round_to_mpfr(step)] if model.step.free_symbols else []
        until = gmpy2.mpfr(10) ** -digits
        status, steps, end = kernel.run(state, eta, max_steps, until, round_to_mpfr(CEILING))
    return DescentEnd(status, steps, end[1], tuple(end[2:]))


def product_start(z0: Fraction, T0: Any, weight: Any, digits: int = 30) -> dict[str, Any]:
    """Parameters ``x, y`` with ``x y = 1 + z0`` and ``weight (x^2 + y^2) = T0``.

    Args:
        z0: the residual.
        T0: the curvature.
        weight: step size times what multiplies ``x^2 + y^2`` in T.
        digits: decimal digits.

    Returns:
        A start for :func:`descend_to_minimum`.

    Raises:
        DomainError: no real parameters have these values.
    """
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(digits)):
        p, q = 1 + round_to_mpfr(z0), round_to_mpfr(T0) / round_to_mpfr(weight)
        if q < 2 * abs(p):
            raise DomainError.of(
                "product_start()", "T0 >= 2 weight |1 + z0|", f"T0 = {T0}", "Raise T0 or lower the step."
            )
        total, difference = gmpy2.sqrt(q + 2 * p), gmpy2.sqrt(q - 2 * p)
        return {"x": (total + difference) / 2, "y": (total - difference) / 2}


@lru_cache(maxsize=32)
def _kernel_of(
    variables: tuple[sp.Symbol, ...],
    step: tuple[sp.Expr, ...],
    level: sp.Expr,
    trace: sp.Expr,
    eta: tuple[sp.Symbol, ...],
) -> tuple[Kernel, tuple[fmpq_mpoly, ...]]:
    # neutral names: a user's parameter may be called like a word of the generated program
    safe = {p: sp.Symbol(f"u_{k}", real=True) for k, p in enumerate(variables)}
    safe |= {s: sp.Symbol(f"h_{k}", real=True) for k, s in enumerate(eta)}
    own_step = PolynomialMap(
        tuple(safe[p] for p in variables),
        tuple(c.subs(safe, simultaneous=True) for c in step),
        tuple(safe[s] for s in eta),
        "gradient step",
    )
    watched = [sp.expand(e.subs(safe, simultaneous=True)) for e in (level, trace)]
    names = (symbol("L"), sp.Symbol("trace", real=True))
    own = PolyRing(own_step.variables)
    kernel = compile_map(carry_along(own_step, dict(zip(names, watched, strict=True))), "mpfr")
    return kernel, tuple(own.from_expr(e) for e in watched)


def _kernel(model: GradientStep, level: sp.Expr) -> tuple[Kernel, tuple[fmpq_mpoly, ...]]:
    eta = tuple(sorted(model.step.free_symbols, key=lambda s: s.name))
    if len(eta) > 1 or (model.loss.free_symbols - set(model.parameters)):
        raise DomainError.of(
            "descend_to_minimum()", "a model with the step as its one constant", model.constants, "Set them."
        )
    trace = sp.expand(model.hessian().trace().subs(model.ties))
    return _kernel_of(model.free, tuple(model.step_map().components), sp.expand(level), trace, eta)
