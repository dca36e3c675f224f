"""Any JAX function of a pytree: flax, equinox and plain functions all pass through here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from .backend import Array, Backend, Derivatives
from .jax_derivatives import JaxDerivatives
from .shapes import check_chunk, check_labels, check_one_loss, check_outputs, free_memory

WHERE = "Problem.from_jax()"
INSTALL = "Install it: pip install 'edgestab[jax]'."
LOSSES = ("mse", "cross-entropy")
SMALL = 10**7
"""Below so many parameters times numbers in the data a product takes less time and memory than to compile it."""


def need_jax(where: str = WHERE) -> Any:
    """Import JAX.

    Args:
        where: for the message.

    Returns:
        The module.

    Raises:
        DomainError: JAX is not installed.
    """
    try:
        import jax
    except ModuleNotFoundError as error:
        raise DomainError.of(where, "JAX", "no such package", INSTALL) from error
    return jax


@contextlib.contextmanager
def arithmetic(dtype: np.dtype[Any]) -> Iterator[None]:
    """JAX with the numbers that the problem has, whatever the user has set for other work.

    A GPU would multiply matrices of a float32 problem to ten bits: they are multiplied to all, unless the user has set
    ``jax_default_matmul_precision``.
    """
    jax = need_jax()
    if dtype == np.float64:
        with jax.enable_x64(True):
            yield
    elif jax.config.jax_default_matmul_precision is None and jax.default_backend() != "cpu":
        with jax.default_matmul_precision("highest"):
            yield
    else:
        yield


def leaf_type(where: str, tree: Any, dtype: str | None) -> np.dtype[Any]:
    """The type of arithmetic: the one asked for, or the widest of the parameters.

    Args:
        where: for the message.
        tree: parameters.
        dtype: ``"float32"``, ``"float64"`` or None.

    Returns:
        float32 or float64.

    Raises:
        DomainError: no parameters, or some that are no real numbers.
    """
    leaves = need_jax(where).tree_util.tree_leaves(tree)
    if not sum(np.size(leaf) for leaf in leaves):
        raise DomainError.of(where, "at least one trainable parameter", "none", "Pass the model's parameters.")
    kinds = {str(np.asarray(leaf).dtype if not hasattr(leaf, "dtype") else leaf.dtype) for leaf in leaves}
    odd = sorted(k for k in kinds if k not in {"float16", "bfloat16", "float32", "float64"})
    if odd:
        fix = "Pass trainable parameters only, as floats (equinox: eqx.partition(model, eqx.is_inexact_array))."
        raise DomainError.of(where, "parameters of a float type", ", ".join(odd), fix)
    if dtype not in (None, "float32", "float64"):
        raise DomainError.of(where, "dtype float32 or float64", dtype, "Choose one of the two.")
    return np.dtype(dtype or ("float64" if "float64" in kinds else "float32"))


def named_loss(where: str, loss: Any) -> tuple[str, Callable[[Any, Any], Any]]:
    """The loss of one example, from its name or as the user's own function.

    Args:
        where: for the message.
        loss: ``"mse"``, ``"cross-entropy"`` or ``loss(output, target)``.

    Returns:
        Its name and the function.

    Raises:
        DomainError: neither.
    """
    import jax.numpy as jnp
    from jax.nn import log_softmax

    def squared(output: Any, target: Any) -> Any:
        return jnp.sum((output - target) ** 2) / 2

    def cross_entropy(output: Any, target: Any) -> Any:
        logs = log_softmax(output)
        return -logs[target] if target.ndim == 0 else -jnp.sum(target * logs)

    if callable(loss):
        return "own", loss
    table = {"mse": squared, "cross-entropy": cross_entropy}
    if not isinstance(loss, str) or loss not in table:
        raise DomainError.of(where, "loss 'mse', 'cross-entropy' or a function", loss, "Choose one of these.")
    return loss, table[loss]


class JaxBackend(Backend):
    """A JAX model; see ``Problem.from_jax``."""

    source = "jax"

    def __init__(
        self, model: Any, parameters: Any, inputs: Any, targets: Any, loss: Any, chunk: int | None, dtype: str | None
    ) -> None:
        """Trace the model once and check what it returns.

        Args:
            model: ``model(parameters, inputs) -> outputs``.
            parameters: pytree of float arrays.
            inputs: array (or pytree of arrays) with the examples along its first axis.
            targets: array with one target for each example.
            loss: name, or ``loss(output, target)``.
            chunk: examples differentiated at once; all by default.
            dtype: type of the arithmetic; that of the parameters by default.

        Raises:
            DomainError: what ``Problem.from_jax`` says.
        """
        jax = need_jax()
        self._recipe = (model, parameters, inputs, targets, loss, chunk)
        self.dtype = leaf_type(WHERE, parameters, dtype)
        with arithmetic(self.dtype):
            self._model = model
            self.loss_name, self._loss = named_loss(WHERE, loss)
            cast = partial(jax.tree_util.tree_map, self._cast)
            plain = self.loss_name != "own" and isinstance(targets, list | tuple)
            self._inputs, self._targets = cast(inputs), cast(np.asarray(targets) if plain else targets)
            flat, self._unravel = self._joined(jax, parameters)
            self.start = np.array(flat)
            self._tree = jax.tree_util.tree_structure(parameters)
            self.examples = self._count(jax)
            self.outputs = self._outputs_of(jax)
            device = next(iter(flat.devices()))
            self.device = str(device)
            # on a CPU NumPy reads the same memory, and multiplies long rows faster
            self.stays = device.platform != "cpu"
            check_chunk(WHERE, chunk, self.examples)
            self._chunk = chunk
            data = jax.tree_util.tree_leaves((self._inputs, self._targets))
            self.small = not self.stays and len(flat) * sum(np.size(leaf) for leaf in data) < SMALL
            self._programs = self._build(jax)
            # compiled: indexing outside a program costs half a millisecond
            self._gather = jax.jit(lambda data, batch: jax.tree_util.tree_map(lambda a: a[batch], data))
        # compiled training loops by step rule, shared by problems that differ in their start alone
        self.loops: dict[Any, Any] = {}

    def _real(self, leaf: Any) -> Any:
        import jax.numpy as jnp

        # rounded on the host: a conversion there would be compiled for each shape
        on_host = isinstance(leaf, np.ndarray | list | tuple | float | int)
        return jnp.asarray(np.asarray(leaf, dtype=self.dtype) if on_host else leaf, dtype=self.dtype)

    def _joined(self, jax: Any, parameters: Any) -> tuple[Any, Any]:
        """Parameters flat, and what takes them apart again; keeps the program that joins them."""
        from jax.flatten_util import ravel_pytree

        apart: list[Any] = []

        def ravel(tree: Any) -> Any:
            flat, unravel = ravel_pytree(tree)
            apart.append(unravel)
            return flat

        self._ravel = jax.jit(ravel)
        flat = self._ravel(jax.tree_util.tree_map(self._real, parameters))
        return flat, apart[0]

    def _cast(self, leaf: Any) -> Any:
        """Data in the problem's float type; labels stay integers."""
        import jax.numpy as jnp

        array = np.asarray(leaf)
        if array.dtype.kind in "OUSMm":
            got = f"{array.dtype} from {type(leaf).__name__}"
            raise DomainError.of(WHERE, "data of numbers", got, "Convert it to arrays of numbers.")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DomainError.of(WHERE, "finite data", "NaN or infinity", "Clean the data first.")
        return jnp.asarray(array.astype(self.dtype, copy=False) if array.dtype.kind == "f" else array)

    def _count(self, jax: Any) -> int:
        """The number of examples, the same in inputs and targets."""
        counts = {np.shape(leaf)[:1] for leaf in jax.tree_util.tree_leaves((self._inputs, self._targets))}
        if len(counts) != 1 or not next(iter(counts)) or not next(iter(counts))[0]:
            fix = "Put the examples along the first axis of both."
            raise DomainError.of(WHERE, "inputs and targets of one length", sorted(map(str, counts)), fix)
        return int(next(iter(counts))[0])

    def _outputs_of(self, jax: Any) -> int:
        """Check outputs and loss by their shapes, before anything is computed."""
        shape = jax.eval_shape(lambda t: self._model(self._unravel(t), self._inputs), self.start)
        found = getattr(shape, "shape", type(shape).__name__)
        targets = np.shape(self._targets) if hasattr(self._targets, "shape") else None
        count = check_outputs(WHERE, found, self.examples, self.loss_name, targets)
        if self.loss_name == "cross-entropy":
            check_labels(WHERE, self._targets, shape.shape[1])
        one = jax.eval_shape(
            self._loss,
            jax.ShapeDtypeStruct(shape.shape[1:], shape.dtype),
            jax.tree_util.tree_map(lambda a: a[0], self._targets),
        )
        check_one_loss(WHERE, getattr(one, "shape", type(one).__name__))
        if not jax.numpy.issubdtype(one.dtype, jax.numpy.floating):
            raise DomainError.of(WHERE, "a loss that is a real number", f"{one.dtype}", "Return a float.")
        return count

    def _build(self, jax: Any) -> dict[str, Any]:
        """The compiled products; sums over examples, in chunks where asked."""
        jnp = jax.numpy

        def outputs(theta: Any, x: Any) -> Any:
            return self._model(self._unravel(theta), x)

        def total_of(out: Any, y: Any) -> Any:
            return jnp.sum(jax.vmap(self._loss)(out, y))

        def total(theta: Any, x: Any, y: Any) -> Any:
            return total_of(outputs(theta, x), y)

        slope = jax.grad(total)

        def along(function: Callable[[Any], Any], theta: Any, v: Any) -> Any:
            return jax.jvp(function, (theta,), (v,))[1]

        def columns(function: Callable[[Any], Any], vectors: Any) -> Any:
            if vectors.shape[1] == 1:  # a quarter less to compile
                return function(vectors[:, 0])[:, None]
            return jax.vmap(function, 1, 1)(vectors)

        def hessian(theta: Any, x: Any, y: Any, vectors: Any) -> Any:
            return columns(lambda v: along(lambda t: slope(t, x, y), theta, v), vectors)

        def gauss_newton(theta: Any, x: Any, y: Any, vectors: Any) -> Any:
            out, back = jax.vjp(lambda t: outputs(t, x), theta)
            inner = jax.grad(lambda o: total_of(o, y))

            def one(v: Any) -> Any:
                return back(along(inner, out, along(lambda t: outputs(t, x), theta, v)))[0]

            return columns(one, vectors)

        def third(theta: Any, x: Any, y: Any, u: Any, v: Any) -> Any:
            return along(lambda t: along(lambda s: slope(s, x, y), t, u), theta, v)

        def forward(theta: Any, x: Any, y: Any, vectors: Any) -> Any:
            return columns(lambda v: along(lambda t: outputs(t, x).ravel(), theta, v), vectors)

        def backward(theta: Any, x: Any, y: Any, vectors: Any) -> Any:
            _, back = jax.vjp(lambda t: outputs(t, x).ravel(), theta)
            return columns(lambda c: back(c)[0], vectors)

        def second(theta: Any, x: Any, y: Any, c: Any, u: Any, v: Any) -> Any:
            return jnp.vdot(c, along(lambda t: along(lambda s: outputs(s, x).ravel(), t, u), theta, v))

        def rest(theta: Any, x: Any, y: Any) -> Any:
            return jax.grad(lambda o: total_of(o, y))(outputs(theta, x)).ravel()

        sums = {
            "value": jax.value_and_grad(total),
            "loss": total,
            "hessian": hessian,
            "gauss_newton": gauss_newton,
            "third": third,
        }
        plain = {
            "outputs": lambda theta, x, y: outputs(theta, x).ravel(),
            "residual": rest,
            "forward": forward,
            "backward": backward,
            "second": second,
        }
        found = {name: jax.jit(self._in_chunks(jax, function)) for name, function in sums.items()}
        return found | {name: jax.jit(function) for name, function in plain.items()}

    def _in_chunks(self, jax: Any, function: Any) -> Any:
        """A sum over examples, taken chunk after chunk, so that memory is that of one chunk."""
        chunk = self._chunk
        if chunk is None:
            return function
        tree, lax = jax.tree_util, jax.lax

        def summed(theta: Any, x: Any, y: Any, *rest: Any) -> Any:
            size = tree.tree_leaves(x)[0].shape[0]
            whole = size // chunk * chunk
            if size <= chunk:
                return function(theta, x, y, *rest)
            head = tree.tree_map(lambda a: a[:whole].reshape(whole // chunk, chunk, *a.shape[1:]), (x, y))
            first = function(theta, *tree.tree_map(lambda a: a[0], head), *rest)

            def add(sum_: Any, part: Any) -> Any:
                return tree.tree_map(lambda a, b: a + b, sum_, function(theta, *part, *rest)), None

            sum_, _ = lax.scan(add, first, tree.tree_map(lambda a: a[1:], head))
            if whole < size:
                tail = tree.tree_map(lambda a: a[whole:], (x, y))
                sum_ = tree.tree_map(lambda a, b: a + b, sum_, function(theta, *tail, *rest))
            return sum_

        return summed

    def flatten(self, parameters: Any) -> Array:
        """Parameters as a flat array.

        Args:
            parameters: a pytree of the form of the first ones.

        Returns:
            Shape ``(P,)``.

        Raises:
            DomainError: another structure or size.
        """
        flat = np.asarray(self.placing(parameters))
        if flat.shape != self.start.shape:
            raise DomainError.of(
                "Problem.flatten()", f"{len(self.start)} parameters", len(flat), "Pass this model's parameters."
            )
        return flat

    def placing(self, parameters: Any) -> Any:
        """Parameters as a flat array on the device; a flat one passes.

        Args:
            parameters: a pytree of the form of the first ones, or flat.

        Returns:
            Shape ``(P,)``.

        Raises:
            DomainError: another structure.
        """
        jax = need_jax()
        if isinstance(parameters, jax.Array) and parameters.shape == self.start.shape:
            with self.arithmetic():
                return self._real(parameters)
        if jax.tree_util.tree_structure(parameters) != self._tree:
            got = str(jax.tree_util.tree_structure(parameters))
            raise DomainError.of("Problem.flatten()", f"a pytree {self._tree}", got, "Pass this model's parameters.")
        with self.arithmetic():
            return self._ravel(jax.tree_util.tree_map(self._real, parameters))

    def unflatten(self, theta: Array) -> Any:
        """Flat parameters as the user's pytree."""
        with arithmetic(self.dtype):
            return self._unravel(self._real(theta))

    def arithmetic(self) -> contextlib.AbstractContextManager[None]:
        """JAX in the arithmetic of the problem."""
        return arithmetic(self.dtype)

    def at(self, theta: Array, batch: Array | None) -> Derivatives:
        """Derivatives at a point; see ``Backend``."""
        return JaxDerivatives(self, theta, batch)

    def in_double(self) -> Backend:
        """The same model in float64."""
        return self if self.dtype == np.float64 else JaxBackend(*self._recipe, "float64")

    def expanded(self, theta: Array) -> Backend:
        """The second-order Taylor model of the outputs about a point, by derivatives along the displacement.

        Args:
            theta: point of expansion, flat.

        Returns:
            A backend for ``f + J d + Q(d, d) / 2``, with the same data and loss; Q is never formed.
        """
        jax, (model, _, inputs, targets, loss, chunk) = need_jax(), self._recipe
        with arithmetic(self.dtype):
            centre = self._unravel(self._real(theta))

        def taylor(parameters: Any, x: Any) -> Any:
            away = jax.tree_util.tree_map(lambda a, b: a - b, parameters, centre)

            def slope(at: Any) -> Any:
                return jax.jvp(lambda p: model(p, x), (at,), (away,))

            (value, first), (_, second) = jax.jvp(slope, (centre,), (away,))
            return jax.tree_util.tree_map(lambda f, j, q: f + j + q / 2, value, first, second)

        return JaxBackend(taylor, centre, inputs, targets, loss, chunk, str(self.dtype))

    def traced(self) -> tuple[Any, Callable[[Any, Any], tuple[Any, Any]]]:
        """Data, and ``value(theta, data)``: loss and gradient there, to be traced into a larger program."""
        value = self._programs["value"]

        def mean(theta: Any, data: Any) -> tuple[Any, Any]:
            import jax

            count = jax.tree_util.tree_leaves(data)[0].shape[0]
            loss, slope = value(theta, *data)
            return loss / count, slope / count

        return (self._inputs, self._targets), mean

    def foreseen_bytes(self, columns: int) -> int | None:
        """What the compiler plans for one Hessian product; of a small model no more than its vectors are counted."""
        if self.small:
            return 2 * len(self.start) * columns * self.dtype.itemsize
        with arithmetic(self.dtype):
            theta, vectors = self._real(self.start), np.zeros((len(self.start), columns), self.dtype)
            planned = self._programs["hessian"].lower(theta, self._inputs, self._targets, vectors).compile()
            memory = planned.memory_analysis()
        if memory is None:
            return None
        return int(memory.temp_size_in_bytes + memory.output_size_in_bytes + vectors.nbytes)

    def available_bytes(self) -> int | None:
        """Free memory of the device, or of the machine on a CPU."""
        with arithmetic(self.dtype):
            device = next(iter(self._real(self.start[:1]).devices()))
        stats = device.memory_stats() if device.platform != "cpu" else None
        if stats and "bytes_limit" in stats:
            return int(stats["bytes_limit"] - stats.get("bytes_in_use", 0))
        return free_memory()
