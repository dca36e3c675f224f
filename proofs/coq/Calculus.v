(** * Two facts of calculus, without excluded middle

    Coq's own theorems on [exp] and Coquelicot's tactic for derivatives rest on
    [Classical_Prop.classic]; these do not. *)
From Coq Require Import Reals Lra Psatz.
Open Scope R_scope.

Lemma quartic_derivative a b c d k x :
  derivable_pt_lim (fun u => a + b * u + c * u^2 + d * u^3 + k * u^4) x (b + 2 * c * x + 3 * d * x^2 + 4 * k * x^3).
Proof.
assert (Hm : forall m n, derivable_pt_lim (fun u => m * u^n) x (m * (INR n * x ^ pred n))).
{ intros m n. apply (derivable_pt_lim_scal (fun u => u^n) m x). apply derivable_pt_lim_pow. }
assert (H1 : derivable_pt_lim (fun u => b * u) x (b * 1)) by (apply (derivable_pt_lim_scal id b x), derivable_pt_lim_id).
pose proof (derivable_pt_lim_plus _ _ x _ _ (derivable_pt_lim_const a x) H1) as P1.
pose proof (derivable_pt_lim_plus _ _ x _ _ P1 (Hm c 2%nat)) as P2.
pose proof (derivable_pt_lim_plus _ _ x _ _ P2 (Hm d 3%nat)) as P3.
pose proof (derivable_pt_lim_plus _ _ x _ _ P3 (Hm k 4%nat)) as P4.
replace (b + 2 * c * x + 3 * d * x^2 + 4 * k * x^3)
  with (0 + b * 1 + c * (INR 2 * x ^ pred 2) + d * (INR 3 * x ^ pred 3) + k * (INR 4 * x ^ pred 4))
  by (simpl; ring).
exact P4.
Qed.

(** The derivative of a function that is a quartic of one variable. *)
Lemma derivative_of_quartic (f : R -> R) a b c d k x l :
  (forall u, a + b * u + c * u^2 + d * u^3 + k * u^4 = f u) ->
  b + 2 * c * x + 3 * d * x^2 + 4 * k * x^3 = l -> derivable_pt_lim f x l.
Proof. intros Hf <-. eapply derivable_pt_lim_ext; [exact Hf|apply quartic_derivative]. Qed.

(** [exp x >= 1 + x], from the series for [x >= 0] and from [exp (-x) (1 - x) <= 1] below. *)
Lemma exp_partial_sums y : Un_cv (fun n => sum_f_R0 (fun i => / INR (fact i) * y ^ i) n) (exp y).
Proof.
unfold exp. destruct (exist_exp y) as (l & Hl). simpl. unfold exp_in, infinite_sum in Hl.
intros d Hd. destruct (Hl d Hd) as (N & HN). exists N. exact HN.
Qed.

Lemma exp_above_line_pos y : 0 <= y -> 1 + y <= exp y.
Proof.
intro Hy. replace (1 + y) with (sum_f_R0 (fun i => / INR (fact i) * y ^ i) 1) by (simpl; field).
apply sum_incr; [apply exp_partial_sums|].
intro n. apply Rmult_le_pos; [left; apply Rinv_0_lt_compat, INR_fact_lt_0|apply pow_le; exact Hy].
Qed.

Lemma exp_below_geometric y : 0 <= y < 1 -> exp y * (1 - y) <= 1.
Proof.
intro Hy. assert (Hb : forall n, sum_f_R0 (fun i => / INR (fact i) * y ^ i) n * (1 - y) <= 1 - y ^ (n + 1)).
{ induction n as [|n IH]; [simpl; lra|]. rewrite tech5. rewrite Rmult_plus_distr_r.
  assert (Hf : / INR (fact (S n)) <= 1).
  { rewrite <- Rinv_1. apply Rinv_le_contravar; [lra|]. apply (le_INR 1). apply Nat.le_succ_l, lt_O_fact. }
  assert (Hp : 0 <= y ^ (n + 1)) by (apply pow_le; lra).
  replace (S n) with (n + 1)%nat in * by (rewrite Nat.add_1_r; reflexivity).
  replace (y ^ (n + 1 + 1)) with (y ^ (n + 1) * y) by (rewrite (pow_add y (n + 1) 1); simpl; ring).
  assert (/ INR (fact (n + 1)) * y ^ (n + 1) * (1 - y) <= y ^ (n + 1) * (1 - y)).
  { apply Rmult_le_compat_r; [lra|]. rewrite <- (Rmult_1_l (y ^ (n + 1))) at 2. apply Rmult_le_compat_r; assumption. }
  lra. }
apply Rle_cv_lim with (Un := fun n => sum_f_R0 (fun i => / INR (fact i) * y ^ i) n * (1 - y)) (Vn := fun _ => 1).
- intro n. specialize (Hb n). pose proof (pow_le y (n + 1) ltac:(lra)). lra.
- apply (CV_mult _ (fun _ => 1 - y)); [apply exp_partial_sums|].
  intros d Hd. exists O. intros. unfold R_dist. rewrite Rminus_diag_eq by reflexivity. rewrite Rabs_R0. exact Hd.
- intros d Hd. exists O. intros. unfold R_dist. rewrite Rminus_diag_eq by reflexivity. rewrite Rabs_R0. exact Hd.
Qed.

Lemma exp_above_line x : 1 + x <= exp x.
Proof.
destruct (Rle_dec 0 x) as [H|H]; [apply exp_above_line_pos; exact H|].
destruct (Rle_dec x (-1)) as [H1|H1]; [pose proof (exp_pos x); lra|].
pose proof (exp_below_geometric (- x) ltac:(lra)) as G. pose proof (exp_pos x) as P.
assert (E : exp x * exp (- x) = 1) by (rewrite <- exp_plus; replace (x + - x) with 0 by ring; apply exp_0).
assert (exp x * (exp (- x) * (1 - - x)) <= exp x * 1) by (apply Rmult_le_compat_l; lra).
rewrite <- Rmult_assoc, E in H0. lra.
Qed.

Lemma exp_monotone a c : a <= c -> exp a <= exp c.
Proof.
intro H. replace c with (a + (c - a)) by ring. rewrite exp_plus.
pose proof (exp_above_line (c - a)). pose proof (exp_pos a).
rewrite <- (Rmult_1_r (exp a)) at 1. apply Rmult_le_compat_l; lra.
Qed.
