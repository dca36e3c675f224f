"""``Recurrence.v``: the two-step recurrence to order 2 in z, with its complete remainder, as polynomial identities."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import fmpq_mpoly

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import Exponents, PolyRing, poly_terms
from ...symbolic.planar.planar_map import PlanarMap
from .boxes import Box, integer_terms
from .identity import Identities, Quantity
from .terms import definition, header, join, real_polynomial

ORDER = 2
NAMES = ("z", "y", "e")


class Unscaled(Box):
    """Three variables as they are: identities need no box."""

    @property
    def scales(self) -> tuple[int, ...]:
        """All 1."""
        return (1, 1, 1)


WORLD = Unscaled(NAMES, tuple((Fraction(0), Fraction(1)) for _ in NAMES))


def _quantity(name: str, poly: fmpq_mpoly) -> Quantity:
    terms, factor = integer_terms(poly, WORLD.scales)
    return Quantity(name, f"rec_{name}_num", terms, factor, 0)


def _cut(poly: fmpq_mpoly, ring: PolyRing) -> tuple[fmpq_mpoly, fmpq_mpoly]:
    """The part up to ``z^ORDER``, and the rest over ``z^(ORDER + 1)``."""
    low: dict[Exponents, object] = {}
    high: dict[Exponents, object] = {}
    for (i, j, k), c in poly_terms(poly).items():
        if i <= ORDER:
            low[i, j, k] = c
        else:
            high[i - ORDER - 1, j, k] = c
    return ring.from_dict(low), ring.from_dict(high)


def recurrence_file(one: PlanarMap) -> str:
    """Write the file.

    Args:
        one: the one-step map; the recurrence must be its own.

    Returns:
        Coq source.

    Raises:
        ProofError: the derived recurrence is not the low part of the two-step map.
    """
    recurrence, curve = one.two_step(ORDER), one.nullcline(ORDER)
    z, _ = one.variables
    (epsilon,) = one.parameters
    ring = PolyRing((z, recurrence.variables[1], epsilon))
    gz, gy, ge = ring.context.gens()
    f = ring.from_expr(curve.expression())

    def step(a: fmpq_mpoly, b: fmpq_mpoly) -> tuple[fmpq_mpoly, fmpq_mpoly]:
        first, second = (p.compose(a, b, ge, ctx=ring.context) for p in one.polynomials)
        return first, second

    t0 = f + gy
    z1, t1 = step(gz, t0)
    z2, t2 = step(z1, t1)
    low_z, rest_z = _cut(z2 - gz, ring)
    low_y, rest_y = _cut(t2 - f.compose(z2, gy, ge, ctx=ring.context) - gy, ring)
    # the curve's equation (z'' - z)/z on the cut series
    _, rest_f = _cut(one.nullcline(ORDER).equation.compose(gz, f, ge, ctx=ring.context), ring)
    for name, derived, low in zip("zy", recurrence.expressions(), (low_z, low_y), strict=True):
        if ring.from_expr(derived) != low:
            raise ProofError.of("recurrence_file()", f"the derived {name} increment", "another", "They must agree.")
    known = {"t0": t0, "z1": z1, "t1": t1, "z2": z2, "t2": t2, "rz": rest_z, "ry": rest_y, "rf": rest_f}
    q = {name: _quantity(name, poly) for name, poly in known.items()}
    blocks = [
        header(
            "The two-step recurrence in (z, y) to order 2 in z, with all that is left as explicit polynomials.",
            f"one-step map {one.digest()}",
            """From Coq Require Import ZArith List Reals Lra.
From EdgeStab Require Import Layer Bernstein Reflect Map.
Import ListNotations.""",
        ),
        definition("curve", "(e z : R)", "R", real_polynomial(f, NAMES)),
        definition("dz", "(e z y : R)", "R", real_polynomial(low_z, NAMES)),
        definition("dy", "(e z y : R)", "R", real_polynomial(low_y, NAMES)),
        *(v.definition() for v in q.values()),
    ]
    for name in ("rz", "ry", "rf"):
        body = f"ev3 {q[name].literal} (1 * z) (1 * y) (1 * e) / {q[name].factor}"
        blocks.append(f"Definition rest_{name[1]} (e z y : R) : R := {body}.\n")

    def identity(name: str, used: tuple[str, ...], build: str) -> str:
        world = Identities(WORLD, [q[n] for n in used])
        g = {str(n): v for n, v in world.generators().items()}
        lift = [g["z"], g["y"], g["e"]]

        def put(p: fmpq_mpoly, a: fmpq_mpoly, b: fmpq_mpoly) -> fmpq_mpoly:
            return p.compose(a, b, g["e"], ctx=world.ring.context)

        def curve_at(a: fmpq_mpoly) -> fmpq_mpoly:
            return put(f, a, g["y"])

        cut = {"z": low_z.compose(*lift, ctx=world.ring.context), "y": low_y.compose(*lift, ctx=world.ring.context)}
        power = g["z"] ** (ORDER + 1)
        eq = one.nullcline(ORDER).equation
        expressions: dict[str, Callable[[], fmpq_mpoly]] = {
            "t0": lambda: curve_at(g["z"]) + g["y"] - g["t0"],
            "z1": lambda: put(one.polynomials[0], g["z"], g["t0"]) - g["z1"],
            "t1": lambda: put(one.polynomials[1], g["z"], g["t0"]) - g["t1"],
            "z2": lambda: put(one.polynomials[0], g["z1"], g["t1"]) - g["z2"],
            "t2": lambda: put(one.polynomials[1], g["z1"], g["t1"]) - g["t2"],
            "rz": lambda: g["z2"] - g["z"] - cut["z"] - power * g["rz"],
            "ry": lambda: g["t2"] - curve_at(g["z2"]) - g["y"] - cut["y"] - power * g["ry"],
            "rf": lambda: put(eq, g["z"], curve_at(g["z"])) - power * g["rf"],
        }
        return world.lemma(name, expressions[build]())

    uses = {
        "t0": ("t0",),
        "z1": ("t0", "z1"),
        "t1": ("t0", "t1"),
        "z2": ("z1", "t1", "z2"),
        "t2": ("z1", "t1", "t2"),
        "rz": ("z2", "rz"),
        "ry": ("z2", "t2", "ry"),
        "rf": ("rf",),
    }
    blocks += [identity(f"rec_{name}", used, name) for name, used in uses.items()]
    blocks.append(_tail(q, uses))
    return join(blocks)


def _tail(q: dict[str, Quantity], uses: dict[str, tuple[str, ...]]) -> str:
    """The ties along the two steps, and the theorems."""
    args = "(1 * z) (1 * y) (1 * e)"
    real = {
        "t0": "(curve e z + y)",
        "z1": "(z_step e z (curve e z + y))",
        "t1": "(T_step e z (curve e z + y))",
        "rz": "(rest_z e z y)",
        "ry": "(rest_y e z y)",
        "rf": "(rest_f e z y)",
    }
    real["z2"] = f"(z_step e {real['z1']} {real['t1']})"
    real["t2"] = f"(T_step e {real['z1']} {real['t1']})"
    lines = []
    for name, used in uses.items():
        if name.startswith("r"):
            proof = f"unfold rest_{name[1]}. cbn [pow]. field."
        else:
            value = f"(ev3 {q[name].literal} {args} / {q[name].factor})"
            before = [n for n in used if n != name]
            order = [n for n in used if n in (*before, name)]
            atoms = " ".join(real[n] if n != name else value for n in order)
            ties = " ".join(f"({n}_tie z y e)" if n != name else "ltac:(cbn [pow]; field)" for n in order)
            opened = "curve" if name == "t0" else ("z_step" if name.startswith("z") else "T_step")
            first = "" if name == "t0" else " at 1"
            proof = (
                f"pose proof (rec_{name} z y e {atoms} {ties}) as E.\n"
                f"assert (G : {real[name]} = {value}) by (unfold {opened}{first}; lra).\n"
                f"rewrite G. cbn [pow]. field."
            )
        lines.append(
            f"Lemma {name}_tie z y e : {real[name]} * {q[name].scale()} = ev3 {q[name].literal} {args}.\n"
            f"Proof.\n{proof}\nQed.\n"
        )

    def call(name: str) -> str:
        used = uses[name]
        return f"rec_{name} z y e {' '.join(real[n] for n in used)} {' '.join(f'({n}_tie z y e)' for n in used)}"

    n = ORDER + 1
    lines.append(
        f"""(** The curve solves [z'' = z] to the order. *)
Theorem nullcline_order z y e : let T := curve e z in
  z_step e (z_step e z T) (T_step e z T) - z = z * (z^{n} * rest_f e z y).
Proof.
intro T. pose proof ({call("rf")}) as E.
apply Rminus_diag_uniq.
match type of E with ?x = 0 => transitivity (z * x); [unfold T, z_step, T_step, curve; field|rewrite E; ring] end.
Qed.

Theorem z_recurrence z y e : let T := curve e z + y in let z1 := z_step e z T in let T1 := T_step e z T in
  z_step e z1 T1 - z = dz e z y + z^{n} * rest_z e z y.
Proof.
intros T z1 T1. pose proof ({call("rz")}) as E. unfold T1, z1, T, dz. lra.
Qed.

Theorem y_recurrence z y e : let T := curve e z + y in let z1 := z_step e z T in let T1 := T_step e z T in
  let z2 := z_step e z1 T1 in let T2 := T_step e z1 T1 in
  T2 - curve e z2 - y = dy e z y + z^{n} * rest_y e z y.
Proof.
intros T z1 T1 z2 T2. pose proof ({call("ry")}) as E. unfold T2, z2, T1, z1, T, dy.
set (a := {real["z2"]}) in *. set (b := {real["t2"]}) in *. unfold curve. unfold curve in E. lra.
Qed.
"""
    )
    return join(lines)
