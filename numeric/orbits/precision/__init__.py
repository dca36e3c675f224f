"""Precision on demand: run an orbit in a number type and in a wider one side by side, and trust what they share."""
