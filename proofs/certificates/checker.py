"""An independent checker of certificates: it trusts neither the derivations nor the prover.

From the file alone, with its own algebra (:mod:`.checker_algebra`), it verifies that

1. the map is gradient descent on ``(x^2 - epsilon v^2)^2 / 8``, and its digest is right;
2. the regions cover ``0 < epsilon <= epsilon_max`` without gaps, and the constants are what the conditions need;
3. the conditions are the ones the argument needs: each polynomial is derived again from the map, or shown to satisfy
   the exact identity that the argument rests on;
4. the leaf boxes of each condition fill its domain exactly, and the polynomial is positive on every one;
5. verdicts, floors, identities, expressions, meanings and the statement say what was found;
6. there is nothing else in the file, except how it was made (:data:`NOT_JUDGED`).

Sizes are bounded when they are read and work before it is done, so that any file is judged within seconds.

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
    bernstein_work,
    bounded_work,
    field,
    only,
    rational,
    read_box,
    read_boxes,
    require,
    spend,
    tiles,
)
from .checker_sharp import check_strip
from .checker_words import (
    IDENTITIES,
    check_expression,
    check_meaning,
    check_sharp_statement,
    check_statement,
)

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

MAX_WORK = 4_000_000
"""Products of coefficients in one judgement: a certificate of third order takes 2.3 million."""

MAX_REGIONS = 64
"""Regions of a certificate: Theorem 1 takes three."""

MAX_POLE_POWER = 40
"""Power of the pole in a condition: Theorem 1 has at most 2."""

MAX_CONDITIONS = 1000
"""Conditions of a certificate: Theorem 1 has 28."""

NOT_JUDGED = {"run": "how the file was made (argv, versions, config); nothing of the theorem rests on it"}
"""Fields that are let through unread, with the reason."""

_TOP = ("format", "claim", "statement", "epsilon_max", "delta_over_epsilon", "map", "regions", "conditions", "verdict")
_REGION = ("slope", "width", "height", "epsilon_range", "split", "early_stop", "gap", "z_range")
_START = ("a_range", "n_range", "lean", "ratio", "overshoot", "epsilon_range")
_DOMAIN = ("box", "boxes", "undecided")
_CONDITION = ("name", "region", "meaning", "variables", "polynomial", "pole_power", *_DOMAIN, "floor", "verdict")

ACCEPTED, REJECTED, UNDECIDED = "accepted", "rejected", "undecided"


@dataclass(frozen=True)
class Judgement:
    """What the checker found.

    Attributes:
        status: accepted, rejected or undecided.
        reason: why, in one sentence.
        conditions: conditions verified.
        boxes: leaf boxes verified.
        identities: exact identities verified.
        theorem: what is proved, in words with its constants; empty unless accepted.
        regions: the trapping regions it rests on, each in words; empty unless accepted.
    """

    status: str
    reason: str
    conditions: int = 0
    boxes: int = 0
    identities: int = 0
    theorem: str = ""
    regions: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 accepted, 1 rejected, 3 undecided."""
        return {ACCEPTED: 0, REJECTED: 1, UNDECIDED: 3}[self.status]


class _Check:
    """One run over one certificate."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.conditions = self.boxes = self.identities = self.order = 0
        self.open: list[str] = []
        self.held: set[tuple[int, str]] = set()
        self.theorem = ""
        self.regions: list[str] = []

    def run(self) -> None:
        require(field(self.data, "format", "certificate") == "edgestab certificate 1", "unknown format")
        claim = field(self.data, "claim", "certificate", lambda v: v in ("theorem-1", "theorem-1-sharp"))
        own = ("strip",) if claim == "theorem-1-sharp" else ("identities",)
        only(self.data, (*_TOP, *own), "the certificate", tuple(NOT_JUDGED))
        self.map()
        regions = field(self.data, "regions", "certificate", lambda v: isinstance(v, list) and bool(v))
        require(len(regions) <= MAX_REGIONS, f"{len(regions)} regions, more than {MAX_REGIONS}")
        for index, region in enumerate(regions):
            only(region, _REGION if own == ("strip",) else (*_REGION, "start"), f"region {index}")
        self.constants(regions)
        named = self.named(field(self.data, "conditions", "certificate", lambda v: isinstance(v, list)))
        for index, region in enumerate(regions):
            self.region(index, region, named)
        if claim == "theorem-1-sharp":
            require(len(regions) == 1, "the sharp form needs one region")
            self.theorem = self.strip(regions[0], named)
        else:
            self.stated_identities()
            self.theorem = check_statement(self.data["statement"], self.top, self.delta)
        require(not named, f"conditions that nothing asks for: {sorted(map(str, named))[:3]}")
        self.verdict()

    def named(self, listed: list[Any]) -> dict[tuple[int, str], dict[str, Any]]:
        """The conditions by region and present name."""
        require(len(listed) <= MAX_CONDITIONS, f"{len(listed)} conditions, more than {MAX_CONDITIONS}")
        named: dict[tuple[int, str], dict[str, Any]] = {}
        for record in listed:
            where = record.get("region")
            require(type(where) is int or where == "strip", "a condition of no region")
            written = ("expression", "definitions") if where != "strip" else ()
            require("counterexample" not in record, "a condition with a counterexample")
            only(record, (*_CONDITION, *written), "a condition")
            name = FORMERLY.get(record["name"], record["name"])
            key = (where, name)
            require(key not in named, f"condition {key} appears twice")
            named[key] = {**record, "name": name}
        return named

    def stated_identities(self) -> None:
        """The identities that the file states are those that were verified here, no fewer and no more."""
        stated: set[tuple[int, str]] = set()
        for record in field(self.data, "identities", "certificate", lambda v: isinstance(v, list)):
            only(record, ("region", "name", "meaning", "verdict"), "an identity")
            name = FORMERLY.get(record["name"], record["name"])
            require(type(record["region"]) is int, "an identity of no region")
            key = (record["region"], name)
            require(key in self.held and key not in stated, f"the identity {key} is not asked for, or stated twice")
            require(record["meaning"] == IDENTITIES[name], f"the identity {key}: its meaning is not what is shown")
            require(record["verdict"] == "TRUE", f"the identity {key} holds, the file says {record['verdict']!r:.20}")
            stated.add(key)
        missing = sorted(map(str, self.held - stated))
        require(not missing, f"identities that the file does not state: {missing[:3]}")

    def map(self) -> None:
        """The map is gradient descent, and the digest is that of the map."""
        record = field(self.data, "map", "certificate")
        only(record, ("variables", "parameters", "components", "digest"), "the map")
        shape = (record.get("variables"), record.get("parameters"))
        require(shape == (["z", "T"], ["epsilon"]), "the map must be one of (z, T) with parameter epsilon")
        listed = field(record, "components", "map", lambda v: isinstance(v, list) and len(v) == 2)
        self.step = [Poly.read(3, component) for component in listed]
        require(all(max(p.high) <= 6 for p in self.step), "the degree of the map is not that of gradient descent")
        canonical = {
            "variables": ["z", "T"],
            "parameters": ["epsilon"],
            "components": [
                sorted([term["exponents"], term["coefficient"]] for term in component) for component in listed
            ],
        }
        digest = hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()
        require(digest == field(record, "digest", "map"), "the map's digest is wrong")

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
        self.curvature = h = (z - self.step[0]).over(0, 1, "z - z'")
        # D (U - U') = z^2 (h (2 - z) U + epsilon (4 - T)(1 - z)) with U = V - 2 - 2 p and D = 1 - z'
        pole, D = 1 - z, 1 - self.step[0]
        U = Ratio.of(V - 2, pole) - Ratio(2 * z * z, 1, pole)
        law = z * z * (h * (2 - z) * U + e * (4 - T) * pole)
        require((U * D - ((V1 - 2) * D - 2 * self.step[0] * self.step[0])).same(law), "the law of U does not hold")
        self.identities = 6

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
        self.top = reached
        widest = max(rational(region["width"]) for region in regions)
        stated = rational(field(self.data, "delta_over_epsilon", "certificate"))
        require(stated == widest, "delta_over_epsilon is not the largest width")
        self.delta = widest

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
        require(split is None or cut > low, f"{where}: split must lie within z_range, or be null")

        z, level, e = (Poly.var(3, i) for i in range(3))
        pole = 1 - z
        p = Ratio(z * z, 1, pole)
        W = 2 + slope * p + (height - slope * p) * level
        V = W - width * e
        T = V + 2 * (1 - e) * z
        h = self.curvature.put([Ratio.of(z, pole), T, Ratio.of(e, pole)])
        znext = Ratio.of(z, pole) * (1 - h)
        F = (W - e * z * z * (4 - T) - 2) * (1 - znext) - slope * znext * znext

        variables = {"z": Ratio.of(z, pole), "level": Ratio.of(level, pole), "epsilon": Ratio.of(e, pole)}
        known = {"p": p, "W": W, "V": V, "T": T, "h": h}

        def take(name: str, left: fmpq, right: fmpq, expected: Ratio | None = None) -> Ratio:
            record = named.pop((index, name), None)
            require(record is not None, f"{where} lacks the condition {name}")
            found = self.condition(record, ("z", "level", "epsilon"), ((left, right), (fmpq(0), fmpq(1)), eps), pole)
            check_expression(record, found, variables, known)
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
        self.identities += 2 if eps[0] == 0 else 1
        self.held |= {(index, name) for name in IDENTITIES if name != "uniform" or eps[0] == 0}
        if cut > low:
            take("far", low, cut, F)
        self.regions.append(
            f"{eps[0]} {'<' if eps[0] == 0 else '<='} epsilon <= {eps[1]}: {slope} z^2/(1 - z) <= V - 2 + {width} "
            f"epsilon <= {height}, V = epsilon eta |theta|^2; there {low} <= z <= {high}"
        )
        self.starts(index, region, named, (slope, width, height), eps)

    def starts(self, index: int, region: dict[str, Any], named: dict[Any, Any], shape: Any, eps: Side) -> None:
        """The start set's conditions, derived from the map again."""
        start = region.get("start")
        if start is None:
            return
        where = f"start of region {index}"
        only(start, _START, where)
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
        variables = {n: Ratio.of(Poly.var(4, i), one) for i, n in enumerate(("a", "n", "r", "epsilon"))}
        known = {n: Ratio.of(x, one) for n, x in (("z", z), ("V", V), ("T", T))}
        for name, expected in wanted.items():
            record = named.pop((index, name), None)
            require(record is not None, f"{where} lacks the condition {name}")
            require(record["pole_power"] == 0, f"{where}: {name} is a polynomial, without a pole")
            found = self.condition(record, ("a", "n", "r", "epsilon"), domain, one)
            check_expression(record, found, variables, known)
            require(found.same(expected), f"{where}: {name} is not the condition it says")

    def condition(self, record: Any, variables: tuple[str, ...], domain: tuple[Side, ...], pole: Poly) -> Ratio:
        """One condition: its box, its tiling, its sign on every leaf."""
        name = f"condition {record['name']} of region {record['region']}"
        check_meaning(record, record["name"], self.order)
        require(tuple(field(record, "variables", name)) == variables, f"{name}: wrong variables")
        size = len(variables)
        require(read_box(field(record, "box", name), size) == domain, f"{name}: its box is not the domain needed")
        polynomial = Poly.read(size, field(record, "polynomial", name))
        power = field(record, "pole_power", name, lambda v: type(v) is int and v >= 0)
        require(power <= MAX_POLE_POWER, f"{name}: a pole power above {MAX_POLE_POWER}")
        leaves = read_boxes(field(record, "boxes", name), size, name)
        left = read_boxes(field(record, "undecided", name), size, name)
        require(tiles(domain, [*leaves, *left]), f"{name}: the boxes do not fill the domain exactly")
        spend(sum(bernstein_work(polynomial, leaf) for leaf in leaves))
        floors = []
        for leaf in leaves:
            floor = bernstein_floor(polynomial, leaf)
            floors.append(floor)
            require(floor > 0, f"{name}: not shown positive on {[(str(a), str(b)) for a, b in leaf]}")
            self.boxes += 1
        least, stated = min(floors, default=None), field(record, "floor", name)
        # a floor has as many digits as the powers of a box's ends
        fine = stated is None if least is None else stated is not None and rational(stated, 2000) == least
        require(fine, f"{name}: the floor is not the least coefficient on its boxes")
        verdict = field(record, "verdict", name)
        require(verdict == ("UNKNOWN" if left else "TRUE"), f"{name}: the verdict {verdict} does not follow")
        if left:
            self.open.append(name)
        self.conditions += 1
        return Ratio(polynomial, int(power), pole)

    def strip(self, region: dict[str, Any], named: dict[Any, Any]) -> str:
        """The strip about the slow curve, and the constant that it gives."""
        variables = ("z", "level", "epsilon")

        def take(name: str, domain: tuple[Side, ...], needed: Poly, pole: Poly) -> None:
            record = named.pop(("strip", name), None)
            require(record is not None, f"the strip lacks the condition {name}")
            require(record["pole_power"] == 0, f"strip: {name} is a polynomial, without a pole")
            found, power = self.condition(record, variables, domain, pole).top, 0
            # the file's polynomial is the one needed, less powers of the pole
            while sum(found.high) < sum(needed.high) and power < 60:
                found, power = found * pole, power + 1
            require(found.same(needed), f"strip: {name} is not the condition it says")

        record = field(self.data, "strip", "certificate")
        self.order = field(record, "order", "strip", lambda v: type(v) is int and v >= 1)
        order, constant = check_strip(self.curvature, region, record, take)
        self.identities += 2
        parts = {"order": order, "epsilon_max": rational(record["epsilon_max"]), "band": rational(record["band"])}
        limits = [rational(c) for c in record["limit_coefficients"]]
        return check_sharp_statement(self.data["statement"], parts, limits, constant)

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
        with bounded_work(MAX_WORK):
            run.run()
    except CertificateError as error:
        return Judgement(REJECTED, str(error)[:300], run.conditions, run.boxes)
    except UndecidedError as error:
        return Judgement(UNDECIDED, str(error), run.conditions, run.boxes)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, OverflowError, ZeroDivisionError) as error:
        reason = f"malformed certificate: {type(error).__name__}: {error}"[:300]
        return Judgement(REJECTED, reason, run.conditions, run.boxes)
    reason = "every condition holds on boxes that fill its domain"
    regions = tuple(run.regions)
    return Judgement(ACCEPTED, reason, run.conditions, run.boxes, run.identities, run.theorem, regions)
