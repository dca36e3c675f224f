"""Build the Coq development: compile every file, read statements and axioms, run the independent checker."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..symbolic.algebra.errors import ProofError
from .coq_audit import forbidden, read_assumptions, read_summary, restated
from .coq_graph import GRAPH, PACKAGE, graph_source, read_graph
from .coq_record import SOURCES, THEOREMS, CoqRecord, Theorem, digest, source_files

LIBRARY = "EdgeStab"
PACKAGES = ("coq", "libcoq-coquelicot", PACKAGE)
FLAGS = ("-q", "-w", "-ambiguous-paths")
Progress = Callable[[str, float], None]


def find_coq() -> Path | None:
    """The Coq compiler on the path, if any."""
    found = shutil.which("coqc")
    return Path(found) if found else None


def install_coq() -> None:
    """Install Coq and Coquelicot from the system's packages, where that is permitted.

    Raises:
        ProofError: there is no apt-get, or it did not succeed.
    """
    advice = "Install Coq 8.16 or newer with Coquelicot yourself (Debian, Ubuntu: apt-get install {packages})."
    install_packages(PACKAGES, advice.format(packages=" ".join(PACKAGES)))
    if find_coq() is None:
        raise ProofError.of("install_coq()", "coqc on the path", "none", advice.format(packages=" ".join(PACKAGES)))


def install_packages(packages: Sequence[str], advice: str) -> None:
    """Install packages of the system, where that is permitted.

    Args:
        packages: their names in Debian.
        advice: what to do where it is not.

    Raises:
        ProofError: there is no apt-get, or it did not succeed.
    """
    manager = shutil.which("apt-get")
    if manager is None:
        raise ProofError.of("install_packages()", "apt-get on this system", "none", advice)
    prefix = ["sudo", "-n"] if shutil.which("sudo") and not _is_root() else []
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run([*prefix, manager, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProofError.of("install_packages()", "apt-get to succeed", done.stderr.strip()[-200:], advice)


def _is_root() -> bool:
    import os

    return hasattr(os, "geteuid") and os.geteuid() == 0


def coq_version() -> str:
    """For example ``8.16.1``.

    Raises:
        ProofError: Coq is not installed.
    """
    coqc = find_coq()
    if coqc is None:
        raise ProofError.of("edgestab prove", "coqc on the path", "none", f"apt-get install {' '.join(PACKAGES)}")
    text = subprocess.run([coqc, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"version\s+(\S+)", text)
    return found.group(1) if found else text.strip()


def dependencies(files: dict[str, str]) -> dict[str, set[str]]:
    """Which of the files each file requires, read from its ``From EdgeStab Require`` lines.

    Args:
        files: relative name to text.

    Returns:
        Name to names.

    Raises:
        ProofError: a required file does not exist.
    """
    by_module = {Path(name).stem: name for name in files}
    found: dict[str, set[str]] = {}
    for name, text in files.items():
        found[name] = set()
        for modules in re.findall(rf"^From {LIBRARY} Require (?:Import |Export )?([^.]*)\.", text, re.MULTILINE):
            for module in modules.split():
                if module not in by_module:
                    raise ProofError.of(
                        "dependencies()", f"a source of {module}", f"none, required by {name}", "Add it."
                    )
                found[name].add(by_module[module])
    return found


def run_coq(command: list[str], cwd: Path) -> tuple[int, str, float]:
    """Run a command of Coq's.

    Args:
        command: with its arguments.
        cwd: where.

    Returns:
        Exit status, what it printed, and seconds.
    """
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip(), time.perf_counter() - begin


def compile_files(
    folder: Path, files: dict[str, str], jobs: int, progress: Progress = lambda name, seconds: None
) -> tuple[dict[str, float], str]:
    """Compile files in dependency order, at most ``jobs`` at once.

    Args:
        folder: where the files lie.
        files: relative name to text; everything that they require is among them.
        jobs: parallel compilers.
        progress: called with each finished file and its seconds.

    Returns:
        Seconds for each file, and the first error (empty when Coq accepted all).

    Raises:
        ProofError: the files require one another in a circle.
    """
    waiting = dependencies(files)
    seconds: dict[str, float] = {}
    running: dict[Future[tuple[int, str, float]], str] = {}
    failure = ""
    with ThreadPoolExecutor(jobs) as pool:
        while waiting or running:
            if not failure:
                for name in [n for n, needs in waiting.items() if needs <= seconds.keys()]:
                    command = ["coqc", *FLAGS, "-R", ".", LIBRARY, name]
                    running[pool.submit(run_coq, command, folder)] = name
                    del waiting[name]
            if not running:
                if failure:
                    break
                raise ProofError.of("compile_files()", "files without circles", sorted(waiting), "Untangle them.")
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                code, output, took = future.result()
                if code:
                    failure = failure or f"{name}: {output[-600:]}"
                    continue
                seconds[name] = round(took, 2)
                progress(name, took)
    return seconds, failure


def audit_source(theorems: tuple[Theorem, ...]) -> str:
    """A Coq file that prints the statement and the axioms of each theorem."""
    modules = " ".join(dict.fromkeys(t.module for t in theorems))
    lines = ["From Coq Require Import Reals.", "From Coquelicot Require Import Coquelicot."]
    lines += [f"From {LIBRARY} Require Import {modules}.", "Open Scope R_scope.", "Set Printing Width 110."]
    for theorem in theorems:
        lines.append(f"Check {theorem.module}.{theorem.name}.\nPrint Assumptions {theorem.module}.{theorem.name}.")
    return "\n".join(lines) + "\n"


def _heading(theorem: Theorem) -> re.Pattern[str]:
    return re.compile(rf"^(?:{theorem.module}\.)?{theorem.name}\s*:", re.MULTILINE)


def parse_audit(output: str, theorems: tuple[Theorem, ...]) -> dict[str, dict[str, object]]:
    """Statements and axioms from the output of :func:`audit_source`.

    Args:
        output: what coqc printed.
        theorems: in the order in which they were asked for.

    Returns:
        Theorem name to ``{"statement": .., "axioms": [..]}``.

    Raises:
        ProofError: the output does not hold one answer for each theorem.
    """
    found: dict[str, dict[str, object]] = {}
    rest = output
    for index, theorem in enumerate(theorems):
        head = _heading(theorem).search(rest)
        if head is None:
            raise ProofError.of("parse_audit()", f"the statement of {theorem.name}", rest[:80], "Report it.")
        rest = rest[head.end() :]
        later = theorems[index + 1 :]
        stop = _heading(later[0]).search(rest) if later else None
        block = rest[: stop.start()] if stop else rest
        statement, mark, axioms = block.partition("Axioms:")
        if not mark and "Closed under the global context" not in block:
            raise ProofError.of("parse_audit()", f"the axioms of {theorem.name}", block[-80:], "Report it.")
        if not mark:
            statement = block.partition("Closed under the global context")[0]
        found[theorem.name] = {"statement": " ".join(statement.split()), "axioms": read_assumptions(axioms)}
    return found


def read_dependencies(folder: Path, files: dict[str, str], theorems: tuple[Theorem, ...]) -> dict[str, dict[str, Any]]:
    """Which theorem rests on which, where Coq's plugin dpdgraph is installed.

    Args:
        folder: where the compiled files lie.
        files: the sources that were compiled.
        theorems: that are asked for.

    Returns:
        As :func:`.coq_graph.read_graph`; nothing without the plugin: no verdict depends on it.
    """
    (folder / "Graph.v").write_text(graph_source(files, LIBRARY), encoding="utf-8")
    code, _, _ = run_coq(["coqc", *FLAGS, "-R", ".", LIBRARY, "Graph.v"], folder)
    return {} if code else read_graph((folder / GRAPH).read_text(encoding="utf-8"), theorems)


def run_checker(folder: Path, files: dict[str, str], libraries: bool) -> dict[str, object]:
    """Run ``coqchk``, the stand-alone checker, on the compiled files.

    Args:
        folder: where the compiled files lie.
        files: the sources that were compiled.
        libraries: whether to check Coq's and Coquelicot's libraries again too (long).

    Returns:
        What was checked, with what result and how long it took.
    """
    modules = [f"{LIBRARY}.{name.removesuffix('.v').replace('/', '.')}" for name in sorted(files)]
    command = ["coqchk", "-silent", "-o", "-R", ".", LIBRARY]
    command += modules if libraries else [part for module in modules for part in ("-norec", module)]
    code, output, took = run_coq(command, folder)
    summary = read_summary(output)
    refused = "; ".join(summary.refused) if code == 0 else output[-400:]
    return {
        "accepted": code == 0 and not summary.refused,
        "checked": modules,
        "libraries": libraries,
        "axioms": list(summary.axioms),
        "seconds": round(took, 1),
        "message": refused,
    }


def build(
    jobs: int = 2,
    check: str = "own",
    progress: Progress = lambda name, seconds: None,
    sources: Path = SOURCES,
    theorems: tuple[Theorem, ...] = THEOREMS,
    restate: bool = False,
) -> CoqRecord:
    """Compile the development in a scratch folder and say what Coq found.

    Args:
        jobs: parallel compilers.
        check: ``own`` runs coqchk on edgestab's files, ``full`` on the libraries too, ``none`` skips it.
        progress: called with each finished step and its seconds.
        sources: the development.
        theorems: whose statements and axioms are read.
        restate: do not hold the statements to the pinned ones (they are about to be pinned anew).

    Returns:
        The record of this build; it is not accepted when the sources hold a command that switches a check off, when
        Coq or coqchk print an assumption that is not on the list, or when a theorem does not say what is pinned.
    """
    version = coq_version()
    files = source_files(sources)
    with tempfile.TemporaryDirectory(prefix="edgestab-coq-") as scratch:
        folder = Path(scratch)
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        seconds: dict[str, float] = {}
        failure = "; ".join(forbidden(files))
        if not failure:
            seconds, failure = compile_files(folder, files, jobs, progress)
        found: dict[str, dict[str, object]] = {}
        checker: dict[str, object] = {"accepted": None, "checked": [], "libraries": False}
        if not failure:
            (folder / "Audit.v").write_text(audit_source(theorems), encoding="utf-8")
            code, output, _ = run_coq(["coqc", *FLAGS, "-R", ".", LIBRARY, "Audit.v"], folder)
            if code:
                failure = f"Audit.v: {output[-600:]}"
            else:
                found = parse_audit(output, theorems)
                if theorems == THEOREMS and not restate:
                    failure = "; ".join(restated({n: str(e["statement"]) for n, e in found.items()}, files))
        dependencies = read_dependencies(folder, files, theorems) if not failure else {}
        if not failure and check != "none":
            checker = run_checker(folder, files, libraries=check == "full")
            progress("coqchk", float(str(checker["seconds"])))
    return CoqRecord(
        sources={name: digest(text) for name, text in files.items()},
        accepted=not failure and checker["accepted"] is not False,
        coq=version,
        theorems=found,
        checker=checker,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        failure=failure or str(checker.get("message") or ""),
        dependencies=dependencies,
    )
