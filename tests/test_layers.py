"""The house: which room may import which, that nothing goes round in circles, how long a file may be."""

import ast
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
MOST_ENTRIES = 8


def load_house() -> ModuleType:
    spec = spec_from_file_location("house", ROOT / "docs" / "house.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOUSE = load_house()
MODULES: dict[str, Path] = HOUSE.modules()
BELOW = {"symbolic": 0, "numeric": 1, "proofs": 2, "edgestab": 3}


def bare(path: Path) -> set[str]:
    """Layers that a file imports by their bare names, which would give every class a second identity."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom) and not n.level]
    return {n.split(".")[0] for n in names} & {"symbolic", "numeric", "proofs"}


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down_only(name: str) -> None:
    layer = name.split(".")[0]
    for target, line in HOUSE.imports(name):
        assert BELOW[target.split(".")[0]] <= BELOW[layer], f"{name}:{line} imports {target}, a layer above"
    assert not bare(MODULES[name])


@pytest.mark.parametrize("name", MODULES)
def test_files_stay_small(name: str) -> None:
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= 500


def test_no_modules_import_in_circles() -> None:
    """Imports inside functions and for types count too."""
    assert HOUSE.circles(HOUSE.graph()) == []


def test_rooms_import_only_rooms_before_them() -> None:
    arrows = HOUSE.room_arrows()
    assert len(arrows) > 20
    for a, b in arrows:
        (layer, room), (other, target) = a.split("."), b.split(".")
        if layer == other:
            order = HOUSE.ROOMS[layer]
            assert order.index(target) < order.index(room), f"{a} imports {b}, which stands after it"


def test_the_roots_hold_few_entries() -> None:
    """The rooms, and beside them only what a package needs to be one."""
    for layer in ("symbolic", "numeric"):
        entries = {p.name for p in (ROOT / layer).iterdir()} - {"__init__.py", "__init__.pyi", "__pycache__"}
        assert len(entries) <= MOST_ENTRIES
        assert {e.removesuffix(".py") for e in entries} == set(HOUSE.ROOMS[layer])


def test_no_module_is_changed_from_outside() -> None:
    """No hooks: nothing assigns into another module's dictionary or attributes."""
    for name, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("edgestab"))
            for alias in node.names
        }
        for node in (n for n in ast.walk(tree) if isinstance(n, ast.Assign)):
            for target in node.targets:
                if isinstance(target, ast.Attribute | ast.Subscript) and isinstance(target.value, ast.Name):
                    assert target.value.id not in imported, f"{name}:{node.lineno} changes {target.value.id}"


def test_symbolic_imports_no_numerics_and_writes_nothing() -> None:
    banned = {"numpy", "scipy", "numba", "matplotlib", "gmpy2"}
    for path in (p for name, p in MODULES.items() if name.startswith("symbolic")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not banned & {n.split(".")[0] for n in names}, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"open", "print", "eval", "exec"}, path


def test_the_architecture_page_is_that_of_the_code() -> None:
    assert HOUSE.stale() == [], "run `python docs/house.py`"


def test_the_tests_of_the_house_can_fail() -> None:
    edges = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"a"}), "d": frozenset({"a"})}
    assert HOUSE.circles(edges) == [["a", "b", "c"]]
    assert HOUSE.circles({"a": frozenset({"b"}), "b": frozenset()}) == []
    assert "symbolic.algebra.errors" in HOUSE.graph()["proofs.verify"]
    # a name that a package loads lazily counts as the module that defines it
    assert ("symbolic.latex.equations", "symbolic.planar.maps") not in HOUSE.room_arrows()
    assert ("numeric.orbits", "numeric.codegen") in HOUSE.room_arrows()
