"""The Lyapunov function and the slow coordinate against literals worked out by hand, and on mutants."""

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import MAIN_MODEL, main_case
from edgestab.symbolic.planar.planar_map import PlanarMap
from edgestab.symbolic.trapping.barrier import derive_barrier
from edgestab.symbolic.trapping.lyapunov import derive_lyapunov, derive_slow_coordinate

z, T, epsilon = symbol("z"), symbol("T"), symbol("epsilon")
CONSTANTS = {"slope": "7/5", "width": 1, "height": "1/2", "epsilon_min": 0, "epsilon_max": "1/5"}


def test_the_weight_norm_is_found() -> None:
    found = derive_lyapunov(main_case())
    assert sp.expand(found.tilt + 2 * (1 - epsilon)) == 0
    assert sp.expand(found.rate - epsilon * (4 - T)) == 0
    assert found.ceiling == 4
    assert found.identity().holds()
    assert found.weight_norm(MAIN_MODEL).holds()


def test_the_slow_law() -> None:
    slow = derive_slow_coordinate(derive_lyapunov(main_case()))
    assert sp.simplify(slow.invariant - z**2 / (1 - z)) == 0
    assert sp.expand(slow.forcing - epsilon * (4 - T) * (1 - z)) == 0
    assert sp.expand(slow.relaxation - slow.effective_curvature * (2 - z)) == 0
    assert slow.identity().holds()
    assert slow.invariance().holds()


def test_every_flipped_coefficient_is_noticed() -> None:
    one_step = main_case()
    noticed = total = 0
    for index, component in enumerate(one_step.polynomials):
        for exponents, coefficient in component.to_dict().items():
            terms = dict(component.to_dict())
            terms[exponents] = -coefficient
            polynomials = list(one_step.polynomials)
            polynomials[index] = one_step.ring.context.from_dict(terms)
            mutant = PlanarMap.from_polynomials(one_step.variables, tuple(polynomials), one_step.parameters)
            total += 1
            try:
                noticed += not all(i.holds() for i in derive_barrier(mutant, CONSTANTS).identities)
            except (ProofError, ValueError):
                noticed += 1
    assert noticed == total >= 10


def test_another_map_has_no_such_function() -> None:
    other = PlanarMap((z, T), (z - z * T, T - z + epsilon * z**2), (epsilon,))
    with pytest.raises(ProofError, match="tilt|multiple"):
        derive_lyapunov(other)
