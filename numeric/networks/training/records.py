"""Records of a run: JSON lines, one object for each measured step, that survive a kill at any moment.

A record is one line in one write to the end of the file, so a reader sees it whole or not at all. Should a machine die
within that write, the half line is last: readers here leave it out, and the next writer cuts it off.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ....symbolic.algebra.errors import DomainError, OutputError
from ...runs.chunk_store import write_atomic

Record = dict[str, Any]


def plain(value: Any) -> Any:
    """Arrays as lists and numbers of Python; what is not finite as None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_line(record: Record) -> bytes:
    """One record as a line of JSON."""
    return (json.dumps(plain(record), allow_nan=False, separators=(",", ":")) + "\n").encode()


def read_records(path: str | Path) -> list[Record]:
    """The records of a run, as its monitor wrote them.

    ``pandas.read_json(path, lines=True)`` reads the same file.

    Args:
        path: a file of JSON lines.

    Returns:
        One dictionary for each measured step, in order. A last line that was cut off is left out.

    Raises:
        DomainError: no such file, or a line within it is no record.

    Source:
        The format of this package: JSON lines.

    Example:
        >>> problem = es.networks.Problem.from_regression(es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0]), [0.1])
        >>> monitor = es.networks.Monitor(problem, every=1, file="run.jsonl", k=1)
        >>> record = monitor(0, problem.start)
        >>> es.networks.read_records("run.jsonl") == [record]
        True
    """
    return _read(Path(path))[0]


def _read(path: Path) -> tuple[list[Record], int]:
    """Records, and how many bytes of the file they are."""
    where = "read_records()"
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        got = f"{path.name[:60]!r}: {getattr(error, 'strerror', None) or error}"
        raise DomainError.of(where, "a file of records", got, "Check the path.") from error
    lines = content.split(b"\n")
    found: list[Record] = []
    for number, line in enumerate(lines[:-1], 1):
        try:
            record = json.loads(line)
            found.append({**record, "step": int(record["step"])})
        except (ValueError, TypeError, KeyError) as error:
            got = f"line {number} of {path.name}"
            fix = "It is damaged, or no file of a monitor: remove the line, or choose another file."
            raise DomainError.of(where, "one record in each line", got, fix) from error
    return found, len(content) - len(lines[-1])


class RecordFile:
    """A file to which records are added."""

    def __init__(self, path: str | Path, *, resume: bool = False, force: bool = False) -> None:
        """Open a new file, or go on after the last whole line of an old one.

        Args:
            path: the file.
            resume: go on with the records of an existing file.
            force: replace an existing file.

        Raises:
            OutputError: it exists and neither is set, or it cannot be written.
            DomainError: to be gone on with, but no file of records.
        """
        self.path = Path(path)
        self.records: list[Record] = []
        # where pathlib raises, for a name that is too long, os.path says no
        exists = os.path.exists(self.path)
        if exists and not (resume or force):
            fix = "It is kept; resume it, or force to replace it."
            raise OutputError.of("Monitor()", "a new file", self.path.name, fix)
        if exists and resume and not force:
            self.records, whole = _read(self.path)
            with self._guarded():
                os.truncate(self.path, whole)
        else:
            self._replace(())

    def _guarded(self) -> _Guard:
        return _Guard(self.path)

    def _replace(self, records: Iterable[Record]) -> None:
        """Write the whole file anew, or leave it as it is."""
        with self._guarded():
            write_atomic(self.path, b"".join(to_line(r) for r in records))

    def append(self, record: Record) -> None:
        """Add a record; those of the same or later steps go, since they are being measured again.

        Args:
            record: with its ``step``.

        Raises:
            OutputError: it could not be written; the file then ends with the record before.
        """
        self.cut(record["step"])
        line = to_line(record)
        with self._guarded():
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                before = os.fstat(handle).st_size
                if os.write(handle, line) != len(line):
                    os.ftruncate(handle, before)
                    raise OSError(28, "no space left")
            finally:
                os.close(handle)
        self.records.append(record)

    def cut(self, step: int) -> None:
        """Remove the records from a step on."""
        keep = [r for r in self.records if r["step"] < step]
        if len(keep) < len(self.records):
            self.rewrite(keep)

    def rewrite(self, records: list[Record]) -> None:
        """Put other records in the place of all, or leave the file as it is."""
        self._replace(records)
        self.records = records


class _Guard:
    """Turns what the system says about a file into an error that says what to do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, OSError | ValueError):  # a name with a null byte is a ValueError
            why = getattr(error, "strerror", None) or str(error)
            raise OutputError.of(
                "Monitor()", "a file that can be written", f"{self.path.name[:60]}: {why}", "Choose another."
            )
