"""``Barrier*.v`` and ``Start*.v``: the sign conditions of Theorem 1, proved on their boxes, as Coq records."""

from __future__ import annotations

import sympy as sp

from ...symbolic.algebra.errors import CodegenError
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.trapping.barrier import Barrier
from ...symbolic.trapping.region import Condition
from ...symbolic.trapping.start import StartSet
from ..certificates.theorem_1 import COQ_LEMMAS
from .boxes import Box, BoxLemma, box_lemma
from .terms import header, join, number

ORDER = ("sign-change", "ceiling", "regular", "lift", "drift", "far")
START_ORDER = (
    "start-below",
    "start-overshoot",
    "start-above-barrier",
    "start-below-top",
    "start-first-weight",
    "start-second-weight",
)


def coq_number(value: sp.Rational) -> str:
    """A SymPy rational as a Coq real."""
    return number(to_fraction(value))


def _box(condition: Condition, names: tuple[str, ...]) -> Box:
    sides = tuple((to_fraction(low), to_fraction(high)) for _, (low, high) in condition.box)
    return Box(names, sides)


def _statements(barrier: Barrier) -> dict[str, str]:
    """The record's fields with the constants put in, word for word as ``Trap.v`` has them."""
    b, a, w = (coq_number(v) for v in (barrier.slope, barrier.height, barrier.width))
    top, stop = coq_number(barrier.epsilon_range[1]), coq_number(barrier.sign_change_slack)
    hl, chart = f"hl {b} {a} {w} z l e", f"chart {b} {a} {w} z l e"
    around = f"(1 - z + (1 - {b}/2) * (z * {hl}))"
    uniform = f"{b}/2 * {hl} * ((2 - z) * ({w} + (2 - {b})/{top} * p z)) - (4 - {chart}) * {around}"
    return {
        "sign-change": f"{hl} - 1 + {stop} * (2 - (top {b} {a} z l - {w} * e))",
        "ceiling": f"7/2 - {chart}",
        "regular": f"1 - z * (1 - {hl})",
        "lift": f"1 - z + {hl} * (z - {b}/2 * z^2 * (2 - z))",
        "drift": uniform if barrier.epsilon_range[0] == 0 else f"edge_part {b} {w} e z ({chart}) ({hl})",
        "far": f"image {b} {a} {w} z l e",
    }


def barrier_lemmas(name: str, barrier: Barrier) -> dict[str, BoxLemma]:
    """The conditions as proved Coq lemmas.

    Args:
        name: prefix of the lemmas.
        barrier: the derived region.

    Returns:
        Condition name to lemma.

    Raises:
        CodegenError: the region has a condition that the Coq record does not know.
    """
    statements = _statements(barrier)
    found = {}
    for condition in barrier.conditions:
        if condition.name not in statements:
            raise CodegenError.of("barrier_lemmas()", f"one of {', '.join(ORDER)}", condition.name, "Extend Trap.v.")
        unfold = ("image", "edge_part", "hl", "h", "chart", "top", "p")
        found[condition.name] = box_lemma(
            f"{name}_{COQ_LEMMAS.get(condition.name, condition.name)}",
            _box(condition, ("z", "l", "e")),
            (condition.polynomial, condition.power),
            statements[condition.name],
            unfold,
        )
    return found


def barrier_file(name: str, barrier: Barrier) -> str:
    """The text of one barrier file.

    Args:
        name: of the Coq record.
        barrier: the derived region.

    Returns:
        Coq source that ends in the record.
    """
    lemmas = barrier_lemmas(name, barrier)
    low, high = barrier.z_range
    cut = barrier.cut
    values = (
        *(barrier.slope, barrier.height, barrier.width, *barrier.epsilon_range),
        *(low, high, cut, barrier.sign_change_slack),
    )
    if barrier.epsilon_range[0] == 0:
        drift = f"""apply uniform_drift with {coq_number(barrier.epsilon_range[1])}; try lra.
  + pose proof (turn z l e ltac:(lra) ltac:(lra) ltac:(lra)). lra.
  + apply {name}_drift; lra."""
    else:
        drift = f"left. apply {name}_drift; lra."
    far = f"apply {name}_far; lra." if "far" in lemmas else "lra."
    record = f"""Definition {name} : barrier.
Proof.
assert (turn := {name}_turn).
refine (Barrier {" ".join(coq_number(v) for v in values)}
  _ _ _ _ _ _ _ _ _ _ turn {name}_ceiling {name}_regular {name}_lift _ _); try lra.
- intros z l e Hz Hl He. {drift}
- intros z l e Hz Hl He. {far}
Defined.
"""
    imports = """From Coq Require Import ZArith List Reals Lra.
From EdgeStab Require Import Layer Bernstein Map Trap.
Import ListNotations."""
    low_eps, high_eps = barrier.epsilon_range
    title = (
        f"Trapping region `{name}`: beta = {barrier.slope}, A = {barrier.height}, w = {barrier.width}, "
        f"{low_eps} <= eps <= {high_eps}; {sum(lemma.leaves for lemma in lemmas.values())} boxes."
    )
    source = f"one-step map {barrier.one_step.digest()}"
    return join([header(title, source, imports), *(lemma.text for lemma in lemmas.values()), record])


def start_file(name: str, region: str, start: StartSet) -> str:
    """The text of one start file.

    Args:
        name: of the Coq record.
        region: the Coq record of its barrier.
        start: the derived set of starts.

    Returns:
        Coq source that ends in the record.

    Raises:
        CodegenError: the set has other conditions than the Coq record.
    """
    if tuple(c.name for c in start.conditions) != START_ORDER:
        raise CodegenError.of(
            "start_file()", ", ".join(START_ORDER), [c.name for c in start.conditions], "Extend Start.v."
        )
    lean = coq_number(start.norm_shift)
    z, v, t = "(z_at a r)", f"V_at {lean} n r e", f"T_at {lean} a n r e"
    b, a, w = (coq_number(x) for x in (start.barrier.slope, start.barrier.height, start.barrier.width))
    statements = (
        f"2 - {t}",
        f"T_step e {z} ({t}) - 2 - {coq_number(start.overshoot)}",
        f"({v} + {w} * e - 2) * (1 - {z}) - {b} * {z}^2",
        f"2 + {a} - ({v} + {w} * e)",
        f"{v} + 2 * {z}",
        f"{v} - 2 * e * {z}",
    )
    lemmas = []
    for condition, statement in zip(start.conditions, statements, strict=True):
        lemmas.append(
            box_lemma(
                f"{name}_{condition.name.removeprefix('start-').replace('-', '_')}",
                _box(condition, ("a", "n", "r", "e")),
                (condition.polynomial, condition.power),
                statement,
                ("T_step", "T_at", "V_at", "z_at"),
            )
        )
    values = (*start.a_range, *start.n_range, start.norm_shift, start.ratio, start.overshoot, *start.epsilon_range)
    record = f"""Definition {name} : start {region}.
Proof.
refine (Start {region} {" ".join(coq_number(v) for v in values)}
  _ _ _ _ {" ".join(lemma.name for lemma in lemmas)}); cbn [eps_min eps_max {region}]; lra.
Defined.
"""
    imports = f"""From Coq Require Import ZArith List Reals Lra.
From EdgeStab Require Import Layer Bernstein Map Trap Descent Start Barrier{region.capitalize()}.
Import ListNotations."""
    title = f"Starts `{name}` in the region `{region}`; {sum(lemma.leaves for lemma in lemmas)} boxes."
    return join(
        [header(title, f"one-step map {start.barrier.one_step.digest()}", imports), *(x.text for x in lemmas), record]
    )
