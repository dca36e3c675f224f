import time
from fractions import Fraction

import pytest
import sympy as sp

import edgestab as es
from edgestab.symbolic.algebra.errors import DomainError, EdgestabError
from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar import maps

z, T, y, epsilon = symbols("z T y epsilon")


def naive(order: int, eps: Fraction) -> tuple[sp.Expr, sp.Expr]:
    """Naive twin: SymPy's own expansion of two explicit gradient steps at one epsilon."""
    e = sp.Rational(eps.numerator, eps.denominator)
    f = main_case().nullcline(order).expression().subs(epsilon, e)

    def cut(expr: sp.Expr) -> sp.Expr:
        poly = sp.Poly(sp.expand(expr), z)
        return sp.Add(*(c * z**k for (k,), c in poly.terms() if k <= order))

    a, t = z, f + y
    for _ in range(2):
        t1 = (1 - e) * t + 2 * e * a
        t2 = (1 - e) * t1 + e * t
        a, t = cut(a - a * t + a**2 * t1 / 2), cut(t - 2 * a * t1 + a**2 * t2)
    return sp.expand(a - z), sp.expand(cut(t - f.subs(z, a)) - y)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_recurrence_agrees_with_sympys_own_expansion(order: int) -> None:
    derived = main_case().two_step(order).expressions()
    for got, expected in zip(derived, naive(order, Fraction(1, 3)), strict=True):
        assert sp.expand(got.subs(epsilon, sp.Rational(1, 3)) - expected) == 0


def test_planted_coefficients() -> None:
    """The printed leading terms, and the first terms that the printed remainder lacks."""
    record = main_case().two_step(3).json()
    found = {tuple(t["exponents"]): t["coefficient"] for t in record["y_increment"]}
    assert record["variables"] == ["z", "y", "epsilon"]
    assert [found[2, 1, 0], found[2, 1, 1], found[2, 1, 2], found[2, 0, 1]] == ["-8", "6", "-8", "-4"]
    assert [found[2, 2, 0], found[3, 1, 0]] == ["-12", "-8"]
    first = {tuple(t["exponents"]): t["coefficient"] for t in record["z_increment"]}
    assert first[1, 1, 0] == "2"


def test_a_higher_order_only_adds_terms() -> None:
    low, high = main_case().two_step(4), main_case().two_step(7)
    for a, b in zip(low.increments, high.increments, strict=True):
        assert a.terms() == {e: c for e, c in b.terms().items() if e[0] <= 4}
    assert "deg_z > 4" in low.remainder()


def test_truncated_recurrence_as_a_kernel() -> None:
    recurrence = es.QuadraticModel(eigenvalues=(1, -epsilon)).planar_map().two_step(order=2)
    kernel = recurrence.compile(target="fraction")
    point = {z: sp.Rational(1, 7), y: sp.Rational(-1, 9), epsilon: sp.Rational(1, 11)}
    got = kernel.step((Fraction(1, 7), Fraction(-1, 9)), (Fraction(1, 11),))
    expected = [c.subs(point) for c in recurrence.as_map().components]
    assert [sp.Rational(v.numerator, v.denominator) for v in got] == expected


def test_a_package_without_a_compiler_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "COMPILERS", "edgestab.no_compilers")
    with pytest.raises(EdgestabError, match="Install edgestab"):
        main_case().two_step(1).compile()


def test_latex_and_display() -> None:
    text = main_case().two_step(2).latex()
    assert r"\tilde z" in text
    assert main_case().two_step(2)._repr_latex_().startswith("$")


def test_a_weighted_recurrence_is_the_full_one_without_its_heavy_terms() -> None:
    one_step = main_case()
    full, light = one_step.two_step(7), one_step.two_step(7, (2, 2))
    for whole, graded in zip(full.increments, light.increments, strict=True):
        kept = {e: c for e, c in whole.terms().items() if e not in graded.dropped()}
        assert graded.terms() == kept
    with pytest.raises(DomainError, match="weights"):
        one_step.two_step(3, (-1, 0))


def test_order_thirty_two_is_quick() -> None:
    start = time.perf_counter()
    recurrence = main_case().two_step(32)
    assert time.perf_counter() - start < 10
    assert recurrence.order == 32
