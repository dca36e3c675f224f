"""The convention ledger: what eq. 22 of Theorem 2 becomes under each reading of "variances s_z^2, s_J^2 and 1"."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ..algebra.symbols import symbol
from .acceleration import Acceleration

_D, _P, _SIGMA_Q, _SIGMA_Z = (symbol(n) for n in ("D", "P", "sigma_Q", "sigma_z"))
_HALF, _ONE = sp.Rational(1, 2), sp.Integer(1)


@dataclass(frozen=True)
class Reading:
    """One way to read the printed hypotheses.

    Attributes:
        name: slug.
        meaning: in words.
        law: of the slices of the symmetrised Q, a key of ``LAWS``.
        variance: off-diagonal variance of the symmetrised Q.
        speed: the flow is ``speed`` times the plain ``d theta/dt = -J' z`` (loss ``|z|^2 / 2``).
    """

    name: str
    meaning: str
    law: str
    variance: sp.Expr
    speed: sp.Expr = _ONE

    def ratio(self, acceleration: Acceleration) -> sp.Expr:
        """``E[d2 lambda/dt2] / E[lambda]`` at any size, with ``m_1``, ``m_2`` the moments of the eigenvalue."""
        return sp.factor(self.speed**2 * acceleration.ratio.subs(_SIGMA_Q, sp.sqrt(self.variance)))

    def leading(self, acceleration: Acceleration) -> sp.Expr:
        """Its leading term for large D and P at a fixed quotient."""
        return sp.factor(self.speed**2 * acceleration.leading_ratio().subs(_SIGMA_Q, sp.sqrt(self.variance)))

    def holds(self, acceleration: Acceleration) -> str:
        """``always``, ``if D = P``, or ``no``: whether the leading term is ``sigma_z^2``, as printed."""
        quotient = sp.cancel(self.leading(acceleration) / _SIGMA_Z**2)
        if quotient == 1:
            return "always"
        return "if D = P" if sp.cancel(quotient.subs(_D, _P)) == 1 else "no"


READINGS: tuple[Reading, ...] = (
    Reading("symmetric-goe", "symmetric Q, off-diagonal variance 1, diagonal variance 2", "goe", sp.Integer(1)),
    Reading("symmetric-iid", "symmetric Q, variance 1 on and above the diagonal", "iid", sp.Integer(1)),
    Reading("half-sum", "Q = (A + A')/2 with independent A_aij of variance 1", "goe", _HALF),
    Reading("sum", "Q = A + A', as from f = theta' A theta, variance of A 1", "goe", sp.Integer(2)),
    Reading("mean-loss", "Q = (A + A')/2, loss averaged over outputs: |z|^2 / (2 D)", "goe", _HALF, 1 / _D),
    Reading("no-half-loss", "Q = (A + A')/2, loss |z|^2 without the 1/2", "goe", _HALF, sp.Integer(2)),
    Reading("per-parameter", "Q = (A + A')/2 with variance of A 1/P^2 (NTK parameterisation)", "goe", _HALF / _P**2),
    Reading("scaled-half-sum", "Q = (A + A')/2 with variance of A 1/(D P)", "goe", _HALF / (_D * _P)),
    Reading("scaled-goe", "symmetric GOE-like Q of off-diagonal variance 1/(2 D P)", "goe", _HALF / (_D * _P)),
    Reading(
        "scaled-time",
        "Q = (A + A')/2, time in units of 1/sqrt(D P)",
        "goe",
        _HALF,
        1 / sp.sqrt(_D * _P),
    ),
    Reading("scaled-iid", "symmetric Q, variance 1/(2 D P) on and above the diagonal", "iid", _HALF / (_D * _P)),
)


def condition(acceleration: Acceleration) -> sp.Equality:
    """When eq. 22 stands: ``2 D P sigma_Q^2 speed^2 = 1``, solved from the derived leading ratio.

    Args:
        acceleration: for GOE-like Q.

    Returns:
        The equation for ``sigma_Q^2`` at unit speed; at another speed the variance is divided by its square.
    """
    variance = sp.Dummy("variance", positive=True)
    leading = acceleration.leading_ratio().subs(_SIGMA_Q, sp.sqrt(variance))
    (solved,) = sp.solve(sp.Eq(leading, _SIGMA_Z**2), variance)
    return sp.Eq(_SIGMA_Q**2, solved)
