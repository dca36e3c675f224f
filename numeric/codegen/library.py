"""Programs kept: in memory, and on disk under the digest of their map and of the generator."""

from __future__ import annotations

import json
from functools import lru_cache

from ...symbolic.algebra.errors import EdgestabError
from ...symbolic.planar.maps import PolynomialMap
from .cache import GENERATOR, cache_folder, sources_digest, write_once
from .program import Program
from .schedule import prove, schedule

PROVED_FUSED = 3
"""Joined programs up to here are proved once more; the degree of the iterated map grows too fast for longer ones."""


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
    key = f"{source.digest()[:24]}_{sources_digest(GENERATOR)[:16]}"
    path = cache_folder() / f"program_{key}.json"
    try:
        program = Program.from_json(json.loads(path.read_text(encoding="utf-8")))
        if program.source_digest == source.digest():
            prove(program, source)
            return program
    except (OSError, ValueError, KeyError, TypeError, EdgestabError):
        pass  # missing, damaged or not this map: search again
    program = schedule(source)
    write_once(path, json.dumps(program.to_json()))
    return program
