"""CUDA C++ run on a processor: the same source, its intrinsics spelled in C++, its threads one after another."""

import ctypes
import shutil
import subprocess
from pathlib import Path

SHIM = r"""
#include <cmath>
#include <cstdint>
#include <cstring>
struct Three { unsigned x, y, z; };
static Three blockIdx, threadIdx, blockDim, gridDim;
#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)
// a warp of one lane
#define __any_sync(lanes, held) (held)
#define __ballot_sync(lanes, held) ((held) ? 1u : 0u)
#define __popc(word) __builtin_popcount(word)
static inline long long __double_as_longlong(double x)
{
    long long bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}
static inline double __longlong_as_double(long long bits)
{
    double x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}
static inline int __double2hiint(double x) { return (int)(__double_as_longlong(x) >> 32); }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline double __dsub_rn(double a, double b) { return a - b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __ddiv_rn(double a, double b) { return a / b; }
static inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
static inline unsigned long long atomicAdd(unsigned long long *at, unsigned long long by)
{
    const unsigned long long was = *at;
    *at += by;
    return was;
}
"""


def compile_on_cpu(source: str, call: str, declared: str, folder: Path) -> ctypes.CDLL:
    """A library with ``launch(grid, block, ..)``, which runs every thread of every block.

    Args:
        source: generated CUDA C++.
        call: the kernel's call, for example ``f(x, n)``.
        declared: its parameters as C++ declares them.
        folder: where to compile.

    Returns:
        The library.
    """
    assert shutil.which("g++") is not None
    launch = f"""
extern "C" void launch(unsigned grid, unsigned block, {declared})
{{
    gridDim = {{grid, 1, 1}};
    blockDim = {{block, 1, 1}};
    for (blockIdx.x = 0; blockIdx.x < grid; ++blockIdx.x)
        for (threadIdx.x = 0; threadIdx.x < block; ++threadIdx.x) {call};
}}
"""
    (folder / "kernel.cpp").write_text(SHIM + source + launch, encoding="utf-8")
    # no option may contract a product and a sum: the source says where to round
    flags = ["-O2", "-march=native", "-ffp-contract=off", "-std=c++17", "-shared", "-fPIC", "-Wall", "-Werror"]
    quiet = ["-Wno-unknown-pragmas", "-Wno-unused-function", "-Wno-unused-variable", "-Wno-stringop-overread"]
    command = ["g++", *flags, *quiet, "kernel.cpp", "-o", "kernel.so"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(folder / "kernel.so"))
