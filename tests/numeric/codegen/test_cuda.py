"""The CUDA target without a GPU: its source run on this processor, bit for bit; compiled by NVRTC; what is missing."""

import ctypes
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import edgestab as es
from edgestab.cli.sweep import sweep
from edgestab.numeric.codegen.cuda_device import as_argument, by_value, compile_ptx
from edgestab.numeric.codegen.lane_kernels import kernel_of
from edgestab.numeric.codegen.program import Program
from edgestab.numeric.codegen.scheduling import program_for
from edgestab.numeric.codegen.targets import cuda_source
from edgestab.numeric.codegen.targets.c_source import function_name
from edgestab.numeric.codegen.targets.registry import generate_source
from edgestab.numeric.sweeps import cuda_kernel
from edgestab.numeric.sweeps.chunk import SweepJob, drive_on_lanes, program_digest, run_job
from edgestab.numeric.sweeps.grid import make_sweep_grid
from edgestab.numeric.sweeps.kernel import parameter_rows, sweep_program
from edgestab.symbolic.models.quadratic import main_case

from .cuda_on_cpu import compile_on_cpu

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
RNG = np.random.default_rng(3)


def on_cpu(
    target: str, fused: int, together: int, folder: Path, arrays: tuple[np.ndarray, np.ndarray], passes: int
) -> None:
    """Run the generated kernel in place, on fewer threads than trajectories."""
    program = program_for(main_case(), fused)
    library = compile_on_cpu(
        generate_source(program, target, together),
        f"{function_name(program)}(v, p, stride, passes)",
        "double *v, const double *p, long long stride, long long passes",
        folder,
    )
    variables, parameters = arrays
    pointers = [np.ctypeslib.as_ctypes(a.ravel()) for a in (variables, parameters)]
    library.launch(2, 3, pointers[0], pointers[1], *map(ctypes.c_longlong, (variables.shape[-1], passes)))


@needs_compiler
@pytest.mark.parametrize(
    ("target", "fused", "together"),
    [("cuda", 1, 2), ("cuda", 2, 4), ("cuda-double-double", 1, 2), ("cuda-quad-double", 1, 2)],
)
def test_the_bits_are_those_of_the_lane_kernels(target: str, fused: int, together: int, tmp_path: Path) -> None:
    kind = es.codegen.NUMBER_TYPES[cuda_source.TYPES[target]]
    wide = () if kind.terms == 1 else (kind.terms,)
    n = 29
    states, epsilon = np.zeros((2, *wide, n)), np.zeros((1, *wide, n))
    at = (slice(None),) if not wide else (slice(None), 0)
    states[at] = RNG.uniform([[-0.4], [1.2]], [[0.4], [2.6]], (2, n))
    epsilon[at] = RNG.uniform(0.001, 0.3, (1, n))
    if wide:  # rests that overlap nothing
        states[:, 1], epsilon[:, 1] = states[:, 0] * 2.0**-60, epsilon[:, 0] * 2.0**-58
    expected = kernel_of(program_for(main_case(), fused), kind.name).advance(states, epsilon, 60 * fused)
    found = states.copy()
    on_cpu(target, fused, together, tmp_path, (found, epsilon), 60)
    assert np.array_equal(found, expected, equal_nan=True)
    assert np.isfinite(found).all()
    assert len(np.unique(found[at][0])) == n


@needs_compiler
def test_shared_parameters_by_value_give_the_same_bits(tmp_path: Path) -> None:
    """What is worked out on the host is rounded as the kernels round it."""
    program = program_for(main_case())
    library = compile_on_cpu(
        generate_source(program, "cuda"),
        f"{cuda_source.shared_name(program)}(v, *given, stride, passes)",
        "double *v, const edgestab_shared *given, long long stride, long long passes",
        tmp_path,
    )
    for epsilon in RNG.uniform(0.001, 0.3, 20):
        states = RNG.uniform([[-0.4], [1.2]], [[0.4], [2.6]], (2, 7))
        expected = kernel_of(program, "float64").advance(states, np.array([epsilon]), 60)
        given = by_value(program, np.array([epsilon]))
        pointers = [np.ctypeslib.as_ctypes(a.ravel()) for a in (states, given)]
        library.launch(2, 3, *pointers, *map(ctypes.c_longlong, (7, 60)))
        assert np.array_equal(states, expected)
        assert as_argument(given).tobytes() == given.tobytes()


@needs_compiler
def test_a_sweep_on_the_device_gives_the_bits_of_the_lanes(tmp_path: Path) -> None:
    """Starts that converge, diverge, cross the edge, start on it, or run out of steps; threads take them in turns."""
    library = compile_on_cpu(
        cuda_kernel.generate_sweep(sweep_program(main_case())),
        "drive(s, t, r, f, e, q, count, limit, floor, ceiling)",
        "const double *s, const double *t, const int *r, double *f, double *e, unsigned long long *q, long long count, "
        "long long limit, double floor, double ceiling",
        tmp_path,
    )

    def drive(
        program: Program, start: np.ndarray, epsilon: np.ndarray, limit: int, floor: float, ceiling: float
    ) -> tuple[np.ndarray, np.ndarray]:
        final, edge_step, queue = np.full((len(start), 5), np.nan), np.full(len(start), np.nan), np.zeros(1, np.uint64)
        first = cuda_kernel.stretches_of(epsilon)
        table = parameter_rows(program, epsilon[first[:-1]])
        row = np.repeat(np.arange(len(table), dtype=np.int32), np.diff(first))
        given = [np.ascontiguousarray(a) for a in (start, table, row)]
        addresses = (ctypes.c_void_p(a.ctypes.data) for a in (*given, final, edge_step, queue))
        limits = (
            ctypes.c_longlong(len(start)),
            ctypes.c_longlong(limit),
            ctypes.c_double(floor),
            ctypes.c_double(ceiling),
        )
        library.launch(2, 2, *addresses, *limits)
        assert queue[0] == len(start) + 4  # every thread asked once more, and found nothing
        return final, edge_step

    grid = make_sweep_grid(epsilon="1e-3:0.4:7:log", z="-1.1:0.9:9", T="1.5,2,2.3")
    job = SweepJob(grid.lanes(0, grid.size), 3000, 1e-8, 1e6, program_digest())
    expected, found = run_job(job, drive_on_lanes), run_job(job, drive)
    for name, values in expected.items():
        assert np.array_equal(values, found[name], equal_nan=True), name
    assert set(np.unique(found["status"])) == {0, 1, 2}
    assert (found["edge_step"] > 0).any()
    assert (found["edge_step"] == 0).any()


@pytest.mark.parametrize("target", cuda_source.TYPES)
def test_nvrtc_compiles_it_and_keeps_orbits_in_registers(target: str) -> None:
    pytest.importorskip("cuda.bindings", reason="NVRTC is not installed: pip install 'edgestab[cuda]'")
    program = program_for(main_case())
    text = compile_ptx(generate_source(program, target, 1))
    kernels = text.split(".visible .entry")[1:]
    assert len(kernels) == (2 if target == "cuda" else 1)
    for kernel in kernels:
        # the innermost loop: from its label to the branch back
        labels = [m.start() for m in re.finditer(r"^\$L__BB\d+_\d+:", kernel, re.MULTILINE)]
        loops = [kernel[a:b] for a, b in zip(labels, [*labels[1:], len(kernel)], strict=True)]
        inner = max(loops, key=lambda part: part.count("fma.rn.f64"))
        assert not re.search(r"\b(ld|st)\.(global|local)", inner)
        if target == "cuda":
            per_pass = program.count.total
            assert inner.count("fma.rn.f64") % per_pass == 0
            assert not re.search(r"\b(add|sub|mul)(\.rn)?\.f64", inner)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    kernel = es.codegen.lane_kernel(main_case(), "cuda")
    with pytest.raises(es.algebra.CodegenError, match="edgestab\\[cuda\\]"):
        kernel.advance(np.ones((2, 3)), np.array([0.1]), 1)
    with pytest.raises(es.DomainError, match="shape"):
        kernel.advance(np.ones((3, 3)), np.array([0.1]), 1)
    grid = make_sweep_grid(epsilon="0.1", z="0.1", T="2")
    with pytest.raises(es.algebra.CodegenError, match="CuPy"):
        es.sweep(grid, device="cuda")
    with pytest.raises(es.DomainError, match="device 'cpu'"):
        es.sweep(grid, device="tpu")
    done = CliRunner().invoke(sweep, ["--epsilon", "0.1", "--z", "0.1", "--T", "2", "--device", "cuda"])
    assert "edgestab[cuda]" in str(done.exception)
