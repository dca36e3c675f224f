"""Examples at the end of each command's help, and the groups in which ``edgestab --help`` lists the commands."""

from __future__ import annotations

import click

EXAMPLES: dict[str, tuple[str, ...]] = {
    "list": ("edgestab list", "edgestab list --json claims.json"),
    "show": ("edgestab show theorem-1", "edgestab show theorem-1 --format latex --document"),
    "verify": ("edgestab verify", "edgestab verify theorem-1 --effort quick --all --domains"),
    "prove": ("edgestab prove --install", "edgestab prove --check full --jobs 4"),
    "derive": ("edgestab derive two-step --order 4", "edgestab derive limit --optimiser heavy-ball --beta 9/10"),
    "model": ("edgestab model --example zhu", 'edgestab model --loss "(1 - x*y)^2/2" --parameters x,y --order 3'),
    "family": ("edgestab family cubic", "edgestab family log-cosh --plot log-cosh.pdf"),
    "simulate": (
        "edgestab simulate --epsilon 0.02 --z -1/4 --T 1.8 --digits 50",
        "edgestab simulate --epsilon 1/10 --z 0.01 --T 2.1 --plot orbit.pdf",
    ),
    "codegen": ("edgestab codegen one-step --target c", "edgestab codegen --list"),
    "basin": ("edgestab basin --epsilon 1/8", "edgestab basin --epsilon 1/8 --grid 200 --plot basin.pdf"),
    "limit": ("edgestab limit --epsilon 1/10", "edgestab limit --epsilon 1/400 --z 0.03 --T 2.065 --iterate"),
    "certificate": (
        "edgestab certificate theorem-1 -o theorem-1.json",
        "edgestab certificate round-off --z -1/2:1/4 --T 7/5:3 --epsilon 0:1/5 -o round-off.json",
    ),
    "check-certificate": ("edgestab check-certificate theorem-1.json",),
    "ensemble": (
        "edgestab ensemble -D 40 -P 60 -n 2000 --seed 1",
        "edgestab ensemble -D 8 -P 12 -n 200 --seed 1 --plot ratio.pdf",
    ),
    "theorem-2": ("edgestab theorem-2", "edgestab theorem-2 --format latex"),
    "dynamics": ("edgestab dynamics run --flow --plot run.pdf", "edgestab dynamics sharpness --plot sharpness.pdf"),
    "dynamics run": ("edgestab dynamics run --flow", "edgestab dynamics run --plot run.pdf"),
    "dynamics sharpness": (
        "edgestab dynamics sharpness --shape 12,24 -n 8 --plot sharpness.pdf",
        "edgestab dynamics sharpness --folder grid --jobs 4",
    ),
    "dynamics split": ("edgestab dynamics split --steps 130 --plot split.pdf",),
    "dynamics rise": ("edgestab dynamics rise -n 12 --plot rise.pdf",),
    "dynamics mean-field": ("edgestab dynamics mean-field -D 30 -P 60 -n 3 --plot mean-field.pdf",),
    "sweep": (
        "edgestab sweep --epsilon 1e-4:0.5:300:log --z -1.5:0.99:300 --T 2 --plot phase.png",
        "edgestab sweep --epsilon 0.01 --theta-1 0.02:3:300 --theta-2 20 --eta 0.05:1.5:300 --plot eta.png",
        "edgestab sweep --epsilon 1e-5:0.1:2000:log --z -0.5:0.5:2000 --T 2 --folder run --scheduler tcp://HOST:8786",
    ),
    "network": (
        "edgestab network --plot network.pdf",
        "edgestab network --hidden 20,20 --eta 0.3 --steps 300",
        "edgestab network --hidden 10,10 --degree 3 --eta 0.3 --steps 250 --predict all --predict-from 400",
    ),
    "plot": ("edgestab plot --list", "edgestab plot plane -o plane.pdf", "edgestab plot limit --json -"),
    "gallery": ("edgestab gallery", "edgestab gallery zhu --plot zhu.pdf"),
    "report": ("edgestab report -o report", "edgestab report -o report --from verify.json --pdf"),
    "explore": (
        "edgestab explore -o explore.html",
        "edgestab explore -o small.html --epsilon 1/100 --z -0.35 --T 1.5 --steps 10000",
    ),
    "completion": ('eval "$(edgestab completion bash)"', "edgestab completion fish"),
}
"""By command, with its group's name before it; each parses as it stands."""

GROUPS: dict[str, tuple[str, ...]] = {
    "Derive, exactly": ("derive", "model", "family", "limit", "theorem-2", "codegen"),
    "Compute": ("simulate", "sweep", "basin", "ensemble", "dynamics", "network"),
    "Judge": ("verify", "list", "show", "gallery", "prove", "certificate", "check-certificate"),
    "Look": ("plot", "report", "explore"),
    "Set up": ("completion",),
}
"""Every command in one group."""


def with_examples(command: click.Command, name: str) -> click.Command:
    """A command whose help ends with its examples.

    Args:
        command: what to show.
        name: its key in :data:`EXAMPLES`; a figure's example is made of its name.

    Returns:
        The same command.
    """
    figure = name.removeprefix("plot ")
    made = (f"edgestab plot {figure}", f"edgestab plot {figure} -o {figure}.pdf") if figure != name else ()
    lines = EXAMPLES.get(name, made)
    if lines:
        command.epilog = "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))
    return command


def grouped(names: list[str]) -> list[tuple[str, list[str]]]:
    """The commands by heading; those of no group come last, as others.

    Args:
        names: all commands.

    Returns:
        Headings with their commands.
    """
    found = [(heading, [n for n in members if n in names]) for heading, members in GROUPS.items()]
    known = {n for _, members in found for n in members}
    others = [n for n in names if n not in known]
    return [(heading, members) for heading, members in [*found, ("Others", others)] if members]
