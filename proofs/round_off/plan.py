"""What is to be proved: a target's program, a number of steps, a box, its cells and the bounds on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...numeric.codegen.program import Program
from ...numeric.codegen.scheduling import program_for
from ...numeric.codegen.targets.registry import OTHER_NAMES
from ...symbolic.algebra.errors import DomainError
from ...symbolic.planar.planar_map import PlanarMap
from .blocks import Block, program_blocks
from .cell_files import write_cell, write_theorem
from .partition import Box, Cell, Tree, bounds_of, cells_of, partition
from .program_file import write_program
from .script import Exit, Script, write_script

TARGETS = ("float64", "scalar", "c", "cuda", "javascript")
"""Targets in double whose operations are those of the program, ``a b + c`` rounded once."""


@dataclass(frozen=True)
class Plan:
    """A bound on the round-off of a program, not yet proved.

    Attributes:
        source: the exact map.
        program: generated for it, one step a pass.
        target: what runs it.
        steps: how many.
        box: ranges of the variables and parameters.
        tree: the cells.
        bounds: on ``|computed - exact|``, one for each variable.
    """

    source: PlanarMap
    program: Program
    target: str
    steps: int
    box: Box
    tree: Tree
    bounds: tuple[Fraction, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The program's blocks."""
        return program_blocks(self.program, self.steps)

    def statement(self) -> str:
        """What is to be proved, in words."""
        inside = ", ".join(f"{v} in [{a}, {b}]" for v, (a, b) in self.box.items())
        found = " and ".join(
            f"|{v} computed - {v} exact| <= {float(b):.3g}"
            for v, b in zip(self.program.variables, self.bounds, strict=True)
        )
        return f"for {inside}: after {self.steps} step(s) of the program in doubles (a b + c rounded once), {found}"

    def fixed_files(self) -> dict[str, str]:
        """The Coq files that hold the definitions and the theorem; Gappa has no part in them."""
        title = f"{self.steps} step(s) of target {self.target}, a b + c rounded once"
        blocks = self.blocks
        return {
            "Program.v": write_program(self.source, self.program, blocks, title),
            "RoundOff.v": write_theorem(blocks, self.box, self.tree, self.bounds),
        }

    def theorem(self) -> str:
        """Definitions and theorem in Coq, without lemmas and proofs."""
        files = self.fixed_files()
        defined = files["Program.v"].partition("Lemma ")[0]
        stated = files["RoundOff.v"].partition("Theorem ")[2].partition("Proof.")[0]
        return f"{defined.rstrip()}\n\nTheorem {stated.rstrip()}"

    def exits(self, cell: Cell) -> list[Exit]:
        """What has to be shown of each block in a cell."""
        return [*cell.exits[:-1], Exit((), self.bounds)]

    def scripts(self) -> dict[str, Script]:
        """Gappa's scripts, ``cell0_block0`` and so on."""
        blocks = self.blocks
        return {
            f"cell{i}_block{k}": write_script(block, entry, shown)
            for i, cell in enumerate(cells_of(self.tree))
            for k, (block, entry, shown) in enumerate(zip(blocks, cell.entries(blocks), self.exits(cell), strict=True))
        }

    def coq_files(self, proofs: Mapping[str, str]) -> dict[str, str]:
        """All Coq files.

        Args:
            proofs: what Gappa printed for each script.

        Returns:
            Name to text.
        """
        files, scripts, blocks = self.fixed_files(), self.scripts(), self.blocks
        for i, cell in enumerate(cells_of(self.tree)):
            names = [f"cell{i}_block{k}" for k in range(len(blocks))]
            chosen = [scripts[n] for n in names]
            files[f"Cell{i}.v"] = write_cell(blocks, cell, self.bounds, chosen, [proofs[n] for n in names])
        return files


def check_plan(source: PlanarMap, box: Box, target: str, steps: int) -> tuple[Program, str]:
    """The program that a question is about, once the question makes sense.

    Args:
        source: the exact map.
        box: ranges of its variables and parameters.
        target: a name of :data:`TARGETS`, or another name of one.
        steps: at least 1.

    Returns:
        The program and the target's own name.

    Raises:
        DomainError: an unknown target, a box that does not fit, or no steps.
    """
    name = OTHER_NAMES.get(target, target)
    if name not in TARGETS:
        hint = "Others have wider numbers, or may round products apart."
        raise DomainError.of("round_off()", f"a target among {', '.join(TARGETS)}", target, hint)
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise DomainError.of("round_off()", "a number of steps >= 1", steps, "One step is 1.")
    program = program_for(source)
    wanted = (*program.variables, *program.parameters)
    if tuple(box) != wanted:
        raise DomainError.of("round_off()", f"ranges of {', '.join(wanted)}", ", ".join(box), "Give one for each.")
    for variable, (low, high) in box.items():
        ends: tuple[object, object] = (low, high)
        if not all(isinstance(end, Fraction) for end in ends) or not low <= high:
            expected = f"rationals {variable}_low <= {variable}_high"
            raise DomainError.of("round_off()", expected, ends, "Give Fractions, the lower one first.")
    return program, name


def plan_round_off(
    source: PlanarMap,
    box: Box,
    *,
    target: str = "c",
    steps: int = 1,
    cells: int = 4,
    progress: Callable[[float], None] = lambda share: None,
) -> Plan:
    """Ask Gappa how far a generated program in doubles can stray from its map on a box.

    Args:
        source: the exact map.
        box: ranges of its variables and parameters, in order, exact rationals.
        target: what runs the program: ``c`` on machines with a fused multiply-add, ``float64``, ``scalar``, ``cuda`` or
            ``javascript``; all round ``a b + c`` once.
        steps: gradient steps.
        cells: into how many cells the box may be cut; more give a tighter bound.
        progress: called with the share done.

    Returns:
        The plan with its bounds, rounded up to three figures. Nothing is proved yet.

    Raises:
        DomainError: an unknown target, a box that does not fit, or no steps.
        ProofError: Gappa is missing, or finds no bound.
    """
    program, name = check_plan(source, box, target, steps)
    if isinstance(cells, bool) or not isinstance(cells, int) or cells < 1:
        raise DomainError.of("round_off()", "a number of cells >= 1", cells, "One cell is the whole box.")
    tree = partition(program_blocks(program, steps), box, cells, progress)
    return Plan(source, program, name, steps, box, tree, bounds_of(tree))


def box_of(names: Sequence[str], ranges: Sequence[tuple[Fraction, Fraction]]) -> Box:
    """A box from names and ranges."""
    return dict(zip(names, ranges, strict=True))
