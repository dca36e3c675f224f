"""The bound on a composed map is a bound."""

import pytest

from edgestab.symbolic.models.literature import EXAMPLES, example_study
from edgestab.symbolic.models.own_loss.size import two_step_bound


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_bound_holds(name: str) -> None:
    form = example_study(name).form
    assert form is not None
    exact = sum(len(p.to_dict()) for p in form.map.iterated(2))
    assert exact <= two_step_bound(form.map) <= 10 * exact
