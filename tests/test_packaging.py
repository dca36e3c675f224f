"""What the installed package holds, and that importing it stays quick and lazy."""

import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_package_is_listed() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    found = {"edgestab", "edgestab.cli"}
    for room in ("symbolic", "numeric", "proofs"):
        for marker in (ROOT / room).rglob("__init__.py"):
            found.add(".".join(("edgestab", *marker.parent.relative_to(ROOT).parts)))
    assert set(setup["packages"]) == found


def test_links_point_at_the_rooms() -> None:
    for room in ("symbolic", "numeric", "proofs"):
        link = ROOT / "edgestab" / room
        assert link.is_symlink()
        assert link.resolve() == (ROOT / room).resolve()


def test_the_compiler_of_maps_is_where_the_metadata_says() -> None:
    from edgestab.numeric.codegen.compile import compile_map
    from edgestab.symbolic.planar.maps import COMPILERS

    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entry = EntryPoint("map", setup["entry-points"][COMPILERS]["map"], COMPILERS)
    assert entry.load() is compile_map


def test_every_stub_is_shipped() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    stubs = [p for room in ("edgestab", "symbolic", "numeric", "proofs") for p in (ROOT / room).rglob("__init__.pyi")]
    assert stubs
    assert "*.pyi" in setup["package-data"]["*"]


def test_every_command_has_a_summary_and_loads() -> None:
    import click

    from edgestab.cli import COMMANDS, SUMMARIES, cli

    assert set(COMMANDS) == set(SUMMARIES)
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert command.help
        # click's mark for "do not rewrap" must not be printed itself
        assert r"\b" not in command.get_help(click.Context(command))


def test_import_loads_nothing_heavy() -> None:
    heavy = "sympy numpy numba matplotlib flint scipy rich jax dask"
    code = f"import sys, edgestab, edgestab.cli; print([m for m in '{heavy}'.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
