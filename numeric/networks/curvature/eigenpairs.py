"""The outermost eigenvalues of a curvature, from scratch or from what earlier steps found, each with a bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...runs.limits import check_count, check_memory, check_positive, check_seed
from ...runs.status import Status
from ..backends.backend import Array
from ..point import Curvature
from .bounds import bound_residuals, quadratic_errors
from .certificate import Certificate, Lanczos, ceiling, outermost_with
from .subspace import LowRankModel, Ritz, Search, chosen_ends, multiply

WHERE = "top_eigenpairs()"
ENDS = ("largest", "smallest", "both")
RISK = 1e-3
"""Probability that a certificate is wrong."""
DENSE = 24
"""Up to this size, or three times the pairs wanted, the matrix itself is diagonalised."""
MOST_COLUMNS, MOST_BYTES = 120, 2**31
"""A subspace grows to so many columns, or so much memory, before ARPACK with its restarts takes over."""
GUARD = 0.1
"""Residual, relative to the scale, that the pair next to the wanted ones has to reach in a search from scratch."""


@dataclass(frozen=True, eq=False)
class Eigenpairs:
    """Outermost eigenpairs of a curvature, values in descending order.

    Attributes:
        name: which matrix.
        values: Ritz values, shape ``(c,)``.
        source: gives the vectors; long ones stay on the device until they are asked for.
        bounds: for each value, some eigenvalue of the exact matrix lies within this of it: the residual's norm, which
            is proved, and an estimated margin for the rounding of the product (see ``rounding``).
        paired: as many eigenvalues, counted with multiplicity, lie one to one within this of the values.
        errors: smaller, but estimates: the squared residual over the gap to the other Ritz values seen.
        rounding: margin for the product's rounding inside the bounds.
        ends: which ends were asked for.
        status: converged (every bound below the tolerance), or max_steps.
        tolerance: asked for, relative to the largest value in size.
        products: matrix-vector products this took, float64 checks and certificates among them.
        certificates: one for each end where asked for.

    Source:
        Parlett 1980, chapters 4 and 11; Kahan 1967 for ``paired``; Temple 1928 and Kato 1949 for ``errors``.

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.5]]], y=[0.0])
        >>> pairs = es.networks.top_eigenpairs(es.networks.Problem.from_regression(model, [1.0, 2.0]).at().hessian, 1)
        >>> bool(pairs.bounds[0] < 1e-12), pairs.products, str(pairs.status)
        (True, 2, 'converged')
    """

    name: str
    values: Array
    source: Callable[[], Array]
    bounds: Array
    paired: float
    errors: Array
    rounding: float
    ends: str
    status: Status
    tolerance: float
    products: int
    certificates: tuple[Certificate, ...] = ()

    @cached_property
    def vectors(self) -> Array:
        """Orthonormal columns, shape ``(n, c)``, float64."""
        return self.source()

    def json(self) -> dict[str, Any]:
        """Values with their bounds, without the vectors."""
        return {
            "matrix": self.name,
            "values": self.values.tolist(),
            "bounds": self.bounds.tolist(),
            "paired": self.paired,
            "ends": self.ends,
            "status": str(self.status),
            "products": self.products,
        }


def top_eigenpairs(
    curvature: Curvature,
    k: int = 1,
    *,
    ends: str = "largest",
    start: Eigenpairs | None = None,
    tolerance: float | None = None,
    most: int | None = None,
    seed: int = 0,
    certify: bool = False,
) -> Eigenpairs:
    """The k outermost eigenpairs at one end or at both, each with a residual bound.

    From scratch: Lanczos with full reorthogonalisation from a random vector, judged at every step; from ``start``: its
    vectors, corrected through the low-rank model that they make. What is not found soon is left to ARPACK. A Krylov
    method can miss an eigenvalue: the bounds say that there is an eigenvalue at each value, not that none lies further
    out. ``certify=True`` says that, with probability 0.999, and looks for what was missed.

    Args:
        curvature: a Hessian, Gauss-Newton matrix, NTK, or any ``Curvature``.
        k: pairs at each end, at most n.
        ends: ``"largest"``, ``"smallest"`` (the most negative) or ``"both"``, k at each.
        start: pairs of a matrix near by, to begin from.
        tolerance: for each bound, relative to the largest value in size; by default 1e-6, or 1e-4 for products in
            float32. A value is then good to about tolerance squared over its relative gap.
        most: products after which it stops without having converged; by default ``200 + 50 k``.
        seed: of the random start.
        certify: whether to look for eigenvalues further out.

    Returns:
        The pairs, with bounds that hold for the exact matrix up to the rounding of a product in float64: products of
        a float32 problem are taken once more in float64 at the end.

    Raises:
        DomainError: k above n or below 1, an unknown end, a start of another size, or products that are not finite.

    Source:
        Lanczos 1950; Davidson 1975 for the corrections; Lehoucq, Sorensen and Yang 1998 (ARPACK).

    Example:
        >>> import numpy as np
        >>> model = es.RegressionModel(np.eye(30)[:, :3] * [3.0, 2.0, 1.0], np.zeros((3, 30, 30)), np.ones(3))
        >>> problem = es.networks.Problem.from_regression(model, np.zeros(30))
        >>> pairs = es.networks.top_eigenpairs(problem.at().hessian, 2, ends="both")
        >>> pairs.values.shape, bool(pairs.bounds.max() < 1e-6)
        ((4,), True)
    """
    k, tolerance, most = _checked(curvature, k, ends, start, tolerance, most)
    wanted = len(chosen_ends(curvature.size, k, ends))
    search = Search(curvature)
    model = LowRankModel(curvature.size, 2 * wanted + 8)
    if start is not None:
        model.vectors, model.values = start.vectors, start.values
    check_memory(WHERE, 8 * curvature.size * (8 * wanted + 40), "vectors", "Ask for fewer eigenvalues.")
    begun = curvature.products
    rng = np.random.default_rng(check_seed(WHERE, seed))
    if curvature.size <= max(DENSE, 3 * wanted):
        search.grow(np.eye(curvature.size))
    else:
        first = rng.standard_normal((curvature.size, 1)) if start is None else start.vectors
        extend(search, model, first, k, ends, tolerance, most, rng, guarded=start is None)
    pairs = finish(search, k, ends, tolerance, curvature.products - begun)
    return _certified(pairs, curvature, k, tolerance, most, rng) if certify else pairs


def _checked(
    curvature: Curvature, k: int, ends: str, start: Eigenpairs | None, tolerance: float | None, most: int | None
) -> tuple[int, float, int]:
    """The arguments, with defaults filled in."""
    k = check_count(WHERE, "k", k)
    if k > curvature.size:
        fix = f"The {curvature.name} has {curvature.size} eigenvalues."
        raise DomainError.of(WHERE, f"k of at most {curvature.size}", k, fix)
    if ends not in ENDS:
        raise DomainError.of(WHERE, f"ends one of {', '.join(ENDS)}", repr(ends), "Choose one of these.")
    if start is not None and len(start.vectors) != curvature.size:
        got = f"vectors of length {len(start.vectors)}"
        raise DomainError.of(WHERE, f"a start of size {curvature.size}", got, "Start from pairs of the same matrix.")
    single = curvature.dtype != np.float64
    asked = (1e-4 if single else 1e-6) if tolerance is None else check_positive(WHERE, "tolerance", tolerance)
    return k, asked, check_count(WHERE, "most", 200 + 50 * k if most is None else most)


def extend(
    search: Search,
    model: LowRankModel,
    candidates: Array,
    k: int,
    ends: str,
    tolerance: float,
    most: int,
    rng: np.random.Generator,
    *,
    guarded: bool,
    forecast: bool = False,
) -> None:
    """Grow a subspace until the wanted pairs are good enough.

    Args:
        search: what is grown.
        model: what earlier products say; it is not taught.
        candidates: first directions.
        k: pairs at each end.
        ends: which ends.
        tolerance: for residuals, relative to the scale.
        most: products at most.
        rng: for random directions.
        guarded: whether the next pair has to show itself too.
        forecast: whether the candidates are expected to be good: where they are not, the search begins from scratch.
    """
    curvature = search.curvature
    size, begun = curvature.size, curvature.products
    wanted = len(chosen_ends(size, k, ends))
    few = 3 * wanted + 24
    patience = max(few, min(MOST_COLUMNS, MOST_BYTES // (16 * size)))
    while True:
        grown = search.grow(candidates) or search.grow(curvature.draw(rng))
        if not grown:
            return
        ritz = search.ritz(k + guarded, ends)
        scale = search.scale
        lengths = np.linalg.norm(ritz.residuals, axis=0)
        limits = _limits(ritz, k, ends, tolerance * scale, GUARD * scale)
        bad = lengths > limits
        if forecast:
            forecast = False
            if lengths[limits <= tolerance * scale].max(initial=0.0) > GUARD * scale:
                search.restart()
                candidates, guarded = curvature.draw(rng), True
                model = LowRankModel(len(candidates), 0)
                continue
        if len(ritz.values) >= wanted and not bad.any():
            return
        if curvature.products - begun >= most:
            return
        if search.basis.shape[1] >= patience:
            _by_arpack(search, k, ends, tolerance, most - (curvature.products - begun), rng)
            return
        if not bad.any():
            candidates = curvature.draw(rng)
            continue
        # what the model knows of the matrix now
        taught = model.copy(2 * search.basis.shape[1], len(search.basis))
        if model.values.size and search.basis.shape[1] <= few:
            taught.learn(search.basis, search.images)
        candidates = taught.correct(ritz.wanted[bad], ritz.residuals[:, bad], scale)


def _limits(ritz: Ritz, k: int, ends: str, limit: float, loose: float) -> Array:
    """How large each residual may be: the guard's pair, next to the wanted ones, only has to show itself."""
    wanted = set(chosen_ends(len(ritz.values), k, ends).tolist())
    return np.array([limit if place in wanted else max(loose, limit) for place in ritz.chosen.tolist()])


def _by_arpack(search: Search, k: int, ends: str, tolerance: float, left: int, rng: np.random.Generator) -> None:
    """Leave a hard case to ARPACK, begun from the Ritz vectors, and grow the subspace by what it finds."""
    from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigsh

    curvature, size = search.curvature, search.curvature.size
    whole, begun = curvature.whole, curvature.whole.products
    wanted = len(chosen_ends(size, k, ends))
    ritz = search.ritz(k, ends)
    known = curvature.outside(ritz.vectors)()
    scale = search.scale
    # ARPACK's tolerance is relative to each eigenvalue: moved away from 0, all are of the scale's size
    shift = {"largest": scale, "smallest": -scale, "both": 0.0}[ends]

    def moved(vector: Array) -> Array:
        return np.asarray(multiply(whole, vector.reshape(size, 1))[:, 0] + shift * vector.ravel())

    operator = LinearOperator((size, size), matvec=moved, dtype=np.float64)
    begin = known.sum(1) + 1e-3 * rng.standard_normal(size) / np.sqrt(size)
    which = {"largest": "LA", "smallest": "SA", "both": "BE"}[ends]
    columns = min(size, max(2 * wanted + 1, 20))
    restarts = max(1, (left - columns) // (columns - wanted))
    try:
        _, vectors = eigsh(operator, wanted, which=which, v0=begin, ncv=columns, maxiter=restarts, tol=tolerance / 4)
    except ArpackNoConvergence as stopped:
        vectors = np.asarray(stopped.eigenvectors)
    except ArpackError:
        return
    finally:
        if whole is not curvature:
            curvature.products += whole.products - begun
    search.restart()
    search.grow(curvature.inside(np.concatenate([vectors, known], 1)))


def finish(search: Search, k: int, ends: str, tolerance: float, products: int, *, double: bool = True) -> Eigenpairs:
    """Pairs with their bounds from a subspace; products of a float32 problem are taken once more in float64.

    Args:
        search: after it has grown.
        k: pairs at each end.
        ends: which ends.
        tolerance: that decides about convergence.
        products: taken so far.
        double: whether a float32 problem is checked in float64.

    Returns:
        The pairs.
    """
    curvature = search.curvature
    ritz = search.ritz(k, ends)
    scale = search.scale
    values, vectors, images, dtype = ritz.wanted, ritz.vectors, ritz.images, curvature.dtype
    exact = curvature.in_double() if double else None
    if exact is None or exact is curvature:
        source = curvature.outside(vectors)
    else:
        vectors = curvature.outside(vectors)()
        images = multiply(exact, vectors)
        products += vectors.shape[1]
        small = vectors.T @ images
        values, inner = np.linalg.eigh((small + small.T) / 2)
        values, inner = values[::-1], inner[:, ::-1]
        vectors, images, dtype = vectors @ inner, images @ inner, exact.dtype
        source = curvature.whole.outside(vectors)
    found = bound_residuals(values, vectors, images, scale, dtype)
    errors = quadratic_errors(values, found.bounds, ritz.values, found.rounding)
    complete = len(values) == len(chosen_ends(curvature.size, k, ends))
    # a tolerance below the rounding of the product cannot be asked of it
    good = complete and bool((found.bounds <= tolerance * scale + found.rounding).all())
    status = Status.CONVERGED if good else Status.MAX_STEPS
    return Eigenpairs(
        curvature.name,
        values,
        source,
        found.bounds,
        found.paired,
        errors,
        found.rounding,
        ends,
        status,
        tolerance,
        products,
    )


def _certified(
    pairs: Eigenpairs, curvature: Curvature, k: int, tolerance: float, most: int, rng: np.random.Generator
) -> Eigenpairs:
    """The pairs with a certificate for each end; an eigenvalue found further out joins and the search goes on."""
    from dataclasses import replace

    ends = ("largest", "smallest") if pairs.ends == "both" else (pairs.ends,)
    found: list[Certificate] = []
    spent = pairs.products
    for end in ends:
        for _ in range(k + 1):
            certificate, missed = _look_beyond(pairs, curvature, k, end, most, rng)
            spent += certificate.products
            if missed is None:
                break
            search, begun = Search(curvature), curvature.products
            model = LowRankModel(curvature.size, 2 * len(pairs.values) + 8)
            first = np.concatenate([pairs.vectors, missed[:, None]], 1)
            extend(search, model, first, k, pairs.ends, tolerance, most, rng, guarded=False)
            pairs = finish(search, k, pairs.ends, tolerance, curvature.products - begun)
            spent += pairs.products
            found.clear()
        found.append(certificate)
    return replace(pairs, certificates=tuple(found), products=spent)


def _look_beyond(
    pairs: Eigenpairs, curvature: Curvature, k: int, end: str, most: int, rng: np.random.Generator
) -> tuple[Certificate, Array | None]:
    """Lanczos from a random start in the complement of the k pairs found at one end."""
    size, begun = curvature.size, curvature.products
    sign = 1.0 if end == "largest" else -1.0
    places = slice(0, k) if end == "largest" else slice(len(pairs.values) - min(k, len(pairs.values)), None)
    block, values = pairs.vectors[:, places], sign * pairs.values[places]
    room = size - block.shape[1]
    inner, outer = float(values.min()), float(values.max())
    if not room:
        return Certificate(end, sign * inner, sign * (outer + pairs.paired), True, 1.0, 0), None
    lanczos = Lanczos(lambda v: sign * multiply(curvature, v), rng.standard_normal(size), block)
    beyond, missed = np.inf, None
    while curvature.products - begun < most:
        lanczos.step()
        matrix = lanczos.tridiagonal()
        ritz, rotation = matrix.ritz()
        if ritz[-1] > inner + pairs.paired:
            missed = matrix.basis @ rotation[:, -1]
            break
        beyond = ceiling(matrix, room, RISK) + pairs.rounding
        if beyond < inner - pairs.paired or lanczos.exhausted:
            break
    complete = bool(beyond < inner - pairs.paired)
    limit = outermost_with(outer, beyond, pairs.paired) if np.isfinite(beyond) else np.inf
    used = curvature.products - begun
    return Certificate(end, sign * beyond, sign * limit, complete, 1 - RISK, used), missed
