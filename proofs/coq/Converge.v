(** * Convergence inside the trapping region *)
From Coq Require Import Reals Lra Psatz.
From EdgeStab Require Import Map Trap.
Open Scope R_scope.

Section Converge.
Variable B : barrier.
Variable e : R.
Hypothesis He0 : 0 < e.
Hypothesis He : eps_min B <= e <= eps_max B.
Variables z T : nat -> R.
Hypothesis Hz : forall n, z (S n) = z_step e (z n) (T n).
Hypothesis HT : forall n, T (S n) = T_step e (z n) (T n).
Hypothesis H0 : D B e (z O) (T O).
Hypothesis Hz0 : z O <> 0.
Notation om := (w B).

Lemma D_all n : D B e (z n) (T n).
Proof. induction n; [exact H0|]. rewrite Hz, HT. apply D_step; assumption. Qed.

Definition V n := weight_norm e (z n) (T n).

Lemma V_step n : V (S n) = V n - e * (z n)^2 * (4 - T n).
Proof. unfold V. rewrite Hz, HT. apply weight_norm_step. Qed.

Lemma V_drop n : e/2 * (z n)^2 <= V n - V (S n).
Proof.
rewrite V_step. pose proof (D_low B e He _ _ (D_all n)) as H.
pose proof (pow2_ge_0 (z n)). assert (0 <= e * (z n)^2) by (apply Rmult_le_pos; lra). nra.
Qed.

Lemma V_falls n : V (S n) <= V n.
Proof.
pose proof (V_drop n). pose proof (pow2_ge_0 (z n)).
assert (0 <= e/2 * (z n)^2) by (apply Rmult_le_pos; lra). lra.
Qed.

Lemma V_low n : 2 - om * e <= V n.
Proof.
destruct (D_all n) as (H1 & Hb & _). fold (V n) in Hb. pose proof (beta_range B).
pose proof (pow2_ge_0 (z n)). apply Rnot_lt_le. intro Hc.
assert (0 <= beta B * (z n)^2) by (apply Rmult_le_pos; lra). nra.
Qed.

Lemma V_cv : { L | Un_cv V L }.
Proof.
apply decreasing_cv.
- exact V_falls.
- exists (-(2 - om * e)). intros x (n & ->). unfold opp_seq. pose proof (V_low n). lra.
Qed.

Lemma z_cv : Un_cv z 0.
Proof.
destruct V_cv as (L & HL). intros d Hd.
assert (Hd2 : 0 < e * d^2 / 8).
{ pose proof (pow_lt d 2 Hd). assert (0 < e * d^2) by (apply Rmult_lt_0_compat; lra). lra. }
destruct (HL _ Hd2) as (N & HN). exists N. intros n Hn.
pose proof (HN n Hn) as A1. pose proof (HN (S n) (le_S _ _ Hn)) as A2.
unfold R_dist in *. apply Rabs_def2 in A1. apply Rabs_def2 in A2.
pose proof (V_drop n) as Hd'.
assert (Hs : (z n)^2 < d^2).
{ assert (e/2 * (z n)^2 < e/2 * d^2) by lra. apply Rmult_lt_reg_l with (e/2); lra. }
rewrite Rminus_0_r. apply Rabs_def1; nra.
Qed.

Lemma T_cv L : Un_cv V L -> Un_cv T L.
Proof.
intros HL d Hd. pose proof (eps_range B).
destruct (HL (d/2) ltac:(lra)) as (N1 & H1). destruct (z_cv (d/8) ltac:(lra)) as (N2 & H2).
exists (max N1 N2). intros n Hn.
specialize (H1 n (Nat.le_trans _ _ _ (Nat.le_max_l _ _) Hn)).
specialize (H2 n (Nat.le_trans _ _ _ (Nat.le_max_r _ _) Hn)).
unfold R_dist in *. apply Rabs_def2 in H1. apply Rabs_def2 in H2. unfold V, weight_norm in H1.
apply Rabs_def1; nra.
Qed.

Lemma V_lim L : Un_cv T L -> Un_cv V L.
Proof.
intro HL. destruct V_cv as (L' & HL'). rewrite (UL_sequence _ _ _ HL (T_cv L' HL')). exact HL'.
Qed.

Lemma V_above L : Un_cv V L -> forall n, L <= V n.
Proof. intros HL n. exact (decreasing_ineq V L V_falls HL n). Qed.

(** Above the edge a step cannot land on [z = 0]. *)
Lemma z_not_zero : (forall n, 2 <= V n) -> forall n, z n <> 0.
Proof.
intros HV n. induction n; [exact Hz0|]. rewrite Hz, z_step_h.
pose proof (D_turn B e He _ _ (D_all n)) as Ht. fold (V n) in Ht. pose proof (stop_pos B). specialize (HV n).
assert (0 <= stop B * (V n - 2)) by (apply Rmult_le_pos; lra).
apply Rmult_integral_contrapositive_currified; [exact IHn|lra].
Qed.

(** A limit above the edge would repel: [|z|] would grow. *)
Lemma limit_below_edge L : Un_cv T L -> L <= 2.
Proof.
intros HL. apply Rnot_lt_le. intro Hn. pose proof (eps_range B).
set (d := (L - 2)/2). assert (Hd : 0 < d) by (unfold d; lra).
destruct (HL d Hd) as (N1 & H1). destruct (z_cv (d/8) ltac:(lra)) as (N2 & H2).
set (N := max N1 N2).
assert (Hgrow : forall k, Rabs (z N) <= Rabs (z (N + k))).
{ induction k; [rewrite Nat.add_0_r; lra|]. rewrite Nat.add_succ_r.
  apply Rle_trans with (1 := IHk). rewrite Hz, z_step_h, Rabs_mult.
  set (m := (N + k)%nat).
  assert (Hm : (m >= N)%nat) by (unfold m; apply Nat.le_add_r).
  specialize (H1 m (Nat.le_trans _ _ _ (Nat.le_max_l _ _) Hm)).
  specialize (H2 m (Nat.le_trans _ _ _ (Nat.le_max_r _ _) Hm)).
  unfold R_dist in *. apply Rabs_def2 in H1. apply Rabs_def2 in H2.
  pose proof (D_low B e He _ _ (D_all m)) as HTm.
  assert (Hlow : 2 + d < T m) by (unfold d in *; lra).
  assert (Hzm : -(d/8) < z m < d/8) by lra.
  assert (Hdm : d <= 3/2) by lra.
  assert (Hg : 2 <= h e (z m) (T m)).
  { unfold h.
    assert (HT1 : -4 <= (1 - e) * T m + 2 * e * z m <= 4) by (split; nra).
    set (t := (1 - e) * T m + 2 * e * z m) in *.
    assert (z m * t / 2 <= d/4).
    { apply Rle_trans with (Rabs (z m * t) / 2); [pose proof (Rle_abs (z m * t)); lra|]. rewrite Rabs_mult.
      assert (Rabs (z m) * Rabs t <= d/8 * 4).
      { apply Rmult_le_compat; try apply Rabs_pos; apply Rabs_le; lra. }
      lra. }
    lra. }
  rewrite <- (Rmult_1_r (Rabs (z m))) at 1. apply Rmult_le_compat_l; [apply Rabs_pos|].
  rewrite Rabs_left by lra. lra. }
assert (HzN : 0 < Rabs (z N)).
{ apply Rabs_pos_lt, z_not_zero. intro n. pose proof (V_above L (V_lim L HL) n). lra. }
destruct (z_cv _ HzN) as (M & HM).
specialize (HM (N + M)%nat (Nat.le_add_l _ _)). unfold R_dist in HM. rewrite Rminus_0_r in HM.
specialize (Hgrow M). lra.
Qed.

Theorem edge_reduced : exists L, Un_cv T L /\ Un_cv z 0 /\ 2 - om * e <= L <= 2.
Proof.
destruct V_cv as (L & HL). exists L. pose proof (T_cv L HL) as H. repeat split.
- exact H.
- exact z_cv.
- apply Rnot_lt_le. intro Hlt. destruct (HL (2 - om * e - L) ltac:(lra)) as (N & HN).
  specialize (HN N (Nat.le_refl _)). unfold R_dist in HN. apply Rabs_def2 in HN. pose proof (V_low N). lra.
- apply limit_below_edge; assumption.
Qed.
End Converge.

Lemma cv_unscale c u l : c <> 0 -> Un_cv (fun n => c * u n) l -> Un_cv u (l / c).
Proof.
intros Hc H d Hd. assert (Hp : 0 < Rabs c) by (apply Rabs_pos_lt; exact Hc).
destruct (H (Rabs c * d)) as (N & HN); [apply Rmult_lt_0_compat; lra|].
exists N. intros n Hn. specialize (HN n Hn). unfold R_dist in *.
replace (c * u n - l) with (c * (u n - l / c)) in HN by (field; exact Hc).
rewrite Rabs_mult in HN. apply Rmult_lt_reg_l with (Rabs c); assumption.
Qed.
