(** * The trapping region

    [V], the rescaled weight norm, falls at each step by exactly [e z^2 (4 - T)].
    The region [D] is [z < 1], [beta p(z) <= V - 2 + w e], [V + w e <= 2 + A], where
    [p(z) = z^2 / (1 - z)] is kept by the two-cycle of [e = 0].  [D] is mapped into itself
    as soon as six inequalities hold on a box of [(z, l, e)]; they are the fields of the
    record [barrier], and [generated/Barrier*.v] proves them for given numbers. *)
From Coq Require Import Reals Lra Psatz.
From EdgeStab Require Import Map.
Open Scope R_scope.

Definition p (z : R) : R := z^2 / (1 - z).

(** ** Exact identities of the generated map *)

(** The growth factor: [z' = z (1 - h)]. *)
Definition h (e z T : R) : R := T - z * ((1 - e) * T + 2 * e * z) / 2.

Lemma z_step_h e z T : z_step e z T = z * (1 - h e z T).
Proof. unfold z_step, h. field. Qed.

Lemma weight_norm_step e z T :
  weight_norm e (z_step e z T) (T_step e z T) = weight_norm e z T - e * z^2 * (4 - T).
Proof. unfold weight_norm, z_step, T_step. field. Qed.

(** The point of [D] at depth [l]: [l = 0] on the barrier, [l = 1] at the top. *)
Section Chart.
Variables beta A w : R.
Definition top (z l : R) : R := 2 + beta * p z + (A - beta * p z) * l.
Definition chart (z l e : R) : R := top z l - w * e + 2 * (1 - e) * z.
Definition hl (z l e : R) : R := h e z (chart z l e).
Definition image (z l e : R) : R :=
  (top z l - e * z^2 * (4 - chart z l e) - 2) * (1 - z * (1 - hl z l e)) - beta * (z * (1 - hl z l e))^2.
End Chart.

(** The part of the image that comes from the edge of [D], with [k] for the growth factor. *)
Definition edge_part (beta w e z T k : R) : R :=
  beta/2 * k * (2 - z) * (w * e + (2 - beta) * p z) - e * (4 - T) * (1 - z + (1 - beta/2) * (z * k)).

(** ** The chart covers the region *)
Lemma p_pos z : z < 1 -> 0 <= p z.
Proof.
intro H. unfold p. apply Rmult_le_pos; [apply pow2_ge_0|]. left. apply Rinv_0_lt_compat. lra.
Qed.

Lemma p_bound beta z c : z < 1 -> beta * z^2 <= c * (1 - z) -> beta * p z <= c.
Proof.
intros H Hb. unfold p. apply Rmult_le_reg_r with (1 - z); [lra|].
replace (beta * (z^2 / (1 - z)) * (1 - z)) with (beta * z^2) by (field; lra). exact Hb.
Qed.

Lemma z_range beta a x y z : 0 < beta -> 0 < a -> x < 0 -> 0 < y ->
  a * (1 - x) <= beta * x^2 -> a * (1 - y) <= beta * y^2 -> z < 1 -> beta * z^2 <= a * (1 - z) -> x <= z <= y.
Proof.
intros Hb Ha Hn Hp Hl Hh H1 Hz. split; apply Rnot_lt_le; intro Hc.
- assert (Hs : beta * x + a < 0) by (apply Rmult_lt_reg_r with (- x); nra).
  assert (Hm : (x - z) * (beta * (z + x) + a) < 0) by (assert (beta * z < 0) by nra; nra). nra.
- assert (beta * y^2 < beta * z^2) by (apply Rmult_lt_compat_l; nra). nra.
Qed.

Lemma weight_norm_chart beta a w e z l : weight_norm e z (chart beta a w z l e) = top beta a z l - w * e.
Proof. unfold weight_norm, chart. ring. Qed.

(** A point between the barrier and the height [a] has a level in [0, 1]. *)
Lemma chart_covers beta a w e z T : z < 1 -> beta * z^2 <= (weight_norm e z T - 2 + w * e) * (1 - z) ->
  weight_norm e z T + w * e <= 2 + a ->
  beta * z^2 <= a * (1 - z) /\ beta * p z <= a /\ exists l, 0 <= l <= 1 /\ T = chart beta a w z l e.
Proof.
intros Hz1 Hb HV.
assert (Hq : beta * p z <= weight_norm e z T - 2 + w * e) by (apply p_bound; assumption).
assert (Hz : beta * z^2 <= a * (1 - z)).
{ eapply Rle_trans; [exact Hb|]. apply Rmult_le_compat_r; lra. }
split; [exact Hz|]. split; [lra|].
set (q := weight_norm e z T - 2 + w * e - beta * p z).
assert (EV : T = 2 + beta * p z + q - w * e + 2 * (1 - e) * z) by (unfold q, weight_norm; ring).
destruct (Rlt_dec (beta * p z) a) as [Hlt|Hge].
- exists (q / (a - beta * p z)).
  assert (E : (a - beta * p z) * (q / (a - beta * p z)) = q) by (field; lra). split.
  + unfold q in *. split; apply Rmult_le_reg_l with (a - beta * p z); rewrite ?E; lra.
  + unfold chart, top. rewrite E. exact EV.
- exists 0. split; [lra|]. unfold chart, top. rewrite EV. unfold q in *. lra.
Qed.

(** Numbers for which [D] is a trapping region, for [eps_min <= e <= eps_max].  With
    [stop = 0] the residual changes sign at each step; with [stop > 0] a step may land on
    [z = 0], but only below the edge. *)
Record barrier : Type := Barrier {
  beta : R; A : R; w : R; eps_min : R; eps_max : R; z_lo : R; z_hi : R; z_cut : R; stop : R;
  beta_range : 0 < beta;
  A_range : 0 < A <= 1;
  w_range : 0 < w <= 2;
  eps_range : 0 <= eps_min < eps_max /\ eps_max <= 1;
  lo_neg : z_lo < 0;
  hi_pos : 0 < z_hi < 1;
  cut_neg : z_cut < 0;
  stop_pos : 0 <= stop;
  lo_edge : A * (1 - z_lo) <= beta * z_lo^2;
  hi_edge : A * (1 - z_hi) <= beta * z_hi^2;
  turn : forall z l e, z_lo <= z <= z_hi -> 0 <= l <= 1 -> eps_min <= e <= eps_max ->
    0 < hl beta A w z l e - 1 + stop * (2 - (top beta A z l - w * e));
  ceiling : forall z l e, z_lo <= z <= z_hi -> 0 <= l <= 1 -> eps_min <= e <= eps_max ->
    0 < 7/2 - chart beta A w z l e;
  regular : forall z l e, z_lo <= z <= z_hi -> 0 <= l <= 1 -> eps_min <= e <= eps_max ->
    0 < 1 - z * (1 - hl beta A w z l e);
  lift : forall z l e, z_cut <= z <= z_hi -> 0 <= l <= 1 -> eps_min <= e <= eps_max ->
    0 < 1 - z + hl beta A w z l e * (z - beta/2 * z^2 * (2 - z));
  drift : forall z l e, z_cut <= z <= z_hi -> 0 <= l <= 1 -> eps_min <= e <= eps_max ->
    0 <= edge_part beta w e z (chart beta A w z l e) (hl beta A w z l e);
  far : forall z l e, z_lo <= z < z_cut -> 0 <= l <= 1 -> eps_min <= e <= eps_max ->
    0 < image beta A w z l e
}.

(** Down to [e = 0] the drift is [e] times a regular function, plus a non-negative rest. *)
Lemma uniform_drift beta w em e z T k : 0 < beta <= 2 -> 0 < em -> 0 <= e <= em -> 0 <= k -> z < 1 ->
  0 < beta/2 * k * ((2 - z) * (w + (2 - beta)/em * p z)) - (4 - T) * (1 - z + (1 - beta/2) * (z * k)) ->
  0 <= edge_part beta w e z T k.
Proof.
intros Hb Hem He Hk Hz H.
assert (Hp : 0 <= p z) by (unfold p; apply Rmult_le_pos; [apply pow2_ge_0|left; apply Rinv_0_lt_compat; lra]).
assert (E : edge_part beta w e z T k =
  e * (beta/2 * k * ((2 - z) * (w + (2 - beta)/em * p z)) - (4 - T) * (1 - z + (1 - beta/2) * (z * k)))
  + beta/2 * k * ((2 - z) * ((2 - beta) * p z)) * ((em - e) / em)) by (unfold edge_part; field; lra).
rewrite E. apply Rplus_le_le_0_compat; [apply Rmult_le_pos; lra|].
assert (0 <= beta/2 * k) by (apply Rmult_le_pos; lra).
assert (0 <= (2 - z) * ((2 - beta) * p z)) by (apply Rmult_le_pos; [lra|apply Rmult_le_pos; lra]).
assert (0 <= (em - e) / em) by (apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
apply Rmult_le_pos; [apply Rmult_le_pos|]; assumption.
Qed.

Section Trap.
Variable B : barrier.
Notation b := (beta B).
Notation a := (A B).
Notation om := (w B).
Variable e : R.
Hypothesis He0 : 0 < e.
Hypothesis He : eps_min B <= e <= eps_max B.
Notation V := (weight_norm e).

Definition D (z T : R) : Prop :=
  z < 1 /\ b * z^2 <= (V z T - 2 + om * e) * (1 - z) /\ V z T + om * e <= 2 + a.

Lemma D_chart z T : D z T -> z_lo B <= z <= z_hi B /\ b * p z <= a /\
  exists l, 0 <= l <= 1 /\ T = chart b a om z l e.
Proof.
intros (Hz1 & Hb & HV). destruct (chart_covers b a om e z T Hz1 Hb HV) as (H1 & H2 & H3).
pose proof (beta_range B). pose proof (A_range B). pose proof (lo_neg B). pose proof (hi_pos B).
split; [|split; assumption].
apply (z_range b a); try lra; [exact (lo_edge B)|exact (hi_edge B)].
Qed.

Lemma D_low z T : D z T -> T <= 7/2.
Proof.
intros H. destruct (D_chart _ _ H) as (Hz & _ & l & Hl & ->).
pose proof (ceiling B z l e Hz Hl He). lra.
Qed.

(** Above the edge the residual changes sign. *)
Lemma D_turn z T : D z T -> 0 < h e z T - 1 + stop B * (2 - V z T).
Proof.
intros H. destruct (D_chart _ _ H) as (Hz & _ & l & Hl & ->).
pose proof (turn B z l e Hz Hl He) as Hh. rewrite weight_norm_chart. exact Hh.
Qed.

Lemma image_split z l : z < 1 -> let k := hl b a om z l e in
  image b a om z l e = (a - b * p z) * l * (1 - z + k * (z - b/2 * z^2 * (2 - z)))
                       + z^2 * edge_part b om e z (chart b a om z l e) k.
Proof. intros Hz k. unfold k, image, edge_part, hl, h, chart, top, p. field. lra. Qed.

Theorem D_step z T : D z T -> D (z_step e z T) (T_step e z T).
Proof.
intros HD. pose proof (D_low _ _ HD) as HT.
pose proof HD as (Hz1 & Hb & HV). pose proof (eps_range B). pose proof (hi_pos B).
destruct (D_chart _ _ HD) as (Hz & Hpm & l & Hl & ET).
set (k := h e z T) in *. assert (Ek : k = hl b a om z l e) by (unfold k, hl; rewrite ET; reflexivity).
assert (HF : 0 <= image b a om z l e).
{ destruct (Rlt_dec z (z_cut B)) as [Hn|Hp].
  - left. apply (far B); lra.
  - rewrite image_split by lra. apply Rplus_le_le_0_compat.
    + apply Rmult_le_pos; [apply Rmult_le_pos; lra|]. left. apply (lift B); lra.
    + apply Rmult_le_pos; [apply pow2_ge_0|apply (drift B); lra]. }
unfold image in HF. rewrite <- Ek, <- ET in HF.
assert (Hdrop : 0 <= e * z^2 * (4 - T)).
{ apply Rmult_le_pos; [apply Rmult_le_pos; [lra|apply pow2_ge_0]|lra]. }
assert (HVz : top b a z l = V z T + om * e) by (rewrite ET, weight_norm_chart; ring).
rewrite HVz in HF. unfold D. rewrite weight_norm_step, z_step_h. fold k.
pose proof (regular B z l e Hz Hl He) as Hs. rewrite <- Ek in Hs.
repeat split; lra.
Qed.
End Trap.
