"""A model near its edge of stability: every object that its hypotheses allow, and where the analysis stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.symbols import symbol
from ...explain.log import DerivationLog
from ...latex.document import Section
from ...latex.equations import Equation
from ...latex.printer import Order
from ...planar.nullcline import Nullcline
from ...planar.planar_map import PlanarMap
from ...planar.recurrences import Recurrence
from ...planar.slow_flow import SlowFlow
from ...planar.slow_manifold import LimitSeries
from ...planar.two_cycles import CycleSets
from .closure import NotClosed, Reduction, close
from .concentration import concentration_hypotheses, sharpness_hypothesis
from .edge import EdgeForm, derive_edge_form
from .gradient import GradientStep
from .hypotheses import Hypothesis, Sectioned

MOST_TERMS = 1_500_000
"""Bound on the two-step map; at this size a study takes about half a minute."""


@dataclass(frozen=True)
class EdgeStudy(Sectioned):
    """Hypotheses with verdicts, and what follows from those that hold.

    Attributes:
        model: the model.
        order: orders kept: of the recurrences in z, of the limit in the small parameter.
        reduction: the closed map, or None where the coordinates do not close.
        form: the map in ``(z, T)``, or None.
        hypotheses: what was asked, in order, up to the first that fails and blocks the rest.

    Source:
        Derived here.

    Example:
        >>> model = es.GradientDescent("(1 - x*y)^2/2", "x,y")
        >>> found = model.study({"p": "x*y", "q": "x^2 + y^2"}, at={"p": 1})
        >>> found.failing.name, found.failing.verdict
        ('relaxation', 'FALSE')
    """

    kind = "edge-study"
    model: GradientStep
    order: int
    reduction: Reduction | None
    form: EdgeForm | None
    hypotheses: tuple[Hypothesis, ...]

    def hypothesis(self, name: str) -> Hypothesis | None:
        """One hypothesis by name, None if it was not reached."""
        return next((h for h in self.hypotheses if h.name == name), None)

    def holds(self, *names: str) -> bool:
        """Whether all these were reached and hold."""
        return all((h := self.hypothesis(n)) is not None and h.holds is True for n in names)

    @property
    def failing(self) -> Hypothesis | None:
        """The first hypothesis that does not hold."""
        return next((h for h in self.hypotheses if h.holds is not True), None)

    @property
    def concentrates(self) -> bool:
        """Whether every hypothesis of concentration at the edge holds."""
        return self.failing is None

    def _form(self) -> EdgeForm:
        if self.form is None:
            failing = self.failing
            raise DomainError.of(
                "EdgeStudy", "a model with an edge form", failing.name if failing else "none", "See its hypotheses."
            )
        return self.form

    def _small(self) -> tuple[sp.Symbol, sp.Expr]:
        small = self._form().small
        if small is None:
            raise DomainError.of("EdgeStudy", "a small parameter", "none", "See its hypotheses.")
        return small

    @property
    def map(self) -> PlanarMap:
        """One step in ``(z, T)``, from which everything in the plane follows.

        Raises:
            DomainError: the model has no edge form.
        """
        return self._form().map

    @property
    def nullcline(self) -> Nullcline:
        """The two-step nullcline ``T = f(z)`` to the study's order."""
        return self.map.nullcline(self.order)

    @property
    def recurrence(self) -> Recurrence:
        """The two-step recurrence in ``(z, y)`` to the study's order."""
        return self.map.two_step(self.order)

    @property
    def cycles(self) -> CycleSets:
        """The fixed points and the two-cycles near the edge."""
        return self.map.two_cycles(self.order)

    @property
    def limit(self) -> LimitSeries:
        """``T_inf`` of relaxed orbits in the small parameter, powers 0 to order.

        Raises:
            DomainError: a hypothesis fails, so there is no slow manifold through the edge.
        """
        failing = self.failing
        if failing is not None:
            raise DomainError.of(
                "EdgeStudy.limit", "all hypotheses to hold", f"{failing.name} {failing.verdict}", failing.detail
            )
        return self.map.limit_series(self.order)

    @property
    def flow(self) -> SlowFlow:
        """Where deviations do not relax: the leading slow flow and its conserved energy.

        Raises:
            DomainError: deviations relax, or the curvature is not frozen at small parameter 0.
        """
        if (
            self._form().small is None
            or not self.holds("two-cycles", "one small parameter")
            or self.holds("relaxation")
        ):
            raise DomainError.of("EdgeStudy.flow", "frozen curvature without relaxation", self.failing, "See `limit`.")
        return self.map.slow_flow()

    def sharpness_limit(self) -> sp.Expr:
        """The final sharpness ``T_inf / step`` in the constants of the model."""
        name, meaning = self._small()
        return sp.expand(self.limit.expression().subs(name, meaning) / self.model.step)

    def sharpness_equation(self) -> Equation:
        """The final sharpness with its first dropped power."""
        dropped = sp.powsimp(self._small()[1] ** (self.order + 1) / self.model.step)
        by_step = Order((), dict.fromkeys(self.model.step.free_symbols, 1))
        return Equation(symbol("lambda_infinity"), self.sharpness_limit(), (dropped,), by_step)

    def verdicts(self) -> tuple[Hypothesis, ...]:
        """The hypotheses, in order."""
        return self.hypotheses

    def equations(self) -> tuple[Equation, ...]:
        """The furthest form that was reached: at the edge, closed, or the gradient step."""
        return (self.form or self.reduction or self.model).equations()

    def sections(self) -> list[Section]:
        """All that was found, in reading order."""
        sections = self.model.sections()[:2]
        if self.reduction is not None:
            coordinates = tuple(
                Equation(s, e, order=Order(self.model.free), own=frozenset((s, *self.model.free)))
                for s, e in self.reduction.coordinates.items()
            )
            closed = Section("Closed map", "", self.reduction.equations())
            sections += [Section("Coordinates", "", coordinates), closed]
        if self.form is None:
            return sections
        sections.append(Section("At the edge", self.form.words(), self.form.equations()))
        if not self.holds("edge"):
            return sections
        cycles, shown = self.cycles, self.cycles.equations() if self.cycles.are_cycles else ()
        deviation = "With y = T - f(z), the deviation from the nullcline."
        sections += [
            Section("Fixed points and two-cycles", " ".join(cycles.sentences), shown),
            Section("Two-step nullcline", "Where z returns after two steps.", self.nullcline.equations()),
            Section("Two-step recurrence", deviation, self.recurrence.equations()),
        ]
        if self.concentrates:
            ends = (*self.limit.equations(), self.sharpness_equation())
            text = "From the slow manifold; an asymptotic series."
            return [*sections, Section("Where relaxed trajectories end", text, ends)]
        try:
            flow = self.flow
        except DomainError:
            return sections
        text = "Deviations do not relax. At leading order the two-step flow conserves H: the end depends on the start."
        return [*sections, Section("Slow flow", text, flow.equations())]

    def json(self) -> dict[str, Any]:
        """The study as data with exact strings."""
        model = self.model
        content: dict[str, Any] = {
            "loss": str(model.loss),
            "parameters": [p.name for p in model.parameters],
            "step": str(model.step),
            **model.json(),
            "hypotheses": [h.json() for h in self.hypotheses],
            "concentrates": self.concentrates,
        }
        if self.reduction is not None:
            content["reduced"] = self.reduction.json()["map"]
        if self.form is not None:
            content["edge_form"] = self.form.json()
            if self.holds("edge"):
                content["two_step"] = self.recurrence.json()
                content["two_cycles"] = str(self.cycles.curve)
        if self.concentrates:
            content["limit"] = self.limit.json()
            content["final_sharpness"] = str(self.sharpness_limit())
        return content

    def explain(self) -> DerivationLog:
        """Everything that was derived, from the loss to the final sharpness or to the hypothesis that fails.

        Raises:
            ProofError: a step does not hold.
        """
        log = (self.form or self.reduction or self.model).explain()
        if self.form is not None:
            log.extend(_without_first(self.recurrence.explain()))
            if self.concentrates:
                log.extend(_without_first(self.limit.explain()))
                log.state("Final sharpness", "Divide by the step size.", self.sharpness_equation())
                return log
        failing = self.failing
        assert failing is not None, "a study that stops has a failing hypothesis"
        log.state(
            f"Hypothesis '{failing.name}' is {failing.verdict}", f"Asked: {failing.statement}. Found: {failing.detail}."
        )
        if self.form is not None:
            try:
                self.flow.add_to(log, "With the curvature frozen at parameter 0 and no relaxation, both change slowly")
            except DomainError:
                return log
        return log


def _without_first(log: DerivationLog) -> DerivationLog:
    """A log without its restatement of the one-step map."""
    return DerivationLog(log.title, log.steps[1:])


def derive_study(
    model: GradientStep,
    coordinates: Mapping[str, sp.Expr | str],
    at: Mapping[str, object],
    order: int = 3,
    small: str | None = None,
) -> EdgeStudy:
    """See :meth:`GradientDescent.study`."""
    if isinstance(order, bool) or not isinstance(order, int) or not 2 <= order <= 30:
        raise DomainError.of("study()", "an order in 2..30", order, "It is the highest power of z and of epsilon.")
    closed = close(model, coordinates)
    statement = f"the gradient step closes in {', '.join(coordinates)}"
    if isinstance(closed, NotClosed):
        found = (Hypothesis("closure", statement, closed.verdict, closed.sentence()),)
        return EdgeStudy(model, order, None, None, found)
    hypotheses = [Hypothesis("closure", statement, True, f"{closed.compared} monomials compared")]
    form, tried = derive_edge_form(closed, at, small)
    hypotheses += tried
    if form is None:
        return EdgeStudy(model, order, closed, None, tuple(hypotheses))
    bound = form.map.two_step_bound()
    if bound > MOST_TERMS:
        raise DomainError.of(
            "study()",
            f"a two-step map of at most {MOST_TERMS} terms",
            f"up to {bound}",
            "Lower the degree of the loss.",
        )
    hypotheses.append(sharpness_hypothesis(model, form))
    # a failed small parameter does not stop the two-step analysis, which says what its lack means
    hypotheses += concentration_hypotheses(form)
    return EdgeStudy(model, order, closed, form, tuple(hypotheses))
