"""The affine forms that the generator finds, against what they must be."""

from dataclasses import replace

import pytest
import sympy as sp

from edgestab.numeric.codegen.coefficient_ring import CoefficientRing
from edgestab.numeric.codegen.coordinates import candidate_forms, change_coordinates, kept_variables
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import QuadraticModel, main_case
from edgestab.symbolic.planar.maps import PolynomialMap

EPSILON, E = symbol("epsilon"), symbol("E")


@pytest.mark.parametrize(
    "model",
    [
        QuadraticModel((1, -EPSILON)),
        QuadraticModel((1, -EPSILON), target=E),
        QuadraticModel((symbol("mu"), -EPSILON)),
        QuadraticModel((1, -EPSILON, sp.Rational(1, 2)), target=E),
    ],
)
def test_invariant_forms_are_the_squared_weights(model: QuadraticModel) -> None:
    """In theta, each invariant form is a multiple of one theta_i^2, and each weight is found."""
    source = model.one_step()
    embedding = dict(zip(source.variables, model.embedding(), strict=True))
    found = set()
    for form in candidate_forms(source):
        if form.kind == "invariant":
            in_theta = sp.expand(form.value.to_expr().subs(embedding))
            (weight,) = in_theta.free_symbols & set(model.theta)
            assert sp.simplify(in_theta / weight**2).free_symbols <= set(model.parameters)
            found.add(weight)
    assert found == set(model.theta)


def test_the_slow_form_is_the_weight_norm() -> None:
    model = QuadraticModel((1, -EPSILON))
    source = model.one_step()
    (slow,) = [f for f in candidate_forms(source) if f.kind == "slow"]
    in_theta = sp.expand(slow.value.to_expr().subs(dict(zip(source.variables, model.embedding(), strict=True))))
    norm = sum(t**2 for t in model.theta)
    assert sp.simplify(in_theta / norm).free_symbols <= {EPSILON}


def test_z_is_kept_and_dependent_forms_are_refused() -> None:
    source = main_case()
    assert kept_variables(source) == (symbol("z"),)
    forms = candidate_forms(source)
    assert change_coordinates(source, (forms[0], replace(forms[0], name="again"))) is None


def test_a_map_without_structure_gives_its_variables_only() -> None:
    x, y = sp.symbols("x y", real=True)
    henon = PolynomialMap((x, y), (1 - sp.Rational(7, 5) * x**2 + y, sp.Rational(3, 10) * x), (), "Henon")
    assert [f.kind for f in candidate_forms(henon)] == ["variable", "variable"]


def test_exact_division() -> None:
    x = sp.Symbol("x", real=True)
    ring = CoefficientRing((x,), (EPSILON,))
    p, e, one = ring.generator(x), ring.generator(EPSILON), ring.one
    shifted = p + one
    half = e.divide(ring.constant(2) * e + one)
    assert half is not None
    product = shifted * half
    assert product.divide(shifted) == half
    assert product.divide(p) is None
    assert (product - product).rational() == 0
    assert str(product.degree()) == "1"
