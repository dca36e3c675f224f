"""Where orbits end that relax before they stop: the slow manifold's limit, measured with the sweep's own kernel."""

from __future__ import annotations

import numpy as np

from .chunk import SweepJob, program_digest, run_job
from .grid import Floats

#: Sample points of the curve ``gap(epsilon)`` in a decade.
DENSITY = 24
#: Residuals at starts on the edge. Negative ones sharpen first and relax fully; further out (below -0.6) orbits come
#: near starts that diverge, and at larger epsilon jump far below the edge.
STARTS = (-0.4, -0.35, -0.3, -0.25, -0.2)
STEPS = 10**9


def reference_gap(epsilon: Floats) -> Floats:
    """``2 - lim T`` of orbits that relax fully: the end of the slow manifold, for each epsilon.

    For a sample of epsilons a few orbits run to their limit, and their median stands for all that relax; between
    samples ``gap / epsilon`` is interpolated. Above epsilon = 0.2 or so orbits stop before they relax fully, the slow
    manifold loses its meaning, and the value is merely that of these orbits.

    Args:
        epsilon: values in (0, 1), any shape.

    Returns:
        The gap, of the same shape. Stated error: 1 % for epsilon up to 0.1.
    """
    low, high = float(epsilon.min()), float(epsilon.max())
    count = int(np.ceil(DENSITY * np.log10(high / low))) + 1
    sample = np.geomspace(low, high, count)
    lanes = {
        "epsilon": np.repeat(sample, len(STARTS)),
        "z": np.tile(STARTS, count),
        "T": np.full(count * len(STARTS), 2.0),
    }
    # the residual only has to be small against epsilon for the limit to be known
    out = run_job(SweepJob(lanes, STEPS, min(1e-6, low / 1e3), 1e6, program_digest()))
    ratio = np.median(out["gap"].reshape(count, -1), axis=1) / sample
    scaled: Floats = np.interp(np.log(epsilon), np.log(sample), ratio) * epsilon
    return scaled
