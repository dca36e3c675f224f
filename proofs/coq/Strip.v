(** * The sharp limit: a strip about the slow curve

    Inside a trapping region let [X = V - 2 - 2 p(z) - e phi(z, e)], with [phi] the slow curve to
    order [K].  The record [strip] says that in the band [V <= 2 + band] every step shrinks
    the distance to a strip of half-width [e psi(z, e)] about the curve by a factor
    [M <= 1 - kappa z^2 (4 - T)].  As [V] falls by [e z^2 (4 - T)], the product of
    these factors is at most [exp (- kappa (V_0 - V_n) / e)]: an exponentially small term is all
    that is left of the start.  [generated/Strip*.v] proves the record's fields. *)
From Coq Require Import Reals Lra Lia Psatz.
From EdgeStab Require Import Calculus Map Trap Converge Descent.
Open Scope R_scope.

Definition X (phi : R -> R -> R) (e z T : R) : R := weight_norm e z T - 2 - 2 * p z - e * phi z e.

Record strip (B : barrier) : Type := Strip {
  phi : R -> R -> R; psi : R -> R -> R;
  band : R; em : R; kappa : R; exc : R; drop : R;
  em_range : 0 < em /\ eps_min B = 0 /\ em <= eps_max B;
  kappa_pos : 0 < kappa;
  exc_pos : 0 < exc;
  band_pos : 0 < band;
  phi_continuous : forall e, continuity_pt (fun z => phi z e) 0;
  psi_continuous : forall e, continuity_pt (fun z => psi z e) 0;
  bounded : forall e z T, 0 < e <= em -> D B e z T -> weight_norm e z T <= 2 + band -> Rabs (X phi e z T) <= exc;
  psi_pos : forall e z T, 0 < e <= em -> D B e z T -> weight_norm e z T <= 2 + band -> 0 <= psi z e;
  contracts : forall e z T, 0 < e <= em -> D B e z T -> weight_norm e z T <= 2 + band ->
    exists M g, X phi e (z_step e z T) (T_step e z T) = M * X phi e z T + g
      /\ 0 <= M <= 1 - kappa * z^2 * (4 - T)
      /\ M * (e * psi z e) + Rabs g <= e * psi (z_step e z T) e;
  falls_little : forall e z T, 0 < e <= em -> D B e z T -> weight_norm e z T - e * z^2 * (4 - T) <= 2 + band ->
    z^2 * (4 - T) <= drop
}.

(** A term of an edge identity: even power of [z], power of [e], non-negative factors. *)
Lemma term_pos m j (z e q c : R) : 0 <= e -> 0 <= q -> 0 <= c -> 0 <= z^(2 * m) * e^j * (q * c).
Proof.
intros He Hq Hc. repeat apply Rmult_le_pos; try assumption; [|apply pow_le; exact He].
rewrite pow_mult. apply pow_le, pow2_ge_0.
Qed.

(** How generated files show [contracts]: [con], [onc], [dec] are exact functions, [Dv = 1 - z']. *)
Lemma strip_step_from d K (e z T Dv con onc dec kap Xv Xn ps pn : R) : 0 < e -> 0 < Dv -> (d <= K)%nat ->
  Xn * Dv^d = con * Xv + e * z^2 * onc -> 0 < con -> 0 < dec -> 0 <= kap * z^2 * (4 - T) ->
  con = Dv^d - z^2 * dec - kap * z^2 * (4 - T) * Dv^d ->
  0 <= Dv^K * pn - con * Dv^(K - d) * ps - z^2 * onc * Dv^(K - d) ->
  0 <= Dv^K * pn - con * Dv^(K - d) * ps + z^2 * onc * Dv^(K - d) ->
  exists M g, Xn = M * Xv + g /\ 0 <= M <= 1 - kap * z^2 * (4 - T) /\ M * (e * ps) + Rabs g <= e * pn.
Proof.
intros He HD Hd HA Hcon Hdec Hkap HB H1 H2.
assert (Hq : 0 < Dv^d) by (apply pow_lt; exact HD). assert (Hr : 0 < Dv^(K - d)) by (apply pow_lt; exact HD).
assert (EK : Dv^K = Dv^(K - d) * Dv^d) by (rewrite <- pow_add; f_equal; lia).
exists (con / Dv^d), (e * z^2 * onc / Dv^d). split; [|split].
- apply Rmult_eq_reg_r with (Dv^d); [|lra]. rewrite HA. field. lra.
- split; [apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; exact Hq]|].
  apply Rmult_le_reg_r with (Dv^d); [exact Hq|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  assert (0 <= z^2 * dec) by (apply Rmult_le_pos; [apply pow2_ge_0|lra]). lra.
- assert (Hg : Rabs (e * z^2 * onc / Dv^d) * Dv^d = e * Rabs (z^2 * onc)).
  { unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ Dv^d)) by (left; apply Rinv_0_lt_compat; exact Hq).
    rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. rewrite Rmult_assoc, Rabs_mult, (Rabs_right e) by lra. reflexivity. }
  assert (Ha : Rabs (z^2 * onc) * Dv^(K - d) <= Dv^K * pn - con * Dv^(K - d) * ps).
  { rewrite <- (Rabs_right (Dv^(K - d))) at 1 by lra. rewrite <- Rabs_mult. apply Rabs_le. lra. }
  apply Rmult_le_reg_r with (Dv^K); [rewrite EK; apply Rmult_lt_0_compat; assumption|].
  rewrite Rmult_plus_distr_r. rewrite EK at 1 2.
  replace (con / Dv^d * (e * ps) * (Dv^(K - d) * Dv^d)) with (e * (con * Dv^(K - d) * ps)) by (field; lra).
  replace (Rabs (e * z^2 * onc / Dv^d) * (Dv^(K - d) * Dv^d)) with (Rabs (e * z^2 * onc / Dv^d) * Dv^d * Dv^(K - d)) by ring.
  rewrite Hg. replace (e * pn * Dv^K) with (e * (Dv^K * pn)) by ring.
  replace (e * Rabs (z^2 * onc) * Dv^(K - d)) with (e * (Rabs (z^2 * onc) * Dv^(K - d))) by ring.
  rewrite <- Rmult_plus_distr_l. apply Rmult_le_compat_l; lra.
Qed.

Section Strip.
Variable B : barrier.
Variable S : strip B.
Variable e : R.
Hypothesis He : 0 < e <= em B S.

Lemma e_in : eps_min B <= e <= eps_max B.
Proof. pose proof (em_range B S). lra. Qed.

Section Band.
Variables z T : nat -> R.
Hypothesis Hz : forall n, z (Datatypes.S n) = z_step e (z n) (T n).
Hypothesis HT : forall n, T (Datatypes.S n) = T_step e (z n) (T n).
Hypothesis H0 : D B e (z O) (T O).
Hypothesis Hz0 : z O <> 0.
Hypothesis HV0 : V e z T O <= 2 + band B S.

Lemma in_D n : D B e (z n) (T n).
Proof. apply (D_all B e (proj1 He) e_in z T Hz HT H0). Qed.

Lemma in_band n : V e z T n <= 2 + band B S.
Proof.
induction n as [|n IH]; [exact HV0|].
pose proof (V_falls B e (proj1 He) e_in z T Hz HT H0 n). lra.
Qed.

Definition memory n : R := exp (- kappa B S * (V e z T O - V e z T n) / e).

Lemma memory_step n M : 0 <= M <= 1 - kappa B S * (z n)^2 * (4 - T n) -> M * memory n <= memory (Datatypes.S n).
Proof.
intro HM. unfold memory. rewrite (V_step e z T Hz HT n).
replace (- kappa B S * (V e z T O - (V e z T n - e * z n ^ 2 * (4 - T n))) / e)
  with (- (kappa B S * (z n)^2 * (4 - T n)) + - kappa B S * (V e z T O - V e z T n) / e) by (field; lra).
rewrite exp_plus. apply Rmult_le_compat_r; [left; apply exp_pos|].
pose proof (exp_above_line (- (kappa B S * (z n)^2 * (4 - T n)))). lra.
Qed.

Lemma near_strip n : Rabs (X (phi B S) e (z n) (T n)) <= e * psi B S (z n) e + exc B S * memory n.
Proof.
induction n as [|n IH].
- unfold memory. replace (- kappa B S * (V e z T O - V e z T O) / e) with 0 by (field; lra). rewrite exp_0.
  pose proof (bounded B S e _ _ He H0 HV0). pose proof (psi_pos B S e _ _ He H0 HV0).
  assert (0 <= e * psi B S (z O) e) by (apply Rmult_le_pos; lra). lra.
- destruct (contracts B S e _ _ He (in_D n) (in_band n)) as (M & g & E & HM & Hs).
  rewrite Hz, HT. rewrite E. eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult, (Rabs_right M) by lra.
  pose proof (memory_step n M HM) as Hm.
  assert (M * Rabs (X (phi B S) e (z n) (T n)) <= M * (e * psi B S (z n) e + exc B S * memory n))
    by (apply Rmult_le_compat_l; lra).
  assert (exc B S * (M * memory n) <= exc B S * memory (Datatypes.S n))
    by (apply Rmult_le_compat_l; [pose proof (exc_pos B S); lra|exact Hm]).
  lra.
Qed.

Lemma const_cv c : Un_cv (fun _ => c) c.
Proof. intros d Hd. exists O. intros. unfold R_dist. rewrite Rminus_diag_eq by reflexivity. rewrite Rabs_R0. exact Hd. Qed.

Lemma p_continuous : continuity_pt p 0.
Proof. unfold p. reg. lra. Qed.

Theorem limit_in_strip L : Un_cv T L ->
  Rabs (L - 2 - e * phi B S 0 e) <= e * psi B S 0 e + exc B S * exp (- kappa B S * (V e z T O - 2) / e).
Proof.
intro HL.
pose proof (z_cv B e (proj1 He) e_in z T Hz HT H0) as Hzc.
pose proof (V_lim B e (proj1 He) e_in z T Hz HT H0 L HL) as HV.
pose proof (limit_below_edge B e (proj1 He) e_in z T Hz HT H0 Hz0 L HL) as HL2.
assert (Hp : Un_cv (fun n => p (z n)) 0).
{ replace 0 with (p 0) by (unfold p; field). apply (continuity_seq p z 0 p_continuous Hzc). }
assert (HX : Un_cv (fun n => X (phi B S) e (z n) (T n)) (L - 2 - e * phi B S 0 e)).
{ unfold X. replace (L - 2 - e * phi B S 0 e) with (L - 2 - 2 * 0 - e * phi B S 0 e) by ring.
  repeat apply CV_minus.
  - exact HV.
  - apply const_cv.
  - apply (CV_mult (fun _ => 2)); [apply const_cv|exact Hp].
  - apply (CV_mult (fun _ => e)); [apply const_cv|].
    apply (continuity_seq (fun x => phi B S x e) z 0 (phi_continuous B S e) Hzc). }
apply cv_cvabs in HX.
assert (HR : Un_cv (fun n => e * psi B S (z n) e + exc B S * memory n)
  (e * psi B S 0 e + exc B S * exp (- kappa B S * (V e z T O - L) / e))).
{ apply CV_plus.
  - apply (CV_mult (fun _ => e)); [apply const_cv|].
    apply (continuity_seq (fun x => psi B S x e) z 0 (psi_continuous B S e) Hzc).
  - apply (CV_mult (fun _ => exc B S)); [apply const_cv|].
    unfold memory. apply (continuity_seq (fun v => exp (- kappa B S * (V e z T O - v) / e)) (V e z T) L); [|exact HV].
    apply derivable_continuous_pt. unfold Rdiv. reg. }
eapply Rle_trans; [exact (Rle_cv_lim near_strip HX HR)|].
apply Rplus_le_compat_l. apply Rmult_le_compat_l; [pose proof (exc_pos B S); lra|]. apply exp_monotone.
unfold Rdiv. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra|].
pose proof (kappa_pos B S). assert (kappa B S * L <= kappa B S * 2) by (apply Rmult_le_compat_l; lra). lra.
Qed.
End Band.

(** A start above the band passes a state just below its upper edge. *)
Section Above.
Variables z T : nat -> R.
Hypothesis Hz : forall n, z (Datatypes.S n) = z_step e (z n) (T n).
Hypothesis HT : forall n, T (Datatypes.S n) = T_step e (z n) (T n).
Hypothesis H0 : D B e (z O) (T O).
Hypothesis Hz0 : z O <> 0.
Hypothesis HV0 : 2 + band B S <= V e z T O.

Lemma level N : V e z T N <= 2 + band B S ->
  exists n, 2 + band B S - drop B S * e <= V e z T n <= 2 + band B S /\ (n <= N)%nat /\ (forall k, (k < n)%nat -> 2 + band B S < V e z T k).
Proof.
induction N as [|N IH]; intro HN.
- exists O. repeat split; try lra; [|apply le_n|intros k Hk; inversion Hk].
  assert (0 <= drop B S * e); [|lra]. apply Rmult_le_pos; [|lra].
  pose proof (D_low B e e_in _ _ H0). pose proof (pow2_ge_0 (z O)).
  apply Rle_trans with ((z O)^2 * (4 - T O)); [apply Rmult_le_pos; lra|].
  apply (falls_little B S e _ _ He H0). fold (V e z T O).
  assert (0 <= e * z O ^ 2 * (4 - T O)); [apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]|]. lra.
- destruct (Rle_dec (V e z T N) (2 + band B S)) as [Hle|Hgt].
  + destruct (IH Hle) as (n & H1 & H2 & H3). exists n. repeat split; try lra; [apply le_S; exact H2|exact H3].
  + exists (Datatypes.S N). pose proof (V_step e z T Hz HT N) as Es.
    pose proof (D_all B e (proj1 He) e_in z T Hz HT H0 N) as HD.
    assert (Hd : (z N)^2 * (4 - T N) <= drop B S).
    { apply (falls_little B S e _ _ He HD). fold (V e z T N). rewrite <- Es. exact HN. }
    assert (e * ((z N)^2 * (4 - T N)) <= e * drop B S) by (apply Rmult_le_compat_l; lra).
    repeat split; try lra; [apply le_n|].
    intros k Hk. apply Rlt_le_trans with (V e z T N); [lra|].
    assert (Hd2 : forall j i, V e z T (i + j) <= V e z T i).
    { induction j as [|j IHj]; intro i; [rewrite Nat.add_0_r; lra|]. rewrite Nat.add_succ_r.
      pose proof (V_falls B e (proj1 He) e_in z T Hz HT H0 (i + j)). specialize (IHj i). lra. }
    assert (E : (k + (N - k) = N)%nat) by lia.
    pose proof (Hd2 (N - k)%nat k) as Hl. rewrite E in Hl. exact Hl.
Qed.

Theorem limit_from_above L : Un_cv T L ->
  Rabs (L - 2 - e * phi B S 0 e)
    <= e * psi B S 0 e + exc B S * exp (- kappa B S * (band B S / e - drop B S)).
Proof.
intro HL. pose proof (V_lim B e (proj1 He) e_in z T Hz HT H0 L HL) as HV.
pose proof (limit_below_edge B e (proj1 He) e_in z T Hz HT H0 Hz0 L HL) as HL2.
pose proof (band_pos B S) as Hb.
destruct (HV (band B S) Hb) as (N & HN). specialize (HN N (Nat.le_refl _)). unfold R_dist in HN. apply Rabs_def2 in HN.
destruct (level N ltac:(lra)) as (n & Hn & _ & Hbefore).
assert (Hnz : z n <> 0).
{ assert (Hall : forall k, (k <= n)%nat -> z k <> 0).
  { induction k as [|k IHk]; intro Hk; [exact Hz0|]. rewrite Hz, z_step_h.
    assert (Hk2 : 2 + band B S < V e z T k) by (apply Hbefore; exact Hk).
    pose proof (D_turn B e e_in _ _ (D_all B e (proj1 He) e_in z T Hz HT H0 k)) as Ht. fold (V e z T k) in Ht.
    pose proof (stop_pos B). assert (0 <= stop B * (V e z T k - 2)) by (apply Rmult_le_pos; lra).
    apply Rmult_integral_contrapositive_currified; [apply IHk; apply Nat.lt_le_incl; exact Hk|lra]. }
  apply Hall. apply le_n. }
pose proof (limit_in_strip (fun k => z (n + k)%nat) (fun k => T (n + k)%nat)) as HS. cbv beta in HS.
assert (A1 : forall k, z (n + Datatypes.S k)%nat = z_step e (z (n + k)%nat) (T (n + k)%nat)) by (intro k; rewrite Nat.add_succ_r; apply Hz).
assert (A2 : forall k, T (n + Datatypes.S k)%nat = T_step e (z (n + k)%nat) (T (n + k)%nat)) by (intro k; rewrite Nat.add_succ_r; apply HT).
specialize (HS A1 A2). unfold V in HS. rewrite Nat.add_0_r in HS. fold (V e z T n) in HS.
specialize (HS (D_all B e (proj1 He) e_in z T Hz HT H0 n) Hnz (proj2 Hn) L).
assert (A3 : Un_cv (fun k => T (n + k)%nat) L).
{ intros d Hd. destruct (HL d Hd) as (M & HM). exists M. intros k Hk. apply HM. unfold ge in *.
  eapply Nat.le_trans; [exact Hk|apply Nat.le_add_l]. }
eapply Rle_trans; [exact (HS A3)|].
apply Rplus_le_compat_l. apply Rmult_le_compat_l; [pose proof (exc_pos B S); lra|]. apply exp_monotone.
replace (- kappa B S * (band B S / e - drop B S)) with (- kappa B S * (band B S - drop B S * e) / e) by (field; lra).
unfold Rdiv. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra|].
pose proof (kappa_pos B S).
assert (kappa B S * (band B S - drop B S * e) <= kappa B S * (V e z T n - 2)) by (apply Rmult_le_compat_l; lra). lra.
Qed.
End Above.
End Strip.

(** ** The exponential against a power of eps *)

(** [exp (-c/e) <= (e/em)^m exp (-c/em)] where [c >= m em]. *)
Lemma exp_against_power c m (em e : R) : 0 < e <= em -> INR m * em <= c -> (0 < m)%nat ->
  exp (- c / e) <= (e / em)^m * exp (- c / em).
Proof.
intros He Hc Hm. assert (Hi : 0 < INR m) by (apply lt_0_INR; exact Hm).
set (t := c * (/ e - / em)).
assert (Ht : em / e - 1 <= t / INR m).
{ unfold t. replace (em / e - 1) with (em * (/ e - / em)) by (field; lra).
  assert (0 <= / e - / em) by (assert (/ em <= / e) by (apply Rinv_le_contravar; lra); lra).
  apply Rmult_le_reg_r with (INR m); [exact Hi|]. unfold Rdiv. rewrite (Rmult_assoc _ (/ INR m)), Rinv_l, Rmult_1_r by lra.
  replace (em * (/ e - / em) * INR m) with (INR m * em * (/ e - / em)) by ring. apply Rmult_le_compat_r; assumption. }
assert (Hpow : forall n x, (exp x)^n = exp (INR n * x)).
{ induction n as [|n IH]; intro x; [simpl; rewrite Rmult_0_l, exp_0; reflexivity|].
  rewrite S_INR. simpl pow. rewrite IH, <- exp_plus. f_equal. ring. }
assert (Hexp : (em / e)^m <= exp t).
{ replace (exp t) with ((exp (t / INR m))^m) by (rewrite Hpow; f_equal; field; lra).
  apply pow_incr. split; [apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]|].
  pose proof (exp_above_line (t / INR m)). lra. }
replace (- c / e) with (- t + - c / em) by (unfold t; field; lra). rewrite exp_plus, exp_Ropp.
apply Rmult_le_compat_r; [left; apply exp_pos|].
replace (e / em) with (/ (em / e)) by (field; lra). rewrite pow_inv.
apply Rinv_le_contravar; [apply pow_lt, Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat; lra]|exact Hexp].
Qed.

(** A rational lower bound of the exponential: [exp y >= (1 + t + t^2/2 + t^3/6)^n], [t = y/n]. *)
Definition exp_low (n : nat) (y : R) : R := let t := y / INR n in (1 + t + t^2/2 + t^3/6)^n.
Lemma exp_low_ok n y : (0 < n)%nat -> 0 <= y -> exp_low n y <= exp y.
Proof.
intros Hn Hy. unfold exp_low. assert (Hi : 0 < INR n) by (apply lt_0_INR; exact Hn). set (t := y / INR n).
assert (Ht : 0 <= t) by (apply Rmult_le_pos; [exact Hy|left; apply Rinv_0_lt_compat; exact Hi]).
assert (Hpow : forall k x, (exp x)^k = exp (INR k * x)).
{ induction k as [|k IH]; intro x; [simpl; rewrite Rmult_0_l, exp_0; reflexivity|].
  rewrite S_INR. simpl pow. rewrite IH, <- exp_plus. f_equal. ring. }
replace y with (INR n * t) by (unfold t; field; lra). rewrite <- Hpow. apply pow_incr. split.
- assert (0 <= t^2) by (apply pow_le; exact Ht). assert (0 <= t^3) by (apply pow_le; exact Ht). lra.
- replace (1 + t + t^2/2 + t^3/6) with (sum_f_R0 (fun i => / INR (fact i) * t ^ i) 3) by (simpl; field).
  apply sum_incr; [apply exp_partial_sums|].
  intro k. apply Rmult_le_pos; [left; apply Rinv_0_lt_compat, INR_fact_lt_0|apply pow_le; exact Ht].
Qed.

(** What is left of the start, absorbed into the constant [C]; [G] is a number below the exponential. *)
Theorem absorbed (exc kappa band drop em e a C G : R) (m n : nat) : 0 < e <= em -> 0 < exc -> 0 < kappa ->
  (0 < m)%nat -> (0 < n)%nat -> INR m * em <= kappa * band -> drop * em <= band ->
  0 < G <= exp_low n (kappa * band / em - kappa * drop) -> a * (em^m * G) + exc <= C * (em^m * G) ->
  a * e^m + exc * exp (- kappa * (band / e - drop)) <= C * e^m.
Proof.
intros He Hexc Hk Hm Hn Hkb Hd HG HC. set (y := kappa * band / em - kappa * drop) in *.
assert (Hy : 0 <= y).
{ unfold y. replace (kappa * band / em - kappa * drop) with (kappa * ((band - drop * em) / em)) by (field; lra).
  apply Rmult_le_pos; [lra|]. apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]. }
pose proof (exp_against_power (kappa * band) m em e He Hkb Hm) as H1.
replace (- kappa * (band / e - drop)) with (- (kappa * band) / e + kappa * drop) by (field; lra). rewrite exp_plus.
assert (H2 : exp (- (kappa * band) / em) * exp (kappa * drop) <= / G).
{ rewrite <- exp_plus. replace (- (kappa * band) / em + kappa * drop) with (- y) by (unfold y; field; lra).
  rewrite exp_Ropp. apply Rinv_le_contravar; [lra|]. pose proof (exp_low_ok n y Hn Hy). lra. }
assert (Hp : 0 <= (e / em)^m) by (apply pow_le; apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
assert (Hq : 0 < em^m) by (apply pow_lt; lra).
assert (H3 : exp (- (kappa * band) / e) * exp (kappa * drop) <= (e / em)^m * / G).
{ eapply Rle_trans; [apply Rmult_le_compat_r; [left; apply exp_pos|exact H1]|]. rewrite Rmult_assoc.
  apply Rmult_le_compat_l; assumption. }
assert (H4 : exc * (exp (- (kappa * band) / e) * exp (kappa * drop)) <= exc * ((e / em)^m * / G))
  by (apply Rmult_le_compat_l; lra).
assert (E : (e / em)^m = e^m * / em^m) by (unfold Rdiv; rewrite Rpow_mult_distr, pow_inv; reflexivity).
assert (Hem : 0 <= e^m) by (apply pow_le; lra).
assert (H5 : e^m * (a + exc * / (em^m * G)) <= e^m * C).
{ apply Rmult_le_compat_l; [exact Hem|]. apply Rmult_le_reg_r with (em^m * G); [apply Rmult_lt_0_compat; lra|].
  rewrite Rmult_plus_distr_r, (Rmult_assoc exc), Rinv_l, Rmult_1_r; [exact HC|].
  apply Rmult_integral_contrapositive_currified; lra. }
rewrite E in H4. rewrite Rinv_mult in H5. lra.
Qed.

(** ** In theta *)

(** The region below a height, in the chart of that height. *)
Lemma D_height B height x y e z T : 0 < height -> x < 0 -> 0 < y ->
  height * (1 - x) <= beta B * x^2 -> height * (1 - y) <= beta B * y^2 ->
  D B e z T -> weight_norm e z T + w B * e <= 2 + height ->
  x <= z <= y /\ beta B * p z <= height /\ exists l, 0 <= l <= 1 /\ T = chart (beta B) height (w B) z l e.
Proof.
intros Hh Hx Hy H1 H2 (Hz & Hb & _) HV. destruct (chart_covers _ height _ _ _ _ Hz Hb HV) as (G1 & G2 & G3).
split; [|split; assumption]. apply (z_range (beta B) height); try assumption. exact (beta_range B).
Qed.

Lemma D_next B e z T : 0 < e -> eps_min B <= e <= eps_max B -> D B e z T -> z_step e z T < 1.
Proof. intros He0 He HD. exact (proj1 (D_step B e He0 He z T HD)). Qed.

(** The sharp form of the limit for gradient descent, from a strip and a few numbers. *)
Theorem sharp_descent B (S : strip B) (a C G : R) (m n : nat) : (0 < m)%nat -> (0 < n)%nat ->
  INR m * em B S <= kappa B S * band B S -> drop B S * em B S <= band B S ->
  0 < G <= exp_low n (kappa B S * band B S / em B S - kappa B S * drop B S) ->
  a * (em B S ^ m * G) + exc B S <= C * (em B S ^ m * G) ->
  (forall e, e * psi B S 0 e = a * e^m) ->
  forall e eta q, 0 < e <= em B S -> 0 < eta -> basin B e eta q -> 2 + band B S <= eta * e * norm2 q ->
  exists lim, Un_cv (fun k => lambda e (gd e eta q k)) lim /\ lim <= 2/eta
    /\ Rabs (eta * lim - (2 + e * phi B S 0 e)) <= C * e^m.
Proof.
intros Hm Hn Hkb Hd HG HC Hpsi e eta q He Heta Hb HN.
pose proof (e_in B S e He) as Hr.
destruct (edge_of_stability B e eta q (proj1 He) Hr Heta Hb) as (lim & H1 & _ & H3).
exists lim. split; [exact H1|]. split; [apply H3|].
destruct (basin_D B e eta q Hb) as (Hz0 & HD).
assert (HT : Un_cv (fun k => eta * lambda e (gd e eta q k)) (eta * lim)).
{ apply (CV_mult (fun _ => eta)); [apply const_cv|exact H1]. }
pose proof (limit_from_above B S e He (fun k => eta * f e (gd e eta q k)) (fun k => eta * lambda e (gd e eta q k))
  (fun k => reduction_z e eta (gd e eta q k)) (fun k => reduction_T e eta (gd e eta q k)) HD Hz0) as H.
cbv beta in H. unfold V in H. cbn [gd] in H. rewrite weight_norm_theta in H.
specialize (H HN (eta * lim) HT). rewrite Hpsi in H.
replace (eta * lim - (2 + e * phi B S 0 e)) with (eta * lim - 2 - e * phi B S 0 e) by ring.
eapply Rle_trans; [exact H|].
apply (absorbed _ _ _ _ (em B S) e a C G m n); try assumption; [apply exc_pos|apply kappa_pos].
Qed.
