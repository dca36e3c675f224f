"""Have Gappa prove a plan and Coq check it: scripts, proof terms, compilation, axioms, the independent checker."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...symbolic.algebra.errors import ProofError
from ..coq_audit import forbidden
from ..coq_build import FLAGS, LIBRARY, compile_files, coq_version, install_packages, parse_audit, run_checker, run_coq
from ..coq_record import REALS, Theorem
from .plan import Plan
from .script import PACKAGES, find_gappa, run_gappa

THEOREM = Theorem("round_off", "RoundOff", REALS | {"Classical_Prop.classic"})
"""The theorem, and the axioms that it may rest on: those of Coq's classical reals, as Flocq uses them."""

_LINES = re.compile(
    r"|Require Import Gappa\.Gappa_library\.|Section Generated_by_Gappa\.|End Generated_by_Gappa\."
    r"|(?:Variable|Notation|Definition|Hypothesis|Lemma) .*|Proof\.|Qed\.|\s.*"
)
_SENTENCES = re.compile(r"(?:^|\.\s)\s*(?!Section|Require|End Generated)([A-Z]\w*)", re.MULTILINE)
_ALLOWED = frozenset(("Variable", "Notation", "Definition", "Hypothesis", "Lemma", "Proof", "Qed"))


@dataclass(frozen=True)
class Built:
    """What Coq said of a plan's files.

    Attributes:
        accepted: whether it accepted all.
        statement: of the theorem, as Coq prints it.
        axioms: that the theorem rests on.
        checker: result of ``coqchk``.
        coq: its version.
        seconds: for each file.
        failure: why not accepted.
    """

    accepted: bool
    statement: str
    axioms: tuple[str, ...]
    checker: Mapping[str, Any]
    coq: str
    seconds: Mapping[str, float]
    failure: str = ""


def prove_with_gappa(plan: Plan, jobs: int = 2) -> dict[str, str]:
    """Gappa's proofs as Coq source, one for each script.

    Args:
        plan: what is to be proved.
        jobs: scripts at once.

    Returns:
        Name of the script to what Gappa printed.

    Raises:
        ProofError: Gappa is missing or does not prove a script.
    """
    scripts = plan.scripts()
    with ThreadPoolExecutor(jobs) as pool:
        return dict(zip(scripts, pool.map(lambda s: run_gappa(s.text, coq=True), scripts.values()), strict=True))


def refused(proofs: Mapping[str, str]) -> list[str]:
    """Lines in Gappa's proofs that Gappa does not print: such a text could change what the theorem means.

    Args:
        proofs: name to text.

    Returns:
        One line for each finding.
    """
    found = []
    for name, text in proofs.items():
        bare = re.sub(r"\(\*.*?\*\)", "", text)
        strange = [line for line in bare.splitlines() if not _LINES.fullmatch(line)]
        strange += [word for word in _SENTENCES.findall(bare) if word not in _ALLOWED and not word.startswith("List")]
        strange += [s for s in re.findall(r"\bEnd \w+|\bSection \w+", bare) if not s.endswith("Generated_by_Gappa")]
        found += [f"{name}: {line.strip()[:60]}: Gappa prints no such line" for line in strange]
    return found + forbidden(proofs)


def require_coq() -> str:
    """Coq's version, once Gappa's library is there too.

    Returns:
        For example ``8.16.1``.

    Raises:
        ProofError: Coq or Gappa's library for it is missing.
    """
    version = coq_version()
    if not gappa_library():
        hint = f"Debian, Ubuntu: apt-get install {' '.join(PACKAGES)}"
        raise ProofError.of("round_off()", "Gappa's library for Coq", "none", hint)
    return version


def install() -> None:
    """Install Gappa with its library for Coq from the system's packages, where they are missing.

    Raises:
        ProofError: they cannot be installed.
    """
    if find_gappa() is None or not gappa_library():
        install_packages(PACKAGES, f"Install them yourself (Debian, Ubuntu: apt-get install {' '.join(PACKAGES)}).")


def gappa_library() -> bool:
    """Whether Coq finds Gappa's library and Flocq."""
    code, where, _ = run_coq(["coqc", "-where"], Path.cwd())
    folder = Path(where) / "user-contrib"
    return code == 0 and all((folder / name).is_dir() for name in ("Gappa", "Flocq"))


def check_with_coq(
    plan: Plan,
    proofs: Mapping[str, str],
    jobs: int = 2,
    checker: bool = True,
    progress: Callable[[str, float], None] = lambda name, seconds: None,
) -> Built:
    """Compile a plan's files, and read the theorem and its axioms.

    Args:
        plan: what is to be proved.
        proofs: what Gappa printed for its scripts.
        jobs: parallel compilers.
        checker: run ``coqchk`` on the files too.
        progress: called with each finished file and its seconds.

    Returns:
        What Coq found.

    Raises:
        ProofError: Coq or Gappa's library for it is missing.
    """
    version = require_coq()
    files, begin = plan.coq_files(proofs), time.perf_counter()
    statement, result = "", dict[str, object](accepted=None)
    axioms: tuple[str, ...] = ()
    with tempfile.TemporaryDirectory(prefix="edgestab-round-off-") as scratch:
        folder = Path(scratch)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        seconds: dict[str, float] = {}
        failure = "; ".join(refused(proofs)[:3])
        if not failure:
            seconds, failure = compile_files(folder, files, jobs, progress)
        if not failure:
            name = f"{THEOREM.module}.{THEOREM.name}"
            lines = [
                "From Coq Require Import Reals.",
                f"From {LIBRARY} Require Import Program.",
                f"From {LIBRARY} Require RoundOff.",
                "Open Scope R_scope.",
                "Set Printing Width 110.",
                f"Check {name}.",
                f"Print Assumptions {name}.",
            ]
            (folder / "Audit.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
            code, output, _ = run_coq(["coqc", *FLAGS, "-R", ".", LIBRARY, "Audit.v"], folder)
            if code:
                failure = output[-400:]
            else:
                entry = parse_audit(output, (THEOREM,))[THEOREM.name]
                statement = str(entry["statement"])
                axioms = tuple(str(axiom) for axiom in entry["axioms"])  # type: ignore[attr-defined]
                excess = sorted(frozenset(axioms) - THEOREM.allowed)
                failure = f"rests on {', '.join(excess)}" if excess else ""
        if not failure and checker:
            result = run_checker(folder, files, libraries=False)
            progress("coqchk", float(str(result["seconds"])))
            failure = str(result["message"])
    seconds["all"] = round(time.perf_counter() - begin, 1)
    return Built(not failure, statement, axioms, result, version, seconds, failure)
