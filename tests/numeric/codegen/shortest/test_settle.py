"""Reasons against programs: they agree with degrees and preimages counted otherwise, and spare the step itself."""

import random

import pytest
from flint import fmpz_mpoly, nmod_poly

from edgestab.numeric.codegen.shortest import settle
from edgestab.numeric.codegen.shortest.least import SHORT, preimages, settle_shapes
from edgestab.numeric.codegen.shortest.shapes import FACTORS, RING, Pair, Read, Shape, X, Y, shapes

KAPPA = FACTORS[0]
PRIME = (1 << 61) - 1


def conjugate(pair: Pair, forth: Pair, back: Pair) -> Pair:
    """The map in other coordinates."""
    rest = RING.gens()[2:]
    inside = [p.compose(*back, *rest) for p in pair]
    return forth[0].compose(*inside, *rest), forth[1].compose(*inside, *rest)


def step() -> Pair:
    """The step in the factors of the residual."""
    return X - X * Y * (X + Y), Y - X * Y * (Y + KAPPA * X)


SHEAR: tuple[Pair, Pair] = ((X, Y + X**2), (X, Y - X**2))
TURN: tuple[Pair, Pair] = ((2 * X + Y + 1, X + Y), (X - Y - 1, 2 * Y - X + 1))
CUBE: tuple[Pair, Pair] = ((X + 2 * Y**3, Y), (X - 2 * Y**3, Y))


@pytest.mark.parametrize("changes", [(), (TURN,), (SHEAR,), (CUBE,), (SHEAR, TURN)])
def test_the_step_itself_is_never_excluded(changes: tuple[tuple[Pair, Pair], ...]) -> None:
    pair = step()
    for forth, back in changes:
        pair = conjugate(pair, forth, back)
    assert settle.without_curve(pair, 1) is None
    assert settle.with_few_preimages(pair) is None
    assert settle.settle_map(pair, 1) is None


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        ((X - X * Y * (X + Y), Y - X * Y * (KAPPA * Y + X)), settle.RATIO),  # the eigenvectors are not orthogonal
        ((X - X * Y * (X + Y) + X**4, Y - X * Y * (Y + KAPPA * X)), settle.FAST),
        ((X - X * Y * (X + Y), Y - X * (Y + KAPPA * X)), settle.SLOW),
        ((X**3 + KAPPA * X, Y + X * Y), settle.PENCIL),
        ((X + KAPPA * Y**3, Y + (X + KAPPA * Y**3) ** 3), settle.FAST),
    ],
)
def test_other_maps_are_excluded(pair: Pair, reason: str) -> None:
    assert settle.settle_map(pair, 1) == reason


def at_random(poly: fmpz_mpoly, values: list[int], x: nmod_poly, y: nmod_poly) -> nmod_poly:
    """A polynomial on a curve, its letters numbers."""
    total = nmod_poly([0], PRIME)
    for exponents, c in poly.to_dict().items():
        number = int(c)
        for value, e in zip(values, exponents[2:], strict=True):
            number = number * pow(value, int(e), PRIME) % PRIME
        total += x ** int(exponents[0]) * y ** int(exponents[1]) * number
    return total


def test_degrees_of_iterates_agree_with_the_reasons() -> None:
    rng = random.Random(4)
    seen = {settle.FAST: 0, settle.SLOW: 0, settle.CONTRACTED: 0}
    for shape, supports in shapes("NNNS", 60, 7):
        reason = settle.settle(shape, supports)
        if reason not in seen or seen[reason] >= 12 or rng.random() < 0.9:
            continue
        seen[reason] += 1
        pair = shape.evaluate([1] * 4, [1] * 4)
        values = [rng.randrange(1, PRIME) for _ in RING.gens()[2:]]
        x, y = (nmod_poly([rng.randrange(PRIME), rng.randrange(1, PRIME)], PRIME) for _ in range(2))
        degrees = []
        for _ in range(5):
            x, y = at_random(pair[0], values, x, y), at_random(pair[1], values, x, y)
            degrees.append(max(x.degree(), y.degree()))
        gain = degrees[-1] / degrees[-3]
        assert (gain > 9) if reason == settle.FAST else (gain < 9.0001), (str(shape), degrees)
    assert min(seen.values()) > 3


def test_three_operations_are_too_few() -> None:
    found = settle_shapes(("NNN",), 3)
    assert found.tested > 3000
    assert not found.open
    assert preimages()[0] == 5


def test_what_cannot_be_excluded_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the affine case the closest relatives of the step stay open."""
    shape = Shape((Read(0, 1, None), Read(0, 2, 1), Read(1, 2, 3), Read(3, None, 4)), (4, 5))
    assert settle.settle_map(next(shape.signed()), 2) == settle.RATIO
    monkeypatch.setattr(settle, "in_affine_coordinates", lambda pair: None)
    assert None in {settle.settle_map(pair, 2) for pair in shape.signed()}


@pytest.mark.thorough
@pytest.mark.parametrize("word", SHORT)
def test_no_program_of_four_operations(word: str) -> None:
    found = settle_shapes((word,))
    assert not found.open, str(found.open[0])
