"""Random quadratic regression models: the laws of z, J and Q at initialisation.

``sigma_q`` is always the standard deviation of an OFF-DIAGONAL entry of the symmetric Q, whichever law is chosen, so
that the laws differ only where they must: on the diagonal, and beyond the second moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from .model import RegressionState
from .validation import check_count, check_memory, check_positive, refuse

Array = np.ndarray[Any, np.dtype[Any]]
Entries = Literal["gaussian", "rademacher", "uniform", "student"]
CurvatureLaw = Literal["goe", "iid", "symmetrised"]

# Student entries need a finite fourth moment, so more than 4 degrees of freedom.
STUDENT_FREEDOM = 5.0


@dataclass(frozen=True)
class RegressionEnsemble:
    """A law of ``(z, J, Q)``: independent entries of zero mean.

    Attributes:
        outputs: Number of outputs D.
        parameters: Number of parameters P.
        sigma_z: Standard deviation of the residual's entries.
        sigma_j: Standard deviation of the Jacobian's entries.
        sigma_q: Standard deviation of an off-diagonal entry of Q.
        entries: Law of one entry: "gaussian", "rademacher", "uniform" or "student" (5 degrees of freedom).
        curvature: Law of one slice of Q: "goe" (diagonal of twice the variance), "iid" (diagonal of the same
            variance), or "symmetrised" (``(A + A') / 2`` with i.i.d. A of standard deviation ``sqrt(2) sigma_q``;
            the GOE law for Gaussian entries, another law for all others).
        correlation: Correlation of ``J[a, i]`` with ``z[a]``, in ``[-1, 1]``.
    """

    outputs: int
    parameters: int
    sigma_z: float = 1.0
    sigma_j: float = 1.0
    sigma_q: float = 1.0
    entries: Entries = "gaussian"
    curvature: CurvatureLaw = "goe"
    correlation: float = 0.0

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            DomainError: On sizes below 1, deviations not above 0, an unknown law, a correlation outside [-1, 1].
        """
        where = "RegressionEnsemble()"
        check_count(where, "outputs", self.outputs)
        check_count(where, "parameters", self.parameters)
        for name in ("sigma_z", "sigma_j", "sigma_q"):
            check_positive(where, name, getattr(self, name))
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
        """Return the ensemble in the units where eq. 22 reads as printed at large size.

        ``sigma_j = P^(-1/2)`` keeps ``lambda_max`` of order one and ``sigma_q = (2 D P)^(-1/2)`` makes the large-size
        ratio ``E[lambda''] / E[lambda]`` equal to ``sigma_z^2``.

        Args:
            outputs: Number of outputs D.
            parameters: Number of parameters P.
            sigma_z: Standard deviation of the residual's entries.
            entries: Law of one entry.
            curvature: Law of one slice of Q.
            correlation: Correlation of ``J[a, i]`` with ``z[a]``.

        Returns:
            The ensemble.

        Source: Agarwala, Pedregosa and Pennington 2022, Theorem 2.
        """
        check_count("RegressionEnsemble.normalised()", "outputs", outputs)
        check_count("RegressionEnsemble.normalised()", "parameters", parameters)
        return cls(
            outputs,
            parameters,
            sigma_z,
            1 / math.sqrt(parameters),
            1 / math.sqrt(2 * outputs * parameters),
            entries,
            curvature,
            correlation,
        )

    def with_sigma_z(self, sigma_z: float) -> RegressionEnsemble:
        """Return the same ensemble with another residual scale."""
        return replace(self, sigma_z=sigma_z)

    @property
    def bytes_needed(self) -> int:
        """Peak memory of one sample: Q and its transposed partner while it is made symmetric."""
        return 8 * self.outputs * self.parameters * (2 * self.parameters + 1)

    def sample(self, seed: int, index: int = 0) -> RegressionState:
        """Draw one state; ``(seed, index)`` fixes it, and the same pair gives the same directions at every scale.

        Args:
            seed: Seed of the ensemble.
            index: Number of the sample.

        Returns:
            The state, dense Q.

        Raises:
            DomainError: If Q does not fit into the free memory (said before it is drawn).
        """
        check_memory(
            "RegressionEnsemble.sample()",
            self.bytes_needed,
            f"a dense Q of shape ({self.outputs}, {self.parameters}, {self.parameters})",
            "Lower D or P, or use the sampler in O(D + P) memory where only the initialisation matters.",
        )
        rng = np.random.default_rng([seed, index])
        residual = self._draw(rng, (self.outputs,))
        noise = self._draw(rng, (self.outputs, self.parameters))
        free = math.sqrt(1 - self.correlation**2)
        jacobian = self.correlation * residual[:, None] + free * noise
        return RegressionState(self.sigma_z * residual, self.sigma_j * jacobian, self.sigma_q * self._slices(rng))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Return independent entries of zero mean and unit variance."""
        if self.entries == "gaussian":
            return rng.standard_normal(shape)
        if self.entries == "rademacher":
            return 2.0 * rng.integers(0, 2, shape) - 1.0
        if self.entries == "uniform":
            return math.sqrt(3) * rng.uniform(-1, 1, shape)
        return rng.standard_t(STUDENT_FREEDOM, shape) / math.sqrt(STUDENT_FREEDOM / (STUDENT_FREEDOM - 2))

    def _slices(self, rng: np.random.Generator) -> Array:
        """Return D symmetric slices with unit variance off the diagonal."""
        full = self._draw(rng, (self.outputs, self.parameters, self.parameters))
        if self.curvature == "symmetrised":
            return np.asarray((full + full.transpose(0, 2, 1)) / math.sqrt(2))
        upper = np.triu(full, 1)
        result = upper + upper.transpose(0, 2, 1)
        axis = np.arange(self.parameters)
        stretch = math.sqrt(2) if self.curvature == "goe" else 1.0
        result[:, axis, axis] = stretch * full[:, axis, axis]
        return result
