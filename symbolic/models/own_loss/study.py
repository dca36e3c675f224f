"""A model near its edge of stability: every object that its hypotheses allow, and where the analysis stops."""

from __future__ import annotations

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
from .closure import Reduction
from .edge import EdgeForm
from .gradient import GradientStep
from .hypotheses import Hypothesis, Sectioned

STEPS = (
    "closed map",
    "edge form",
    "sharpness",
    "leading terms of two steps",
    "fixed points and two-cycles",
    "two-step nullcline",
    "two-step recurrence",
    "end of training",
)
"""What is derived one after the other: first what the hypotheses need, then what is shown besides."""


@dataclass(frozen=True)
class EdgeStudy(Sectioned):
    """Hypotheses with verdicts, and what follows from those that hold.

    Attributes:
        model: the model.
        order: orders kept: of the recurrences in z, of the limit in the small parameter.
        reduction: the closed map, or None where the coordinates do not close.
        form: the map in ``(z, T)``, or None.
        hypotheses: what was asked, in order, up to the first that fails and blocks the rest.
        interruption: the step at which the derivation was cut short; empty where all of it was done. What comes after
            it is UNKNOWN, and what follows from it is not shown.

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
    interruption: str = ""

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

    def derived(self, step: str) -> bool:
        """Whether a step of :data:`STEPS` lies before the interruption, if there was one."""
        return self.interruption not in STEPS or STEPS.index(step) < STEPS.index(self.interruption)

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
        relaxation = self.hypothesis("relaxation")
        frozen = self._form().small is not None and self.holds("two-cycles", "one small parameter")
        if not frozen or (relaxation is not None and relaxation.holds):
            raise DomainError.of("EdgeStudy.flow", "frozen curvature without relaxation", self.failing, "See `limit`.")
        return self.map.slow_flow()

    def ending(self) -> LimitSeries | SlowFlow | None:
        """What is known of the end of training: the limit, or the slow flow where there is none, or nothing."""
        if self.concentrates:
            return self.limit
        try:
            return self.flow
        except DomainError:
            return None

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
        sections = self.model.given()
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
        if self.derived("fixed points and two-cycles"):
            cycles, shown = self.cycles, self.cycles.equations() if self.cycles.are_cycles else ()
            sections.append(Section("Fixed points and two-cycles", " ".join(cycles.sentences), shown))
        if self.derived("two-step nullcline"):
            nullcline = self.nullcline.equations()
            sections.append(Section("Two-step nullcline", "Where z returns after two steps.", nullcline))
        if self.derived("two-step recurrence"):
            deviation = "With y = T - f(z), the deviation from the nullcline."
            sections.append(Section("Two-step recurrence", deviation, self.recurrence.equations()))
        if not self.derived("end of training"):
            return sections
        ending = self.ending()
        if isinstance(ending, LimitSeries):
            ends = (*ending.equations(), self.sharpness_equation())
            text = "From the slow manifold; an asymptotic series."
            return [*sections, Section("Where relaxed trajectories end", text, ends)]
        if ending is None:
            return sections
        text = "Deviations do not relax. At leading order the two-step flow conserves H: the end depends on the start."
        return [*sections, Section("Slow flow", text, ending.equations())]

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
            **self.state(),
        }
        if self.reduction is not None:
            content["reduced"] = self.reduction.json()["map"]
        if self.form is not None:
            content["edge_form"] = self.form.json()
            if self.holds("edge") and self.derived("two-step recurrence"):
                content["two_step"] = self.recurrence.json()
            if self.holds("edge") and self.derived("fixed points and two-cycles"):
                content["two_cycles"] = str(self.cycles.curve)
        if self.concentrates and self.derived("end of training"):
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
        ending = self.ending()
        if isinstance(ending, SlowFlow):
            ending.add_to(log, "With the curvature frozen at parameter 0 and no relaxation, both change slowly")
        return log


def _without_first(log: DerivationLog) -> DerivationLog:
    """A log without its restatement of the one-step map."""
    return DerivationLog(log.title, log.steps[1:])
