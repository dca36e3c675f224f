"""Families of maps with one parameter: exact phases and branches, and losses of a product ``l(x y)``."""
