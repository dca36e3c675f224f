"""Families by name: phases by exact thresholds, against orbits and against a parametrisation of their two-cycles."""

from collections.abc import Callable
from fractions import Fraction

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.latex.equations import Style
from edgestab.symbolic.models.families.known import NAMES, family, product_loss, quadratic_regression_step
from edgestab.symbolic.models.families.scalar_family import ScalarFamily


def test_the_cubic_map_is_a_step_of_quadratic_regression() -> None:
    stepped, closed = quadratic_regression_step()
    assert sp.expand(stepped - closed) == 0


@pytest.mark.thorough
def test_phases_of_the_cubic_map(golden: Callable[[str, str], None]) -> None:
    table = family("cubic").phases()
    names = ["monotone", "catapult", "two-cycle", "four-cycle", "cascade", "chaotic", "divergent"]
    assert [p.name for p in table.phases] == names
    assert [str(p.low) for p in table.phases][1:4] == ["-2 + 2*sqrt(2)", "1", "-1 + sqrt(5)"]
    golden("latex/phases-cubic.tex", table.align(Style(label="eq:cubic")) + "\n")
    assert table.log.compared >= 1


@pytest.mark.parametrize("name", ["product-3", "log-cosh", "squared", "uv"])
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    found = family(name) if name in NAMES else product_loss(name)
    golden(f"latex/phases-{name}.tex", found.phases().align(Style(label=f"eq:{name}")) + "\n")


def orbit(found: ScalarFamily, a: float, start: float, steps: int, keep: int) -> list[float] | None:
    """The last states of an orbit in plain floats; None where it leaves."""
    step = sp.lambdify((found.map.variable, found.parameter), found.map.formula, "math")
    place, kept = start, []
    for k in range(steps + keep):
        if abs(place) > 1e6:
            return None
        place = step(place, a)
        kept += [place] if k >= steps else []
    return kept


@pytest.mark.parametrize(("a", "period"), [(0.6, 1), (0.95, 1), (1.1, 2), (1.22, 2), (1.26, 4)])
def test_the_stated_cycle_is_where_orbits_end(a: float, period: int) -> None:
    kept = orbit(family("cubic"), a, 0.05, 20_000, 8)
    assert kept is not None
    returns = [abs(kept[k + period] - kept[k]) < 1e-9 for k in range(4)]
    assert all(returns)
    assert period == 1 or abs(kept[period // 2] - kept[0]) > 1e-3


def test_orbits_escape_beyond_the_threshold_and_not_before() -> None:
    turn = {a: (1 - 2 * a) / 3 for a in (1.99, 2.01)}
    assert orbit(family("cubic"), 1.99, turn[1.99], 5000, 1) is not None
    assert orbit(family("cubic"), 2.01, turn[2.01], 5000, 1) is None


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_two_cycles_of_products_by_the_ratio_of_their_points(depth: int) -> None:
    """``u^L = (1 + k^(L-1))/(1 + k^(2L-1))`` and ``a u^(L-2) = ..`` give multiplier and parameter by k alone."""
    k = sp.Symbol("k", positive=True)
    level = (1 + k ** (depth - 1)) / (1 + k ** (2 * depth - 1))
    rate = (k - 1) * (1 + k ** (2 * depth - 1)) / (k ** (depth - 1) * (k**depth - 1))

    def slope(ratio: sp.Expr) -> sp.Expr:
        return 1 + rate * ratio ** (depth - 2) * ((depth - 1) - (2 * depth - 1) * ratio**depth * level)

    numerator = sp.Poly(sp.numer(sp.together(sp.cancel(slope(sp.S.One) * slope(k) + 1))), k)
    places = [r for r in numerator.nroots(n=30) if abs(sp.im(r)) < 1e-20 and 0 < sp.re(r) < 1]
    values = [(rate / level ** sp.Rational(depth - 2, depth)).subs(k, sp.re(r)).evalf(25) for r in places]
    (derived,) = family(f"product-{depth}").map.thresholds(2, -1, 0)
    assert min(values) == pytest.approx(float(derived), abs=1e-14)


def test_orbits_cross_the_saddle_beyond_the_crisis() -> None:
    found = family("product-3")
    (crisis,) = [float(t.value) for t in found.thresholds() if t.kind == "crisis"]
    for a, crosses in ((crisis - 0.002, False), (crisis + 0.002, True)):
        kept = orbit(found, a, 1.05, 0, 20_000)
        assert kept is not None
        assert (min(kept) < 0) is crosses


def test_branches_are_certified_and_change_at_the_threshold() -> None:
    found = family("product-3")
    branches = found.branches(12)
    (minimum,) = [b for b in branches if b.period == 1 and b.points[0] == (1.0,)]
    assert all(stable == (a < Fraction(2, 3)) for a, stable in zip(minimum.parameters, minimum.stable, strict=True))
    assert any(b.period == 2 and True in b.stable and False in b.stable for b in branches)


def test_unknown_families_are_refused() -> None:
    for name in ("product-1", "product-9", "cubics", "product-x"):
        with pytest.raises(DomainError, match="family"):
            family(name)
    with pytest.raises(DomainError, match="two parameters"):
        family("cubic").branches(1)


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
def test_phases_of_every_family(name: str) -> None:
    table = family(name).phases()
    edge = next(t for t in table.thresholds if t.kind == "flip")
    assert edge.value == (Fraction(2, int(name[-1])) if name != "cubic" else 1)
    assert table.phases[-1].name == "divergent"
