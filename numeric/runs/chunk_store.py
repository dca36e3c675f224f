"""Results of a long run as chunk files: ``run.json`` and one ``.npz`` for each chunk, never pickle.

A chunk file appears whole or not at all, so a run killed at any moment resumes from what is there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...symbolic.algebra.errors import OutputError

Arrays = Mapping[str, NDArray[Any]]


def digest_config(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of ``config``."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader sees the old file or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(temporary, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)


SEAL = "sha256"


def seal(arrays: Arrays) -> NDArray[np.uint8]:
    """A digest of names, types, shapes and bytes of arrays."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


class ChunkStore:
    """A folder that holds the chunks of one run.

    Args:
        folder: Where the files lie; made when missing.
        config: Everything the results depend on, as plain data. It is written to ``run.json``, and a folder written
            with another configuration is refused.
        count: Number of chunks.
        info: More data for ``run.json`` that results do not depend on (argv, versions).
        force: Discard what another configuration left in the folder.

    Raises:
        OutputError: If the folder cannot be written, or holds another run and ``force`` is not set.
    """

    def __init__(
        self,
        folder: str | Path,
        config: Mapping[str, Any],
        count: int,
        *,
        info: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.count = count
        self.config = dict(config)
        self.digest = digest_config(self.config)
        self._info = dict(info or {})
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._claim(force)
        except OutputError:
            raise
        except (OSError, ValueError) as error:  # ValueError: a null byte in the name
            why = getattr(error, "strerror", None) or error
            raise OutputError.of(
                "ChunkStore()", "a folder that can be written", repr(str(folder)), f"{why}: choose another."
            ) from error

    @staticmethod
    def peek(folder: str | Path, key: str) -> Any:
        """An entry of the configuration of a run that may lie in ``folder``, or None."""
        try:
            return json.loads((Path(folder) / "run.json").read_text())["config"][key]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _claim(self, force: bool) -> None:
        """Check that the folder is ours or empty, then write ``run.json``."""
        run = self.folder / "run.json"
        if run.exists():
            try:
                found = json.loads(run.read_text()).get("config_digest")
            except (ValueError, AttributeError):
                found = "unreadable"
            if found == self.digest:
                return
            if not force:
                raise OutputError.of(
                    "ChunkStore()",
                    "an empty folder or one that holds this run",
                    f"the run.json of another in {self.folder.name}",
                    "Choose another folder, or use --force to discard that run.",
                )
        elif any(self.folder.glob("*.npz")):
            raise OutputError.of(
                "ChunkStore()",
                "an empty folder or one with a run.json",
                f"other .npz files in {self.folder.name}",
                "Choose another folder.",
            )
        for stale in self.folder.glob("chunk-*.npz"):
            stale.unlink()
        self.write_run(finished=False)

    def write_run(self, *, finished: bool, summary: Mapping[str, Any] | None = None) -> None:
        """Write ``run.json``: configuration, its digest, the number of chunks, and whether all are there."""
        content = {
            **self._info,
            "config": self.config,
            "config_digest": self.digest,
            "chunks": self.count,
            "finished": finished,
            **({"summary": dict(summary)} if summary else {}),
        }
        write_atomic(self.folder / "run.json", (json.dumps(content, indent=2) + "\n").encode())

    def path(self, index: int) -> Path:
        """Return the file of chunk ``index``."""
        return self.folder / f"chunk-{index:06d}.npz"

    def save(self, index: int, arrays: Arrays) -> None:
        """Write the arrays of a chunk; the file appears whole or not at all."""
        target = self.path(index)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with open(temporary, "wb") as stream:
                # mypy cannot see that no key of the mapping is the keyword `allow_pickle`.
                np.savez(stream, **arrays, **{SEAL: seal(arrays)})  # type: ignore[arg-type]
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise OutputError.of(
                "ChunkStore.save()",
                "room for another chunk file",
                f"{target}: {error.strerror}",
                "Free space and run again: finished chunks are kept.",
            ) from error

    def load(self, index: int) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of a chunk, or None if its file is missing or damaged (it is then run again).

        The archive's own checksums leave out its table of contents, where a flipped bit can lose an array: the seal
        is over all of them.
        """
        try:
            with open(self.path(index), "rb") as stream, np.load(stream, allow_pickle=False) as archive:
                found = {name: archive[name] for name in archive.files}
            given = found.pop(SEAL)
            return found if np.array_equal(given, seal(found)) else None
        except Exception:  # whatever a damaged archive makes the reader say, the chunk is run again
            return None
