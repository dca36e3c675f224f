"""Identities are checked before they are written."""

from dataclasses import replace

import pytest

from edgestab.proofs.coq_export.identity import Identities, Quantity
from edgestab.proofs.coq_export.recurrence_file import WORLD, recurrence_file
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.series import TruncatedSeries
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.planar_map import PlanarMap
from edgestab.symbolic.planar.recurrences import Recurrence


def test_a_false_identity_is_refused() -> None:
    total = Quantity("s", "total", {(1, 0, 0): 1, (0, 1, 0): 1}, 1, 0)
    world = Identities(WORLD, [total])
    g = world.generators()
    square = g["z"] ** 2 + 2 * g["z"] * g["y"] + g["y"] ** 2
    assert "zero3" in world.lemma("right", g["s"] ** 2 - square)
    with pytest.raises(ProofError, match="wrong to vanish"):
        world.lemma("wrong", g["s"] ** 2 - square + g["z"])


def test_a_changed_recurrence_is_refused() -> None:
    class Mutant(PlanarMap):
        def two_step(self, order: int = 3, weights: tuple[int, int] = (0, 0)) -> Recurrence:
            right = main_case().two_step(order)
            z, y = (TruncatedSeries.variable(right.y_increment.grading, s) for s in right.variables)
            return replace(right, y_increment=right.y_increment + z * z * y)

    with pytest.raises(ProofError, match="the derived y increment"):
        recurrence_file(Mutant.of(main_case()))
