"""The certificate of Theorem 1: boxes and time against plain ball arithmetic on the same conditions."""

from collections.abc import Callable
from fractions import Fraction

import sympy as sp
from flint import arb, fmpq

from edgestab.proofs.certificates.checker import check_certificate
from edgestab.proofs.certificates.serial import judge_condition
from edgestab.proofs.certificates.theorem_1 import PIECES, build_certificate
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.trapping.barrier import derive_barrier
from edgestab.symbolic.trapping.region import Condition
from tests.bench.timing import Ratio, take_turns

TARGETS = {
    "boxes of `drift`: ball subdivision / Bernstein": 1000.0,
    "boxes of `far`: ball subdivision / Bernstein": 1000.0,
    "time of both: ball subdivision / Bernstein": 20.0,
    "whole certificate: 6 s / proving and checking": 1.0,
}

Evaluator = Callable[..., arb]


def evaluator(condition: Condition) -> Evaluator:
    """The condition in balls, definition by definition, rationals exact."""
    names = [v.name for v in condition.variables]
    lines = [f"def value({', '.join(names)}):"]
    exact: dict[str, arb] = {}

    def text(expr: sp.Expr) -> str:
        if isinstance(expr, sp.Rational):
            key = f"c{len(exact)}"
            exact[key] = arb(fmpq(int(expr.p), int(expr.q)))
            return key
        if isinstance(expr, sp.Symbol):
            return str(expr.name)
        if isinstance(expr, sp.Pow):
            if expr.exp == 2:
                return f"abs({text(expr.base)})**2"
            return f"(1/({text(expr.base)}))" if expr.exp == -1 else "*".join([f"({text(expr.base)})"] * int(expr.exp))
        joint = "+" if isinstance(expr, sp.Add) else "*"
        return "(" + joint.join(text(a) for a in expr.args) + ")"

    for name, body in condition.definitions:
        lines.append(f"    {name.name} = {text(body)}")
    lines.append(f"    return {text(condition.expression)}")
    space: dict[str, object] = {**exact}
    exec("\n".join(lines), space)
    found: Evaluator = space["value"]  # type: ignore[assignment]
    return found


def ball_boxes(condition: Condition, most: int = 400_000) -> int:
    """Boxes that plain bisection in ball arithmetic looks at before all are positive."""
    value = evaluator(condition)
    sides = [(float(Fraction(str(a))), float(Fraction(str(b)))) for _, (a, b) in condition.box]
    wide = [b - a for a, b in sides]
    stack, looked = [sides], 0
    while stack:
        here = stack.pop()
        looked += 1
        if looked > most:
            raise RuntimeError(f"{condition.name}: more than {most} boxes")
        if value(*(arb((a + b) / 2, (b - a) / 2 * (1 + 1e-12)) for a, b in here)) > 0:
            continue
        axis = max(range(len(here)), key=lambda i: (here[i][1] - here[i][0]) / wide[i])
        low, high = here[axis]
        middle = (low + high) / 2
        for half in ((low, middle), (middle, high)):
            stack.append([half if i == axis else side for i, side in enumerate(here)])
    return looked


def measure() -> dict[str, float | Ratio]:
    """Name to ratio."""
    step = main_case()
    conditions = {c.name: c for c in derive_barrier(step, PIECES[0][0]).conditions}
    names = ("drift", "far")
    found: dict[str, float | Ratio] = {}
    for name in names:
        boxes = ball_boxes(conditions[name]) / len(judge_condition(conditions[name], 4000).proved)
        found[f"boxes of `{name}`: ball subdivision / Bernstein"] = boxes

    def whole() -> None:
        judgement = check_certificate(build_certificate(step))
        if judgement.exit_code:
            raise RuntimeError(judgement.reason)

    times = take_turns(
        {
            "Bernstein": lambda: [judge_condition(conditions[name], 4000) for name in names],
            "balls": lambda: [ball_boxes(conditions[name]) for name in names],
            "whole": whole,
        },
        rounds=3,
        warm=False,
    )
    found["time of both: ball subdivision / Bernstein"] = times.ratio("balls", "Bernstein")
    found["whole certificate: 6 s / proving and checking"] = 6 / times.taken("whole")
    return found


if __name__ == "__main__":
    for title, ratio in measure().items():
        print(f"{title}: {ratio}")
