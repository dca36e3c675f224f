"""
An orbit at the edge
====================

Residual and NTK eigenvalue of the quadratic model, step by step: the eigenvalue rises past the edge, swings about it
and comes to rest just below.
"""

from fractions import Fraction

from edgestab.numeric.orbits.figures import plot_orbit, record_orbit
from edgestab.numeric.orbits.starts import Start

plot_orbit(record_orbit(Start((Fraction(-3, 10), Fraction(8, 5)), Fraction(1, 20), Fraction(0)), steps=2000))
