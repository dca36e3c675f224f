"""A PyTorch module as a function of flat parameters: names, shapes, and what is held as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from .backend import Array

WHERE = "Problem.from_torch()"
INSTALL = "Install it: pip install 'edgestab[torch]'."
FLOATS = ("float16", "bfloat16", "float32", "float64")


def need_torch(where: str = WHERE) -> Any:
    """Import PyTorch.

    Args:
        where: for the message.

    Returns:
        The module.

    Raises:
        DomainError: PyTorch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise DomainError.of(where, "PyTorch", "no such package", INSTALL) from error
    return torch


def named(kind: Any) -> str:
    """A type of PyTorch by its bare name, ``"float32"``."""
    return str(kind).removeprefix("torch.")


def unwrapped(module: Any) -> Any:
    """The module that a compiled or data-parallel one was made from: same parameters, without their prefix."""
    torch = need_torch()
    while True:
        if hasattr(module, "_orig_mod"):
            module = module._orig_mod
        elif isinstance(module, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
            module = module.module
        else:
            return module


def arithmetic_type(parameters: Mapping[str, Any], dtype: Any) -> np.dtype[Any]:
    """The type of arithmetic: the one asked for, or float64 if any parameter is; shorter types are lifted to float32.

    Args:
        parameters: trainable parameters by name.
        dtype: ``"float32"``, ``"float64"``, the types of PyTorch of these names, or None.

    Returns:
        float32 or float64.

    Raises:
        DomainError: no trainable parameters, or some that are no real numbers.
    """
    torch = need_torch()
    lazy = [n for n, p in parameters.items() if isinstance(p, torch.nn.parameter.UninitializedParameter)]
    if lazy:
        raise DomainError.of(WHERE, "parameters with a shape", f"{lazy[0]} without", "Call the module once on data.")
    if not sum(p.numel() for p in parameters.values()):
        fix = "Pass a module with parameters that require a gradient (`parameter.requires_grad_()`)."
        raise DomainError.of(WHERE, "at least one trainable parameter", "none", fix)
    odd = sorted({f"{n} in {named(p.dtype)}" for n, p in parameters.items() if named(p.dtype) not in FLOATS})
    if odd:
        fix = "Write complex weights as two real ones, or freeze them (`parameter.requires_grad_(False)`)."
        raise DomainError.of(WHERE, "parameters of a float type", ", ".join(odd), fix)
    if dtype is not None and named(dtype) not in {"float32", "float64"}:
        fix = "Choose one of the two; weights in float16 are lifted to float32."
        raise DomainError.of(WHERE, "dtype float32 or float64", named(dtype), fix)
    wide = any(p.dtype == torch.float64 for p in parameters.values())
    return np.dtype(named(dtype) if dtype is not None else "float64" if wide else "float32")


def converted(tensor: Any, dtype: np.dtype[Any], device: Any) -> Any:
    """A copy in the arithmetic of the problem; integers and booleans keep their type."""
    torch = need_torch()
    kind = tensor.dtype
    if kind.is_floating_point:
        kind = getattr(torch, dtype.name)
    elif kind.is_complex:
        kind = torch.complex128 if dtype == np.float64 else torch.complex64
    # tensors made in inference mode could not be differentiated
    with torch.inference_mode(False):
        return tensor.detach().to(device=device, dtype=kind, copy=True)


class TorchFunction:
    """A module as ``outputs = f(theta, inputs)``, theta flat.

    Trainable parameters (those that require a gradient when it is made) are the coordinates, tied ones counted once.
    Frozen parameters and buffers are held at the values they had, and each part of the module in the mode (``train``
    or ``eval``) it was in, whatever happens to the module later.

    Attributes:
        module: the user's module, not copied; its values are not changed.
        names: trainable parameters, in the order of the flat array.
        dtype: type of the arithmetic.
        device: where it runs.
    """

    def __init__(self, module: Any, dtype: Any, device: Any) -> None:
        """Read the module.

        Args:
            module: the user's module.
            dtype: type of the arithmetic, or None for that of the parameters.
            device: where it runs, or None for where the parameters are.

        Raises:
            DomainError: not a module, no trainable parameters, parameters on several devices, no such device.
        """
        torch = need_torch()
        if not isinstance(module, torch.nn.Module):
            fix = "Wrap the function in a module; functions of JAX go to Problem.from_jax."
            raise DomainError.of(WHERE, "a torch.nn.Module", type(module).__name__, fix)
        self.module = unwrapped(module)
        trainable = {n: p for n, p in self.module.named_parameters() if p.requires_grad}
        self.dtype = arithmetic_type(trainable, dtype)
        self.device = _device(trainable, device)
        self.names = tuple(trainable)
        self._shapes = [tuple(p.shape) for p in trainable.values()]
        self._sizes = [p.numel() for p in trainable.values()]
        self.fixed = {n: converted(t, self.dtype, self.device) for n, t in self._fixed_now(self.module).items()}
        self._modes = [(part, part.training) for part in self.module.modules()]
        self._recurrent = any(isinstance(part, torch.nn.RNNBase) for part, _ in self._modes)

    def in_double(self) -> TorchFunction:
        """The same function in float64."""
        twin = object.__new__(TorchFunction)
        vars(twin).update(vars(self))
        twin.dtype = np.dtype("float64")
        twin.fixed = {n: converted(t, twin.dtype, self.device) for n, t in self.fixed.items()}
        return twin

    def _fixed_now(self, module: Any) -> dict[str, Any]:
        """What is not trained, as it stands in a module now."""
        known = set(self.names)
        found = {n: p for n, p in module.named_parameters() if n not in known}
        return found | dict(module.named_buffers())

    @contextlib.contextmanager
    def settings(self) -> Iterator[None]:
        """The modes it was in, gradients on, full precision, and attention that has second derivatives."""
        from .torch_norms import ElementaryNorms

        torch = need_torch()
        moved = [(part, part.training) for part, mode in self._modes if part.training != mode]
        kind = torch.device(self.device).type
        try:
            for part, mode in self._modes:
                part.training = mode
            with contextlib.ExitStack() as stack:
                stack.enter_context(torch.inference_mode(False))
                stack.enter_context(torch.enable_grad())
                stack.enter_context(torch.autocast(kind, enabled=False))
                stack.enter_context(torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH))
                stack.enter_context(ElementaryNorms())
                if self._recurrent and kind == "cuda":
                    # the fused recurrent kernels of cuDNN have no second derivatives
                    stack.enter_context(torch.backends.cudnn.flags(enabled=False))
                yield
        finally:
            for part, mode in moved:
                part.training = mode

    def __call__(self, theta: Any, inputs: Any) -> Any:
        """The outputs for a tensor, a tuple of tensors (several arguments) or a dict of them (by keyword)."""
        torch = need_torch()
        parts = zip(self.names, theta.split(self._sizes), self._shapes, strict=True)
        values = {name: part.view(shape) for name, part, shape in parts} | self.fixed
        positional, by_name = ((), inputs) if isinstance(inputs, dict) else (inputs, {})
        if not isinstance(positional, tuple):
            positional = (positional,)
        return torch.func.functional_call(self.module, values, positional, by_name)

    def flatten(self, parameters: Any) -> Array:
        """Parameters as a flat array.

        Args:
            parameters: a module of the same names, its ``state_dict`` or another dict of tensors by name, or None for
                the present ones of the module that the problem was made with.

        Returns:
            Shape ``(P,)``, of the problem's type.

        Raises:
            DomainError: parameters of another model; a module whose frozen parameters or buffers have changed.
        """
        torch = need_torch("Problem.flatten()")
        source = self.module if parameters is None else parameters
        if isinstance(source, torch.nn.Module):
            source = unwrapped(source)
            self._require_unchanged(source)
            source = dict(source.named_parameters())
        if isinstance(source, torch.Tensor):
            return np.asarray(source.detach().cpu().numpy(), dtype=self.dtype)
        if not isinstance(source, Mapping):
            fix = "Pass the module, its state_dict(), or a flat array."
            raise DomainError.of("Problem.flatten()", "a module or a dict of tensors", type(source).__name__, fix)
        for name, shape in zip(self.names, self._shapes, strict=True):
            got = tuple(source[name].shape) if name in source else "no such parameter"
            if got != shape:
                fix = "Pass this model's parameters."
                raise DomainError.of("Problem.flatten()", f"{name} of shape {shape}", f"{got}", fix)
        flat = [converted(torch.as_tensor(source[name]), self.dtype, "cpu").ravel() for name in self.names]
        return np.asarray(torch.cat(flat).numpy())

    def unflatten(self, theta: Array) -> dict[str, Any]:
        """Flat parameters by name, as ``module.load_state_dict(.., strict=False)`` takes them."""
        parts = zip(self.names, self.tensor(theta).split(self._sizes), self._shapes, strict=True)
        return {name: part.reshape(shape).clone() for name, part, shape in parts}

    def tensor(self, array: Any) -> Any:
        """An array on the device, in the problem's arithmetic; a copy."""
        torch = need_torch()
        with torch.inference_mode(False):
            return torch.tensor(np.asarray(array, dtype=self.dtype), device=self.device)

    def _require_unchanged(self, module: Any) -> None:
        """Refuse a module that has become another function of its trainable parameters."""
        torch = need_torch()
        now = self._fixed_now(module)
        for name, was in self.fixed.items():
            if name in now and not torch.equal(converted(now[name], self.dtype, self.device), was):
                fix = (
                    "Make the problem anew from the module; for batch norm in training, "
                    "torch.func.replace_all_batch_norm_modules_(module) normalises by the batch alone."
                )
                raise DomainError.of(
                    "Problem.flatten()", "frozen parameters and buffers as they were", f"another {name}", fix
                )


def _device(parameters: Mapping[str, Any], device: Any) -> Any:
    """Where the problem runs."""
    torch = need_torch()
    places = {str(p.device) for p in parameters.values()}
    if "meta" in places:
        raise DomainError.of(WHERE, "parameters with values", "parameters on the meta device", "Load the weights.")
    if device is None:
        if len(places) > 1:
            fix = "Move the module to one device, or name one with `device`."
            raise DomainError.of(WHERE, "parameters on one device", ", ".join(sorted(places)), fix)
        return next(iter(parameters.values())).device
    try:
        found = torch.device(device)
        torch.empty(1, device=found)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise DomainError.of(WHERE, "a device of this machine", str(device), "Choose cpu or cuda.") from error
    return found
