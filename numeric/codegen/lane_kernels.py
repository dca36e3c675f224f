"""Kernels over many trajectories: generated, cached, run in blocks over threads."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from threading import Thread
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from ...symbolic.algebra.errors import CodegenError, DomainError
from ...symbolic.planar.maps import PolynomialMap
from ..number_types import NUMBER_TYPES, ON_LANES, NumberType
from .cuda_device import CudaKernel, cuda_kernel
from .lane_arrays import check_arrays, check_passes
from .machine_code import load_function
from .program import Program
from .scheduling import program_for
from .targets import cuda_source, numba_source

Array = NDArray[np.float64]

SHARES = 8
"""Shares of the blocks for each thread."""


@dataclass(frozen=True)
class LaneKernel:
    """One program, compiled for blocks of trajectories.

    Attributes:
        program: what it iterates.
        number_type: the row of :data:`NUMBER_TYPES`.
        lanes: trajectories in one block.
        source: the generated source.
        run: the compiled function, on addresses.

    Source:
        Derived here.

    Example:
        >>> kernel = es.codegen.lane_kernel(es.QuadraticModel((1, -es.symbol("epsilon"))).one_step())
        >>> kernel.terms, kernel.lanes, kernel.program.count.total
        (1, 64, 6)
    """

    program: Program
    number_type: NumberType
    lanes: int
    source: str
    run: Callable[..., None]

    @property
    def terms(self) -> int:
        """Doubles in one number: 1, 2 or 4."""
        return self.number_type.terms

    def advance(self, states: Array, parameters: Array, steps: int, threads: int = 1) -> Array:
        """Iterate every trajectory a number of steps.

        Each lane's result depends on its own start alone, so it is bit for bit the same for every number of
        threads and every N.

        Args:
            states: shape (variables, N), or (variables, terms, N) for wide numbers.
            parameters: shape (parameters, N) or (parameters,), in wide types (parameters, terms, N) or
                (parameters, terms).
            steps: gradient steps, a multiple of the program's steps a pass.
            threads: blocks run on this many threads, without the GIL.

        Returns:
            The states after the steps, a new array. Stated error of a step: ``program.error_bound`` with the unit
            round-off of the number type.

        Raises:
            DomainError: a shape, the number of steps or of threads does not fit.
        """
        where = "LaneKernel.advance()"
        variables, fixed, count = self._pad(*check_arrays(where, self.program, self.terms, states, parameters))
        passes = check_passes(where, self.program, steps)
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise DomainError.of(where, "threads >= 1", threads, "Use os.cpu_count().")
        blocks = variables.shape[-1] // self.lanes
        self._run(variables, fixed, passes, blocks, min(threads, max(blocks, 1)))
        return np.ascontiguousarray(variables[..., :count])

    def _run(self, variables: Array, fixed: Array, passes: int, blocks: int, threads: int) -> None:
        addresses = (variables.ctypes.data, fixed.ctypes.data, variables.shape[-1], passes)
        if threads == 1:
            self.run(*addresses, 0, blocks)
            return
        # small shares from one queue: a thread that the system holds up does not hold up the others
        shares = min(blocks, SHARES * threads)
        edges = [blocks * i // shares for i in range(shares + 1)]
        queue = deque(itertools.pairwise(edges))

        def work() -> None:
            while True:
                try:
                    share = queue.popleft()
                except IndexError:
                    return
                self.run(*addresses, *share)

        helpers = [Thread(target=work) for _ in range(threads - 1)]
        for helper in helpers:
            helper.start()
        work()
        for helper in helpers:
            helper.join()

    def _pad(self, variables: Array, fixed: Array) -> tuple[Array, Array, int]:
        """The arrays with N rounded up to whole blocks, the last trajectory repeated."""
        count = variables.shape[-1]
        extra = [(0, 0)] * (variables.ndim - 1) + [(0, -count % self.lanes)]
        if not count:
            return variables, fixed, 0
        padded = [np.ascontiguousarray(np.pad(a, extra, mode="edge")) for a in (variables, fixed)]
        return padded[0], padded[1], count


OnGpu = Literal["cuda", "cuda-double-double", "cuda-quad-double"]


@overload
def lane_kernel(  # type: ignore[overload-overlap] # the names of GPU targets are strings too
    source: PolynomialMap, target: OnGpu, lanes: int | None = ..., fused: int = ...
) -> CudaKernel: ...
@overload
def lane_kernel(source: PolynomialMap, target: str = ..., lanes: int | None = ..., fused: int = ...) -> LaneKernel: ...
def lane_kernel(
    source: PolynomialMap, target: str = "float64", lanes: int | None = None, fused: int = 1
) -> LaneKernel | CudaKernel:
    """The kernel of a map over many trajectories, compiled at its first call or loaded from the cache.

    Args:
        source: the exact map.
        target: ``float64``, ``double-double`` or ``quad-double``; or, for a GPU, ``cuda``, ``cuda-double-double`` or
            ``cuda-quad-double``.
        lanes: trajectories in one block (on a GPU: of one thread), a power of two; default 64, 32 or 16.
        fused: steps joined in one pass of the loop.

    Returns:
        The kernel.

    Raises:
        CodegenError: there is no such target.

    Source:
        Derived here.

    Example:
        >>> import numpy as np
        >>> kernel = es.codegen.lane_kernel(es.QuadraticModel((1, -es.symbol("epsilon"))).one_step())
        >>> states = np.array([[0.0, 0.1], [1.9, 1.9]])  # rows z and T; a residual of 0 rests
        >>> kernel.advance(states, np.array([0.02]), 2)[:, 0]
        array([0. , 1.9])
    """
    if target in cuda_source.TYPES:
        return cuda_kernel(program_for(source, fused), target, lanes)
    check_target("lane_kernel()", target)
    return kernel_of(program_for(source, fused), target, lanes)


def check_target(where: str, target: str) -> None:
    """Refuse what is no number type of lanes.

    Args:
        where: for the message.
        target: the name asked for.

    Raises:
        CodegenError: there is no such target.
    """
    if target not in ON_LANES:
        known = ", ".join((*ON_LANES, *cuda_source.TYPES))
        raise CodegenError.of(where, f"a target among {known}", target, "Pick one of these.")


@lru_cache(maxsize=64)
def kernel_of(program: Program, target: str = "float64", lanes: int | None = None) -> LaneKernel:
    """The kernel of a program; see :func:`lane_kernel`.

    Args:
        program: the program.
        target: ``float64``, ``double-double`` or ``quad-double``.
        lanes: trajectories in one block.

    Returns:
        The kernel.
    """
    kind = NUMBER_TYPES[target]
    width = lanes or numba_source.DEFAULT_LANES[kind.terms]
    text = numba_source.generate_lanes(program, width, kind.terms)
    return LaneKernel(program, kind, width, text, load_function(text, "advance", 2, 4))


def to_wide(values: Sequence[Fraction], terms: int) -> Array:
    """Rationals as a (terms, N) array of expansions, each term rounded once.

    Args:
        values: the rationals.
        terms: doubles in one number.

    Returns:
        The array, or a flat one for one term.
    """
    columns = [numba_source.expansion(v, terms) for v in values]
    table = np.array(columns, dtype=np.float64).reshape(len(values), terms).T
    return np.ascontiguousarray(table[0] if terms == 1 else table)


def to_fractions(values: Array) -> list[Fraction]:
    """The exact rationals that a (terms, N) or flat array stands for."""
    table = values if values.ndim == 2 else values[None]
    return [sum((Fraction(float(x)) for x in column), Fraction(0)) for column in table.T]
