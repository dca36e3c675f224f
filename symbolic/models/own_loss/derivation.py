"""A study of a model in the making: one step after the other, each kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp

from ...algebra.errors import DomainError
from . import hypotheses as asked
from .closure import NotClosed, Reduction, close, try_suggestion
from .concentration import concentration_hypotheses, sharpness_hypothesis
from .edge import EdgeForm, curvature_coordinate, derive_edge_form
from .gradient import GradientStep
from .hypotheses import Hypothesis
from .study import STEPS, EdgeStudy

MOST_TERMS = 1_500_000
"""Bound on the two-step map; at this size a study takes about half a minute."""


class StudyDerivation:
    """An :class:`EdgeStudy` that is derived step by step: an interrupt loses only the step that it falls into.

    ``GradientDescent.begin_study`` makes one and keeps it, so that the same call finds it again after an interrupt.

    Attributes:
        step: the step that is being derived, or that was cut short; empty before the first and after the last.

    Source:
        Derived here.

    Example:
        >>> model = es.GradientDescent("(1 - x*y)^2/2", "x,y")
        >>> begun = model.begin_study({"p": "x*y", "q": "x^2 + y^2"}, at={"p": 1})
        >>> begun.so_far().hypothesis("closure").verdict, begun.run().hypothesis("closure").verdict
        ('UNKNOWN', 'TRUE')
    """

    def __init__(
        self,
        model: GradientStep,
        coordinates: Mapping[str, sp.Expr | str],
        at: Mapping[str, object],
        order: int = 3,
        small: str | None = None,
    ) -> None:
        if isinstance(order, bool) or not isinstance(order, int) or not 2 <= order <= 30:
            raise DomainError.of("study()", "an order in 2..30", order, "It is the highest power of z and of epsilon.")
        self.step = ""
        self._model, self._coordinates, self._at = model, dict(coordinates), dict(at)
        self._order, self._small = order, small
        self._reduction: Reduction | None = None
        self._form: EdgeForm | None = None
        self._found: dict[str, list[Hypothesis]] = {}
        self._done: set[str] = set()
        self._ended = False

    def run(self, everything: bool = False, tell: Callable[[str], None] | None = None) -> EdgeStudy:
        """Go on where the derivation stands, to its end.

        Args:
            everything: also derive the objects that a report shows; else they follow when they are asked for.
            tell: called with the name of each step before it begins.

        Returns:
            The study.

        Raises:
            DomainError: ``at`` names no coordinate, or the two-step map is too large.
        """
        judged: tuple[Callable[[list[Hypothesis]], None], ...] = (
            self._close,
            self._bring_to_the_edge,
            self._compare_sharpness,
            self._judge_two_steps,
        )
        for step, derive in zip(STEPS, judged, strict=False):
            if step in self._done or self._ended:
                continue
            self._begin(step, tell)
            self._found[step] = []
            derive(self._found[step])
            self._done.add(step)
        for step in STEPS[len(judged) :] if everything else ():
            if step not in self._done:
                self._begin(step, tell)
                self._show(step)
                self._done.add(step)
        self.step = ""
        return self._study("")

    def so_far(self, interruption: str = "") -> EdgeStudy:
        """What is derived by now; the hypotheses that were not reached are UNKNOWN.

        Args:
            interruption: what was cut short, when it is none of the derivation's own steps.

        Returns:
            A study that shows what there is and derives no more.
        """
        cut = interruption or self.step or next((s for s in STEPS if s not in self._done), "")
        return self._study(cut)

    def _begin(self, step: str, tell: Callable[[str], None] | None) -> None:
        self.step = step
        if tell is not None:
            tell(step)

    def _study(self, cut: str) -> EdgeStudy:
        found = [h for step in STEPS for h in self._found.get(step, ())]
        if cut in STEPS[:4] and not self._ended:
            known = {h.name for h in found}
            found += [
                Hypothesis(name, statement, None, f"not decided: cut short at the step '{cut}'")
                for name, statement in self._asked().items()
                if name not in known
            ]
        return EdgeStudy(self._model, self._order, self._reduction, self._form, tuple(found), cut)

    def _asked(self) -> dict[str, str]:
        """Every hypothesis of a study, in order."""
        other = ", ".join(name for name in self._coordinates if name not in self._at) or "the other coordinate"
        return {
            "closure": asked.CLOSURE.format(coordinates=", ".join(self._coordinates)),
            **({"plane": asked.PLANE} if len(self._coordinates) > 2 else {}),
            "line of minima": asked.LINE_OF_MINIMA,
            "curvature coordinate": asked.CURVATURE.format(other=other),
            "small parameter": asked.SMALL,
            "sharpness": asked.SHARPNESS,
            "edge": asked.EDGE,
            "one small parameter": asked.ONE_SMALL,
            "two-cycles": asked.TWO_CYCLES,
            "relaxation": asked.RELAXATION,
            "drift": asked.DRIFT,
        }

    def _close(self, found: list[Hypothesis]) -> None:
        closed = close(self._model, self._coordinates, suggest=False)
        statement = asked.CLOSURE.format(coordinates=", ".join(self._coordinates))
        if isinstance(closed, NotClosed):
            # what is known is kept before a further coordinate is tried, which may take long
            found.append(Hypothesis("closure", statement, closed.verdict, closed.why()))
            tried = try_suggestion(self._model, self._coordinates, closed)
            found[-1] = Hypothesis("closure", statement, tried.verdict, tried.sentence())
            self._ended = True
            return
        found.append(Hypothesis("closure", statement, True, f"{closed.compared} monomials compared"))
        self._reduction = closed

    def _bring_to_the_edge(self, found: list[Hypothesis]) -> None:
        assert self._reduction is not None, "the closed map comes first"
        if len(self._coordinates) > 2 and not self._find_plane(self._reduction, found):
            self._ended = True
            return
        form = derive_edge_form(self._reduction, self._at, found, self._small)
        if form is None:
            self._ended = True
            return
        bound = form.map.two_step_bound()
        if bound > MOST_TERMS:
            raise DomainError.of(
                "study()",
                f"a two-step map of at most {MOST_TERMS} terms",
                f"up to {bound}",
                "Lower the degree of the loss.",
            )
        self._form = form

    def _find_plane(self, whole: Reduction, found: list[Hypothesis]) -> bool:
        """Of three coordinates or more: whether the residual and the multiplier's own function close by themselves."""
        curvature = curvature_coordinate(whole, self._at)
        if curvature is None:
            detail = "the multiplier of a minimum does not depend on the coordinates"
            found.append(Hypothesis("plane", asked.PLANE, None, detail))
            return False
        (residual,) = self._at
        known = {sp.expand(formula): name.name for name, formula in whole.coordinates.items()}
        taken = {*self._coordinates, *(s.name for s in (*self._model.parameters, *self._model.constants))}
        fresh = next(n for n in ("q", "r", "s", *(f"q_{k}" for k in range(len(taken) + 1))) if n not in taken)
        name = known.get(sp.expand(curvature), fresh)
        planar = close(self._model, {residual: self._coordinates[residual], name: curvature}, suggest=False)
        if isinstance(planar, NotClosed):
            found.append(
                Hypothesis(
                    "plane",
                    asked.PLANE,
                    planar.verdict,
                    f"T is a function of {residual} and {name} = {curvature} at the minima, but of the next "
                    f"{planar.coordinate} holds: {planar.why()}",
                )
            )
            return False
        detail = f"{residual} and {name} = {curvature} close: {planar.compared} monomials compared"
        found.append(Hypothesis("plane", asked.PLANE, True, detail))
        self._reduction = planar
        return True

    def _compare_sharpness(self, found: list[Hypothesis]) -> None:
        assert self._form is not None, "the edge form comes first"
        found.append(sharpness_hypothesis(self._model, self._form))

    def _judge_two_steps(self, found: list[Hypothesis]) -> None:
        assert self._form is not None, "the edge form comes first"
        # a failed small parameter does not stop the two-step analysis, which says what its lack means
        found.extend(concentration_hypotheses(self._form))

    def _show(self, step: str) -> None:
        """Derive what a report shows; the map keeps it."""
        study = self._study("")
        if not study.holds("edge"):
            return
        if step == "fixed points and two-cycles":
            _ = study.cycles
        elif step == "two-step nullcline":
            _ = study.nullcline
        elif step == "two-step recurrence":
            _ = study.recurrence
        else:
            study.ending()
