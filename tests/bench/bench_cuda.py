"""Generated kernels on a GPU against the device's own limit of multiply-adds; skipped, with its reason, without one."""

from typing import Any

import numpy as np

from edgestab.numeric.codegen.cuda_device import BLOCK, load_module, need_device
from edgestab.numeric.codegen.lane_kernels import lane_kernel
from edgestab.numeric.sweeps.chunk import SweepJob, program_digest, run_job
from edgestab.numeric.sweeps.cuda_kernel import drive_on_device
from edgestab.numeric.sweeps.grid import make_sweep_grid
from edgestab.numeric.sweeps.kernel import sweep_program
from edgestab.symbolic.algebra.errors import CodegenError
from edgestab.symbolic.models.quadratic import main_case
from tests.bench.timing import Ratio, take_turns

N = 1 << 20
STEPS = 20_000
CHAINS = 8

TARGETS = {
    "cuda float64: fraction of the FMA limit for its operations": 0.9,
    "cuda sweep: fraction of the FMA limit for its operations": 0.7,
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
    wide = lane_kernel(main_case(), "cuda-double-double")
    two = cupy.zeros((2, 2, N))
    two[:, 0] = there
    fixed = cupy.zeros((1, 2, N))
    fixed[:, 0] = 0.02
    peak, values = load_module(PEAK).get_function("peak"), cupy.zeros(N)
    fused = STEPS * kernel.program.count.total // CHAINS
    grid = make_sweep_grid(epsilon="5e-4:0.1:1024:log", z="-0.5:0.7:1024", T=2)
    job = SweepJob(grid.lanes(0, grid.size), 100_000, 1e-8, 1e6, program_digest())
    total = int(run_job(job, drive_on_device)["steps"].sum())

    def on_device(run: Any) -> Any:
        def timed() -> None:
            run()
            cupy.cuda.get_current_stream().synchronize()

        return timed

    times = take_turns(
        {
            "peak": on_device(lambda: peak((N // BLOCK,), (BLOCK,), (values, np.int64(fused)))),
            "kernel": on_device(lambda: kernel.launch(there.copy(), epsilon, STEPS)),
            "wide": on_device(lambda: wide.launch(two.copy(), fixed, STEPS // 50)),
            "sweep": lambda: run_job(job, drive_on_device),
        }
    )
    limit = N * CHAINS * fused / times.taken("peak")
    device = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    operations = sum(op.kind != "move" for op in sweep_program(main_case()).body)
    whole = 1 / times.ratio("sweep", "peak") * (total * operations / (N * CHAINS * fused))
    return {
        f"cuda, {device}: T FMA/s of the device, pure loop": limit * 1e-12,
        "cuda float64: G steps/s": N * STEPS / times.taken("kernel") * 1e-9,
        "cuda float64: fraction of the FMA limit for its operations": times.ratio("peak", "kernel"),
        "cuda double-double: G steps/s": N * (STEPS // 50) / times.taken("wide") * 1e-9,
        "cuda sweep: G steps/s": total / times.taken("sweep") * 1e-9,
        "cuda sweep: fraction of the FMA limit for its operations": whole,
    }
