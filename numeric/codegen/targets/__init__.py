"""Targets: each turns the one program into the source of one number type or language."""
