"""Checkpoints of a training run: one sealed archive that appears whole or not at all, and belongs to one run alone."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError, OutputError
from ...runs.chunk_store import SEAL, digest_config, seal, write_atomic
from ..problem import Problem

Array = np.ndarray[Any, np.dtype[Any]]
WHERE = "train()"
ARCHIVE, RUN = "checkpoint.npz", "run.json"
CLOSE = {np.dtype("float32"): 1e-3, np.dtype("float64"): 1e-7}
"""How near the gradient at the start has to be for two problems to count as one: another machine rounds otherwise."""


class Checkpoint:
    """A folder with the last state of one run.

    Attributes:
        folder: where it lies.
    """

    def __init__(
        self, folder: str | Path, config: Mapping[str, Any], problem: Problem, *, resume: bool, force: bool
    ) -> None:
        """Claim the folder, or the run that is in it.

        Args:
            folder: made when missing.
            config: everything the run depends on but the problem, as plain data.
            problem: what is trained; its start and the gradient there stand for model and data.
            resume: go on with the run in the folder, if there is one.
            force: discard it.

        Raises:
            OutputError: the folder cannot be written, or holds a run that is not to be resumed or discarded.
            DomainError: it holds another run, or a damaged checkpoint.
        """
        self.folder, self._config = Path(folder), dict(config)
        self._problem = problem
        self._identity = {"start": problem.start, "gradient": problem.at().gradient}
        self.found: dict[str, Array] | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            there = (self.folder / ARCHIVE).exists()
            if there and not (resume or force):
                fix = "Resume it (--resume), discard it (--force), or choose another folder."
                raise OutputError.of(WHERE, "an empty checkpoint folder", f"a run in {self.folder.name}", fix)
            if there and resume and not force:
                self.found = self._load()
                return
            (self.folder / ARCHIVE).unlink(missing_ok=True)
            self._describe()
        except OutputError:
            raise
        except (OSError, ValueError) as error:
            if isinstance(error, DomainError):
                raise
            why = getattr(error, "strerror", None) or error
            raise OutputError.of(
                WHERE, "a folder that can be written", str(folder), f"{why}: choose another."
            ) from error

    def _describe(self) -> None:
        """Say in ``run.json`` what the folder holds."""
        content = {"config": self._config, "config_digest": digest_config(self._config)}
        write_atomic(self.folder / RUN, (json.dumps(content, indent=2) + "\n").encode())

    def _load(self) -> dict[str, Array]:
        """The state, after checking that it is whole and of this run."""
        try:
            with open(self.folder / ARCHIVE, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
                found = {name: archive[name] for name in archive.files}
            sound = np.array_equal(found.pop(SEAL), seal(found))
        except Exception:  # whatever a damaged archive makes the reader say
            sound = False
        if not sound:
            fix = "Delete it and start anew (--force), or restore the file from a copy."
            raise DomainError.of(WHERE, "a whole checkpoint", f"a damaged {ARCHIVE} in {self.folder.name}", fix)
        theirs = json.loads(str(found.pop("config")))
        odd = sorted(k for k in theirs.keys() | self._config.keys() if theirs.get(k) != self._config.get(k))
        if odd:
            got = f"{odd[0]} {theirs.get(odd[0])!r}, now {self._config.get(odd[0])!r}"
            raise DomainError.of(WHERE, "a checkpoint of this run", got, "Take the options of that run, or --force.")
        self._same_problem({name: found.pop(f"problem {name}") for name in self._identity})
        return found

    def _same_problem(self, theirs: dict[str, Array]) -> None:
        mine = self._identity
        fix = "Model, data, loss or start differ: take those of that run, or --force."
        if theirs["start"].shape != mine["start"].shape or not np.array_equal(theirs["start"], mine["start"]):
            raise DomainError.of(WHERE, "a checkpoint of this problem", "one of another start", fix)
        near = CLOSE[self._problem.dtype] * np.linalg.norm(mine["gradient"])
        if not np.linalg.norm(theirs["gradient"] - mine["gradient"]) <= near:
            raise DomainError.of(WHERE, "a checkpoint of this problem", "one of another model or other data", fix)

    def save(self, arrays: Mapping[str, Array]) -> None:
        """Write a state over the last one.

        Args:
            arrays: the state.

        Raises:
            OutputError: it could not be written; the last one is still there.
        """
        content = dict(arrays) | {"config": np.array(json.dumps(self._config))}
        content |= {f"problem {name}": array for name, array in self._identity.items()}
        stream = io.BytesIO()
        # mypy cannot see that no key of the mapping is the keyword `allow_pickle`.
        np.savez(stream, **content, **{SEAL: seal(content)})  # type: ignore[arg-type]
        try:
            write_atomic(self.folder / ARCHIVE, stream.getvalue())
        except OSError as error:
            fix = "Free space and resume: the checkpoint before is kept."
            got = f"{self.folder / ARCHIVE}: {error.strerror}"
            raise OutputError.of(WHERE, "room for a checkpoint", got, fix) from error
