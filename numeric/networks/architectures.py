"""Fully connected networks in a few lines of JAX, for runs from the command line and for claims."""

from __future__ import annotations

import math
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from ...symbolic.algebra.errors import DomainError
from ..runs.limits import check_memory, check_seed
from .backends.backend import Array
from .problem import Problem

ACTIVATIONS = ("tanh", "relu", "gelu", "softplus", "elu", "linear")
WIDEST = 1_000_000
COPIES = 6
"""Vectors of parameters in float64 that are there at once when a problem is made: drawn, flat, as layers, gradients."""
"""Units of the widest layer."""

Layers = list[tuple[Array, Array]]


def draw_layers(sizes: tuple[int, ...], seed: int, gain: float = 1.0) -> Layers:
    """Draw the weights of a fully connected network: variance ``gain^2 / fan-in``, zero bias.

    Args:
        sizes: widths from input to output, each at least 1.
        seed: seed of NumPy's generator.
        gain: scale of the weights.

    Returns:
        One ``(weights (in, out), bias (out,))`` for each layer, float64.

    Raises:
        DomainError: fewer than two sizes, one that is no whole number of at least 1, or a gain that is not finite.

    Source:
        LeCun initialisation (LeCun et al. 1998).

    Example:
        >>> [w.shape for w, _ in es.networks.draw_layers((2, 3, 1), seed=0)]
        [(2, 3), (3, 1)]
    """
    whole = all(isinstance(width, int | np.integer) and not isinstance(width, bool) for width in sizes)
    if len(sizes) < 2 or not whole or any(not 1 <= width <= WIDEST for width in sizes):
        expected = f"at least two sizes, each in 1..{WIDEST}"
        raise DomainError.of("draw_layers()", expected, sizes, "Give input, .., output.")
    scale: Any = gain
    if not isinstance(scale, Real) or not math.isfinite(float(scale)):
        raise DomainError.of("draw_layers()", "a finite gain", repr(gain), "1 keeps the size of activations.")
    rng = np.random.default_rng(check_seed("draw_layers()", seed))
    return [(gain / math.sqrt(a) * rng.standard_normal((a, b)), np.zeros(b)) for a, b in pairwise(sizes)]


def _drawn(sizes: tuple[int, ...], seed: int, gain: float) -> Layers:
    """Weights, after a look at whether they fit into memory with their gradient."""
    if all(isinstance(width, int | np.integer) for width in sizes):
        count = sum((int(a) + 1) * int(b) for a, b in pairwise(sizes))
        what = f"a network of {count:,} parameters with its gradient"
        check_memory("fully_connected()", COPIES * 8 * count, what, "Take narrower layers.")
    return draw_layers(sizes, seed, gain)


def apply_layers(activation: str = "tanh") -> Any:
    """The function ``model(layers, inputs)`` of a fully connected network with a linear last layer, in JAX.

    Args:
        activation: one of tanh, relu, gelu, softplus, elu, linear.

    Returns:
        The function.

    Raises:
        DomainError: another activation, or JAX is not installed.

    Source:
        Standard.

    Example:
        >>> model = es.networks.apply_layers("tanh")
        >>> model(es.networks.draw_layers((2, 3, 1), seed=0), [[1.0, 1.0]]).shape
        (1, 1)
    """
    from .backends.jax_backend import need_jax

    jax = need_jax("apply_layers()")
    if activation not in ACTIVATIONS:
        raise DomainError.of("apply_layers()", f"one of {', '.join(ACTIVATIONS)}", activation, "Choose one of these.")
    bend = {"tanh": jax.numpy.tanh, "linear": lambda x: x}.get(activation) or getattr(jax.nn, activation)

    def model(layers: Any, inputs: Any) -> Any:
        current = jax.numpy.asarray(inputs)
        width = np.shape(layers[0][0])[0]
        if current.ndim < 1 or current.shape[-1] != width:
            got = f"inputs of shape {current.shape}"
            raise DomainError.of(
                "apply_layers()", f"inputs (.., {width})", got, "Their width is that of the first layer."
            )
        for weights, bias in layers[:-1]:
            current = bend(current @ weights + bias)
        weights, bias = layers[-1]
        return current @ weights + bias

    return model


def fully_connected(
    inputs: Any,
    targets: Any,
    *,
    hidden: tuple[int, ...] = (40, 40),
    activation: str = "tanh",
    loss: Any = "mse",
    outputs: int | None = None,
    seed: int = 0,
    gain: float = 1.0,
    chunk: int | None = None,
    dtype: str = "float64",
) -> Problem:
    """A fully connected network on a data set, as a problem in JAX.

    Args:
        inputs: shape ``(N, d)``.
        targets: shape ``(N, C)``, or labels ``(N,)`` for the cross-entropy.
        hidden: widths of the hidden layers.
        activation: one of tanh, relu, gelu, softplus, elu, linear.
        loss: as for ``Problem.from_jax``.
        outputs: number of classes C; by default that of the targets.
        seed: seed of the weights.
        gain: scale of the weights.
        chunk: examples differentiated at once.
        dtype: ``"float32"`` or ``"float64"``.

    Returns:
        The problem, at freshly drawn weights.

    Raises:
        DomainError: what ``Problem.from_jax`` refuses, or a width below 1.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "Connection with deep models", for the default.

    Example:
        >>> problem = es.networks.fully_connected([[-1.0], [0.0], [1.0]], [[1.0], [0.0], [1.0]], hidden=(4,))
        >>> problem.dimension
        13
    """
    try:
        x, y = np.asarray(inputs), np.asarray(targets)
    except ValueError as error:
        fix = "Give each row the same length."
        raise DomainError.of("fully_connected()", "rectangular arrays", "rows of unequal length", fix) from error
    if x.ndim != 2 or not x.size or y.ndim not in {1, 2} or len(x) != len(y):
        got = f"{x.shape} and {y.shape}"
        raise DomainError.of("fully_connected()", "inputs (N, d), targets (N, C) or labels (N,)", got, "Reshape them.")
    if x.dtype.kind not in "fiub" or y.dtype.kind not in "fiub":
        got = f"{x.dtype} and {y.dtype}"
        raise DomainError.of(
            "fully_connected()", "arrays of real numbers", got, "Convert them; huge integers to floats."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise DomainError.of("fully_connected()", "finite data", "NaN or infinity", "Clean the data first.")
    last = outputs or (y.shape[1] if y.ndim == 2 else int(y.max()) + 1)
    sizes = (x.shape[1], *hidden, last)
    layers = _drawn(sizes, seed, gain)
    return Problem.from_jax(apply_layers(activation), layers, x, y, loss=loss, chunk=chunk, dtype=dtype)
