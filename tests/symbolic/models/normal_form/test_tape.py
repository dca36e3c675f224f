"""Series arithmetic and derivatives backwards, against SymPy's own derivatives."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import ctx, fmpq

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.normal_form.fields import Balls, Field, Rationals
from edgestab.symbolic.models.normal_form.jets import curve
from edgestab.symbolic.models.normal_form.tape import Tape, squares

x, y, s = sp.symbols("x y s", real=True)
FORMULAS = (
    x * y**3 / (1 + x**2) - 3 * x,
    sp.tanh(x * y) + sp.exp(x - y),
    sp.log(1 + x**2) * sp.sin(y) + sp.cos(x * y),
    sp.sqrt(2 + x) * sp.sinh(y) + sp.cosh(x) + (3 + y) ** sp.Rational(-1, 3),
    sp.tan(x / 3) + (2 + x) ** y,
)


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_gradient_along_a_curve(formula: sp.Expr) -> None:
    along = {x: sp.Rational(1, 2) + s - s**2, y: sp.Rational(1, 3) + 2 * s + s**3}
    with ctx.workprec(200):
        field = Balls()
        terms = [[field.read(sp.Poly(along[v], s).coeff_monomial(s**k)) for v in (x, y)] for k in range(4)]
        found = Tape([formula], (x, y)).gradient(field, curve(field, terms, 3))
        for variable, jet in zip((x, y), found, strict=True):
            exact = sp.diff(formula, variable).subs(along, simultaneous=True)
            for k in range(3):
                value = sp.N(sp.diff(exact, s, k).subs(s, 0) / sp.factorial(k), 40)
                assert abs(float(jet.c[k].mid() - value)) < 1e-25


def test_exact_fields_stay_exact() -> None:
    field: Field = Rationals()
    (gradient, other) = Tape([FORMULAS[0]], (x, y)).gradient(field, curve(field, [[fmpq(1, 2), fmpq(2)]], 1))
    assert gradient.c[0] == fmpq(sp.diff(FORMULAS[0], x).subs({x: sp.Rational(1, 2), y: 2}).p, 25)
    assert isinstance(other.c[0], fmpq)


def test_a_pole_is_refused() -> None:
    field: Field = Rationals()
    with pytest.raises(DomainError, match="pole"):
        Tape([1 / x], (x,)).values(field, curve(field, [[fmpq(0)]], 2))


def test_squares_are_read_with_their_weights() -> None:
    loss = (1 - x * y) ** 2 / 3 + 2 * x**2 * y**4
    found = squares(loss, (x, y))
    assert found is not None
    assert sp.expand(sum(w * r**2 / 2 for w, r in found) - loss) == 0
    assert squares((1 - x) ** 2 - y**2, (x, y)) is None
    assert squares((1 - x) ** 3 + y**2, (x, y)) is None
