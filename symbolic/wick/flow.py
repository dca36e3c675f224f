"""The model in index notation: its gradient flow, and the motion of an eigenvalue of the NTK."""

from __future__ import annotations

from collections.abc import Mapping

from .tensors import Factor, Index, Rule, Tensor, differentiate, outputs, parameters, product, times


def kernel(a: Index, b: Index) -> Tensor:
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
        return times(ends, differentiate(kernel(b, c), flow))

    a, b = outputs(2)
    first = times(product(Factor("w", (a,)), Factor("w", (b,))), differentiate(kernel(a, b), flow))
    return first, differentiate(first, {**flow, "w": eigenvector_flow})
