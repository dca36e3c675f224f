"""The command line: one file for each command, loaded when it is called.

Here: options, tables and JSON of what the rooms below compute. Not here: anything that Python users could not call too.
"""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import import_module

import click

from edgestab import __version__

from .examples import grouped, with_examples

#: Command name to ``module:function`` below this package.
COMMANDS: dict[str, str] = {
    "list": "claims:list_claims",
    "show": "claims:show",
    "verify": "verify:verify",
    "gallery": "gallery:gallery",
    "report": "report:report",
    "prove": "prove:prove",
    "derive": "derive:derive",
    "model": "model:model",
    "family": "family:family",
    "simulate": "simulate:simulate",
    "codegen": "codegen:codegen",
    "basin": "basin:basin",
    "limit": "limit:limit",
    "certificate": "certificate:certificate",
    "check-certificate": "certificate:check",
    "ensemble": "ensemble:ensemble",
    "theorem-2": "theorem_2:theorem_2",
    "dynamics": "dynamics:dynamics",
    "sweep": "sweep:sweep",
    "network": "network:network",
    "plot": "plot:plot",
    "completion": "completion:completion",
    "explore": "explore:explore",
}

#: The first line of each command's help, here so that ``--help`` need not load the command.
SUMMARIES: dict[str, str] = {
    "list": "List the claims: level aimed at, title, source.",
    "show": "Show one claim: statement, assumptions, source, what it uses.",
    "verify": "Judge claims and all they rest on; exit 0 all TRUE, 1 any FALSE, 3 any UNKNOWN.",
    "gallery": "What papers on the edge of stability print, each statement judged.",
    "report": "Write one page on all claims: what holds, how well, and why; HTML, data, PDF.",
    "prove": "Run Coq on the development and keep the record; exit 0 proved, 1 not.",
    "derive": "Derive a map, recurrence or curve, exactly, to any order.",
    "basin": "Where starts end in simulation, against the proved trapping region.",
    "codegen": "Generate a kernel of the exact map for a number type or language.",
    "model": "Derive what gradient descent does on a loss of your own.",
    "family": "Phases of scalar families and losses l(x y) by exact thresholds; bifurcation diagrams.",
    "simulate": "Iterate the exact map from one start, with trusted digits.",
    "limit": "Predict where training ends, without iterating.",
    "certificate": "Prove Theorem 1, or a bound on round-off, on boxes and write the certificate.",
    "check-certificate": "Judge a certificate file independently; exit 0 accepted, 1 rejected, 3 undecided.",
    "ensemble": "Theorem 2 by simulation against the exact finite-size value.",
    "theorem-2": "Derive Theorem 2 at every size, step by step, with its ledger of conventions.",
    "network": "Train a small tanh network and hold its curvature against 2/eta at every step.",
    "dynamics": "Run the model with D outputs and P parameters: descent, flow, sharpness, two-step changes.",
    "completion": "Print the script that makes bash, zsh or fish complete commands, options and claims.",
    "plot": "Draw a figure by its name: landscape, plane, limit, basin, phase, ..",
    "sweep": "Run millions of orbits over a grid of starts; phase diagrams.",
    "explore": "Write one HTML file in which the model runs live, with the exact predictions drawn over it.",
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All command names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command.

        Args:
            ctx: click's context.
            cmd_name: what the user typed.

        Returns:
            The command, or None if the table has no such name.
        """
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f".{module}", __name__), function)
        return with_examples(command, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by groups, without importing them.

        Args:
            ctx: click's context.
            formatter: where to write.
        """
        for heading, names in grouped(list(COMMANDS)):
            with formatter.section(heading):
                formatter.write_dl([(name, SUMMARIES.get(name, "")) for name in names], col_max=20)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgestab")
def cli() -> None:
    """Exact derivations, generated kernels and checked claims for training at the edge of stability."""


def _forget_stdout() -> None:
    """What is still in the buffer of a full or closed stdout would be written, and fail again, when Python ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(argv: list[str] | None = None) -> None:
    """Run the command line; typed errors become one line on stderr and exit code 2.

    Args:
        argv: arguments without the program's name; default those of the process.

    Raises:
        SystemExit: always, with the exit code.
    """
    from .common import heartbeat

    words = sys.argv[1:] if argv is None else argv
    try:
        with heartbeat(words[0] if words else ""):
            code = cli.main(args=argv, prog_name="edgestab", standalone_mode=False)
    except click.exceptions.Exit as stop:
        raise SystemExit(stop.exit_code) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(2) from None
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        raise SystemExit(130) from None
    except MemoryError as error:
        click.echo(f"MemoryError: the run does not fit into memory ({error}); ask for less", err=True)
        raise SystemExit(2) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(1) from None
    except OSError as error:
        click.echo(f"OutputError: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", err=True)
        _forget_stdout()
        raise SystemExit(2) from None
    except Exception as error:
        from edgestab.symbolic.algebra.errors import EdgestabError

        if not isinstance(error, EdgestabError):
            raise
        click.echo(f"{type(error).__name__}: {error}", err=True)
        raise SystemExit(2) from None
    raise SystemExit(code if isinstance(code, int) else 0)
