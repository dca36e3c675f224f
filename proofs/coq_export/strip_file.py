"""``Strip*.v``: the strip about the slow curve to one order, proved on its boxes, as a Coq record."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import sympy as sp
from flint import fmpq_mpoly

from ...symbolic.algebra.localised import Local
from ...symbolic.algebra.rings import to_fmpq, to_fraction
from ...symbolic.trapping.strip import Strip
from .bernstein import find_cuts
from .boxes import Box, box_lemma
from .identity import Identities, Quantity, positive_literal, quantity, scaled_arguments
from .terms import header, join, number

NAMES = ("z", "l", "e")


def _num(value: sp.Rational | Fraction) -> str:
    return number(value if isinstance(value, Fraction) else to_fraction(value))


@dataclass(frozen=True)
class StripWriter:
    """Writes one strip.

    Attributes:
        name: prefix of all Coq names.
        region: Coq record of the trapping region.
        strip: the derived strip.
    """

    name: str
    region: str
    strip: Strip

    @property
    def fall_bounds(self) -> tuple[Fraction, Fraction, Fraction]:
        """Bounds of ``z^2 (4 - T)``: in the region, where one step may reach the strip, and just above it."""
        return Fraction(5, 2), Fraction(1), to_fraction(self.strip.undershoot)

    @cached_property
    def box(self) -> Box:
        """The box of the strip, in ``(z, level, epsilon)``."""
        return self._box(to_fraction(self.strip.height))

    def _box(self, height: Fraction) -> Box:
        sides = self.strip.region_below(sp.Rational(height)).box()
        return Box(NAMES, tuple((to_fraction(low), to_fraction(high)) for _, (low, high) in sides))

    def _leveled(self, value: Local) -> Local:
        return self.strip.region.at_level(value)

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """T, z', D, X, p and the three functions of the contraction, by Coq name."""
        strip, f = self.strip, self.strip.series.frame
        law = strip.law
        values = {
            **{"t": law.T, "zn": law.z_next, "dn": law.D, "xv": strip.X, "pz": f.p, "q": f.q},
            **{"con": strip.factor, "onc": strip.defect_on_curve, "dec": strip.rate_margin},
        }
        return {
            name: quantity(name, self.name, self._leveled(value.reduced()), self.box) for name, value in values.items()
        }

    @property
    def phi(self) -> str:
        """The slow curve as a Coq expression in z and e."""
        return self._series("z", "p z")

    def _series(self, z: str, p: str) -> str:
        terms = []
        for (i, j, k), c in sorted(self.strip.series.coefficients.items()):
            value = to_fraction(c)
            factors = [number(value)]
            factors += [f"{base}^{n}" for base, n in (("e", i), (f"({p})", j), (z, k)) if n]
            terms.append(" * ".join(factors))
        return " + ".join(terms)

    @property
    def psi(self) -> str:
        """The half-width of the strip over epsilon."""
        K = self.strip.order
        terms = []
        for j, weight in enumerate(self.strip.weights):
            factors = [_num(weight)]
            factors += [f"{base}^{n}" for base, n in (("(p z)", K - j), ("e", j)) if n]
            terms.append(" * ".join(factors))
        return " + ".join(terms)

    @property
    def chart(self) -> str:
        """T in the chart of the strip."""
        b = self.strip.barrier
        return f"(chart {_num(b.slope)} {_num(self.strip.height)} {_num(b.width)} z l e)"

    def real(self, name: str) -> str:
        """The Coq expression that a quantity stands for."""
        step = f"(z_step e z {self.chart})"
        height, slope = _num(self.strip.height), _num(self.strip.barrier.slope)
        return {
            "t": self.chart,
            "zn": step,
            "dn": f"(1 - {step})",
            "xv": f"(X {self.name}_phi e z {self.chart})",
            "pz": "(p z)",
            "q": f"(({height} - {slope} * p z) * l)",
        }.get(name, f"({self.name}_{name} z l e)")

    def tie(self, q: Quantity, positive: bool = False) -> str:
        """The literal of a quantity, its definition if it has none yet, and the lemma that ties the two.

        Args:
            q: the quantity.
            positive: whether to prove it positive on the strip's box too.

        Returns:
            Coq source.
        """
        arguments, label = scaled_arguments(self.box), f"{self.name}_{q.name}"
        blocks = [q.definition()]
        if self.real(q.name) == f"({label} z l e)":
            body = f"ev3 {q.literal} {arguments} / {q.scale()}"
            blocks.append(f"Definition {label} (z l e : R) : R := {body}.\n")
            proof = f"unfold {label}. field. lra."
        else:
            opened = f"chart, top, z_step, X, weight_norm, {self.name}_phi, p, {q.literal}"
            proof = f"unfold {opened}.\ncbn [ev3 ev2 ev1 evL]. field. lra."
        blocks.append(
            f"Lemma {label}_tie z l e : z < 1 ->\n  {self.real(q.name)} * {q.scale()}\n"
            f"  = ev3 {q.literal} {arguments}.\nProof. intro Hz. {proof} Qed.\n"
        )
        if positive:
            cuts, _ = find_cuts(q.terms, self.box.integer_sides)
            blocks.append(positive_literal(f"{label}_num_pos", q.literal, q.terms, self.box, cuts))
            blocks.append(
                f"Lemma {label}_pos z l e : {self.box.hypotheses()} ->\n  0 < {self.real(q.name)}.\n"
                f"Proof.\nintros Hz Hl He. unfold {label}. apply Rdiv_lt_0_compat; "
                f"[apply {label}_num_pos; assumption|].\n"
                "apply Rmult_lt_0_compat; [lra|apply pow_lt; lra].\nQed.\n"
            )
        return join(blocks)

    def cofactors(self, sign: int, side: str) -> tuple[list[Quantity], dict[str, tuple[int, int, bool]]]:
        """The cofactors of one edge, and for each ``(power of e, power of z, with q)``."""
        strip, f, K = self.strip, self.strip.series.frame, self.strip.order
        grown = strip.edge(sign)
        plain, raised = strip.cofactors(grown)
        found, shape = [], {}
        for with_q, group in ((False, plain), (True, raised)):
            for j, polynomial in enumerate(group):
                name = f"{side}{'q' if with_q else ''}{j}"
                value = self._leveled(Local(f.home, polynomial, 0))
                # the common power of the pole goes to each cofactor
                value = Local(f.home, value.numerator, value.power + grown.power)
                found.append(quantity(name, self.name, value, self.box))
                shape[name] = (j, 2 * (K - int(with_q) - j), with_q)
        return found, shape

    def edge_identity(
        self, sign: int, quantities: list[Quantity], shape: dict[str, tuple[int, int, bool]]
    ) -> tuple[Identities, fmpq_mpoly]:
        """``D^K psi' - con D^(K-d) psi - sign z^2 onc D^(K-d) - z^2 (cofactors)``, which vanishes."""
        strip, K, d = self.strip, self.strip.order, self.strip.series.depth
        known = [self.quantities[n] for n in ("zn", "dn", "pz", "con", "onc")]
        world = Identities(self.box, [*known, self.quantities["q"], *quantities])
        g = world.generators()
        total = -sign * g["z"] ** 2 * g["onc"] * g["dn"] ** (K - d)
        for j, weight in enumerate(strip.weights):
            a = to_fmpq(weight)
            total += a * g["e"] ** j * (g["zn"] ** (2 * (K - j)) * g["dn"] ** j)
            total -= a * g["e"] ** j * (g["con"] * g["dn"] ** (K - d) * g["pz"] ** (K - j))
        for name, (e_power, z_power, with_q) in shape.items():
            term = g["z"] ** (2 + z_power) * g["e"] ** e_power * g[name]
            total -= term * g["q"] if with_q else term
        return world, total

    def law_identity(self) -> tuple[Identities, fmpq_mpoly]:
        """``X' D^d - con X - e z^2 onc``, which vanishes."""
        d = self.strip.series.depth
        world = Identities(self.box, [q for n, q in self.quantities.items() if n not in ("q", "dec")])
        g = world.generators()
        here = there = world.ring.zero
        for (i, j, k), c in self.strip.series.coefficients.items():
            here += c * g["e"] ** i * g["pz"] ** j * g["z"] ** k
            there += c * g["e"] ** i * g["zn"] ** (2 * j + k) * g["dn"] ** (d - j)
        ceiling = to_fmpq(self.strip.barrier.lyapunov.ceiling)
        after = g["xv"] + 2 * g["pz"] + g["e"] * here - g["e"] * g["z"] ** 2 * (ceiling - g["t"])
        total = after * g["dn"] ** d - 2 * g["zn"] ** 2 * g["dn"] ** (d - 1) - g["e"] * there
        return world, total - g["con"] * g["xv"] - g["e"] * g["z"] ** 2 * g["onc"]

    def decay_identity(self) -> tuple[Identities, fmpq_mpoly]:
        """``con - D^d + z^2 dec + contraction_rate z^2 (4 - T) D^d``, which vanishes."""
        d = self.strip.series.depth
        world = Identities(self.box, [self.quantities[n] for n in ("t", "dn", "con", "dec")])
        g = world.generators()
        ceiling, decay = to_fmpq(self.strip.barrier.lyapunov.ceiling), to_fmpq(self.strip.contraction_rate)
        bound = 1 - decay * g["z"] ** 2 * (ceiling - g["t"])
        return world, g["con"] - bound * g["dn"] ** d + g["z"] ** 2 * g["dec"]

    def drops(self) -> list[str]:
        """``z^2 (4 - T)`` in the whole region, and twice nearer to the strip: each bound lets the next be applied."""
        strip, b = self.strip, self.strip.barrier
        top, extent = to_fraction(strip.epsilon_max), to_fraction(strip.height)
        blocks = []
        stages = (to_fraction(b.height), *(extent + bound * top for bound in self.fall_bounds[:-1]))
        for tag, height, bound in zip(("far", "nearer", "near"), stages, self.fall_bounds, strict=True):
            f = strip.series.frame
            fall = f.z**2 * (to_fmpq(b.lyapunov.ceiling) - f.T_of(strip.U(f.q)))
            below = strip.region_below(sp.Rational(height))
            value = below.at_level((to_fmpq(bound) - fall).reduced())
            chart = f"chart {_num(b.slope)} {number(height)} {_num(b.width)} z l e"
            statement = f"{number(bound)} - z^2 * (4 - {chart})"
            box = self._box(height)
            lemma = box_lemma(
                f"{self.name}_{tag}", box, (value.numerator, value.power), statement, ("chart", "top", "p")
            )
            blocks.append(lemma.text)
        return blocks

    def apply(self, lemma: str, world: Identities, poly: fmpq_mpoly) -> str:
        """The Coq term that puts the real quantities into an identity."""
        used = world.used(poly)
        values = " ".join(self.real(q.name) for q in used)
        ties = " ".join(f"({self.name}_{q.name}_tie z l e Hz1)" for q in used)
        return f"{lemma} z l e {values} Hz1\n  {ties}"

    @property
    def depth(self) -> str:
        """The premise that the point lies between the barrier and the top of the strip."""
        return f"{_num(self.strip.barrier.slope)} * p z <= {_num(self.strip.height)}"

    def edge(self, sign: int, side: str) -> str:
        """All about one edge of the strip: cofactors, identity, and the inequality it gives."""
        n, d, K = self.name, self.strip.series.depth, self.strip.order
        quantities, shape = self.cofactors(sign, side)
        world, poly = self.edge_identity(sign, quantities, shape)
        step, rest = self.real("zn"), f"(1 - {self.real('zn')})^{K - d}"
        facts, terms = [], []
        for c, (e_power, z_power, with_q) in shape.items():
            level = self.real("q") if with_q else "1"
            m = 1 + z_power // 2
            facts.append(
                f"pose proof (term_pos {m} {e_power} z e {level} {self.real(c)} (Rlt_le _ _ He0) "
                f"{'Hq' if with_q else 'Rle_0_1'} (Rlt_le _ _ ({n}_{c}_pos z l e Hz Hl He)))."
            )
            terms.append(f"z^(2 * {m}) * e^{e_power} * ({level} * {self.real(c)})")
        minus = "-" if sign > 0 else "+"
        goal = (
            f"(1 - {step})^{K} * {n}_psi {step} e - {self.real('con')} * {rest} * {n}_psi z e\n"
            f"    {minus} z^2 * {self.real('onc')} * {rest}"
        )
        joined = "\n    + ".join(terms)
        text = f"""Lemma {n}_{side} z l e : {self.box.hypotheses()} -> 0 < e -> {self.depth} -> {step} < 1 ->
  0 <= {goal}.
Proof.
intros Hz Hl He He0 Hd HD. assert (Hz1 : z < 1) by lra.
assert (Hq : 0 <= {self.real("q")}) by (apply Rmult_le_pos; lra).
{chr(10).join(facts)}
pose proof ({self.apply(f"{n}_{side}_id", world, poly)}) as E.
match type of E with ?x = 0 => assert (G : {goal}
    - ({joined}) = x) end.
{{ unfold {n}_psi, p. cbn [Nat.mul Nat.add]. field. lra. }}
rewrite E in G. lra.
Qed.
"""
        return join([*(self.tie(q, positive=True) for q in quantities), world.lemma(f"{n}_{side}_id", poly), text])

    def contraction(self) -> str:
        """The law and the decay as identities, and the lemma that a step of the chart contracts."""
        n, d, K = self.name, self.strip.series.depth, self.strip.order
        law, law_poly = self.law_identity()
        decay, decay_poly = self.decay_identity()
        ch, zn, con, onc, dec = (self.real(q) for q in ("t", "zn", "con", "onc", "dec"))
        kappa = _num(self.strip.contraction_rate)
        text = f"""Lemma {n}_step z l e : {self.box.hypotheses()} -> 0 < e -> {self.depth} -> {zn} < 1 -> {ch} <= 4 ->
  exists M g, X {n}_phi e {zn} (T_step e z {ch}) = M * X {n}_phi e z {ch} + g
    /\\ 0 <= M <= 1 - {kappa} * z^2 * (4 - {ch})
    /\\ M * (e * {n}_psi z e) + Rabs g <= e * {n}_psi {zn} e.
Proof.
intros Hz Hl He He0 Hd HD HT. assert (Hz1 : z < 1) by lra.
apply (strip_step_from {d} {K} e z {ch} (1 - {zn}) {con} {onc} {dec}).
- exact He0.
- lra.
- repeat constructor.
- pose proof ({self.apply(f"{n}_law", law, law_poly)}) as E.
  assert (EX : X {n}_phi e {zn} (T_step e z {ch})
    = weight_norm e z {ch} - e * z^2 * (4 - {ch}) - 2 - 2 * p {zn} - e * {n}_phi {zn} e)
    by (unfold X; rewrite weight_norm_step; reflexivity).
  assert (EV : weight_norm e z {ch} = X {n}_phi e z {ch} + 2 + 2 * p z + e * {n}_phi z e) by (unfold X; ring).
  rewrite EX, EV. apply Rminus_diag_uniq.
  match type of E with ?x = 0 => transitivity x; [unfold {n}_phi at 2 3, p; field; lra|exact E] end.
- exact ({n}_con_pos z l e Hz Hl He).
- exact ({n}_dec_pos z l e Hz Hl He).
- apply Rmult_le_pos; [apply Rmult_le_pos; [lra|apply pow2_ge_0]|lra].
- pose proof ({self.apply(f"{n}_decay", decay, decay_poly)}) as E. lra.
- apply {n}_upper; assumption.
- apply {n}_lower; assumption.
Qed.
"""
        return join([law.lemma(f"{n}_law", law_poly), decay.lemma(f"{n}_decay", decay_poly), text])

    def bounds(self) -> str:
        """``distance - X`` and ``distance + X``, positive on the strip."""
        strip, n = self.strip, self.name
        blocks = []
        for name, sign in (("exa", -1), ("exb", 1)):
            q = quantity(name, n, self._leveled((to_fmpq(strip.distance) + sign * strip.X).reduced()), self.box)
            world = Identities(self.box, [self.quantities["xv"], q])
            g = world.generators()
            blocks += [
                self.tie(q, positive=True),
                world.lemma(f"{n}_{name}_id", g[name] - sign * g["xv"] - to_fmpq(strip.distance)),
            ]
        xv = self.real("xv")
        blocks.append(
            f"Lemma {n}_bounded z l e : {self.box.hypotheses()} ->\n  Rabs {xv} <= {_num(strip.distance)}.\n"
            "Proof.\nintros Hz Hl He. assert (Hz1 : z < 1) by lra.\n"
            f"pose proof ({n}_exa_pos z l e Hz Hl He). pose proof ({n}_exb_pos z l e Hz Hl He).\n"
            + "\n".join(
                f"pose proof ({n}_{q}_id z l e {xv} {self.real(q)} Hz1 ({n}_xv_tie z l e Hz1) ({n}_{q}_tie z l e Hz1))."
                for q in ("exa", "exb")
            )
            + "\napply Rabs_le. lra.\nQed.\n"
        )
        return join(blocks)

    def _place(self, tag: str, height: Fraction) -> str:
        """The lemma that puts a point of the region below a height into that height's chart."""
        b = self.strip.barrier
        (low, high), *_ = self._box(height).sides
        slope, width = _num(b.slope), _num(b.width)
        return f"""Lemma {self.name}_{tag} e z T : D {self.region} e z T ->
  weight_norm e z T + {width} * e <= 2 + {number(height)} ->
  {number(low)} <= z <= {number(high)} /\\ {slope} * p z <= {number(height)}
  /\\ exists l, 0 <= l <= 1 /\\ T = chart {slope} {number(height)} {width} z l e.
Proof.
intros HD HV. apply (D_height {self.region} {number(height)} {number(low)} {number(high)} e z T);
  cbn [beta w {self.region}]; try assumption; lra.
Qed.
"""

    def record(self) -> str:
        """The Coq record of the strip."""
        strip, n, region = self.strip, self.name, self.region
        top, extent, height = (to_fraction(x) for x in (strip.epsilon_max, strip.extent, strip.height))
        far, nearer, _ = self.fall_bounds
        places = [
            self._place("at", height),
            self._place("at_far", to_fraction(strip.barrier.height)),
            self._place("at_nearer", height + far * top),
            self._place("at_near", height + nearer * top),
        ]
        values = (strip.extent, strip.epsilon_max, strip.contraction_rate, strip.distance, strip.undershoot)
        text = f"""Definition {n} : strip {region}.
Proof.
assert (At : forall e z T, 0 < e <= {_num(strip.epsilon_max)} -> D {region} e z T ->
  weight_norm e z T <= 2 + {number(extent)} ->
  weight_norm e z T + {_num(strip.barrier.width)} * e <= 2 + {number(height)}) by (intros; lra).
refine (Strip {region} {n}_phi {n}_psi {" ".join(_num(v) for v in values)} _ _ _ _ _ _ _ _ _ _);
  cbn [eps_min eps_max {region}].
- lra.
- lra.
- lra.
- lra.
- intro e. unfold {n}_phi, p. reg. lra.
- intro e. unfold {n}_psi, p. reg. lra.
- intros e z T He HD HV. destruct ({n}_at e z T HD (At e z T He HD HV)) as (Hz & Hd & l & Hl & ->).
  apply {n}_bounded; lra.
- intros e z T He HD _. pose proof (p_pos z (proj1 HD)) as Hp. unfold {n}_psi.
  repeat apply Rplus_le_le_0_compat; repeat (apply Rmult_le_pos; [|apply pow_le; lra]); lra.
- intros e z T He HD HV. pose proof (D_low {region} e ltac:(cbn; lra) z T HD) as HT.
  pose proof (D_next {region} e z T (proj1 He) ltac:(cbn; lra) HD) as Hn.
  destruct ({n}_at e z T HD (At e z T He HD HV)) as (Hz & Hd & l & Hl & ->).
  apply {n}_step; lra.
- intros e z T He HD HV.
  assert (F : z^2 * (4 - T) <= {number(far)}).
  {{ destruct ({n}_at_far e z T HD (proj2 (proj2 HD))) as (Hz & _ & l & Hl & ->).
    pose proof ({n}_far z l e Hz Hl ltac:(lra)). lra. }}
  assert (G : z^2 * (4 - T) <= {number(nearer)}).
  {{ assert (e * (z^2 * (4 - T)) <= e * {number(far)}) by (apply Rmult_le_compat_l; lra).
    destruct ({n}_at_nearer e z T HD ltac:(lra)) as (Hz & _ & l & Hl & ->).
    pose proof ({n}_nearer z l e Hz Hl ltac:(lra)). lra. }}
  assert (e * (z^2 * (4 - T)) <= e * {number(nearer)}) by (apply Rmult_le_compat_l; lra).
  destruct ({n}_at_near e z T HD ltac:(lra)) as (Hz & _ & l & Hl & ->).
  pose proof ({n}_near z l e Hz Hl ltac:(lra)). lra.
Defined.
"""
        return join([*places, text])

    def theorem(self) -> str:
        """The limit of gradient descent to this order, with its constant."""
        strip, n, region = self.strip, self.name, self.region
        K = strip.order
        top, extent, rate, distance, undershoot = (
            to_fraction(x)
            for x in (strip.epsilon_max, strip.extent, strip.contraction_rate, strip.distance, strip.undershoot)
        )
        below, steps = exponential_floor(rate * extent / top - rate * undershoot)
        last = to_fraction(strip.weights[-1])
        rest = distance / (top ** (K + 1) * below)
        constant = last + Fraction(-(-rest * 8 // 1), 8)
        series = " + ".join(
            _num(c) + ("", " * e")[min(i, 1)] + (f"^{i}" if i > 1 else "")
            for i, c in enumerate(strip.series.limit_coefficients)
            if c != 0
        )
        return f"""Theorem {n}_limit : forall e eta q, 0 < e <= {number(top)} -> 0 < eta -> basin {region} e eta q ->
  {number(2 + extent)} <= eta * e * norm2 q ->
  exists lim, Un_cv (fun k => lambda e (gd e eta q k)) lim /\\ lim <= 2/eta
    /\\ Rabs (eta * lim - ({series})) <= {number(constant)} * e^{K + 1}.
Proof.
intros e eta q He Heta Hb HN.
assert (Low : 0 < {number(below)} <= exp_low {steps} ({number(rate)} * {number(extent)} / {number(top)}
  - {number(rate)} * {number(undershoot)})).
{{ unfold exp_low. cbn [INR]. split; lra. }}
destruct (sharp_descent {region} {n} {number(last)} {number(constant)} {number(below)} {K + 1} {steps})
  with (e := e) (eta := eta) (q := q)
  as (lim & H1 & H2 & H3);
  cbn [em band kappa exc drop psi {n} INR]; try assumption; try lra; auto with arith.
- intro x. unfold {n}_psi, p. field.
- exists lim. split; [exact H1|]. split; [exact H2|].
  replace ({series}) with (2 + e * phi {region} {n} 0 e); [exact H3|].
  cbn [phi {n}]. unfold {n}_phi, p. field.
Qed.
"""


def exponential_floor(y: Fraction, steps: int = 16) -> tuple[Fraction, int]:
    """A number below ``exp(y)``, through ``(1 + t + t^2/2 + t^3/6)^steps`` with ``t = y / steps``.

    Args:
        y: non-negative.
        steps: how many factors.

    Returns:
        The number, rounded down to an integer, and the steps.
    """
    t = y / steps
    value = (1 + t + t**2 / 2 + t**3 / 6) ** steps
    return Fraction(value.numerator // value.denominator), steps


def strip_file(name: str, region: str, strip: Strip) -> str:
    """The text of one strip file.

    Args:
        name: prefix of all Coq names.
        region: Coq record of the trapping region.
        strip: the derived strip.

    Returns:
        Coq source that ends in the limit theorem.
    """
    writer = StripWriter(name, region, strip)
    imports = f"""From Coq Require Import ZArith List Reals Lra Arith.
From EdgeStab Require Import Layer Bernstein Reflect Map Trap Descent Strip Barrier{region.capitalize()}.
Import ListNotations."""
    title = f"The strip about the slow curve to order {strip.order}, 0 < eps <= {strip.epsilon_max}."
    return join(
        [
            header(title, f"one-step map {strip.barrier.one_step.digest()}", imports),
            f"Definition {name}_phi (z e : R) : R :=\n  {writer.phi}.\n",
            f"Definition {name}_psi (z e : R) : R :=\n  {writer.psi}.\n",
            *(writer.tie(q, positive=key in ("con", "dec")) for key, q in writer.quantities.items()),
            writer.edge(1, "upper"),
            writer.edge(-1, "lower"),
            writer.contraction(),
            writer.bounds(),
            *writer.drops(),
            writer.record(),
            writer.theorem(),
        ]
    )
