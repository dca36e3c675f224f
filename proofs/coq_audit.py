"""What the Coq development may not contain, what Coq may print about it, and the statements it has to prove.

Three guards, each a whitelist where it can be one:

- the sources contain none of the commands by which Coq is told to accept what it did not check (:func:`forbidden`);
- the assumptions that Coq prints for a theorem, and the summary of its independent checker, contain nothing but named
  axioms that are allowed (:func:`read_assumptions`, :func:`read_summary`);
- each theorem says what ``statements.json`` says it says, down to the text of every definition it uses
  (:func:`restated`), so that a proof of something weaker is not taken for a proof of the theorem.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..symbolic.algebra.errors import OutputError, ProofError

STATEMENTS = Path(__file__).parent / "coq" / "statements.json"

_FORBIDDEN: tuple[tuple[str, str], ...] = (
    (r"\bbypass_check\b", "switches a check of Coq's off"),
    (r"\b(?:Un)?set\s+(?:Guard|Positivity|Universe)\s+Checking\b", "switches a check of Coq's off"),
    (r"\bSet\s+(?:Rewrite\s+Rules|Definitional\s+UIP)\b", "changes the rules of Coq"),
    (r"\btype[\s_-]*in[\s_-]*type\b", "changes the rules of Coq"),
    (r"\b(?:Axioms?|Parameters?|Conjectures?|Primitive)\b", "assumes without proof"),
    (r"\b(?:Admitted|admit|give_up)\b", "assumes without proof"),
    (r"\bDeclare\s+ML\s+Module\b|\bLoad\b|\bAdd\s+(?:Rec\s+)?(?:LoadPath|ML\s+Path)\b", "loads what is not audited"),
    (r"\b(?:Variables?|Hypothes[ie]s|Context)\b", "assumes without proof outside a section"),
)
_IN_SECTION = _FORBIDDEN[-1][0]

_LIBRARY_AXIOMS = re.compile(
    r"Coq\.(?:Reals\.(?:ClassicalDedekindReals\.sig_(?:not_dec|forall_dec)|Rdefinitions\.R(?:basesymbols|inv)Impl\.\w+)"
    r"|Logic\.(?:FunctionalExtensionality\.functional_extensionality_dep|Classical_Prop\.classic)"
    r"|ssr\.ssrunder\.Under_rel\.\w+)",
    re.IGNORECASE,
)
"""Axioms of Coq's library that the checker may name: those of the classical reals, and what sealed modules abstract."""

_SECTIONS = (
    "Constants/Inductives relying on type-in-type",
    "Constants/Inductives relying on unsafe (co)fixpoints",
    "Inductives whose positivity is assumed",
)
"""Parts of the checker's summary that have to be empty."""


def without_comments(text: str) -> str:
    """A Coq source with comments (they nest) and the insides of strings blanked, line numbers kept."""
    out: list[str] = []
    depth, quoted, i = 0, False, 0
    while i < len(text):
        pair = text[i : i + 2]
        if not quoted and pair in ("(*", "*)") and (depth or pair == "(*"):
            depth += 1 if pair == "(*" else -1
            out.append("  ")
            i += 2
            continue
        if text[i] == '"':
            quoted = not quoted
        hidden = (depth or (quoted and text[i] != '"')) and text[i] != "\n"
        out.append(" " if hidden else text[i])
        i += 1
    return "".join(out)


def forbidden(files: Mapping[str, str]) -> list[str]:
    """Commands in Coq sources that would let Coq accept what it has not checked.

    Args:
        files: name to text.

    Returns:
        One line for each finding: file, line, command, why it is refused. Empty when there is none.
    """
    found = []
    for name, text in files.items():
        code = without_comments(text)
        for pattern, why in _FORBIDDEN:
            for hit in re.finditer(pattern, code, re.IGNORECASE if "type" in pattern else 0):
                if pattern == _IN_SECTION and _inside_section(code[: hit.start()]):
                    continue
                line = code[: hit.start()].count("\n") + 1
                found.append(f"{name}:{line}: {' '.join(hit.group().split())}: {why}")
    return sorted(found)


def _inside_section(before: str) -> bool:
    open_sections: list[str] = []
    for word, name in re.findall(r"\b(Section|End)\s+(\w+)\s*\.", before):
        if word == "Section":
            open_sections.append(name)
        elif name in open_sections:
            open_sections.remove(name)
    return bool(open_sections)


def read_assumptions(block: str) -> list[str]:
    """The axioms that ``Print Assumptions`` lists; any line it cannot place is one too, marked as unsafe.

    Args:
        block: what follows ``Axioms:``.

    Returns:
        Names, sorted; for a line such as ``nope is assumed to be guarded.`` that whole line.
    """
    found = []
    for line in block.splitlines():
        # the type of an axiom goes on in indented lines
        if not line.strip() or line[0].isspace():
            continue
        named = re.fullmatch(r"([\w.']+)(?:\s*:.*)?", line)
        found.append(named.group(1) if named else f"unsafe: {line.strip()}")
    return sorted(found)


@dataclass(frozen=True)
class CheckerSummary:
    """What ``coqchk -o`` says of a development.

    Attributes:
        axioms: all that it rests on.
        refused: lines that may not stand there: axioms of our own, unsafe constants, anything unknown.
    """

    axioms: tuple[str, ...]
    refused: tuple[str, ...]


def read_summary(output: str) -> CheckerSummary:
    """Read the context summary of ``coqchk -o``.

    Args:
        output: all that the checker printed.

    Returns:
        The axioms, and what has to be refused. A summary that is not complete is refused as a whole.
    """
    _, mark, summary = output.partition("CONTEXT SUMMARY")
    entries: dict[str, list[str]] = {}
    head = ""
    refused = [] if mark else ["no context summary"]
    for raw in summary.splitlines():
        line = raw.strip()
        if not line or set(line) == {"="}:
            continue
        if line.startswith("* "):
            head, _, rest = line[2:].partition(":")
            entries[head] = [rest.strip()] if rest.strip() else []
        elif head:
            entries[head].append(line)
        else:
            refused.append(line)
    theory = entries.pop("Theory", None)
    axioms = [a for a in entries.pop("Axioms", ["missing"]) if a != "<none>"]
    refused += [] if theory == ["Set is predicative"] else [f"Theory: {theory}"]
    refused += [a for a in axioms if not _LIBRARY_AXIOMS.fullmatch(a)]
    for section in _SECTIONS:
        content = entries.pop(section, ["missing"])
        refused += [f"{section}: {line}" for line in content if line != "<none>"]
    refused += [f"{section}: {line}" for section, lines in entries.items() for line in lines]
    return CheckerSummary(tuple(sorted(axioms)), tuple(refused))


_NAME = re.compile(r"[A-Za-z_][\w']*")
_SENTENCE = re.compile(r"\.(?=\s|$)")
_KEYWORDS = (
    r"(?:Definition|Fixpoint|Inductive|Record|Notation|Infix|Let|CoFixpoint|Variant|Structure|Class|Abbreviation)"
)
_DEFINES = re.compile(rf"^(?:Local\s+|Global\s+|#\[[^\]]*\]\s*)*{_KEYWORDS}\s+\"?([\w']+)")


def definitions(files: Mapping[str, str]) -> dict[str, str]:
    """Every definition of the development by name, white space folded; equal names are joined.

    Args:
        files: name to text.

    Returns:
        Name to source sentence.
    """
    found: dict[str, str] = {}
    for text in files.values():
        for sentence in _SENTENCE.split(without_comments(text)):
            folded = " ".join(sentence.split())
            named = _DEFINES.match(folded)
            if named:
                before = found.get(named.group(1))
                found[named.group(1)] = folded if before in (None, folded) else f"{before} || {folded}"
    return found


def used_definitions(statements: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Those of the known definitions that statements use, and what these use in turn."""
    waiting, found = [*statements], dict[str, str]()
    while waiting:
        for name in set(_NAME.findall(waiting.pop())) & known.keys():
            if name not in found:
                found[name] = known[name]
                waiting.append(known[name])
    return dict(sorted(found.items()))


_BINDERS = (
    r"\(([\w' ]+?)\s*:(?!=)",
    r"\b(?:fun|forall|exists)\s+([\w' ]+?)\s*(?:=>|:|,)",
    r"\blet\s+(\w+)\s*:=",
    r"(?:\bwith\b|\|)([^|]*?)=>",
)


def free_names(sentence: str) -> set[str]:
    """Names in a Coq sentence, without the variables that it binds.

    Args:
        sentence: a definition.

    Returns:
        Names of definitions, of the library or of the development.
    """
    bound = {name for pattern in _BINDERS for group in re.findall(pattern, sentence) for name in _NAME.findall(group)}
    return set(_NAME.findall(sentence)) - bound


def with_definitions(sentence: str, files: Mapping[str, str]) -> str:
    """A definition after all that it uses, down to Coq's library.

    Args:
        sentence: the definition, with its full stop.
        files: the sources of the development, in which each name that it uses is defined once, outside sections.

    Returns:
        Coq source that stands by itself.

    Raises:
        ProofError: a name is defined twice, or in a section.
    """
    found: dict[str, list[str]] = {}
    for text in files.values():
        code = without_comments(text)
        for raw in _SENTENCE.finditer(code):
            start = max(code.rfind(". ", 0, raw.start()), code.rfind(".\n", 0, raw.start())) + 1
            definition = code[start : raw.end()].strip()
            named = _DEFINES.match(definition)
            if named:
                inside = _inside_section(code[:start])
                found.setdefault(named.group(1), []).append("in a section" if inside else definition)
    order: dict[str, str] = {}

    def visit(text: str, own: str) -> None:
        for name in sorted(free_names(text) & found.keys() - order.keys() - {own}):
            several = set(found[name])
            if len(several) > 1 or several == {"in a section"}:
                raise ProofError.of("with_definitions()", f"one definition of {name}", len(several), "Rename one.")
            visit(found[name][0], name)
            order[name] = found[name][0]

    own = _DEFINES.match(sentence)
    visit(sentence, own.group(1) if own else "")
    text = "\n\n".join([*order.values(), sentence.strip()])
    imports = "From Coq Require Import List Reals.\n"
    imports += "From Coquelicot Require Import Coquelicot.\n" if "open" in free_names(text) else ""
    return f"{imports}Import ListNotations.\nOpen Scope R_scope.\n\n{text}\n"


def pin(statements: Mapping[str, str], files: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What ``statements.json`` holds for these theorems and sources.

    Args:
        statements: theorem to its statement as Coq prints it.
        files: the sources.

    Returns:
        ``{"theorems": .., "definitions": ..}``.
    """
    return {
        "theorems": dict(sorted(statements.items())),
        "definitions": used_definitions(statements.values(), definitions(files)),
    }


def load_pinned(path: Path = STATEMENTS) -> dict[str, dict[str, str]]:
    """The pinned statements and definitions.

    Raises:
        ProofError: the file is missing or holds something else.
    """
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return {"theorems": dict(read["theorems"]), "definitions": dict(read["definitions"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProofError.of(
            "load_pinned()", "the pinned statements", str(path), "Restore the file from the repository."
        ) from error


def save_pinned(statements: Mapping[str, str], files: Mapping[str, str], path: Path = STATEMENTS) -> None:
    """Pin statements and the definitions that they use.

    Args:
        statements: theorem to its statement as Coq prints it.
        files: the sources.
        path: the file.

    Raises:
        OutputError: it cannot be written.
    """
    text = json.dumps(pin(statements, files), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError.of("save_pinned()", "a writable path", str(path), f"{error.strerror}.") from error


def restated(
    statements: Mapping[str, str], files: Mapping[str, str], pinned: Mapping[str, Mapping[str, str]] | None = None
) -> list[str]:
    """Theorems and definitions that do not say what is pinned.

    Args:
        statements: theorem to its statement as Coq prints it.
        files: the sources.
        pinned: what they have to say; default ``statements.json``.

    Returns:
        One line for each difference: ``theorem1: another statement``, ``gd: another definition``, ``f: not defined``.
    """
    wanted = load_pinned() if pinned is None else pinned
    now = pin(statements, files)
    found = []
    for kind, word in (("theorems", "statement"), ("definitions", "definition")):
        for name in sorted(wanted[kind].keys() | now[kind].keys()):
            if name not in now[kind]:
                found.append(f"{name}: no {word}")
            elif wanted[kind].get(name) != now[kind][name]:
                found.append(f"{name}: another {word}")
    return found
