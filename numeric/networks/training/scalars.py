"""Scalars of a run for TensorBoard, through whichever writer is installed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from ....symbolic.algebra.errors import DomainError
from .records import Record

WRITERS = ("torch.utils.tensorboard", "tensorboardX")
SKIPPED = ("step", "seconds")


class ScalarWriter:
    """Writes each number of a record as a scalar: ``loss``, ``sharpness/1``, ``batch_sharpness/value``, .."""

    def __init__(self, folder: str | Path) -> None:
        """Open the folder.

        Args:
            folder: where the event files go.

        Raises:
            DomainError: neither PyTorch with TensorBoard nor tensorboardX is installed.
        """
        for name in WRITERS:
            try:
                writer = import_module(name).SummaryWriter
            except ImportError:  # torch.utils.tensorboard raises it where TensorBoard itself is missing
                continue
            self._writer: Any = writer(str(folder))
            return
        fix = "Install one: pip install tensorboardX, or leave `tensorboard` out."
        raise DomainError.of("Monitor()", "TensorBoard or tensorboardX", "neither", fix)

    def add(self, record: Record) -> None:
        """Write the numbers of a record."""
        for key, value in record.items():
            parts = {"": value}
            if isinstance(value, list):
                parts = {f"/{k}": v for k, v in enumerate(value, 1)}
            elif isinstance(value, dict):
                parts = {f"/{k}": v for k, v in value.items()}
            for suffix, number in parts.items():
                if key not in SKIPPED and isinstance(number, (int, float)):
                    self._writer.add_scalar(key + suffix, number, record["step"])
        self._writer.flush()
