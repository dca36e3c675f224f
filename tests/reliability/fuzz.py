"""Generated arguments for every command: what may come back is an exit code and, where it is 2, one line.

``python tests/reliability/fuzz.py --count 10000 [--seed S] [--only simulate,limit]`` runs them in this process and
prints what broke: tracebacks, ten seconds without an end or a word, files that were there before and have changed.
"""

import argparse
import contextlib
import io
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from edgestab.cli import COMMANDS, cli, common, main

SECONDS = 10
NUMBERS = (
    *("0", "1", "-1", "2", "1/2", "1/10", "1/50", "0.3", "-0.25", "1.8", "2.3", "1e-3", "1e-9", "1e-300", "-1e-30"),
    *("1e9", "1e400", "nan", "inf", "-inf", "", " ", "x", "1/0", "0/1", "1e", "--", "3,4", "1,2,3", "0x10", "1_000"),
    *("\u0661", "1e99999"),
    *("0.1:0.3:3", "1/10:1/5:2", "-0.5:0.5:4", "0.1,0.2", "1:0:3", "0.1:0.3:0", "0.1:0.3:-1", "0.1:0.3:1e9", "a:b:c"),
)
INTEGERS = (
    *("0", "1", "2", "3", "5", "8", "-1", "12", "16", "1000000000000", "1.5", "x", "", "1e3"),
    "99999999999999999999",
)
WORDS = (
    *("one-step", "two-step", "theorem-1", "zhu", "main", "x", "", "(", "1 - x*y", "(1 - x*y)^2/2", "x**y**z"),
    *("__import__('os')", "x,y", "x=1,y=1", "p=x*y,q=x^2+y^2", "T=\\lambda", "a=b=c", "\u00e9", "\x00", "a" * 2000),
    *("z", "T", "epsilon", "log(x)"),
)
COSTLY = {
    "--samples": ("2", "3", "20"),
    "--grid": ("2", "5", "9"),
    "--steps": ("0", "1", "3", "20"),
    "--examples": ("2", "5"),
}
"""Options whose large values are asked for in earnest: they are kept small here."""

KINDS = ("hessian", "gauss-newton", "ntk", "preconditioned", "batch-sharpness", "two-step", "trace", "")
FORETOLD = ("central-flow", "two-step", "taylor", "self-stabilisation", "all", "weather", "")
NETWORK = {
    "--data": (
        *("chebyshev", "digits", "own.npz", "labels.npz", "nan.npz", "cut.npz", "text.npz", "odd.npz", "cifar"),
        *("no.npz", "empty.npz", "object.npz", ".", "kept"),
    ),
    "--hidden": ("4", "4,3", "1", "0", "-1", "4,,4", "100000000", "4,x", "", "2,2,2,2,2,2"),
    "--width": ("3", "0", "-1", "1000000000"),
    "--depth": ("1", "2", "0", "-1", "100000000000"),
    "--activation": ("tanh", "relu", "gelu", "softplus", "elu", "linear", "sine", ""),
    "--loss": ("mse", "cross-entropy", "hinge", ""),
    "--measure": (*KINDS, *(f"{a},{b}" for a in KINDS[:6] for b in KINDS[:6])),
    "--predict": (*FORETOLD, "central-flow,taylor", "two-step,"),
    "--predict-from": ("0", "1", "3", "-1", "x"),
    "--examples": ("1", "2", "5", "8", "0", "-3", "10000000000000"),
    "--degree": ("0", "1", "3", "-1", "50", "100000"),
    "--eta": ("0.3", "0.01", "1e3", "1e300", "1e-300", "0", "-1", "nan", "inf", "x"),
    "--batch": ("1", "2", "3", "0", "-1", "1000"),
    "--every": ("1", "2", "5", "0", "-1", "100000000000000000000"),
    "--top": ("1", "2", "3", "0", "-1", "40", "100000000000000000000"),
    "--chunk": ("1", "3", "0", "-1", "1000"),
    "--tolerance": ("0.1", "0", "-1", "nan", "inf", "1e-300"),
    "--checkpoint": ("state", "kept", "", "no/such/x", "."),
    "--records": ("r.jsonl", "kept", "", "no/such/r.jsonl", ".", "-"),
    "--filter": ("1,-1/2", "1", "0", "1:1,-9/10", "x", "", "1,2,3:1"),
}
"""Values for the options of ``network``: sensible ones as often as others."""


def write_data(folder: Path) -> None:
    """Files that a user might name: whole, of other shapes, and damaged."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 2)), rng.standard_normal((6, 1))
    np.savez(folder / "own.npz", inputs=x, targets=y)
    np.savez(folder / "labels.npz", x=x, y=[0, 1, 2, 0, 1, 2])
    np.savez(folder / "nan.npz", x=x * np.nan, y=y)
    np.savez(folder / "odd.npz", x=x, y=y[:4])
    np.savez(folder / "empty.npz", x=x[:0], y=y[:0])
    np.savez(folder / "object.npz", x=np.array([{}, 1], dtype=object), y=np.array([1, 2]))
    (folder / "cut.npz").write_bytes((folder / "own.npz").read_bytes()[:-80])
    (folder / "text.npz").write_text("inputs, targets", encoding="utf-8")
    (folder / "cifar").mkdir()
    for batch in range(1, 6):
        (folder / "cifar" / f"data_batch_{batch}.bin").write_bytes(bytes(3073 * 2 - batch % 2))


def options_of(command: click.Command) -> list[click.Parameter]:
    """What a command takes."""
    return [p for p in command.params if "--help" not in p.opts]


def leaf_commands() -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with its path."""
    context = click.Context(cli)
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            inner = click.Context(command)
            for sub in command.list_commands(inner):
                child = command.get_command(inner, sub)
                assert child is not None
                found.append(((name, sub), child))
        else:
            found.append(((name,), command))
    return found


def value(draw: random.Random, parameter: click.Parameter, folder: Path, network: bool = False) -> str:
    """A value for an option or argument: of its kind more often than not."""
    kind, name = parameter.type, parameter.opts[0]
    if draw.random() < 0.08:
        return draw.choice((*WORDS, *NUMBERS))
    if network and name in NETWORK:
        return draw.choice(NETWORK[name])
    if name in COSTLY:
        return draw.choice(COSTLY[name])
    if isinstance(kind, click.Choice):
        return str(draw.choice([*kind.choices, "nonsense"]))
    if "json" in name or "plot" in name or name in ("-o", "--output", "--page", "--folder", "--model", "--record"):
        places = ("-", "new", "kept", "no/such/folder/x", "", ".", "a\x00b", "new.png", "new.json", "kept.npz")
        place = draw.choice(places)
        return place if place in ("-", "", "a\x00b") else str(folder / place)
    if isinstance(kind, click.types.IntParamType | click.IntRange):
        return draw.choice(INTEGERS)
    if isinstance(kind, click.types.FloatParamType | click.FloatRange):
        return draw.choice(NUMBERS)
    return draw.choice((*NUMBERS, *WORDS)) if draw.random() < 0.8 else draw.choice(WORDS)


LIKELY: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {
    ("simulate",): (
        ("--epsilon", "1/10", "--z", "-1/4", "--T", "1.8"),
        ("--epsilon", "1/5", "--theta", "1,2", "--eta", "1/4"),
    ),
    ("limit",): (("--epsilon", "1/10"), ("--epsilon", "1/50", "--z", "0.2", "--T", "2.1")),
    ("sweep",): (("--epsilon", "1/10,1/5", "--z", "0.1,0.2", "--T", "2"),),
    ("derive",): (("two-step",), ("one-step",), ("limit",), ("nullcline",)),
    ("model",): (("--example", "zhu"), ("--loss", "(1 - x*y)^2/2", "--parameters", "x,y")),
    ("ensemble",): (("--outputs", "3", "--parameters", "4", "--samples", "20"),),
    ("basin",): (("--epsilon", "1/10", "--grid", "5", "--steps", "20"),),
    ("codegen",): (("one-step",), ("two-step",)),
    ("network",): (
        ("--steps", "5", "--examples", "4", "--hidden", "4"),
        ("--steps", "7", "--data", "own.npz", "--hidden", "3", "--every", "2"),
        ("--steps", "6", "--data", "labels.npz", "--hidden", "3", "--loss", "cross-entropy"),
        ("--steps", "8", "--examples", "5", "--hidden", "3", "--predict", "all"),
        ("--steps", "6", "--examples", "5", "--hidden", "3", "--batch", "2", "--checkpoint", "state", "--resume"),
    ),
    ("dynamics", "run"): (("-D", "3", "-P", "4", "--steps", "20"),),
    ("dynamics", "sharpness"): (("--shape", "3,4", "--sigma-z", "1", "--start", "0.5", "-n", "2"),),
    ("dynamics", "split"): (("-D", "3", "-P", "4", "--steps", "10"),),
    ("dynamics", "rise"): (("-D", "3", "-P", "4", "--samples", "2"),),
    ("dynamics", "mean-field"): (("-D", "3", "-P", "4", "--samples", "2", "--steps", "4"),),
    ("certificate",): (("theorem-1", "--epsilon-max", "1/20", "--max-boxes", "5"),),
    ("show",): (("one-step-map",), ("theorem-1", "--unjudged")),
}
SKIPPED = {("verify",), ("prove",)}
"""They run the whole house; their own tests do."""


def arguments(draw: random.Random, path: tuple[str, ...], command: click.Command, folder: Path) -> list[str]:
    """One command line."""
    given = list(path)
    if path in LIKELY and draw.random() < (0.95 if path == ("network",) else 0.75):
        given += draw.choice(LIKELY[path])
    for parameter in options_of(command):
        if isinstance(parameter, click.Argument):
            if draw.random() < (0.2 if path in LIKELY else 0.9):
                given.append(value(draw, parameter, folder))
            continue
        if draw.random() > 2.5 / max(3, len(command.params)):
            continue
        given.append(draw.choice(parameter.opts))
        if not getattr(parameter, "is_flag", False):
            given.append(value(draw, parameter, folder, path == ("network",)))
    if draw.random() < 0.05:
        draw.shuffle(given)
    return given


class TooLong(BaseException):
    """Ten seconds went by."""


def _alarm(*_: Any) -> None:
    raise TooLong


def run(argv: list[str], folder: Path) -> str:
    """What one command line did: ``ok``, ``refused``, or what broke."""
    kept = folder / "kept"
    kept.write_text("precious", encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    common.PIPED_WORDS = SECONDS - 2  # so that a word is heard in time
    signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            main(argv)
    except SystemExit as stop:
        code = stop.code
    except TooLong:
        told = "still at work" in err.getvalue()
        return f"{'long' if told else 'silent'}: " + " ".join(map(repr, argv))
    except BaseException as error:
        return f"traceback: {' '.join(map(repr, argv))}\n" + "".join(traceback.format_exception(error)[-3:])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if kept.read_text(encoding="utf-8", errors="replace") != "precious" and "--force" not in argv:
        return f"a file was destroyed: {argv}"
    if code not in (0, 1, 2, 3):
        return f"exit {code}: {argv}"
    if code == 2 and not err.getvalue().strip():
        return f"refused without a word: {argv}"
    return "ok" if code != 2 else "refused"


def fuzz(count: int, seed: int, only: tuple[str, ...] = ()) -> Iterator[tuple[list[str], str]]:
    """Run generated command lines one after the other.

    Args:
        count: how many.
        seed: of the generator.
        only: first words of commands; all when empty.

    Yields:
        Arguments and what they did.
    """
    draw = random.Random(seed)
    commands = [(p, c) for p, c in leaf_commands() if p not in SKIPPED and (not only or p[0] in only)]
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        write_data(Path(place))
        for _ in range(count):
            path, command = draw.choice(commands)
            argv = arguments(draw, path, command, Path(place))
            yield argv, run(argv, Path(place))


def main_fuzz() -> int:
    """Count, and print what broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true", help="print what is long too")
    chosen = parser.parse_args()
    only = tuple(filter(None, chosen.only.split(",")))
    seen: Counter[str] = Counter()
    begin = time.perf_counter()
    for argv, found in fuzz(chosen.count, chosen.seed, only):
        word = found.partition(":")[0]
        seen[word] += 1
        if word not in ("ok", "refused", "long") or (chosen.verbose and word == "long"):
            print(found, flush=True)
        del argv
    print(f"{chosen.count} command lines in {time.perf_counter() - begin:.0f} s: {dict(seen)}")
    return int(bool(set(seen) - {"ok", "refused", "long"}))


if __name__ == "__main__":
    sys.exit(main_fuzz())
