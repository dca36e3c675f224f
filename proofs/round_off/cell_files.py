"""``Cell0.v`` and so on: Gappa's proofs in each cell, block after block; ``RoundOff.v``: the theorem on the box."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from ...symbolic.algebra.errors import ProofError
from ..coq_export.terms import join
from .blocks import Block, exact_name
from .partition import Box, Cell, Split, Tree
from .program_file import call, spread_arguments, state
from .script import Entry, Exit, Interval, Script
from .terms import coq, coq_number, rounded

_LIBRARY = "Require Import Gappa.Gappa_library."
_PARTS = ("fst", "snd")
_FLOATS = (
    "lower upper float2R Defs.F2R Defs.Fnum Defs.Fexp Gappa_definitions.Fnum Gappa_definitions.Fexp "
    "bpow radix_val radix2 Z.pow_pos Pos.iter Z.mul Pos.mul Pos.add Pos.succ Pos.add_carry"
)
_CLOSE = """generalize dependent P2; generalize dependent P1.
    match goal with |- _ <= ?e -> _ => generalize e end; intro; ends; intros; lra."""


def _between(value: str, bounds: Interval) -> str:
    return f"{coq_number(bounds[0])} <= {value} <= {coq_number(bounds[1])}"


def gappa_module(index: int, text: str) -> str:
    """Gappa's proof in a module of its own.

    Args:
        index: number of the block.
        text: of ``gappa -Bcoq``.

    Returns:
        Coq source.

    Raises:
        ProofError: Gappa printed something else.
    """
    head, mark, rest = text.partition(_LIBRARY)
    if head.strip() or not mark or not rest.rstrip().endswith("End Generated_by_Gappa."):
        raise ProofError.of("gappa -Bcoq", "a section Generated_by_Gappa", text[:60], "Use Gappa 1.4.")
    return f"Module Gappa{index}.\n{rest.strip()}\nEnd Gappa{index}.\n"


def _path(which: int, count: int) -> str:
    """The way to one goal in Gappa's disjunction of refuted goals, which leans to the left."""
    return "left; " * (count - 1 - which) + ("right; " if which else "")


def _tactics(index: int, script: Script, proof: str) -> str:
    """``ends`` computes ends of intervals; ``refute`` turns False into the refutation of Gappa's goals."""
    module = f"Gappa{index}"
    given = {c: coq_number(v) for c, v in script.constants.items()}
    variables = re.findall(r"^Variable _(\w+) : R\.", proof, re.MULTILINE)
    binding = " ".join(f"(_{v} := {given.get(v, v)})" for v in variables)
    before = proof.partition("Lemma l")[0]
    ends = " ".join(f"{module}.{d}" for d in re.findall(r"^Definition ([fi]\d+) :=", before, re.MULTILINE))
    # outermost first: unfold goes through the list once
    numbers = sorted(map(int, re.findall(r"^Definition s(\d+) :=", before, re.MULTILINE)))
    steps = ", ".join(f"{module}.s{n}" for n in numbers)
    return f"""Ltac ends{index} := cbv beta iota zeta delta [{_FLOATS} {ends}].
Ltac refute{index} {" ".join(v for v in variables if v not in given)} := apply {module}.l1 with {binding};
  lazymatch goal with
  | |- _ = _ => ring
  | _ => unfold {steps}, BND; repeat match goal with |- _ /\\ _ => split end;
         lazymatch goal with |- _ <= _ => ends{index}; lra | _ => idtac end
  end.
"""


def _block_lemma(block: Block, index: int, passes: int, entry: Entry, proved: Exit, script: Script, proof: str) -> str:
    """The lemma of one block: what enters within its bounds leaves within its bounds."""
    fixed, same = " ".join(block.parameters), block.same_inputs
    entered = state(block.inputs)
    twin = entered if same else state([exact_name(v) for v in block.inputs])
    states = ("s",) if same else ("s", "s_0")
    hypotheses = [_between(v, entry.ranges[v]) for v in block.parameters]
    hypotheses += [_between(f"{p} {states[-1]}", entry.ranges[v]) for p, v in zip(_PARTS, block.inputs, strict=True)]
    hypotheses += [
        f"Rabs ({p} s - {p} s_0) <= {coq_number(entry.errors[v])}"
        for p, v in zip(_PARTS, block.inputs, strict=True)
        if not same
    ]
    heads = [f"H{i}" for i in range(len(hypotheses))]

    def goals(here: str, there: str) -> list[str]:
        computed = call(index, passes, "binary64", fixed, here)
        exact = call(index, passes, "same", fixed, there)
        found = [
            f"Rabs ({p} {computed} - {p} {exact}) <= {coq_number(e)}"
            for p, e in zip(_PARTS, proved.errors, strict=True)
        ]
        return [*found, *(_between(f"{p} {exact}", r) for p, r in zip(_PARTS, proved.ranges, strict=False))]

    variables = re.findall(r"^Variable _(\w+) : R\.", proof, re.MULTILINE)
    refute = f"refute{index} {' '.join(v for v in variables if v not in script.constants)}"
    count = len(block.spreads) * (1 if block.last else 2)
    parts = len(proved.errors) + len(proved.ranges) - 1
    lines = [
        f"Lemma block{index} : forall ({fixed} : R) ({' '.join(states)} : R * R),",
        *(f"  {h} ->" for h in hypotheses),
        "  " + " /\\\n  ".join(goals(*(states if len(states) == 2 else ("s", "s")))) + ".",
        "Proof.",
        f"  intros {fixed} [{' '.join(block.inputs)}]"
        + ("" if same else f" [{' '.join(exact_name(v) for v in block.inputs)}]")
        + f"; cbn [fst snd]; intros {' '.join(heads)}.",
        *(f"  apply inside in {h}." for h in heads[len(hypotheses) - len(entry.errors) :]),
        *(f"  destruct {h} as [{h}a {h}b]." for h in heads),
        *(f"  pose ({r.result} := {coq(rounded(r.computed)).replace('rnd', 'binary64', 1)})." for r in block.roundings),
        f"  eassert (G : _ -> False) by (intro K; {refute}; exact K).",
        f"  refine {'(conj _ ' * parts}_{')' * parts}.",
    ]
    computed = call(index, passes, "binary64", fixed, entered)
    exact = call(index, passes, "same", fixed, twin)
    close = _CLOSE.replace("ends", f"ends{index}")
    for which, part in enumerate(_PARTS):
        path = _path(which if block.last else 2 * which, count)
        lines += [
            f"  apply by_refutation; intro bad; apply G; {path}intros [P1 P2]; apply bad; clear bad G.",
            "    match type of P1 with _ <= ?e =>",
            f"      replace ({part} {computed} - {part} {exact}) with e",
            f"        by (symmetry; exact (spread_{index}_{which} {' '.join(spread_arguments(block))})) end.",
            f"    {close}",
        ]
    for which, part in enumerate(_PARTS if proved.ranges else ()):
        lines += [
            f"  apply range_by_refutation; intro bad; apply G; {_path(2 * which + 1, count)}intros [P1 P2]; apply bad;",
            f"    clear bad G; match type of P1 with _ <= ?e => change ({part} {exact}) with e end.",
            f"    {close}",
        ]
    return "\n".join([*lines, "Qed."]) + "\n"


def conclusion(block: Block, bounds: Sequence[Fraction]) -> str:
    """What the theorem says of the two outputs."""
    arguments = " ".join((*block.parameters, *block.inputs))
    return " /\\\n  ".join(
        f"Rabs ({p} (computed {arguments}) - {p} (exact {arguments})) <= {coq_number(b)}"
        for p, b in zip(_PARTS, bounds, strict=True)
    )


def _statement(title: str, block: Block, box: Box, bounds: Sequence[Fraction]) -> list[str]:
    names = (*block.parameters, *block.inputs)
    return [
        f"{title} : forall {' '.join(names)} : R,",
        *(f"  {_between(v, box[v])} ->" for v in names),
        f"  {conclusion(block, bounds)}.",
    ]


def write_cell(
    blocks: Sequence[Block], cell: Cell, bounds: Sequence[Fraction], scripts: Sequence[Script], proofs: Sequence[str]
) -> str:
    """The file of one cell.

    Args:
        blocks: of the program.
        cell: with what is shown of each block.
        bounds: of the last block, for all cells.
        scripts: for Gappa, one a block.
        proofs: what Gappa printed for them.

    Returns:
        Coq source; its lemma ``cell`` says that the bounds hold on the cell.
    """
    passes, first = len(blocks), blocks[0]
    texts = [
        "From Coq Require Import Reals Lra ZArith.\nFrom Flocq Require Import Core.\n"
        f"From EdgeStab Require Import Program.\n{_LIBRARY}\nOpen Scope R_scope.\n"
    ]
    exits = [*cell.exits[:-1], Exit((), tuple(bounds))]
    for index, (block, entry) in enumerate(zip(blocks, cell.entries(blocks), strict=True)):
        texts += [
            gappa_module(index, proofs[index]),
            _tactics(index, scripts[index], proofs[index]),
            _block_lemma(block, index, passes, entry, exits[index], scripts[index], proofs[index]),
        ]
    names = (*first.parameters, *first.inputs)
    fixed, start = " ".join(first.parameters), state(first.inputs)
    lines = [
        *_statement("Lemma cell", first, cell.box, bounds),
        "Proof.",
        f"  intros {' '.join((*names, *(f'H{v}' for v in names)))}.",
        f"  rewrite <- (unrounded {' '.join(names)}); unfold computed.",
    ]
    given = " ".join(f"H{v}" for v in first.parameters)
    here, there, known = start, start, " ".join(f"H{v}" for v in first.inputs)
    for index in range(passes):
        states = start if index == 0 else f"{here} {there}"
        lemma = f"block{index} {fixed} {states} {given} {known}"
        if index == passes - 1:
            lines.append(f"  exact ({lemma}).")
            break
        lines.append(f"  destruct ({lemma}) as (E{index} & F{index} & R{index} & S{index}).")
        known = f"R{index} S{index} E{index} F{index}"
        here = call(index, passes, "binary64", fixed, here)
        there = call(index, passes, "same", fixed, there)
    return join([*texts, "\n".join([*lines, "Qed."]) + "\n"])


def write_theorem(blocks: Sequence[Block], box: Box, tree: Tree, bounds: Sequence[Fraction]) -> str:
    """The file with the theorem: on the whole box computed and exact differ by the bounds at most.

    Args:
        blocks: of the program.
        box: of start and parameters.
        tree: its cells.
        bounds: one for each output.

    Returns:
        Coq source.
    """
    first = blocks[0]
    names = (*first.parameters, *first.inputs)
    lines = [
        *_statement("Theorem round_off", first, box, bounds),
        "Proof.",
        f"  intros {' '.join((*names, *(f'H{v}' for v in names)))}.",
    ]
    count = 0

    def descend(part: Tree, depth: int) -> None:
        nonlocal count
        pad = "  " * (depth + 1)
        if isinstance(part, Split):
            lines.append(f"{pad}destruct (Rle_or_lt {part.variable} {coq_number(part.at)}).")
            for side in (part.low, part.high):
                lines.append(f"{pad}{{")
                descend(side, depth + 1)
                lines.append(f"{pad}}}")
            return
        lines.append(f"{pad}apply Cell{count}.cell; lra.")
        count += 1

    descend(tree, 0)
    cells = " ".join(f"Cell{i}" for i in range(count))
    head = "From Coq Require Import Reals Lra.\n"
    head += f"From EdgeStab Require Import Program.\nFrom EdgeStab Require {cells}.\nOpen Scope R_scope.\n"
    return join([head, "\n".join([*lines, "Qed."]) + "\n"])
