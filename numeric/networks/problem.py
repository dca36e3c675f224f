"""A model with its data and loss, ready to be measured: the one object that everything about networks starts from."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...symbolic.algebra.errors import DomainError
from ..regression.model import RegressionModel
from .backends.backend import Array, Backend
from .point import Point


@dataclass(frozen=True, eq=False)
class Problem:
    """A model, its data and its loss ``L(theta) = sum_i l(f(theta; x_i), y_i) / N``, in float32 or float64.

    Made by ``from_jax``, ``from_torch`` or ``from_regression``. Parameters go in as the user has them (a pytree, a
    module) or flat, shape ``(P,)``.

    Attributes:
        backend: what differentiates the model.

    Source:
        The protocol of this package.

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.5]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [1.0, 2.0])
        >>> problem.dimension, problem.at().loss
        (2, 0.125)
    """

    backend: Backend

    @classmethod
    def from_jax(
        cls,
        model: Any,
        parameters: Any,
        inputs: Any,
        targets: Any,
        *,
        loss: Any = "mse",
        chunk: int | None = None,
        dtype: str | None = None,
    ) -> Problem:
        """A JAX function of a pytree of parameters: plain functions, flax's ``module.apply``, equinox.

        Args:
            model: ``model(parameters, inputs) -> outputs``, shape ``(N, ..)``; deterministic.
            parameters: pytree of float arrays.
            inputs: examples along the first axis.
            targets: of the outputs' shape for ``"mse"``; labels ``(N,)`` or probabilities ``(N, C)`` for
                ``"cross-entropy"``.
            loss: ``"mse"`` (``|f - y|^2 / 2`` for an example), ``"cross-entropy"``, or ``loss(output, target)``, a
                number for one example.
            chunk: examples differentiated at once, to bound memory; all by default.
            dtype: ``"float32"`` or ``"float64"``; by default float64 if any parameter is. Settings of JAX are left
                as they are; matrices in float32 are multiplied to all digits on a GPU too, unless
                ``jax_default_matmul_precision`` is set.

        Returns:
            The problem.

        Raises:
            DomainError: JAX is not installed; no, or integer, parameters; shapes that do not fit; a loss that is not a
                number; NaN in the data or at the start.

        Source:
            The protocol of this package.

        Example:
            >>> def line(parameters, x):
            ...     return x @ parameters["w"]
            >>> import numpy as np
            >>> start = {"w": np.ones((2, 1))}
            >>> problem = es.networks.Problem.from_jax(line, start, np.eye(2), np.zeros((2, 1)))
            >>> problem.at().loss
            0.5
        """
        from .backends.jax_backend import JaxBackend

        return cls(JaxBackend(model, parameters, inputs, targets, loss, chunk, dtype))._checked("Problem.from_jax()")

    @classmethod
    def from_torch(
        cls,
        module: Any,
        inputs: Any,
        targets: Any,
        *,
        loss: Any = "mse",
        chunk: int | None = None,
        dtype: Any = None,
        device: Any = None,
    ) -> Problem:
        """A PyTorch module at its present parameters; the module itself is not changed.

        The parameters that require a gradient count, tied ones once. Frozen parameters, buffers and the mode (train or
        eval) of each part stay as they are now. ``at(module)`` later takes the module's parameters of that time, so
        that a run of the user's own needs one line; ``unflatten`` gives a dict for ``load_state_dict``.

        Args:
            module: the module, called as ``module(inputs)``; deterministic. Dropout and batch norm have to be in eval
                mode, or replaced.
            inputs: array or tensor with the examples along its first axis; a tuple for several arguments, a dict for
                arguments by name. Integers (tokens) stay integers. All data are moved to the device.
            targets: of the outputs' shape for ``"mse"``; labels ``(N,)`` or probabilities ``(N, C)`` for
                ``"cross-entropy"``.
            loss: ``"mse"`` (``|f - y|^2 / 2`` for an example, half of ``torch.nn.MSELoss`` for one output),
                ``"cross-entropy"``, ``loss(output, target)``, a number for one example, or a loss module of PyTorch
                that is the mean over examples.
            chunk: examples differentiated at once, to bound memory; all by default. Without it the graph of a point is
                kept, which makes products about twice as fast.
            dtype: ``"float32"`` or ``"float64"``; by default float64 if any parameter is. Weights in float16 or
                bfloat16 are lifted to float32.
            device: where it runs; by default where the parameters are.

        Returns:
            The problem.

        Raises:
            DomainError: PyTorch is not installed; no trainable parameters; shapes that do not fit; a model that draws
                random numbers or changes its buffers; a loss that is not a number; NaN in the data or at the start.

        Source:
            The protocol of this package.

        Example:
            >>> import torch
            >>> module = torch.nn.Linear(2, 1, bias=False)
            >>> _ = torch.nn.init.ones_(module.weight)
            >>> problem = es.networks.Problem.from_torch(module, torch.eye(2), torch.zeros(2, 1))
            >>> problem.at(module).loss
            0.5
        """
        from .backends.torch_backend import TorchBackend

        backend = TorchBackend(module, inputs, targets, loss, chunk, dtype, device)
        return cls(backend)._checked("Problem.from_torch()")

    @classmethod
    def from_regression(cls, model: RegressionModel, start: Any) -> Problem:
        """The quadratic regression model with D outputs: D examples of one output, loss ``|z|^2 / (2 D)``.

        Args:
            model: the model.
            start: parameters, shape ``(P,)``.

        Returns:
            The problem.

        Raises:
            DomainError: a start of another shape, or not finite.

        Source:
            Agarwala, Pedregosa and Pennington 2022, "A more general model".

        Example:
            >>> model = es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0])
            >>> es.networks.Problem.from_regression(model, [0.0]).at().loss
            0.5
        """
        from .backends.regression_backend import RegressionBackend

        return cls(RegressionBackend(model, start))._checked("Problem.from_regression()")

    def _checked(self, where: str) -> Problem:
        """Refuse a model that is not finite where it starts."""
        point = self.at()
        if not (np.isfinite(point.loss) and np.isfinite(point.gradient).all()):
            fix = "Look for a division by zero or an overflow in the model, or choose another start."
            raise DomainError.of(where, "a finite loss and gradient at the start", f"loss {point.loss}", fix)
        return self

    @property
    def dimension(self) -> int:
        """Number of parameters P."""
        return len(self.backend.start)

    @property
    def examples(self) -> int:
        """Number of examples N."""
        return self.backend.examples

    @property
    def start(self) -> Array:
        """The parameters the problem was made with, flat; a copy."""
        return self.backend.start.copy()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the arithmetic."""
        return self.backend.dtype

    @property
    def loss_name(self) -> str:
        """``"mse"``, ``"cross-entropy"`` or ``"own"``."""
        return self.backend.loss_name

    def flatten(self, parameters: Any) -> Array:
        """Parameters as a flat array; flat ones pass.

        Args:
            parameters: in the user's form, or flat.

        Returns:
            Shape ``(P,)``, of the problem's type.

        Raises:
            DomainError: parameters of another model.
        """
        if isinstance(parameters, np.ndarray) and parameters.shape == self.backend.start.shape:
            return parameters.astype(self.dtype, copy=False)
        flat = self.backend.flatten(parameters)
        if flat.shape != self.backend.start.shape:
            got = f"shape {flat.shape}"
            raise DomainError.of(
                "Problem.flatten()", f"{self.dimension} parameters", got, "Pass this model's parameters."
            )
        return flat

    def unflatten(self, theta: Array) -> Any:
        """Flat parameters in the user's form."""
        return self.backend.unflatten(theta)

    def at(self, parameters: Any = None, batch: Any = None) -> Point:
        """The model at a point.

        Args:
            parameters: in the user's form, or flat; the start by default.
            batch: numbers of the examples that count; all by default.

        Returns:
            Loss, gradient and products there.

        Raises:
            DomainError: parameters of another model, or a batch that does not fit.
        """
        theta = self.backend.start if parameters is None else self._placing(parameters)
        chosen = None if batch is None else self._batch(batch)
        return Point(self, theta, chosen, self.backend.at(theta, chosen))

    def _placing(self, parameters: Any) -> Any:
        """Parameters flat: NumPy arrays as they are, others where the model runs."""
        if isinstance(parameters, np.ndarray):
            return self.flatten(parameters)
        flat = self.backend.placing(parameters)
        return flat if flat.shape == self.backend.start.shape else self.flatten(parameters)

    def _batch(self, batch: Any) -> Array:
        """The numbers of the examples of a batch."""
        chosen = np.asarray(batch)
        if chosen.ndim != 1 or not chosen.size or chosen.dtype.kind not in "iu":
            raise DomainError.of("Problem.at()", "a batch as numbers of examples", repr(batch), "Give integers.")
        if chosen.min() < 0 or chosen.max() >= self.examples:
            got = f"{chosen.min()} to {chosen.max()}"
            raise DomainError.of(
                "Problem.at()", f"examples 0 to {self.examples - 1}", got, "Choose examples that exist."
            )
        return chosen

    def starting_at(self, parameters: Any) -> Problem:
        """The same problem from another start; nothing is compiled again.

        Args:
            parameters: in the user's form, or flat.

        Returns:
            The problem.

        Raises:
            DomainError: parameters of another model, or a loss or gradient there that is not finite.
        """
        backend = copy(self.backend)
        backend.start = np.array(self.flatten(parameters))
        return Problem(backend)._checked("Problem.starting_at()")

    def in_double(self) -> Problem:
        """The same model in float64, for residuals that rounding does not blur."""
        return self._double

    @cached_property
    def _double(self) -> Problem:
        # kept: a backend in another type is compiled anew
        backend = self.backend.in_double()
        return self if backend is self.backend else Problem(backend).starting_at(self.start.astype(np.float64))

    def require_memory(self, columns: int, vectors: int) -> None:
        """Refuse work that would not fit into memory, before it starts.

        Args:
            columns: vectors that one product takes at once.
            vectors: vectors of length P that are kept.

        Raises:
            DomainError: it would not fit.
        """
        foreseen, free = self.backend.foreseen_bytes(columns), self.backend.available_bytes()
        if foreseen is None or free is None:
            return
        needed = foreseen + vectors * self.dimension * self.dtype.itemsize
        if needed > free:
            fix = "Give a smaller `chunk` of examples, fewer eigenvalues, or float32."
            raise DomainError.of(
                "Problem", f"at most {free / 2**30:.1f} GiB of memory", f"{needed / 2**30:.1f} GiB needed", fix
            )
