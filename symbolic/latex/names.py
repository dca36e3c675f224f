"""How symbols are written in LaTeX, and how a user renames them to another paper's notation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.symbols import TABLE


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GREEK = _words(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_DRESS = _words(
    "tilde widetilde bar overline hat widehat vec dot ddot check mathbf mathrm mathcal mathsf mathit mathbb "
    "boldsymbol text ell max min star ast dagger prime infty"
)
_ALLOWED = _GREEK | _DRESS
_FUNCTION_NAMES = frozenset({"O", "W"})
"""Names the reader takes for functions: the order symbol and Lambert's W."""


def default_latex(name: str) -> str:
    r"""The LaTeX of a code name that the symbol table does not list: ``alpha_1`` to ``\alpha_{1}``.

    Args:
        name: letters, digits and underscores.

    Returns:
        One LaTeX atom; names of several letters become upright so that they are not read as products.
    """
    head, _, tail = name.partition("_")
    match = re.fullmatch(r"([A-Za-z]+)(\d+)", head)
    if match and not tail:
        head, tail = match.group(1), match.group(2)
    if head in _GREEK:
        body = rf"\{head}"
    elif len(head) == 1 and head not in _FUNCTION_NAMES:
        body = head
    else:
        body = rf"\mathrm{{{head}}}"
    if not tail:
        return body
    upright = rf"\mathrm{{{tail.replace('_', ',')}}}"
    lower = tail if len(tail) == 1 or tail.isdigit() else rf"\{tail}" if tail in _GREEK else upright
    return f"{body}_{{{lower}}}"


@dataclass(frozen=True)
class NameMap:
    r"""Code names to LaTeX, one to one.

    Attributes:
        renamed: code name to the LaTeX a user wants, for example ``{"T": r"\lambda"}``.
        plain: names that a user brought, written as they are even where the symbol table has such a row.

    Raises:
        DomainError: a LaTeX name is not one symbol, or two symbols would look alike.

    Source:
        Derived here.

    Example:
        >>> es.latex.to_latex(es.symbol("T"), es.latex.NameMap({"T": r"\lambda"}))
        '\\lambda'
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name, latex in self.renamed.items():
            _check_atom(name, latex)

    def _of_name(self, name: str) -> str:
        if name in self.renamed:
            return self.renamed[name]
        return TABLE[name].latex if name in TABLE and name not in self.plain else default_latex(name)

    def plainly(self, symbols: frozenset[sp.Symbol]) -> NameMap:
        """The same map with some symbols written as they are."""
        return replace(self, plain=self.plain | {s.name for s in symbols}) if symbols else self

    def latex_of(self, symbol: sp.Symbol) -> str:
        """The LaTeX of one symbol; symbols made by :func:`later` carry their step as subscript."""
        name, _, steps = symbol.name.partition("@")
        base = self._of_name(name)
        if not steps:
            return base
        guarded = f"{{{base}}}" if "_" in base else base
        return f"{guarded}_{{t}}" if steps == "0" else f"{guarded}_{{t+{steps}}}"

    def check_known(self, symbols: frozenset[sp.Symbol]) -> None:
        """Refuse renames of symbols that exist nowhere: a typing error would pass unseen.

        Args:
            symbols: the symbols of what is printed; those of the symbol table are fine too.

        Raises:
            DomainError: a renamed symbol is in neither.
        """
        known = {s.name.partition("@")[0] for s in symbols}
        foreign = [name for name in self.renamed if name not in known and name not in TABLE]
        if foreign:
            raise DomainError.of(
                "NameMap()", f"symbols such as {', '.join(sorted(known))}", ", ".join(foreign), "Check the names."
            )

    def check_distinct(self, symbols: frozenset[sp.Symbol]) -> None:
        """Refuse a name map under which two symbols of one formula would look alike.

        Args:
            symbols: the symbols of the formula.

        Raises:
            DomainError: two of them have the same LaTeX.
        """
        seen: dict[str, sp.Symbol] = {}
        for symbol in sorted(symbols, key=lambda s: s.name):
            squeezed = self.latex_of(symbol).replace(" ", "")
            if squeezed in seen:
                raise DomainError.of(
                    "NameMap()",
                    "one LaTeX name for each symbol",
                    f"{squeezed} for both {seen[squeezed]} and {symbol}",
                    "Rename one of them.",
                )
            seen[squeezed] = symbol


def later(symbol: sp.Symbol, steps: int) -> sp.Symbol:
    """The value of a variable some steps on, as a symbol of its own: ``z`` becomes ``z_{t+2}``."""
    return sp.Symbol(f"{symbol.name}@{steps}", **symbol.assumptions0)


def parse_names(text: str) -> NameMap:
    r"""Read ``"z=f,T=\lambda"`` into a name map.

    Args:
        text: comma-separated ``code=latex`` pairs.

    Returns:
        The map.

    Raises:
        DomainError: a pair has no ``=``, or its LaTeX is not one symbol.
    """
    renamed: dict[str, str] = {}
    for pair in filter(None, (p.strip() for p in text.split(","))):
        name, equals, latex = pair.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name.strip()):
            raise DomainError.of(
                "--names", r"pairs such as T=\lambda,z=f", pair, "Write code=latex, separated by commas."
            )
        renamed[name.strip()] = latex.strip()
    return NameMap(renamed)


def _check_atom(name: str, latex: str) -> None:
    """Allow one symbol with accents, fonts, sub- and superscripts; nothing that LaTeX would execute."""
    commands = re.findall(r"\\([A-Za-z]+|.)", latex)
    foreign = [c for c in commands if c not in _ALLOWED]
    rest = re.sub(r"\\[A-Za-z]+", " ", latex)
    balanced = True
    depth = 0
    for character in rest:
        depth += (character == "{") - (character == "}")
        balanced = balanced and depth >= 0
    if (
        foreign
        or depth != 0
        or not balanced
        or len(latex) > 60
        or not re.fullmatch(r"[A-Za-z0-9{}_^', ]+", rest or "!")
        or not re.match(r"[\s{]*(\\|[A-Za-z])", latex)
    ):
        raise DomainError.of(
            "NameMap()",
            "one LaTeX symbol (a letter or Greek letter with accents, fonts, sub- and superscripts)",
            f"{name}={latex}",
            r"For example T=\lambda_{\max} or z=\mathcal{F}.",
        )
