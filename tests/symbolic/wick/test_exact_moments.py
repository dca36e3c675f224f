"""Exact moments of Wishart eigenvalues against integrals done otherwise."""

import itertools

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.wick.exact_moments import exact_wishart_moments, generating_function, pfaffian


def ordered_integral(n: int, m: int, rank: int, power: int) -> sp.Expr:
    """Naive twin: the joint density integrated over x_1 > x_2 > .. by SymPy."""
    a = sp.Rational(m - n - 1, 2)
    x = sp.symbols(f"x1:{n + 1}", positive=True)
    density = sp.prod(v**a * sp.exp(-v / 2) for v in x)
    density *= sp.prod(p - q for p, q in itertools.combinations(x, 2))

    def whole(f: sp.Expr) -> sp.Expr:
        for k in reversed(range(n)):
            f = sp.integrate(sp.expand(f), (x[k], 0, x[k - 1] if k else sp.oo))
        return f

    return sp.simplify(whole(x[rank - 1] ** power * density) / whole(density))


@pytest.mark.parametrize(("d", "p", "rank"), [(1, 2, 1), (2, 3, 1), (2, 3, 2), (2, 5, 1), (3, 4, 2)])
def test_against_ordered_integrals(d: int, p: int, rank: int) -> None:
    found = exact_wishart_moments(d, p, rank)
    assert found.first == ordered_integral(d, p, rank, 1)
    assert found.second == ordered_integral(d, p, rank, 2)


def test_ranks_add_up_to_the_trace() -> None:
    for d, p in ((4, 5), (7, 4), (9, 10)):
        assert sum(exact_wishart_moments(d, p, k).first for k in range(1, min(d, p) + 1)) == d * p


def test_smallest_eigenvalue_of_nearly_square_matrices() -> None:
    """n x (n + 1): the smallest eigenvalue is exponential with mean 2 / n (Edelman 1988)."""
    for n in (1, 2, 3, 5, 6):
        found = exact_wishart_moments(n, n + 1, n)
        assert found.first == sp.Rational(2, n)
        assert found.second == 2 * sp.Rational(2, n) ** 2


def test_generating_function_is_one_at_z_one() -> None:
    x, e, z = sp.symbols("x e z")
    from edgestab.symbolic.algebra.rings import PolyRing

    ring = PolyRing((x, e, z))
    assert ring.to_expr(generating_function(3, 4)).subs(z, 1).expand() == 1


def test_swapped_sizes() -> None:
    assert exact_wishart_moments(5, 2).first == exact_wishart_moments(2, 5).first


@pytest.mark.parametrize("bad", [(2, 2), (13, 14), (0, 3)])
def test_bad_sizes(bad: tuple[int, int]) -> None:
    with pytest.raises(DomainError):
        exact_wishart_moments(*bad)
    with pytest.raises(DomainError, match="rank"):
        exact_wishart_moments(2, 3, 3)


def test_pfaffian_squares_to_the_determinant() -> None:
    def entry(i: int, j: int) -> sp.Integer:
        return sp.Integer((3 * i + 7 * j) % 11 - 5)

    def skew(i: int, j: int) -> sp.Integer:
        return entry(i, j) if i < j else -entry(j, i) if i > j else sp.Integer(0)

    for size in (2, 4, 6):
        found = pfaffian(entry, size, sp.Integer(1))
        assert found**2 == sp.Matrix(size, size, skew).det()
    with pytest.raises(DomainError, match="even"):
        pfaffian(lambda i, j: 1, 3, 1)
