"""Kernels on a GPU, where there is one: the bits of this processor's kernels."""

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.codegen.cuda_device import need_device
from edgestab.numeric.codegen.lane_kernels import kernel_of
from edgestab.numeric.codegen.scheduling import program_for
from edgestab.numeric.codegen.targets import cuda_source
from edgestab.numeric.sweeps.run import sweep
from edgestab.symbolic.algebra.errors import CodegenError
from edgestab.symbolic.models.quadratic import main_case


def reason() -> str | None:
    """Why nothing can run here."""
    try:
        need_device("tests")
    except CodegenError as error:
        return str(error)
    return None


pytestmark = pytest.mark.skipif(reason() is not None, reason=str(reason()))
RNG = np.random.default_rng(5)


@pytest.mark.parametrize("target", cuda_source.TYPES)
@pytest.mark.parametrize("fused", [1, 2])
def test_kernels_give_the_bits_of_the_lanes(target: str, fused: int) -> None:
    kind = es.codegen.NUMBER_TYPES[cuda_source.TYPES[target]]
    wide = () if kind.terms == 1 else (kind.terms,)
    n = 3001
    states, epsilon = np.zeros((2, *wide, n)), np.zeros((1, *wide, n))
    at = (slice(None),) if not wide else (slice(None), 0)
    states[at] = RNG.uniform([[-0.4], [1.2]], [[0.4], [2.6]], (2, n))
    epsilon[at] = RNG.uniform(0.001, 0.3, (1, n))
    if wide:
        states[:, 1], epsilon[:, 1] = states[:, 0] * 2.0**-60, epsilon[:, 0] * 2.0**-58
    here = kernel_of(program_for(main_case(), fused), kind.name)
    there = es.codegen.lane_kernel(main_case(), target, fused=fused)
    for parameters in (epsilon, epsilon[..., 0]):  # an epsilon each, and one for all
        found = there.advance(states, parameters, 200)
        assert np.array_equal(found, here.advance(states, parameters, 200), equal_nan=True)
        assert np.isfinite(found).all()


@pytest.mark.parametrize("epsilon", ["1e-3:0.4:40:log", "1e-3:0.4:2:log"])
def test_a_sweep_gives_the_bits_of_the_lanes(epsilon: str) -> None:
    """Starts below, on and beyond the edge; in several chunks side by side."""
    grid = es.sweeps.make_sweep_grid(epsilon=epsilon, z="-1.1:0.9:500", T="1.2,1.5,2,2.3,2.9")
    here, there = sweep(grid, steps=3000), sweep(grid, steps=3000, device="cuda", chunk=1700)
    assert here.digest == there.digest
    assert set(np.unique(here["status"])) == {0, 1, 2}
