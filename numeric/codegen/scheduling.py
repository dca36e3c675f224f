"""The cheapest program found for a map over coordinates and operation orders, proved equal to it, and kept on disk."""

from __future__ import annotations

import json
import keyword
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ...symbolic.algebra.errors import CodegenError, ProofError
from ...symbolic.planar.maps import PolynomialMap
from ..number_types import Operators
from .cache import GENERATOR, cache_folder, keep_text, sources_digest
from .coefficient_ring import CoefficientRing, ExactPoly
from .coordinates import Coordinates, Form, bases, candidate_forms, change_coordinates, kept_variables
from .emission import ConstantPool, Problem, emit_constants
from .operation_search import Plan
from .program import Op, Operand, Program, fold_moves

EFFORTS = {"quick": 40_000, "thorough": 1_000_000, "exhaustive": 10**12}
"""Divisions that the search may try for each choice of coordinates and each budget."""
POOL = 4
"""A schedule may cost this many times the effort in all."""
SMALL = 60
"""Maps with more terms than this are scheduled in their own variables."""
PROVED_FUSED = 3
"""Joined programs up to here are proved once more; the degree of the iterated map grows too fast for longer ones."""
LONGEST_SEARCHED = 30
"""Programs longer than this are left as the greedy descent found them."""


@dataclass(frozen=True)
class Candidate:
    """One choice of coordinates with the best plan known for it."""

    coordinates: Coordinates
    problem: Problem
    plan: Plan

    @property
    def operations(self) -> int:
        """Operations of one step."""
        return self.plan.operations


def schedule_program(source: PolynomialMap, *, effort: str = "quick", keep_variables: bool = True) -> Program:
    """The cheapest straight-line program found for iterating a map.

    Affine coordinates are searched (:mod:`.coordinates`), then operation orders in each (:mod:`.operation_search`).
    The program is proved equal to the map by exact algebra before it is returned.

    Args:
        source: the map.
        effort: ``quick``, ``thorough`` or ``exhaustive``: how many schedules are tried. Only ``exhaustive`` lets the
            notes say that no shorter program exists in the space searched.
        keep_variables: keep as coordinates the variables x with x' divisible by x, so that they keep their relative
            accuracy near 0. Without it a cheaper or equal program may iterate coordinates whose difference is x.

    Returns:
        The program, with its operation count and notes on what was tried.

    Raises:
        CodegenError: an unknown effort, or a name that is no identifier.

    Source:
        Derived here.

    Example:
        >>> program = es.codegen.schedule_program(es.QuadraticModel((1, -es.symbol("epsilon"))).one_step())
        >>> program.count.total, program.coordinates
        (6, ('z = z', 'u2 = T + 2*epsilon*z'))
    """
    if effort not in EFFORTS:
        raise CodegenError.of("schedule_program()", f"an effort among {', '.join(EFFORTS)}", effort, "Use quick.")
    _check_names(source)
    best, notes = _best(source, EFFORTS[effort], keep_variables)
    program = _assemble(source, best, notes)
    prove(program, source)
    return program


def _check_names(source: PolynomialMap) -> None:
    for s in (*source.variables, *source.parameters):
        if not s.name.isidentifier() or keyword.iskeyword(s.name):
            raise CodegenError.of("schedule_program()", "names that are identifiers", s.name, "Rename the symbol.")


def _candidates(source: PolynomialMap, limit: int, keep: bool) -> list[Candidate]:
    if sum(len(p.to_dict()) for p in source.polynomials) > SMALL:
        ring = CoefficientRing(source.variables, source.parameters)
        forms: Sequence[Form] = [Form(ring.generator(v), "variable", v.name) for v in source.variables]
        choices = [tuple(forms)]
    else:
        forms = candidate_forms(source)
        choices = bases(source, forms, kept_variables(source) if keep else ())
    found = []
    for choice in choices:
        coordinates = change_coordinates(source, choice)
        if coordinates is None:
            continue
        problem = Problem.of(coordinates.ring, coordinates.images, limit)
        found.append(Candidate(coordinates, problem, problem.greedy()))
    return found


def _best(source: PolynomialMap, limit: int, keep: bool) -> tuple[Candidate, tuple[str, ...]]:
    """The cheapest candidate: budgets fall by one as long as some choice of coordinates meets them."""
    candidates = sorted(_candidates(source, limit, keep), key=lambda c: c.operations)
    best, complete, work, improved = candidates[0], True, 0, True
    while improved and best.operations <= LONGEST_SEARCHED:
        improved, complete = False, True
        for candidate in candidates:
            search = candidate.problem.search
            search.limit = min(limit, POOL * limit - work)
            if search.limit <= 0:
                complete = False
                break
            plan = search.run(best.operations - 1)
            work += search.work
            complete = complete and search.exhausted
            if plan is not None:
                best, improved = replace(candidate, plan=plan), True
                break
    return best, _notes(candidates, best.operations, complete and not improved, work)


def _notes(tried: list[Candidate], cost: int, complete: bool, work: int) -> tuple[str, ...]:
    plural = "choice" if len(tried) == 1 else "choices"
    notes = [f"{len(tried)} {plural} of affine coordinates tried, {work} divisions"]
    if complete:
        notes.append(f"no program of {cost - 1} operations exists in the space searched")
    return tuple(notes)


def _assemble(source: PolynomialMap, best: Candidate, notes: tuple[str, ...]) -> Program:
    coordinates = best.coordinates
    names = tuple(f.name for f in coordinates.forms)
    pool = ConstantPool()
    body, results = best.problem.emit(best.plan, pool, "t")
    next_state = named_results(body, results, tuple(f"{n}_next" for n in names))
    old = CoefficientRing(source.variables, source.parameters)
    enter: list[Op] = []
    moved = [f for f in coordinates.forms if f.kind != "variable"]
    if moved:
        problem = Problem.of(old, [f.value for f in moved], 2_000)
        enter, results = problem.emit(problem.plan(), pool, "e")
        made = dict(
            zip((f.name for f in moved), named_results(enter, results, tuple(f.name for f in moved)), strict=True)
        )
        enter = [op.renamed({v: k for k, v in made.items() if v != k}) for op in enter]
    problem = Problem.of(coordinates.ring, coordinates.back, 2_000)
    leave, results = problem.emit(problem.plan(), pool, "l")
    for v, (operand, sign) in zip(source.variables, results, strict=True):
        leave.append(Op(f"{v.name}_out", operand, sign=sign))
    return Program(
        name=source.name,
        source_digest=source.digest(),
        variables=tuple(s.name for s in source.variables),
        parameters=tuple(s.name for s in source.parameters),
        state=names,
        hoist=tuple(fold_moves(emit_constants(pool, source.parameters))) if pool.values else (),
        enter=tuple(enter),
        body=tuple(body),
        next_state=next_state,
        leave=tuple(fold_moves(leave)),
        coordinates=tuple(f"{f.name} = {f.value}" for f in coordinates.forms),
        notes=(*notes, "equal to the source map by exact algebra"),
    )


def named_results(ops: list[Op], results: list[tuple[Operand, int]], fallback: tuple[str, ...]) -> tuple[str, ...]:
    """A name for each result, with a move where it is a constant, negated, or not computed here."""
    made = {op.result for op in ops}
    names: list[str] = []
    for (operand, sign), spare in zip(results, fallback, strict=True):
        if isinstance(operand, str) and sign > 0 and operand in made and operand not in names:
            names.append(operand)
        else:
            ops.append(Op(spare, operand, sign=sign))
            names.append(spare)
    return tuple(names)


class Algebra(Operators):
    """Exact polynomials as a number type for :meth:`Program.evaluate`; a divisor must not depend on the state.

    Args:
        ring: Q(parameters)[state].
    """

    def __init__(self, ring: CoefficientRing) -> None:
        super().__init__(ring.constant)

    def div(self, a: ExactPoly, b: ExactPoly) -> ExactPoly:
        """``a / b``.

        Raises:
            ProofError: b is 0 or does not divide a.
        """
        quotient = a.divide(b) if b else None
        if quotient is None:
            raise ProofError.of("prove()", "a quotient of parameters", f"({a}) / ({b})", "Report it.")
        return quotient


def prove(program: Program, source: PolynomialMap) -> None:
    """Prove by exact algebra that a program computes its map, and that its coordinates come back.

    Args:
        program: the program.
        source: the map of ``program.steps_per_body`` steps.

    Raises:
        ProofError: it computes something else.
    """
    ring = CoefficientRing(source.variables, source.parameters)
    state = [ring.generator(v) for v in source.variables]
    fixed = [ring.generator(p) for p in source.parameters]
    algebra = Algebra(ring)
    wanted = [ring.from_polynomial(p) for p in source.polynomials]
    got = program.evaluate(state, fixed, program.steps_per_body, algebra)
    home = program.evaluate(state, fixed, 0, algebra)
    if list(got) != wanted or list(home) != state:
        raise ProofError.of("prove()", f"the map {source.name}", "another map", "The program is stale or damaged.")


@lru_cache(maxsize=256)
def program_for(source: PolynomialMap, fused: int = 1) -> Program:
    """The program of a map, searched for once and then kept.

    A program from the disk is proved equal to the map again before it is used, so that a stale or damaged file can
    cost time but never a wrong number.

    Args:
        source: the map.
        fused: steps joined in one pass.

    Returns:
        The program.
    """
    if fused > 1:
        joined = program_for(source).fused(fused)
        if fused <= PROVED_FUSED:
            prove(joined, source.iterate(fused))
        return joined
    return keep_program("program", source.digest(), lambda p: prove(p, source), lambda: schedule_program(source))


def keep_program(kind: str, digest: str, check: Callable[[Program], None], search: Callable[[], Program]) -> Program:
    """A program from the disk, checked again; where it is missing, damaged or of another map, search and keep it.

    Args:
        kind: first word of the file's name.
        digest: of what the program computes.
        check: raises where a program computes something else.
        search: finds a program.

    Returns:
        The program.
    """
    path = cache_folder() / f"{kind}_{digest[:24]}_{sources_digest(GENERATOR)[:16]}.json"
    try:
        program = Program.from_json(json.loads(path.read_text(encoding="utf-8")))
        if program.source_digest == digest:
            check(program)
            return program
    except Exception:  # whatever a damaged file makes the reader say, the program is searched again
        pass
    program = search()
    keep_text(path, json.dumps(program.to_json()))
    return program
