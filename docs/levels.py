"""The tables of what is shown at which level: ``docs/levels.md`` and a table in the README, from a run of the checks.

Run ``python docs/levels.py`` after adding or changing claims: it judges those whose statements are new or changed, and
what they use, at effort quick (all of them with ``--all``: a minute or two), and keeps what came out in
``docs/levels.json``, with a digest of each statement. A test fails while that differs from the catalogue, or the tables
from it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "docs" / "levels.json"
PAGE = ROOT / "docs" / "levels.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- levels: made by docs/levels.py -->\n", "<!-- end of levels -->\n"
PAPER = "agarwala2023"
MEANING = {
    "PROVED": "Coq, statement generated from the claim",
    "DERIVED": "exact algebra",
    "ENCLOSED": "ball arithmetic, or signs on boxes",
    "CHECKED": "sampled, or to some order only",
    "CITED": "taken from the source",
}


def catalogue() -> dict[str, Any]:
    """All claims."""
    from edgestab.proofs.catalogue import all_claims

    return dict(all_claims())


def digest(claim: Any) -> str:
    """A short digest of a claim's statement, source and uses."""
    from edgestab.proofs.pages import claim_record

    record = {key: value for key, value in claim_record(claim).items() if key not in ("level", "checks")}
    return hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()[:16]


@cache
def digests() -> dict[str, str]:
    """The digests of all claims."""
    return {i: digest(claim) for i, claim in catalogue().items()}


def judge(*ids: str) -> dict[str, dict[str, str]]:
    """Verdict and level of claims and all they use, by the checks of effort quick, with the digests of the statements.

    Args:
        *ids: of the claims; none: all.

    Returns:
        By id, in alphabetical order.
    """
    from edgestab.proofs.verify import verify

    report, claims = verify(*ids, effort="quick"), catalogue()
    return {
        r.claim.id: {"verdict": r.verdict.value, "level": r.level.name, "digest": digest(claims[r.claim.id])}
        for r in sorted(report.results, key=lambda r: r.claim.id)
    }


def readme_table(record: dict[str, dict[str, str]]) -> str:
    """Levels with how many claims have each, and those of them that the paper makes or that are about its words."""
    claims = catalogue()
    lines = ["| level | shown by | claims | about the paper's own statements |", "|---|---|---|---|"]
    for level, how in MEANING.items():
        here = [i for i, row in record.items() if row["level"] == level]
        named = ", ".join(f"`{i}`" for i in here if claims[i].source.bibkey == PAPER)
        if here:
            lines.append(f"| {level} | {how} | {len(here)} | {named} |")
    wrong = [i for i, row in record.items() if row["verdict"] != "TRUE"]
    summary = f"All {len(record)} claims are TRUE" if not wrong else f"Not TRUE: {', '.join(wrong)}"
    return "\n".join(
        [*lines, "", f"{summary}; [levels.md](docs/levels.md) has every one, with its title and source.", ""]
    )


def page(record: dict[str, dict[str, str]]) -> str:
    """Every claim by level, with its title and source."""
    from edgestab.proofs.pages import source_text

    claims = catalogue()
    lines = [
        "# What is shown, and at which level",
        "",
        "Made by `python docs/levels.py` from a run of the checks at effort quick. `edgestab show CLAIM` prints a "
        "statement with its definitions, and what was found; [claims.md](claims.md) says what the levels mean.",
    ]
    for level, how in MEANING.items():
        here = [i for i, row in record.items() if row["level"] == level]
        if here:
            lines += ["", f"## {level}: {how} ({len(here)})", "", "| claim | says | source |", "|---|---|---|"]
            lines += [f"| `{i}` | {_cell(claims[i].title)} | {_cell(source_text(claims[i].source))} |" for i in here]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def with_table(readme: str, table: str) -> str:
    """The README with its table replaced."""
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.S)
    return pattern.sub(lambda _: BEGIN + "\n" + table + "\n" + END, readme)


def stale() -> list[str]:
    """What differs between the catalogue, the record of its levels, and the tables made from it."""
    record, claims = json.loads(RECORD.read_text(encoding="utf-8")), catalogue()
    wrong = [f"{i}: not judged" for i in claims if i not in record]
    wrong += [f"{i}: no claim any more" for i in record if i not in claims]
    wrong += [f"{i}: its statement changed" for i in claims if i in record and digests()[i] != record[i]["digest"]]
    if wrong:
        return wrong
    if PAGE.read_text(encoding="utf-8") != page(record):
        wrong.append(PAGE.name)
    readme = README.read_text(encoding="utf-8")
    if BEGIN not in readme or with_table(readme, readme_table(record)) != readme:
        wrong.append(README.name)
    return wrong


def main() -> None:
    """Judge what changed, and write the record and the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="judge and write nothing; exit 1 where a table is out of date"
    )
    parser.add_argument("--all", action="store_true", help="judge every claim, not only those that are new or changed")
    options = parser.parse_args()
    if options.check:
        wrong = stale()
        print("\n".join(wrong) or "up to date")
        raise SystemExit(bool(wrong))
    known = {} if options.all or not RECORD.exists() else json.loads(RECORD.read_text(encoding="utf-8"))
    claims = catalogue()
    changed = [i for i, claim in claims.items() if known.get(i, {}).get("digest") != digest(claim)]
    record = {**known, **(judge(*changed) if changed else {})}
    record = {i: record[i] for i in sorted(claims)}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")
    README.write_text(with_table(README.read_text(encoding="utf-8"), readme_table(record)), encoding="utf-8")


if __name__ == "__main__":
    main()
