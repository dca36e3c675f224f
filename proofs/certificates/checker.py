"""An independent checker of certificates: it trusts neither the derivations nor the prover.

From the file alone, with its own algebra (:mod:`.checker_algebra`), it verifies that

1. the map is gradient descent on ``(x^2 - epsilon v^2)^2 / 8``, and its digest is right;
2. the regions cover ``0 < epsilon <= epsilon_max`` without gaps, and the constants are what the conditions need;
3. the conditions are the ones the argument needs: each polynomial is derived again from the map, or shown to satisfy
   the exact identity that the argument rests on;
4. the leaf boxes of each condition fill its domain exactly, and the polynomial is positive on every one;
5. the verdicts say what was found.

That regions, level substitution, slow curve and Bernstein form stand here a second time is on purpose: a mistake in the
rooms that wrote the certificate would be repeated by a checker that calls them, and go unseen. It imports nothing of
edgestab outside the ``checker`` modules.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from .checker_algebra import (
    CertificateError,
    Poly,
    Ratio,
    Side,
    UndecidedError,
    bernstein_floor,
    field,
    rational,
    read_box,
    require,
    tiles,
)
from .checker_sharp import check_strip

FORMERLY = {
    "turn": "sign-change",
    "decay": "contraction-rate",
    "excess-above": "distance-above",
    "excess-below": "distance-below",
    "drop-near": "undershoot-near",
    "drop-left": "undershoot-left",
    "drop-right": "undershoot-right",
}
"""What conditions are called in files that were written under the former names."""

ACCEPTED, REJECTED, UNDECIDED = "accepted", "rejected", "undecided"


@dataclass(frozen=True)
class Judgement:
    """What the checker found.

    Attributes:
        status: accepted, rejected or undecided.
        reason: why, in one sentence.
        conditions: conditions verified.
        boxes: leaf boxes verified.
    """

    status: str
    reason: str
    conditions: int = 0
    boxes: int = 0

    @property
    def exit_code(self) -> int:
        """0 accepted, 1 rejected, 3 undecided."""
        return {ACCEPTED: 0, REJECTED: 1, UNDECIDED: 3}[self.status]


class _Check:
    """One run over one certificate."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.conditions = self.boxes = 0
        self.open: list[str] = []

    def run(self) -> None:
        require(field(self.data, "format", "certificate") == "edgestab certificate 1", "unknown format")
        claim = field(self.data, "claim", "certificate", lambda v: v in ("theorem-1", "theorem-1-sharp"))
        self.map()
        regions = field(self.data, "regions", "certificate", lambda v: isinstance(v, list) and bool(v))
        self.constants(regions)
        listed = field(self.data, "conditions", "certificate", lambda v: isinstance(v, list))
        named: dict[tuple[int, str], dict[str, Any]] = {}
        for record in listed:
            name = FORMERLY.get(record.get("name"), record.get("name"))
            key = (record.get("region"), name)
            require(key not in named, f"condition {key} appears twice")
            named[key] = {**record, "name": name}
        for index, region in enumerate(regions):
            self.region(index, region, named)
        if claim == "theorem-1-sharp":
            require(len(regions) == 1, "the sharp form needs one region")
            self.strip(regions[0], named)
        require(not named, f"conditions that nothing asks for: {sorted(map(str, named))}")
        self.verdict()

    def map(self) -> None:
        """The map is gradient descent, and the digest is that of the map."""
        record = field(self.data, "map", "certificate")
        shape = (record.get("variables"), record.get("parameters"))
        require(shape == (["z", "T"], ["epsilon"]), "the map must be one of (z, T) with parameter epsilon")
        listed = field(record, "components", "map", lambda v: isinstance(v, list) and len(v) == 2)
        canonical = {
            "variables": ["z", "T"],
            "parameters": ["epsilon"],
            "components": [
                sorted([term["exponents"], term["coefficient"]] for term in component) for component in listed
            ],
        }
        digest = hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()
        require(digest == field(record, "digest", "map"), "the map's digest is wrong")
        self.step = [Poly.read(3, component) for component in listed]

        x, v, e = (Poly.var(3, i) for i in range(3))
        f = (x * x - e * v * v) * fmpq(1, 2)
        # the gradient of f^2/2 is f (x, -e v)
        x1, v1 = x - f * x, v + f * (e * v)
        one = Poly.const(3, 1)

        def residual(a: Poly, b: Poly) -> Poly:
            return (a * a - e * b * b) * fmpq(1, 2)

        def kernel(a: Poly, b: Poly) -> Poly:
            return a * a + e * e * b * b

        inside = [Ratio.of(p, one) for p in (residual(x, v), kernel(x, v), e)]
        for image, truth in zip(self.step, (residual(x1, v1), kernel(x1, v1)), strict=True):
            require(image.put(inside).same(truth), "the map is not one step of gradient descent")
        z, T, e = (Poly.var(3, i) for i in range(3))
        # V = T - 2 (1 - e) z is e |theta|^2, and falls by e z^2 (4 - T)
        V, V1 = (t - 2 * (1 - e) * s for s, t in ((z, T), tuple(self.step)))
        require(V1.same(V - e * z * z * (4 - T)), "the weight norm does not fall as it must")
        require(V.put(inside).same(e * (x * x + v * v)), "V is not the weight norm")
        self.curvature = (z - self.step[0]).over(0, 1, "z - z'")

    def constants(self, regions: Any) -> None:
        """The regions adjoin from 0 to epsilon_max; delta is the largest width."""
        reached = fmpq(0)
        for index, region in enumerate(regions):
            low, high = read_box([field(region, "epsilon_range", f"region {index}")], 1)[0]
            require(low <= reached and low < high, f"region {index} leaves a gap in epsilon")
            require((low == 0) == (index == 0), "only the first region starts at epsilon = 0")
            reached = high
        require(reached == rational(field(self.data, "epsilon_max", "certificate")), "epsilon_max is not reached")
        require(reached <= 1, "epsilon_max exceeds 1")
        widest = max(rational(region["width"]) for region in regions)
        stated = rational(field(self.data, "delta_over_epsilon", "certificate"))
        require(stated == widest, "delta_over_epsilon is not the largest width")

    def region(self, index: int, region: dict[str, Any], named: dict[tuple[int, str], dict[str, Any]]) -> None:
        """Derive one region's conditions from the map and hold them against the file."""
        where = f"region {index}"
        slope, width, height, kappa, gap = (
            rational(field(region, name, where)) for name in ("slope", "width", "height", "early_stop", "gap")
        )
        require(slope > 0 and width > 0 and height > 0 and kappa >= 0 and gap > 0, f"{where}: constants of wrong sign")
        (eps,) = read_box([region["epsilon_range"]], 1)
        (low, high) = read_box([field(region, "z_range", where)], 1)[0]
        require(low < 0 < high < 1, f"{where}: z_range must surround 0 and end below 1")
        for end in (low, high):
            require(slope * end * end >= height * (1 - end), f"{where}: z_range does not hold the region")
        split = region.get("split")
        cut = low if split is None else max(low, rational(split))
        require(cut < 0, f"{where}: split must be negative")

        z, level, e = (Poly.var(3, i) for i in range(3))
        pole = 1 - z
        p = Ratio(z * z, 1, pole)
        W = 2 + slope * p + (height - slope * p) * level
        V = W - width * e
        T = V + 2 * (1 - e) * z
        h = self.curvature.put([Ratio.of(z, pole), T, Ratio.of(e, pole)])
        znext = Ratio.of(z, pole) * (1 - h)
        F = (W - e * z * z * (4 - T) - 2) * (1 - znext) - slope * znext * znext

        def take(name: str, left: fmpq, right: fmpq, expected: Ratio | None = None) -> Ratio:
            record = named.pop((index, name), None)
            require(record is not None, f"{where} lacks the condition {name}")
            found = self.condition(record, ("z", "level", "epsilon"), ((left, right), (fmpq(0), fmpq(1)), eps), pole)
            if expected is not None:
                require(found.same(expected), f"{where}: {name} is not the condition it says")
            return found

        take("sign-change", low, high, h - 1 + kappa * (2 - V))
        take("ceiling", low, high, 4 - gap - T)
        take("regular", low, high, 1 - znext)
        lift, drift = take("lift", cut, high), take("drift", cut, high)
        if eps[0] == 0:
            # the rest is non-negative for slope <= 2, h > 0, z < 1, 0 <= epsilon <= eps[1]
            require(slope <= 2 and kappa == 0, f"{where}: slope and early_stop do not fit epsilon -> 0")
            rest = slope / 2 * (2 - slope) * h * (2 - z) * p * (1 - e * (1 / eps[1]))
            drift = Ratio.of(e, pole) * drift + rest
        right = (height - slope * p) * level * lift + z * z * drift
        require(F.same(right), f"{where}: lift and drift do not add up to the next height above the barrier")
        if cut > low:
            take("far", low, cut, F)
        self.starts(index, region, named, (slope, width, height), eps)

    def starts(self, index: int, region: dict[str, Any], named: dict[Any, Any], shape: Any, eps: Side) -> None:
        """The start set's conditions, derived from the map again."""
        start = region.get("start")
        if start is None:
            return
        where = f"start of region {index}"
        slope, width, height = shape
        a_range, n_range, e_range = (
            read_box([field(start, name, where)], 1)[0] for name in ("a_range", "n_range", "epsilon_range")
        )
        lean, ratio, over = (rational(field(start, name, where)) for name in ("lean", "ratio", "overshoot"))
        require(a_range[0] < a_range[1] < 0 and n_range[0] < n_range[1], f"{where}: an empty or misplaced window")
        require(eps[0] <= e_range[0] < e_range[1] <= eps[1], f"{where}: epsilon outside its region")
        require(ratio >= 1 and over >= 0, f"{where}: ratio or overshoot of wrong size")
        a, n, r, e = (Poly.var(4, i) for i in range(4))
        one = Poly.const(4, 1)
        z, V = r * a, r * (n - lean * e)
        T = V + 2 * (1 - e) * z
        after = self.step[1].put([Ratio.of(x, one) for x in (z, T, e)]).top
        W = V + width * e
        wanted = {
            "start-below": 2 - T,
            "start-overshoot": after - 2 - over,
            "start-above-barrier": (W - 2) * (1 - z) - slope * (z * z),
            "start-below-top": 2 + height - W,
            "start-first-weight": V + 2 * z,
            "start-second-weight": V - 2 * e * z,
        }
        domain = (a_range, n_range, (fmpq(1), ratio), e_range)
        for name, expected in wanted.items():
            record = named.pop((index, name), None)
            require(record is not None, f"{where} lacks the condition {name}")
            found = self.condition(record, ("a", "n", "r", "epsilon"), domain, one)
            require(found.same(expected), f"{where}: {name} is not the condition it says")

    def condition(self, record: Any, variables: tuple[str, ...], domain: tuple[Side, ...], pole: Poly) -> Ratio:
        """One condition: its box, its tiling, its sign on every leaf."""
        name = f"condition {record['name']} of region {record['region']}"
        require(tuple(field(record, "variables", name)) == variables, f"{name}: wrong variables")
        size = len(variables)
        require(read_box(field(record, "box", name), size) == domain, f"{name}: its box is not the domain needed")
        polynomial = Poly.read(size, field(record, "polynomial", name))
        power = field(record, "pole_power", name, lambda v: type(v) is int and v >= 0)
        leaves = [read_box(leaf, size) for leaf in field(record, "boxes", name)]
        left = [read_box(leaf, size) for leaf in field(record, "undecided", name)]
        require(tiles(domain, [*leaves, *left]), f"{name}: the boxes do not fill the domain exactly")
        for leaf in leaves:
            floor = bernstein_floor(polynomial, leaf)
            require(floor > 0, f"{name}: not shown positive on {[(str(a), str(b)) for a, b in leaf]}")
            self.boxes += 1
        verdict = field(record, "verdict", name)
        require(verdict == ("UNKNOWN" if left else "TRUE"), f"{name}: the verdict {verdict} does not follow")
        if left:
            self.open.append(name)
        self.conditions += 1
        return Ratio(polynomial, int(power), pole)

    def strip(self, region: dict[str, Any], named: dict[Any, Any]) -> None:
        """The strip about the slow curve, and the constant that it gives."""
        variables = ("z", "level", "epsilon")

        def take(name: str, domain: tuple[Side, ...], needed: Poly, pole: Poly) -> None:
            record = named.pop(("strip", name), None)
            require(record is not None, f"the strip lacks the condition {name}")
            found, power = self.condition(record, variables, domain, pole).top, 0
            # the file's polynomial is the one needed, less powers of the pole
            while sum(found.high) < sum(needed.high) and power < 60:
                found, power = found * pole, power + 1
            require(found.same(needed), f"strip: {name} is not the condition it says")

        check_strip(self.curvature, region, field(self.data, "strip", "certificate"), take)

    def verdict(self) -> None:
        """The overall verdict follows from the conditions."""
        stated = field(self.data, "verdict", "certificate")
        if self.open:
            require(stated == "UNKNOWN", f"the verdict {stated} does not follow: {self.open[0]} is open")
            raise UndecidedError(f"{len(self.open)} conditions are open, first {self.open[0]}")
        require(stated == "TRUE", f"the verdict {stated} does not follow")


def check_certificate(data: object) -> Judgement:
    """Judge a certificate.

    Args:
        data: the parsed JSON of a certificate file.

    Returns:
        accepted, rejected with the reason, or undecided.

    Raises:
        Nothing: whatever the data, it is judged.

    Source:
        Derived here, on purpose apart from the prover.

    Example:
        >>> es.proofs.check_certificate({"format": "something else"}).status
        'rejected'
    """
    if not isinstance(data, dict):
        return Judgement(REJECTED, "a certificate must be a JSON object")
    run = _Check(data)
    try:
        run.run()
    except CertificateError as error:
        return Judgement(REJECTED, str(error), run.conditions, run.boxes)
    except UndecidedError as error:
        return Judgement(UNDECIDED, str(error), run.conditions, run.boxes)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, OverflowError, ZeroDivisionError) as error:
        return Judgement(REJECTED, f"malformed certificate: {type(error).__name__}: {error}", run.conditions, run.boxes)
    return Judgement(ACCEPTED, "every condition holds on boxes that fill its domain", run.conditions, run.boxes)
