"""Generated CUDA kernels on an NVIDIA GPU: compiled by NVRTC, launched through CuPy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...symbolic.algebra.errors import CodegenError
from ..number_types import NUMBER_TYPES, NumberType, Operators
from .lane_arrays import check_arrays, check_passes
from .program import Program, run
from .targets import cuda_source
from .targets.c_source import function_name

Array = NDArray[np.float64]

BLOCKS = {1: 512, 2: 128, 4: 128}
"""Threads in a block, by the doubles of a number."""

SHARED_BLOCK = 128
"""The same where trajectories share their parameters."""

INSTALL = "Install it: pip install 'edgestab[cuda]', with NVIDIA's driver; or print the source: edgestab codegen."


def need_device(where: str) -> Any:
    """CuPy, with a GPU that it can use.

    Args:
        where: for the message.

    Returns:
        The module.

    Raises:
        CodegenError: CuPy is not installed, or finds no GPU.
    """
    try:
        import cupy
    except ImportError as error:
        raise CodegenError.of(where, "CuPy, for kernels on a GPU", "no such package", INSTALL) from error
    try:
        found = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise CodegenError.of(where, "an NVIDIA GPU", str(error), "Run this where there is one.") from error
    if not found:
        raise CodegenError.of(where, "an NVIDIA GPU", "none", "Run this where there is one.")
    return cupy


def compile_ptx(source: str, architecture: str = "compute_80") -> str:
    """Compile CUDA C++ for real, on any machine with NVRTC, with or without a GPU.

    Args:
        source: CUDA C++.
        architecture: virtual architecture, for example ``compute_90``.

    Returns:
        PTX.

    Raises:
        CodegenError: NVRTC is not installed, or refuses the source.
    """
    where = "compile_ptx()"
    try:
        from cuda.bindings import nvrtc

        nvrtc.nvrtcVersion()
    except (ImportError, RuntimeError) as error:
        raise CodegenError.of(where, "NVRTC and cuda-bindings", str(error) or "neither", INSTALL) from error
    _, program = nvrtc.nvrtcCreateProgram(source.encode(), b"edgestab.cu", 0, [], [])
    options = [f"--gpu-architecture={architecture}".encode(), b"-std=c++17"]
    (status,) = nvrtc.nvrtcCompileProgram(program, len(options), options)
    if int(status):
        _, size = nvrtc.nvrtcGetProgramLogSize(program)
        log = bytearray(size)
        nvrtc.nvrtcGetProgramLog(program, log)
        raise CodegenError.of(where, "source that NVRTC compiles", log.decode().strip("\0 \n"), "Report this as a bug.")
    _, size = nvrtc.nvrtcGetPTXSize(program)
    text = bytearray(size)
    nvrtc.nvrtcGetPTX(program, text)
    return text.decode().strip("\0")


@cache
def load_module(source: str) -> Any:
    """Compile a source for the GPU of this machine, once.

    Args:
        source: CUDA C++.

    Returns:
        CuPy's module.
    """
    module = need_device("cuda kernel").RawModule(code=source, options=("-std=c++17",))
    module.compile()
    return module


class OnceRounded(Operators):
    """Doubles as every kernel rounds them: a fused multiply-add once."""

    def __init__(self) -> None:
        """Constants are rounded once."""
        super().__init__(float)

    def fma(self, a: float, b: float, c: float) -> float:
        """``a * b + c``, rounded once; an exact zero is that of a sum in floating point."""
        exact = Fraction(a) * Fraction(b) + Fraction(c)
        return float(exact) if exact else a * b + c


@dataclass(frozen=True)
class CudaKernel:
    """One program on a GPU, with the arrays and the results of :class:`LaneKernel`, bit for bit.

    Attributes:
        program: what it iterates.
        number_type: the row of :data:`NUMBER_TYPES`.
        trajectories: trajectories a thread.
        shared_trajectories: the same in the kernel for shared parameters.
        source: the generated CUDA C++.
    """

    program: Program
    number_type: NumberType
    trajectories: int
    shared_trajectories: int
    source: str

    @property
    def terms(self) -> int:
        """Doubles in one number: 1, 2 or 4."""
        return self.number_type.terms

    def advance(self, states: Array, parameters: Array, steps: int) -> Array:
        """Iterate every trajectory a number of steps.

        Args:
            states: shape (variables, N), or (variables, terms, N) for wide numbers.
            parameters: shape (parameters, N) or (parameters,), in wide types with the terms between.
            steps: gradient steps, a multiple of the program's steps a pass.

        Returns:
            The states after the steps, a new array in the machine's memory.

        Raises:
            DomainError: a shape or the number of steps does not fit.
            CodegenError: there is no GPU.
        """
        where = "CudaKernel.advance()"
        variables, fixed = check_arrays(where, self.program, self.terms, states, parameters)
        passes = check_passes(where, self.program, steps)
        if not variables.shape[-1]:
            return variables
        cupy = need_device(where)
        there = cupy.asarray(variables)
        if self.terms == 1 and np.ndim(parameters) == 1 and np.isfinite(fixed[:, 0]).all():
            self.launch_shared(there, fixed[:, 0], passes)
        else:
            self.launch(there, cupy.asarray(fixed), passes)
        return np.asarray(cupy.asnumpy(there))

    def launch(self, variables: Any, parameters: Any, passes: int) -> None:
        """Iterate arrays that lie on the GPU, in place.

        Args:
            variables: CuPy array of shape (variables, N) or (variables, terms, N), contiguous.
            parameters: likewise.
            passes: passes of the program's body.
        """
        self._start(function_name(self.program), variables, parameters, passes, self.trajectories, BLOCKS[self.terms])

    def launch_shared(self, variables: Any, parameters: Array, passes: int) -> None:
        """Iterate an array that lies on the GPU, in place, with one set of parameters for all trajectories.

        Args:
            variables: CuPy array of shape (variables, N), contiguous.
            parameters: shape (parameters,), finite, in the machine's memory.
            passes: passes of the program's body.
        """
        given = as_argument(by_value(self.program, parameters))
        name = cuda_source.shared_name(self.program)
        self._start(name, variables, given, passes, self.shared_trajectories, SHARED_BLOCK)

    def _start(self, name: str, variables: Any, given: Any, passes: int, together: int, block: int) -> None:
        count = variables.shape[-1]
        function = load_module(self.source).get_function(name)
        function((-(-count // (block * together)),), (block,), (variables, given, np.int64(count), np.int64(passes)))


def as_argument(values: NDArray[Any]) -> NDArray[Any]:
    """An array that a kernel takes by value, as a struct of its bytes."""
    packed = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    return packed.view(np.dtype([("bytes", np.uint8, (packed.size,))]))


def by_value(program: Program, parameters: Array) -> Array:
    """What a kernel for shared parameters takes: them, and what is worked out from them, rounded as a kernel rounds.

    Args:
        program: the program.
        parameters: shape (parameters,), finite.

    Returns:
        Shape (parameters and hoisted values,).
    """
    values: dict[str, Any] = dict(zip(program.parameters, map(float, parameters), strict=True))
    run(program.hoist, values, OnceRounded())
    return np.array([values[name] for name in cuda_source.shared_values(program)])


@lru_cache(maxsize=64)
def cuda_kernel(program: Program, target: str = "cuda", trajectories: int | None = None) -> CudaKernel:
    """The kernel of a program for a GPU; nothing is compiled before its first launch.

    Args:
        program: the program.
        target: ``cuda``, ``cuda-double-double`` or ``cuda-quad-double``.
        trajectories: trajectories a thread.

    Returns:
        The kernel.
    """
    kind = NUMBER_TYPES[cuda_source.TYPES[target]]
    together = trajectories or cuda_source.TRAJECTORIES[kind.terms]
    source = cuda_source.generate(program, trajectories, kind.terms)
    return CudaKernel(program, kind, together, trajectories or 1, source)
