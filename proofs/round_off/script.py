"""Scripts for Gappa, one a block and box, and what Gappa answers."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from pathlib import Path

from ...symbolic.algebra.errors import ProofError
from .blocks import Block, exact_name
from .terms import Term, gappa, gappa_number, rounded

Interval = tuple[Fraction, Fraction]
PACKAGES = ("gappa", "libcoq-gappa", "libcoq-flocq")
BITS = 60
"""Of the ends of intervals in a script."""
SECONDS = 120
"""Gappa may take so long for one script."""


@dataclass(frozen=True)
class Entry:
    """What is known when a block begins.

    Attributes:
        ranges: of the exact inputs and of the parameters.
        errors: how far each computed input may be from the exact one; empty for the first block.
    """

    ranges: Mapping[str, Interval]
    errors: Mapping[str, Fraction]

    def computed(self, value: str) -> Interval:
        """The range of a computed input."""
        low, high = self.ranges[value]
        off = self.errors.get(value, Fraction(0))
        return low - off, high + off


@dataclass(frozen=True)
class Exit:
    """What is shown of a block's outputs, in their order.

    Attributes:
        ranges: of the exact outputs; empty for the last block.
        errors: bounds on ``|computed - exact|``.
    """

    ranges: tuple[Interval, ...]
    errors: tuple[Fraction, ...]


@dataclass(frozen=True)
class Script:
    """A script for Gappa.

    Attributes:
        text: the source.
        constants: numbers that are variables in it, by name.
    """

    text: str
    constants: Mapping[str, Fraction]


def find_gappa() -> Path | None:
    """Gappa on the path, if any."""
    found = shutil.which("gappa")
    return Path(found) if found else None


def require_gappa() -> Path:
    """Gappa on the path.

    Raises:
        ProofError: it is not installed.
    """
    found = find_gappa()
    if found is None:
        raise ProofError.of(
            "round_off()", "gappa on the path", "none", f"Debian, Ubuntu: apt-get install {' '.join(PACKAGES)}"
        )
    return found


@lru_cache(maxsize=1)
def gappa_version() -> str:
    """For example ``1.4.1``."""
    text = subprocess.run([require_gappa(), "--version"], capture_output=True, text=True, check=True).stdout
    return text.split()[-1]


def dyadic(value: Fraction, up: bool, bits: int = BITS) -> Fraction:
    """A number of few bits next to a rational: Gappa takes no quotients as ends of intervals.

    Args:
        value: the rational.
        up: whether the number may lie above it, else below.
        bits: of the number.

    Returns:
        The rational itself where it has so few bits.
    """
    if value == 0:
        return value
    shift = bits - (abs(value.numerator).bit_length() - value.denominator.bit_length())
    scaled = value * Fraction(2) ** shift
    return Fraction(ceil(scaled) if up else floor(scaled)) / Fraction(2) ** shift


def _interval(bounds: Interval, outward: bool = True) -> str:
    low, high = dyadic(bounds[0], not outward), dyadic(bounds[1], outward)
    return f"[{gappa_number(low)}, {gappa_number(high)}]"


def write_script(block: Block, entry: Entry, proved: Exit | None = None) -> Script:
    """The script of one block: definitions, what is known, and what is to be shown.

    Args:
        block: the operations with their weights.
        entry: ranges and errors of the inputs.
        proved: the bounds to prove; by default Gappa is asked for them.

    Returns:
        The script.
    """
    constants: dict[Fraction, str] = {}

    def text(term: Term) -> str:
        return gappa(term, constants)

    lines = ["@rnd = float<ieee_64, ne>;"]
    lines += [f"{r.result} = {text(rounded(r.computed))};" for r in block.roundings]
    lines += [f"{exact_name(r.result)} = {text(r.exact)};" for r in block.roundings]
    for k, spread in enumerate(block.spreads):
        lines += [f"{weight} = {text(term)};" for weight, term in spread.weights]
        lines.append(f"error{k} = {text(spread.error)};")
        if not block.last:
            lines.append(f"range{k} = {text(spread.exact)};")
    known = []
    for value in block.inputs:
        if block.same_inputs:
            known.append(f"{value} in {_interval(entry.ranges[value])}")
            continue
        known.append(f"{exact_name(value)} in {_interval(entry.ranges[value])}")
        known.append(f"{value} in {_interval(entry.computed(value))}")
        off = entry.errors[value]
        known.append(f"({value} - {exact_name(value)}) in {_interval((-off, off))}")
    known += [f"{value} in {_interval(entry.ranges[value])}" for value in block.parameters]
    goals = []
    for k in range(len(block.spreads)):
        within = "?" if proved is None else _interval((-proved.errors[k], proved.errors[k]), outward=False)
        goals.append(f"error{k} in {within}")
        if not block.last:
            inside = "?" if proved is None else _interval(proved.ranges[k], outward=False)
            goals.append(f"range{k} in {inside}")
    hints = [
        f"{text(whole)} -> {text(part)};"
        for r in block.roundings
        for whole, part in zip((r.computed, r.exact), r.factored, strict=False)
    ]
    known += [f"{value} in {_interval((c, c))}" for c, value in constants.items()]
    lines.append("{ " + " ->\n  ".join(known) + " ->\n  " + " /\\\n  ".join(goals) + " }")
    # Gappa takes the hints for granted; in Coq they are hypotheses of what it proves, and are shown there
    return Script("\n".join([*lines, *hints]) + "\n", {value: c for c, value in constants.items()})


def run_gappa(script: str, coq: bool = False) -> str:
    """Run Gappa on a script.

    Args:
        script: the source.
        coq: ask for the proof as Coq source instead of for an answer.

    Returns:
        What it printed.

    Raises:
        ProofError: it did not prove what the script says, or took too long.
    """
    command = [str(require_gappa()), *(["-Bcoq"] if coq else [])]
    try:
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ProofError.of(
            "gappa", f"an answer in {SECONDS} s", "none", "Take smaller boxes or fewer steps."
        ) from error
    if done.returncode:
        said = (done.stderr + done.stdout).strip()[-200:]
        raise ProofError.of("gappa", "a proof of the bound", said, "Take smaller boxes, or a wider bound.")
    return done.stdout if coq else done.stdout + done.stderr


_NUMBER = r"(-?\d+)(?:b(-?\d+))?"
_ANSWER = re.compile(
    rf"^\s+(error|range)(\d+) in \[{_NUMBER}(?: \{{[^}}]*\}})?, {_NUMBER}(?: \{{[^}}]*\}})?\]\s*$", re.MULTILINE
)


def _read(mantissa: str, power: str | None) -> Fraction:
    return Fraction(int(mantissa)) * Fraction(2) ** int(power or 0)


def ask(block: Block, entry: Entry) -> Exit:
    """What Gappa finds for a block.

    Args:
        block: the operations.
        entry: ranges and errors of the inputs.

    Returns:
        Errors and exact ranges, as Gappa found them.

    Raises:
        ProofError: it found no bound for something.
    """
    answers = {
        (kind, int(k)): (_read(a, b), _read(c, d))
        for kind, k, a, b, c, d in _ANSWER.findall(run_gappa(write_script(block, entry).text))
    }
    outputs = range(len(block.spreads))
    wanted = {("error", k) for k in outputs} | (set() if block.last else {("range", k) for k in outputs})
    if answers.keys() != wanted:
        missing = ", ".join(f"{kind} {k}" for kind, k in sorted(wanted - answers.keys()))
        raise ProofError.of(
            "gappa", "a bound for every output", f"none: {missing}", "Take smaller boxes or fewer steps."
        )
    errors = (answers["error", k] for k in outputs)
    return Exit(
        () if block.last else tuple(answers["range", k] for k in outputs),
        tuple(max(-low, high) for low, high in errors),
    )
