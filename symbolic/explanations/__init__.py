"""How each derived object was obtained, step by step, each step checked."""

from .descent import explain_descent, explain_self_stabilisation
from .limit_law import explain_limit_law
from .main_case import explain_limit, explain_nullcline, explain_one_step, explain_slow_manifold, explain_two_step

__all__ = [
    "explain_descent",
    "explain_limit",
    "explain_limit_law",
    "explain_nullcline",
    "explain_one_step",
    "explain_self_stabilisation",
    "explain_slow_manifold",
    "explain_two_step",
]
