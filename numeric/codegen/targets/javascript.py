"""Target ``javascript``: an ES module for the interactive page. JavaScript has no fused multiply-add."""

from __future__ import annotations

from ..program import Program
from ..source_text import header, indent, operator_lines


def generate(program: Program) -> str:
    """The module: ``prepare(parameters..)``, and ``iterate(variables.., parameters.., steps)`` returning an array.

    Args:
        program: the program.

    Returns:
        ES module source. Stated error of one step: ``Program.error_bound`` with unit 2^-53.
    """

    def lines(ops: object) -> list[str]:
        return operator_lines(ops, lambda q: repr(float(q)), "const {0} = {1};")  # type: ignore[arg-type]

    count = "steps" if program.steps_per_body == 1 else f"Math.floor(steps / {program.steps_per_body})"
    kept = [s for s in program.state if s in program.variables]
    entered = {op.result: f"{op.result}" for op in program.enter}
    enter = [
        line.replace("const ", "let ", 1) if op.result in program.state else line
        for op, line in zip(program.enter, lines(program.enter), strict=True)
    ]
    assert all(s in entered or s in kept for s in program.state)
    arguments = ", ".join((*program.variables, *program.parameters))
    moves = [f"{s} = {n};" for s, n in zip(program.state, program.next_state, strict=True)]
    outputs = ", ".join(program.outputs)
    return (
        "\n".join(
            [
                "/*",
                *(f" * {line}" for line in header(program, "JavaScript kernel")),
                " */",
                "",
                f"export function iterate({arguments}, steps) {{",
                *indent(lines(program.hoist), 1),
                *indent(enter, 1),
                f"    for (let pass = 0; pass < {count}; pass += 1) {{",
                *indent([*lines(program.body), *moves], 2),
                "    }",
                *indent(lines(program.leave), 1),
                f"    return [{outputs}];",
                "}",
                "",
                "export function orbit(" + arguments + ", steps) {",
                "    const points = [];",
                *indent(lines(program.hoist), 1),
                *indent(enter, 1),
                f"    for (let pass = 0; pass <= {count}; pass += 1) {{",
                *indent(lines(program.leave), 2),
                f"        points.push([{outputs}]);",
                *indent([*lines(program.body), *moves], 2),
                "    }",
                "    return points;",
                "}",
            ]
        )
        + "\n"
    )
