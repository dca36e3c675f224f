"""From the exact objects to JavaScript: kernels, the nullcline's equation, the Hessian, and coefficients as data.

No formula of the page is typed: its kernel is the target ``javascript``, and all else is printed from derived objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter

from ...numeric.codegen.scheduling import program_for
from ...numeric.codegen.source_text import header
from ...numeric.codegen.targets.javascript import kernel_text
from ...numeric.orbits import limit_prediction as prediction
from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import poly_terms, to_rational
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import QuadraticModel
from ...symbolic.planar.limit_law import LimitLaw
from ...symbolic.planar.planar_map import PlanarMap
from ..certificates.theorem_1 import regions
from .optimisers import Case

ROWS = 3
"""Powers of epsilon in the slow manifold that is drawn."""


class _Printer(JavascriptCodePrinter):
    """SymPy's printer, with small powers as products: they are quicker, and rounded as one reads them."""

    def _print_Pow(self, expr: sp.Expr) -> str:
        base, exponent = expr.as_base_exp()
        if exponent.is_Integer and 1 < int(exponent) <= 8:
            return "(" + "*".join([self.parenthesize(base, 100)] * int(exponent)) + ")"
        return str(super()._print_Pow(expr))


def javascript(expression: sp.Expr) -> str:
    """An exact expression as JavaScript; each rational becomes the quotient of two integers."""
    return str(_Printer().doprint(expression))


def squares(model: QuadraticModel) -> tuple[sp.Expr, ...]:
    """The squared weights (times the step size) as functions of ``(z, T)``: a linear system, solved."""
    inside = {t**2: sp.Dummy(f"s{i}") for i, t in enumerate(model.theta)}
    rows = [sp.expand(e).subs(inside) - s for s, e in zip(model.state, model.embedding(), strict=True)]
    solution = sp.solve(rows, list(inside.values()), dict=True)
    if len(solution) != 1:
        raise ProofError.of("squares()", "one solution for the squared weights", solution, "Another model?")
    return tuple(sp.factor(solution[0][s]) for s in inside.values())


def sharpness(model: QuadraticModel) -> sp.Expr:
    """The top eigenvalue of the loss's Hessian (times the step size) in ``(z, T)``: from its trace and determinant."""
    hessian = sp.hessian(model.loss(), model.theta)
    by_square = dict(zip(model.theta, squares(model), strict=True))
    found = []
    for symmetric in (hessian.trace(), hessian.det()):
        total = sp.S.Zero
        for exponents, c in sp.Poly(sp.expand(symmetric), *model.theta).terms():
            if any(e % 2 for e in exponents):
                raise ProofError.of("sharpness()", "even powers of the weights", exponents, "Another model?")
            total += c * sp.Mul(*(by_square[t] ** (e // 2) for t, e in zip(model.theta, exponents, strict=True)))
        found.append(sp.factor(total))
    trace, determinant = found
    return (trace + sp.sqrt(sp.factor(trace**2 - 4 * determinant))) / 2


def nullcline_rows(one_step: PlanarMap) -> list[list[sp.Expr]]:
    """``(z'' - z)/z`` by powers of T, each row by powers of z; entries in the parameters alone."""
    terms = poly_terms(one_step.nullcline(1).equation)
    high, tall = (max(e[axis] for e in terms) for axis in (1, 0))
    rows = [[sp.S.Zero] * (tall + 1) for _ in range(high + 1)]
    for (i, j, *rest), c in terms.items():
        rows[j][i] += to_rational(c) * sp.Mul(*(p**k for p, k in zip(one_step.parameters, rest, strict=True)))
    return rows


def case_text(case: Case) -> str:
    """One map as a JavaScript expression: an object with its kernel and the functions beside it."""
    model, program = case.model, program_for(case.one_step)
    state = ", ".join(map(str, model.state))
    names = ", ".join(map(str, case.one_step.parameters))
    known = f"{state}, {{ {names} }}"
    weights = ", ".join(javascript(e) for e in squares(model))
    call = ", ".join([*(f"x[{i}]" for i in range(len(program.variables))), *(f"p.{s}" for s in program.parameters)])
    lines = [
        "(() => {",
        *(f"// {line}" for line in header(program, "JavaScript kernel")),
        kernel_text(program),
        "return {",
        f"kernel: (x, p, steps, until, ceiling, columns) => run({call}, steps, until, ceiling, columns),",
        f"edge: ({{ {names} }}) => {javascript(case.edge)},",
        f"squares: ({known}) => [{weights}],",
        f"sharpness: ({known}) => {javascript(sharpness(model))},",
    ]
    if case.plane is not None:
        rows = ["[" + ", ".join(javascript(sp.horner(c)) for c in row) + "]" for row in nullcline_rows(case.plane)]
        lines.append(f"nullclineRows: ({{ {names} }}) => [{', '.join(rows)}],")
        lines.append(f"nullclineStart: (z) => {javascript(nullcline_start(case.plane))},")
    else:
        embedded = ", ".join(javascript(e) for e in model.embedding())
        lines.append(f"plane: ({', '.join(map(str, model.theta))}, {{ {names} }}) => [{embedded}],")
    if case.limits:
        lines.append(f"limits: ({{ {names} }}) => [{', '.join(map(javascript, case.limits))}],")
    return "\n".join([*lines, "}; })()"])


def nullcline_start(one_step: PlanarMap) -> sp.Expr:
    """The nullcline at parameters 0, from which Newton's iteration goes to the nullcline itself."""
    return one_step.nullcline(1).at_zero


def _polynomial(expression: sp.Expr, variable: sp.Symbol) -> list[float]:
    """Coefficients, highest power first, each the double nearest to the exact rational."""
    return [float(c) for c in sp.Poly(expression, variable).all_coeffs()]


def _quotient(expression: sp.Expr, variable: sp.Symbol) -> list[list[float]]:
    return [_polynomial(part, variable) for part in sp.fraction(sp.together(expression))]


def law_data(law: LimitLaw) -> dict[str, Any]:
    """The limit law as numbers, and the rules by which its reach and error are judged."""
    z = law.manifold.variable
    return {
        "u": _quotient(law.coordinates[symbol("u")], z),
        "p": _quotient(law.coordinates[symbol("p")], z),
        "rows": [_quotient(row, z) for row in law.manifold.closed_rows((law.weight + 1) // 2)],
        "limits": [float(c) for c in law.manifold.limit().coefficients],
        "terms": [[*exponents, float(c)] for exponents, c in law.terms],
        "logarithm": float(law.logarithm),
        "weights": list(prediction.WEIGHTS),
        "rules": {
            "reach": float(prediction.REACH),
            "safety": prediction.SAFETY,
            "least": float(prediction.LEAST),
            "slowest": prediction.SLOWEST,
            "robust": prediction.ROBUST,
            "trapped": float(prediction.TRAPPED),
            "highest": prediction.HIGHEST,
            "widest": float(prediction.WIDEST),
            "stable": float(prediction.STABLE),
            "largest": prediction.LARGEST,
            "rounds": prediction.MAX_ROUNDS,
            "longest": prediction.LONGEST,
            "relaxed": prediction.RELAXED,
            "frozen": prediction.FROZEN,
        },
    }


def region_data(one_step: PlanarMap) -> dict[str, Any]:
    """The proved trapping regions of Theorem 1, with the invariant p and the tilt of V that they are written in."""
    found: Sequence[Any] = [barrier for barrier, _ in regions(one_step, Fraction(1))]
    slow, epsilon = found[0].slow, found[0].epsilon
    return {
        "invariant": _quotient(slow.invariant, one_step.variables[0]),
        "tilt": _polynomial(found[0].lyapunov.tilt, epsilon),
        "pieces": [
            {
                **{name: float(getattr(b, name)) for name in ("slope", "width", "height")},
                "epsilon": [float(e) for e in b.epsilon_range],
                "z": [float(x) for x in b.z_range],
            }
            for b in found
        ],
    }


def case_data(case: Case) -> dict[str, Any]:
    """What the page has to know of a map beside its functions."""
    record: dict[str, Any] = {
        "zero": case.zero,
        "parameters": [str(s) for s in case.one_step.parameters],
        "digest": case.one_step.digest(),
        "variables": len(case.one_step.variables),
    }
    if case.predicted and case.plane is not None:
        law = case.plane.limit_law(prediction.WEIGHTS[-1] // 2)
        record |= {"law": law_data(law), "regions": region_data(case.plane), "drawn": ROWS}
    return record
