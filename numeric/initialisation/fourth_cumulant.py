"""Entries of J that are not Gaussian: the first-order effect of their fourth cumulant, by paired simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...symbolic.algebra.errors import DomainError
from ..runs.limits import check_seed
from .eigenvalue_motion import conditional_acceleration
from .laws import Array, InitialEnsemble


@dataclass(frozen=True)
class CumulantEffect:
    """Change of mean eigenvalue and mean acceleration of the largest eigenvalue per unit of the fourth cumulant.

    Attributes:
        simulated: slopes at zero cumulant, eigenvalue then acceleration, for unit variances.
        standard_errors: of these.
        derived: the first-order result of the index calculus.
    """

    simulated: tuple[float, float]
    standard_errors: tuple[float, float]
    derived: tuple[float, float]

    @property
    def z_scores(self) -> tuple[float, float]:
        """Standard errors between both."""
        rows = zip(self.simulated, self.derived, self.standard_errors, strict=True)
        first, second = ((s - d) / e for s, d, e in rows)
        return first, second


def derived_effect(law: InitialEnsemble) -> tuple[float, float]:
    """The derived slopes for unit variances, with the moments of the Wishart law put in."""
    from ...symbolic.algebra.symbols import symbol
    from ...symbolic.wick.cumulants import acceleration_change, eigenvalue_change

    unit = InitialEnsemble(law.outputs, law.parameters)
    values = unit.values() | {symbol("kappa_4"): 1}
    return float(eigenvalue_change().subs(values)), float(acceleration_change().subs(values))


def _conditional(law: InitialEnsemble, j: Array) -> Array:
    """Largest eigenvalue and its conditional acceleration, shape ``(2, batch)``."""
    values = np.linalg.eigvalsh(j @ j.swapaxes(1, 2))[:, ::-1]
    values = np.maximum(values, 0.0)
    top = values[:, 0]
    sums = np.sum(1 / (top[:, None] - values[:, 1:]), axis=1)
    return np.array([top, conditional_acceleration(law, top, values.sum(axis=1), sums)])


def cumulant_effect(
    law: InitialEnsemble, *, samples: int, seed: int, spreads: tuple[float, float] = (0.3, 0.6)
) -> CumulantEffect:
    """Slopes in the fourth cumulant by variance mixtures, paired with the Gaussian entries they are made from.

    An entry is ``sqrt(1 + s) g`` or ``sqrt(1 - s) g`` with equal odds: variance 1, fourth cumulant ``3 s^2``, sixth
    cumulant 0. The slope at 0 comes from two spreads by Richardson's rule, which removes the second order.

    Args:
        law: the ensemble; its standard deviations are taken as 1.
        samples: at least 2, for each spread.
        seed: at least 0.
        spreads: two different values of s in (0, 1).

    Returns:
        Slopes, their errors, and the derived ones.

    Raises:
        DomainError: spreads out of range, or fewer than two samples.
    """
    if samples < 2 or not (0 < spreads[0] < 1 and 0 < spreads[1] < 1) or spreads[0] == spreads[1]:
        raise DomainError.of(
            "cumulant_effect()", "samples >= 2 and two spreads in (0, 1)", (samples, spreads), "Mend these."
        )
    unit = InitialEnsemble(law.outputs, law.parameters)
    rng = np.random.default_rng(check_seed("cumulant_effect()", seed))
    one, two = (3 * s * s for s in spreads)
    weights = (two / one / (two - one), -one / two / (two - one))
    batch = max(1, 400_000 // (law.outputs * law.parameters))
    rows = []
    for start in range(0, samples, batch):
        g = rng.standard_normal((min(batch, samples - start), law.outputs, law.parameters))
        signs = rng.choice([-1.0, 1.0], size=g.shape)
        plain = _conditional(unit, g)
        changes = [_conditional(unit, g * np.sqrt(1 + s * signs)) - plain for s in spreads]
        rows.append(weights[0] * changes[0] + weights[1] * changes[1])
    table = np.concatenate(rows, axis=1)
    means, errors = table.mean(axis=1), table.std(axis=1, ddof=1) / math.sqrt(samples)
    return CumulantEffect((float(means[0]), float(means[1])), (float(errors[0]), float(errors[1])), derived_effect(law))
