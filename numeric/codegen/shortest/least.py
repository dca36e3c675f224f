"""The least number of operations of a step: shapes settled one after the other, and the bound by preimages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from ....symbolic.algebra.errors import ProofError
from ....symbolic.algebra.rings import PolyRing
from ....symbolic.algebra.symbols import symbols
from ....symbolic.models.quadratic import QuadraticModel
from ..coefficient_ring import CoefficientRing
from ..program import Op, run
from ..scheduling import Algebra
from .settle import settle
from .shapes import Shape, shapes

SHORT = ("NNN", "NNNN", "NNNS", "NNSN", "NSNN", "SNNN")
"""Orders of products (N) and scalar operations (S) with three products or more and at most four operations."""
THREE_PRODUCTS = (
    Op("w", "z_1", "z_2"),
    Op("s", "z_1", None, "z_2"),
    Op("z_1_out", "w", "s", "z_1", sign=-1),
    Op("r", "kappa", "z_1", "z_2"),
    Op("z_2_out", "w", "r", "z_2", sign=-1),
)
"""A step in the factors of the residual, with three products of values that depend on the state."""


@dataclass(frozen=True)
class Settled:
    """What became of shapes.

    Attributes:
        reasons: how many shapes each reason excludes.
        open: the shapes that none excludes.
    """

    reasons: Counter[str]
    open: tuple[Shape, ...]

    @property
    def tested(self) -> int:
        """Shapes looked at."""
        return self.reasons.total() + len(self.open)


def settle_shapes(kinds: Iterable[str], every: int = 1, offset: int = 0) -> Settled:
    """Exclude shapes as the gradient step in polynomial coordinates of the weights.

    Args:
        kinds: orders of operations, each a word of N (product) and S (scalar).
        every: of what can stand before the last operation, one in so many.
        offset: which of them.

    Returns:
        Reasons, and what stays open.
    """
    reasons: Counter[str] = Counter()
    left: list[Shape] = []
    for word in kinds:
        for shape, supports in shapes(word, every, offset):
            reason = settle(shape, supports)
            if reason is None:
                left.append(shape)
            else:
                reasons[reason] += 1
    return Settled(reasons, tuple(left))


def preimages() -> tuple[int, sp.Expr]:
    """How many weights one gradient step of the main case takes to the same weights, complex ones counted.

    ``theta_i' = theta_i (1 - q_i z)``; a preimage is found from its residual, a root of
    ``2 z (1 - z)^2 (1 + epsilon z)^2 = theta_1'^2 (1 + epsilon z)^2 - epsilon theta_2'^2 (1 - z)^2``.

    Returns:
        Their number, and a polynomial in epsilon: the number is right for most points wherever it is not 0.

    Raises:
        ProofError: the step is not of this form.
    """
    epsilon, z = symbols("epsilon z")
    model = QuadraticModel((1, -epsilon))
    images = sp.symbols("image_1 image_2")
    for q, theta, component in zip(model.eigenvalues, model.theta, model.theta_step().components, strict=True):
        if sp.expand(component - theta * (1 - q * model.predictor())) != 0:
            raise ProofError.of("preimages()", "theta (1 - q z)", str(component), "Report it.")
    factors = [1 - q * z for q in model.eigenvalues]
    squares = [q * v**2 / 2 for q, v in zip(model.eigenvalues, images, strict=True)]
    ring = PolyRing((z, *images, epsilon))
    residual = ring.from_expr(
        sp.expand((factors[0] * factors[1]) ** 2 * z - squares[0] * factors[1] ** 2 - squares[1] * factors[0] ** 2)
    )
    degree = int(residual.degrees()[0])
    lead = residual.to_dict()
    top = {e: c for e, c in lead.items() if e[0] == degree}
    # roots are simple, and none of them makes a factor vanish, unless these vanish for all images
    guards = [residual.discriminant(0), *(ring.from_expr(f).resultant(residual, 0) for f in factors)]
    needed = ring.to_expr(ring.context.from_dict(top)).subs(z, 1)
    for guard in guards:
        content = ring.zero
        for exponents in {(e[1], e[2]) for e in guard.monoms()}:
            part = [(e, c) for e, c in guard.to_dict().items() if (e[1], e[2]) == exponents]
            content = content.gcd(ring.from_dict({(0, 0, 0, e[3]): c for e, c in part}))
        needed *= ring.to_expr(content)
    return degree, sp.expand(needed)


def products(ops: Iterable[Op], state: set[str]) -> int:
    """How many operations multiply or divide two values that both depend on the state.

    Args:
        ops: in order.
        state: names of the state.

    Returns:
        Their number.
    """
    known, count = set(state), 0
    for op in ops:
        count += (op.a in known and op.b in known) or (op.divide and op.b in known)
        if known & set(map(str, op.operands)):
            known.add(op.result)
    return count


def three_products_suffice(step: tuple[sp.Expr, sp.Expr]) -> bool:
    """Whether :data:`THREE_PRODUCTS` is a step in the factors of the residual.

    Args:
        step: that step.

    Returns:
        Whether both outputs agree, as rational functions.
    """
    first, second, epsilon = symbols("z_1 z_2 epsilon")
    kappa = sp.Symbol("kappa_step")
    ring = CoefficientRing((first, second), (kappa,))
    values = {"z_1": ring.generator(first), "z_2": ring.generator(second), "kappa": ring.generator(kappa)}
    run(THREE_PRODUCTS, values, Algebra(ring))
    ratio = ((1 + epsilon) / (1 - epsilon)) ** 2
    got = [values[name].to_expr().subs(kappa, ratio) for name in ("z_1_out", "z_2_out")]
    return all(sp.cancel(a - b) == 0 for a, b in zip(got, step, strict=True))
