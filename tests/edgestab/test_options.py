"""The command line as a whole: one spelling for each option, an example in each help, groups, completion, colours."""

import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest

from edgestab.cli import COMMANDS, SUMMARIES, cli
from edgestab.cli.examples import EXAMPLES, GROUPS, grouped

Run = Callable[..., Any]


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command with its name, groups before their members."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands())
OPTIONS = [(name, p) for name, c in ALL.items() for p in c.params if isinstance(p, click.Option)]

HOMONYMS = {("--parameters", "text"): "names of a loss's parameters (model), not how many there are"}
"""Long spellings that mean another thing where they have another type, and may then have other short forms."""

THINGS = {
    r"^Overwrite ": "--force",
    r"\bresult as JSON\b": "--json",
    r"^Worker (processes|threads)": "--jobs",
    r"^Seed\b": "--seed",
    r"^Gradient steps": "--steps",
    r"^(Step size( itself| eta|\.|$)|Start: .*step size|Step size \(with)": "--eta",
    r"^Step sizes? as eta lambda": "--start",
    r"^Size of the negative eigenvalue": "--epsilon",
    r"^Keep (finished )?chunk": "--folder",
    r"Dask (scheduler|cluster)": "--scheduler",
    r"^(Independent samples|Samples (of|at)|Antithetic pairs|Simulated runs)": "--samples",
    r"^(Number of outputs|Outputs D)": "--outputs",
    r"^(Number of parameters|Parameters P)": "--parameters",
    r"^Residual scale": "--sigma-z",
    r"^(Draw (it|the|simulated) |Phase diagram )": "--plot",
    r"^Where to; - is stdout": "--output",
    r"^Run the gradient flow": "--flow",
    r"^Start: rescaled residual": "--z",
    r"^Start: rescaled NTK": "--T",
}
"""What an option is, as its help says, and the one way in which that is spelled."""

BANNED = {"--workers", "--threads", "--step-size", "--out", "--dir", "--overwrite", "--t", "--figure", "--nsteps"}


def long_name(option: click.Option) -> str:
    return next(o for o in option.opts if o.startswith("--"))


def two_spellings(options: list[tuple[str, click.Option]]) -> list[str]:
    """Options that spell one thing in two ways."""
    found, forms = [], defaultdict(dict)  # type: ignore[var-annotated]
    for name, option in options:
        spelled, kind = long_name(option), option.type.name
        kind = kind if (spelled, kind) in HOMONYMS else ""
        forms[spelled, kind].setdefault(frozenset(option.opts), name)
        if spelled in BANNED:
            found.append(f"{name}: {spelled} is another option's old name")
        for what, right in THINGS.items():
            if re.search(what, option.help or "") and spelled != right:
                found.append(f"{name}: {spelled} is {right} ({option.help})")
    for (spelled, _), different in forms.items():
        if len(different) > 1:
            found.append(f"{spelled}: short forms differ between {', '.join(different.values())}")
    return found


def test_one_spelling_for_each_option() -> None:
    assert two_spellings(OPTIONS) == []
    assert len(OPTIONS) > 150


def test_every_spelling_in_the_table_is_in_use() -> None:
    said = [option.help or "" for _, option in OPTIONS]
    assert [what for what in THINGS if not any(re.search(what, text) for text in said)] == []
    assert {(long_name(o), o.type.name) for _, o in OPTIONS} >= set(HOMONYMS)


def test_two_spellings_are_noticed() -> None:
    planted = [
        ("one", click.Option(["--threads"], help="Worker threads.")),
        ("two", click.Option(["--samples", "-s"], help="Samples of it.")),
        ("three", click.Option(["--sigma"], help="Residual scale.")),
    ]
    assert len(two_spellings([*OPTIONS, *planted])) == 4


def test_options_have_help_and_no_default_help_is_lost() -> None:
    silent = [f"{name} {long_name(o)}" for name, o in OPTIONS if not o.help and not isinstance(o.type, click.Choice)]
    assert silent == []


def test_every_help_ends_with_an_example_that_parses() -> None:
    for name, command in ALL.items():
        lines = [line.strip() for line in (command.epilog or "").splitlines() if "edgestab " in line]
        assert lines, name
        for line in lines:
            words = shlex.split(line.removeprefix("eval ").strip('"$()'))
            assert words[0] == "edgestab"
            assert " ".join(words[1:]).startswith(name), line
            parse(cli, words[1:])


def parse(command: click.Command, words: list[str]) -> None:
    """Parse as click would, down to the last command, without running it."""
    try:
        context = command.make_context(command.name or "", list(words))
    except click.exceptions.Exit:  # an option that does its work while it is read, such as --list
        return
    rest = [*context._protected_args, *context.args]
    if isinstance(command, click.Group) and rest:
        _, inner, left = command.resolve_command(context, rest)
        assert inner is not None
        parse(inner, left)


def test_an_example_that_does_not_parse_is_noticed() -> None:
    with pytest.raises(click.UsageError):
        parse(cli, ["plot", "plane", "--no-such-option"])
    with pytest.raises(click.UsageError):
        parse(cli, ["plot", "plan"])


def test_examples_are_those_of_commands() -> None:
    assert set(EXAMPLES) <= set(ALL)


def test_every_command_stands_in_one_group_and_has_a_summary(edgestab: Run) -> None:
    members = [name for names in GROUPS.values() for name in names]
    assert sorted(members) == sorted(COMMANDS) == sorted(SUMMARIES)
    assert grouped([*COMMANDS, "new"])[-1] == ("Others", ["new"])
    shown = edgestab("--help").out
    places = [shown.index(f"{heading}:") for heading in GROUPS]
    assert places == sorted(places)
    assert all(re.search(rf"^  {name} ", shown, re.M) for name in COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(edgestab: Run, shell: str) -> None:
    ran = edgestab("completion", shell)
    assert ran.code == 0
    assert "_EDGESTAB_COMPLETE" in ran.out


def test_completion_knows_commands_options_claims_and_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.shell_completion import ShellComplete

    complete = ShellComplete(cli, {}, "edgestab", "_EDGESTAB_COMPLETE")

    def found(*words: str) -> set[str]:
        return {item.value for item in complete.get_completions(list(words[:-1]), words[-1])}

    assert found("ver") == {"verify"}
    assert "theorem-1-lyapunov" in found("show", "theorem-1-l")
    assert "theorem-1" not in found("verify", "theorem-1", "theorem-1")
    assert found("plot", "pla") == {"plane"}
    assert "--inches" in found("plot", "plane", "--")


def test_no_color_and_pipes(edgestab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours on a terminal, none with NO_COLOR, and no control codes at all where output is piped."""
    argv = ("verify", "one-step-map", "--effort", "quick", "--jobs", "1")
    piped = edgestab(*argv)
    assert "\x1b" not in piped.out + piped.err
    assert piped.err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert re.search(r"\x1b\[[\d;]*3\d", edgestab(*argv).out)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[\d;]*[34]\d[;m]", edgestab(*argv).out)
