"""Names of what edgestab prints and generates: LaTeX, logs, truncated series, programs and kernels."""

from __future__ import annotations

from .entry import Name

_PROGRAM, _TYPES = "edgestab.codegen.Program", "edgestab.codegen.NUMBER_TYPES"
_CUDA = "edgestab.codegen.lane_kernel"

NAMES = (
    Name("latex()", "the LaTeX that edgestab prints of an object", "edgestab.latex.to_latex"),
    Name("read()", "the object that the LaTeX reader makes of a text", "edgestab.latex.read_latex"),
    Name("lhs()", "what a step of a log starts from", "edgestab.explain.DerivationLog"),
    Name("rhs()", "what a step of a log arrives at", "edgestab.explain.DerivationLog"),
    Name("exact()", "the coefficient of a monomial m in an exact two-step increment", "edgestab.planar.PolynomialMap"),
    Name("kept()", "the coefficient of a monomial m in the truncated increment", "edgestab.planar.Recurrence"),
    Name(
        "dropped()",
        "that in the exact increment where the monomial m lies in the stated remainder of the truncated one, else 0",
        "edgestab.planar.Recurrence",
    ),
    Name("z_out()", "z from the program behind every kernel, in exact arithmetic", _PROGRAM, latex=r"z_{\mathrm{out}}"),
    Name("T_out()", "T from the program behind every kernel, in exact arithmetic", _PROGRAM, latex=r"T_{\mathrm{out}}"),
    Name("z_cuda()", "z from the printed CUDA kernel, in exact arithmetic", _CUDA, latex=r"z_{\mathrm{cuda}}"),
    Name("T_cuda()", "T from the printed CUDA kernel, in exact arithmetic", _CUDA, latex=r"T_{\mathrm{cuda}}"),
    Name("z_num()", "z after one step of the generated kernel; of a ball, its midpoint", _TYPES, latex=r"\hat z"),
    Name("T_num()", "T after one step of the generated kernel; of a ball, its midpoint", _TYPES, latex=r"\hat T"),
    Name("error_z()", "the stated error of z_num; of a ball, its radius", _TYPES, latex=r"\delta_z"),
    Name("error_T()", "the stated error of T_num; of a ball, its radius", _TYPES, latex=r"\delta_T"),
)
