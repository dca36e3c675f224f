"""Theorem 1 as a page for mathematicians: prose with every constant, formula and count generated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files
from typing import Any

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.symbols import latex_names, symbol
from ...symbolic.latex.names import NameMap
from ...symbolic.latex.printer import to_latex
from ...symbolic.models.quadratic import MAIN_MODEL, QuadraticModel
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.trapping.barrier import Barrier, derive_barrier
from ...symbolic.trapping.start import StartSet
from ...symbolic.trapping.target import derive_target_region
from .enclosed_orbits import EnclosedOrbit, needed_orbit
from .serial import judge_condition
from .sharp_limit import REGIONS, sharp_bound, sharp_strip
from .theorem_1 import COQ_LEMMAS, COQ_NAMES, CURVED, TARGET_BARRIER, TARGET_WINDOW, build_certificate, regions

_TOP = sp.Symbol("epsilon_max", positive=True)


def _rational(value: object) -> str:
    exact = sp.Rational(str(value))
    if exact.q == 1:
        return str(exact)
    sign = "-" if exact < 0 else ""
    return rf"{sign}\tfrac{{{abs(exact.p)}}}{{{exact.q}}}"


def _math(expr: sp.Expr) -> str:
    return to_latex(expr, NameMap({"level": r"\ell"}))


def _latex(expr: sp.Expr) -> str:
    """Factored as it is."""
    names = {**latex_names(), symbol("level"): r"\ell", _TOP: r"\epsilon_{\max}"}
    return sp.latex(expr, symbol_names=names)


def _rows(rows: list[list[str]]) -> str:
    return "\n".join(" & ".join(row) + r"\\" for row in rows)


def _coq_lemma(region: int, condition: str) -> str:
    return rf"\lem{{{COQ_NAMES[region]}\_{COQ_LEMMAS.get(condition, condition)}}}".replace("-", r"\_")


def _region_rows(pieces: list[tuple[Barrier, StartSet | None]]) -> str:
    rows = []
    for number, (b, _) in enumerate(pieces, 1):
        ranges = [rf"$[{_rational(low)},{_rational(high)}]$" for low, high in (b.epsilon_range, b.z_range)]
        rows.append([str(number), ranges[0], *(f"${_rational(x)}$" for x in (b.slope, b.width, b.height)), ranges[1]])
    return _rows(rows)


def _start_rows(pieces: list[tuple[Barrier, StartSet | None]]) -> str:
    rows = []
    for _, start in pieces:
        if start is None:
            continue
        windows = [rf"$({_rational(low)},{_rational(high)})$" for low, high in (start.a_range, start.n_range)]
        low, high = start.epsilon_range
        scalars = [f"${_rational(x)}$" for x in (start.norm_shift, start.ratio, start.overshoot)]
        rows.append([rf"$({_rational(low)},{_rational(high)}]$", *windows, *scalars])
    return _rows(rows)


def _condition_rows(certificate: Mapping[str, Any], pieces: list[tuple[Barrier, StartSet | None]]) -> tuple[str, str]:
    inner, outer = [], []
    for record in certificate["conditions"]:
        region, name = record["region"], record["name"]
        barrier, start = pieces[region]
        parts = str(len(record["boxes"]))
        if name.startswith("start-"):
            if start is None:
                continue
            found = next(c for c in start.conditions if c.name == name)
            meaning = re.sub(r"theta_(\d)", r"$\\theta_\1$", found.meaning)
            outer.append([str(region + 1), rf"\emph{{{name[6:]}}}: {meaning}", parts, _coq_lemma(region, name)])
            continue
        side = rf"$[{_rational(record['box'][0][0])},{_rational(record['box'][0][1])}]$"
        shown = {
            "sign-change": "h-1"
            + (rf"+{_rational(barrier.sign_change_slack)}(2-V)" if barrier.sign_change_slack else ""),
            "ceiling": rf"{barrier.lyapunov.ceiling}-{_rational(barrier.gap)}-\tilde T",
            "regular": r"1-\tilde z(1-h)",
            "lift": "A_1",
            "drift": "B'" if barrier.epsilon_range[0] == 0 else "B_1",
            "far": "F",
        }[name]
        least = f"{float(Fraction(record['floor'])):.2g}"
        inner.append([str(region + 1), rf"\emph{{{name}}}: ${shown}>0$", side, parts, least, _coq_lemma(region, name)])
    return _rows(inner), _rows(outer)


def _sharp_values(one_step: PlanarMap, orders: tuple[int, ...]) -> dict[str, str]:
    rows, strips, logs, taus, boxes = [], [], [], [], []
    epsilon = symbol("epsilon")
    phi = ""
    for order in orders:
        strip = sharp_strip(one_step, order)
        bound = sharp_bound(strip)
        series = r" + ".join(
            rf"{_rational(c)}\,\epsilon^{{{j}}}" if j > 1 else rf"{_rational(c)}\,\epsilon" if j else _rational(c)
            for j, c in enumerate(strip.series.limit_coefficients)
        ).replace("+ -", "-")
        region = rf"$\beta={_rational(REGIONS[order]['slope'])}$, $A={_rational(REGIONS[order]['height'])}$"
        text = rf"$|\eta\lim\lambda-({series})|\le{_rational(bound.constant)}\,\epsilon^{{{order + 1}}}$"
        rows.append([str(order), region, f"${_rational(strip.extent)}$", f"${_rational(strip.epsilon_max)}$", text])
        weights = ", ".join(f"${_rational(w)}$" for w in strip.weights)
        scalars = [f"${_rational(x)}$" for x in (strip.epsilon_max, strip.contraction_rate)]
        last = [f"${_rational(x)}$" for x in (strip.distance, strip.undershoot)]
        strips.append([str(order), *scalars, weights, *last])
        logs.append(f"${_rational(bound.log_constant)}$")
        taus.append(f"${_rational(bound.tau)}$")
        coverings = [judge_condition(c, 4000) for c in strip.conditions]
        if any(c.verdict != "TRUE" for c in coverings):
            raise ProofError.of("page", "a strip that is proved", f"order {order}", "Run `edgestab verify`.")
        boxes.append(f"order {order}: {len(coverings)} inequalities, {sum(len(c.proved) for c in coverings)} parts")
        groups = sp.collect(sp.expand(strip.series.expression()), epsilon, evaluate=False)
        phi = r"\Phi&=" + r"\\&\quad+".join(
            rf"{_math(key)}\Bigl({_math(groups[key])}\Bigr)" if key != 1 else _math(groups[key])
            for key in sorted(groups, key=lambda k: sp.degree(k, epsilon))
        )
    return {
        "sharp": _rows(rows),
        "strips": _rows(strips),
        "log_constants": ", ".join(logs),
        "taus": ", ".join(taus),
        "strip_boxes": "; ".join(boxes),
        "phi": phi + r"+\dots",
    }


def _orbit_items(pieces: list[tuple[Barrier, StartSet | None]]) -> str:
    lyapunov = pieces[0][0].lyapunov
    cases = {
        "top": "starts below the edge, above the top of the region",
        "barrier": "starts under the barrier",
        "distance": "starts too close to $\\tilde z=0$ for the sharp form",
    }
    items = []
    for hypothesis, text in cases.items():
        e, z, T = needed_orbit(lyapunov, hypothesis)
        found = EnclosedOrbit(lyapunov, e).run(z, T)
        short = (2 - found.low) / float(e)
        end = (
            rf"diverges (after {found.steps} steps it is where $\tilde z$ grows fourfold at every step)"
            if found.outcome == "escape"
            else rf"$\lim\tilde T={found.low:.6f}\dots$, $(2-\lim\tilde T)/\epsilon={short:.4f}\dots$"
        )
        where = rf"$\epsilon={_rational(e)}$, $(\tilde z,\tilde T)=({_rational(z)},{_rational(T)})$"
        items.append(rf"\item {where}, {text}: {end}.")
    return "\n".join(items)


def _formulas(barrier: Barrier) -> dict[str, str]:
    """The barrier's own formulas, with beta, w and the end of the range as symbols and the rate written to be read."""
    slow, lyapunov = barrier.slow, barrier.lyapunov
    rate = barrier.epsilon * (lyapunov.ceiling - barrier.one_step.variables[1])
    beta, w = (sp.Symbol(name, positive=True) for name in ("beta", "w"))
    shown = replace(slow, lyapunov=replace(lyapunov, rate=rate))
    parts = replace(barrier, slow=shown, slope=beta, width=w, epsilon_range=(sp.S.Zero, _TOP)).parts
    return {
        **{name: _latex(parts[name]) for name in ("lift", "drift", "uniform", "rest")},
        "p": _latex(slow.invariant),
        "V": _latex(lyapunov.value),
        "rate": _latex(rate),
        "ceiling": _latex(lyapunov.ceiling),
        "h": _math(sp.expand(slow.effective_curvature)),
        "forcing": _latex(rate * sp.cancel(slow.forcing / rate)),
    }


def write_page(
    one_step: PlanarMap, version: str, epsilon_max: Fraction = Fraction(1), figure: str | None = None
) -> str:
    """The page as a LaTeX file.

    Args:
        one_step: the map of the main case.
        version: of edgestab, for the title.
        epsilon_max: how far the certificate reaches.
        figure: file name of a figure of proved against simulated basin, relative to the page.

    Returns:
        A file for pdflatex (amsmath, amsthm, longtable, graphicx).

    Raises:
        ProofError: the certificate does not hold, or the template asks for something unknown.
    """
    certificate = build_certificate(one_step, epsilon_max)
    if certificate["verdict"] != "TRUE":
        raise ProofError.of("page", "a certificate that is TRUE", certificate["verdict"], "Run `edgestab certificate`.")
    pieces = regions(one_step, epsilon_max)
    barrier = pieces[0][0]
    inner, outer = _condition_rows(certificate, pieces)
    target = derive_target_region(
        QuadraticModel(MAIN_MODEL.eigenvalues, target=symbol("E")),
        derive_barrier(one_step, TARGET_BARRIER),
        TARGET_WINDOW,
    )
    rows = [
        rf"{_math(v)}'&={_math(sp.expand(c))}" for v, c in zip(one_step.variables, one_step.components, strict=True)
    ]
    starts = [start for _, start in pieces if start is not None]
    stops = [b for b, _ in pieces if b.sign_change_slack]
    turning = r"By \emph{sign-change} $h>1$, so $\tilde z'\ne0$" + (
        r"; in the last region $h=1$ is possible only where $V<2$, and then the orbit rests at $\tilde T=V<2$. "
        if stops
        else ". "
    )
    values = {
        "version": version,
        "digest": certificate["map"]["digest"][:16],
        "epsilon_max": _rational(epsilon_max),
        "delta": "" if certificate["delta_over_epsilon"] == "1" else _rational(certificate["delta_over_epsilon"]),
        "regions": _region_rows(pieces),
        "starts": _start_rows(pieces),
        "map": r"\\".join(rows),
        "conditions": inner,
        "start_conditions": outer,
        "gap": _rational(barrier.gap).join("$$"),
        "turn_prose": turning,
        "orbits": _orbit_items(pieces),
        "reach": _rational(target.reach),
        "curved_height": _rational(CURVED["height"]).join("$$"),
        "start_max": _rational(max(s.epsilon_range[1] for s in starts)),
        "figure": ""
        if figure is None
        else rf"\begin{{center}}\includegraphics[width=.75\textwidth]{{{figure}}}\end{{center}}",
        **_formulas(barrier),
        **_sharp_values(one_step, (1, 2)),
    }
    template = files(__package__).joinpath("theorem_1.tex").read_text(encoding="utf-8")

    def put(match: re.Match[str]) -> str:
        if match.group(1) not in values:
            raise ProofError.of("page", f"one of {sorted(values)}", match.group(1), "Mend the template.")
        return values[match.group(1)]

    return re.sub(r"<<(\w+)>>", put, template)
