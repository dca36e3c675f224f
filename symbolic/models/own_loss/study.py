"""A model near its edge of stability: every object that its hypotheses allow, and where the analysis stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import fmpq_mpoly

from ...algebra.errors import DomainError
from ...algebra.rings import PolyRing
from ...explain.log import DerivationLog
from ...latex.document import Section
from ...latex.equations import Equation
from ...latex.printer import Order
from ...planar.limit_series import LimitSeries
from ...planar.nullcline import Nullcline
from ...planar.planar_map import PlanarMap
from ...planar.recurrences import Recurrence
from ...planar.slow_flow import SlowFlow
from ...planar.two_cycles import LeadingTerms, TwoCycles
from .closure import NotClosed, Reduction, close
from .edge import EdgeForm, derive_edge_form
from .findings import Findings, Hypothesis
from .step import GradientStep

MOST_TERMS = 1_500_000
"""Bound on the two-step map; at this size a study takes about half a minute."""


@dataclass(frozen=True)
class EdgeStudy(Findings):
    """Hypotheses with verdicts, and what follows from those that hold.

    Attributes:
        model: the model.
        order: orders kept: of the recurrences in z, of the limit in the small parameter.
        reduction: the closed map, or None where the coordinates do not close.
        form: the map in ``(z, T)``, or None.
        hypotheses: what was asked, in order, up to the first that fails and blocks the rest.
    """

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

    @property
    def map(self) -> PlanarMap:
        """The map in ``(z, T)``, from which all else follows.

        Raises:
            DomainError: a hypothesis fails before there is one.
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
    def cycles(self) -> TwoCycles:
        """The fixed points and the two-cycles near the edge."""
        return self.map.two_cycles(self.order)

    @property
    def limit(self) -> LimitSeries:
        """``T_inf`` as a series in the small parameter, to the study's order.

        Raises:
            DomainError: a hypothesis fails, so there is no slow manifold through the edge.
        """
        failing = self.failing
        if failing is not None:
            raise DomainError.of(
                "EdgeStudy.limit", "all hypotheses to hold", f"{failing.name} {failing.verdict}", failing.detail
            )
        return self.map.limit_series(self.order)

    def sharpness_limit(self) -> sp.Expr:
        """The final sharpness ``T_inf / step`` in the constants of the model."""
        small = self._form().small
        assert small is not None, "a limit needs a small parameter"
        return sp.expand(self.limit.expression().subs(small[0], small[1]) / self.model.step)

    def sharpness_equation(self) -> Equation:
        """The final sharpness with its first dropped power."""
        small = self._form().small
        assert small is not None, "a limit needs a small parameter"
        dropped = sp.powsimp(small[1] ** (self.order + 1) / self.model.step)
        return Equation(
            sp.Symbol("lambda_infinity", real=True), self.sharpness_limit(), (dropped,), _by_step(self.model)
        )

    @property
    def flow(self) -> SlowFlow:
        """Where deviations do not relax: the leading slow flow and its conserved energy.

        Raises:
            DomainError: deviations relax, or the curvature is not frozen at small parameter 0.
        """
        form = self._form()
        if form.small is None or not self.holds("two-cycles", "one small parameter") or self.holds("relaxation"):
            raise DomainError.of("EdgeStudy.flow", "frozen curvature without relaxation", self.failing, "See `limit`.")
        return self.map.slow_flow()

    def equations(self) -> tuple[Equation, ...]:
        """The furthest that the derivation came: the final sharpness, the map at the edge, the closed map, the step."""
        if self.concentrates:
            return (self.sharpness_equation(),)
        return (self.form or self.reduction or self.model).equations()

    def explain(self) -> DerivationLog:
        """Everything derived, from the loss to the final sharpness or to the hypothesis that fails."""
        if self.form is None:
            return self._stopped((self.reduction or self.model).explain())
        log = self.form.explain()
        # the one-step map stands there already
        log.extend(self.recurrence.explain(), skip=1)
        if not self.concentrates:
            return self._stopped(log)
        log.extend(self.limit.explain(), skip=1)
        log.state("Final sharpness", "Divide by the step size.", self.sharpness_equation())
        return log

    def _stopped(self, log: DerivationLog) -> DerivationLog:
        """Say which hypothesis ends the derivation, and what can still be said."""
        failing = self.failing
        assert failing is not None, "a study that stops has a failing hypothesis"
        found = f"Asked: {failing.statement}. Found: {failing.detail}."
        log.state(f"Hypothesis '{failing.name}' is {failing.verdict}", found)
        flow = self._flow_if_any()
        if flow is not None:
            log.extend(flow.explain("With the curvature frozen at parameter 0 and no relaxation, both change slowly"))
        return log

    def _flow_if_any(self) -> SlowFlow | None:
        try:
            return self.flow
        except DomainError:
            return None

    def sections(self) -> list[Section]:
        """All that was found, in reading order."""
        sections = self.model.sections()[:2]
        if self.reduction is not None:
            sections.append(Section("Coordinates", "", self.reduction.definitions()))
            sections.append(Section("Closed map", "", self.reduction.equations()))
        if self.form is None:
            return sections
        sections.append(Section("At the edge", self.form.words(), self.form.equations()))
        if not self.holds("edge"):
            return sections
        cycles = self.cycles
        shown = cycles.equations() if cycles.are_cycles else ()
        deviation = "With y = T - f(z), the deviation from the nullcline."
        sections += [
            Section("Fixed points and two-cycles", " ".join(cycles.sentences), shown),
            Section("Two-step nullcline", "Where z returns after two steps.", self.nullcline.equations()),
            Section("Two-step recurrence", deviation, self.recurrence.equations()),
        ]
        flow = self._flow_if_any()
        if self.concentrates:
            ends = (*self.limit.equations(), self.sharpness_equation())
            sections.append(
                Section("Where relaxed trajectories end", "From the slow manifold; an asymptotic series.", ends)
            )
        elif flow is not None:
            text = (
                "Deviations do not relax. At leading order the two-step flow conserves H: the end depends on the start."
            )
            sections.append(Section("Slow flow", text, flow.equations()))
        return sections

    def json(self) -> dict[str, Any]:
        """The study as data with exact strings."""
        model, form = self.model, self.form
        content: dict[str, Any] = {
            "loss": str(model.loss),
            "parameters": [p.name for p in model.parameters],
            "step": str(model.step),
            "map": {p.name: str(c) for p, c in zip(model.free, (e.rhs for e in model.equations()), strict=True)},
            "hypotheses": [h.json() for h in self.hypotheses],
            "concentrates": self.concentrates,
        }
        if self.reduction is not None:
            content["reduced"] = self.reduction.json()["map"]
        if form is not None:
            content["edge_form"] = {
                "z": str(form.residual),
                "T": str(form.curvature),
                "small": None if form.small is None else {"name": form.small[0].name, "meaning": str(form.small[1])},
                "map": {v.name: str(c) for v, c in zip(form.map.variables, form.map.components, strict=True)},
            }
            if self.holds("edge"):
                content["two_step"] = self.recurrence.json()
                content["two_cycles"] = str(self.cycles.curve)
        if self.concentrates:
            content["limit"] = self.limit.json()
            content["final_sharpness"] = str(self.sharpness_limit())
        return content


def _by_step(model: GradientStep) -> Order:
    return Order((), dict.fromkeys(model.step.free_symbols, 1))


def study(
    model: GradientStep,
    coordinates: Mapping[str, sp.Expr | str],
    at: Mapping[str, object],
    order: int = 3,
    small: str | None = None,
) -> EdgeStudy:
    """See :meth:`GradientStep.study`."""
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
    hypotheses.append(_sharpness(model, form))
    # a failed small parameter does not stop the two-step analysis, which says what its lack means
    leading = form.map.leading_terms()
    hypotheses += _concentration(form, leading)
    return EdgeStudy(model, order, closed, form, tuple(hypotheses))


def _sharpness(model: GradientStep, form: EdgeForm) -> Hypothesis:
    """``T = step * (top Hessian eigenvalue)`` at the minima: Hessian of rank one there, with that trace."""
    statement = "T is the step size times the sharpness: at the minima step * Hessian has trace T and rank one"
    replaced = form.reduction.replaced
    ring = PolyRing((*model.free, *replaced.symbols(model.constants)))

    def exact(expr: sp.Expr) -> fmpq_mpoly:
        return ring.from_expr(replaced.replace(expr))

    level = ring.from_expr(sp.numer(sp.together(replaced.replace(form.level()))))
    level = level / level.term_content()
    curvature = exact(form.curvature.subs(dict(form.reduction.coordinates)))
    size = range(len(model.parameters))
    hessian = model.hessian().subs(model.ties)
    scaled = [[exact(model.step * hessian[i, j]) for j in size] for i in size]
    defects = [sum((scaled[i][i] for i in size), ring.zero) - curvature]
    # symmetric with H^2 = T H and trace T: one eigenvalue T, all others 0
    defects += [
        sum((scaled[i][k] * scaled[k][j] for k in size), ring.zero) - curvature * scaled[i][j]
        for i in size
        for j in range(i, len(model.parameters))
    ]
    wrong = sum(bool(divmod(defect, level)[1].to_dict()) for defect in defects)
    # divisibility by the level polynomial suffices; its failure does not refute
    detail = f"{len(defects) - wrong} of {len(defects)} entries of trace H - T and H^2 - T H vanish at the minima"
    return Hypothesis("sharpness", statement, None if wrong else True, detail)


def _concentration(form: EdgeForm, leading: LeadingTerms) -> list[Hypothesis]:
    """The conditions under which every nearby start ends at one distance from the edge."""
    epsilon = None if form.small is None else form.small[0]
    found = [
        Hypothesis(
            "edge",
            "T = 2 is a simple root of the two-step condition at z = 0",
            leading.simple_edge,
            f"z'' - z = {leading.rate} y z + ..",
        ),
        Hypothesis(
            "one small parameter",
            "no other constant is left, so that expansions have rational coefficients",
            len(form.map.parameters) == 1,
            f"left: {', '.join(map(str, form.map.parameters)) or 'none'}",
        ),
        Hypothesis(
            "two-cycles",
            "at small parameter 0 the nullcline consists of two-cycles",
            leading.cycles,
            leading.cycles_detail,
        ),
    ]
    if not all(h.holds for h in found) or epsilon is None:
        return found
    relaxes = leading.relaxation is not None and bool(leading.relaxation < 0)
    found.append(
        Hypothesis(
            "relaxation",
            "off the two-cycles deviations shrink at a rate of order z^2: y'' - y = -a z^2 y, a > 0",
            relaxes,
            f"a = {-leading.relaxation}" if leading.relaxation is not None else leading.relaxation_detail,
        )
    )
    if not relaxes:
        return found
    found.append(
        Hypothesis(
            "drift",
            "on the two-cycles the curvature falls: y'' - y = -d epsilon z^2, d > 0, so y settles below 0",
            leading.drift is not None and bool(leading.drift < 0),
            f"d = {-leading.drift}" if leading.drift is not None else "no drift of order epsilon z^2",
        )
    )
    return found
