"""Generated CUDA kernels on an NVIDIA GPU: compiled by NVRTC, launched through CuPy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...symbolic.algebra.errors import CodegenError
from ..number_types import NUMBER_TYPES, NumberType
from .lane_arrays import check_arrays, check_passes
from .program import Program
from .targets import cuda_source
from .targets.c_source import function_name

Array = NDArray[np.float64]

BLOCK = 128
"""Threads in a block."""

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


@dataclass(frozen=True)
class CudaKernel:
    """One program on a GPU, with the arrays and the results of :class:`LaneKernel`, bit for bit.

    Attributes:
        program: what it iterates.
        number_type: the row of :data:`NUMBER_TYPES`.
        trajectories: trajectories a thread.
        source: the generated CUDA C++.
    """

    program: Program
    number_type: NumberType
    trajectories: int
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
        there, given = cupy.asarray(variables), cupy.asarray(fixed)
        self.launch(there, given, passes)
        return np.asarray(cupy.asnumpy(there))

    def launch(self, variables: Any, parameters: Any, passes: int) -> None:
        """Iterate arrays that lie on the GPU, in place.

        Args:
            variables: CuPy array of shape (variables, N) or (variables, terms, N), contiguous.
            parameters: likewise.
            passes: passes of the program's body.
        """
        count = variables.shape[-1]
        grid = -(-count // (BLOCK * self.trajectories))
        function = load_module(self.source).get_function(function_name(self.program))
        function((grid,), (BLOCK,), (variables, parameters, np.int64(count), np.int64(passes)))


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
    return CudaKernel(program, kind, together, cuda_source.generate(program, together, kind.terms))
