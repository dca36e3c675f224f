"""Any PyTorch module: its data, its loss and what is refused; the products stand in ``torch_graph``."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from .backend import Array, Backend, Derivatives
from .shapes import check_chunk, check_labels, check_one_loss, check_outputs, free_memory
from .torch_module import WHERE, TorchFunction, converted, need_torch

PROBED = 8
"""Examples that are looked at before anything large is computed."""
PRODUCTS = frozenset(("hessian", "gauss_newton", "jacobian", "transposed", "third", "curvature"))
"""What ``torch_functional`` gives too."""
JUDGED = frozenset(("hessian", "third"))
"""What is compared with differences before it is first used."""
ALLOCATOR = 1.5
"""How much more than its tensors a process was seen to grow by: 268 MB for 180 MB of tensors, on a CPU."""
NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


class TorchBackend(Backend):
    """A PyTorch module with data and loss; see ``Problem.from_torch``.

    Attributes:
        roads: products that graphs of PyTorch cannot give and that ``torch.func`` gave instead, by name.
    """

    source = "torch"

    def __init__(
        self, module: Any, inputs: Any, targets: Any, loss: Any, chunk: int | None, dtype: Any, device: Any
    ) -> None:
        """Read the module, run it on a few examples and check what it returns.

        Args:
            module: a ``torch.nn.Module``.
            inputs: tensor, tuple or dict of tensors with the examples along the first axis.
            targets: one target for each example.
            loss: name, loss module, or ``loss(output, target)``.
            chunk: examples differentiated at once; all by default.
            dtype: type of the arithmetic.
            device: where it runs.

        Raises:
            DomainError: what ``Problem.from_torch`` says.
        """
        self._function = TorchFunction(module, dtype, device)
        self.dtype, self.device = self._function.dtype, str(self._function.device)
        self.start = self._function.flatten(None)
        self._inputs = each_leaf(self._read, inputs)
        self._targets = self._read(targets)
        self.examples = self._count()
        check_chunk(WHERE, chunk, self.examples)
        self._chunk = chunk
        self.roads: set[str] = set()
        self._trusted: set[str] = set()
        self.loss_name = loss if isinstance(loss, str) else "own"
        self._total = total_of(loss)
        self.outputs = self._probe(loss)

    def _read(self, leaf: Any) -> Any:
        """Data on the device, in the problem's float type; integers as PyTorch's labels and indices are."""
        torch = need_torch()
        try:
            tensor = leaf if isinstance(leaf, torch.Tensor) else torch.as_tensor(np.asarray(leaf))
        except (TypeError, ValueError, RuntimeError) as error:
            fix = "Pass several inputs as a tuple, or as a dict by the names of the module's arguments."
            raise DomainError.of(WHERE, "inputs and targets as arrays", type(leaf).__name__, fix) from error
        if (tensor.is_floating_point() or tensor.is_complex()) and not bool(torch.isfinite(tensor).all()):
            raise DomainError.of(WHERE, "finite data", "NaN or infinity", "Clean the data first.")
        found = converted(tensor, self.dtype, self._function.device)
        return found.long() if found.dtype in {torch.int8, torch.int16, torch.int32} else found

    def _count(self) -> int:
        """The number of examples, the same in inputs and targets."""
        counts = {tuple(leaf.shape[:1]) for leaf in [*leaves(self._inputs), self._targets]}
        if len(counts) != 1 or not next(iter(counts)) or not next(iter(counts))[0]:
            fix = "Put the examples along the first axis of both."
            raise DomainError.of(WHERE, "inputs and targets of one length", sorted(map(str, counts)), fix)
        return int(next(iter(counts))[0])

    def _probe(self, loss: Any) -> int:
        """Run the model on a few examples and check outputs and loss; the number of outputs of all examples."""
        torch = need_torch()
        few = slice(0, min(self.examples, PROBED))
        data = self.examples_of(self._inputs, few)
        outputs = self._run_once(data)
        count = few.stop
        shape = tuple(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
        whole = (self.examples, *shape[1:]) if not isinstance(shape, str) and shape[:1] == (count,) else shape
        found = check_outputs(WHERE, whole, self.examples, self.loss_name, tuple(self._targets.shape))
        if self.loss_name == "cross-entropy":
            check_labels(WHERE, self._targets.cpu().numpy(), int(outputs.shape[1]))
        if self._chunk is not None and count > 1:
            self._require_separate(data, outputs.detach(), count)
        if self.loss_name == "own":
            self._check_own(loss, outputs.detach(), self._targets[few])
        return found

    def _run_once(self, data: Any) -> Any:
        """The outputs, after making sure that the model is a function: no chance, and nothing that it changes."""
        torch = need_torch()
        function = self._function
        before = {name: tensor.clone() for name, tensor in function.fixed.items()}
        cuda = function.device.type == "cuda"
        with torch.random.fork_rng(devices=[function.device] if cuda else []):
            seeds = [torch.get_rng_state()] + ([torch.cuda.get_rng_state(function.device)] if cuda else [])
            try:
                with function.settings():
                    outputs = function(function.tensor(self.start), data)
            except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError) as error:
                fix = "Call the module on the inputs; the error above is its own. Own buffers must be registered."
                raise DomainError.of(WHERE, f"a module that runs in {self.dtype}", str(error), fix) from error
            after = [torch.get_rng_state()] + ([torch.cuda.get_rng_state(function.device)] if cuda else [])
        if not all(torch.equal(a, b) for a, b in zip(seeds, after, strict=True)):
            fix = "Call module.eval() first (dropout), or pass the random numbers as inputs."
            raise DomainError.of(WHERE, "a model without chance", "one that draws random numbers", fix)
        changed = [n for n, tensor in function.fixed.items() if not torch.equal(tensor, before[n])]
        if changed:
            fix = (
                "Call module.eval() first, or torch.func.replace_all_batch_norm_modules_(module) to normalise by the "
                "batch alone."
            )
            raise DomainError.of(WHERE, "a model that changes nothing", f"one that changes {changed[0]}", fix)
        return outputs

    def _require_separate(self, data: Any, outputs: Any, count: int) -> None:
        """Chunks are right only where no example changes the output of another."""
        torch = need_torch()
        theta, half = self._function.tensor(self.start), (count + 1) // 2
        try:
            with self._function.settings():
                parts = [
                    self._function(theta, self.examples_of(data, part)).detach()
                    for part in (slice(0, half), slice(half, count))
                ]
            same = torch.allclose(torch.cat(parts), outputs, rtol=1e-3, atol=1e-3 * float(outputs.abs().max()))
        except (RuntimeError, ValueError):
            same = False
        if not same and bool(torch.isfinite(outputs).all()):
            fix = "Leave `chunk` out, or put batch norm into eval mode."
            raise DomainError.of(WHERE, "examples that do not change each other's outputs", "a model of batches", fix)

    def _check_own(self, loss: Any, outputs: Any, targets: Any) -> None:
        """Check the user's loss on a few examples."""
        torch = need_torch()
        if isinstance(loss, torch.nn.Module) and any(p.requires_grad for p in loss.parameters()):
            fix = "Move them into the module, or freeze them."
            raise DomainError.of(WHERE, "a loss without trainable parameters", type(loss).__name__, fix)
        try:
            one = loss(outputs[0], targets[0])
            mean = self._total(outputs, targets) / len(outputs)
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            fix = "It is called as loss(output, target) for one example, without the axis of examples."
            raise DomainError.of(WHERE, "a loss of one example", str(error), fix) from error
        check_one_loss(WHERE, tuple(one.shape) if isinstance(one, torch.Tensor) else type(one).__name__)
        if isinstance(loss, torch.nn.Module):
            whole = loss(outputs, targets)
            if whole.shape != () or not torch.allclose(mean, whole, rtol=1e-4, equal_nan=True):
                got = f"{type(loss).__name__} with {float(whole.sum()):.4g} instead of {float(mean):.4g}"
                fix = "Use reduction='mean' and no weights, or pass a function of one example."
                raise DomainError.of(WHERE, "a loss that is the mean over examples", got, fix)

    @staticmethod
    def examples_of(data: Any, chosen: Any) -> Any:
        """Some examples of data."""
        return each_leaf(lambda leaf: leaf[chosen], data)

    def flatten(self, parameters: Any) -> Array:
        """Parameters as a flat array; see ``TorchFunction.flatten``."""
        return self._function.flatten(parameters)

    def unflatten(self, theta: Array) -> Any:
        """Flat parameters as a dict of tensors by name."""
        return self._function.unflatten(theta)

    def at(self, theta: Array, batch: Array | None) -> Derivatives:
        """Derivatives at a point; see ``Backend``."""
        return TorchDerivatives(self, theta, batch)

    def in_double(self) -> Backend:
        """The same function and data in float64."""
        if self.dtype == np.float64:
            return self
        return self._in_double(slice(None))

    def _in_double(self, chosen: slice) -> TorchBackend:
        """The same function on some of the examples, in float64."""
        twin = copy.copy(self)
        twin._function = self._function.in_double()
        twin.dtype = twin._function.dtype
        twin.start = self.start.astype(np.float64)
        twin._inputs = each_leaf(lambda leaf: twin._read(leaf[chosen]), self._inputs)
        twin._targets = twin._read(self._targets[chosen])
        twin.examples = len(twin._targets)
        twin.roads, twin._trusted = set(self.roads), set(self._trusted)
        return twin

    def expanded(self, theta: Array) -> Backend:
        """The second-order Taylor model of the outputs about a point, trained in one flat array.

        Args:
            theta: point of expansion, flat.

        Returns:
            A backend for ``f + J d + Q(d, d) / 2``, with the same data and loss; Q is never formed.
        """
        from .torch_taylor import taylor_function

        twin = copy.copy(self)
        twin._function = taylor_function(self._function, theta)
        twin.start, twin.roads, twin._trusted = twin._function.flatten(None), set(), set()
        return twin

    def require_true(self, name: str) -> None:
        """Compare the first product of a kind with differences, and take the other road where it is wrong.

        A module that does not run in float64 is not judged.

        Args:
            name: of the product.

        Raises:
            DomainError: it is wrong on both roads.
        """
        from .torch_trust import agrees

        if name in self._trusted or name not in JUDGED:
            return
        few = self._in_double(slice(0, min(self.examples, PROBED)))
        few._trusted, few._chunk = set(JUDGED), None
        if few._runs() and not agrees(lambda theta: few.at(theta, None), few.start, name):
            if name in few.roads:
                self._refuse(name)
            few.roads.add(name)
            if not agrees(lambda theta: few.at(theta, None), few.start, name):
                self._refuse(name)
        self.roads |= few.roads
        self._trusted.add(name)

    def _runs(self) -> bool:
        try:
            self.at(self.start, None).loss()
        except DomainError:
            return False
        return True

    @staticmethod
    def _refuse(name: str) -> None:
        raise DomainError.of(
            "Problem",
            f"a {name} that is the derivative of the order below",
            "another: an operation of the model has a wrong derivative in PyTorch",
            "Write the operation with elementary ones.",
        )

    def foreseen_bytes(self, columns: int) -> int | None:
        """What a Hessian product needs at its peak, extrapolated from two small ones; see ``torch_memory``."""
        from .torch_memory import bytes_alive, foreseen

        def alive(count: int) -> list[int]:
            point = TorchDerivatives(self, self.start, np.arange(count), whole=True)
            return bytes_alive(lambda: point.hessian_product(np.ones((len(self.start), 1), self.dtype)))

        self.require_true("hessian")
        tensors = foreseen(alive, self._chunk or self.examples) + 2 * columns * self.start.nbytes
        return int(ALLOCATOR * tensors)

    def available_bytes(self) -> int | None:
        """Free memory of the device, or of the machine on a CPU."""
        torch = need_torch()
        device = self._function.device
        if device.type == "cuda":
            kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
            return int(torch.cuda.mem_get_info(device)[0] + kept)
        return free_memory() if device.type == "cpu" else None


class TorchDerivatives(Derivatives):
    """Derivatives of a PyTorch module at one point."""

    def __init__(self, backend: TorchBackend, theta: Array, batch: Array | None, *, whole: bool = False) -> None:
        """Put the point on the device.

        Args:
            backend: whose model.
            theta: flat parameters.
            batch: numbers of the examples, or None for all.
            whole: take all examples at once, whatever the backend's chunk.
        """
        self._backend = backend
        self._theta = backend._function.tensor(theta)
        self._data = (backend._inputs, backend._targets)
        if batch is not None:
            chosen = need_torch().as_tensor(np.asarray(batch, dtype=np.int64), device=backend._function.device)
            self._data = backend.examples_of(self._data, chosen)
        self._count = backend.examples if batch is None else len(batch)
        self._chunk = self._count if whole else min(backend._chunk or self._count, self._count)
        self._kept: dict[Any, Any] = {}

    def _part(self, kind: Any, first: int) -> Any:
        """The graph of the chunk that begins with an example; kept where there is only one chunk."""
        backend = self._backend
        if self._chunk < self._count:
            data = backend.examples_of(self._data, slice(first, first + self._chunk))
            return kind(backend._function, self._theta, *data, backend._total)
        if kind not in self._kept:
            self._kept[kind] = kind(backend._function, self._theta, *self._data, backend._total)
        return self._kept[kind]

    def _on_each(self, name: str, *vectors: Any) -> list[Any]:
        """One product on each chunk, by graphs, or by ``torch.func`` where graphs cannot."""
        backend = self._backend
        backend.require_true(name)
        tensors = [backend._function.tensor(v) for v in vectors]
        other = name in backend.roads
        kind = _by_functions() if other else _by_graphs()
        try:
            with backend._function.settings():
                firsts = range(0, self._count, self._chunk)
                if name in {"transposed", "curvature"}:
                    rows = tensors[0].split(len(tensors[0]) // self._count * self._chunk)
                    heads: list[tuple[Any, ...]] = [(row,) for row in rows]
                    tensors = tensors[1:]
                else:
                    heads = [() for _ in firsts]
                # no name for a part: the graph of a chunk has to go before the next is made
                return [
                    getattr(self._part(kind, first), name)(*head, *tensors)
                    for first, head in zip(firsts, heads, strict=True)
                ]
        except (RuntimeError, NotImplementedError) as error:
            if any(word in str(error).lower() for word in NO_MEMORY):
                fix = "Give a smaller `chunk` of examples."
                raise DomainError.of("Problem", "enough memory", str(error), fix) from error
            if other or name not in PRODUCTS:
                what = f"a model and loss whose {name} can be computed"
                fix = "Replace the operation that the message names by one that can be differentiated more than once."
                raise DomainError.of("Problem", what, str(error), fix) from error
        backend.roads.add(name)
        return self._on_each(name, *vectors)

    def loss(self) -> float:
        """The loss."""
        return sum(self._on_each("loss")) / self._count

    def gradient(self) -> Array:
        """Its gradient."""
        return array(sum(self._on_each("gradient"))) / self._count

    def outputs(self) -> Array:
        """Outputs, flat."""
        return array(need_torch().cat(self._on_each("outputs")))

    def residual(self) -> Array:
        """Derivative of the summed loss in the outputs."""
        return array(need_torch().cat(self._on_each("residual")))

    def hessian_product(self, vectors: Array) -> Array:
        """Loss Hessian times columns."""
        return array(sum(self._on_each("hessian", vectors))) / self._count

    def gauss_newton_product(self, vectors: Array) -> Array:
        """Gauss-Newton matrix times columns."""
        return array(sum(self._on_each("gauss_newton", vectors))) / self._count

    def jacobian_product(self, vectors: Array) -> Array:
        """Jacobian times columns."""
        return array(need_torch().cat(self._on_each("jacobian", vectors)))

    def transposed_product(self, vectors: Array) -> Array:
        """Transposed Jacobian times columns."""
        return array(sum(self._on_each("transposed", vectors)))

    def third_product(self, first: Array, second: Array) -> Array:
        """Third derivative of the loss in two directions."""
        return array(sum(self._on_each("third", first, second))) / self._count

    def output_curvature(self, cotangent: Array, first: Array, second: Array) -> float:
        """Second derivative of the outputs, contracted."""
        return float(sum(self._on_each("curvature", cotangent, first, second)))


def _by_graphs() -> Any:
    from .torch_graph import Graph

    return Graph


def _by_functions() -> Any:
    from .torch_functional import Functional

    return Functional


def array(tensor: Any) -> Array:
    """A tensor as a NumPy array."""
    return np.asarray(tensor.detach().cpu().numpy())


def leaves(tree: Any) -> list[Any]:
    """The tensors of inputs: one, or those of a tuple or a dict."""
    if isinstance(tree, dict):
        return list(tree.values())
    return list(tree) if isinstance(tree, tuple) else [tree]


def each_leaf(change: Callable[[Any], Any], tree: Any) -> Any:
    """Change every tensor of a tensor, a tuple or a dict, nested or not."""
    if isinstance(tree, dict):
        return {name: each_leaf(change, leaf) for name, leaf in tree.items()}
    if isinstance(tree, tuple):
        return tuple(each_leaf(change, leaf) for leaf in tree)
    return change(tree)


def total_of(loss: Any) -> Callable[[Any, Any], Any]:
    """The sum over examples of a loss.

    Args:
        loss: ``"mse"``, ``"cross-entropy"``, or a loss of one example.

    Returns:
        A function of outputs and targets.

    Raises:
        DomainError: neither a known name nor something to call.
    """
    torch = need_torch()

    def squared(outputs: Any, targets: Any) -> Any:
        return ((outputs - targets) ** 2).sum() / 2

    def cross_entropy(outputs: Any, targets: Any) -> Any:
        return torch.nn.functional.cross_entropy(outputs, targets, reduction="sum")

    if callable(loss):
        return lambda outputs, targets: torch.func.vmap(loss)(outputs, targets).sum()
    table = {"mse": squared, "cross-entropy": cross_entropy}
    if loss not in table:
        fix = "Choose one of these."
        raise DomainError.of(WHERE, "loss 'mse', 'cross-entropy', a loss module or a function", loss, fix)
    return table[loss]
