"""The laws of z, J and Q at initialisation: sizes, standard deviations, and how entries and slices of Q are drawn.

``sigma_Q`` is always the standard deviation of an OFF-DIAGONAL entry of the symmetric Q, whichever law is chosen, so
that the laws differ only where they must: on the diagonal, and beyond the second moment.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from ..runs.limits import check_count, check_memory, check_positive
from .largest_eigenvalue import largest_eigenvalue_moments

Array = np.ndarray[Any, np.dtype[Any]]
Entries = Literal["gaussian", "rademacher", "uniform", "student"]
CurvatureLaw = Literal["goe", "iid", "symmetrised"]

# Student entries need a finite fourth moment, so more than 4 degrees of freedom.
STUDENT_FREEDOM = 5.0


@dataclass(frozen=True)
class InitialEnsemble:
    """The law at initialisation in which Theorem 2 is exact: independent Gaussian z and J, GOE-like Q.

    Attributes:
        outputs: D, at least 1.
        parameters: P, at least 1.
        sigma_z: standard deviation of an entry of z, above 0; default 1.
        sigma_J: of an entry of J, above 0; default 1.
        sigma_Q: of an off-diagonal entry of the symmetric slices of Q (the diagonal has twice the variance); default 1.

    Raises:
        DomainError: a size below 1, or a standard deviation that is not finite and positive.

    Source:
        Agarwala, Pedregosa and Pennington 2022, Theorem 2; the exact value at finite size is derived here.

    Example:
        >>> law = es.initialisation.InitialEnsemble(outputs=4, parameters=6)
        >>> round(law.exact_ratio(), 6), law.asymptotic_ratio()
        (77.840939, 48.0)
    """

    outputs: int
    parameters: int
    sigma_z: float = 1.0
    sigma_J: float = 1.0
    sigma_Q: float = 1.0

    def __post_init__(self) -> None:
        where = f"{type(self).__name__}()"
        for name in ("outputs", "parameters"):
            check_count(where, name, getattr(self, name))
        for name in ("sigma_z", "sigma_J", "sigma_Q"):
            check_positive(where, name, getattr(self, name))

    @property
    def rank(self) -> int:
        """``min(D, P)``: the number of non-zero eigenvalues."""
        return min(self.outputs, self.parameters)

    @property
    def edge(self) -> float:
        """``lambda_max`` at large size, the edge of the Marchenko-Pastur law."""
        return float(self.sigma_J**2 * (np.sqrt(self.outputs) + np.sqrt(self.parameters)) ** 2)

    @property
    def relative_curvature(self) -> float:
        """``(sigma_Q / sigma_J)^2``: relative rise of ``lambda_max`` per squared distance, by the displacement law."""
        return (self.sigma_Q / self.sigma_J) ** 2

    def values(self) -> dict[Any, float]:
        """What the symbols of an expectation are for this law, moments of the largest eigenvalue included.

        Returns:
            The symbols of D, P, the standard deviations and ``m_1`` to ``m_6``, as the symbol table has them.
        """
        from ...symbolic.algebra.symbols import symbols

        moments = largest_eigenvalue_moments(self.outputs, self.parameters).moments
        numbers = (self.outputs, self.parameters, self.sigma_z, self.sigma_J, self.sigma_Q)
        found = dict(zip(symbols("D P sigma_z sigma_J sigma_Q"), numbers, strict=True))
        scaled = (m * self.sigma_J ** (2 * q) for q, m in enumerate(moments, 1))
        return found | dict(zip(symbols("m_1 m_2 m_3 m_4 m_5 m_6"), scaled, strict=True))

    def ratio(self, first: float, second: float) -> float:
        """``E[d2 lambda/dt2] / E[lambda]`` from the moments of the eigenvalue, by the derived closed form.

        Args:
            first: ``E[lambda]`` for unit variance of J.
            second: ``E[lambda^2]`` for unit variance of J.

        Returns:
            The ratio.
        """
        sigmas = (self.sigma_z, self.sigma_J, self.sigma_Q)
        return float(closed_ratio()(self.outputs, self.parameters, *sigmas, first, second))

    def exact_ratio(self) -> float:
        """The ratio for the largest eigenvalue, with the moments of the Wishart law: no simulation."""
        moments = largest_eigenvalue_moments(self.outputs, self.parameters)
        return self.ratio(moments.first, moments.second)

    def asymptotic_ratio(self) -> float:
        """The leading term of the ratio for large D and P."""
        return self.ratio(1.0, 0.0)


@lru_cache(maxsize=1)
def closed_ratio() -> Callable[..., float]:
    """The derived closed form as a function of D, P, the standard deviations and the unit moments."""
    import sympy as sp

    from ...symbolic.algebra.symbols import symbols
    from ...symbolic.wick.acceleration import Acceleration

    sigma_J, m1, m2 = symbols("sigma_J m_1 m_2")
    ratio = Acceleration().ratio.subs({m1: sigma_J**2 * m1, m2: sigma_J**4 * m2})
    return sp.lambdify(symbols("D P sigma_z sigma_J sigma_Q m_1 m_2"), sp.cancel(ratio), "math")


def draw_entries(rng: np.random.Generator, entries: Entries, shape: tuple[int, ...]) -> Array:
    """Independent entries of zero mean and unit variance.

    Args:
        rng: source of randomness.
        entries: law of one entry.
        shape: of the array.

    Returns:
        The array.
    """
    if entries == "gaussian":
        return rng.standard_normal(shape)
    if entries == "rademacher":
        return 2.0 * rng.integers(0, 2, shape) - 1.0
    if entries == "uniform":
        return math.sqrt(3) * rng.uniform(-1, 1, shape)
    return rng.standard_t(STUDENT_FREEDOM, shape) / math.sqrt(STUDENT_FREEDOM / (STUDENT_FREEDOM - 2))


def draw_slices(
    rng: np.random.Generator, count: int, parameters: int, law: CurvatureLaw, entries: Entries = "gaussian"
) -> Array:
    """Independent symmetric slices of Q with unit variance off the diagonal.

    Args:
        rng: source of randomness.
        count: number of slices.
        parameters: P.
        law: ``goe`` (diagonal of twice the variance), ``iid`` (of the same variance), or ``symmetrised``:
            ``(A + A') / sqrt 2``, which is ``goe`` for Gaussian entries and another law for all others.
        entries: law of the entries drawn.

    Returns:
        Shape ``(count, P, P)``, made in place.
    """
    slices = draw_entries(rng, entries, (count, parameters, parameters))
    axis = np.arange(parameters)
    for start in range(0, count, step := max(1, 100_000 // parameters**2)):
        piece = slices[start : start + step]
        if law == "symmetrised":
            piece += piece.swapaxes(1, 2).copy()
            piece /= math.sqrt(2)
        else:
            diagonal = piece[:, axis, axis] * (math.sqrt(2) if law == "goe" else 1.0)
            upper = np.triu(piece, 1)
            np.add(upper, upper.swapaxes(1, 2), out=piece)
            piece[:, axis, axis] = diagonal
    return slices


def dense_bytes(outputs: int, parameters: int) -> int:
    """Bytes that one dense sample needs: Q itself, slices in work, and the small matrices."""
    return 8 * (outputs * parameters**2 + 3 * parameters**2 + 8 * outputs * (outputs + parameters))


def check_dense(where: str, outputs: int, parameters: int, limit: int | None = None) -> None:
    """Refuse a dense sample that would not fit, before anything is allocated.

    Args:
        where: function that asks.
        outputs: D.
        parameters: P.
        limit: bytes; default nine tenths of what is available.
    """
    what = f"a dense Q of shape ({outputs}, {parameters}, {parameters})"
    fix = "Lower D or P; at initialisation simulate_ensemble() needs O(D + P) only."
    check_memory(where, dense_bytes(outputs, parameters), what, fix, limit)
