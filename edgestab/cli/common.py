"""What the commands share: numbers, output files that are never overwritten by accident, tables, progress, records."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from edgestab.symbolic.algebra.errors import DomainError, OutputError

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """``--json FILE``, where ``-`` is stdout."""
    return click.option("--json", "json_path", metavar="FILE", help="Write the result as JSON; - is stdout.")(command)


def force_option(command: F) -> F:
    """``--force``: overwrite existing output files."""
    return click.option("--force", is_flag=True, help="Overwrite existing output files.")(command)


@dataclass(frozen=True)
class Output:
    """Where a command's result goes.

    Attributes:
        plot: file of the figure; None for no figure.
        json: file of the result; ``-`` is stdout, None for no file.
        force: whether existing files may be replaced.
    """

    plot: str | None
    json: str | None
    force: bool

    def write(self, content: dict[str, Any], **config: Any) -> None:
        """Write the result and the run's record as JSON, if asked for.

        Args:
            content: the result; arrays become lists, what is not finite becomes null.
            **config: of the run, for the record.
        """
        if self.json is not None:
            write_json(self.json, {**content, "run": {"config": config}}, self.force)

    def show(self, table: Any) -> None:
        """Print a table, unless stdout is taken by JSON.

        Args:
            table: a rich table, or rows of a name and a text.
        """
        if self.json == "-":
            return
        if not hasattr(table, "add_row"):
            from rich.table import Table
            from rich.text import Text

            rows, table = table, Table(show_header=False, box=None)
            for name, text in rows:
                table.add_row(Text(name), Text(text))
        console().print(table)


def with_output(plot_help: str = "Draw it (png, pdf or svg).") -> Callable[[F], Any]:
    """Options ``--plot``, ``--json`` and ``--force``, handed to a command as one ``output`` and checked before it runs.

    Args:
        plot_help: help of ``--plot``.

    Returns:
        A decorator.
    """

    def decorate(command: F) -> Any:
        @wraps(command)
        def run(plot_path: str | None, json_path: str | None, force: bool, **options: Any) -> Any:
            for path in (json_path, plot_path):
                check_writable(path, force)
            return command(output=Output(plot_path, json_path, force), **options)

        return click.option("--plot", "plot_path", metavar="FILE", help=plot_help)(json_option(force_option(run)))

    return decorate


def clean(value: Any) -> Any:
    """Turn arrays into lists and non-finite numbers into null, for JSON."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def parse_numbers(
    text: str, option: str, kind: Callable[[str], Any] = float, example: str = "0.5,1,2"
) -> tuple[Any, ...]:
    """Comma-separated numbers.

    Args:
        text: what the user gave.
        option: the option's name, for the message.
        kind: ``float`` or ``int``.
        example: for the message.

    Returns:
        The numbers.

    Raises:
        DomainError: one is no number of this kind.
    """
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        what = "integers" if kind is int else "numbers"
        raise DomainError.of(option, f"{what} separated by commas", text, f"Write {option} {example}.") from None


def parse_rational(text: str, option: str) -> Fraction:
    """A rational or decimal number, read exactly.

    Args:
        text: for example ``1/50``, ``0.02``, ``2e-2``.
        option: the option's name, for the message.

    Returns:
        The exact rational.

    Raises:
        DomainError: the text is no finite rational number.
    """
    clean = text.strip()
    exponent = clean.lower().partition("e")[2]
    if len(clean) > 20_000 or (exponent.lstrip("+-").isdigit() and abs(int(exponent)) > 20_000):
        raise DomainError.of(option, "a number of moderate length", f"{clean[:20]}..", "Write it as p/q or a decimal.")
    try:
        return Fraction(clean)
    except (ValueError, ZeroDivisionError):
        raise DomainError.of(option, "a rational or decimal number", text, "Write it as p/q or a decimal.") from None


def check_writable(path: str | None, force: bool) -> None:
    """Refuse an output path before any work is done for it.

    Args:
        path: where the result will go; None or ``-`` is always fine.
        force: whether an existing file may be replaced.

    Raises:
        OutputError: the file exists, or cannot be created.
    """
    if path is None or path == "-":
        return
    target = Path(path)
    if "\0" in path or len(os.fsencode(target.name)) > 200:
        raise OutputError.of("output", "a file name", f"{path[:40]!r}", "No null in it, and at most 200 bytes.")
    if target.is_dir():
        raise OutputError.of("output", "a file name", path, "This is a directory.")
    if target.exists() and not force:
        raise OutputError.of("output", "a new file", path, "It exists and is kept; use --force to overwrite it.")
    folder = target.parent
    if not folder.is_dir():
        raise OutputError.of("output", "a file in an existing directory", path, f"Create {folder} first.")
    if not os.access(target if target.exists() else folder, os.W_OK):
        raise OutputError.of("output", "a writable path", path, "Check its permissions.")
    try:  # access() says yes to root on read-only systems: try
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError.of("output", "a writable path", path, f"{error.strerror}.") from error


def write_output(path: str, text: str, force: bool) -> None:
    """Write text to a file, whole or not at all; ``-`` is stdout.

    Args:
        path: where to.
        text: what.
        force: whether an existing file may be replaced.

    Raises:
        OutputError: the file exists, or cannot be written.
    """
    check_writable(path, force)
    if path == "-":
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        return
    target = Path(path)
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        scratch.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
        scratch.replace(target)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise OutputError.of("output", "a writable path", path, f"{error.strerror}.") from error


SCHEMA = "edgestab 1"
"""Version of the JSON that commands write: it changes when a key is renamed or changes its meaning."""


def recorded(content: dict[str, Any]) -> dict[str, Any]:
    """A command's result with the schema's version and the record of the run.

    Args:
        content: the result; what it has under ``run`` is kept beside argv and versions.
    """
    return {"schema": SCHEMA, **content, "run": {**run_record(), **content.get("run", {})}}


def write_json(path: str, content: dict[str, Any], force: bool) -> None:
    """Write a result as JSON, with the schema's version and the record of the run.

    Args:
        path: where to; ``-`` is stdout.
        content: what; arrays become lists, NaN and infinities null.
        force: whether an existing file may be replaced.
    """
    write_output(path, json.dumps(clean(recorded(content)), indent=2, allow_nan=False), force)


def run_record(**config: Any) -> dict[str, Any]:
    """What every run that writes files also writes: argv, versions, configuration."""
    from edgestab.proofs.verify import versions

    return {"argv": sys.argv[1:], "versions": versions(), "config": config}


def console(stderr: bool = False) -> Any:
    """A rich console; tables go to stdout, progress to stderr."""
    from rich.console import Console

    wide = None if (sys.stderr if stderr else sys.stdout).isatty() else 120
    return Console(stderr=stderr, width=wide)


FIRST_WORD, LATER_WORDS = 8.0, 30.0
"""Seconds after which a command that is still at work says so on a terminal, and between further words."""

PIPED_WORDS = 60.0
"""The same where stderr is no terminal: what is piped should be quiet, but for runs of minutes."""


@contextmanager
def heartbeat(name: str) -> Iterator[None]:
    """Say on stderr from time to time that a long command is still at work, unless a progress bar shows it.

    Args:
        name: of the command.
    """
    done, begin, terminal = threading.Event(), time.monotonic(), sys.stderr.isatty()

    def speak() -> None:
        wait = FIRST_WORD if terminal else PIPED_WORDS
        while not done.wait(wait):
            wait = LATER_WORDS if terminal else PIPED_WORDS
            if not (terminal and BARS):
                seconds = time.monotonic() - begin
                print(f"edgestab {name}: still at work after {seconds:.0f} s; Ctrl-C stops it", file=sys.stderr)

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield
    finally:
        done.set()
        # else it may still look for stderr when that is closed, or when Python ends
        speaker.join(1)


BARS: list[str] = []
"""Progress bars that are on the screen."""


@contextmanager
def on_screen(label: str) -> Iterator[None]:
    """A progress bar is shown meanwhile."""
    BARS.append(label)
    try:
        yield
    finally:
        BARS.remove(label)


@contextmanager
def progress_on(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, when it is a terminal.

    Args:
        label: what is counted.

    Yields:
        A function of ``(done, total)``.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    hidden = not screen.is_terminal
    with Progress(*columns, TimeRemainingColumn(), console=screen, transient=True, disable=hidden) as bar:
        task = bar.add_task(label, total=None)
        with on_screen(label):
            yield lambda done, total: bar.update(task, completed=done, total=total)


def read_pairs(text: str, option: str) -> dict[str, str]:
    """``"p=x*y,q=x^2"`` as a dictionary.

    Args:
        text: what the user typed.
        option: its option, for the message.

    Returns:
        Names to formulas, in order.

    Raises:
        DomainError: a pair is malformed or a name is repeated.
    """
    found: dict[str, str] = {}
    for pair in filter(None, (p.strip() for p in text[:20_000].split(","))):
        name, equals, formula = (part.strip() for part in pair.partition("="))
        if not equals or not name or not formula or name in found:
            raise DomainError.of(option, "pairs name=formula, each name once", pair, "Separate pairs by commas.")
        found[name] = formula
    return found
