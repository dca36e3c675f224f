"""The house: which room may import which, how long a file may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("symbolic", "numeric", "proofs", "edgestab")
MODULES = sorted(
    {p.resolve() for room in ROOMS[:3] for p in (ROOT / room).rglob("*.py")}
    | set((ROOT / "edgestab").glob("*.py"))
    | set((ROOT / "edgestab" / "cli").rglob("*.py"))
)


def imported_rooms(path: Path) -> set[str]:
    """Rooms that a file imports, resolved from relative and absolute imports."""
    relative = path.relative_to(ROOT)
    package = ("edgestab", *relative.parts[:-1]) if relative.parts[0] != "edgestab" else relative.parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
                head = ".".join((*base, *(node.module or "").split("."))).strip(".")
                targets = [head] + [f"{head}.{alias.name}" for alias in node.names]
            elif node.module:
                targets = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        for target in targets:
            parts = target.split(".")
            if parts[0] == "edgestab" and len(parts) > 1 and parts[1] in ROOMS:
                found.add(parts[1])
            elif parts[0] == "edgestab" and len(parts) == 1:
                found.add("edgestab")
            elif parts[0] in ROOMS[:3]:
                found.add(f"bare {parts[0]}")
    return found


ALLOWED = {
    "symbolic": {"symbolic"},
    "numeric": {"symbolic", "numeric"},
    "proofs": {"symbolic", "numeric", "proofs"},
    "edgestab": set(ROOMS),
}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    assert imported_rooms(path) <= ALLOWED[room], f"{path} imports upward"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_symbolic_imports_no_numerics_and_writes_nothing() -> None:
    banned = {"numpy", "scipy", "numba", "matplotlib", "gmpy2"}
    for path in (p for p in MODULES if p.relative_to(ROOT).parts[0] == "symbolic"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not banned & {n.split(".")[0] for n in names}, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"open", "print", "eval", "exec"}, path


def test_an_upward_import_would_be_seen(tmp_path: Path) -> None:
    """The checker itself can fail."""
    fake = ROOT / "symbolic" / "planar" / "maps.py"
    assert imported_rooms(fake) <= ALLOWED["symbolic"]
    assert "numeric" in imported_rooms(ROOT / "proofs" / "verify.py") | imported_rooms(
        ROOT / "edgestab" / "cli" / "simulate.py"
    )
