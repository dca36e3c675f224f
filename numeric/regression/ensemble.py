"""Random quadratic regression models: the law at initialisation, other laws of its entries, and dense samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np

from ..initialisation.laws import (
    CurvatureLaw,
    Entries,
    InitialEnsemble,
    check_dense,
    dense_bytes,
    draw_entries,
    draw_slices,
)
from ..runs.limits import check_count, check_seed, refuse
from .model import RegressionState


@dataclass(frozen=True)
class RegressionEnsemble(InitialEnsemble):
    """A law of ``(z, J, Q)``: entries of zero mean, independent but for a correlation of J with z.

    Attributes:
        outputs: D, at least 1.
        parameters: P, at least 1.
        sigma_z: standard deviation of the residual's entries, above 0; default 1.
        sigma_J: of the Jacobian's entries, above 0; default 1.
        sigma_Q: of an off-diagonal entry of Q, above 0; default 1.
        entries: law of one entry: "gaussian" (default), "rademacher", "uniform" or "student" (5 degrees of freedom).
        curvature: law of one slice of Q: "goe" (default; diagonal of twice the variance), "iid" (of the same
            variance), or "symmetrised" (``(A + A') / 2`` with i.i.d. A of standard deviation ``sqrt(2) sigma_Q``).
        correlation: of ``J[a, i]`` with ``z[a]``, in [-1, 1]; default 0.

    Raises:
        DomainError: sizes below 1, deviations not above 0, an unknown law, a correlation outside [-1, 1].

    Source:
        Agarwala, Pedregosa and Pennington 2022, Theorem 2 (Gaussian entries, z independent of J).

    Example:
        >>> law = es.regression.RegressionEnsemble.normalised(12, 24, sigma_z=2.0)
        >>> law.sample(seed=3).Q.shape
        (12, 24, 24)
    """

    entries: Entries = "gaussian"
    curvature: CurvatureLaw = "goe"
    correlation: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        where = "RegressionEnsemble()"
        for name, known in (("entries", get_args(Entries)), ("curvature", get_args(CurvatureLaw))):
            if getattr(self, name) not in known:
                refuse(where, f"{name} as one of {', '.join(known)}", repr(getattr(self, name)), "Choose a listed law.")
        if not -1 <= self.correlation <= 1:
            refuse(where, "correlation in [-1, 1]", repr(self.correlation), "Pass a correlation coefficient.")

    @classmethod
    def normalised(
        cls,
        outputs: int,
        parameters: int,
        sigma_z: float = 1.0,
        *,
        entries: Entries = "gaussian",
        curvature: CurvatureLaw = "goe",
        correlation: float = 0.0,
    ) -> RegressionEnsemble:
        """The ensemble in the units where eq. 22 reads as printed at large size.

        ``sigma_J = P^(-1/2)`` keeps ``lambda_max`` of order one and ``sigma_Q = (2 D P)^(-1/2)`` makes the large-size
        ratio ``E[lambda''] / E[lambda]`` equal to ``sigma_z^2``.

        Args:
            outputs: D.
            parameters: P.
            sigma_z: standard deviation of the residual's entries.
            entries: law of one entry.
            curvature: law of one slice of Q.
            correlation: of ``J[a, i]`` with ``z[a]``.

        Returns:
            The ensemble.
        """
        for name, size in (("outputs", outputs), ("parameters", parameters)):
            check_count("RegressionEnsemble.normalised()", name, size)
        sigmas = (sigma_z, 1 / math.sqrt(parameters), 1 / math.sqrt(2 * outputs * parameters))
        return cls(outputs, parameters, *sigmas, entries, curvature, correlation)

    @property
    def in_theorem_2(self) -> bool:
        """Whether the exact ratio of Theorem 2 holds: Gaussian entries, GOE-like Q, z independent of J."""
        return self.entries == "gaussian" and self.curvature != "iid" and not self.correlation

    def ratio(self, first: float, second: float) -> float:
        """As for the initial ensemble, where it holds.

        Args:
            first: ``E[lambda]`` for unit variance of J.
            second: ``E[lambda^2]`` for unit variance of J.

        Returns:
            The ratio.
        """
        if not self.in_theorem_2:
            refuse("RegressionEnsemble.ratio()", "a law of Theorem 2", self, "No closed form is known; simulate it.")
        return super().ratio(first, second)

    @property
    def bytes_needed(self) -> int:
        """Peak memory of one sample."""
        return dense_bytes(self.outputs, self.parameters)

    def sample(self, seed: int, index: int = 0) -> RegressionState:
        """Draw one state; ``(seed, index)`` fixes it, and the same pair gives the same directions at every scale.

        Args:
            seed: of the ensemble.
            index: number of the sample.

        Returns:
            The state, dense Q.
        """
        check_dense("RegressionEnsemble.sample()", self.outputs, self.parameters)
        where = "RegressionEnsemble.sample()"
        rng = np.random.default_rng([check_seed(where, seed), check_seed(where, index, "index")])
        residual = draw_entries(rng, self.entries, (self.outputs,))
        noise = draw_entries(rng, self.entries, (self.outputs, self.parameters))
        jacobian = self.correlation * residual[:, None] + math.sqrt(1 - self.correlation**2) * noise
        curvature = draw_slices(rng, self.outputs, self.parameters, self.curvature, self.entries)
        curvature *= self.sigma_Q
        return RegressionState(self.sigma_z * residual, self.sigma_J * jacobian, curvature)
