"""What a derivation rests on, each with a verdict, so that a model that does not fit says where it fails."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hypothesis:
    """One condition of the analysis.

    Attributes:
        name: permanent short name.
        statement: what is asked, in words.
        holds: True or False where exact algebra decides, None where it does not.
        detail: what was found.
    """

    name: str
    statement: str
    holds: bool | None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """TRUE, FALSE or UNKNOWN."""
        return {True: "TRUE", False: "FALSE", None: "UNKNOWN"}[self.holds]

    def to_json(self) -> dict[str, str]:
        """Flat record."""
        return {"name": self.name, "statement": self.statement, "verdict": self.verdict, "detail": self.detail}
