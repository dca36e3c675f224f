"""Typed errors of edgestab.

Every message says where, what was expected, what was got, and how to mend it, on one line.
"""

from __future__ import annotations

from typing import Self


class EdgestabError(Exception):
    """Base of every error that edgestab raises on purpose.

    Example:
        >>> try:
        ...     es.symbol("no such symbol")
        ... except es.EdgestabError as error:
        ...     print(type(error).__name__)
        DomainError
    """

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
    """An input lies outside the domain of a function.

    Example:
        >>> es.QuadraticModel((1, 1))  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        DomainError: QuadraticModel(): expected distinct non-zero eigenvalues; got (1, 1). ...
    """


class ProofError(EdgestabError):
    """A side condition of a proof or of a claim failed.

    Example:
        >>> z, T, epsilon = es.symbols("z T epsilon")
        >>> wrong = es.planar.PlanarMap((z, T), (z - z * T, T + epsilon * z**3), (epsilon,))
        >>> try:
        ...     es.trapping.derive_lyapunov(wrong)
        ... except es.algebra.ProofError as error:
        ...     print("refused")
        refused
    """


class CodegenError(EdgestabError):
    """An expression cannot be turned into code for the target asked for.

    Example:
        >>> issubclass(es.algebra.CodegenError, es.EdgestabError)
        True
    """


class PrecisionError(EdgestabError):
    """The digits that were promised cannot be held.

    Example:
        >>> issubclass(es.algebra.PrecisionError, es.EdgestabError)
        True
    """


class OutputError(EdgestabError, OSError):
    """A result cannot be written where the user asked for.

    Example:
        >>> issubclass(es.algebra.OutputError, OSError)
        True
    """
