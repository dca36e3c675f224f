"""Certificates: what was proved on which boxes, as files that a small independent checker judges again."""
