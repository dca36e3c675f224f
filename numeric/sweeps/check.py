"""Spot checks: some orbits of a sweep run again, from the exact starts, in double-double beside quad-double."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...symbolic.algebra.errors import DomainError
from ..orbits.precision.cheapest_type import CheapestRun, run_in_cheapest_type
from ..orbits.starts import exact_rational, read_start
from ..runs.limits import check_seed
from ..runs.status import Status
from .chunk import limit_gap
from .grid import Floats
from .result import SweepResult

DIGITS = 24


@dataclass(frozen=True)
class SpotCheck:
    """How a sample of a sweep compares with wider numbers.

    Attributes:
        tested: orbits run again.
        lost: orbits that ended otherwise there (another status, or more than one step apart): double lost them.
        undecided: orbits that wider numbers could not hold either.
        worst: greatest relative error of the gap among the others, nan if none has one.
        worst_index: flat index of that orbit, -1 if none.
        seed: of the sample.

    Source:
        Derived here.

    Example:
        >>> grid = es.sweeps.make_sweep_grid(epsilon="0.01,0.1", z="-0.3:0.3:2", T=2)
        >>> check = es.sweeps.check_sweep(es.sweep(grid), 4)
        >>> check.tested, check.lost, check.worst < 1e-13
        (4, 0, True)
    """

    tested: int
    lost: int
    undecided: int
    worst: float
    worst_index: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """All fields; an undefined worst error is null."""
        return {**self.__dict__, "worst": self.worst if np.isfinite(self.worst) else None}


def check_sweep(result: SweepResult, count: int = 32, *, seed: int = 0) -> SpotCheck:
    """Run a random sample of a sweep's orbits again in wider numbers and compare how they ended.

    Args:
        result: the sweep.
        count: orbits to run again.
        seed: of the sample.

    Returns:
        The comparison.

    Raises:
        DomainError: the count is below 1.

    Source:
        Derived here.

    Example:
        >>> grid = es.sweeps.make_sweep_grid(epsilon="0.01,0.1", z="-0.3:0.3:2", T=2)
        >>> es.sweeps.check_sweep(es.sweep(grid), 2).tested
        2
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise DomainError.of("check_sweep()", "count >= 1", count, "32 orbits give a fair impression.")
    chosen = np.random.default_rng(check_seed("check_sweep()", seed)).permutation(result.grid.size)[:count]
    lost = undecided = 0
    errors: dict[int, float] = {}
    for index in map(int, chosen):
        found = _run_wide(result, index).run
        ending = found.ending
        if not found.agreed or (ending.status is Status.CONVERGED and found.error is None):
            undecided += 1
        elif ending.status.code != result["status"].flat[index] or (
            # the two divide diverged orbits from others by different thresholds: only the verdict is the same
            ending.status is not Status.DIVERGED and abs(ending.steps - result["steps"].flat[index]) > 1
        ):
            lost += 1
        elif ending.status is Status.CONVERGED and ending.state is not None:
            truth = _gap(result, index, ending.state)
            error = abs(float(result["gap"].flat[index]) / truth - 1)
            if np.isfinite(error):
                errors[index] = error
    worst = max(errors, key=lambda i: errors[i]) if errors else -1
    return SpotCheck(len(chosen), lost, undecided, errors.get(worst, float("nan")), worst, seed)


def _run_wide(result: SweepResult, index: int) -> CheapestRun:
    lane = {name: Fraction(float(v[0])) for name, v in result.grid.lanes(index, index + 1).items()}
    theta = (lane["theta_1"], lane["theta_2"]) if "theta_1" in lane else None
    start = read_start(
        lane["epsilon"], z=lane.get("z"), T=lane.get("T"), theta=theta, eta=lane.get("eta"), where="check_sweep()"
    )
    until = exact_rational(result.config["until"], "check_sweep()")
    problem = start.orbit(int(result.config["steps"]), until)
    return run_in_cheapest_type(problem, digits=DIGITS, kernel="double-double")


def _gap(result: SweepResult, index: int, state: tuple[Fraction, ...]) -> float:
    """The limit that the wider run's end tends to, by the same limit function."""
    epsilon: Floats = result.grid.lanes(index, index + 1)["epsilon"]
    estimate, _ = limit_gap(np.array([float(state[0])]), np.array([float(2 - state[1])]), epsilon)
    return float(estimate[0])
