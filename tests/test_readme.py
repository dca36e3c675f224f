"""Every code block of the README and the pages under docs/ runs as printed."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def blocks(*languages: str) -> list[tuple[str, str]]:
    return [
        (f"{page.name}:{page.read_text(encoding='utf-8')[: match.start()].count(chr(10)) + 1}", match.group(2))
        for page in PAGES
        for match in BLOCK.finditer(page.read_text(encoding="utf-8"))
        if match.group(1) in languages
    ]


@pytest.mark.parametrize(("where", "code"), blocks("python"), ids=lambda v: v if ":" in v[:40] else "")
def test_python_blocks(where: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    if re.search(r"^import torch$", code, re.M):
        pytest.importorskip("torch", reason=f"{where}: PyTorch is not installed: pip install 'edgestab[torch]'")
    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, where, "exec"), {"__name__": "__example__"})
    plt.close("all")


def commands(code: str) -> list[str]:
    """Lines that begin with ``$ edgestab``, continued by a backslash."""
    joined = re.sub(r"\\\n\s*>?\s*", "", code)
    return [line[2:] for line in joined.splitlines() if line.startswith("$ edgestab ")]


@pytest.mark.parametrize(("where", "code"), blocks("console"), ids=lambda v: v if ":" in v[:40] else "")
def test_console_blocks(
    where: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The README's commands as a user starts them; those of other pages in this process, which saves their start."""
    lines = commands(code)
    assert lines, f"{where}: no `$ edgestab ...` line"
    monkeypatch.chdir(tmp_path)
    for line in lines:
        if not where.startswith("README"):
            import matplotlib as mpl

            from edgestab.cli import main

            mpl.use("Agg")
            with pytest.raises(SystemExit) as stop:
                main(shlex.split(line, comments=True)[1:])
            assert stop.value.code == 0, f"{where}: {line}\nexit {stop.value.code}\n{capsys.readouterr().err}"
            continue
        done = subprocess.run(
            [sys.executable, "-m", "edgestab", *shlex.split(line, comments=True)[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            # a crash in generated code must say where
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"},
        )
        assert done.returncode == 0, f"{where}: {line}\nexit {done.returncode}\n{done.stdout}{done.stderr}"


def test_make_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^make ([a-z-]+)", readme, re.M))
    assert {"verify", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_is_on_a_page() -> None:
    from edgestab.cli import COMMANDS

    text = " ".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert not [name for name in COMMANDS if f"edgestab {name}" not in text and f"`{name}`" not in text]
