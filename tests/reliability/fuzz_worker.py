"""Many generated inputs a second: a forked worker runs them one after the other, a watchdog looks at it from outside.

Inputs are drawn by seed and number, so that a finding can be had again. What is costly is spared once it has had its
share of the time: the others are cheap, and one slow function would take most of a run. A run keeps its state in a file
and goes on from it.
"""

import argparse
import json
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

SECONDS = 10
"""Of the processor: after this an input is too long. What others do on the machine does not count."""
PATIENCE = 300
"""Seconds after which the watchdog ends a worker that tells nothing."""
MEMORY = 6 << 30
"""Bytes a process may take."""
TELL = 0.5
"""Seconds between two reports of a worker."""
LIVES = 20_000
"""Inputs after which a worker is replaced: what it has gathered by then is not the next input's."""
FAIR = 1.0
"""Times its equal share of the time that a function or command may have."""
GRACE = 0.3
"""Seconds that each may have besides."""
FINE = frozenset({"ok", "refused", "long"})


class Cases(Protocol):
    """Inputs by number, the same for the same seed."""

    def begin(self) -> None:
        """Make ready, in the process that runs them."""

    def names(self) -> list[str]:
        """Every function or command."""

    def name(self, index: int) -> str:
        """Which of them an input is for; quick."""

    def run(self, index: int) -> str:
        """What an input did: a word, and after a colon what it was."""

    def describe(self, index: int) -> str:
        """What an input is."""


@dataclass
class State:
    """How far a run has come.

    Attributes:
        index: number of the next input.
        count: inputs that were run.
        spent: seconds for each function or command.
        runs: inputs for each.
        kinds: outcomes by their first word.
        findings: the first outcome of each kind that must not be, by what it is.
        seconds: of the whole run.
        fatal: numbers of inputs at which a worker hung or died; they are not run again.
    """

    index: int = 0
    count: int = 0
    spent: dict[str, float] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    fatal: list[int] = field(default_factory=list)

    def spare(self, name: str, names: int) -> bool:
        """Whether it has had its share of the time."""
        return self.spent.get(name, 0.0) > GRACE + FAIR * sum(self.spent.values()) / names

    def add(self, name: str, seconds: float, outcome: str) -> bool:
        """Count an outcome; whether it is a new finding."""
        kind = outcome.partition(":")[0]
        self.count += 1
        self.spent[name] = self.spent.get(name, 0.0) + seconds
        self.runs[name] = self.runs.get(name, 0) + 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind in FINE:
            return False
        last = f"{name}: {outcome.strip().splitlines()[-1][:60]}"
        new = last not in self.findings
        self.findings.setdefault(last, outcome)
        return new


def _work(cases: Cases, state: State, last: int, now: Any, told: Any) -> None:
    """Run inputs from the state's next on until ``last`` have been run."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    cases.begin()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    told.send("ready")
    spared = {name for name in cases.names() if state.spare(name, len(cases.names()))}
    gathered: list[tuple[str, float, str]] = []
    begun = told_at = time.process_time()
    index, todo = state.index, min(last - state.count, LIVES)
    while todo:
        name = cases.name(index)
        if name not in spared and index not in state.fatal:
            now.value = index
            outcome = cases.run(index)
            ended = time.process_time()
            gathered.append((name, ended - begun, outcome))
            todo -= 1
        index += 1
        begun = time.process_time()
        broken = bool(gathered) and gathered[-1][2].partition(":")[0] not in FINE
        if begun - told_at > TELL or not todo or broken:
            told.send((index, gathered))
            for path, seconds, _ in gathered:
                state.spent[path] = state.spent.get(path, 0.0) + seconds
            spared = {path for path in cases.names() if state.spare(path, len(cases.names()))}
            gathered, told_at = [], begun
    os._exit(0)


def fuzz(cases: Cases, state: State, count: int, note: Callable[[str], None]) -> None:
    """Run inputs until so many have been run.

    Args:
        cases: the inputs.
        state: how far an earlier run came; goes on from there.
        count: inputs in all.
        note: told each outcome.
    """
    context, begun, before = get_context("fork"), time.perf_counter(), state.seconds
    while state.count < count:
        now = context.RawValue("q", state.index)
        hear, told = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(cases, state, count, now, told))
        worker.start()
        told.close()
        failed = ""
        try:
            if not (hear.poll(PATIENCE) and hear.recv() == "ready"):
                raise RuntimeError("the worker does not begin")
            while True:
                if not hear.poll(PATIENCE):
                    failed = "hang"
                    break
                state.index, rows = hear.recv()
                for name, seconds, outcome in rows:
                    state.add(name, seconds, outcome)
                    note(outcome)
        except EOFError:  # it has ended
            worker.join(5)
            failed = "" if worker.exitcode == 0 else "died"
        finally:
            worker.kill()
            worker.join()
        if failed:
            # the next worker begins where this one last reported, without this input
            outcome = f"{failed}: {cases.describe(now.value)}"
            state.add(cases.name(now.value), SECONDS, outcome)
            state.fatal.append(now.value)
            note(outcome)
        state.seconds = before + time.perf_counter() - begun


def command_line(about: str, cases: Callable[[argparse.Namespace], Cases]) -> int:
    """Run, keep the state, count, and print what broke.

    Args:
        about: what is run, for ``--help``.
        cases: the inputs that the options ask for.

    Returns:
        1 where something broke.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--count", type=int, default=1000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="words of which one must be in a name, with commas")
    parser.add_argument("--without", default="", help="words of which none may be in a name, with commas")
    parser.add_argument("--state", type=Path, help="a file from which a run goes on, and which it keeps")
    parser.add_argument("--costs", action="store_true", help="print what took the time")
    chosen = parser.parse_args()
    state = State()
    if chosen.state and chosen.state.exists():
        state = State(**json.loads(chosen.state.read_text(encoding="utf-8")))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    shown = set(state.findings)
    saved = time.monotonic()

    def keep() -> None:
        if chosen.state:
            new = chosen.state.with_suffix(".new")
            new.write_text(json.dumps(asdict(state)), encoding="utf-8")
            new.replace(chosen.state)

    def note(outcome: str) -> None:
        nonlocal saved
        if outcome.partition(":")[0] not in FINE and set(state.findings) - shown:
            shown.update(state.findings)
            print(outcome, flush=True)
        if time.monotonic() > saved + 20:
            saved = time.monotonic()
            keep()

    fuzz(cases(chosen), state, chosen.count, note)
    keep()
    if chosen.costs:
        for name, seconds in Counter(state.spent).most_common(30):
            print(f"{name}: {seconds:.1f} s, {state.runs[name]} inputs")
    few = min(state.runs.values(), default=0)
    print(
        f"{state.count} inputs, {state.count / max(state.seconds, 1e-9):.0f} a second: {state.kinds}; "
        f"{len(state.runs)} names, each with {few} inputs at least; {len(state.findings)} findings"
    )
    return int(bool(state.findings))


def wanted(name: str, only: str, without: str) -> bool:
    """Whether a name has one of some words, and none of others; words are separated by commas."""
    some, none = ([w for w in text.split(",") if w] for text in (only, without))
    return (not some or any(w in name for w in some)) and not any(w in name for w in none)
