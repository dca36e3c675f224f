"""``edgestab theorem-2``: the derivation, the closed form at every size, and the ledger of conventions."""

from __future__ import annotations

import json
from typing import Any

import click

from .common import recorded


@click.command("theorem-2")
@click.option(
    "--slices", type=click.Choice(("goe", "excess", "iid")), default="goe", show_default=True, help="Law of Q."
)
@click.option("--discrete", is_flag=True, help="Also derive gradient descent's differences to order eta^4.")
@click.option("--cumulants", is_flag=True, help="Also derive the effect of a fourth cumulant of J's entries.")
@click.option("--format", "form", type=click.Choice(("text", "latex", "json")), default="text", show_default=True)
def theorem_2(slices: str, discrete: bool, cumulants: bool, form: str) -> None:
    """Derive E[d2 lambda/dt2] for every NTK eigenvalue at any D and P, step by step, and list the conventions.

    goe: diagonal variance of Q twice the off-diagonal one; iid: equal; excess: free.
    """
    import sympy as sp

    from edgestab.symbolic.algebra.symbols import latex_names, symbol
    from edgestab.symbolic.wick.acceleration import LAWS, Acceleration
    from edgestab.symbolic.wick.conventions import READINGS

    found = Acceleration(LAWS[slices])
    cases = {law: found if law == slices else Acceleration(LAWS[law]) for law in {r.law for r in READINGS} | {slices}}
    ledger: list[dict[str, Any]] = [
        {
            "name": r.name,
            "meaning": r.meaning,
            "ratio": sp.sstr(r.ratio(cases[r.law])),
            "leading": sp.sstr(r.leading(cases[r.law])),
            "eq_22": r.holds(cases[r.law]),
        }
        for r in READINGS
    ]
    differences: dict[str, sp.Expr] = {}
    if discrete:
        from edgestab.symbolic.wick.differences import expected_first_difference, expected_second_difference

        differences = {
            "E[lambda(1) - lambda(0)]": expected_first_difference(),
            "E[lambda(2) - 2 lambda(1) + lambda(0)]": expected_second_difference(),
        }
    changes: dict[str, sp.Expr] = {}
    if cumulants:
        from edgestab.symbolic.wick.cumulants import acceleration_change, eigenvalue_change

        changes = {"change of E[lambda]": eigenvalue_change(), "change of E[lambda'']": acceleration_change()}
    steps = [{"step": title, "latex": equation} for title, equation in found.steps()]
    if form == "json":
        content = {
            "slices": LAWS[slices].meaning,
            "closed_form": sp.sstr(found.closed_form),
            "ratio": sp.sstr(found.ratio),
            "leading": sp.sstr(found.leading_ratio()),
            "steps": steps,
            "conventions": ledger,
            "differences": {name: sp.sstr(expr) for name, expr in differences.items()},
            "cumulant_changes": {name: sp.sstr(expr) for name, expr in changes.items()},
        }
        click.echo(json.dumps(recorded(content), indent=2))
        return
    if form == "latex":
        names = latex_names()
        lines = []
        for step in steps:
            lines += [rf"\paragraph{{{step['step']}}}", r"\begin{dmath*}", f"  {step['latex']}", r"\end{dmath*}"]
        for name, expr in differences.items():
            body = sp.latex(expr, symbol_names=names)
            lines += [rf"\paragraph{{{name}}}", r"\begin{dmath*}", f"  {body} + O(\\eta^5)", r"\end{dmath*}"]
        for name, expr in changes.items():
            body = sp.latex(expr, symbol_names=names)
            lines += [rf"\paragraph{{{name}}}", r"\begin{equation*}", f"  {body}", r"\end{equation*}"]
        lines += [r"\begin{tabular}{lll}", r"reading & leading ratio & eq.~22 \\ \hline"]
        for reading, row in zip(READINGS, ledger, strict=True):
            leading = sp.latex(reading.leading(cases[reading.law]), symbol_names=names)
            lines.append(rf"{row['name']} & ${leading}$ & {row['eq_22']} \\")
        click.echo("\n".join([*lines, r"\end{tabular}"]))
        return
    from rich.table import Table

    from .common import console

    out = console()
    out.print(f"Q: {LAWS[slices].meaning}; J Gaussian; any law of z", markup=False, soft_wrap=True)
    out.print("E[lambda'']            = " + sp.sstr(found.closed_form), markup=False, soft_wrap=True)
    out.print("E[lambda''] / E[lambda] ~ " + sp.sstr(found.leading_ratio()), markup=False, soft_wrap=True)
    out.print("m_1 = E[lambda], m_2 = E[lambda^2]; any eigenvalue, any D and P", markup=False, soft_wrap=True)
    table = Table("reading", "in words", "leading ratio", "eq. 22 as printed", box=None, header_style="bold")
    for row in ledger:
        table.add_row(row["name"], row["meaning"], row["leading"], row["eq_22"])
    out.print(table)
    for name, expr in differences.items():
        out.print(f"gradient descent, GOE-like Q: {name} =", markup=False)
        for k, coefficient in sorted(sp.Poly(expr, symbol("eta")).terms()):
            out.print(f"  eta^{k[0]} * {sp.sstr(coefficient)}", markup=False, soft_wrap=True)
        out.print("  + O(eta^5)", markup=False)
    for name, expr in changes.items():
        out.print(f"{name} = {sp.sstr(expr)}", markup=False, soft_wrap=True)
    out.print("Derivation: --format latex", markup=False)
