"""Mutants that may stay TRUE because the statement implies them, where no rule decides it: claim, label, reason."""

EXCUSED: dict[tuple[str, str], str] = {}
