"""Exact truncated power series over Q: graded multivariate ones, and rows in one small parameter."""

from __future__ import annotations

from .grading import Grading, Remainder
from .operations import compose, derivative, evaluate, exp, log, reversion, root, solve_implicit, solve_system
from .rows import RowSeries
from .truncated import TruncatedSeries

__all__ = [
    "Grading",
    "Remainder",
    "RowSeries",
    "TruncatedSeries",
    "compose",
    "derivative",
    "evaluate",
    "exp",
    "log",
    "reversion",
    "root",
    "solve_implicit",
    "solve_system",
]
