"""A study or a point as sections for people: one content, printed as text, LaTeX or JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError
from ...explain.log import plain_equation
from ...latex import Equation, Order, Section, Style, align, document, escape
from .closure import Reduction
from .gradient import GradientDescent
from .hypotheses import Hypothesis
from .size import two_step_bound
from .stabilisation import EdgePoint
from .study import EdgeStudy

COMPOSED_TERMS = 20_000
"""A two-step map whose bound is higher is not even composed for a report."""

MOST_TERMS = 150
"""A two-step map with more terms is left out of reports (it is still there in Python)."""


def model_sections(model: GradientDescent) -> list[Section]:
    """Loss, gradient step, and two steps where they are short."""
    loss = sp.Symbol("L", real=True)
    own = frozenset(model.parameters)
    ties = tuple(Equation(kept, leader, own=own) for kept, leader in model.ties.items())
    sections = [
        Section("Loss", "", (Equation(loss, model.loss, order=Order(model.parameters), own=own), *ties)),
        Section("Gradient step", "", model.equations()),
    ]
    bound = two_step_bound(model.step_map())
    if bound > COMPOSED_TERMS:
        return [*sections, Section("Two steps", f"A map with up to {bound} terms, not composed.")]
    two = model.two_step_map()
    terms = sum(len(p.to_dict()) for p in two.polynomials)
    if terms <= MOST_TERMS:
        restored = tuple(
            Equation(_two_on(e), model.replaced.restore(c), order=e.order, tag=e.tag, own=e.own)
            for e, c in zip(two.equations(), two.components, strict=True)
        )
        sections.append(Section("Two steps", "", restored))
    else:
        sections.append(Section("Two steps", f"A map with {terms} terms, not printed."))
    return sections


def _two_on(equation: Equation) -> sp.Symbol:
    """``x(t+2)`` for the left-hand side ``x(t+1)``."""
    return sp.Symbol(str(equation.lhs).replace("@1", "@2"), **equation.lhs.assumptions0)


def closed_section(reduction: Reduction) -> Section:
    """The closed map in the user's coordinates."""
    return Section(
        "Closed map",
        f"Proved equal to the gradient step: {reduction.compared} monomials compared.",
        reduction.equations(),
    )


def study_sections(study: EdgeStudy) -> list[Section]:
    """All that a study found, in reading order."""
    sections = model_sections(study.model)[:2]
    if study.reduction is not None:
        coordinates = tuple(
            Equation(s, e, order=Order(study.model.free), own=frozenset((s, *study.model.free)))
            for s, e in study.reduction.coordinates.items()
        )
        sections += [Section("Coordinates", "", coordinates), Section("Closed map", "", study.reduction.equations())]
    if study.form is not None:
        sections += _edge_sections(study)
    return sections


def _edge_sections(study: EdgeStudy) -> list[Section]:
    form = study.form
    assert form is not None, "called with an edge form"
    sections = [Section("At the edge", edge_words(study), form.equations())]
    if not study.holds("edge"):
        return sections
    cycles = study.cycles
    sections += [
        Section(
            "Fixed points and two-cycles", " ".join(cycles.sentences), cycles.equations() if cycles.are_cycles else ()
        ),
        Section("Two-step nullcline", "Where z returns after two steps.", study.nullcline.equations()),
        Section(
            "Two-step recurrence", "With y = T - f(z), the deviation from the nullcline.", study.recurrence.equations()
        ),
    ]
    if study.concentrates and form.small is not None:
        limit = Equation(
            sp.Symbol("T_inf", real=True),
            study.limit.expression(),
            (form.small[0] ** (study.order + 1),),
            Order((form.small[0],)),
            "limit",
        )
        sections.append(
            Section(
                "Where relaxed trajectories end",
                "From the slow manifold; an asymptotic series.",
                (limit, study.sharpness_equation()),
            )
        )
        return sections
    try:
        flow = study.flow
    except DomainError:
        return sections
    text = "Deviations do not relax. At leading order the two-step flow conserves H: the end depends on the start."
    return [*sections, Section("Slow flow", text, flow.equations())]


def edge_words(study: EdgeStudy) -> str:
    """What z, T and y are, and that they are not the user's own, where names coincide."""
    words = "z: distance from the minima; T: one minus their multiplier, edge at T = 2."
    shared = sorted({"z", "T", "y"} & {s.name for s in (*study.model.parameters, *study.model.constants)})
    if not shared:
        return words
    verb = "is" if len(shared) == 1 else "are"
    return f"{words} From here on {', '.join(shared)} {verb} no longer what the loss calls so."


def point_sections(point: EdgePoint) -> list[Section]:
    """A model at one point."""
    spectrum = tuple(
        Equation(sp.Symbol(f"lambda_{k + 1}", real=True), value) for k, value in enumerate(reversed(point.eigenvalues))
    )
    return [
        *model_sections(point.model),
        Section("Hessian eigenvalues at the point", "", spectrum),
        Section(
            "Edge and self-stabilisation",
            "Sharpness, the step size that puts the point at the edge, sharpening, squared slope of the sharpness.",
            point.equations(),
        ),
    ]


def as_text(title: str, sections: Sequence[Section], hypotheses: Sequence[Hypothesis], width: int = 110) -> str:
    """Sections and hypotheses for a terminal."""
    lines = [f"# {title}"]
    for section in sections:
        lines += ["", f"{section.heading}:"]
        if section.text:
            lines += textwrap.wrap(section.text, width, initial_indent="  ", subsequent_indent="  ")
        for equation in section.equations:
            lines += textwrap.wrap(
                plain_equation(equation),
                width,
                initial_indent="  ",
                subsequent_indent="      ",
                break_long_words=False,
                break_on_hyphens=False,
            )
    if hypotheses:
        lines += ["", "Hypotheses:"]
        wide = max(len(h.name) for h in hypotheses)
        for h in hypotheses:
            lines += textwrap.wrap(
                f"{h.verdict:<7} {h.name:<{wide}}  {h.statement}. {h.detail}",
                width,
                initial_indent="  ",
                subsequent_indent=" " * (wide + 12),
            )
        failing = next((h for h in hypotheses if h.holds is not True), None)
        verdict = (
            "every hypothesis holds"
            if failing is None
            else f"the analysis stops at '{failing.name}': {failing.verdict}"
        )
        lines += ["", f"Verdict: {verdict}."]
    return "\n".join(lines)


def as_latex(
    title: str, sections: Sequence[Section], hypotheses: Sequence[Hypothesis], style: Style, whole: bool
) -> str:
    """Sections as LaTeX blocks, or as a whole document with the hypotheses."""
    listed = " ".join(f"({k}) {h.name}: {h.verdict}. {h.statement}: {h.detail}." for k, h in enumerate(hypotheses, 1))
    everything = [*sections, Section("Hypotheses", listed)] if hypotheses else list(sections)
    if whole:
        return document(title, everything, style, symbols=frozenset())
    blocks = []
    for number, section in enumerate(sections, 1):
        blocks.append(rf"\paragraph{{{escape(section.heading)}}} {escape(section.text)}".rstrip())
        if section.equations:
            label = style.label and f"{style.label}-{number}"
            blocks.append(align(section.equations, style.with_label(label)))
    return "\n".join(blocks)


def study_json(study: EdgeStudy) -> dict[str, Any]:
    """A study as data with exact strings."""
    model = study.model
    content: dict[str, Any] = {
        "loss": str(model.loss),
        "parameters": [p.name for p in model.parameters],
        "step": str(model.step),
        "map": {p.name: str(c) for p, c in zip(model.free, (e.rhs for e in model.equations()), strict=True)},
        "hypotheses": [h.to_json() for h in study.hypotheses],
        "concentrates": study.concentrates,
    }
    if study.reduction is not None:
        content["reduced"] = {e.tag: str(e.rhs) for e in study.reduction.equations()}
    form = study.form
    if form is not None:
        content["edge_form"] = {
            "z": str(form.residual),
            "T": str(form.curvature),
            "small": None if form.small is None else {"name": form.small[0].name, "meaning": str(form.small[1])},
            "map": {v.name: str(c) for v, c in zip(form.map.variables, form.map.components, strict=True)},
        }
        if study.holds("edge"):
            content["two_step"] = study.recurrence.to_json()
            content["two_cycles"] = str(study.cycles.curve)
    if study.concentrates and form is not None and form.small is not None:
        content["limit"] = {"variable": form.small[0].name, "coefficients": [str(c) for c in study.limit.coefficients]}
        content["final_sharpness"] = str(study.sharpness_limit())
    return content


def point_json(point: EdgePoint) -> dict[str, Any]:
    """A point as data with exact strings."""
    return {
        "loss": str(point.model.loss),
        "parameters": [p.name for p in point.model.parameters],
        "point": {p.name: str(value) for p, value in point.point.items()},
        "eigenvalues": [str(e) for e in point.eigenvalues],
        "sharpness": str(point.sharpness),
        "edge_step": str(point.edge_step),
        "alpha": str(point.alpha),
        "beta": str(point.beta),
        "hypotheses": [h.to_json() for h in point.hypotheses],
    }
