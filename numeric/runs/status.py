"""How a run ended: one word for orbits, sweeps, descents, flows and networks alike."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """How a run ended; a string in JSON.

    Example:
        >>> es.simulate("1/10", z="-3/5", T=1).status is es.runs.Status.CONVERGED
        True
    """

    CONVERGED = "converged"
    DIVERGED = "diverged"
    MAX_STEPS = "max_steps"
    DONE = "done"
    END_TIME = "end_time"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def code(self) -> int:
        """What compiled kernels and arrays hold for the first three: 0, 1, 2."""
        return CODES.index(self)


CODES = (Status.CONVERGED, Status.DIVERGED, Status.MAX_STEPS)
"""Ends of an orbit, by the number that stands for each in compiled code."""
