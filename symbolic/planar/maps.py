"""Exact polynomial maps: the one object from which code, LaTeX, certificates and proofs are made."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points
from typing import Any, Self

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.errors import DomainError, EdgestabError
from ..algebra.rings import Exponents, PolyRing, poly_terms, rational_string
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.names import later
from ..latex.printer import Order

COMPILERS = "edgestab.compilers"
"""The group of entry points that :meth:`PolynomialMap.compile` looks in.

Exact mathematics knows no numerics, so it cannot import the compiler; the package's metadata says which function
compiles a map, and another package may offer its own.
"""


@dataclass(frozen=True, eq=False)
class PolynomialMap(Derived):
    """``x' = F(x; parameters)`` with polynomial components over Q, in any dimension.

    Attributes:
        variables: the state, in order.
        components: one SymPy expression for each variable, polynomial over Q in variables and parameters.
        parameters: symbols that stay fixed along an orbit.
        name: what the map is, for headers and logs.

    Raises:
        DomainError: numbers of variables and components differ, or a component is not such a polynomial.

    Source:
        Derived here.

    Example:
        >>> z, T = es.symbols("z T")
        >>> step = es.planar.PolynomialMap((z, T), (z * (1 - T), T - z**2))
        >>> step.iterate(2).components[1]
        -T**2*z**2 + 2*T*z**2 + T - 2*z**2
    """

    kind = "one-step"
    variables: tuple[sp.Symbol, ...]
    components: tuple[sp.Expr, ...]
    parameters: tuple[sp.Symbol, ...] = ()
    name: str = "map"

    def __post_init__(self) -> None:
        if len(self.variables) != len(self.components):
            raise DomainError.of(
                "PolynomialMap()",
                f"{len(self.variables)} components",
                f"{len(self.components)}",
                "Give one component for each variable.",
            )
        _ = self.polynomials

    @cached_property
    def ring(self) -> PolyRing:
        """Q[variables, parameters]."""
        return PolyRing((*self.variables, *self.parameters))

    @cached_property
    def polynomials(self) -> tuple[fmpq_mpoly, ...]:
        """The components as python-flint polynomials in :attr:`ring`."""
        return tuple(self.ring.from_expr(component) for component in self.components)

    @classmethod
    def from_polynomials(
        cls,
        variables: tuple[sp.Symbol, ...],
        polynomials: tuple[fmpq_mpoly, ...],
        parameters: tuple[sp.Symbol, ...] = (),
        name: str = "map",
    ) -> Self:
        """Build a map from polynomials of the ring Q[variables, parameters]."""
        ring = PolyRing((*variables, *parameters))
        # the polynomials are known: do not parse them back from the expressions
        made = cls.__new__(cls)
        made.__dict__["polynomials"] = polynomials
        made.__init__(variables, tuple(ring.to_expr(p) for p in polynomials), parameters, name)  # type: ignore[misc]
        return made

    def compose(self, inner: PolynomialMap) -> PolynomialMap:
        """The map ``x -> self(inner(x))``, exactly.

        Args:
            inner: a map of the same variables and parameters.

        Returns:
            The composition, expanded.

        Raises:
            DomainError: the two maps have different variables or parameters.
        """
        if (inner.variables, inner.parameters) != (self.variables, self.parameters):
            raise DomainError.of(
                "PolynomialMap.compose()",
                f"a map of {self.variables} with parameters {self.parameters}",
                (inner.variables, inner.parameters),
                "Rename the variables first.",
            )
        fixed = [self.ring.generator(p) for p in self.parameters]
        images = (*inner.polynomials, *fixed)
        return PolynomialMap.from_polynomials(
            self.variables,
            tuple(p.compose(*images, ctx=self.ring.context) for p in self.polynomials),
            self.parameters,
            f"{self.name} after {inner.name}",
        )

    def iterate(self, times: int) -> PolynomialMap:
        """The map applied ``times`` times, ``times >= 1``.

        Args:
            times: how often.

        Returns:
            The iterated map.

        Raises:
            DomainError: ``times`` is below 1.
        """
        if times < 1:
            raise DomainError.of("PolynomialMap.iterate()", "times >= 1", times, "Ask for at least one step.")
        name = " after ".join([self.name] * times)
        return PolynomialMap.from_polynomials(self.variables, self.iterated(times), self.parameters, name)

    def iterated(self, times: int) -> tuple[fmpq_mpoly, ...]:
        """The components of :meth:`iterate` as polynomials only: much quicker for large maps."""
        fixed = [self.ring.generator(p) for p in self.parameters]
        result = self.polynomials
        for _ in range(times - 1):
            result = tuple(p.compose(*result, *fixed, ctx=self.ring.context) for p in self.polynomials)
        return result

    def substitute(self, values: Mapping[sp.Symbol, sp.Expr | int]) -> PolynomialMap:
        """Fix some parameters to exact values.

        Args:
            values: parameter to rational.

        Returns:
            The map with these parameters gone.

        Raises:
            DomainError: a symbol is not a parameter of the map.
        """
        foreign = [s for s in values if s not in self.parameters]
        if foreign:
            raise DomainError.of("PolynomialMap.substitute()", f"parameters {self.parameters}", foreign, "Check names.")
        rest = tuple(p for p in self.parameters if p not in values)
        return PolynomialMap(self.variables, tuple(sp.expand(c.subs(values)) for c in self.components), rest, self.name)

    def coefficients(self) -> tuple[dict[Exponents, str], ...]:
        """For each component its exponents (variables, then parameters) to ``"p/q"``."""
        return tuple({e: rational_string(c) for e, c in sorted(poly_terms(p).items())} for p in self.polynomials)

    def digest(self) -> str:
        """SHA-256 of the canonical form: names, exponents, coefficients. Equal maps have equal digests."""
        canonical = {
            "variables": [s.name for s in self.variables],
            "parameters": [s.name for s in self.parameters],
            "components": [[[list(e), c] for e, c in comp.items()] for comp in self.coefficients()],
        }
        return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        """Equality of polynomials, not of the trees they were written as."""
        if not isinstance(other, PolynomialMap):
            return NotImplemented
        return (self.variables, self.parameters) == (other.variables, other.parameters) and bool(
            all(p == q for p, q in zip(self.polynomials, other.polynomials, strict=True))
        )

    def __hash__(self) -> int:
        return hash(self.digest())

    def two_step_bound(self) -> int:
        """An upper bound on the number of terms of the map applied twice, without composing it.

        The smaller of two counts: products of powers of the components, expanded term by term, and all monomials
        within the composed degrees.

        Returns:
            The bound, summed over the components.
        """
        size, width = len(self.variables), len(self.ring.symbols)
        tables = [poly_terms(p) for p in self.polynomials]
        counts = [max(1, len(t)) for t in tables]
        degrees = [[max((e[k] for e in t), default=0) for k in range(width)] for t in tables]

        def reach(powers: Exponents, k: int) -> int:
            inner = sum(power * d[k] for power, d in zip(powers[:size], degrees, strict=True))
            return inner + (powers[k] if k >= size else 0)

        total = 0
        for table in tables:
            by_products = sum(
                math.prod(math.comb(c + e - 1, e) for c, e in zip(counts, powers[:size], strict=True))
                for powers in table
            )
            within = math.prod(max((reach(powers, k) for powers in table), default=0) + 1 for k in range(width))
            total += min(by_products, within)
        return total

    def compile(self, target: str = "float64") -> Any:
        """A generated kernel of this map.

        Args:
            target: a number type, such as ``"float64"``, ``"mpfr"`` or ``"fraction"``; default float64.

        Returns:
            The kernel, with ``step`` and ``run``; its round-off is that of the number type.

        Raises:
            EdgestabError: no installed package offers a compiler.
        """
        found = entry_points(group=COMPILERS, name="map")
        if not found:
            raise EdgestabError.of(
                "PolynomialMap.compile()",
                f"an entry point 'map' of {COMPILERS}",
                "none",
                "Install edgestab (again): `pip install -e .` for a copy of the repository.",
            )
        return next(iter(found)).load()(self, target)

    def json(self) -> dict[str, Any]:
        """Variables, digest and all coefficients as exact strings."""
        components = [
            [{"exponents": list(e), "coefficient": c} for e, c in component.items()]
            for component in self.coefficients()
        ]
        return {
            "variables": [s.name for s in (*self.variables, *self.parameters)],
            "components": dict(zip((s.name for s in self.variables), components, strict=True)),
            "digest": self.digest(),
        }

    def explain(self) -> DerivationLog:
        """The map as it was given."""
        log = DerivationLog(self.name.capitalize())
        log.state("One step", "The exact map.", *self.equations())
        return log

    def equations(self) -> tuple[Equation, ...]:
        """The next value of each variable."""
        order = Order(self.variables)
        return tuple(
            Equation(later(v, 1), c, order=order, tag=v.name)
            for v, c in zip(self.variables, self.components, strict=True)
        )
