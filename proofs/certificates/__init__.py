"""Certificates: what was proved on which boxes, as files that a small independent checker judges again.

Here: provers, files, enclosed orbits, the page of Theorem 1, and the checker, which shares no code with the rest on
purpose. Not here: the conditions themselves (symbolic.trapping).
"""
