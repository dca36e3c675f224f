"""Generated arguments for every public function: what may come back is a value, or an error that says what to do.

The documented example of each function is run with some of its literals replaced by others, sensible or not.
``python tests/reliability/fuzz_functions.py --count 10000 [--seed S] [--only word]`` prints what broke: exceptions that
are not edgestab's own, ten seconds without an end.
"""

import argparse
import ast
import copy
import doctest
import io
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from multiprocessing import get_context
from os import chdir
from pathlib import Path
from typing import Any

import edgestab as es

ROOT = Path(__file__).parents[2]
OWN = tuple(str(ROOT / layer) for layer in ("symbolic", "numeric", "proofs", "edgestab"))
SECONDS = 10
MEMORY = 6 << 30
"""Bytes a process may take."""

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


COSTLY = {"train", "write_report", "iterate_to_limit", "sweep", "verify", "judge_claim"}
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
    """Replaces one chosen literal of a statement."""

    def __init__(self, target: ast.AST, name: str) -> None:
        self.target, self.name = target, name

    def visit(self, node: ast.AST) -> Any:
        if node is self.target:
            return ast.copy_location(ast.Name(self.name, ast.Load()), node)
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


Case = tuple[str, ast.Module, dict[str, Any]]


def examples(only: str) -> list[tuple[str, ast.Module]]:
    """Every public object whose example has literals to replace."""
    pool = []
    for package, name, obj in public_objects():
        tree = ast.parse(example_of(obj))
        if name not in COSTLY and only in f"{package}.{name}" and literals(tree):
            pool.append((f"{package}.{name}", tree))
    return pool


def case(pool: list[tuple[str, ast.Module]], seed: int, index: int) -> Case:
    """One mutated example: the same for the same seed and number."""
    draw = random.Random(f"{seed} {index}")
    path, tree = draw.choice(pool)
    changed, given = copy.deepcopy(tree), {}
    for number in range(draw.choice((1, 1, 2, 3))):
        spots = literals(changed)
        if not spots:
            break
        spot = draw.choice(spots)
        given[f"given_{number}"] = other(draw, ast.literal_eval(spot))
        changed = ast.fix_missing_locations(Mutate(spot, f"given_{number}").visit(changed))
    return path, changed, given


def describe(one: Case) -> str:
    """What a mutated example says."""
    path, tree, given = one
    return f"{path}\n    {ast.unparse(tree)!r}\n    {', '.join(f'{k} = {v!r}' for k, v in given.items())}\n"


def work(only: str, seed: int, first: int, last: int, told: Any) -> None:
    """Run cases in a process of its own, and send what each did."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _alarm)
    pool = examples(only)
    with tempfile.TemporaryDirectory() as place:
        chdir(place)
        told.send("ready")
        for index in range(first, last):
            told.send(run(case(pool, seed, index)))


def fuzz(count: int, seed: int, only: str = "") -> Iterator[str]:
    """Run mutated examples one after the other; a process that does not answer is ended, and another goes on.

    Args:
        count: how many.
        seed: of the generator.
        only: a word that a name must contain.

    Yields:
        What each did: ``ok``, ``refused``, or what broke.
    """
    pool, index, context = examples(only), 0, get_context("fork")
    while index < count:
        hear, told = context.Pipe(duplex=False)
        worker = context.Process(target=work, args=(only, seed, index, count, told))
        worker.start()
        told.close()
        try:
            ready = hear.poll(120) and hear.recv() == "ready"
            while ready and index < count:
                outcome = hear.recv() if hear.poll(SECONDS + 5) else f"hang: {describe(case(pool, seed, index))}"
                index += 1
                yield outcome
                if outcome.startswith("hang"):
                    break
        except EOFError:
            yield f"died: {describe(case(pool, seed, index))}"
            index += 1
        worker.kill()
        worker.join()


def run(one: Case) -> str:
    """What one example did."""
    _, tree, given = one
    space: dict[str, Any] = {"es": es, "__name__": "example", **given}
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    quiet = sys.stdout
    sys.stdout = io.StringIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(tree, "<example>", "exec"), space)
    except es.EdgestabError:
        return "refused"
    except TooLong:
        return f"long: {describe(one)}"
    except BaseException as error:
        if not within_edgestab(error):
            return "refused"  # by Python itself: the example's own arithmetic on what it was given
        return f"{type(error).__name__}: {describe(one)}" + "".join(traceback.format_exception(error)[-2:])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout = quiet
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
    return "ok"


def main() -> int:
    """Run, count, print what broke; exit 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    begun = time.perf_counter()
    for outcome in fuzz(options.count, options.seed, options.only):
        kind, _, rest = outcome.partition(":")
        path = rest.strip().partition("\n")[0]
        counts[kind] += 1
        last = outcome.strip().splitlines()[-1][:60]
        if kind not in {"ok", "refused", "long", "hang"} and (path, last) not in seen:
            seen.add((path, last))
            print(outcome, flush=True)
    rate = options.count / (time.perf_counter() - begun)
    print(f"{options.count} inputs, {rate:.0f} a second: {dict(counts)}; {len(seen)} findings")
    return int(bool(seen))


if __name__ == "__main__":
    raise SystemExit(main())
