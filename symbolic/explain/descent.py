"""Logs of models that a user brings, and of self-stabilisation from the cubic Taylor expansion."""

from __future__ import annotations

import sympy as sp

from ..algebra.errors import DomainError
from ..latex import Equation, Order, later
from ..models.own_loss.energy import SlowFlow
from ..models.own_loss.report import edge_words
from ..models.own_loss.stabilisation import SelfStabilisation, cubic_loss, derive_self_stabilisation, eta, v, w, x, y
from ..models.own_loss.study import EdgeStudy
from .log import DerivationLog
from .main_case import explain_limit, explain_two_step


def explain_descent(study: EdgeStudy) -> DerivationLog:
    """Everything that a study derived, from the loss to the final sharpness or to the hypothesis that fails.

    Args:
        study: a model at its edge.

    Returns:
        The log.
    """
    model = study.model
    log = DerivationLog("From the loss to the edge of stability", described=frozenset())
    loss = sp.Symbol("L", real=True)
    own = frozenset(model.parameters)
    given = [Equation(loss, model.loss, order=Order(model.parameters), own=own)]
    given += [Equation(kept, leader, own=own) for kept, leader in model.ties.items()]
    log.state(
        "Loss", "As given" + (", with the tied parameters, which the step keeps equal." if model.ties else "."), *given
    )
    log.state("Gradient step", "Each parameter moves against its derivative, times the step size.", *model.equations())
    reduction = study.reduction
    if reduction is None:
        return _stopped(log, study)
    log.state(
        "Coordinates",
        "As given.",
        *(
            Equation(name, formula, order=Order(model.free), own=own | {name})
            for name, formula in reduction.coordinates.items()
        ),
    )
    replaced = reduction.replaced
    step = model.step_map(replaced)
    moved = dict(zip(step.variables, step.components, strict=True))
    inside = {name: replaced.replace(formula) for name, formula in reduction.coordinates.items()}
    for name, image, equation in zip(
        reduction.map.variables, reduction.map.components, reduction.equations(), strict=True
    ):
        log.identity(
            f"The next {name}",
            "Put the gradient step into its definition; the result is a polynomial in the coordinates again, found by "
            "exact linear algebra over their monomials.",
            inside[name].subs(moved, simultaneous=True),
            image.subs(inside, simultaneous=True),
            equation,
            what="the stepped definition and the closed form, written in the parameters,",
        )
    form = study.form
    if form is None:
        return _stopped(log, study)
    log.state(
        "Residual and curvature",
        f"{edge_words(study)} Constants that only set units drop out; the one that is left is the small parameter.",
        *[e for e in form.equations() if e not in form.map.equations()],
    )
    carry = replaced.replace
    meaning = {} if form.small is None else {form.small[0]: carry(form.small[1])}
    coordinates = dict(zip(form.map.variables, (carry(form.residual), carry(form.curvature)), strict=True))
    closed = dict(zip(reduction.map.variables, reduction.map.components, strict=True))
    for variable, component, equation in zip(
        form.map.variables, form.map.components, form.map.equations(), strict=True
    ):
        log.identity(
            f"One step of {variable}",
            "The closed map in the new coordinates.",
            coordinates[variable].subs(closed, simultaneous=True),
            component.subs(meaning).subs(coordinates, simultaneous=True),
            equation,
            what="the stepped definition and the map, written in the reduced coordinates,",
        )
    log.extend(_without_first(explain_two_step(form.map, study.order)))
    if study.concentrates:
        log.extend(_without_first(explain_limit(form.map, study.order)))
        log.state("Final sharpness", "Divide by the step size.", study.sharpness_equation())
        return log
    return _stopped(log, study)


def _without_first(log: DerivationLog) -> DerivationLog:
    """A log without its restatement of the one-step map."""
    return DerivationLog(log.title, log.steps[1:])


def _stopped(log: DerivationLog, study: EdgeStudy) -> DerivationLog:
    """Say which hypothesis ends the derivation, and what can still be said."""
    failing = study.failing
    assert failing is not None, "a study that stops has a failing hypothesis"
    try:
        flow = study.flow
    except DomainError:
        flow = None
    log.state(
        f"Hypothesis '{failing.name}' is {failing.verdict}", f"Asked: {failing.statement}. Found: {failing.detail}."
    )
    if flow is not None:
        _energy(log, flow, "With the curvature frozen at parameter 0 and no relaxation, both change slowly")
    return log


def _energy(log: DerivationLog, flow: SlowFlow, why: str) -> None:
    """The slow flow and its energy, checked by differentiation."""
    z, u = flow.z, flow.y
    log.state("Slow flow", f"{why}: dz = y A(z), dy = B(z) per step.", *flow.equations()[:2])
    plus = flow.energy.replace(sp.Abs, lambda inside: inside)
    log.identity(
        "Conserved energy",
        "Separate variables: y dy = B/A dz. The derivative of H along the flow is 0, so orbits with different energies "
        "end at different distances from the edge.",
        sp.diff(plus, z) * u * flow.rate,
        -sp.diff(plus, u) * flow.force,
        flow.equations()[2],
        what="H_z dz and -H_y dy",
    )


def explain_self_stabilisation() -> DerivationLog:
    """From the cubic Taylor expansion of any loss to Damian et al.'s system and its energy.

    Returns:
        The log.
    """
    system: SelfStabilisation = derive_self_stabilisation()
    log = DerivationLog("Self-stabilisation from the cubic Taylor expansion", described=frozenset())
    loss = sp.Symbol("L", real=True)
    log.state(
        "Cubic Taylor expansion",
        "At a point whose sharpness is 2/eta: x along the top eigenvector, v along the gradient of the sharpness, w "
        "orthogonal to both; b is the length of that gradient, every other derivative is free. Times eta:",
        Equation(eta * loss, cubic_loss(), order=Order((x, v, w))),
    )
    drive = sp.Symbol("L_v", real=True)
    log.state(
        "Excess sharpness, sharpening, slope",
        "y is the sharpness minus 2/eta to first order.",
        Equation(y, sp.Symbol("b", positive=True) * v),
        Equation(sp.Symbol("alpha", positive=True), -sp.Symbol("b", positive=True) * drive),
        Equation(sp.Symbol("beta", positive=True), sp.Symbol("b", positive=True) ** 2),
    )
    products = ", ".join(str(p) for p in system.surviving)
    others = ", ".join(str(p) for p in system.cancelling)
    # a product vanishes if its first factor does
    gone = {min(p.free_symbols, key=str): 0 for p in system.surviving}
    b = sp.Symbol("b", positive=True)
    meaning = {y: b * v, sp.Symbol("alpha", positive=True): -b * drive, sp.Symbol("beta", positive=True): b**2}
    for s, expansion, increment in zip((x, y), system.expansion, system.increments, strict=True):
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
    log.state("The system", "The map with these two-step increments at leading weight.", *system.equations()[:2])
    _energy(log, system.flow, "Per step, at leading weight")
    return log
