"""From LaTeX to PDF by pdflatex."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from ...symbolic.algebra.errors import ProofError

RUNS = 4
"""At most so many: contents and references settle after two or three."""


def typeset(source: Path) -> Path:
    """Compile a LaTeX file; only the PDF is left beside it.

    Args:
        source: the file.

    Returns:
        The PDF.

    Raises:
        ProofError: pdflatex is missing, or did not accept the file.
    """
    with tempfile.TemporaryDirectory(prefix="edgestab-pdf-") as scratch:
        compiled, _ = compile_latex(source, Path(scratch))
        return Path(shutil.copyfile(compiled, source.with_suffix(".pdf")))


def compile_latex(source: Path, folder: Path) -> tuple[Path, str]:
    """Run pdflatex until contents and references have settled.

    Args:
        source: the file.
        folder: where all that pdflatex writes is left.

    Returns:
        The PDF, and what the last run said.

    Raises:
        ProofError: pdflatex is missing, or did not accept the file.
    """
    if shutil.which("pdflatex") is None:
        advice = "Install TeX (Debian, Ubuntu: apt-get install texlive-latex-recommended), or leave out --pdf."
        raise ProofError.of("report --pdf", "pdflatex on the path", "none", advice)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"-output-directory={folder}", str(source)]
    for _ in range(RUNS):
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            said = done.stdout[done.stdout.find("\n!") :][:300].strip() or done.stdout[-300:]
            raise ProofError.of("report --pdf", "a file that pdflatex accepts", said, "Report it.")
        if not re.search(r"Rerun to get|There were undefined references|No file .*\.toc", done.stdout):
            break
    return folder / source.with_suffix(".pdf").name, done.stdout


def overfull(log: str) -> list[float]:
    """By how many points lines stand out, from what pdflatex said."""
    return [float(points) for points in re.findall(r"Overfull \\hbox \(([0-9.]+)pt too wide\)", log)]
