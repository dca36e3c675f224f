"""Data of the user from a NumPy archive, never unpickled."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from ....symbolic.algebra.errors import DomainError
from .targets import Array, one_hot

WHERE = "npz_data()"
KEYS = (("inputs", "targets"), ("x", "y"))


def npz_data(path: str | Path, examples: int | None = None) -> tuple[Array, Array]:
    """Inputs and targets from an ``.npz`` file with the arrays ``inputs`` and ``targets``, or ``x`` and ``y``.

    Args:
        path: the file; arrays of Python objects in it are refused, not unpickled.
        examples: the first so many; all by default.

    Returns:
        Inputs ``(N, d)``, further axes flattened, and targets ``(N, C)``; integer labels ``(N,)`` become one-hot.

    Raises:
        DomainError: no such file, no such arrays, lengths that differ, NaN, or fewer examples than asked for.

    Source:
        The format of ``numpy.savez``.

    Example:
        >>> import numpy as np
        >>> np.savez("data.npz", x=np.eye(3), y=[0, 1, 1])
        >>> es.networks.npz_data("data.npz")[1].tolist()
        [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    """
    inputs, targets = _read(Path(path))
    name = Path(path).name
    if inputs.ndim < 1 or targets.ndim < 1 or not inputs.size or not targets.size or len(inputs) != len(targets):
        got = f"{inputs.shape} and {targets.shape} in {name}"
        raise DomainError.of(WHERE, "inputs (N, ..) and targets (N, ..)", got, "Put the examples along the first axis.")
    if inputs.dtype.kind not in "fiub" or targets.dtype.kind not in "fiub":
        raise DomainError.of(WHERE, "arrays of real numbers", f"{inputs.dtype} and {targets.dtype}", "Convert them.")
    count = len(inputs) if examples is None else examples
    if not 1 <= count <= len(inputs):
        raise DomainError.of(WHERE, f"1 to {len(inputs)} examples", count, "Choose fewer.")
    x = inputs[:count].reshape(count, -1).astype(np.float64)
    if targets.ndim == 1 and targets.dtype.kind in "iub":
        y = one_hot(WHERE, targets.astype(np.int64))[:count]
    else:
        y = targets[:count].reshape(count, -1).astype(np.float64)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise DomainError.of(WHERE, "finite data", f"NaN or infinity in {name}", "Clean the data first.")
    return x, y


def _read(path: Path) -> tuple[Array, Array]:
    """The two arrays as they are in the file."""
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            names = set(archive.files)
            for pair in KEYS:
                if names >= set(pair):
                    return archive[pair[0]], archive[pair[1]]
    except FileNotFoundError as error:
        raise DomainError.of(WHERE, "an .npz file", f"no file {path.name}", "Check the path.") from error
    except (OSError, ValueError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        fix = "Write it with numpy.savez(path, inputs=.., targets=..), as numbers."
        raise DomainError.of(WHERE, "an .npz file of numbers", f"{path.name}: {error}", fix) from error
    fix = "Name them so: numpy.savez(path, inputs=.., targets=..)."
    raise DomainError.of(WHERE, "arrays inputs and targets, or x and y", f"{', '.join(sorted(names)) or 'none'}", fix)
