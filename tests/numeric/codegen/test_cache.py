"""The digests of the cache: every source file that generated code depends on is in one."""

import ast
from pathlib import Path

import pytest

from edgestab.numeric.codegen import cache

NUMERIC = Path(cache.__file__).resolve().parents[1]
ROOM = NUMERIC / "codegen"


def imported(path: Path) -> set[Path]:
    """Files below ``numeric`` that a file imports, directly."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            inside = [base / f"{alias.name}.py" for alias in node.names]
            found |= {p for p in (base.with_suffix(".py"), *inside) if p.is_file() and NUMERIC in p.parents}
    return found


def closure(*names: str) -> set[Path]:
    """Files and all that they import below ``numeric``."""
    found: set[Path] = set()
    waiting = {ROOM / name for name in names}
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= imported(path) - found
    return found


@pytest.mark.parametrize(
    ("listed", "roots"),
    [(cache.GENERATOR, ("scheduling.py",)), (cache.RUNTIME, ("lanes.py", "wide_lanes.py", "machine_code.py"))],
    ids=["generator", "runtime"],
)
def test_a_digest_covers_all_that_its_code_imports(listed: tuple[str, ...], roots: tuple[str, ...]) -> None:
    assert {(ROOM / name).resolve() for name in listed} == closure(*roots)


def test_a_change_of_any_file_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "numeric" / "codegen"
    copy.mkdir(parents=True)
    for name in cache.GENERATOR:
        (copy / name).write_bytes((ROOM / name).read_bytes())
    monkeypatch.setattr(cache, "__file__", str(copy / "cache.py"))
    digest = cache.sources_digest.__wrapped__
    before = digest(cache.GENERATOR)
    for name in cache.GENERATOR:
        kept = (copy / name).read_bytes()
        (copy / name).write_bytes(kept + b"\n# changed\n")
        assert digest(cache.GENERATOR) != before
        (copy / name).write_bytes(kept)
    assert digest(cache.GENERATOR) == before
