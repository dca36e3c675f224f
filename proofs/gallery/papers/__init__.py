"""One file a paper, each with an ``ENTRY``."""
