"""``edgestab plot``: the figures, each by its name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from edgestab.figures import FIGURES, Figure, Option, draw_figure, figure_result

from .common import check_writable, console, force_option, json_option, parse_rational, write_json
from .examples import with_examples

SHORT = {"outputs": ("-D",), "parameters": ("-P",), "samples": ("-n",)}
KINDS: dict[str, Any] = {"rational": str, "text": str, "int": int, "float": float}


def _option(name: str, option: Option) -> Callable[[Any], Any]:
    """A figure's number as an option; the paper's letters keep their case."""
    return click.option(
        f"--{name.replace('_', '-')}",
        *SHORT.get(name, ()),
        name,
        type=KINDS[option.kind],
        default=option.default,
        show_default=True,
        help=option.help,
    )


def _command(figure: Figure) -> click.Command:
    """The command of one figure."""

    def run(output: str | None, width: float | None, json_path: str | None, force: bool, **options: Any) -> None:
        path = f"{figure.name}.svg" if output is None and json_path is None else output
        for each in (path, json_path):
            check_writable(each, force)
        for key, option in figure.options.items():
            if option.kind == "rational":
                parse_rational(options[key], f"--{key}")
        drawing = draw_figure(figure.name, figure_result(figure.name, **options), width=width)
        if json_path is not None:
            from edgestab.numeric.runs.figure_data import drawn_data

            drawing.canvas.draw()
            content = {"figure": figure.name, "title": figure.title, **drawn_data(drawing)}
            write_json(json_path, {**content, "run": {"config": options}}, force)
        if path is not None:
            _save(drawing, path, quiet=json_path == "-")

    run.__doc__ = f"{figure.title}."
    command: Any = run
    for name, option in reversed(list(figure.options.items())):
        command = _option(name, option)(command)
    command = click.option(
        "--inches", "width", type=float, metavar="W", help="Width [default: 3.4, one column]; text stays at 8 points."
    )(command)
    command = click.option(
        "-o",
        "--output",
        metavar="FILE",
        help=f"svg, pdf or png; - is stdout, as svg [default: {figure.name}.svg, or none with --json].",
    )(json_option(force_option(command)))
    return _named(figure.name, command)


def _named(name: str, function: Any) -> click.Command:
    """A function as a command of a name."""
    decorate: Any = click.command(name)
    command: click.Command = decorate(function)
    return command


def _save(drawing: Any, path: str, quiet: bool) -> None:
    """Write the figure, and say where."""
    from edgestab.numeric.runs.figure_style import save_figure

    if path == "-":
        save_figure(drawing, sys.stdout.buffer, "svg")
        return
    save_figure(drawing, path)
    if not quiet and sys.stderr.isatty():
        click.echo(f"wrote {path}", err=True)


class FigureGroup(click.Group):
    """One command for each figure of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the figures."""
        return list(FIGURES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A figure's command, or None.

        Args:
            ctx: click's context.
            cmd_name: what the user typed.

        Returns:
            The command.
        """
        if cmd_name not in FIGURES:
            return None
        return with_examples(_command(FIGURES[cmd_name]), f"plot {cmd_name}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the figures with their whole titles.

        Args:
            ctx: click's context.
            formatter: where to write.
        """
        with formatter.section("Figures"):
            formatter.write_dl([(figure.name, figure.title) for figure in FIGURES.values()])


@click.group(cls=FigureGroup, invoke_without_command=True, subcommand_metavar="NAME [OPTIONS]")
@click.option("--list", "listed", is_flag=True, help="List the figures.")
@click.pass_context
def plot(ctx: click.Context, listed: bool) -> None:
    """Draw a figure, by its name, with defaults that show what it is about.

    Figures are as wide as a column of a page (3.4 inches), with text of 8 points. --json writes the data drawn.
    """
    if ctx.invoked_subcommand is not None:
        return
    from rich.table import Table

    table = Table("figure", "what it shows", "options", box=None, header_style="bold")
    for figure in FIGURES.values():
        table.add_row(figure.name, figure.title, " ".join(f"--{name.replace('_', '-')}" for name in figure.options))
    console().print(table)
