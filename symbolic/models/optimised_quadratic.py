"""The quadratic model under any optimiser: the closed exact map of the residual and the moments of what it remembers.

With a memory ``x_0, .., x_(s-1)`` of each weight the state consists of ``x_a' Q^(k+2) x_b`` for every pair of numbers
kept and as many powers as Q has distinct eigenvalues; the residual stands for the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations_with_replacement

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.errors import DomainError, ProofError
from ..algebra.parsing import model_symbol
from ..algebra.rings import PolyRing
from ..algebra.symbols import symbol, symbols
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.names import later
from ..latex.printer import Order
from ..optimisers.optimiser import Optimiser
from ..planar.maps import PolynomialMap
from ..planar.planar_map import Origin
from .memory import filtered_step, memory_symbols

WHERE = "QuadraticModel(optimiser=)"
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class OptimisedMap(PolynomialMap):
    """One step of an optimiser with memory in residual and moments, and the model that it closes.

    Attributes:
        origin: the model that it was derived from.
    """

    origin: Origin | None = field(default=None, repr=False)

    def explain(self) -> DerivationLog:
        """From the loss to the closed map, checked; as given where no model is known."""
        return super().explain() if self.origin is None else self.origin.explain_one_step(self)


@dataclass(frozen=True)
class OptimisedQuadratic:
    """Quadratic regression with one output, trained by an optimiser.

    Attributes:
        eigenvalues: distinct non-zero eigenvalues of Q.
        target: the regression target times the step size.
        weights: the symbols of the weights along the eigenvectors of Q.
        optimiser: polynomial in its symbols over Q.

    Raises:
        DomainError: an entry of the optimiser is not a polynomial over Q in its symbols.
    """

    eigenvalues: tuple[sp.Expr, ...]
    target: sp.Expr
    weights: tuple[sp.Symbol, ...]
    optimiser: Optimiser

    def __post_init__(self) -> None:
        o = self.optimiser
        for entry in (*o.matrix, *o.gain, *o.query, o.ascent):
            numbers = (
                sp.Poly(entry, *o.parameters).coeffs()
                if o.parameters and entry.is_polynomial(*o.parameters)
                else [entry]
            )
            if not all(n.is_Rational for n in numbers):
                raise DomainError.of(
                    WHERE, "entries polynomial over Q", entry, "Give rationals: the map does not close over Q else."
                )

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """Symbols of the eigenvalues and the target, by name, then those of the optimiser."""
        free = set().union(*(v.free_symbols for v in self.eigenvalues), self.target.free_symbols)
        own = sorted(free, key=lambda s: s.name)
        return (*own, *(s for s in self.optimiser.parameters if s not in free))

    @property
    def memory(self) -> tuple[tuple[sp.Symbol, ...], ...]:
        """What is kept of each weight, the weights first."""
        return memory_symbols(self.weights, self.optimiser.size)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Pairs of numbers kept, the weights with themselves first."""
        return tuple(combinations_with_replacement(range(self.optimiser.size), 2))

    @property
    def powers(self) -> range:
        """Values of k for which ``x_a' Q^(k+2) x_b`` is in the state."""
        return range(-1, len(self.eigenvalues) - 1)

    @property
    def state(self) -> tuple[sp.Symbol, ...]:
        """Residual and moments; of the weights with themselves they are named as without an optimiser."""
        return tuple(self._name(pair, k) for pair in self.pairs for k in self.powers)

    def _name(self, pair: Pair, k: int) -> sp.Symbol:
        two = len(self.eigenvalues) == 2
        if pair == (0, 0):
            named = {-1: symbol("z"), 0: symbol("T")} if two else {-1: symbol("z")}
            return named[k] if k in named else sp.Symbol(f"T_{k}", real=True)
        tail = "".join(map(str, pair))
        return sp.Symbol(f"f_{tail}" if k == -1 else f"T_{tail}" if two else f"T_{tail}_{k}", real=True)

    def moment(self, pair: Pair, k: int) -> sp.Expr:
        """``x_a' Q^(k+2) x_b`` in the memory."""
        first, second = (self.memory[a] for a in pair)
        return sp.Add(*(q ** (k + 2) * x * y for q, x, y in zip(self.eigenvalues, first, second, strict=True)))

    def embedding(self) -> tuple[sp.Expr, ...]:
        """The state as functions of the memory."""
        moments = [self.moment(pair, k) for pair in self.pairs for k in self.powers]
        return (moments[0] / 2 - self.target, *moments[1:])

    def loss(self) -> sp.Expr:
        """``(f - E)^2 / 2`` at the weights."""
        return (self.moment((0, 0), -1) / 2 - self.target) ** 2 / 2

    @cached_property
    def theta_step(self) -> PolynomialMap:
        """One step in the memory, by differentiation of the loss."""
        rows = filtered_step(self.memory, self.loss(), self.optimiser)
        variables = tuple(s for row in self.memory for s in row)
        return PolynomialMap(variables, tuple(e for row in rows for e in row), self.parameters, "step in theta")

    def query_step(self) -> PolynomialMap:
        """The same step with the query point ``y = C x`` in place of each weight, where ``C`` begins with 1.

        The gradient is simple in the query point, so this is the map of which code is made.

        Returns:
            The step in theta conjugated by a linear change, checked to come back to it.

        Raises:
            DomainError: the query does not begin with 1.
            ProofError: the two do not agree.
        """
        query, step = self.optimiser.query, self.theta_step
        if query[0] != 1:
            raise DomainError.of("query_step()", "a query that begins with 1", query, "Use theta_step().")
        if all(c == 0 for c in query[1:]):
            return step
        points = memory_symbols(tuple(model_symbol(w.name.replace("theta", "y")) for w in self.weights), 1)[0]
        rows = (points, *self.memory[1:])
        variables = tuple(s for row in rows for s in row)
        look = [sp.Add(*(c * row[i] for c, row in zip(query[1:], rows[1:], strict=True))) for i in range(len(points))]
        ring = PolyRing((*variables, *self.parameters))
        fixed = [ring.generator(p) for p in self.parameters]
        back = [*(p - e for p, e in zip(points, look, strict=True)), *variables[len(points) :]]
        inside = [ring.from_expr(e) for e in back]
        moved = [p.compose(*inside, *fixed, ctx=ring.context) for p in step.polynomials]
        m, factors = len(points), [ring.from_expr(c) for c in query]
        images = [sum((c * moved[a * m + i] for a, c in enumerate(factors)), start=ring.zero) for i in range(m)]
        made = PolynomialMap.from_polynomials(
            variables, (*images, *moved[m:]), self.parameters, f"one step of {self.optimiser.name}"
        )
        there = [step.ring.from_expr(e) for e in (*self._looked(), *(s for row in self.memory[1:] for s in row))]
        known = [step.ring.generator(p) for p in self.parameters]
        for image, start in zip(made.polynomials, there, strict=True):
            ahead = start.compose(*step.polynomials, *known, ctx=step.ring.context)
            if image.compose(*there, *known, ctx=step.ring.context) != ahead:
                raise ProofError.of("query_step()", "the step in theta", "another", "Report it.")
        return made

    def _looked(self) -> tuple[sp.Expr, ...]:
        """The query points in the memory."""
        return tuple(
            sp.Add(*(c * row[i] for c, row in zip(self.optimiser.query, self.memory, strict=True)))
            for i in range(len(self.weights))
        )

    def closed(self) -> PolynomialMap:
        """The closed map of the state, proved equal to the step in theta.

        Returns:
            The exact map.

        Raises:
            ProofError: it does not agree with the step in theta.
        """
        ring = PolyRing((*self.state, *self.parameters))
        found = _Closure(self, ring)
        images = [found.image(pair, k) for pair in self.pairs for k in self.powers]
        images[0] = images[0] / 2 - ring.from_expr(self.target)
        made = PolynomialMap.from_polynomials(self.state, tuple(images), self.parameters, "one step")
        self.prove(made)
        return made

    def prove(self, closed: PolynomialMap) -> None:
        """Check ``state(step in theta) == closed(state)`` as polynomials in the memory of all weights.

        Raises:
            ProofError: a component differs.
        """
        step = self.theta_step
        ring = step.ring
        inside = [ring.from_expr(e) for e in self.embedding()]
        fixed = [ring.generator(p) for p in self.parameters]
        for name, embedded, image in zip(self.state, inside, closed.polynomials, strict=True):
            moved = embedded.compose(*step.polynomials, *fixed, ctx=ring.context)
            if moved != image.compose(*inside, *fixed, ctx=ring.context):
                raise ProofError.of(
                    "QuadraticModel.one_step()", "the optimiser's step", f"another {name}'", "Report it."
                )

    def explain(self, closed: PolynomialMap) -> DerivationLog:
        """From loss and optimiser to the closed map; every equation is checked as a polynomial identity in the memory.

        Raises:
            ProofError: a step does not hold.
        """
        name = self.optimiser.name
        log = DerivationLog(f"One step of {name}, closed")
        f, loss = symbols("f L")
        variables = tuple(s for row in self.memory for s in row)
        log.state(
            "Model and loss",
            "Quadratic predictor with the given eigenvalues, squared residual; the step size is scaled into theta.",
            Equation(f, self.moment((0, 0), -1) / 2, order=Order(self.weights)),
            Equation(loss, (f - self.target) ** 2 / 2),
        )
        slopes = {w: model_symbol(w.name.replace("theta", "g")) for w in self.weights}
        o = self.optimiser
        log.state(
            f"Step of {name}",
            "Each weight has a memory of its own; g is the gradient at the query point"
            + (", after the ascent." if o.ascent != 0 else "."),
            *(
                Equation(
                    later(self.memory[a][i], 1),
                    sp.Add(*(o.matrix[a, c] * self.memory[c][i] for c in range(o.size))) - o.gain[a] * slopes[w],
                )
                for i, w in enumerate(self.weights)
                for a in range(o.size)
            ),
        )
        log.state(
            "State",
            "The residual, and the moments x_a' Q^(k+2) x_b of what is kept.",
            *(Equation(s, e, order=Order(variables)) for s, e in zip(self.state, self.embedding(), strict=True)),
        )
        moved = dict(zip(self.theta_step.variables, self.theta_step.components, strict=True))
        inside = dict(zip(self.state, self.embedding(), strict=True))
        for s, e, image in zip(self.state, self.embedding(), closed.components, strict=True):
            log.identity(
                f"The next {s}",
                "Put the step into its definition; higher moments are expressed by lower ones through the minimal "
                "polynomial of Q.",
                e.subs(moved, simultaneous=True),
                image.subs(inside, simultaneous=True),
                Equation(later(s, 1), image, order=Order(self.state)),
                what="the stepped definition and the closed form, written in the memory,",
            )
        return log


class _Closure:
    """The step of moments: each number kept is moved by a polynomial in Q with coefficients in the state."""

    def __init__(self, model: OptimisedQuadratic, ring: PolyRing) -> None:
        self.ring, self.size = ring, model.optimiser.size
        x = sp.Dummy("x")
        minimal = sp.Poly(sp.prod(x - q for q in model.eigenvalues), x).all_coeffs()[:0:-1]
        self._lower = [ring.from_expr(sp.expand(c)) for c in minimal]
        self._moments = {pair: [ring.generator(model._name(pair, k)) for k in model.powers] for pair in model.pairs}
        self._moments[0, 0][0] = 2 * (ring.generator(model.state[0]) + ring.from_expr(model.target))
        o = model.optimiser
        entries = {name: [ring.from_expr(e) for e in m] for name, m in (("A", o.matrix), ("B", o.gain), ("C", o.query))}
        rho = ring.from_expr(o.ascent)
        look = [(a, b, entries["C"][a] * entries["C"][b]) for a in range(self.size) for b in range(self.size)]

        def seen(k: int) -> fmpq_mpoly:
            return sum((c * self.moment((a, b), k) for a, b, c in look if c != ring.zero), start=ring.zero)

        residual = seen(-1) / 2 - ring.from_expr(model.target)
        lifted = residual
        if rho != ring.zero:
            lifted += rho * residual * seen(0) + rho**2 * residual**2 * seen(1) / 2
        push = [ring.zero, lifted] if rho == ring.zero else [ring.zero, lifted, rho * residual * lifted]
        self._moves = [
            [
                [
                    (entries["A"][a * self.size + c] if j == 0 else 0) - entries["B"][a] * entries["C"][c] * p
                    for j, p in enumerate(push)
                ]
                for c in range(self.size)
            ]
            for a in range(self.size)
        ]

    def moment(self, pair: Pair, k: int) -> fmpq_mpoly:
        """``x_a' Q^(k+2) x_b`` in the state."""
        row = self._moments[min(pair), max(pair)]
        while len(row) <= k + 1:
            recent = row[-len(self._lower) :]
            row.append(-sum((c * m for c, m in zip(self._lower, recent, strict=True)), start=self.ring.zero))
        return row[k + 1]

    def image(self, pair: Pair, k: int) -> fmpq_mpoly:
        """The moment after one step."""
        total = self.ring.zero
        first, second = (self._moves[a] for a in pair)
        for c, left in enumerate(first):
            for d, right in enumerate(second):
                for i, p in enumerate(left):
                    for j, r in enumerate(right):
                        factor = p * r
                        if factor != self.ring.zero:
                            total += factor * self.moment((c, d), k + i + j)
        return total
