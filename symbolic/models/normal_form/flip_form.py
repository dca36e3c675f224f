"""The flip (period-doubling) normal form at a fixed point of any smooth map, on its centre manifold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import sympy as sp
from flint import arb, ctx

from ...algebra.errors import DomainError
from ...algebra.parsing import model_symbol
from ...explain.log import DerivationLog
from ...latex.document import Section
from ...latex.equations import Equation
from ...latex.names import later
from ...latex.printer import Order
from ...planar.maps import PolynomialMap
from ..own_loss.gradient import as_expression
from ..own_loss.hypotheses import Hypothesis, Sectioned
from ..own_loss.numbers import is_zero
from .centre_manifold import reduce_to_flip
from .fields import BITS, Balls, Element, Field, NotInFieldError, Rationals, data, shown
from .jets import Jet, curve
from .linear import Matrix, Solver, Vector, added, characteristic, dot, kernel, scaled, shifted, transposed
from .multipliers import Multipliers, all_inside, deflated, read_multipliers
from .tape import Tape

WHERE = "derive_normal_form()"
HIGHEST = 9
Number: TypeAlias = sp.Expr | arb


@dataclass(frozen=True)
class NormalForm(Sectioned):
    """A flip on its centre manifold: ``xi' = -xi + a (mu - mu_0) xi + c xi^3 + d xi^5 + ..``.

    Attributes:
        variables: of the map.
        point: value of each variable, and of each parameter that has one.
        multiplier: -1, where it is one.
        eigenvector: ``q``, ``A q = -q``; xi is the coefficient of q.
        adjoint: ``p``, ``p A = -p`` and ``<p, q> = 1``.
        manifold: the vectors ``w_2, w_3, ..`` of ``W(xi) = xi q + w_2 xi^2 + ..``.
        coefficients: of ``xi'`` by odd power from 3: exact numbers or functions, or balls that hold them.
        unfolding: parameter and ``a``, None where no parameter was named.
        hypotheses: what the normal form rests on, with verdicts.

    Source:
        Kuznetsov 2004, sections 4.5 and 5.4; derived here by series.

    Example:
        >>> form = es.models.derive_normal_form({"x": "a*x*(1 - x)"}, at={"x": "2/3", "a": 3}, parameter="a")
        >>> form.first_lyapunov_coefficient, form.unfolding[1], form.criticality
        (9, -1, 'supercritical')
    """

    kind = "flip-normal-form"
    heading: ClassVar[str] = "The flip at a fixed point"
    variables: tuple[sp.Symbol, ...]
    point: Mapping[sp.Symbol, sp.Expr]
    multiplier: sp.Expr
    eigenvector: tuple[Number, ...]
    adjoint: tuple[Number, ...]
    manifold: tuple[tuple[Number, ...], ...]
    coefficients: Mapping[int, Number]
    unfolding: tuple[sp.Symbol, Number] | None
    hypotheses: tuple[Hypothesis, ...]

    @property
    def first_lyapunov_coefficient(self) -> Number:
        """``c``: positive for a stable two-cycle beyond the flip.

        Raises:
            DomainError: there is no normal form.
        """
        if 3 not in self.coefficients:
            failing = next((h for h in self.hypotheses if h.holds is not True), None)
            detail = "a hypothesis that fails" if failing is None else f"{failing.name}: {failing.detail}"
            raise DomainError.of("NormalForm", "a flip with a normal form", detail, "See its hypotheses.")
        return self.coefficients[3]

    @property
    def criticality(self) -> str:
        """``supercritical``, ``subcritical``, or ``unknown`` where no sign is decided."""
        found = next((h for h in self.hypotheses if h.name == "supercritical"), None)
        return "unknown" if found is None or found.holds is None else "supercritical" if found.holds else "subcritical"

    @property
    def exact(self) -> bool:
        """Whether the coefficients are exact, and no balls."""
        return not any(isinstance(c, arb) for c in self.coefficients.values())

    def verdicts(self) -> tuple[Hypothesis, ...]:
        """The hypotheses, in order."""
        return self.hypotheses

    def equations(self) -> tuple[Equation, ...]:
        """The normal form with exact coefficients; with balls the coefficients stay letters."""
        if not self.coefficients:
            return ()
        xi, mu = model_symbol("xi"), sp.Symbol("delta", real=True)
        letters = {3: "c", 5: "d"}
        value = -xi
        for power, c in self.coefficients.items():
            value += xi**power * (model_symbol(letters.get(power, f"c_{power}")) if isinstance(c, arb) else c)
        if self.unfolding is not None:
            a = self.unfolding[1]
            value += (model_symbol("a") if isinstance(a, arb) else a) * mu * xi
        order = Order((xi,))
        own = frozenset(value.free_symbols)
        dropped = (xi ** (max(self.coefficients) + 2),)
        return (Equation(later(xi, 1), value, dropped, order=order, tag="normal", own=own),)

    def rows(self) -> dict[str, str]:
        """What was found, as text."""
        found = {
            "q": f"({', '.join(map(shown, self.eigenvector))})",
            "p": f"({', '.join(map(shown, self.adjoint))})",
        }
        for power, c in self.coefficients.items():
            found["c" if power == 3 else f"coefficient of xi^{power}"] = shown(c)
        if self.unfolding is not None:
            found["a"] = f"{shown(self.unfolding[1])}, with delta = {self.unfolding[0]} - its value at the flip"
        return found

    def sections(self) -> list[Section]:
        """Point, eigenvectors, normal form."""
        where = ", ".join(f"{s} = {v}" for s, v in self.point.items())
        found = [Section("Fixed point", f"{where}." if where else "")]
        if self.coefficients:
            told = "; ".join(f"{name} = {value}" for name, value in self.rows().items())
            found.append(Section("Eigenvector, adjoint, coefficients", f"{told}."))
            found.append(Section("Normal form on the centre manifold", f"{self.criticality}.", self.equations()))
        return found

    def json(self) -> dict[str, Any]:
        """The normal form as data: exact strings, or the ends of intervals."""
        return {
            "variables": [s.name for s in self.variables],
            "point": {s.name: str(v) for s, v in self.point.items()},
            "multiplier": str(self.multiplier),
            "eigenvector": [data(v) for v in self.eigenvector],
            "adjoint": [data(v) for v in self.adjoint],
            "first_lyapunov_coefficient": data(self.coefficients[3]) if self.coefficients else None,
            "coefficients": {str(k): data(v) for k, v in self.coefficients.items()},
            "unfolding": None
            if self.unfolding is None
            else {"parameter": self.unfolding[0].name, "a": data(self.unfolding[1])},
            "criticality": self.criticality,
            "hypotheses": [h.json() for h in self.hypotheses],
            **self.state(),
        }

    def explain(self) -> DerivationLog:
        """What was found, step by step."""
        log = DerivationLog(self.heading, described=frozenset())
        for section in self.sections():
            log.state(section.heading, section.text, *section.equations)
        return log


def derive_normal_form(
    step: PolynomialMap | Mapping[str, sp.Expr | str],
    at: Mapping[str, object],
    parameter: str | None = None,
    order: int = 5,
) -> NormalForm:
    """The normal form of a flip at a fixed point of a map of any dimension.

    Args:
        step: a map, or for each variable its next value as a formula.
        at: the exact value of each variable at the fixed point, and of parameters; values may be formulas in parameters
            that stay symbols.
        parameter: a parameter with a value in ``at``, to unfold the flip in.
        order: highest power of xi, odd; 5 decides a flip whose cubic coefficient is 0.

    Returns:
        The normal form, with the hypotheses that hold and fail. Numbers are exact where the map and the point are
        rational, else balls that hold them.

    Raises:
        DomainError: a variable has no value, the order is out of range, or a number is not exact.

    Source:
        Kuznetsov 2004, section 5.4, for the formula; derived here by series.

    Example:
        >>> form = es.models.derive_normal_form({"x": "-x + y*x", "y": "y/2 + x^2"}, at={"x": 0, "y": 0})
        >>> form.first_lyapunov_coefficient, form.criticality
        (2, 'supercritical')
    """
    if isinstance(order, bool) or not isinstance(order, int) or order % 2 == 0 or not 3 <= order <= HIGHEST:
        raise DomainError.of(
            WHERE, f"an odd order in 3..{HIGHEST}", order, "5 is enough but for doubly degenerate flips."
        )
    if isinstance(step, PolynomialMap):
        variables, components = step.variables, step.components
    else:
        variables = tuple(model_symbol(name) for name in step)
        components = tuple(as_expression(e, WHERE) for e in step.values())
    values = {
        model_symbol(name): as_expression(v if isinstance(v, sp.Expr | str | int) else str(v), WHERE)
        for name, v in at.items()
    }
    missing = [s.name for s in variables if s not in values]
    if missing:
        raise DomainError.of(WHERE, f"a value for {', '.join(missing)}", list(at), "E.g. at={'x': 0}.")
    unfolded = None if parameter is None else model_symbol(parameter)
    if unfolded is not None and unfolded not in values:
        raise DomainError.of(WHERE, f"the value of {parameter} at the flip", list(at), "Add it to `at`.")
    fixed = {s: v for s, v in values.items() if s not in variables and s != unfolded}
    components = tuple(c.subs(fixed) for c in components)
    inputs = (*variables, *(() if unfolded is None else (unfolded,)))
    free = set().union(*(c.free_symbols for c in components)) - set(inputs)
    free |= set().union(*(values[s].free_symbols for s in inputs))
    symbols = sorted(free, key=lambda s: s.name)
    problem = _Problem(inputs, components, values, len(variables), order, unfolded)
    try:
        return problem.solve(Rationals(symbols))
    except NotInFieldError:
        if symbols:
            raise
    with ctx.workprec(BITS):
        return problem.solve(Balls())


@dataclass(frozen=True)
class _Problem:
    inputs: tuple[sp.Symbol, ...]
    components: tuple[sp.Expr, ...]
    values: Mapping[sp.Symbol, sp.Expr]
    size: int
    order: int
    parameter: sp.Symbol | None

    def solve(self, field: Field) -> NormalForm:
        """All of it over one field."""
        tape = Tape(self.components, self.inputs)
        start = [field.read(self.values[s]) for s in self.inputs]
        zero = [field.zero] * len(self.inputs)

        def taylor(*terms: Sequence[Element], length: int) -> list[Jet]:
            return tape.values(field, curve(field, [start, *terms], length))

        units = [
            [field.one if i == j else field.zero for j in range(len(self.inputs))] for i in range(len(self.inputs))
        ]
        columns = [[s.c[1] for s in taylor(unit, length=2)] for unit in units]
        matrix, first = transposed(columns[: self.size]), [s.c[0] for s in taylor(zero, length=1)]
        moved = [self._zero(field, a - b, i) for i, (a, b) in enumerate(zip(first, start, strict=False))]
        still = False if False in moved else None if None in moved else True
        found = [Hypothesis("fixed point", "the map keeps the point", still, self._at())]
        if still is False:
            return self._nothing(found)
        multipliers = self._multipliers(matrix, field)
        found += _judged(multipliers)
        if any(h.holds is False for h in found) or multipliers.flips != 1 or multipliers.ones:
            return self._nothing(found)
        q, p = _eigenvectors(matrix, field)
        even = Solver(shifted(matrix, -field.one, field.one), field)
        odd = _bordered(shifted(matrix, field.one, field.one), q, p, field)
        rest = [field.zero] * (len(self.inputs) - self.size)

        def step(jets: list[Jet]) -> list[Jet]:
            still = [Jet.constant(field, r, len(jets[0].c)) for r in rest]
            shifted_jets = [Jet(field, [j.c[0] + s, *j.c[1:]]) for j, s in zip([*jets, *still], start, strict=True)]
            return tape.values(field, shifted_jets)

        manifold = reduce_to_flip(step, q, p, even, odd, self.order, field)
        odds = {k: manifold.coefficients[k] for k in range(3, self.order + 1, 2)}
        found.append(_supercritical(odds, field))
        unfolding = None
        if self.parameter is not None:
            # the fixed point moves with the parameter: x_mu = (1 - A)^{-1} F_mu
            drift = scaled(even(columns[self.size]), -field.one)
            one, other = [*q, field.zero], [*drift, field.one]
            mixed = [
                a.c[2] - b.c[2] - c.c[2]
                for a, b, c in zip(
                    taylor(added(one, other), length=3), taylor(one, length=3), taylor(other, length=3), strict=True
                )
            ]
            unfolding = (self.parameter, field.expression(dot(p, mixed, field)))
        return NormalForm(
            self.inputs[: self.size],
            self.values,
            sp.Integer(-1),
            tuple(field.expression(v) for v in q),
            tuple(field.expression(v) for v in p),
            tuple(tuple(field.expression(v) for v in w) for w in manifold.terms[2:]),
            {k: field.expression(v) for k, v in odds.items()},
            unfolding,
            tuple(found),
        )

    def _nothing(self, found: list[Hypothesis]) -> NormalForm:
        return NormalForm(self.inputs[: self.size], self.values, sp.nan, (), (), (), {}, None, tuple(found))

    def _at(self) -> str:
        return ", ".join(f"{s} = {self.values[s]}" for s in self.inputs)

    def _zero(self, field: Field, value: Element, index: int) -> bool | None:
        """Whether a component stays where it is: decided by the field, or by the exact formula."""
        decided = field.is_zero(value)
        if decided is None:
            here = {s: self.values[s] for s in self.inputs}
            return is_zero((self.components[index] - self.inputs[index]).subs(here))
        return decided

    def _multipliers(self, matrix: Matrix, field: Field) -> Multipliers:
        if field.exact:
            return read_multipliers(matrix, field)
        # balls tell no zero: the exact determinant does
        here = {s: self.values[s] for s in self.inputs}
        exact = sp.Matrix(self.components).jacobian(self.inputs[: self.size]).subs(here)
        minus, plus = (is_zero((exact + k * sp.eye(self.size)).det(method="berkowitz")) for k in (1, -1))
        if minus is not True or plus is not False:
            return Multipliers(-1 if minus is None else int(minus), -1 if plus is None else int(plus), None)
        rest = deflated(characteristic(matrix, field), -field.one)
        turned = rest[-1] * 0
        for c in rest:
            turned = turned * -1 + c
        simple = field.sign(turned)
        return Multipliers(-1 if simple is None else 1, 0, all_inside(rest, field))


def _judged(found: Multipliers) -> list[Hypothesis]:
    how_often = {0: "-1 is no multiplier", 1: "it is one, once", -1: "not decided"}
    flip = True if found.flips == 1 else None if found.flips < 0 else False
    return [
        Hypothesis(
            "flip", "-1 is a simple multiplier", flip, how_often.get(found.flips, f"-1 is one {found.flips} times")
        ),
        Hypothesis(
            "isolated",
            "1 is no multiplier",
            True if found.ones == 0 else None if found.ones < 0 else False,
            "the fixed point is isolated"
            if not found.ones
            else "not decided"
            if found.ones < 0
            else f"1 is one {found.ones} times: where the fixed points fill a manifold, as minima of a loss may, the "
            "flip is without parameters: see GradientDescent.normal_form, QuadraticModel and GradientDescent.study",
        ),
        Hypothesis(
            "stable rest",
            "every other multiplier lies inside the unit circle",
            found.inside,
            "Schur-Cohn" if found.inside is not None else "not decided while parameters are symbols",
        ),
    ]


def _supercritical(odds: Mapping[int, Element], field: Field) -> Hypothesis:
    statement = "the first coefficient that is not 0 is positive: beyond the flip a stable two-cycle takes over"
    for power, value in odds.items():
        if field.is_zero(value):
            continue
        sign = field.sign(value)
        holds = None if sign is None else sign > 0
        return Hypothesis("supercritical", statement, holds, f"xi^{power}: {shown(field.expression(value))}")
    return Hypothesis("supercritical", statement, None, f"all coefficients are 0 up to xi^{max(odds)}")


def _eigenvectors(matrix: Matrix, field: Field) -> tuple[Vector, Vector]:
    flip = shifted(matrix, field.one, field.one)
    if field.exact:
        q, p = kernel(flip, field)[0], kernel(transposed(flip), field)[0]
    else:
        border = [field.one / (k + 1) for k in range(len(flip))]
        q, p = (_one_kernel_vector(m, border, field) for m in (flip, transposed(flip)))
    norm = dot(p, q, field)
    return q, [v / norm for v in p]


def _one_kernel_vector(matrix: Matrix, border: Vector, field: Field) -> Vector:
    """The kernel of a matrix that is known to have corank 1: a bordered matrix is regular, its solution lies there."""
    whole = [*([*row, b] for row, b in zip(matrix, border, strict=True)), [*border, field.zero]]
    return Solver(whole, field)([*[field.zero] * len(matrix), field.one])[:-1]


def _bordered(matrix: Matrix, q: Vector, p: Vector, field: Field) -> Any:
    solver = Solver([*([*row, b] for row, b in zip(matrix, q, strict=True)), [*p, field.zero]], field)
    return lambda vector: solver([*vector, field.zero])[:-1]
