"""Names of Theorem 1: weight norm and slow coordinate, the run from an initial weight, where it ends."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from ....symbolic.planar.planar_map import PlanarMap
from ....symbolic.trapping.lyapunov import SlowCoordinate, derive_lyapunov, derive_slow_coordinate
from ...subject import Subject
from .entry import Name


@lru_cache(maxsize=64)
def _derived(one_step: PlanarMap) -> SlowCoordinate:
    return derive_slow_coordinate(derive_lyapunov(one_step))


def _slow(subject: Subject) -> SlowCoordinate:
    return _derived(subject.map)


@lru_cache(maxsize=64)
def _weight_norm(one_step: PlanarMap) -> sp.Expr:
    return derive_lyapunov(one_step).value


def _norm(subject: Subject) -> sp.Expr:
    return _weight_norm(subject.map)


def _after(subject: Subject, value: sp.Expr) -> sp.Expr:
    """A function of the state at the state after one step."""
    step = dict(zip(subject.map.variables, subject.map.components, strict=True))
    return value.subs(step, simultaneous=True)


NAMES = (
    Name(
        "V",
        "the rescaled weight norm epsilon eta |theta|^2, which is T - 2 (1 - epsilon) z",
        "edgestab.trapping.Lyapunov",
        _norm,
    ),
    Name(
        "V'",
        "the rescaled weight norm after one gradient step",
        "edgestab.trapping.Lyapunov",
        lambda subject: _after(subject, _norm(subject)),
    ),
    Name(
        "p",
        "z^2 / (1 - z), which the two-cycles at epsilon = 0 keep",
        value=lambda subject: _slow(subject).invariant,
    ),
    Name(
        "U",
        "the slow coordinate V - 2 - 2 p, zero on the two-cycles at epsilon = 0",
        value=lambda subject: _slow(subject).value,
    ),
    Name(
        "U'",
        "the slow coordinate after one gradient step",
        value=lambda subject: _after(subject, _slow(subject).value),
    ),
    Name(
        "h",
        "the effective curvature 1 - z'/z of the residual in one step",
        value=lambda subject: _slow(subject).effective_curvature,
    ),
    Name("f(theta_0)", "the output of the model, eigenvalues {1, -epsilon}, at theta_0", "edgestab.QuadraticModel"),
    Name("|theta_0|^2", "the squared Euclidean norm of theta_0", "edgestab.QuadraticModel"),
    Name("lambda_0", "the NTK eigenvalue, the squared gradient of the output, at theta_0", "edgestab.QuadraticModel"),
    Name(
        "lambda_1",
        "the NTK eigenvalue after one step of gradient descent on the loss f^2 / 2 with step size eta from theta_0",
        "edgestab.QuadraticModel",
    ),
    Name(
        "lambda_infinity",
        "the limit of the NTK eigenvalue along gradient descent on the loss f^2 / 2 with step size eta from theta_0; "
        "the statement includes that it exists",
        "edgestab.orbits.simulate",
    ),
)
