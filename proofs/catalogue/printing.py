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
        domain=f"{', '.join(objects)}; two widths, two name maps",
    )


def _logs_hold(ctx: CheckContext) -> Outcome:
    """Write the log of each object; a step whose exact check fails raises."""
    order = ctx.pick(2, 3, 5)
    objects: dict[str, Callable[[], Derived]] = {
        "one-step": lambda: ctx.map,
        "two-step": lambda: ctx.map.two_step(order),
        "limit": lambda: ctx.map.limit_series(order),
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
        domain=", ".join(objects),
        detail="; ".join(failures),
    )


CLAIMS = (
    Claim(
        id="latex-read-back",
        title="Printed LaTeX is the object it came from",
        statement=sp.Eq(sp.Function("read")(sp.Function("print")(sp.Symbol("X"))), sp.Symbol("X")),
        source=Source("edgestab", "LaTeX printer and reader"),
        domain="every kind of derived object",
        checks=(Check("print, read, compare", Level.DERIVED, _read_back),),
    ),
    Claim(
        id="derivation-logs",
        title="Every step of the derivation logs holds",
        statement=sp.Eq(sp.Symbol("lhs"), sp.Symbol("rhs")),
        source=Source("edgestab", "derivation logs, `--explain`"),
        domain="each identity in each log",
        checks=(Check("exact algebra, step by step", Level.DERIVED, _logs_hold),),
    ),
)
