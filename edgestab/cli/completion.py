"""``edgestab completion``: the script that makes a shell complete commands, options, claims and figures."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print the script that makes a shell complete commands, options, claims and figures.

    \b
    Once for all:
      bash  eval "$(edgestab completion bash)"   in ~/.bashrc
      zsh   eval "$(edgestab completion zsh)"    in ~/.zshrc
      fish  edgestab completion fish > ~/.config/fish/completions/edgestab.fish
    """  # noqa: D301
    from . import cli

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"this click has no completion for {shell}")
    click.echo(found(cli, {}, "edgestab", "_EDGESTAB_COMPLETE").source())


def complete_claims(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The claims whose ids begin with what was typed.

    Args:
        ctx: click's context.
        param: the argument.
        incomplete: what was typed so far.

    Returns:
        Ids with their titles.
    """
    from edgestab.proofs.catalogue import all_claims

    given = [i for i in (ctx.params.get(param.name or "") or ()) if isinstance(i, str)]
    return [
        CompletionItem(claim.id, help=claim.title)
        for claim in all_claims().values()
        if claim.id.startswith(incomplete) and claim.id not in given
    ]
