"""The one symbol table: code name, SymPy symbol, LaTeX, domain, meaning, the paper's notation.

``z`` and ``T`` are always in rescaled units (the paper's tilde: ``z = eta * residual``,
``T = eta * NTK eigenvalue``), so that the step size drops out and the edge of stability is ``T = 2``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from .errors import DomainError


@dataclass(frozen=True)
class SymbolEntry:
    """One row of the table.

    Attributes:
        name: the name in code, on the command line and in JSON.
        latex: how it is printed.
        domain: where it lives, in words.
        meaning: what it stands for.
        paper: the paper's notation, or an empty string where the paper has none.
        positive: whether the symbol is assumed positive (it is real in any case).
    """

    name: str
    latex: str
    domain: str
    meaning: str
    paper: str = ""
    positive: bool = False

    @property
    def symbol(self) -> sp.Symbol:
        """The SymPy symbol of this row."""
        if self.positive:
            return sp.Symbol(self.name, positive=True)
        return sp.Symbol(self.name, real=True)


_LATEX = {"z": r"\tilde z", "T": r"\tilde T", "lambda": r"\lambda"}
_ROWS = (
    SymbolEntry("z", r"\tilde z", "R", "rescaled residual, eta * (f - E)", r"\tilde z_t"),
    SymbolEntry("T", r"\tilde T", "R, >= 0", "rescaled NTK eigenvalue, eta * |J|^2", r"\eta\lambda_{\max}"),
    SymbolEntry("z_1", r"\tilde z_1", "R", "the factor of z that vanishes with it: z = 2 z_1 z_2 / (1 - epsilon)"),
    SymbolEntry("z_2", r"\tilde z_2", "R", "the other factor of the residual"),
    SymbolEntry(
        "T_inf", r"\tilde T_\infty", "R", "limit of T along an orbit that converges", r"\lim \eta\lambda_{\max}"
    ),
    SymbolEntry("y", "y", "R", "deviation of T from the two-step nullcline", "y_t"),
    SymbolEntry("x", "x", "R", "deviation of T from the slow manifold"),
    SymbolEntry("x_0", "x_0", "R", "where x ends, to leading order"),
    SymbolEntry("u", "u", "R", "half the width of a two-cycle at epsilon = 0, (z - sigma(z)) / 2"),
    SymbolEntry("I", r"\mathcal I", "R", "first integral of the one-step map near the edge"),
    SymbolEntry("w", "w", "R", "deviation in units of epsilon, y / epsilon"),
    SymbolEntry("epsilon", r"\epsilon", "(0, 1)", "size of the negative eigenvalue of Q", r"\epsilon", True),
    SymbolEntry("t", "t", ">= 0", "time of the gradient flow, or number of steps"),
    SymbolEntry("eta", r"\eta", "> 0", "step size", r"\eta", True),
    SymbolEntry("mu", r"\mu", "> 0", "overall scale of the eigenvalues of Q", "", True),
    SymbolEntry("E", "E", "R", "target of the regression", "E"),
    SymbolEntry("theta", r"\theta", "R^P", "the weights, any number of them", r"\theta"),
    SymbolEntry("theta_1", r"\theta_1", "R", "parameter along the eigenvalue 1", r"\theta"),
    SymbolEntry("theta_2", r"\theta_2", "R", "parameter along the eigenvalue -epsilon", r"\theta"),
    SymbolEntry("theta_0", r"\theta_0", "R^2", "weights at the start", r"\theta_0"),
    SymbolEntry("V", "V", "R", "rescaled weight norm, epsilon * eta * |theta|^2"),
    SymbolEntry("v", "v", "R", "excess of V over the edge, T - 2 - 2 (1 - epsilon) z"),
    SymbolEntry("U", "U", "R", "excess of V over its value on the epsilon = 0 nullcline"),
    SymbolEntry("p", "p", ">= 0", "invariant of the two-cycles at epsilon = 0, z^2 / (1 - z)"),
    SymbolEntry("h", "h", "R", "effective curvature of the residual in one step, 1 - z'/z"),
    SymbolEntry("W", "W", "R", "V raised by the width of the trapping region times epsilon"),
    SymbolEntry("q", "q", ">= 0", "height of W above the barrier"),
    SymbolEntry("level", r"\ell", "[0, 1]", "share of the way from the barrier to the top of the trapping region"),
    SymbolEntry("sigma2", r"\sigma^2", ">= 0", "variance of the vibration along the top eigenvector, central flow"),
    SymbolEntry("b", "b", "R", "slow coordinate of the main case, epsilon theta_2^2 + 2 E in rescaled units"),
    SymbolEntry("gap", r"\Delta", "R", "where the central flow ends less where relaxed orbits end"),
    SymbolEntry("r_flow", r"r_{\mathrm{flow}}", "> 0", "rate at which sigma^2 dies at the end of the central flow"),
    SymbolEntry("r_orbit", r"r_{\mathrm{orbit}}", "> 0", "rate at which z^2 dies at the end of relaxed orbits"),
    SymbolEntry("sigma_z", r"\sigma_z", "> 0", "standard deviation of an entry of z", r"\sigma_z", True),
    SymbolEntry("sigma_J", r"\sigma_J", "> 0", "standard deviation of an entry of J", r"\sigma_J", True),
    SymbolEntry("sigma_Q", r"\sigma_Q", "> 0", "standard deviation of an off-diagonal entry of Q", "", True),
    SymbolEntry("D", "D", "integer >= 1", "number of outputs", "D", True),
    SymbolEntry("P", "P", "integer >= 1", "number of parameters", "P", True),
    SymbolEntry("rho_J", r"\rho_J", "> 0", "precision of an entry of J, 1 / sigma_J^2", "", True),
    SymbolEntry("tau_Q", r"\tau_Q", "R", "rotation average of the diagonal excess of Q"),
    SymbolEntry("kappa", r"\kappa", "R", "diagonal variance of Q less twice its off-diagonal variance"),
    SymbolEntry("kappa_4", r"\kappa_4", "R", "fourth cumulant of an entry of J in units of sigma_J^4"),
    SymbolEntry("lambda_k", r"\lambda_k", ">= 0", "an eigenvalue of the NTK J J'"),
    SymbolEntry("lambda_j", r"\lambda_j", ">= 0", "another eigenvalue of the NTK"),
    SymbolEntry("a_k", r"\mathbb{E}[\ddot\lambda_k]", "R", "mean second derivative of an NTK eigenvalue at the start"),
    SymbolEntry("v_k", r"\mathbb{E}[\dot\lambda_k]", "R", "mean first derivative of an NTK eigenvalue at the start"),
    SymbolEntry("R_k", "R_k", "R", "sum over j != k of 1 / (lambda_k - lambda_j)"),
    *(SymbolEntry(f"p_{r}", f"p_{{{r}}}", ">= 0", f"power sum tr K^{r} of the NTK") for r in range(1, 13)),
    SymbolEntry("m_1", r"\mathbb{E}[\lambda_k]", "> 0", "mean of an eigenvalue of the NTK", "", True),
    *(
        SymbolEntry(f"m_{r}", rf"\mathbb{{E}}[\lambda_k^{{{r}}}]", "> 0", f"moment E[lambda_k^{r}]", "", True)
        for r in range(2, 13)
    ),
    # what statements compare: values after one step and two, ends of runs, parts of a change
    *(
        SymbolEntry(f"{name}{mark}", f"{_LATEX.get(name, name)}{mark}", "R", f"{name} after {steps}")
        for mark, steps, names in (("'", "one step", "z T y x V U f lambda"), ("''", "two steps", "z y T"))
        for name in names.split()
    ),
    SymbolEntry("z_mu", r"\tilde z_\mu", "R", "z of the map whose eigenvalues are scaled by mu"),
    SymbolEntry("f", "f", "R", "output of the model"),
    SymbolEntry("f(theta_0)", r"f(\theta_0)", "R", "output of the model at the start", r"f(\theta_0)"),
    SymbolEntry("n", "n", "> 0", "width of a network; of a set of starts, the rescaled weight norm at eta_0"),
    SymbolEntry("r", "r", ">= 1", "order of a cumulant; of a set of starts, step size over the least one, eta / eta_0"),
    SymbolEntry("L", "L", "R, >= 0", "loss", r"\mathcal L"),
    SymbolEntry("H", "H", "R", "conserved energy of a slow flow"),
    SymbolEntry("s", "s", "R", "integral of the residual over the time of the gradient flow; with a target, 4 E / T"),
    SymbolEntry(
        "a", "a", "R", "coefficient of z in a function of the state; of a set of starts, the rescaled residual at eta_0"
    ),
    SymbolEntry("A", "A", "R", "height of a barrier that is linear in p"),
    SymbolEntry("beta", r"\beta", "R", "slope of a barrier; of an optimiser, its momentum"),
    SymbolEntry("rho", r"\rho", "R, >= 0", "radius of the ascent step of SAM over the step size"),
    SymbolEntry("gamma", r"\gamma", "R", "weight decay times the step size"),
    SymbolEntry("multiplier", r"\nu", "R", "multiplier of a linear step, an eigenvalue of its matrix"),
    SymbolEntry("eta_0", r"\eta_0", "> 0", "least step size of a window", r"\eta_0"),
    SymbolEntry("lambda", r"\lambda", "R, >= 0", "largest eigenvalue of the NTK, T / eta", r"\lambda_{\max}"),
    SymbolEntry("lambda_0", r"\lambda_0", "R, >= 0", "lambda at the start"),
    SymbolEntry("lambda_1", r"\lambda_1", "R, >= 0", "lambda after the first step"),
    SymbolEntry("lambda_infinity", r"\lambda_\infty", "R, >= 0", "limit of lambda along a run that converges"),
    SymbolEntry("max lambda_1", r"\max_t \lambda_1", "R, >= 0", "largest NTK eigenvalue of a whole run"),
    SymbolEntry("max lambda_2", r"\max_t \lambda_2", "R, >= 0", "largest second NTK eigenvalue of a whole run"),
    SymbolEntry("|theta|^2", r"\lvert\theta\rvert^2", "R, >= 0", "squared weight norm"),
    SymbolEntry("|theta'|^2", r"\lvert\theta'\rvert^2", "R, >= 0", "squared weight norm after one step"),
    SymbolEntry("|theta_0|^2", r"\lvert\theta_0\rvert^2", "R, >= 0", "squared weight norm at the start"),
    SymbolEntry("kappa_r", r"\kappa_r", "R", "cumulant of order r of an entry"),
)

TABLE: Mapping[str, SymbolEntry] = {row.name: row for row in _ROWS}


def symbol(name: str) -> sp.Symbol:
    """The table's symbol of this name.

    Args:
        name: a code name of the table, for example ``"epsilon"``.

    Returns:
        The SymPy symbol with the table's assumptions.

    Raises:
        DomainError: the table has no such row.

    Source:
        Derived here.

    Example:
        >>> es.symbol("epsilon").is_positive
        True
    """
    if name not in TABLE:
        raise DomainError.of("symbol()", f"one of {', '.join(TABLE)}", name, "Add a row to the table of symbols.")
    return TABLE[name].symbol


def symbols(names: str) -> tuple[sp.Symbol, ...]:
    """The table's symbols for a blank-separated list of names.

    Args:
        names: code names of the table, for example ``"z T epsilon"``.

    Returns:
        One SymPy symbol for each name, in order.

    Raises:
        DomainError: the table has no such row.

    Source:
        Derived here.

    Example:
        >>> es.symbols("z T")
        (z, T)
    """
    return tuple(symbol(name) for name in names.split())


def latex_names(renamed: Mapping[str, str] | None = None) -> dict[sp.Symbol, str]:
    """How each symbol is printed in LaTeX.

    Args:
        renamed: code name to LaTeX, to follow another paper's notation.

    Returns:
        A map that SymPy's ``latex(..., symbol_names=...)`` takes.

    Raises:
        DomainError: a renamed name is not in the table.
    """
    names = {row.symbol: row.latex for row in TABLE.values()}
    for name, latex in (renamed or {}).items():
        names[symbol(name)] = latex
    return names
