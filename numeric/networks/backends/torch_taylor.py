"""The second-order Taylor model of a PyTorch module's outputs, by two forward derivatives along the displacement."""

from __future__ import annotations

import warnings
from typing import Any

from .backend import Array
from .torch_module import TorchFunction, need_torch


def taylor_function(function: TorchFunction, theta: Array) -> TorchFunction:
    """The function ``f + J d + Q(d, d) / 2`` about a point; Q is never formed.

    Args:
        function: of the module.
        theta: point of expansion, flat.

    Returns:
        A function of the same inputs, trained in one flat array.
    """
    torch = need_torch()
    centre = function.tensor(theta).detach()

    class TaylorModule(torch.nn.Module):  # type: ignore[name-defined]
        """The model, trained in one flat array."""

        def __init__(self) -> None:
            super().__init__()
            self.theta = torch.nn.Parameter(centre.clone())

        def forward(self, *positional: Any, **by_name: Any) -> Any:
            """Outputs for the module's own inputs."""
            inputs, here = by_name or positional, self.theta
            # in float64 too, where the problem is checked in it
            model = function if here.dtype == centre.dtype else function.in_double()
            about = centre.to(here.dtype)
            away = here - about

            def slope(at: Any) -> Any:
                return torch.func.jvp(lambda t: model(t, inputs), (at,), (away,))

            with warnings.catch_warnings():
                # PyTorch scripts its rules for forward derivatives, which it calls deprecated itself
                warnings.simplefilter("ignore", DeprecationWarning)
                (value, first), (_, second) = torch.func.jvp(slope, (about,), (away,))
            return value + first + second / 2

    with function.settings():
        return TorchFunction(TaylorModule(), function.dtype, function.device)
