"""Random changes of arithmetic and comparison in the source: which of them no test and no claim notices.

``python tests/reliability/source_mutants.py --count 200 [--seed S] [--full]`` works in a copy of the tree. Each mutant
meets the tests of its own room first and, with ``--full``, the whole suite where these do not notice it.
"""

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS = ("symbolic", "numeric", "proofs")
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
}


@dataclass(frozen=True)
class Site:
    """A place where one operator can be changed."""

    path: str
    line: int
    column: int
    number: int
    before: str
    after: str


def sites(path: Path) -> Iterator[tuple[Site, ast.Module]]:
    """Every operator of a file with the tree in which it is changed."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    for number, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
            old, new = node.ops[0], COMPARISONS[type(node.ops[0])]()
            node.ops[0] = new
            yield _site(path, node, number, old, new), tree
            node.ops[0] = old
        elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and not _text(node):
            before, after = node.op, ARITHMETIC[type(node.op)]()
            node.op = after
            yield _site(path, node, number, before, after), tree
            node.op = before


def _site(path: Path, node: ast.expr, number: int, old: ast.AST, new: ast.AST) -> Site:
    names = (type(old).__name__, type(new).__name__)
    return Site(path.relative_to(ROOT).as_posix(), node.lineno, node.col_offset, number, *names)


def _text(node: ast.BinOp) -> bool:
    """Whether an operand is a string: sums of texts are no arithmetic."""
    inner = [n for n in ast.walk(node) if isinstance(n, ast.JoinedStr | ast.Constant)]
    return any(isinstance(n, ast.JoinedStr) or isinstance(n.value, str) for n in inner)


def drawn(count: int, seed: int) -> list[tuple[Site, str]]:
    """Random sites with the text of the changed file."""
    files = [path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]
    found = [(site, path) for path in files for site, _ in sites(path)]
    chosen = random.Random(seed).sample(found, min(count, len(found)))
    result = []
    for site, path in chosen:
        for other, tree in sites(path):
            if other == site:
                result.append((site, ast.unparse(tree)))
    return result


def tests_of(site: Site) -> list[str]:
    """The tests of a site's room, the nearest first."""
    parts = Path(site.path).with_suffix("").parts
    near = [ROOT / "tests" / Path(*parts[:-1]) / f"test_{parts[-1]}.py", ROOT / "tests" / Path(*parts[:3])]
    near += [ROOT / "tests" / Path(*parts[:2]), ROOT / "tests" / parts[0]]
    return [p.relative_to(ROOT).as_posix() for p in dict.fromkeys(near) if p.exists()]


def killed(copy: Path, tests: list[str], seconds: float) -> bool:
    """Whether some test fails (or takes far too long)."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
    there = {**os.environ, "PYTHONPATH": str(copy)}
    try:
        done = subprocess.run(command, cwd=copy, env=there, capture_output=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode in (1, 2, 3)


def judge(copy: Path, site: Site, text: str, full: bool) -> str:
    """By what a mutant is noticed, or ``survives``."""
    target, right = copy / site.path, (ROOT / site.path).read_text(encoding="utf-8")
    target.write_text(text, encoding="utf-8")
    try:
        near = tests_of(site)
        for count, name in ((1, "file"), (2, "room")):
            if len(near) >= count and killed(copy, near[:count], 240):
                return name
        if full and killed(copy, ["tests", "-n", "2"], 900):
            return "suite"
        return "survives"
    finally:
        target.write_text(right, encoding="utf-8")


def main() -> int:
    """Judge random mutants, write each as it comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--output", default="source-mutants.jsonl")
    chosen = parser.parse_args()
    tally: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "tree"
        ignored = shutil.ignore_patterns(".venv", ".git", ".mypy_cache", "__pycache__", ".ruff_cache")
        shutil.copytree(ROOT, copy, symlinks=True, ignore=ignored)
        for site, text in drawn(chosen.count, chosen.seed):
            begin = time.perf_counter()
            fate = judge(copy, site, text, chosen.full)
            tally[fate] = tally.get(fate, 0) + 1
            row = {**site.__dict__, "fate": fate, "seconds": round(time.perf_counter() - begin, 1)}
            with open(chosen.output, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            print(row, flush=True)
    print(tally)
    return 0


if __name__ == "__main__":
    sys.exit(main())
