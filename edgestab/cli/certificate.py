"""``edgestab certificate`` and ``edgestab check-certificate``."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import check_writable, console, force_option, parse_rational, run_record, write_output

CLAIMS = ("theorem-1", "theorem-1-sharp", "round-off")
ROUND_OFF_OPTIONS = ("z", "T", "epsilon", "target", "steps", "cells")
THEOREM_OPTIONS = ("epsilon_max", "order", "page", "max_boxes")
ROUND_OFF_FORMAT = "edgestab round-off certificate"
EXIT = {"TRUE": 0, "FALSE": 1, "UNKNOWN": 3}


def _table(data: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(
        "region", "condition", "shows that", "boxes", "least coefficient", "verdict", box=None, header_style="bold"
    )
    for record in data["conditions"]:
        inside = data["regions"][record["region"]] if record["region"] != "strip" else None
        where = "strip" if inside is None else "[{}, {}]".format(*inside["epsilon_range"])
        floor = record["floor"]
        count = f"{len(record['boxes'])}" + (f" + {len(record['undecided'])} open" if record["undecided"] else "")
        shown = "" if floor is None else f"{int(floor.split('/')[0]) / int((floor + '/1').split('/')[1]):.3g}"
        table.add_row(where, record["name"], record["meaning"], count, shown, record["verdict"], style=None)
    return table


def _write_page(page: str, figure: str | None, top: Fraction, force: bool) -> None:
    from edgestab import __version__
    from edgestab.numeric.orbits.basin import plot_basin, simulate_basin
    from edgestab.numeric.runs.figure_style import save_figure
    from edgestab.proofs.certificates.page import write_page
    from edgestab.proofs.certificates.theorem_1 import regions
    from edgestab.symbolic.models.quadratic import main_case

    if figure is not None:
        barrier, start = regions(main_case(), top)[0]
        basin = simulate_basin(barrier, min(top, Fraction(1, 5)) / 2)
        save_figure(plot_basin(basin, [barrier], start).figure, figure)
    name = None if figure is None else Path(figure).name
    write_output(page, write_page(main_case(), __version__, top, name), force)


def _check_options(context: click.Context, claim: str) -> None:
    """Refuse an option that the claim does not have."""
    if claim not in CLAIMS:
        hint = "Other claims are judged by `edgestab verify`."
        raise DomainError.of("certificate", " or ".join(CLAIMS), claim, hint)
    foreign = THEOREM_OPTIONS if claim == "round-off" else ROUND_OFF_OPTIONS
    for name in foreign:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = f"--{name.replace('_', '-')}"
            raise DomainError.of("certificate", f"options of {claim}", option, f"Leave {option} out.")


@click.command()
@click.argument("claim", metavar="|".join(CLAIMS))
@click.option("--epsilon-max", default="1", show_default=True, metavar="E", help="Prove it for 0 < epsilon <= E <= 1.")
@click.option("--order", type=int, default=1, show_default=True, help="Of theorem-1-sharp: the limit to epsilon^ORDER.")
@click.option("--z", "z", metavar="LOW:HIGH", help="Of round-off: range of the residual at the start.")
@click.option("--T", "T", metavar="LOW:HIGH", help="Of round-off: range of the NTK eigenvalue at the start.")
@click.option("--epsilon", metavar="LOW:HIGH", help="Of round-off: range of epsilon.")
@click.option("--target", default="c", show_default=True, metavar="T", help="Of round-off: what runs the program.")
@click.option("--steps", type=int, default=1, show_default=True, help="Of round-off: gradient steps.")
@click.option(
    "--cells", type=int, default=4, show_default=True, help="Of round-off: cells at most; more give tighter bounds."
)
@click.option("-o", "--output", metavar="FILE", help="Write the certificate as JSON; - is stdout.")
@click.option("--page", metavar="FILE.tex", help="Write theorem and proof as LaTeX, with a figure FILE-basin.pdf.")
@click.option(
    "--max-boxes", type=click.IntRange(1), default=4000, show_default=True, help="Boxes a condition, at most."
)
@force_option
@click.pass_context
def certificate(
    context: click.Context,
    claim: str,
    epsilon_max: str,
    order: int,
    z: str | None,
    T: str | None,
    epsilon: str | None,
    target: str,
    steps: int,
    cells: int,
    output: str | None,
    page: str | None,
    max_boxes: int,
    force: bool,
) -> None:
    """Prove a theorem on boxes and write the certificate; exit 0 TRUE, 1 FALSE, 3 UNKNOWN.

    theorem-1 and theorem-1-sharp: their sign conditions, by exact Bernstein coefficients. round-off: how far the
    generated program in doubles can stray from the exact map on a box, by Gappa, checked by Coq.
    """
    _check_options(context, claim)
    figure = None if page is None or page == "-" else f"{page.removesuffix('.tex')}-basin.pdf"
    for path in (output, page, figure):
        check_writable(path, force)
    if claim == "round-off":
        from . import round_off

        data = round_off.certify({"z": z, "T": T, "epsilon": epsilon}, target, steps, cells)
        if output is not None:
            write_output(output, json.dumps({**data, "run": run_record()}, indent=1), force)
        if output != "-":
            round_off.show(data)
        sys.exit(EXIT[data["verdict"]])
    top = parse_rational(epsilon_max, "--epsilon-max")
    from edgestab.proofs.certificates.theorem_1 import build_certificate
    from edgestab.symbolic.models.quadratic import main_case

    if claim == "theorem-1":
        data = build_certificate(main_case(), top, max_boxes)
    else:
        from edgestab.proofs.certificates.sharp_limit import build_sharp_certificate

        data = build_sharp_certificate(main_case(), order, max_boxes)
    if output is not None:
        # a certificate has a format of its own, and its checker refuses what it does not know
        write_output(output, json.dumps({**data, "run": run_record()}, indent=2), force)
    if page is not None and data["verdict"] == "TRUE":
        _write_page(page, figure, top, force)
    if "-" not in (output, page):
        out = console()
        out.print(_table(data))
        out.print(f"{data['verdict']}: {data['statement']}")
    sys.exit(EXIT[data["verdict"]])


def _check_round_off(text: str) -> None:
    """Judge the text, and leave, if it is a certificate of round-off."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return  # the other checker says what is wrong with it
    if isinstance(data, dict) and data.get("format") == ROUND_OFF_FORMAT:
        from . import round_off

        sys.exit(round_off.check(data))


@click.command("check-certificate")
@click.argument("file", metavar="FILE")
def check(file: str) -> None:
    """Judge a certificate file independently; exit 0 accepted, 1 rejected with the reason, 3 undecided."""
    from edgestab.proofs.certificates.checker import check_certificate
    from edgestab.proofs.certificates.checker_algebra import CertificateError
    from edgestab.proofs.certificates.checker_words import parse_certificate

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        _check_round_off(text)
        data = parse_certificate(text)
    except OSError as error:
        raise DomainError.of("check-certificate", "a readable file", file, f"{error.strerror}.") from error
    except CertificateError as error:
        click.echo(f"rejected: {error}")
        sys.exit(1)
    except (ValueError, RecursionError) as error:
        click.echo(f"rejected: not JSON: {error}")
        sys.exit(1)
    found = check_certificate(data)
    click.echo(f"{found.status}: {found.reason} ({found.conditions} conditions, {found.boxes} boxes verified)")
    if found.theorem:
        click.echo(f"theorem: {found.theorem}")
        for region in found.regions:
            click.echo(f"region: {region}")
        click.echo(
            f"verified: {len(found.regions)} regions, {found.conditions} conditions, {found.boxes} boxes, "
            f"{found.identities} exact identities"
        )
    sys.exit(found.exit_code)
