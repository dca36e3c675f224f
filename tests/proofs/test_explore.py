"""What the explorable page is made of; what it does in a browser is tested under tests/browser."""

from fractions import Fraction

import pytest

from edgestab.proofs.explore.figures import LAYERS, PAGE_COLOURS
from edgestab.proofs.explore.generated import javascript, squares
from edgestab.proofs.explore.optimisers import OPTIMISERS, weight_map
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import MAIN_MODEL
from edgestab.symbolic.optimisers.optimiser import gradient_descent, heavy_ball

LEAST_CONTRAST = 3
"""What WCAG 2 asks of lines and marks."""


def luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: str(layer.name))
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_line_stands_out_from_the_page(layer: object, theme: str) -> None:
    a, b = sorted((luminance(getattr(layer, theme)), luminance(PAGE_COLOURS[theme]["ground"])))
    assert (b + 0.05) / (a + 0.05) >= LEAST_CONTRAST


def test_without_a_memory_the_weights_step_as_gradient_descent_does() -> None:
    plain = [c.expand() for c in MAIN_MODEL.theta_step().components]
    one_step, rest = weight_map(MAIN_MODEL, gradient_descent())
    assert rest == ()
    assert [c.expand() for c in one_step.components] == plain
    with_memory, rest = weight_map(MAIN_MODEL, heavy_ball())
    assert len(rest) == 2
    assert [c.expand() for c in with_memory.substitute({symbol("beta"): 0}).components[:2]] == plain


def test_squares_undo_the_embedding() -> None:
    state = dict(zip(MAIN_MODEL.state, MAIN_MODEL.embedding(), strict=True))
    for square, theta in zip(squares(MAIN_MODEL), MAIN_MODEL.theta, strict=True):
        assert (square.subs(state, simultaneous=True) - theta**2).expand().cancel() == 0


def test_names_and_ranges_of_knobs() -> None:
    assert len({o.name for o in OPTIMISERS}) == len(OPTIMISERS)
    for optimiser in OPTIMISERS:
        known = {k.name for k in optimiser.knobs}
        for case in optimiser.cases():
            assert {str(s) for s in case.one_step.parameters} <= known
        for knob in optimiser.knobs:
            assert Fraction(knob.low) <= Fraction(knob.default) <= Fraction(knob.high)


def test_rationals_stay_quotients_of_integers() -> None:
    z = symbol("z")
    assert javascript(z**3 / 3) == "(1/3)*(z*z*z)"
