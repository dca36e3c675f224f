"""The model in index notation: its gradient flow, its step of descent, and the motion of an eigenvalue of the NTK."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .tensors import (
    ETA,
    Factor,
    Index,
    Rule,
    Tensor,
    differentiate,
    outputs,
    parameters,
    product,
    scaled,
    times,
    truncated,
)


def ntk(a: Index, b: Index) -> Tensor:
    """The NTK ``K_ab = J_ai J_bi``."""
    (i,) = parameters(1)
    return product(Factor("J", (a, i)), Factor("J", (b, i)))


def residual_flow(a: Index) -> Tensor:
    """``dz_a/dt = -J_ai J_bi z_b``."""
    (i,), (b,) = parameters(1), outputs(1)
    return product(Factor("J", (a, i)), Factor("J", (b, i)), Factor("z", (b,)), coefficient=-1)


def jacobian_flow(a: Index, i: Index) -> Tensor:
    """``dJ_ai/dt = -Q_aij J_bj z_b``."""
    (j,), (b,) = parameters(1), outputs(1)
    return product(Factor("Q", (a, i, j)), Factor("J", (b, j)), Factor("z", (b,)), coefficient=-1)


def noise_flow(a: Index, i: Index) -> Tensor:
    """``dJ_ai/dt = N_ai``: a constant perturbation, whose second derivative in the mean is the Laplacian."""
    return product(Factor("N", (a, i)))


Residual = Callable[[Index], Tensor]
Jacobian = Callable[[Index, Index], Tensor]
GRADIENT_FLOW: Mapping[str, Rule] = {"z": residual_flow, "J": jacobian_flow}
NOISE: Mapping[str, Rule] = {"J": noise_flow}


def eigenvalue_derivatives(flow: Mapping[str, Rule]) -> tuple[Tensor, Tensor]:
    """First and second derivative in time of a simple eigenvalue of K, by perturbation theory.

    From ``K w = lambda w``: ``d lambda = w' dK w`` and ``dw = sum_j u_j (u_j' dK w) / (lambda_k - lambda_j)``. The
    first is differentiated with the second and the flow as rules. Factor ``u`` is another eigenvector; a sum over all
    j other than k is understood wherever ``gap`` (that is ``1 / (lambda_k - lambda_j)``) stands.

    Args:
        flow: rules for z and J.

    Returns:
        ``d lambda/dt`` and ``d2 lambda/dt2`` at the start.
    """

    def eigenvector_flow(a: Index) -> Tensor:
        b, c = outputs(2)
        ends = product(Factor("u", (a,)), Factor("u", (b,)), Factor("w", (c,)), Factor("gap", ()))
        return times(ends, differentiate(ntk(b, c), flow))

    a, b = outputs(2)
    first = times(product(Factor("w", (a,)), Factor("w", (b,))), differentiate(ntk(a, b), flow))
    return first, differentiate(first, {**flow, "w": eigenvector_flow})


def step_tensors(residual: Residual, jacobian: Jacobian, order: int) -> tuple[Residual, Jacobian]:
    """One exact step of gradient descent, as tensors truncated in the step size.

    ``z' = z - eta J g + (eta^2 / 2) Q(g, g)`` and ``J' = J - eta Q(g, .)`` with ``g = J'z``.

    Args:
        residual: z as a function of its index, with fresh dummies at each call.
        jacobian: J as a function of its indices.
        order: highest power of eta kept.

    Returns:
        The stepped z and J.
    """

    def gradient(j: Index) -> Tensor:
        (b,) = outputs(1)
        return truncated(times(jacobian(b, j), residual(b)), order)

    def next_residual(a: Index) -> Tensor:
        i, j, k = parameters(3)
        linear = scaled(times(jacobian(a, i), gradient(i)), -ETA)
        quadratic = scaled(times(product(Factor("Q", (a, j, k))), gradient(j), gradient(k)), ETA**2 / 2)
        return truncated(residual(a) + linear + quadratic, order)

    def next_jacobian(a: Index, i: Index) -> Tensor:
        (j,) = parameters(1)
        return truncated(jacobian(a, i) + scaled(times(product(Factor("Q", (a, i, j))), gradient(j)), -ETA), order)

    return next_residual, next_jacobian
