"""One chunk of a sweep: a function of its starts alone, run by a thread, a process or a machine elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...symbolic.algebra.errors import CodegenError
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import MAIN_MODEL, main_case
from ..codegen.program import Program
from ..runs.status import Status
from .grid import Floats
from .kernel import WORKSPACE, load_sweep, parameter_rows, sweep_program

Columns = dict[str, NDArray[Any]]
Drive = Callable[[Program, Floats, Floats, int, float, float], tuple[Floats, Floats]]
#: Terms of the limit function; the last one serves as the error of the estimate.
FIBRE_ORDER = 3
#: T at which an orbit has diverged.
CEILING = 1e6
#: Columns of a result, their type and meaning.
COLUMNS: dict[str, tuple[str, str]] = {
    "status": ("i1", "0 converged, 1 diverged, 2 out of steps"),
    "steps": ("i8", "gradient steps taken"),
    "edge_step": ("i8", "first step at which T reached the edge, -1 if it never did"),
    "z": ("f8", "final rescaled residual"),
    "T": ("f8", "final rescaled NTK eigenvalue"),
    "T_max": ("f8", "greatest T on the way, start and end included"),
    "gap": ("f8", "estimate of 2 - lim T, where the orbit converged and the estimate holds"),
    "gap_error": ("f8", "size of the last term of that estimate"),
    "relaxation": ("f8", "e-folds by which the orbit forgot its start, 2 (V_0 - V_inf) / epsilon"),
}


def empty_columns(count: int) -> Columns:
    """Room for the ends of so many trajectories."""
    return {name: np.empty(count, dtype) for name, (dtype, _) in COLUMNS.items()}


@dataclass(frozen=True)
class SweepJob:
    """The starts of a chunk and how long they run.

    Attributes:
        lanes: axis values by name, one entry for each trajectory.
        steps: gradient steps at most.
        until: residual at which a trajectory has converged.
        ceiling: T at which it has diverged.
        digest: digest of the program, so that a machine with another version refuses.
    """

    lanes: dict[str, Floats]
    steps: int
    until: float
    ceiling: float
    digest: str


def program_digest() -> str:
    """Digest of the program that sweeps iterate."""
    return sweep_program(main_case()).digest


@cache
def _formulas() -> dict[str, Any]:
    """NumPy functions of the exact objects: start from parameters, edge coordinate, terms of the limit function."""
    model, one_step = MAIN_MODEL, main_case()
    z, T = one_step.variables
    epsilon, gap = symbol("epsilon"), sp.Symbol("gap", positive=True)
    edge = one_step.edge_coordinates()
    # in the gap, the difference 2 - T is not formed again from a rounded T
    terms = [sp.factor(a.subs(T, edge.edge - gap)) * z**k for k, a in enumerate(one_step.fibre(FIBRE_ORDER), 1)]
    return {
        "start": sp.lambdify((*model.theta, epsilon), model.embedding(), "numpy"),
        "tilt": sp.lambdify(epsilon, edge.tilt, "numpy"),
        "terms": sp.lambdify((z, gap, epsilon), terms, "numpy", cse=True),
        "edge": float(edge.edge),
    }


def start_states(lanes: dict[str, Floats]) -> tuple[Floats, Floats]:
    """The starts ``(z, T)`` of a chunk, from either kind of axes; correct to a few units in the last place."""
    if "z" in lanes:
        return lanes["z"], lanes["T"]
    residual, eigenvalue = _formulas()["start"](lanes["theta_1"], lanes["theta_2"], lanes["epsilon"])
    return lanes["eta"] * residual, lanes["eta"] * eigenvalue


def enter(lanes: dict[str, Floats]) -> Floats:
    """The starts ``z, v, T - edge`` of a chunk, ``(n, 3)``."""
    z, T = start_states(lanes)
    forms = _formulas()
    excess = T - forms["edge"]
    v = excess + forms["tilt"](lanes["epsilon"]) * z
    return np.stack([z, v, excess], axis=1)


def leave(lanes: dict[str, Floats], z: Floats, v: Floats) -> Floats:
    """``T - edge`` from edge coordinates."""
    excess: Floats = v - _formulas()["tilt"](lanes["epsilon"]) * z
    return excess


def drive_on_lanes(
    program: Program, start: Floats, epsilon: Floats, limit: int, floor: float, ceiling: float
) -> tuple[Floats, Floats]:
    """Run every start to its end on the lanes of this processor; as :func:`drive_on_device` does on a GPU."""
    parameters = parameter_rows(program, epsilon)
    final, edge_step, work = np.empty((len(start), 5)), np.empty(len(start)), np.empty(WORKSPACE)
    addresses = (a.ctypes.data for a in (start, parameters, final, edge_step, work))
    load_sweep(program).drive(*addresses, len(start), limit, floor, ceiling)
    return final, edge_step


def run_job(job: SweepJob, drive: Drive = drive_on_lanes, out: Columns | None = None) -> Columns:
    """Run every trajectory of a chunk to its end.

    Args:
        job: starts and limits.
        drive: what iterates them.
        out: arrays to fill; new ones by default.

    Returns:
        One array for each entry of :data:`COLUMNS`.

    Raises:
        CodegenError: the job was made for another version of the map.
    """
    program = sweep_program(main_case())
    if program.digest != job.digest:
        raise CodegenError.of(
            "run_job()",
            f"program {job.digest[:12]}",
            program.digest[:12],
            "Install one version of edgestab everywhere.",
        )
    start = enter(job.lanes)
    final, edge_step = drive(program, start, job.lanes["epsilon"], job.steps, job.until**2, job.ceiling)
    if out is None:
        out = empty_columns(len(start))
    out["edge_step"][:], out["steps"][:], out["status"][:] = edge_step, final[:, 3], final[:, 4]
    _conclude(job.lanes, start, final, out)
    return out


def limit_gap(z: Floats, gap: Floats, epsilon: Floats) -> tuple[Floats, Floats]:
    """The limit of ``2 - T`` from a state near the line of fixed points, and the size of the last term used.

    Args:
        z: residuals.
        gap: ``2 - T`` there.
        epsilon: of each orbit.

    Returns:
        The estimate and its error.
    """
    # a start at z = 0 on the edge has no estimate: nan
    with np.errstate(all="ignore"):
        terms = np.stack(np.broadcast_arrays(*_formulas()["terms"](z, gap, epsilon)))
        return gap - terms.sum(axis=0), np.abs(terms[-1])


def _conclude(lanes: dict[str, Floats], start: Floats, final: Floats, out: Columns) -> None:
    """From final states: T, and where the orbit converged the limit that it tends to."""
    forms, epsilon = _formulas(), lanes["epsilon"]
    with np.errstate(all="ignore"):
        z, v = final[:, 0], final[:, 1]
        excess = leave(lanes, z, v)
        gap = -excess
        estimate, error = limit_gap(z, gap, epsilon)
        sound = (out["status"] == Status.CONVERGED.code) & (gap > 0) & (error <= 0.1 * np.abs(estimate))
        out["z"][:] = z
        out["T"][:] = forms["edge"] + excess
        out["T_max"][:] = forms["edge"] + final[:, 2]
        out["gap"][:] = np.where(sound, estimate, np.nan)
        out["gap_error"][:] = np.where(sound, error, np.nan)
        out["relaxation"][:] = np.where(sound, 2 * (start[:, 1] + estimate) / epsilon, np.nan)
