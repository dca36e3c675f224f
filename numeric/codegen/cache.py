"""The cache folder, and digests of everything that generated code depends on."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RUNTIME = ("cache.py", "lanes.py", "machine_code.py", "wide_arithmetic.py", "wide_lanes.py")
"""What machine code depends on besides its generated source."""

GENERATOR = (
    "../number_types.py",
    "cache.py",
    "coefficient_ring.py",
    "coordinates.py",
    "emission.py",
    "operation_search.py",
    "program.py",
    "scheduling.py",
)
"""What finds programs: :mod:`.scheduling` and all that it imports from this room and the table of number types."""


def cache_folder() -> Path:
    """Where generated modules live: ``$EDGESTAB_CACHE``, else ``$XDG_CACHE_HOME/edgestab``, else ``~/.cache/edgestab``.

    Returns:
        The folder, created; a fresh temporary one when it cannot be written.
    """
    named = os.environ.get("EDGESTAB_CACHE")
    base = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgestab"
    try:
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=base):
            return base
    except OSError:
        return _spare_folder()


@lru_cache(maxsize=1)
def _spare_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="edgestab-"))


@lru_cache(maxsize=4)
def sources_digest(names: tuple[str, ...]) -> str:
    """SHA-256 of some of this package's source files."""
    here = Path(__file__).parent
    return hashlib.sha256(b"\0".join((here / name).read_bytes() for name in names)).hexdigest()


@lru_cache(maxsize=1)
def toolchain() -> str:
    """Versions that generated machine code depends on."""
    packages = " ".join(f"{name}-{_installed(name)}" for name in ("numba", "llvmlite", "numpy"))
    return f"python-{sys.version_info[0]}.{sys.version_info[1]} {packages}"


def _installed(name: str) -> str:
    """The version of a package; one whose record is not there (while it is being installed) is another version."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def cache_key(text: str) -> str:
    """The digest of generated source with all that its machine code depends on but the processor."""
    content = "\0".join((text, sources_digest(RUNTIME), toolchain()))
    return hashlib.sha256(content.encode()).hexdigest()


def keep_text(path: Path, text: str) -> bool:
    """Make a file of the cache hold exactly this text, whole or not at all; see :func:`keep_bytes`."""
    return keep_bytes(path, text.encode())


def keep_bytes(path: Path, content: bytes) -> bool:
    """Make a file of the cache hold exactly this content, whole or not at all.

    What is kept saves time, and nothing rests on it: another process may empty the folder at any moment, and a disk may
    be full. The work goes on then, without the file.

    Args:
        path: the file.
        content: its content.

    Returns:
        Whether it is there.
    """
    for _ in range(2):  # the folder may go after it was made; once more, and then without it
        scratch = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.read_bytes() == content:
                return True
            handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            Path(scratch).replace(path)
        except OSError:
            if scratch is not None:
                with suppress(OSError):
                    Path(scratch).unlink()
        else:
            return True
    return False
