"""A time limit on a derivation that ends as Ctrl-C does, so that what was derived can be kept."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

PATIENCE = 10.0
"""Seconds after which a derivation says what it is at."""
AGAIN = 2.0
"""Seconds until the limit is enforced again, where an interrupt was swallowed (Python drops those in destructors)."""


class OutOfTime(KeyboardInterrupt):
    """The time limit has passed: handled like Ctrl-C, so no ``except Exception`` on the way can swallow it."""


class Progress:
    """What is being derived, for messages.

    Attributes:
        step: its name.
    """

    step = "reading"

    def at(self, step: str) -> None:
        """Begin a step."""
        self.step = step


@contextmanager
def time_limit(seconds: float, progress: Progress) -> Iterator[None]:
    """Interrupt the block after some seconds, by a timer of the operating system; no thread is left behind.

    Where there is no such timer (Windows, or not the main thread) the block runs without a limit, and Ctrl-C ends it.

    Args:
        seconds: how long it may take.
        progress: what it is at, for the message after ten seconds.

    Yields:
        Nothing.

    Raises:
        OutOfTime: the time has passed.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    end = time.monotonic() + seconds

    def ring(number: int, frame: FrameType | None) -> None:
        left = end - time.monotonic()
        if left <= 0:
            raise OutOfTime
        click.echo(
            f"still at the step '{progress.step}'; it ends in {left:.0f} s (--seconds), or with Ctrl-C, "
            "and what was derived is kept",
            err=True,
        )
        signal.setitimer(signal.ITIMER_REAL, left, AGAIN)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, min(PATIENCE, seconds), AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
