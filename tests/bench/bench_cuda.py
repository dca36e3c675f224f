"""Generated kernels on a GPU against the device's own limit of multiply-adds; skipped, with its reason, without one.

The limit is that of a loop of multiply-adds which nothing holds up: independent ones, two registers each. One of three
registers takes an H100 half as long again (their ports), which bounds the kernels whose trajectories each have their
own epsilon: three of its six multiply-adds are such, six of the eight operations of a sweep, for which that leaves two
thirds of the limit.
"""

from typing import Any

import numpy as np

from edgestab.numeric.codegen.cuda_device import load_module, need_device
from edgestab.numeric.codegen.lane_kernels import kernel_of, lane_kernel
from edgestab.numeric.codegen.scheduling import program_for
from edgestab.numeric.codegen.targets.cuda_source import SourceArithmetic
from edgestab.numeric.codegen.targets.registry import generate_source
from edgestab.numeric.sweeps.chunk import enter
from edgestab.numeric.sweeps.cuda_kernel import launch, upload
from edgestab.numeric.sweeps.grid import make_sweep_grid
from edgestab.numeric.sweeps.kernel import sweep_program
from edgestab.numeric.sweeps.run import sweep
from edgestab.symbolic.algebra.errors import CodegenError
from edgestab.symbolic.models.quadratic import main_case
from tests.bench.timing import Ratio, take_turns

N = 1 << 20
STEPS = 20_000
CHAINS = 4
BLOCK = 128
SHARE = 1024
"""Of the trajectories a core runs one in so many."""
LIMITS = (100_000, 1e-16, 1e6)

TARGETS = {
    "cuda float64, one epsilon: fraction of the FMA limit": 0.9,
    "cuda float64, an epsilon each: fraction of the FMA limit": 0.9,
    "cuda double-double: fraction of the FMA limit for its operations": 0.8,
    "cuda quad-double: fraction of the FMA limit for its operations": 0.8,
    "cuda sweep: fraction of the FMA limit for its operations": 0.7,
    "jax on the same GPU: steps a second against cuda, an epsilon each": 1 / 3,
}
SKIPPED: dict[str, str] = {}

PEAK = """
extern "C" __global__ void peak(double *values, long long passes)
{
    double x[CHAINS];
    const long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    for (int i = 0; i < CHAINS; ++i) x[i] = values[at] + i;
    for (long long pass = 0; pass < passes; ++pass)
        #pragma unroll
        for (int i = 0; i < CHAINS; ++i) x[i] = __fma_rn(x[i], 0.999, 0.001);
    double sum = 0.0;
    for (int i = 0; i < CHAINS; ++i) sum += x[i];
    values[at] = sum;
}
""".replace("CHAINS", str(CHAINS))


def operations(terms: int) -> int:
    """Operations of doubles in one fused multiply-add of expansions; a sign is none."""
    arithmetic = SourceArithmetic()
    arithmetic.operation("fma", terms, [[f"{name}{i}" for i in range(terms)] for name in "abc"])
    return sum("__" in line for line in arithmetic.lines)


def jax_kernel(states: Any) -> Any:
    """The generated JAX kernel on the same GPU, where JAX finds one."""
    name = "jax on the same GPU: steps a second against cuda, an epsilon each"
    try:
        import jax
    except ModuleNotFoundError:
        SKIPPED[name] = "JAX is not installed"
        return None
    if jax.devices()[0].platform == "cpu":
        SKIPPED[name] = "JAX finds no GPU"
        return None
    space: dict[str, Any] = {}
    exec(compile(generate_source(program_for(main_case()), "jax"), "<jax kernel>", "exec"), space)
    given = [jax.numpy.asarray(a) for a in (*states, np.full(N, 0.02))]
    return lambda: jax.block_until_ready(space["iterate"](*given, STEPS))


def measure() -> dict[str, float | Ratio]:
    """All ratios of this bench; none where no GPU is."""
    try:
        cupy = need_device("bench")
    except CodegenError as error:
        SKIPPED.update(dict.fromkeys(TARGETS, str(error)))
        return {}
    rng = np.random.default_rng(1)
    states = rng.uniform([[0.05], [1.5]], [[0.2], [2.2]], (2, N))
    there, epsilon = cupy.asarray(states), cupy.full((1, N), 0.02)
    kernel = lane_kernel(main_case(), "cuda")
    wide: dict[int, Any] = {}
    for terms, name in ((2, "cuda-double-double"), (4, "cuda-quad-double")):
        two, fixed = cupy.zeros((2, terms, N)), cupy.zeros((1, terms, N))
        two[:, 0], fixed[:, 0] = there, 0.02
        wide[terms] = (lane_kernel(main_case(), name), two, fixed, STEPS // (50 if terms == 2 else 400))
    on_lanes = kernel_of(program_for(main_case()), "float64")
    peak, values = load_module(PEAK).get_function("peak"), cupy.zeros(N)
    fused = STEPS * kernel.program.count.total // CHAINS
    grid = make_sweep_grid(epsilon="5e-4:0.1:2048:log", z="-0.5:0.7:8192", T=2)
    lanes, program = grid.lanes(0, grid.size), sweep_program(main_case())
    arrays = upload(program, enter(lanes), lanes["epsilon"])
    launch(program, arrays, *LIMITS)
    total = int(arrays[-2][:, 3].sum())

    def on_device(run: Any) -> Any:
        def timed() -> None:
            run()
            cupy.cuda.get_current_stream().synchronize()

        return timed

    contenders = {
        "peak": on_device(lambda: peak((N // BLOCK,), (BLOCK,), (values, np.int64(fused)))),
        "each": on_device(lambda: kernel.launch(there.copy(), epsilon, STEPS)),
        "one": on_device(lambda: kernel.launch_shared(there.copy(), np.array([0.02]), STEPS)),
        "sweep": on_device(lambda: launch(program, arrays, *LIMITS)),
        "whole": lambda: sweep(grid, steps=LIMITS[0], device="cuda"),
        **{
            f"wide {terms}": on_device(lambda k=k, s=s, f=f, n=n: k.launch(s.copy(), f, n))
            for terms, (k, s, f, n) in wide.items()
        },
        "one core": lambda: on_lanes.advance(states[:, : N // SHARE], np.array([0.02]), STEPS),
    }
    on_jax = jax_kernel(states)
    if on_jax is not None:
        contenders["jax"] = on_jax
    times = take_turns(contenders)
    limit = N * CHAINS * fused
    device = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    counted = sum(op.kind != "move" for op in program.body)

    def share(name: str, done: float) -> Ratio:
        return times.ratio("peak", name) * (done / limit)

    found: dict[str, float | Ratio] = {
        f"cuda, {device}: T FMA/s of the device": limit * 1e-12 / times.taken("peak"),
        "cuda float64, one epsilon: T steps/s": N * STEPS * 1e-12 / times.taken("one"),
        "cuda float64, one epsilon: fraction of the FMA limit": share("one", 6.0 * N * STEPS),
        "cuda float64, an epsilon each: T steps/s": N * STEPS * 1e-12 / times.taken("each"),
        "cuda float64, an epsilon each: fraction of the FMA limit": share("each", 6.0 * N * STEPS),
        "cuda float64, one epsilon: steps a second against one core's lanes": times.ratio("one core", "one") * SHARE,
        "cuda sweep: T steps/s": total * 1e-12 / times.taken("sweep"),
        "cuda sweep: fraction of the FMA limit for its operations": share("sweep", float(total * counted)),
        f"cuda sweep of {grid.size:,} starts, with all that the host does: s": times.taken("whole"),
    }
    for terms, name in ((2, "double-double"), (4, "quad-double")):
        done = float(N * wide[terms][3])
        found[f"cuda {name}: G steps/s"] = done * 1e-9 / times.taken(f"wide {terms}")
        found[f"cuda {name}: fraction of the FMA limit for its operations"] = share(
            f"wide {terms}", done * 6 * operations(terms)
        )
    if on_jax is not None:
        found["jax on the same GPU: steps a second against cuda, an epsilon each"] = times.ratio("each", "jax")
    return found
