"""Trapping regions of Theorem 1: the Lyapunov function, barriers, strips about the slow curve, starts."""
