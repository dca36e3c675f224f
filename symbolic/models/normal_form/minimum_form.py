"""A minimum of a loss of any number of parameters, at the edge of stability: its flip, or where training ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import sympy as sp
from flint import arb, ctx

from ...algebra.errors import DomainError
from ...algebra.parsing import model_symbol
from ...algebra.symbols import symbol
from ...explain.log import DerivationLog
from ...latex.document import Section
from ...latex.equations import Equation
from ...latex.names import later
from ...latex.printer import Order
from ..own_loss.hypotheses import Hypothesis, Sectioned
from .fields import BITS, data, shown

Number: TypeAlias = sp.Expr | arb

MANIFOLD = (
    "Along the minima the sharpness moves: two steps change the amplitude x along the top eigenvector by "
    "2 x (eta y - c x^2) and the excess y of the sharpness over 2/eta by -eta beta x^2. What has relaxed follows "
    "eta y = c x^2 - kappa and ends at y = -kappa/eta, kappa = eta^2 beta/(4 c); the next terms are smaller by a "
    "factor O(kappa + rho), as long as c changes little on the way."
)


@dataclass(frozen=True)
class MinimumForm(Sectioned):
    """Gradient descent at its edge of stability about one minimum, reduced to one dimension or two.

    Attributes:
        loss: the loss.
        parameters: what it is trained in.
        point: the minimum: exact values, or balls that hold one.
        sharpness: the top Hessian eigenvalue ``S``; the edge is at ``eta = 2/S``.
        eigenvector: of S, of any length.
        nulls: dimension of the Hessian's kernel: of the manifold of minima, where there is one.
        coefficients: of ``xi' = -(1 + mu) xi + c xi^3 + ..`` by odd power, xi a length, ``mu = eta S - 2``; along a
            manifold of minima the third only, of the fibre across it.
        alpha: progressive sharpening, minus gradient times gradient of the sharpness: 0, for the gradient is.
        beta: squared gradient of the sharpness along the minima.
        bending: ``d beta / d S`` along it.
        kappa: ``eta^2 beta / (4 c)``, the predicted depth of the end below the edge in units of ``1/eta``.
        rho: ``eta bending / (4 c)``, the other number that has to be small.
        directions: vectors that place a start: ``fibre`` (``w_2``; the fibre is ``xi q + w_2 xi^2``), ``slope`` (the
            gradient ``b`` of the sharpness along the minima) and ``curved`` (``m``; the minima are ``s b + m s^2``).
        hypotheses: what all this rests on, with verdicts.

    Source:
        Kuznetsov 2004, section 4.5; Damian, Nichani, Lee 2022, section 4; the end of training: derived here.

    Example:
        >>> form = es.GradientDescent("(1 - x^2*y^2)^2/4", "x,y").normal_form({"x": 4, "y": "1/4"})
        >>> form.nulls, form.criticality
        (1, 'supercritical')
    """

    kind = "minimum-form"
    heading: ClassVar[str] = "Gradient descent on your loss, reduced at a minimum"
    loss: sp.Expr
    parameters: tuple[sp.Symbol, ...]
    point: Mapping[sp.Symbol, Number]
    sharpness: Number
    eigenvector: tuple[Number, ...]
    nulls: int
    coefficients: Mapping[int, Number]
    alpha: sp.Expr
    beta: Number
    bending: Number
    kappa: Number | None
    rho: Number | None
    directions: Mapping[str, tuple[Number, ...]]
    hypotheses: tuple[Hypothesis, ...]

    @property
    def reduced(self) -> bool:
        """Whether there are coefficients."""
        return 3 in self.coefficients

    @property
    def exact(self) -> bool:
        """Whether everything is exact, and no balls."""
        return not isinstance(self.sharpness, arb)

    @property
    def first_lyapunov_coefficient(self) -> Number:
        """``c``.

        Raises:
            DomainError: a hypothesis fails before it.
        """
        if not self.reduced:
            failing = next(h for h in self.hypotheses if h.holds is not True)
            raise DomainError.of(
                "MinimumForm", "a minimum with a flip", f"{failing.name}: {failing.detail}", "See its hypotheses."
            )
        return self.coefficients[3]

    @property
    def criticality(self) -> str:
        """``supercritical``, ``subcritical``, or ``unknown`` where no sign is decided."""
        found = next((h for h in self.hypotheses if h.name == "supercritical"), None)
        return "unknown" if found is None or found.holds is None else "supercritical" if found.holds else "subcritical"

    @property
    def edge_step(self) -> Number:
        """``2/S``."""
        with ctx.workprec(BITS):
            return 2 / self.sharpness

    @property
    def multiplier(self) -> sp.Expr:
        """Of the top direction at the edge step: -1."""
        return sp.Integer(-1)

    @property
    def predicted_sharpness(self) -> Number | None:
        """``2/eta - kappa/eta`` at ``eta = 2/S``; None where nothing drives or nothing relaxes."""
        if self.kappa is None or self.criticality == "subcritical":
            return None
        with ctx.workprec(BITS):
            value = self.sharpness * (1 - self.kappa / 2)
        return value if isinstance(value, arb) else sp.factor(value)

    def verdicts(self) -> tuple[Hypothesis, ...]:
        """The hypotheses, in order."""
        return self.hypotheses

    def numbers(self) -> dict[str, Number]:
        """What was found, by name."""
        if not self.reduced:
            return {}
        found: dict[str, Number] = {"S": self.sharpness, "eta_edge": self.edge_step, "c": self.coefficients[3]}
        found |= {f"c_{k}": v for k, v in self.coefficients.items() if k > 3}
        if self.nulls:
            found |= {"alpha": self.alpha, "beta": self.beta}
            predicted = self.predicted_sharpness
            if self.kappa is not None and self.rho is not None:
                found |= {"kappa": self.kappa, "rho": self.rho}
            if predicted is not None:
                found["lambda_infinity"] = predicted
        return found

    def equations(self) -> tuple[Equation, ...]:
        """Every exact number as an equation, and the normal form."""
        exact = {n: v for n, v in self.numbers().items() if not isinstance(v, arb)}
        names = map(model_symbol, exact.keys() - {"lambda_infinity"})
        own = self._own().union(names, *(v.free_symbols for v in exact.values()))
        rows = [Equation(model_symbol(n), v, tag=n, own=own) for n, v in exact.items()]
        return (*rows, *self.normal_form())

    def normal_form(self) -> tuple[Equation, ...]:
        """One step in the amplitude, and along a manifold of minima in the excess of the sharpness."""
        if not self.reduced:
            return ()
        xi, y, eta, beta, c = (model_symbol(n) for n in ("xi", "y", "eta", "beta", "c"))
        own = frozenset((xi, y, beta, c))
        order = Order((xi,))
        if not self.nulls:
            mu = model_symbol("delta")
            rhs = -(1 + mu) * xi + c * xi**3
            return (Equation(later(xi, 1), rhs, (xi**5, mu * xi**3), order, "xi", own=own | {mu}),)
        return (
            Equation(later(xi, 1), -(1 + eta * y) * xi + c * xi**3, (xi**4, y * xi**2), order, "xi", own=own),
            Equation(later(y, 1), y - eta * beta * xi**2 / 2, (xi**3, y * xi**2), order, "y", own=own),
        )

    def sections(self) -> list[Section]:
        """Where the minimum is, what was found, and what it means."""
        loss = Section("Loss", "", (Equation(symbol("L"), self.loss, order=Order(self.parameters), own=self._own()),))
        written = sp.count_ops(self.loss) <= 200
        found = [loss] if written else [Section("Loss", f"A formula in {len(self.parameters)} parameters.")]
        shown_first = list(self.point.items())[:8]
        where = ", ".join(f"{s} = {shown(v)}" for s, v in shown_first)
        found.append(Section("Minimum", where + (", .." if len(self.point) > 8 else "") + "."))
        if not self.reduced:
            return found
        if self.exact:
            found.append(Section("Reduced", "", self.equations()))
        else:
            rows = tuple((name, shown(value)) for name, value in self.numbers().items())
            told = "; ".join(f"{name} = {value}" for name, value in rows)
            found.append(Section("Reduced", f"Balls that hold the exact values: {told}.", self.normal_form()))
        found.append(Section("What it means", self.meaning()))
        return found

    def meaning(self) -> str:
        """The consequence in words."""
        if not self.nulls:
            return {
                "supercritical": "Supercritical: beyond the edge a stable two-cycle lies about the minimum, at "
                "distance sqrt(delta/c), delta = eta S - 2. Training goes on, bouncing.",
                "subcritical": "Subcritical: below the edge an unstable two-cycle lies about the minimum, at distance "
                "sqrt(delta/c); starts outside it leave, and beyond the edge all do.",
                "unknown": "Whether the flip is super- or subcritical is not decided.",
            }[self.criticality] + " The minimum is a point: its sharpness cannot move."
        return (
            MANIFOLD
            if self.predicted_sharpness is not None
            else "The end of training is not predicted: see the hypotheses."
        )

    def _own(self) -> frozenset[sp.Symbol]:
        return frozenset(self.loss.free_symbols)

    def json(self) -> dict[str, Any]:
        """The reduction as data: exact strings, or the ends of intervals."""
        predicted = self.predicted_sharpness
        return {
            "loss": str(self.loss),
            "parameters": [p.name for p in self.parameters],
            "point": {p.name: data(v) for p, v in self.point.items()},
            "sharpness": data(self.sharpness) if self.reduced else None,
            "edge_step": data(self.edge_step) if self.reduced else None,
            "multiplier": str(self.multiplier) if self.reduced else None,
            "eigenvector": [data(v) for v in self.eigenvector],
            "null_directions": self.nulls,
            "first_lyapunov_coefficient": data(self.coefficients[3]) if self.reduced else None,
            "coefficients": {str(k): data(v) for k, v in self.coefficients.items()},
            "criticality": self.criticality,
            "alpha": str(self.alpha),
            "beta": data(self.beta),
            "kappa": None if self.kappa is None else data(self.kappa),
            "rho": None if self.rho is None else data(self.rho),
            "predicted_sharpness": None if predicted is None else data(predicted),
            "relative_error": None if predicted is None else "O(kappa + rho)",
            "exact": self.exact,
            "hypotheses": [h.json() for h in self.hypotheses],
            **self.state(),
        }

    def explain(self) -> DerivationLog:
        """What was found, section by section."""
        log = DerivationLog(self.heading, described=frozenset())
        for section in self.sections():
            log.state(section.heading, section.text, *section.equations)
        return log
