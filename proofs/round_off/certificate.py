"""Certificates of round-off: what was proved, by which scripts and proof terms, as a file that Coq judges again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...symbolic.algebra.errors import DomainError, EdgestabError, ProofError
from ...symbolic.planar.planar_map import PlanarMap
from .building import Built, check_with_coq, prove_with_gappa, require_coq
from .partition import Box, cells_of, check_magnitudes, tree_from_json, tree_to_json
from .plan import Plan, box_of, check_plan, plan_round_off
from .script import gappa_version, require_gappa

FORMAT = "edgestab round-off certificate"
VERSION = 1


@dataclass(frozen=True)
class Judgement:
    """What became of a certificate that was judged again.

    Attributes:
        accepted: whether Coq accepted it and it says what it claims.
        reason: in one sentence.
        statement: what is proved, in words; empty where it was rejected.
    """

    accepted: bool
    reason: str
    statement: str = ""


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """A plan as data; rationals as text."""
    return {
        "target": plan.target,
        "steps": plan.steps,
        "box": {v: [str(a), str(b)] for v, (a, b) in plan.box.items()},
        "bounds": {v: str(b) for v, b in zip(plan.program.variables, plan.bounds, strict=True)},
        "map": plan.source.digest(),
        "program": plan.program.digest,
        "cells": tree_to_json(plan.tree),
    }


def plan_from_json(data: Mapping[str, Any], source: PlanarMap) -> Plan:
    """The inverse of :func:`plan_to_json`, for the program that is generated now.

    Args:
        data: the plan.
        source: the exact map.

    Returns:
        The plan.

    Raises:
        ProofError: the data is no plan, or is about another map or program.
    """
    try:
        names = [v.name for v in (*source.variables, *source.parameters)]
        box = {v: (Fraction(data["box"][v][0]), Fraction(data["box"][v][1])) for v in names}
        program, target = check_plan(source, box, data["target"], data["steps"])
        bounds = tuple(Fraction(data["bounds"][v]) for v in program.variables)
        digests, cells = (data["map"], data["program"]), data["cells"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "Write the certificate anew."
        raise ProofError.of("round-off certificate", "all of its fields", repr(error), hint) from error
    if digests != (source.digest(), program.digest):
        raise ProofError.of("round-off certificate", "the digests of map and program", digests, "Write it anew.")
    plan = Plan(source, program, target, data["steps"], box, tree_from_json(cells, box), bounds)
    for cell in cells_of(plan.tree):
        check_magnitudes(plan.blocks, cell)
    return plan


def certify_round_off(
    source: PlanarMap,
    ranges: Sequence[tuple[Fraction, Fraction]],
    *,
    target: str = "c",
    steps: int = 1,
    cells: int = 4,
    jobs: int = 2,
    progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """Prove how far a generated program in doubles can stray from its map on a box.

    Gappa bounds the weighted sum of all roundings, block after block, and Coq checks the proof, over Flocq's rounding:
    ``|computed - exact| <= bound`` for all real starts in the box, doubles among them.

    Args:
        source: the exact map.
        ranges: of its variables and then of its parameters, exact rationals.
        target: what runs the program; see :func:`plan_round_off`.
        steps: gradient steps. From one to the next an error grows by the derivative of the map, bounded in each cell.
        cells: into how many cells the box may be cut; more give a tighter bound.
        jobs: compilers at once.
        progress: called with the share done of the search for cells.

    Returns:
        The certificate: statement, box, bounds, scripts, Gappa's proofs, the theorem and its axioms, versions.

    Raises:
        ProofError: Gappa, Coq or Gappa's library for Coq is missing, or the proof fails.

    Source:
        Derived here; Gappa and Flocq do the proof.

    Example:
        >>> from fractions import Fraction
        >>> ranges = [(Fraction(0), Fraction(1, 4)), (Fraction(1), Fraction(2)), (Fraction(0), Fraction(1, 5))]
        >>> try:
        ...     es.proofs.certify_round_off(es.models.main_case(), ranges, target="jax")
        ... except es.EdgestabError as error:
        ...     print(str(error)[:33])
        round_off(): expected a target am
    """
    names = (*map(str, source.variables), *map(str, source.parameters))
    if len(ranges) != len(names):
        raise DomainError.of("round_off()", f"ranges of {', '.join(names)}", len(ranges), "Give one for each.")
    box: Box = box_of(names, ranges)
    check_plan(source, box, target, steps)
    require_gappa(), require_coq()
    plan = plan_round_off(source, box, target=target, steps=steps, cells=cells, progress=progress)
    proofs = prove_with_gappa(plan, jobs)
    built = check_with_coq(plan, proofs, jobs)
    return to_json(plan, proofs, built)


def to_json(plan: Plan, proofs: Mapping[str, str], built: Built) -> dict[str, Any]:
    """The certificate as data.

    Args:
        plan: what was to be proved.
        proofs: of Gappa.
        built: what Coq said.

    Returns:
        Plain data.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "verdict": "TRUE" if built.accepted else "UNKNOWN",
        "statement": plan.statement(),
        "plan": plan_to_json(plan),
        "program": plan.program.listing().splitlines(),
        "theorem": {"coq": built.statement, "axioms": list(built.axioms), "failure": built.failure},
        "checker": dict(built.checker),
        "versions": {"gappa": gappa_version(), "coq": built.coq},
        "seconds": dict(built.seconds),
        "scripts": {name: script.text for name, script in plan.scripts().items()},
        "coq": plan.fixed_files(),
        "proofs": dict(proofs),
    }


def is_round_off(data: object) -> bool:
    """Whether data is a certificate of this kind."""
    return isinstance(data, dict) and data.get("format") == FORMAT


def judge_round_off(data: Mapping[str, Any], source: PlanarMap, jobs: int = 2) -> Judgement:
    """Judge a certificate again: its files are written anew from the program, and Coq checks Gappa's proofs.

    Args:
        data: the certificate.
        source: the exact map that it should be about.
        jobs: compilers at once.

    Returns:
        Accepted, or why not.

    Raises:
        ProofError: Coq or Gappa's library for it is missing.
    """
    require_coq()
    if data.get("version") != VERSION:
        return Judgement(False, f"version {data.get('version')!r} is not known")
    try:
        plan = plan_from_json(data["plan"], source)
        scripts = {name: script.text for name, script in plan.scripts().items()}
        for key, fresh in (("scripts", scripts), ("coq", plan.fixed_files()), ("statement", plan.statement())):
            if data[key] != fresh:
                return Judgement(False, f"{key}: not what the program and the box give")
        proofs = {str(name): str(text) for name, text in data["proofs"].items()}
        if proofs.keys() != scripts.keys():
            return Judgement(False, "proofs: not one for each script")
        built = check_with_coq(plan, proofs, jobs)
    except (EdgestabError, KeyError, TypeError, ValueError, AttributeError) as error:
        return Judgement(False, f"{type(error).__name__}: {error}")
    if not built.accepted:
        return Judgement(False, built.failure)
    if built.statement != data.get("theorem", {}).get("coq"):
        return Judgement(False, "theorem: Coq prints another statement")
    return Judgement(True, f"Coq {built.coq} checked {len(proofs)} proofs of Gappa", plan.statement())
