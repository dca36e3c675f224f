"""Names of programs in doubles, every operation rounded."""

from __future__ import annotations

from .entry import Name

_SEE = "edgestab.codegen.lane_kernel"
_HOW = (
    "generated for target float64 (or c, javascript), every operation rounded to 53 bits, ties to even, a b + c once; "
    "exponents bounded below as in binary64"
)

NAMES = (
    Name("z_double()", f"z after one step of the program {_HOW}", _SEE, latex=r"\tilde z'"),
    Name("T_double()", f"T after one step of the program {_HOW}", _SEE, latex=r"\tilde T'"),
    Name("z_double_2()", f"z after two steps of the program {_HOW}", _SEE, latex=r"\tilde z''"),
    Name("T_double_2()", f"T after two steps of the program {_HOW}", _SEE, latex=r"\tilde T''"),
)
