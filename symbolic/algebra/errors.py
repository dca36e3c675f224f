"""Typed errors of edgestab.

Every message says where, what was expected, what was got, and how to mend it, on one line.
"""

from __future__ import annotations

from typing import Self


class EdgestabError(Exception):
    """Base of every error that edgestab raises on purpose."""

    @classmethod
    def of(cls, where: str, expected: str, got: object, fix: str) -> Self:
        """Build an error with the house's four-part message.

        Args:
            where: the public function or option that refused, for example ``"simulate()"``.
            expected: what would have been accepted, for example ``"epsilon in (0, 1)"``.
            got: the offending value; long representations are cut at 80 characters.
            fix: what the user can do.

        Returns:
            The error, ready to be raised.
        """
        shown = got if isinstance(got, str) else repr(got)
        shown = shown.replace("\n", " ")
        if len(shown) > 80:
            shown = f"{shown[:77]}..."
        return cls(f"{where}: expected {expected}; got {shown}. {fix}")


class DomainError(EdgestabError, ValueError):
    """An input lies outside the domain of a function."""


class ProofError(EdgestabError):
    """A side condition of a proof or of a claim failed."""


class CodegenError(EdgestabError):
    """An expression cannot be turned into code for the target asked for."""


class PrecisionError(EdgestabError):
    """The digits that were promised cannot be held."""


class OutputError(EdgestabError, OSError):
    """A result cannot be written where the user asked for."""
