"""Normalisations of PyTorch from elementary operations, because derivatives of the fused ones are wrong in silence.

PyTorch 2.13 treats mean and variance as constants from the third derivative of layer, batch and instance norm on
(pytorch issues 175754 and 186256), and the norm of weight norm from the second on. From elementary operations all
orders are right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode


def _standard(x: Any, over: tuple[int, ...], eps: float) -> Any:
    """Mean 0 and variance 1 over some axes."""
    centred = x - x.mean(over, keepdim=True)
    return centred * (centred.square().mean(over, keepdim=True) + eps).rsqrt()


def _scaled(x: Any, weight: Any, bias: Any) -> Any:
    """Weight and bias for each channel, the second axis."""
    shape = (1, -1, *(1,) * (x.ndim - 2))
    x = x if weight is None else x * weight.view(shape)
    return x if bias is None else x + bias.view(shape)


def layer_norm(
    input: Any,
    normalized_shape: Any,
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Any:
    """``torch.nn.functional.layer_norm``."""
    x = _standard(input, tuple(range(-len(normalized_shape), 0)), eps)
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def batch_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """``torch.nn.functional.batch_norm``; PyTorch's own where it keeps running statistics."""
    if not training or running_mean is not None:
        return functional.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    return _scaled(_standard(input, (0, *range(2, input.ndim)), eps), weight, bias)


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """``torch.nn.functional.instance_norm``; PyTorch's own where it keeps running statistics."""
    if not use_input_stats or running_mean is not None:
        return functional.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)
    return _scaled(_standard(input, tuple(range(2, input.ndim)), eps), weight, bias)


def weight_norm(v: Any, g: Any, dim: int = 0) -> Any:
    """``torch._weight_norm``."""
    return v * (g / torch.norm_except_dim(v, 2, dim))


OURS: dict[Any, Callable[..., Any]] = {
    functional.layer_norm: layer_norm,
    functional.batch_norm: batch_norm,
    functional.instance_norm: instance_norm,
    torch.layer_norm: layer_norm,
    torch._weight_norm: weight_norm,
}


class ElementaryNorms(TorchFunctionMode):
    """Runs normalisations from elementary operations."""

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        """Replace a normalisation; leave all else."""
        return OURS.get(function, function)(*arguments, **(named or {}))
