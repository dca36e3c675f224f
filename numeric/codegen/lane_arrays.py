"""The arrays that kernels over many trajectories take, checked the same way for every device."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...symbolic.algebra.errors import DomainError
from .program import Program

Array = NDArray[np.float64]


def check_arrays(where: str, program: Program, terms: int, states: Array, parameters: Array) -> tuple[Array, Array]:
    """Contiguous copies of states and parameters, one column for each trajectory.

    Args:
        where: for the message.
        program: what is iterated.
        terms: doubles in one number.
        states: shape (variables, N), or (variables, terms, N) for wide numbers.
        parameters: shape (parameters, N) or (parameters,), in wide types with the terms between.

    Returns:
        Arrays of shape (variables, [terms,] N) and (parameters, [terms,] N).

    Raises:
        DomainError: a shape does not fit.
    """
    wide = () if terms == 1 else (terms,)
    head, rows = (len(program.variables), *wide), (len(program.parameters), *wide)
    variables = np.array(states, dtype=np.float64, order="C")
    if variables.ndim != len(head) + 1 or variables.shape[:-1] != head:
        got = f"shape {variables.shape}"
        raise DomainError.of(where, f"states of shape {(*head, 'N')}", got, "Check the axes.")
    count = variables.shape[-1]
    fixed = np.asarray(parameters, dtype=np.float64)
    if fixed.shape == rows:
        fixed = np.repeat(fixed[..., None], count, axis=-1)
    if fixed.shape != (*rows, count):
        expected, got = f"parameters of shape {rows} or {(*rows, count)}", f"shape {fixed.shape}"
        raise DomainError.of(where, expected, got, f"Their order is {program.parameters}.")
    return variables, np.ascontiguousarray(fixed)


def check_passes(where: str, program: Program, steps: int) -> int:
    """Passes of a program's body that make a number of gradient steps.

    Args:
        where: for the message.
        program: what is iterated.
        steps: gradient steps.

    Returns:
        The passes.

    Raises:
        DomainError: no multiple of the steps a pass.
    """
    per = program.steps_per_body
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0 or steps % per:
        raise DomainError.of(where, f"a multiple of {per} steps, >= 0", steps, "Round it.")
    return steps // per
