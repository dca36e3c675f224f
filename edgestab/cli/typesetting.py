"""LaTeX options that the deriving commands share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgestab.symbolic.algebra.errors import DomainError

from .common import recorded

if TYPE_CHECKING:
    from edgestab.symbolic.latex.equations import Style

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class LatexChoice:
    """What the user asked of LaTeX output."""

    document: bool
    width: int | None
    names: str
    label: str

    def style(self) -> Style:
        """The style for the printer.

        Returns:
            Width, names and labels, checked.
        """
        from edgestab.symbolic.latex.equations import Style
        from edgestab.symbolic.latex.layout import DEFAULT_WIDTH
        from edgestab.symbolic.latex.names import parse_names

        return Style(DEFAULT_WIDTH if self.width is None else self.width, parse_names(self.names), self.label)

    def require(self, form: str) -> None:
        """Refuse these options for any other format.

        Args:
            form: the format chosen.

        Raises:
            DomainError: a LaTeX option was given with another format.
        """
        if form != "latex" and (self.document or self.width is not None or self.names or self.label):
            raise DomainError.of(
                "--document/--width/--names/--label", "--format latex", f"--format {form}", "Add --format latex."
            )


def latex_options(command: F) -> F:
    """``--document``, ``--width``, ``--names``, ``--label``, passed on as one ``latex`` argument."""

    def gathered(*args: Any, document: bool, width: int | None, names: str, label: str, **rest: Any) -> Any:
        return command(*args, latex=LatexChoice(document, width, names, label), **rest)

    gathered.__doc__ = command.__doc__
    gathered.__name__ = command.__name__
    wrapped: Any = gathered
    # click collects options from the attribute of the function it decorates
    wrapped.__click_params__ = getattr(command, "__click_params__", [])
    for option in (
        click.option("--label", default="", metavar="KEY", help="Number the equations, with labels KEY-z, KEY-y."),
        click.option("--names", default="", metavar="A=B,..", help=r"Rename symbols, e.g. 'T=\lambda,z=f'."),
        click.option("--width", type=int, default=None, help="Widest line of LaTeX, in digits.  [default: 80]"),
        click.option("--document", is_flag=True, help="A whole LaTeX file, ready for pdflatex."),
    ):
        wrapped = option(wrapped)
    result: F = wrapped
    return result


def rendered(result: Any, form: str, choice: LatexChoice, title: str = "") -> str:
    """A derived object or its log as the user asked.

    Args:
        result: a derived object or its log: anything with ``text``, ``json``, ``align`` and ``document``.
        form: text, latex, json, or python for an object.
        choice: the LaTeX options.
        title: of a whole LaTeX file; the result's own when empty.

    Returns:
        The text to write.
    """
    if form == "json":
        return json.dumps(recorded(result.json()), indent=2)
    if form == "latex":
        style = choice.style()
        named = {"title": title} if title else {}
        block: str = result.document(style=style, **named) if choice.document else result.align(style)
        return block
    text: str = result.python() if form == "python" else result.text()
    return text
