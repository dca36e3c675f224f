"""Generated kernels against the machine's limit and against what people would write: ratios of steps a second."""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gmpy2
import numpy as np
import sympy as sp

from edgestab.numeric.codegen.compile import compile_map
from edgestab.numeric.codegen.factored import factored_kernel
from edgestab.numeric.codegen.lane_kernels import lane_kernel
from edgestab.numeric.codegen.machine_code import load_function
from edgestab.numeric.codegen.scheduling import program_for
from edgestab.numeric.codegen.targets.c_source import function_name
from edgestab.numeric.codegen.targets.python_source import UNROLLED
from edgestab.numeric.codegen.targets.registry import generate_source
from edgestab.symbolic.models.quadratic import main_case
from tests.bench.timing import Ratio, Rounds, take_turns

N = 4096
MPFR_STEPS = 4000
EPSILON = 0.02

TARGETS = {
    "operations a step: 8 allowed / used": 1.0,
    "float64: fraction of the FMA limit for its operations": 0.95,
    "float64 / straightforward blocked C": 1.3,
    "five operations / six": 1.15,
    "float64: 2 threads / 1 thread": 1.8,
    "float64 / NumPy by hand": 20.0,
    "float64 / lambdify": 150.0,
    "float64 / heyoka cfunc": 5.0,
    "float64 / heyoka cfunc, epsilon fixed": 5.0,
    "double-double / MPFR at 106 bits": 30.0,
    "quad-double / MPFR at 212 bits": 5.0,
    "latency: 3 s / first use": 1.0,
    "latency: 0.3 s / from the cache": 1.0,
}
SKIPPED: dict[str, str] = {}

SHAPES = ((64, 1), (32, 1), (8, 12))
"""Lanes of a chain of FMAs and independent chains: which of them fills the pipes depends on the processor."""


def peak_source(lanes: int, chains: int) -> str:
    """A loop of nothing but FMAs, in independent chains."""
    names = [f"x{i}" for i in range(chains)]
    lines = [
        "from edgestab.numeric.codegen.lanes import lane_ops",
        f"_ops = lane_ops({lanes})",
        "load, store, splat, fma = _ops.load, _ops.store, _ops.splat, _ops.fma",
        "def run(values, passes):",
        "    c, d = splat(0.999), splat(0.001)",
        *(f"    {name} = load(values, {i * lanes})" for i, name in enumerate(names)),
        "    for _ in range(passes):",
        *(f"        {name} = fma({name}, c, d)" for _ in range(4) for name in names),
        *(f"    store(values, {i * lanes}, {name})" for i, name in enumerate(names)),
    ]
    return "\n".join(lines) + "\n"


def peak_run(lanes: int, chains: int, operations: int) -> Callable[[], object]:
    """Something that makes about so many FMAs."""
    function, values = load_function(peak_source(lanes, chains), "run", 1, 1), np.zeros(lanes * chains)
    passes = operations // (4 * lanes * chains)
    return lambda: function(values.ctypes.data, passes)


STRAIGHTFORWARD = """
#include <stddef.h>
#define LANES 64
void run(size_t n, size_t steps, double *z, double *T, double e)
{
    const double a = 1.0 - e, b = 2.0 * e;
    for (size_t base = 0; base < n; base += LANES) {
        double zs[LANES], ts[LANES];
        for (int i = 0; i < LANES; ++i) { zs[i] = z[base + i]; ts[i] = T[base + i]; }
        for (size_t s = 0; s < steps; ++s) {
            for (int i = 0; i < LANES; ++i) {
                const double x = zs[i], t = ts[i];
                const double t1 = a * t + b * x;
                const double t2 = a * t1 + e * t;
                const double xx = x * x;
                zs[i] = x - x * t + 0.5 * xx * t1;
                ts[i] = t - 2.0 * x * t1 + xx * t2;
            }
        }
        for (int i = 0; i < LANES; ++i) { z[base + i] = zs[i]; T[base + i] = ts[i]; }
    }
}
"""


def start() -> np.ndarray:
    """4096 starts near the edge."""
    rng = np.random.default_rng(1)
    return np.ascontiguousarray(rng.uniform([[0.05], [1.5]], [[0.2], [2.2]], (2, N)))


def compiled_c(source: str, folder: Path, stem: str) -> ctypes.CDLL:
    """Compile C as a user would."""
    (folder / f"{stem}.c").write_text(source)
    flags = ["-O3", "-march=native", "-std=c11", "-ffp-contract=fast", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, f"{stem}.c", "-o", f"{stem}.so", "-lm"], check=True, cwd=folder)
    return ctypes.CDLL(str(folder / f"{stem}.so"))


def c_runs(steps: int, folder: Path) -> dict[str, Callable[[], object]]:
    """The straightforward C and the generated C."""
    if shutil.which("gcc") is None:
        SKIPPED["float64 / straightforward blocked C"] = "no gcc"
        return {}
    states = start()
    fixed = np.full(N, EPSILON)
    plain = compiled_c(STRAIGHTFORWARD, folder, "plain").run
    plain.argtypes = [ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_double]
    program = program_for(main_case())
    made = getattr(compiled_c(generate_source(program, "c"), folder, "made"), function_name(program))
    made.argtypes = [ctypes.c_size_t, ctypes.c_size_t, *[ctypes.c_void_p] * 3]

    def run_plain() -> None:
        s = states.copy()
        plain(N, steps, s[0].ctypes.data, s[1].ctypes.data, EPSILON)

    def run_made() -> None:
        s = states.copy()
        made(N, steps, s[0].ctypes.data, s[1].ctypes.data, fixed.ctypes.data)

    return {"plain C": run_plain, "generated C": run_made}


def slow_runs() -> dict[str, tuple[Callable[[], object], int]]:
    """What loops over steps in Python: name to (run, steps)."""
    states = start()
    z, t = sp.symbols("z T", real=True)
    source = main_case()
    expressions = [sp.expand(c.subs(source.parameters[0], sp.Rational(1, 50))) for c in source.components]
    step = sp.lambdify(source.variables, expressions, "numpy", cse=True)
    assert (z, t) == source.variables

    def by_hand() -> None:
        x, y = states
        a, b = 1 - EPSILON, 2 * EPSILON
        for _ in range(200):
            t1 = a * y + b * x
            t2 = a * t1 + EPSILON * y
            xx = x * x
            x, y = x - x * y + 0.5 * xx * t1, y - 2 * x * t1 + xx * t2

    def lambdified() -> None:
        x, y = states
        for _ in range(50):
            x, y = step(x, y)

    runs: dict[str, tuple[Callable[[], object], int]] = {"NumPy": (by_hand, 200), "lambdify": (lambdified, 50)}
    try:
        import heyoka as hy
    except ImportError:
        for row in ("float64 / heyoka cfunc", "float64 / heyoka cfunc, epsilon fixed"):
            SKIPPED[row] = "heyoka is not installed (pip install heyoka)"
        return runs
    hy.set_nthreads(1)  # one core against one core: large batches are spread over all of them otherwise
    hx, ht = hy.make_vars("z", "T")

    def compiled(e: Any) -> Any:
        t1 = (1 - e) * ht + 2 * e * hx
        t2 = (1 - e) * t1 + e * ht
        outputs = [hx - hx * ht + 0.5 * hx**2 * t1, ht - 2 * hx * t1 + hx**2 * t2]
        return hy.cfunc(outputs, vars=[hx, ht], compact_mode=False)

    def stepping(function: Any, **more: Any) -> Callable[[], object]:
        def run() -> None:
            now, then = states.copy(), np.empty_like(states)
            for _ in range(1000):
                function(now, outputs=then, **more)
                now, then = then, now

        return run

    # as the kernel takes it, epsilon is given for each trajectory; and, easier, fixed when heyoka compiles
    runs["heyoka"] = (stepping(compiled(hy.par[0]), pars=np.full((1, N), EPSILON)), 1000)
    runs["heyoka, epsilon fixed"] = (stepping(compiled(EPSILON)), 1000)
    return runs


def float64_ratios() -> dict[str, float | Ratio]:
    """The double kernel."""
    steps = 20_000
    kernel = lane_kernel(main_case())
    operations = kernel.program.count.total
    states, fixed = start(), np.array([EPSILON])
    five = factored_kernel()
    factors, _ = five.enter(states, fixed)
    both = np.concatenate([states, states], axis=1)
    fused = 4 * N * steps
    with tempfile.TemporaryDirectory() as folder:
        times = take_turns(
            {
                "kernel": lambda: kernel.advance(states, fixed, steps),
                "factored": lambda: five.kernel.advance(factors, fixed, steps),
                **{f"peak {shape}": peak_run(*shape, fused) for shape in SHAPES},
                **c_runs(steps, Path(folder)),
            },
            rounds=40,
        )
    shared = take_turns(
        {f"{k} threads": lambda k=k: kernel.advance(both, fixed, steps, threads=k) for k in (1, 2)},  # type: ignore[misc]
        rounds=40,
    )
    peaks = [f"peak {shape}" for shape in SHAPES]
    rate, limit = N * steps / times.taken("kernel"), fused / times.taken(peaks)
    # of one round: the pure loop makes `fused` operations, the kernel `operations` for each step
    share = 1 / times.ratio("kernel", peaks) * (N * steps * operations / fused)
    ratios: dict[str, float | Ratio] = {
        "operations a step: 8 allowed / used": 8 / operations,
        "float64: G steps/s on one core": rate * 1e-9,
        "float64: G FMA/s of the core, pure loop": limit * 1e-9,
        "float64: fraction of the FMA limit for its operations": share,
        "five operations: G steps/s on one core": N * steps / times.taken("factored") * 1e-9,
        "five operations / six": times.ratio("kernel", "factored"),
        "float64: 2 threads / 1 thread": shared.ratio("1 threads", "2 threads"),
    }
    if "plain C" in times.seconds:
        ratios["float64 / straightforward blocked C"] = times.ratio("plain C", "kernel")
        ratios["generated C / straightforward blocked C"] = times.ratio("plain C", "generated C")
    slow = slow_runs()
    # the kernel again beside them: it has to meet the same moments
    beside = take_turns(
        {"kernel": lambda: kernel.advance(states, fixed, steps), **{k: run for k, (run, _) in slow.items()}}, rounds=11
    )
    for name, (_, own) in slow.items():
        label = {"NumPy": "NumPy by hand"}.get(name, name).replace("heyoka", "heyoka cfunc")
        ratios[f"float64 / {label}"] = beside.ratio(name, "kernel") * (steps / own)
    return ratios


def jax_ratios() -> dict[str, float | Ratio]:
    """The generated JAX kernel against the lanes, and against its own loop of single steps."""
    rows = ("JAX kernel / its loop of single steps", "float64 / JAX kernel")
    try:
        import jax
    except ImportError:
        SKIPPED.update(dict.fromkeys(rows, "jax is not installed (pip install jax)"))
        return {}
    steps, kernel, states = 4096, lane_kernel(main_case()), start()
    text = generate_source(program_for(main_case()), "jax")
    spaces: list[dict[str, Any]] = [{}, {}]
    exec(text, spaces[0])
    exec(text.replace(f"range({UNROLLED})", "range(1)").replace(f"// {UNROLLED}", "// 1"), spaces[1])
    given = [jax.numpy.asarray(a) for a in (*states, np.full(N, EPSILON))]
    times = take_turns(
        {
            "lanes": lambda: kernel.advance(states, np.array([EPSILON]), steps),
            **{str(i): lambda s=s: jax.block_until_ready(s["iterate"](*given, steps)) for i, s in enumerate(spaces)},  # type: ignore[misc]
        }
    )
    return {rows[0]: times.ratio("1", "0"), rows[1]: times.ratio("0", "lanes")}


def wide_ratios() -> dict[str, float | Ratio]:
    """Double-double and quad-double against the generated MPFR kernel at the same bits, one core each."""
    source = main_case()
    mpfr = compile_map(source, "mpfr")
    ratios: dict[str, float | Ratio] = {}
    for name, terms, bits, steps in (("double-double", 2, 106, 600), ("quad-double", 4, 212, 60)):
        kernel = lane_kernel(source, name)
        states = np.zeros((2, terms, N))
        states[:, 0] = start()
        fixed = np.zeros((1, terms))
        fixed[0, 0] = EPSILON

        def scalar(bits: int = bits) -> None:
            with gmpy2.context(gmpy2.get_context(), precision=bits):
                values = [gmpy2.mpfr(x) for x in (0.1, 1.9, EPSILON)]
                mpfr.run(values[:2], values[2:], MPFR_STEPS, gmpy2.mpfr(-1), gmpy2.mpfr(10) ** 6)

        times: Rounds = take_turns(
            {"wide": lambda k=kernel, s=states, f=fixed, n=steps: k.advance(s, f, n), "mpfr": scalar}  # type: ignore[misc]
        )
        ratios[f"{name}: M steps/s on one core"] = N * steps / times.taken("wide") * 1e-6
        ratios[f"{name} / MPFR at {bits} bits"] = times.ratio("mpfr", "wide") * (N * steps / MPFR_STEPS)
    return ratios


LATENCY = """
import time
from edgestab.symbolic.models.quadratic import main_case
source = main_case()
import numpy as np
begun = time.perf_counter()
from edgestab.numeric.codegen.factored import factored_kernel
from edgestab.numeric.codegen.lane_kernels import lane_kernel
lane_kernel(source).advance(np.ones((2, 3)), np.array([0.1]), 1)
print(time.perf_counter() - begun)
"""


def latency_ratios() -> dict[str, float | Ratio]:
    """A new process each: search, generate, compile and run; and the same with everything in the cache."""

    def seconds(folder: str) -> float:
        environment: Any = {**os.environ, "EDGESTAB_CACHE": folder, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", LATENCY], env=environment, check=True, capture_output=True, text=True
        )
        return float(done.stdout)

    first, cached = [], []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder:
            first.append(seconds(folder))
            cached += [seconds(folder), seconds(folder)]
    return {
        "latency: 3 s / first use": 3 / Ratio.of(first),
        "latency: 0.3 s / from the cache": 0.3 / Ratio.of(cached),
    }


def measure() -> dict[str, float | Ratio]:
    """All ratios of this bench."""
    return {**float64_ratios(), **jax_ratios(), **wide_ratios(), **latency_ratios()}
