"""The straight-line program that a sweep iterates: the exact map in edge coordinates, with what is watched on the way.

The state is ``(z, v)``, ``v`` the affine coordinate of :mod:`symbolic.edge_line`. A step also gives ``z^2`` and
``T - edge`` of the state it starts from, of which the sweep keeps the running least and greatest.
"""

from __future__ import annotations

import json
from functools import cache

import sympy as sp

from ...symbolic.algebra.errors import EdgestabError, ProofError
from ...symbolic.planar.edge_line import EdgeCoordinates, derive_edge_coordinates
from ...symbolic.planar.maps import PolynomialMap
from ..codegen.cache import GENERATOR, cache_folder, sources_digest, write_once
from ..codegen.exact import CoefficientRing
from ..codegen.program import Op, Plain, Program, run
from ..codegen.replay import ConstantPool, Problem, emit_constants

#: Divisions the search for a short program may try; found once and kept on disk.
EFFORT = 40_000
#: Names of the watched quantities, after the next state.
WATCHED = ("squared", "excess")


def _targets(edge: EdgeCoordinates) -> PolynomialMap:
    """The next state and the watched quantities, as one map whose last two variables are only written."""
    z, v = edge.map.variables
    watched = tuple(sp.Symbol(name, real=True) for name in WATCHED)
    components = (*edge.map.components, z**2, edge.excess)
    return PolynomialMap((z, v, *watched), components, edge.map.parameters, edge.map.name)


@cache
def sweep_program(source: PolynomialMap) -> Program:
    """The program of a sweep over an exact one-step map in ``(z, T)``.

    Args:
        source: a map of two variables that fixes every point of ``z = 0``.

    Returns:
        A program proved equal to the map; ``next_state`` names the next ``z`` and ``v``, then ``z^2`` and ``T - edge``.
    """
    targets = _targets(derive_edge_coordinates(source))
    path = cache_folder() / f"sweep_{targets.digest()[:24]}_{sources_digest(GENERATOR)[:16]}.json"
    try:
        program = Program.from_json(json.loads(path.read_text(encoding="utf-8")))
        if program.source_digest == targets.digest():
            prove_program(program, targets)
            return program
    except (OSError, ValueError, KeyError, TypeError, EdgestabError):
        pass  # missing, damaged, or not this map: search again
    program = _search(targets)
    prove_program(program, targets)
    write_once(path, json.dumps(program.to_json()))
    return program


def _search(targets: PolynomialMap) -> Program:
    z, v = targets.variables[:2]
    ring = CoefficientRing((z, v), targets.parameters)
    images = [ring.from_polynomial(ring.ring.from_expr(c)) for c in targets.components]
    problem = Problem.of(ring, images, EFFORT)
    pool = ConstantPool()
    body, results = problem.emit(problem.plan(), pool, "t")
    names = [f"next_{s.name}" for s in targets.variables]
    return Program(
        name=targets.name,
        source_digest=targets.digest(),
        variables=(z.name, v.name),
        parameters=tuple(p.name for p in targets.parameters),
        state=(z.name, v.name),
        hoist=tuple(emit_constants(pool, targets.parameters)),
        enter=(),
        body=(*body, *(Op(name, value, sign=sign) for name, (value, sign) in zip(names, results, strict=True))),
        next_state=tuple(names),
        leave=(),
        coordinates=(z.name, v.name),
    )


def prove_program(program: Program, targets: PolynomialMap) -> None:
    """Prove by exact algebra that a program computes the next state and the watched quantities.

    Args:
        program: the program.
        targets: what it must compute, in its order.

    Raises:
        ProofError: it computes something else.
    """
    ring = CoefficientRing(targets.variables[:2], targets.parameters)
    values = {s.name: ring.generator(s) for s in (*targets.variables[:2], *targets.parameters)}
    run((*program.hoist, *program.body), values, Plain(ring.constant))
    wanted = [ring.from_polynomial(ring.ring.from_expr(c)) for c in targets.components]
    if [values[name] for name in program.next_state] != wanted:
        raise ProofError.of("sweep_program()", f"the map {targets.name}", "another map", "The program is damaged.")
