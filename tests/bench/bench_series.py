"""The series engine against SymPy's own series, SymPy's polynomial rings, and Maxima; and how its cost grows."""

import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import sympy as sp
from sympy.polys.ring_series import rs_mul, rs_trunc
from sympy.polys.rings import ring as sympy_ring

from edgestab.symbolic.algebra.rings import poly_terms
from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.planar_map import PlanarMap
from edgestab.symbolic.planar.recurrences import Recurrence
from tests.bench.timing import Ratio, take_turns

RING_ORDER = 16
SERIES_ORDER = 2
MAXIMA_ORDER = 6
PATIENCE = 60

TARGETS = {
    "two-step, order 32: 10 s / graded series": 1.0,
    f"two-step, order {RING_ORDER}: SymPy ring / graded series": 5.0,
    "limit series, epsilon^10: 10 s / row recursion": 1.0,
    "limit series, epsilon^20: 120 s / row recursion": 1.0,
}
SKIPPED: dict[str, str] = {}

z, T, y, epsilon = symbols("z T y epsilon")


def with_sympy_ring(order: int) -> tuple[Any, Any]:
    """The two-step recurrence by Horner's rule in SymPy's polynomial ring, cut in z after each product."""
    ring, zr, yr, er = sympy_ring("z,y,epsilon", sp.QQ)
    one_step = main_case()
    nullcline = poly_terms(main_case().nullcline(order).series.polynomial())

    def put(terms: dict[tuple[int, ...], Any], values: list[Any]) -> Any:
        if not values:
            return ring(sp.QQ(int(terms[()].p), int(terms[()].q)))
        groups: dict[int, dict[tuple[int, ...], Any]] = {}
        for exponents, c in terms.items():
            groups.setdefault(exponents[0], {})[exponents[1:]] = c
        total = ring(0)
        for power in range(max(groups), -1, -1):
            total = rs_mul(total, values[0], zr, order + 1)
            if power in groups:
                total = total + put(groups[power], values[1:])
        return rs_trunc(total, zr, order + 1)

    start = put(nullcline, [zr, er]) + yr
    state = [zr, start]
    for _ in range(2):
        state = [put(poly_terms(p), [*state, er]) for p in one_step.polynomials]
    return state[0] - zr, state[1] - put(nullcline, [state[0], er]) - yr


def fresh() -> PlanarMap:
    """The map of the main case with nothing derived yet: derivations are kept on the map."""
    return PlanarMap.of(main_case())


def agrees(recurrence: Recurrence, other: tuple[Any, Any]) -> bool:
    """Whether both routes give the same coefficients."""
    for series, poly in zip(recurrence.increments, other, strict=True):
        theirs = {tuple(e): (int(c.numerator), int(c.denominator)) for e, c in poly.terms()}
        ours = {e: (int(c.p), int(c.q)) for e, c in series.terms().items()}
        if theirs != ours:
            return False
    return True


SYMPY_ROUTE = """
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
import sympy as sp
from edgestab.symbolic.models.quadratic import main_case
order = int(sys.argv[1])
step = main_case()
z, T = step.variables
y = sp.Symbol("y", real=True)
f = main_case().nullcline(order).expression()
begun = time.perf_counter()
state = (z, f + y)
for _ in range(2):
    state = tuple(c.subs({z: state[0], T: state[1]}, simultaneous=True) for c in step.components)
moved = state[1] - f.subs(z, state[0]) - y
for increment in (state[0] - z, moved):
    sp.series(sp.expand(increment), z, 0, order + 1)
print(time.perf_counter() - begun)
"""


def sympy_series(order: int) -> float | None:
    """Seconds of SymPy's ``expand`` and ``series``, or None if they do not end within the time and 6 GiB."""
    command = [sys.executable, "-c", SYMPY_ROUTE, str(order)]
    root = Path(__file__).parents[2]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=root, check=False)
    except subprocess.TimeoutExpired:
        return None
    return float(done.stdout) if done.returncode == 0 else None


def maxima_taylor(order: int) -> float | None:
    """Seconds of Maxima's ``taylor`` for both increments, as Maxima itself measures them."""
    step = main_case()

    def text(expr: sp.Expr) -> str:
        return sp.sstr(expr).replace("**", "^")

    first, second = (text(c) for c in step.components)
    expected = sp.Poly(main_case().two_step(2).y_increment.to_expr(), z, y).coeff_monomial(z**2 * y)
    script = (
        f"f: {text(main_case().nullcline(order).expression())}$\n"
        f"A(z, T) := {first}$ B(z, T) := {second}$\n"
        "begun: elapsed_real_time()$\n"
        f"t0: taylor(f + y, z, 0, {order})$\n"
        f"z1: taylor(A(z, t0), z, 0, {order})$ t1: taylor(B(z, t0), z, 0, {order})$\n"
        f"z2: taylor(A(z1, t1), z, 0, {order})$ t2: taylor(B(z1, t1), z, 0, {order})$\n"
        f"dy: taylor(t2 - subst(z2, z, f) - y, z, 0, {order})$\n"
        'print("seconds", elapsed_real_time() - begun)$\n'
        f'print("check", is(ratsimp(ratcoef(ratcoef(dy, z, 2), y, 1) - ({text(expected)})) = 0))$\n'
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "two_step.mac"
        path.write_text(script, encoding="utf-8")
        try:
            done = subprocess.run(
                ["maxima", "--very-quiet", "-b", str(path)],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
    found = re.search(r"seconds\s+([0-9.eE+-]+)\s*$", done.stdout, re.MULTILINE)
    if found is None:
        return None
    if not re.search(r"check\s+true", done.stdout):
        raise RuntimeError(f"Maxima disagrees: {done.stdout[-300:]}")
    return float(found.group(1))


def measure() -> dict[str, float | Ratio]:
    """Time everything in one run.

    Returns:
        Name to ratio.

    Raises:
        RuntimeError: two routes disagree.
    """
    ratios: dict[str, float | Ratio] = {}
    times = take_turns(
        {
            **{str(n): partial(lambda n: fresh().two_step(n), n) for n in (8, 16, 32)},
            "light": lambda: fresh().two_step(32, (2, 2)),
            "ring": lambda: with_sympy_ring(RING_ORDER),
        },
        rounds=3,
        warm=False,
    )
    ratios["two-step, order 32: 10 s / graded series"] = 10 / times.taken("32")
    for low, high in ((8, 16), (16, 32)):
        ratios[f"two-step: cost of order {high} / order {low}"] = times.ratio(str(high), str(low))
    ratios["two-step, order 32: all powers of y, epsilon / both of weight 2"] = times.ratio("32", "light")
    ratios[f"two-step, order {RING_ORDER}: SymPy ring / graded series"] = times.ratio("ring", str(RING_ORDER))
    if not agrees(fresh().two_step(RING_ORDER), with_sympy_ring(RING_ORDER)):
        raise RuntimeError("SymPy's ring and the graded series disagree")

    short = take_turns({str(n): partial(lambda n: fresh().two_step(n), n) for n in (SERIES_ORDER, MAXIMA_ORDER)}, 5)
    ours = short.taken(str(SERIES_ORDER)).median
    name = f"two-step, order {SERIES_ORDER}: SymPy series / graded series"
    theirs = sympy_series(SERIES_ORDER)
    if theirs is None:
        SKIPPED[name] = f"SymPy did not end within {PATIENCE} s and 6 GiB: more than {PATIENCE / ours:.0f}"
    else:
        ratios[name] = theirs / ours
    name = f"two-step, order {MAXIMA_ORDER}: Maxima taylor / graded series"
    if shutil.which("maxima") is None:
        SKIPPED[name] = "Maxima is not installed"
    else:
        theirs = maxima_taylor(MAXIMA_ORDER)
        if theirs is None:
            SKIPPED[name] = f"Maxima did not end within {PATIENCE} s"
        else:
            ratios[name] = theirs / short.taken(str(MAXIMA_ORDER))

    limits = take_turns({str(n): partial(lambda n: fresh().slow_manifold(n), n) for n in (10, 20)}, 3, warm=False)
    ratios["limit series, epsilon^10: 10 s / row recursion"] = 10 / limits.taken("10")
    ratios["limit series, epsilon^20: 120 s / row recursion"] = 120 / limits.taken("20")
    laws = take_turns({str(n): partial(lambda n: fresh().limit_law(n // 2), n) for n in (4, 8)}, 3, warm=False)
    ratios["limit law: cost of weight 8 / weight 4"] = laws.ratio("8", "4")
    return ratios


if __name__ == "__main__":
    for label, ratio in measure().items():
        print(f"{label:<70} {ratio}")
    for label, reason in SKIPPED.items():
        print(f"{label:<70} skipped: {reason}")
