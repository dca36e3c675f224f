"""Names of programs for the step, and of the least numbers of their operations."""

from __future__ import annotations

from .entry import Name

_SEE = "edgestab.codegen.factored_program"

NAMES = (
    Name("z_1_out()", "the first output of the program in the factors of the residual", _SEE, latex=r"\tilde z_1'"),
    Name("z_2_out()", "its second output", _SEE, latex=r"\tilde z_2'"),
    Name("N_factored", "operations of that program: multiply-adds, products and sums", _SEE, latex=r"N_{\rm factored}"),
    Name(
        "B_step()",
        "how many states one gradient step takes to the same state, for all but special ones, complex states counted",
        "edgestab.models.QuadraticModel.theta_step",
        latex=r"B",
    ),
    Name(
        "M_step()",
        "the least number of products and quotients of values that depend on the state in a straight-line program for "
        "the step in any algebraic coordinates",
        _SEE,
        latex=r"M",
    ),
    Name(
        "N_step",
        "the least number of operations a b + c, signs free, in a straight-line program with complex constants that "
        "computes the gradient step in coordinates that are a polynomial automorphism of the weights",
        _SEE,
        latex=r"N",
    ),
)
