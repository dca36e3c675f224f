"""Generated arguments for every public function: what may come back is a value, or an error that says what to do.

The documented example of each function is run with some of its literals replaced by others, sensible or not.
``python tests/reliability/fuzz_functions.py --count 10000 [--seed S] [--only word] [--without word] [--state FILE]``
prints what broke: exceptions that are not edgestab's own, ten seconds without an end.
"""

import ast
import copy
import doctest
import io
import random
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from os import chdir
from pathlib import Path
from types import CodeType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import edgestab as es
from tests.reliability.fuzz_worker import SECONDS, State, command_line, wanted
from tests.reliability.fuzz_worker import fuzz as fuzz_cases

ROOT = Path(__file__).parents[2]
OWN = tuple(str(ROOT / layer) for layer in ("symbolic", "numeric", "proofs", "edgestab"))
WHOLE: tuple[Any, ...] = (0, 1, -1, 2, 3, 5, 8, 13, -7, 10**20, -(10**20))
REAL: tuple[Any, ...] = (*WHOLE, 0.5, -0.25, 1e-3, 1e-9, 1e-300, 1e308, -1e-30, 1.5, 2.5, float("nan"), float("inf"))
TEXTS = (
    *("", " ", "x", "0.1", "1/3", "1/0", "nan", "z", "epsilon", "x*y", "(1 - x*y)^2/2", "(", "x**y**z", "é", "a" * 300),
    *("digits", "theorem-1", "one-step", "float32", "mse", "png", "a\x00b", "log(x)", "1e400", "float64", "cuda"),
)


def other(draw: random.Random, old: Any) -> Any:
    """A value of the kind of a literal: a number for a number, a text for a text, a list of such for a list.

    A value of another kind breaks what the annotations say, and Python's own TypeError is answer enough.
    """
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return draw.choice(WHOLE)
    if isinstance(old, float):
        return draw.choice(REAL)
    if isinstance(old, str):
        return draw.choice(TEXTS)
    if isinstance(old, list | tuple) and old:
        new = [other(draw, v) if draw.random() < 0.5 else v for v in old]
        cut = draw.choice((len(new), len(new), len(new), max(len(new) - 1, 0), 0))
        new = new[:cut] + draw.choice(([], [], [new[0]]))
        return type(old)(new)
    return old


COSTLY = {"Report", "certify_round_off", "train", "write_report", "iterate_to_limit", "sweep", "verify", "judge_claim"}
"""Objects whose examples take long, or write much, even for small numbers."""


def public_objects() -> Iterator[tuple[str, str, Any]]:
    """Every public function and class, by its path."""
    for stub in sorted(ROOT.glob("**/__init__.pyi")):
        if ".venv" in stub.parts or "edgestab" in stub.relative_to(ROOT).parts[:1]:
            continue
        package = "edgestab." + ".".join(stub.relative_to(ROOT).parent.parts)
        for node in ast.parse(stub.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    found = getattr(import_module(package), alias.asname or alias.name)
                    if callable(found):
                        yield package, alias.name, found


def example_of(obj: Any) -> str:
    """The statements of a docstring's example."""
    parts = doctest.DocTestParser().get_examples(obj.__doc__ or "")
    return "".join(part.source for part in parts)


class Mutate(ast.NodeTransformer):
    """Replaces some chosen literals of a statement by names."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names = names

    def visit(self, node: ast.AST) -> Any:
        if id(node) in self.names:
            return ast.copy_location(ast.Name(self.names[id(node)], ast.Load()), node)
        return self.generic_visit(node)


def literals(tree: ast.Module) -> list[ast.AST]:
    """Arguments of calls that are literals: numbers, texts, signs, lists and tuples."""
    kinds = (ast.Constant, ast.UnaryOp, ast.Tuple, ast.List, ast.Dict)
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in {"print", "range"}):
            given = [*node.args, *(k.value for k in node.keywords)]
            found += [a for a in given if isinstance(a, kinds)]
            found += [e for a in given if isinstance(a, ast.Tuple | ast.List) for e in a.elts if isinstance(e, kinds)]
    return [f for f in found if _plain(f)]


def _plain(node: ast.AST) -> bool:
    """Whether a node is a literal through and through."""
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


class TooLong(BaseException):
    """Ten seconds went by."""


def _alarm(*_: Any) -> None:
    raise TooLong


def within_edgestab(error: BaseException) -> bool:
    """Whether the innermost frames are ours or of what we call, not those of the example's own text."""
    return any(frame.filename.startswith(OWN) for frame in traceback.extract_tb(error.__traceback__)[1:])


@lru_cache(maxsize=2)
def examples(only: str = "", without: str = "") -> list[tuple[str, ast.Module, list[ast.AST]]]:
    """Every public object whose example has literals to replace, and these."""
    pool = []
    for package, name, obj in public_objects():
        tree = ast.parse(example_of(obj))
        if name not in COSTLY and wanted(f"{package}.{name}", only, without) and literals(tree):
            pool.append((f"{package}.{name}", tree, literals(tree)))
    return pool


@lru_cache(maxsize=50_000)
def changed(path: str, only: str, without: str, spots: tuple[int, ...]) -> tuple[str, CodeType]:
    """An example with some of its literals replaced by names: its text, and compiled."""
    tree = copy.deepcopy(next(t for p, t, _ in examples(only, without) if p == path))
    found = literals(tree)
    tree = Mutate({id(found[spot]): f"given_{number}" for number, spot in enumerate(spots)}).visit(tree)
    return ast.unparse(tree), compile(ast.fix_missing_locations(tree), "<example>", "exec")


Case = tuple[str, str, CodeType, dict[str, Any]]


class FunctionCases:
    """Mutated examples by number."""

    def __init__(self, seed: int, only: str = "", without: str = "") -> None:
        self.seed, self.only, self.without = seed, only, without
        self.folder: tempfile.TemporaryDirectory[str] | None = None

    def begin(self) -> None:
        """Load everything, and leave the folder of the sources."""
        signal.signal(signal.SIGPROF, _alarm)
        examples(self.only, self.without)
        self.folder = tempfile.TemporaryDirectory()
        chdir(self.folder.name)

    def names(self) -> list[str]:
        """Paths of the functions."""
        return [path for path, _, _ in examples(self.only, self.without)]

    def _draw(self, index: int) -> tuple[random.Random, tuple[str, ast.Module, list[ast.AST]]]:
        draw = random.Random(self.seed * 10**12 + index)
        return draw, draw.choice(examples(self.only, self.without))

    def name(self, index: int) -> str:
        """The path of a number's function."""
        return self._draw(index)[1][0]

    def case(self, index: int) -> Case:
        """A mutated example: the same for the same seed and number."""
        draw, (path, _, spots) = self._draw(index)
        chosen: list[int] = []
        for _ in range(draw.choice((1, 1, 2, 3))):
            taken = {id(n) for i in chosen for n in ast.walk(spots[i])}
            free = [i for i, spot in enumerate(spots) if not taken & {id(n) for n in ast.walk(spot)}]
            if free:
                chosen.append(draw.choice(free))
        given = {f"given_{n}": other(draw, ast.literal_eval(spots[i])) for n, i in enumerate(chosen)}
        return path, *changed(path, self.only, self.without, tuple(chosen)), given

    def run(self, index: int) -> str:
        """What an example did."""
        return run(self.case(index))

    def describe(self, index: int) -> str:
        """What an example says."""
        return describe(self.case(index))


def describe(one: Case) -> str:
    """What a mutated example says."""
    path, text, _, given = one
    return f"{path}\n    {text!r}\n    {', '.join(f'{k} = {v!r}' for k, v in given.items())}\n"


def fuzz(count: int, seed: int, only: str = "", without: str = "") -> Iterator[str]:
    """What so many mutated examples did: ``ok``, ``refused``, or what broke."""
    outcomes: list[str] = []
    fuzz_cases(FunctionCases(seed, only, without), State(), count, outcomes.append)
    yield from outcomes


def run(one: Case) -> str:
    """What one example did."""
    _, _, code, given = one
    space: dict[str, Any] = {"es": es, "__name__": "example", **given}
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    quiet = sys.stdout
    sys.stdout = io.StringIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, space)
    except es.EdgestabError:
        return "refused"
    except TooLong:
        return f"long: {describe(one)}"
    except BaseException as error:
        if not within_edgestab(error):
            return "refused"  # by Python itself: the example's own arithmetic on what it was given
        return f"{type(error).__name__}: {describe(one)}" + "".join(traceback.format_exception(error)[-2:])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout = quiet
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
    return "ok"


def main() -> int:
    """Run, count, print what broke; exit 1 if anything did."""
    about = (__doc__ or "").partition("\n")[0]
    return command_line(about, lambda asked: FunctionCases(asked.seed, asked.only, asked.without))


if __name__ == "__main__":
    raise SystemExit(main())
