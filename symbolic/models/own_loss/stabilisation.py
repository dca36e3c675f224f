"""Self-stabilisation at the edge (Damian, Nichani, Lee 2022), derived from the cubic Taylor expansion of the loss.

Coordinates at a reference point: ``x`` along the top eigenvector of the Hessian, ``v`` along the gradient of the
sharpness, ``w`` for any direction orthogonal to both.  All first, second and third derivatives are kept as symbols;
two exact gradient steps, graded, then show which of them matter at leading order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.series import Grading, TruncatedSeries, evaluate
from ...algebra.symbols import symbol, symbols
from ...explain.derived import Derived
from ...explain.log import DerivationLog
from ...latex.equations import Equation
from ...latex.names import later
from ...latex.printer import Order
from ...planar.maps import PolynomialMap
from ...planar.slow_flow import SlowFlow, separate_variables
from .gradient import GradientStep

x, v, w, y, eta = symbols("x v w y eta")
alpha, beta, b = sp.symbols("alpha beta b", positive=True)
"""``|grad sharpness|``, the third derivative ``xxv``; ``beta = b^2``."""

LEADING_WEIGHT = 2


@dataclass(frozen=True)
class SelfStabilisation(Derived):
    """``x' = -(1 + eta y) x``, ``y' = y + eta (alpha - beta x^2 / 2)``, and where it comes from.

    Attributes:
        system: the exact map in ``(x, y)``.
        expansion: two-step increments of x and y from the cubic expansion, complete at leading weight, in x, v, w.
        increments: the system's two-step increments up to the leading weight, in x and y.
        surviving: derivatives (or products of them), beyond those in the system, that reach the leading weight of two
            steps; they must vanish for the system to hold.
        cancelling: derivatives that enter one step at leading weight but cancel over two.
        flow: the slow flow of two steps, per step, with its conserved energy.
    """

    kind = "self-stabilisation"
    system: PolynomialMap
    expansion: tuple[sp.Expr, sp.Expr]
    increments: tuple[sp.Expr, sp.Expr]
    surviving: tuple[sp.Expr, ...]
    cancelling: tuple[sp.Expr, ...]
    flow: SlowFlow

    def equations(self) -> tuple[Equation, ...]:
        """The system, then its energy."""
        order = Order((x, y))
        rows = [
            Equation(later(s, 1), c, order=order, tag=s.name)
            for s, c in zip(self.system.variables, self.system.components, strict=True)
        ]
        return (*rows, self.flow.equations()[-1])

    def json(self) -> dict[str, Any]:
        """System, surviving and cancelling derivatives, and energy as text."""
        return {
            "system": {s.name: str(c) for s, c in zip(self.system.variables, self.system.components, strict=True)},
            "surviving": [str(p) for p in self.surviving],
            "cancelling": [str(p) for p in self.cancelling],
            "energy": str(self.flow.energy),
        }

    def explain(self) -> DerivationLog:
        """From the cubic Taylor expansion of any loss to the system and its energy.

        Raises:
            ProofError: a step does not hold.
        """
        log = DerivationLog("Self-stabilisation from the cubic Taylor expansion", described=frozenset())
        loss = symbol("L")
        log.state(
            "Cubic Taylor expansion",
            "At a point whose sharpness is 2/eta: x along the top eigenvector, v along the gradient of the sharpness, "
            "w orthogonal to both; b is the length of that gradient, every other derivative is free. Times eta:",
            Equation(eta * loss, cubic_loss(), order=Order((x, v, w))),
        )
        drive = derivative_symbol("v")
        log.state(
            "Excess sharpness, sharpening, slope",
            "y is the sharpness minus 2/eta to first order.",
            Equation(y, b * v),
            Equation(alpha, -b * drive),
            Equation(beta, b**2),
        )
        products = ", ".join(str(p) for p in self.surviving)
        others = ", ".join(str(p) for p in self.cancelling)
        # a product vanishes if its first factor does
        gone = {min(p.free_symbols, key=str): 0 for p in self.surviving}
        meaning = {y: b * v, alpha: -b * drive, beta: b**2}
        for s, expansion, increment in zip((x, y), self.expansion, self.increments, strict=True):
            log.state(
                f"Two steps of {s} on the expansion",
                "Two exact gradient steps; displacements have weight 1, the gradient 2, and weights up to 2 are kept.",
                Equation(later(s, 2) - later(s, 0), expansion, order=Order((x, v, w))),
            )
            log.identity(
                f"Two steps of {s} at leading weight",
                f"The derivatives {others} enter one step but cancel over two. With {products} zero, what is left is:",
                expansion.subs(gone),
                increment.subs(meaning, simultaneous=True),
                Equation(later(s, 2) - later(s, 0), increment, order=Order((x, y))),
                what="the increments of the expansion and of the system, written in x and v,",
            )
        log.state("The system", "The map with these two-step increments at leading weight.", *self.equations()[:2])
        self.flow.add_to(log, "Per step, at leading weight")
        return log


def derivative_symbol(directions: str) -> sp.Symbol:
    """The symbol of a derivative of the loss, for example ``L_xxv``."""
    return sp.Symbol(f"L_{''.join(sorted(directions, key='xvw'.index))}", real=True)


def cubic_loss() -> sp.Expr:
    """``eta`` times a general loss to third order, at a point where the sharpness is ``2/eta``.

    ``x`` is an eigenvector of the Hessian along which the gradient vanishes, and the gradient of the sharpness within
    the orthogonal directions defines ``v``; every other derivative is free.
    """
    total = x**2 + eta * (derivative_symbol("v") * v + derivative_symbol("w") * w)
    for degree in (2, 3):
        for directions in combinations_with_replacement("xvw", degree):
            name = "".join(directions)
            if (degree == 2 and "x" in name) or name == "xxw":
                continue
            factor = b if name == "xxv" else derivative_symbol(name)
            powers = sp.Mul(*({"x": x, "v": v, "w": w}[d] for d in directions))
            count = sp.prod(sp.factorial(name.count(d)) for d in "xvw")
            total += eta * factor * powers / count
    return sp.expand(total)


def _two_steps(one_step: PolynomialMap, weights: Mapping[sp.Symbol, int], order: int) -> list[list[TruncatedSeries]]:
    """State after one and after two steps, as graded series."""
    symbols = (*one_step.variables, *one_step.parameters)
    grading = Grading(symbols, tuple(weights.get(s, 0) for s in symbols), order)
    state = [TruncatedSeries.variable(grading, s) for s in symbols]
    fixed = state[len(one_step.variables) :]
    history = [state[: len(one_step.variables)]]
    for _ in range(2):
        history.append([evaluate(p, [*history[-1], *fixed]) for p in one_step.polynomials])
    return history


@cache
def derive_self_stabilisation() -> SelfStabilisation:
    """Derive the system from the cubic Taylor expansion.

    Displacements count as weight 1, the gradient (which drives the sharpening) as weight 2.

    Returns:
        The system, what must vanish for it to hold, and its conserved energy.

    Raises:
        DomainError: the two-step increments of expansion and system differ at leading weight.

    Source:
        Damian, Nichani, Lee 2022, section 4 (the system for x and y).

    Example:
        >>> es.models.derive_self_stabilisation().system.components[0]
        x*(-eta*y - 1)
    """
    loss = cubic_loss()
    cubic = GradientStep(loss, (x, v, w), 1).step_map()
    drive, side = derivative_symbol("v"), derivative_symbol("w")
    weights = {x: 1, v: 1, w: 1, drive: 2, side: 2}
    start, first, second = _two_steps(cubic, weights, LEADING_WEIGHT)
    # y = b v is the excess sharpness; two-step changes of x and y, and the one-step change of x + (-x)
    change_x, change_y = second[0] - start[0], (second[1] - start[1]) * _constant(start[0], b)
    once_x = first[0] + start[0]
    system = PolynomialMap(
        (x, y), (-(1 + eta * y) * x, y + eta * (alpha - beta * x**2 / 2)), (eta, alpha, beta), "self-stabilisation"
    )
    s_start, _, s_second = _two_steps(system, {x: 1, y: 1, alpha: 2}, LEADING_WEIGHT)
    wanted = tuple((after - before).to_expr() for after, before in zip(s_second, s_start, strict=True))
    meaning = {y: b * v, alpha: -b * drive, beta: b**2}
    drives = {drive, side}
    extra = [
        sp.expand(derived.to_expr() - expected.subs(meaning, simultaneous=True))
        for derived, expected in zip((change_x, change_y), wanted, strict=True)
    ]
    surviving = _minimal({_derivatives(term, drives) for e in extra for term in sp.Add.make_args(e) if e != 0})
    if any(product == 1 for product in surviving):
        raise DomainError.of(
            "derive_self_stabilisation()", "equal increments at leading weight", str(extra), "Report it."
        )
    once = {_derivatives(term, drives) for term in sp.Add.make_args(sp.expand(once_x.to_expr()))}
    cancelling = [p for p in _minimal(once - {sp.S.One}) if p not in surviving]
    # per step: half the leading two-step increments
    rate, force = sp.cancel(wanted[0] / (2 * y)), sp.expand(wanted[1] / 2)
    flow = separate_variables(x, y, rate, force)
    expansion = (change_x.to_expr(), change_y.to_expr())
    return SelfStabilisation(system, expansion, (wanted[0], wanted[1]), tuple(surviving), tuple(cancelling), flow)


def _constant(like: TruncatedSeries, constant: sp.Symbol) -> TruncatedSeries:
    return TruncatedSeries.variable(like.grading, constant)


def _derivatives(term: sp.Expr, drives: set[sp.Symbol]) -> sp.Expr:
    """The derivatives of the loss among a term's factors, each once, other than the driving gradient."""
    return sp.Mul(*sorted((s for s in term.free_symbols if s.name.startswith("L_") and s not in drives), key=str))


def _minimal(products: set[sp.Expr]) -> list[sp.Expr]:
    """Those products that no other one divides, shortest names first."""
    kept = [p for p in products if not any(q != p and q.free_symbols <= p.free_symbols for q in products)]
    return sorted(kept, key=lambda p: (len(str(p)), str(p)))


def minimal_loss() -> GradientStep:
    """The smallest loss whose gradient descent IS the system, exactly: ``x^2/eta + b x^2 v/2 - alpha v/b``.

    Written with step 1 for ``eta`` times the loss, in the parameters ``x`` and ``v``, with ``y = b v``.
    """
    return GradientStep(x**2 + eta * b * x**2 * v / 2 - eta * sp.Symbol("c", positive=True) * v, (x, v), 1)
