"""The mathematics of the site: a page for each group of claims, made from the claims that ``edgestab verify`` judges.

The LaTeX of a statement is that of ``edgestab show CLAIM --format latex``; here it only changes its markup. Levels are
those that were reached in the run whose record is ``docs/levels.json`` (see ``docs/levels.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from edgestab.proofs.catalogue import MODULES, get_claim
from edgestab.proofs.claims import Claim, Level
from edgestab.proofs.pages import bibliography, claim_latex, claim_level, source_text
from edgestab.proofs.statements.text import latex_definitions
from edgestab.symbolic.algebra import ProofError

_PLAIN = {r"\textbackslash{}": "\\\\", r"\textasciicircum{}": "^", r"\textasciitilde{}": r"\~", "$|$": r"\|"}
_PLAIN |= {"$<$": r"\<", "$>$": r"\>"}
_COLOURS = {"PROVED": "success", "DERIVED": "success", "ENCLOSED": "primary", "CHECKED": "warning"}
RECORD = Path(__file__).parents[1] / "levels.json"


@cache
def _record() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def reached(claim: Claim) -> Level:
    """The level that a claim had in the recorded run.

    Args:
        claim: a claim.

    Returns:
        The level.

    Raises:
        ProofError: the record has no such claim, or did not find it true: no page may show a level for it.
    """
    row = _record().get(claim.id)
    if row is None or row["verdict"] != "TRUE":
        raise ProofError.of("docs", f"a record of {claim.id} that is TRUE", row, "Run `python docs/levels.py`.")
    return Level[row["level"]]


def markdown(latex: str) -> str:
    """A paragraph of LaTeX as MyST.

    Args:
        latex: words, escaped for LaTeX, and formulas between dollar signs.

    Returns:
        The same with roles for the formulas.

    Raises:
        ProofError: it holds a command that is not part of what claims print.
    """
    for command, plain in _PLAIN.items():
        latex = latex.replace(command, plain)
    parts = re.split(r"(?<!\\)\$([^$]+)(?<!\\)\$", latex)
    words = [re.sub(r"(?<!\\)([*`\[\]<>])", r"\\\1", part) for part in parts[::2]]
    for part in words:
        if re.search(r"\\[a-zA-Z]", part):
            raise ProofError.of("docs", "words and formulas only", part, "Teach markdown() the command.")
    formulas = [f"{{math}}`{'{}' if part.startswith(('^', chr(39))) else ''}{part}`" for part in parts[1::2]]
    return "".join(a + b for a, b in zip(words, [*formulas, ""], strict=True))


def claim_page(claim: Claim) -> Iterator[str]:
    """A claim: statement, definitions, how it is judged, source.

    Args:
        claim: a claim.

    Yields:
        Lines of MyST.
    """
    level, aim = reached(claim), claim_level(claim)
    text = _theorem(claim.id)
    found = re.fullmatch(r"\\begin\{theorem\}\[.*?\]\\label\{[^}]*\}\n(.*)\\end\{theorem\}\n.*", text, re.S)
    if found is None:
        raise ProofError.of("docs", "a theorem environment", text[:80], "Follow claim_latex() here.")
    yield from ("", f"({claim.id})=", f"## {markdown(_title(text))}", "")
    more = "" if aim == level else f" (its checks aim at {aim.name})"
    yield f"{{bdg-{_COLOURS.get(level.name, 'secondary')}}}`{level.name}` `{claim.id}`{more}"
    yield from ("", "::::{admonition} Statement", ":class: statement")
    opening, _, rest = found.group(1).partition(r"\begin{align*}")
    shown, _, rest = rest.partition(r"\end{align*}")
    words = [line for line in (opening + rest).splitlines() if line.strip() and not line.startswith("Here ")]
    prose = markdown(" ".join(words[1:] if shown else words))
    yield markdown(words[0]) if shown else prose
    if shown:
        yield from ("", "```{math}", r"\begin{aligned}" + shown.strip() + r"\end{aligned}", "```", "")
        yield prose
    yield "::::"
    definitions = latex_definitions(claim.statement)
    if definitions:
        yield from ("", "where")
        for name, meaning in definitions:
            yield f"- {{math}}`{name}`: {markdown(meaning)}"
    if claim.note:
        yield from ("", f"*Note.* {_linked(claim.note)}")
    yield from ("", f"*Source:* [{_plain(source_text(claim.source))}](#ref-{claim.source.bibkey}).")
    yield from ("", "*How it is judged:*")
    yield from (f"- {_plain(c.method)} ({c.level.name}, from effort {c.effort})" for c in claim.checks)
    if not claim.checks:
        yield "- by the claims that it uses"
    for word, ids in (("Uses", claim.uses), ("Includes", claim.includes)):
        if ids:
            yield from ("", f"*{word}:* " + ", ".join(f"[{i}](#{i})" for i in ids) + ".")
    yield from ("", "```sh", f"edgestab show {claim.id}", f"edgestab verify {claim.id}", "```")


@cache
def _theorem(claim_id: str) -> str:
    return claim_latex(get_claim(claim_id))


def _title(text: str) -> str:
    found = re.match(r"\\begin\{theorem\}\[(.*?)\]\\label", text, re.S)
    return found.group(1) if found else ""


def _plain(words: str) -> str:
    """Plain words whose punctuation is not markup."""
    return re.sub(r"([*\[\]<>_|])", r"\\\1", words)


def _linked(note: str) -> str:
    """A note, in which ``code`` stays code."""
    return "`".join(_plain(part) if i % 2 == 0 else part for i, part in enumerate(note.split("`")))


@cache
def groups() -> dict[str, tuple[str, tuple[Claim, ...]]]:
    """Each file of the catalogue: what it is about, and its claims."""
    found = {}
    for name in MODULES:
        module = import_module(f"edgestab.proofs.catalogue.{name}")
        head = re.split(r"[:.]\s", (module.__doc__ or name).strip().splitlines()[0].rstrip("."))[0]
        title = re.sub(r"^Claims (on |that )?|^The ", "", head).replace(" and on ", " and ")
        found[name] = (title[0].upper() + title[1:], tuple(module.CLAIMS))
    return found


def pages() -> dict[str, str]:
    """All pages of the mathematics by name."""
    made = {}
    order = [name for name, (_, claims) in groups().items() if claims]
    for name in order:
        title, claims = groups()[name]
        doc = (import_module(f"edgestab.proofs.catalogue.{name}").__doc__ or "").strip()
        lines = [f"# {_plain(title)}", "", " ".join(_linked(doc.replace("``", "`")).split()), "", *_table(claims)]
        for claim in claims:
            lines += claim_page(claim)
        made[name] = "\n".join(lines) + "\n"
    made["references"] = "\n".join(_references()) + "\n"
    made["index"] = "\n".join(_index(order)) + "\n"
    return made


def _table(claims: tuple[Claim, ...]) -> Iterator[str]:
    yield from ("| level reached | claim |", "|---|---|")
    for claim in claims:
        yield f"| {reached(claim).name} | [{markdown(_title(_theorem(claim.id)))}](#{claim.id}) |"


def _index(order: list[str]) -> Iterator[str]:
    total = sum(len(groups()[name][1]) for name in order)
    yield from (
        "# Mathematics",
        "",
        f"Everything that edgestab asserts: {total} claims in {len(order)} groups, each with its statement, what the",
        "names in it mean, its source, and how it is judged. The pages are made from the claims themselves: what is",
        "printed is what the checks read. The level is the one that a claim reached in the run of the checks, at",
        "effort quick, that [levels](../../levels.md) records; `edgestab verify` says which is reached on your",
        "machine.",
        "[Claims](../../claims.md) says what a level promises.",
        "",
        "| group | claims | strongest level |",
        "|---|---|---|",
    )
    for name in order:
        title, claims = groups()[name]
        yield f"| [{_plain(title)}]({name}.md) | {len(claims)} | {max(map(reached, claims)).name} |"
    yield from ("", "```{toctree}", ":hidden:", "", *order, "references", "```")


def _references() -> Iterator[str]:
    yield from ("# References", "")
    for key, entry in sorted(bibliography().items()):
        parts = [entry.get(field, "") for field in ("author", "title", "year")]
        parts += [entry.get("booktitle") or entry.get("journal") or entry.get("note") or ""]
        told = ". ".join(_plain(re.sub(r"[{}]", "", part)) for part in parts if part)
        link = entry.get("url") or (f"https://arxiv.org/abs/{entry['eprint']}" if "eprint" in entry else "")
        yield from ("", f"(ref-{key})=", f"**{key}.** {told}." + (f" <{link}>" if link else ""))


def write(app: Any, _: Any) -> None:
    """Write the pages where Sphinx will find them.

    Args:
        app: Sphinx.
    """
    folder = Path(app.srcdir) / "generated" / "mathematics"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Write the pages before Sphinx looks for files."""
    app.connect("config-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
