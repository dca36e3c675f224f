"""Which tests and which claims reach the changed places, and how long each takes: found once, kept beside the results.

The copy's drawn places say their names when they are reached, also in the processes that a test starts (their
surroundings name the test). Each file of tests, and each claim, runs in a child of its own, so that what an earlier one
has cached hides nothing from it.
"""

import builtins
import contextlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.reliability.mutant_sites import Site, watched

LABEL, FOLDER = "EDGESTAB_REACH_LABEL", "EDGESTAB_REACH_FOLDER"
CLAIM = "claim "
"""How the label of a claim begins; another label is a test's."""

OUTPUT = os.environ.get("EDGESTAB_MUTANT_OUTPUT", "")
"""A file for the words of the last child; nowhere if empty."""

NOT_WATCHED = ("numeric/codegen/lanes.py", "numeric/codegen/wide_")
"""Files whose functions numba compiles: they cannot call Python."""

IN_CHILDREN = """import builtins, os
_seen = set()
def _reached(name):
    label = os.environ.get("EDGESTAB_REACH_LABEL") or os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    if (name, label) not in _seen:
        _seen.add((name, label))
        folder = os.environ.get("EDGESTAB_REACH_FOLDER")
        if folder:
            with open(f"{folder}/{os.getpid()}", "a", encoding="utf-8") as stream:
                stream.write(f"{name}\\t{label}\\n")
builtins._reached = _reached
"""


def in_child(work: Callable[[], int], cpu: int, wall: int) -> tuple[int | None, float]:
    """Run in a forked child.

    Args:
        work: what to do; its result is the exit status.
        cpu: seconds of the processor that it may take.
        wall: seconds that may pass.

    Returns:
        The exit status, None where the child took too long, and the seconds of the processor with all its children.
    """
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = os.fork()
    if child == 0:
        status = 70
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
            told = os.open(OUTPUT or os.devnull, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            for stream, place in enumerate((os.open(os.devnull, os.O_RDONLY), told, told)):
                os.dup2(place, stream)
            status = work()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 70
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    deadline, state = time.monotonic() + wall, 0
    try:
        while True:
            done, state = os.waitpid(child, os.WNOHANG)
            if done:
                break
            if time.monotonic() > deadline:
                os.killpg(child, signal.SIGKILL)
                _, state = os.waitpid(child, 0)
                break
            time.sleep(0.02)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # itself, or what it left behind
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
    return (os.waitstatus_to_exitcode(state) if os.WIFEXITED(state) else None), spent


def run_tests(copy: Path, chosen: list[str], plugins: list[Any], more: tuple[str, ...] = ()) -> int:
    """Pytest on some of a copy's tests, in this process."""
    import pytest

    os.chdir(copy)
    rewritten = "ignore::pytest.PytestAssertRewriteWarning"  # what is loaded beforehand is no test's business
    given = ["-q", "-x", "-p", "no:cacheprovider", "-n", "0", "-W", rewritten, *more, *chosen]
    return int(pytest.main(given, plugins=plugins))


def judge_claims(copy: Path, ids: list[str], effort: str) -> int:
    """Judge claims of a copy by their own checks: 1 where a verdict is not TRUE."""
    os.chdir(copy)
    from edgestab.proofs import all_claims, judge_claim

    known = all_claims()
    return int(any(judge_claim(known[i], effort=effort).verdict.value != "TRUE" for i in ids))


def claim_ids(copy: Path) -> list[str]:
    """Every claim of a copy."""
    place = copy / ".claims.json"

    def work() -> int:
        from edgestab.proofs import all_claims

        place.write_text(json.dumps(list(all_claims())), encoding="utf-8")
        return 0

    in_child(work, 100, 1000)
    return list(json.loads(place.read_text(encoding="utf-8")))


class Timer:
    """A pytest plugin: which tests passed, and how long each took."""

    def __init__(self, place: Path) -> None:
        self.place, self.seconds, self.failed = place, dict[str, float](), set[str]()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add the time of a part of a test."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write what was found."""
        rows = {n: s for n, s in self.seconds.items() if n not in self.failed}
        self.place.write_text(json.dumps([rows, sorted(self.failed)]), encoding="utf-8")


class Reach:
    """What is known of a copy's tests and claims.

    Attributes:
        seconds: of each test and claim that passes.
        failed: those that fail on the unchanged source.
        reaching: for each drawn place, by its number, the tests and claims that reach it.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self.done: list[str] = []
        self.reaching: dict[str, list[str]] = {}
        if place.exists():
            self.__dict__.update(json.loads(place.read_text(encoding="utf-8")), place=place)

    def save(self) -> None:
        """Write what is known."""
        kept = {k: v for k, v in self.__dict__.items() if k != "place"}
        self.place.write_text(json.dumps(kept), encoding="utf-8")

    def find(self, source: Path, copy: Path, drawn: list[Site], say: Callable[[str], None]) -> None:
        """Run every file of tests and every claim that has not run yet, in a copy whose drawn places are watched."""
        originals = _watch(source, copy, drawn)
        folder, timed = copy / ".reach", copy / ".timed.json"
        folder.mkdir(exist_ok=True)
        os.environ[FOLDER] = str(folder)
        _hear()
        files = sorted(p.relative_to(copy).as_posix() for p in (copy / "tests").rglob("test_*.py"))
        try:
            for name in [*files, *(CLAIM + i for i in claim_ids(copy))]:
                if name in self.done:
                    continue
                for path in [timed, *folder.iterdir()]:
                    path.unlink(missing_ok=True)
                if name.startswith(CLAIM):
                    self._claim(copy, name)
                else:
                    _, spent = in_child(lambda n=name: self._file(copy, n, timed), 1000, 3000)  # type: ignore[misc]
                    rows, failed = json.loads(timed.read_text(encoding="utf-8")) if timed.exists() else ({}, [name])
                    self.seconds.update(rows)
                    self.failed += failed
                    say(f"{name}: {len(rows)} tests, {spent:.1f} s of the processor, failed {failed}")
                for path in folder.iterdir():
                    for line in path.read_text(encoding="utf-8").splitlines():
                        number, _, label = line.partition("\t")
                        known = self.reaching.setdefault(number, [])
                        if label and label not in known:
                            known.append(label)
                self.done.append(name)
                self.save()
        finally:
            del os.environ[FOLDER]
            for path, text in originals.items():
                path.write_text(text, encoding="utf-8")

    def _file(self, copy: Path, name: str, timed: Path) -> int:
        return run_tests(copy, [name], [Timer(timed)], ("--maxfail=1000",))

    def _claim(self, copy: Path, name: str) -> None:
        def work() -> int:
            os.environ[LABEL] = name
            return judge_claims(copy, [name.removeprefix(CLAIM)], "quick")

        status, spent = in_child(work, 300, 900)
        if status == 0:
            self.seconds[name] = spent
        else:
            self.failed.append(name)


def _hear() -> None:
    exec(compile(IN_CHILDREN, "<reach>", "exec"), {})
    assert hasattr(builtins, "_reached")


def _watch(source: Path, copy: Path, drawn: list[Site]) -> dict[Path, str]:
    """Let the drawn places say that they are reached; returns the texts as they were."""
    marks: dict[str, dict[int, str]] = {}
    for number, site in enumerate(drawn):
        if not site.path.startswith(NOT_WATCHED):
            marks.setdefault(site.path, {})[site.number] = str(number)
    originals = {}
    for name, terms in marks.items():
        path = copy / name
        originals[path] = (source / name).read_text(encoding="utf-8")
        path.write_text(watched(originals[path], terms), encoding="utf-8")
    (copy / "sitecustomize.py").write_text(IN_CHILDREN, encoding="utf-8")
    sys.dont_write_bytecode = True
    return originals
