"""Every public object: found where the stub says, documented in full, with an example that runs."""

import ast
import doctest
import enum
import inspect
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import edgestab as es
from edgestab.symbolic.algebra.glossary import TERMS

ROOT = Path(__file__).parents[1]
STUBS = sorted(path for room in ("symbolic", "numeric", "proofs") for path in (ROOT / room).rglob("__init__.pyi"))
MOST_AT_THE_TOP = 16


def listed(stub: Path) -> list[tuple[str, str]]:
    """Module (relative to the stub's package) and name of every object that a stub lists."""
    body = ast.parse(stub.read_text(encoding="utf-8")).body
    imports = [node for node in body if isinstance(node, ast.ImportFrom) and node.module]
    return [(node.module or "", alias.name) for node in imports for alias in node.names]


def package(stub: Path) -> str:
    relative = stub.parent.relative_to(ROOT).parts
    return ".".join(relative if relative[0] == "edgestab" else ("edgestab", *relative))


PUBLIC = [(package(stub), module, name) for stub in STUBS for module, name in listed(stub)]
EVERY = pytest.mark.parametrize(
    ("room", "module", "name"), PUBLIC, ids=[f"{room.split('.')[-1]}.{name}" for room, _, name in PUBLIC]
)


def resolve(room: str, name: str) -> object:
    return getattr(import_module(room), name)


@EVERY
def test_every_public_object_is_where_the_stub_says(room: str, module: str, name: str) -> None:
    assert resolve(room, name) is getattr(import_module(f"{room}.{module}"), name)
    assert name in import_module(room).__all__


def sections(obj: object) -> set[str]:
    lines = (inspect.getdoc(obj) or "").splitlines()
    return {line[:-1] for line in lines if line.endswith(":") and line[:1].isupper() and " " not in line}


def needed(obj: object) -> set[str]:
    """Sections that an object's docstring has to have."""
    if isinstance(obj, type):
        if issubclass(obj, BaseException | enum.Enum):
            return {"Example"}
        return {"Attributes", "Source", "Example"}
    parameters = inspect.signature(obj).parameters if callable(obj) else {}
    return {"Args", "Returns", "Raises", "Source", "Example"} if parameters else {"Returns", "Source", "Example"}


@EVERY
def test_every_public_object_is_documented(room: str, module: str, name: str) -> None:
    obj = resolve(room, name)
    if not callable(obj):
        pytest.skip("data has no docstring of its own")
    # a class that only inherits its docstring has none
    assert "__doc__" not in vars(obj) or vars(obj)["__doc__"], f"{name}: no docstring"
    assert needed(obj) <= sections(obj), f"{name}: its docstring lacks {sorted(needed(obj) - sections(obj))}"


@EVERY
def test_every_example_runs(room: str, module: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    obj = resolve(room, name)
    if not callable(obj):
        pytest.skip("data has no docstring of its own")
    monkeypatch.chdir(tmp_path)
    finder = doctest.DocTestFinder(recurse=False)
    found = finder.find(obj, name, module=ModuleType("example"), globs={"es": es}, extraglobs={"__name__": "example"})
    examples = [test for test in found if test.examples]
    assert examples, f"{name}: no example"
    assert any(example.want for test in examples for example in test.examples), f"{name}: an example that shows nothing"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    report: list[str] = []
    for test in examples:
        runner.run(test, out=report.append)
    if "matplotlib.pyplot" in sys.modules:  # figures that examples drew
        sys.modules["matplotlib.pyplot"].close("all")
    assert runner.failures == 0, "".join(report)


def test_the_top_level_stays_small_and_every_name_has_one_home() -> None:
    top = [name for _, name in listed(ROOT / "edgestab" / "__init__.pyi")]
    objects = [name for name in top if not isinstance(getattr(es, name), ModuleType)]
    assert len(objects) <= MOST_AT_THE_TOP
    rooms = {name for name in top if isinstance(getattr(es, name), ModuleType)}
    layers = {"symbolic", "numeric", "proofs"}
    assert rooms | layers == {package(stub).split(".")[-1] for stub in STUBS}
    names = [name for room, module, name in PUBLIC if "." not in module or room.count(".") > 1]
    assert len(names) == len(set(names)), "a public name stands in two rooms"


def test_no_public_name_is_also_a_room() -> None:
    rooms = {package(stub).split(".")[-1] for stub in STUBS}
    assert not rooms & {name for _, _, name in PUBLIC}


def test_the_glossary_names_public_objects_and_no_term_twice() -> None:
    names = [term.name for term in TERMS]
    assert len(names) == len(set(names))
    for term in TERMS:
        if term.see:
            room, name = term.see.removeprefix("edgestab.").split(".")
            assert name in getattr(es, room).__all__, term.see


def test_an_undocumented_object_would_be_seen() -> None:
    """The walk itself can fail."""

    def lacking(value: int) -> int:
        """Do something.

        Args:
            value: a number.
        """
        return value

    assert needed(lacking) - sections(lacking) == {"Returns", "Raises", "Source", "Example"}
