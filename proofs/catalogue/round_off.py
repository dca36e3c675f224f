"""Round-off of the generated programs in doubles, bounded on boxes: by Gappa, checked by Coq, and by samples."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import numpy as np
import sympy as sp

from ...numeric.codegen.lane_kernels import kernel_of
from ...numeric.codegen.scheduling import program_for
from ...numeric.number_types import NUMBER_TYPES
from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.symbols import symbols
from ...symbolic.planar.planar_map import PlanarMap
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, Verdict, judge
from ..round_off.record import COMMAND, Question, find
from ..statements import R, Range, Reading, Statement, le
from ..subject import main_subject, measured

z, T, epsilon = symbols("z T epsilon")
TARGET = "float64"
CHUNK = 500_000
"""Samples at once."""
CELLS = {1: 1, 2: 5}
"""Into how many cells the box of a claim is cut at most, by the number of steps."""
_NAMES = {1: ("double", "'"), 2: ("double_2", "''")}
STEPS = tuple(_NAMES)
ERRORS = {
    steps: tuple(
        sp.Abs(sp.Function(f"{v}_{name}")(z, T, epsilon) - sp.Symbol(f"{v}{primes}", real=True)) for v in ("z", "T")
    )
    for steps, (name, primes) in _NAMES.items()
}
"""The error of each output by the number of steps."""


def question(reading: Reading, steps: int) -> Question:
    """What a statement asks of a program.

    Args:
        reading: of the statement: closed intervals with rational ends, and an upper bound for each error.
        steps: gradient steps.

    Returns:
        The question.

    Raises:
        ProofError: the statement says something else.
    """
    box = {}
    for variable in (z, T, epsilon):
        domain = reading.interval(variable)
        ends = domain.start, domain.end
        if domain.left_open or domain.right_open or not all(e.is_Rational for e in ends):
            raise ProofError.of(
                "round-off", f"{variable} in a closed interval with rational ends", domain, "State one."
            )
        box[variable.name] = (Fraction(ends[0].p, ends[0].q), Fraction(ends[1].p, ends[1].q))
    bounds = []
    for error in ERRORS[steps]:
        found = reading.bounds(error)
        if found.low is not None or found.high is None or found.high_strict or not found.high.is_Rational:
            raise ProofError.of("round-off", f"{error} <= a rational", found, "State an upper bound.")
        bounds.append(Fraction(found.high.p, found.high.q))
    return Question(TARGET, steps, box, tuple(bounds))


def _proved(steps: int, context: CheckContext) -> Outcome:
    """Whether Coq has accepted Gappa's proof of the stated bounds for the program as it is generated now."""
    asked = question(context.statement, steps)
    found = find(asked, context.map)
    if isinstance(found, str):
        return Outcome(Verdict.UNKNOWN, 1, undecided=1, detail=found)
    entry, axioms = found.entry, found.entry["axioms"]
    made = "this machine's Coq" if found.here else "the committed record"
    proofs = f"{len(entry['proofs'])} proofs of Gappa {entry['versions']['gappa']}"
    text = f"{proofs} accepted by Coq {entry['versions']['coq']} ({made}, {entry['date'][:10]}; coqchk too)"
    text += f"; definitions and theorem {entry['generated']['RoundOff.v'][:16]}"
    text += "" if found.here else f"; `{COMMAND}` proves them here"
    return Outcome(
        Verdict.TRUE,
        1,
        worst=len(axioms),
        bound=4,
        figure="axioms beyond Coq's logic, of those of Flocq's reals",
        domain="all real starts of the box, doubles among them",
        detail=text,
        recorded=not found.here,
    )


@measured
def worst_errors(
    source: PlanarMap, steps: int, box: tuple[tuple[Fraction, Fraction], ...], count: int, seed: int
) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """The worst errors of a program in doubles among random doubles of a box, and the running analysis' bounds.

    The worst point of each output is found against double-double, and its error then computed in exact rationals.

    Args:
        source: the exact map.
        steps: gradient steps.
        box: ranges of z, T and epsilon.
        count: samples.
        seed: of the samples.

    Returns:
        The worst error of each output, and the largest bound of :meth:`Program.error_bound` at corners and there.
    """
    program = program_for(source, steps)
    double, wide = kernel_of(program, "float64"), kernel_of(program, "double-double")
    rng = np.random.default_rng(seed)
    best: list[tuple[float, tuple[Fraction, ...], tuple[Fraction, ...]]] = [(-1.0, (), ())] * 2
    for start in range(0, count, CHUNK):
        n = min(CHUNK, count - start)
        columns = np.stack([rng.uniform(float(low), float(high), n) for low, high in box])
        got = double.advance(columns[:2], columns[2:], steps)
        padded = np.stack([columns, np.zeros_like(columns)], axis=1)
        true = wide.advance(padded[:2], padded[2:], steps)
        errors = np.abs((got - true[:, 0]) - true[:, 1])
        for k in range(2):
            i = int(errors[k].argmax())
            if errors[k, i] > best[k][0]:
                point = tuple(Fraction(float(x)) for x in columns[:, i])
                best[k] = float(errors[k, i]), point, tuple(Fraction(float(x)) for x in got[:, i])
    exact = [program.evaluate(point[:2], point[2:], steps) for _, point, _ in best]
    worst = tuple(abs(best[k][2][k] - exact[k][k]) for k in range(2))
    unit = NUMBER_TYPES["float64"].unit_roundoff()
    corners = [(a, b, c) for a in box[0] for b in box[1] for c in box[2]]
    running = [program.error_bound(p[:2], p[2:], unit) for p in (*corners, *(point for _, point, _ in best))]
    return worst, tuple(max(column) for column in zip(*running, strict=True))


def _sampled(steps: int, context: CheckContext) -> Outcome:
    """The program at random doubles of the box against exact rationals."""
    asked = question(context.statement, steps)
    count = context.pick(50_000, 500_000, 10_000_000)
    worst, running = worst_errors(context.map, steps, tuple(asked.box.values()), count, context.seed)
    shares = [
        error / bound if bound else Fraction(error > 0) * 2 for error, bound in zip(worst, asked.bounds, strict=True)
    ]
    rejected = sum(share > 1 for share in shares)
    return judge(
        count,
        rejected,
        worst=round(float(max(shares)), 3),
        bound=1,
        figure="worst error over its proved bound",
        domain=f"{count} random doubles of the box",
        detail="; ".join(_compared(v, *row) for v, *row in zip("zT", asked.bounds, worst, running, strict=True)),
    )


def _compared(variable: str, bound: Fraction, worst: Fraction, running: Fraction) -> str:
    wider = float(bound / worst) if worst else float("inf")
    narrower = float(bound / running)
    return f"{variable}: the bound is {wider:.2f} times the worst error, {narrower:.2f} of the running analysis'"


def questions() -> dict[str, tuple[Question, int]]:
    """What `edgestab prove` has Gappa and Coq prove: a claim's question, and into how many cells its box is cut."""
    return {c.id: (question(Reading(c.statement), steps), CELLS[steps]) for steps, c in zip(STEPS, CLAIMS, strict=True)}


def coq_theorem(claim: Claim) -> str:
    """What Coq proves of a claim on round-off: definitions and theorem, without proofs.

    Args:
        claim: any claim.

    Returns:
        Coq source; empty for a claim on something else, or without a record.
    """
    if claim.id not in questions():
        return ""
    found = find(questions()[claim.id][0], main_subject().map)
    return "" if isinstance(found, str) else found.plan.theorem()


def _claim(
    steps: int, id: str, title: str, ranges: Sequence[tuple[sp.Rational, sp.Rational]], bounds: Sequence[sp.Rational]
) -> Claim:
    return Claim(
        id=id,
        title=title,
        statement=Statement(
            conclusion=tuple(le(error, bound) for error, bound in zip(ERRORS[steps], bounds, strict=True)),
            over=tuple(Range(v, sp.Interval(*ends)) for v, ends in zip((z, T, epsilon), ranges, strict=True)),
        ),
        source=Source("edgestab", "edgestab.proofs.certify_round_off"),
        uses=("one-step-coq",),
        checks=(
            Check("Gappa, checked by Coq: RoundOff.round_off", Level.PROVED, partial(_proved, steps)),
            Check("samples against exact rationals", Level.CHECKED, partial(_sampled, steps)),
        ),
        note="Coq states it over Flocq's rounding (FLT_exp (-1074) 53, ZnearestE) for all real starts of the box; the "
        "bounds were found by Gappa and then stated.",
    )


CLAIMS = (
    _claim(
        1,
        "round-off-one-step",
        "One step in doubles strays from gradient descent by a few units in the last place",
        ((R(-1, 2), R(1, 4)), (R(7, 5), sp.Integer(3)), (sp.Integer(0), R(1, 5))),
        (R(561, 10**18), R(233, 10**17)),
    ),
    _claim(
        2,
        "round-off-two-step",
        "Two steps in doubles stray from gradient descent by a few units in the last place",
        ((R(-1, 4), R(1, 4)), (R(3, 2), R(9, 4)), (sp.Integer(0), R(1, 5))),
        (R(947, 10**18), R(284, 10**17)),
    ),
)
