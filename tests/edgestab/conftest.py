"""Run the command line in this process, as ``main`` does for a user."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from edgestab.cli import main


@dataclass
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def edgestab(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def run(*argv: str) -> Ran:
        with pytest.raises(SystemExit) as stop:
            main(list(argv))
        captured = capsys.readouterr()
        code = stop.value.code
        return Ran(code if isinstance(code, int) else 1, captured.out, captured.err)

    return run
