(** * Theorem 1 with explicit data

    A record [start] gives windows for [h0 f(theta)] and [h0 eps |theta|^2 + lean eps], a range of
    step sizes and an overshoot; its fields are polynomial inequalities on a box of
    [(a, n, r, e)], proved in [generated/Start*.v].  The set [U] of starts is then open and not
    empty, and from each of its points gradient descent starts below the edge [2/eta], is above
    it after one step, and ends within [w eps / eta] below it. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
From EdgeStab Require Import Map Trap Converge Descent.
Open Scope R_scope.

(** The state at a start: [a], [n] are the windows' values at the step size [h0], [r = eta / h0]. *)
Definition z_at (a r : R) : R := r * a.
Definition V_at (lean n r e : R) : R := r * (n - lean * e).
Definition T_at (lean a n r e : R) : R := V_at lean n r e + 2 * (1 - e) * z_at a r.

Record start (B : barrier) : Type := Start {
  a_lo : R; a_hi : R; n_lo : R; n_hi : R; lean : R; ratio : R; over : R; e_lo : R; e_hi : R;
  a_range : a_lo < a_hi /\ a_hi < 0;
  n_range : n_lo < n_hi;
  ratio_range : 1 < ratio;
  e_range : eps_min B <= e_lo /\ e_lo < e_hi /\ e_hi <= eps_max B;
  start_below : forall a n r e, a_lo <= a <= a_hi -> n_lo <= n <= n_hi -> 1 <= r <= ratio -> e_lo <= e <= e_hi ->
    0 < 2 - T_at lean a n r e;
  start_overshoot : forall a n r e, a_lo <= a <= a_hi -> n_lo <= n <= n_hi -> 1 <= r <= ratio -> e_lo <= e <= e_hi ->
    0 < T_step e (z_at a r) (T_at lean a n r e) - 2 - over;
  start_above_barrier : forall a n r e,
    a_lo <= a <= a_hi -> n_lo <= n <= n_hi -> 1 <= r <= ratio -> e_lo <= e <= e_hi ->
    0 < (V_at lean n r e + w B * e - 2) * (1 - z_at a r) - beta B * (z_at a r)^2;
  start_below_top : forall a n r e, a_lo <= a <= a_hi -> n_lo <= n <= n_hi -> 1 <= r <= ratio -> e_lo <= e <= e_hi ->
    0 < 2 + A B - (V_at lean n r e + w B * e);
  start_first_weight : forall a n r e,
    a_lo <= a <= a_hi -> n_lo <= n <= n_hi -> 1 <= r <= ratio -> e_lo <= e <= e_hi ->
    0 < V_at lean n r e + 2 * z_at a r;
  start_second_weight : forall a n r e,
    a_lo <= a <= a_hi -> n_lo <= n <= n_hi -> 1 <= r <= ratio -> e_lo <= e <= e_hi ->
    0 < V_at lean n r e - 2 * e * z_at a r
}.

(** The set of starts for the base step size [h0]. *)
Definition U (B : barrier) (S : start B) (e h0 : R) (q : plane) : Prop :=
  a_lo B S < h0 * f e q < a_hi B S /\ n_lo B S < h0 * e * norm2 q + lean B S * e < n_hi B S.

Section Start.
Variables (B : barrier) (S : start B).

Lemma quadratic_continuous c d : forall q : plane, continuous (fun x : plane => c * (fst x * fst x) + d * (snd x * snd x)) q.
Proof.
assert (Sq : forall k (g : plane -> R) q, continuous g q -> continuous (fun x => k * (g x * g x)) q).
{ intros k g q H. apply (continuous_mult (K := R_AbsRing) (fun _ => k) (fun x => g x * g x)); [apply continuous_const|].
  apply (continuous_mult (K := R_AbsRing) g g); exact H. }
intro q. apply (continuous_plus (V := R_NormedModule) (fun x : plane => c * (fst x * fst x)) (fun x => d * (snd x * snd x))).
- apply (Sq c (fun x : plane => fst x)). apply continuous_fst.
- apply (Sq d (fun x : plane => snd x)). apply continuous_snd.
Qed.

Lemma window_open (g : plane -> R) c d k lo hi :
  (forall x, g x + k = c * (fst x * fst x) + d * (snd x * snd x) + k) -> open (fun q : plane => lo < g q + k < hi).
Proof.
intro Hg. set (s := fun q : plane => c * (fst q * fst q) + d * (snd q * snd q)).
apply (open_ext (fun q : plane => lo < s q + k < hi)).
{ intro x. rewrite Hg. unfold s. tauto. }
apply (open_comp s (fun x : R => lo < x + k < hi)); [intros; apply quadratic_continuous|].
apply (open_ext (fun x : R => lo - k < x /\ x < hi - k)).
{ intro x. split; intros; lra. }
apply open_and; [apply open_gt|apply open_lt].
Qed.

Lemma U_open e h0 : open (U B S e h0).
Proof.
apply open_and.
- apply (open_ext (fun q : plane => a_lo B S < h0 * f e q + 0 < a_hi B S)).
  { intro q. rewrite Rplus_0_r. tauto. }
  apply (window_open (fun q => h0 * f e q) (h0 * (1/2)) (- (h0 * (1/2) * e))).
  intro x. unfold f, predictor. ring.
- apply (window_open (fun q => h0 * e * norm2 q) (h0 * e) (h0 * e)).
  intro x. unfold norm2. ring.
Qed.

Variables e h0 : R.
Hypothesis He : 0 < e.
Hypothesis Hs : e_lo B S <= e <= e_hi B S.
Hypothesis Hh : 0 < h0.

Lemma U_not_empty : exists q, U B S e h0 q.
Proof.
pose proof (a_range B S) as Ra. pose proof (n_range B S) as Rn. pose proof (ratio_range B S) as Rr.
set (a := (a_lo B S + a_hi B S)/2). set (n := (n_lo B S + n_hi B S)/2).
pose proof (start_first_weight B S a n 1 e ltac:(unfold a; lra) ltac:(unfold n; lra) ltac:(lra) Hs) as H1.
pose proof (start_second_weight B S a n 1 e ltac:(unfold a; lra) ltac:(unfold n; lra) ltac:(lra) Hs) as H2.
unfold V_at, z_at in H1, H2. rewrite !Rmult_1_l in H1, H2.
set (v := n - lean B S * e) in *.
set (x2 := (v + 2 * a) / ((1 + e) * h0)). set (y2 := (v - 2 * e * a) / (e * (1 + e) * h0)).
assert (D1 : 0 < (1 + e) * h0) by (apply Rmult_lt_0_compat; lra).
assert (D2 : 0 < e * (1 + e) * h0) by (repeat apply Rmult_lt_0_compat; lra).
assert (Hx : 0 <= x2) by (apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; exact D1]).
assert (Hy : 0 <= y2) by (apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; exact D2]).
exists (sqrt x2, sqrt y2). unfold U, f, norm2, predictor. cbn [fst snd].
replace (sqrt x2^2) with x2 by (symmetry; apply pow2_sqrt; exact Hx).
replace (sqrt y2^2) with y2 by (symmetry; apply pow2_sqrt; exact Hy).
assert (E1 : h0 * (1/2 * x2 - 1/2 * y2 * e) = a) by (unfold x2, y2; field; lra).
assert (E2 : h0 * e * (x2 + y2) = v) by (unfold x2, y2; field; lra).
rewrite E1, E2. unfold v, a, n. split; lra.
Qed.

Variables (eta : R) (q : plane).
Hypothesis Heta : h0 <= eta <= ratio B S * h0.
Hypothesis HU : U B S e h0 q.
Let a := h0 * f e q.
Let n := h0 * e * norm2 q + lean B S * e.
Let r := eta / h0.

Lemma in_windows : a_lo B S <= a <= a_hi B S /\ n_lo B S <= n <= n_hi B S /\ 1 <= r <= ratio B S.
Proof.
destruct HU as (H1 & H2). fold a in H1. fold n in H2. repeat split; try lra;
  unfold r; apply Rmult_le_reg_r with h0; try lra; replace (eta / h0 * h0) with eta by (field; lra); lra.
Qed.

Lemma z_is : eta * f e q = z_at a r.
Proof. unfold z_at, a, r. field. lra. Qed.
Lemma V_is : eta * e * norm2 q = V_at (lean B S) n r e.
Proof. unfold V_at, n, r. field. lra. Qed.
Lemma T_is : eta * lambda e q = T_at (lean B S) a n r e.
Proof.
unfold T_at. rewrite <- z_is, <- V_is. pose proof (weight_norm_theta e eta q) as H. unfold weight_norm in H. lra.
Qed.

Lemma U_basin : basin B e eta q.
Proof.
destruct in_windows as (Ha & Hn & Hr). pose proof (a_range B S).
pose proof (start_above_barrier B S a n r e Ha Hn Hr Hs). pose proof (start_below_top B S a n r e Ha Hn Hr Hs).
unfold basin. rewrite z_is, V_is.
assert (z_at a r < 0) by (unfold z_at; assert (0 < r * (- a)) by (apply Rmult_lt_0_compat; lra); lra).
repeat split; lra.
Qed.

Theorem explicit_start :
  lambda e q < 2/eta
  /\ (2 + over B S)/eta < lambda e (gd e eta q 1)
  /\ exists lim, Un_cv (fun n => lambda e (gd e eta q n)) lim
     /\ Un_cv (fun n => f e (gd e eta q n)) 0
     /\ 2/eta - w B * e / eta <= lim <= 2/eta.
Proof.
destruct in_windows as (Ha & Hn & Hr). assert (Hp : 0 < eta) by lra.
assert (Hc : forall x, eta * (x / eta) = x) by (intro; field; lra).
split; [|split].
- apply Rmult_lt_reg_l with eta; [exact Hp|]. rewrite Hc, T_is.
  pose proof (start_below B S a n r e Ha Hn Hr Hs). lra.
- apply Rmult_lt_reg_l with eta; [exact Hp|]. rewrite Hc.
  change (gd e eta q 1) with (gd_step e eta q). rewrite reduction_T, z_is, T_is.
  pose proof (start_overshoot B S a n r e Ha Hn Hr Hs). lra.
- pose proof (e_range B S). apply edge_of_stability; [exact He|lra|exact Hp|exact U_basin].
Qed.
End Start.
