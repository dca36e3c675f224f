"""Claims on what edgestab prints: LaTeX that reads back to the object, logs whose every step holds."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from ...symbolic.algebra.errors import EdgestabError
from ...symbolic.explain.derived import Derived
from ...symbolic.latex.equations import Style, align
from ...symbolic.latex.names import NameMap
from ...symbolic.latex.reader import read_equations
from ...symbolic.models.own_loss.stabilisation import derive_self_stabilisation
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import Definition, Named, Range, Statement, eq

X, STEP = sp.Symbol("X"), sp.Symbol("k")
PRINTED = sp.Function("read")(sp.Function("latex")(X))
LEFT, RIGHT = sp.Function("lhs")(STEP), sp.Function("rhs")(STEP)
OBJECTS = Named("the derived objects of every kind", r"\text{the derived objects of every kind}")
STEPS = Named("the steps of all derivation logs", r"\text{the steps of all derivation logs}")

RENAMED = NameMap({"z": r"\mathcal{F}", "T": r"\lambda_{\max}", "epsilon": r"\varepsilon"})


def _objects(ctx: CheckContext, order: int) -> dict[str, Derived]:
    study, product = ctx.subject.example("zhu", 3), ctx.subject.example("zhu-degree-2", 3)
    found: dict[str, Derived | None] = {
        "one-step": ctx.map,
        "nullcline": ctx.map.nullcline(order),
        "two-step": ctx.map.two_step(order),
        "slow manifold": ctx.map.slow_manifold(order),
        "limit": ctx.map.limit_series(order),
        "edge form": study.form,
        "self-stabilisation": product.flow,
    }
    return {name: result for name, result in found.items() if result is not None}


def _read_back(ctx: CheckContext) -> Outcome:
    """Print each object at several widths and under two name maps, read the LaTeX, compare term by term."""
    tested = rejected = 0
    ctx.statement.within(X, OBJECTS)
    if ctx.statement.equation(PRINTED) != X:
        return judge(1, 1, detail="what is compared is the object read with the object printed")
    try:
        objects = _objects(ctx, ctx.pick(3, 4, 6))
    except EdgestabError as error:
        return judge(1, 1, detail=str(error))
    for result in objects.values():
        equations = result.equations()
        symbols = frozenset().union(*(e.symbols() for e in equations))
        for style in (Style(label="eq:x"), Style(40, RENAMED)):
            back = read_equations(align(equations, style), symbols, style.names)
            rejected += len(back) != len(equations)
            for read, equation in zip(back, equations, strict=False):
                same = sp.expand(read.rhs - equation.rhs) == 0 and sp.expand(read.lhs - equation.lhs) == 0
                rejected += not (same and read.remainder == equation.remainder)
                tested += len(sp.Add.make_args(equation.rhs))
    return judge(
        tested,
        int(rejected),
        worst=int(rejected),
        bound=0,
        figure="equations that read otherwise",
        domain=f"{', '.join(objects)}; two widths, two name maps",
    )


def _logs_hold(ctx: CheckContext) -> Outcome:
    """Write the log of each object; a step whose exact check fails raises."""
    ctx.statement.within(STEP, STEPS)
    if ctx.statement.equation(LEFT) != RIGHT:
        return judge(1, 1, detail="what each step is held against is its right side")
    order = ctx.pick(2, 3, 5)
    objects: dict[str, Callable[[], Derived]] = {
        "one-step": lambda: ctx.map,
        "two-step": lambda: ctx.map.two_step(order),
        "limit": lambda: ctx.map.limit_series(order),
        "limit law": lambda: ctx.map.limit_law(ctx.pick(2, 2, 3)),
        "two-cycles": lambda: ctx.map.two_cycles(order),
        "self-stabilisation": derive_self_stabilisation,
        "product of two parameters": lambda: ctx.subject.example("zhu-degree-2", 3),
    }
    tested = 0
    failures = []
    for name, derive in objects.items():
        try:
            tested += derive().explain().compared
        except EdgestabError as error:
            failures.append(f"{name}: {error}")
    return judge(
        max(tested, 1),
        len(failures),
        worst=len(failures),
        bound=0,
        figure="logs with a step that does not hold",
        domain=", ".join(objects),
        detail="; ".join(failures),
    )


CLAIMS = (
    Claim(
        id="latex-read-back",
        title="Printed LaTeX is the object it came from",
        statement=Statement(
            conclusion=(eq(PRINTED, X),),
            over=(Range(X, OBJECTS),),
            where=(Definition(X, "a derived object, as equations with their remainders"),),
        ),
        source=Source("edgestab", "edgestab.latex.read_latex"),
        checks=(Check("print, read, compare", Level.CHECKED, _read_back),),
    ),
    Claim(
        id="derivation-logs",
        title="Every step of the derivation logs holds",
        statement=Statement(
            conclusion=(eq(LEFT, RIGHT),),
            over=(Range(STEP, STEPS),),
            where=(Definition(STEP, "a step that states an identity"),),
        ),
        source=Source("edgestab", "edgestab.explain.DerivationLog, `--explain`"),
        checks=(Check("exact algebra, step by step", Level.CHECKED, _logs_hold),),
    ),
)
