"""Exact mathematics: models, maps, truncated series, recurrences. No floats, no input or output."""
