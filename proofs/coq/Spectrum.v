(** * The closed planar map for every spectrum within [{mu, - eps mu, 0}] *)
From Coq Require Import Reals List Lra.
From EdgeStab Require Import Map Trap Converge Hierarchy.
Open Scope R_scope.

Section Spectrum.
Variables mu e eta : R.
Definition zs (th : point) : R := eta * mu * residual 0 th.
Definition Ts (th : point) : R := eta * M 2 th.

(** The one-step reduction: in [z = eta mu f] and [T = eta lambda] the step is the generated map. *)
Theorem one_step_z th : mu <> 0 -> in_spectrum mu e th -> zs (descend eta 0 th) = z_step e (zs th) (Ts th).
Proof.
intros Hmu H. unfold zs, Ts. rewrite residual_step. pose proof (closure mu e th 0 H) as C. simpl in C.
rewrite C. unfold z_step, residual. field.
Qed.

Theorem one_step_T th : mu <> 0 -> in_spectrum mu e th -> Ts (descend eta 0 th) = T_step e (zs th) (Ts th).
Proof.
intros Hmu H. unfold zs, Ts. rewrite hierarchy.
pose proof (closure mu e th 0 H) as C3. pose proof (closure mu e th 1 H) as C4. simpl in C3, C4.
simpl (2 + _)%nat. rewrite C4, C3. unfold T_step, residual. field.
Qed.

(** [V] is the squared length of the coordinates with a non-zero eigenvalue, times [eps eta mu^2]. *)
Theorem weight_norm_is th : in_spectrum mu e th -> (forall q t, In (q, t) th -> q <> 0) ->
  weight_norm e (zs th) (Ts th) = e * eta * mu^2 * M 0 th.
Proof.
intros H Hn. unfold weight_norm, zs, Ts, residual.
assert (E : M 2 th - mu * (1 - e) * M 1 th = e * mu^2 * M 0 th).
{ induction th as [|[q t] r IH]; [simpl; ring|]. cbn [M].
  assert (IH' : M 2 r - mu * (1 - e) * M 1 r = e * mu^2 * M 0 r).
  { apply IH; intros a b Hi; [apply (H a b)|apply (Hn a b)]; right; exact Hi. }
  replace (e * mu^2 * (q^0 * t^2 + M 0 r)) with (e * mu^2 * (q^0 * t^2) + e * mu^2 * M 0 r) by ring.
  rewrite <- IH'. pose proof (Hn q t (or_introl eq_refl)) as Hq.
  destruct (H q t (or_introl eq_refl)) as [->|[->| ->]]; [ring|ring|congruence]. }
replace (e * eta * mu^2 * M 0 th) with (eta * (e * mu^2 * M 0 th)) by ring. rewrite <- E. field.
Qed.

Variable B : barrier.
Hypothesis He0 : 0 < e.
Hypothesis He : eps_min B <= e <= eps_max B.
Hypothesis Heta : 0 < eta.
Hypothesis Hmu : 0 < mu.

Lemma spectrum_all th : in_spectrum mu e th -> forall n, in_spectrum mu e (descent eta 0 th n).
Proof. intros H n. induction n; [exact H|]. apply in_spectrum_descend. exact IHn. Qed.

Theorem edge_spectrum th : in_spectrum mu e th -> D B e (zs th) (Ts th) -> zs th <> 0 ->
  exists lam, Un_cv (fun n => M 2 (descent eta 0 th n)) lam
    /\ Un_cv (fun n => residual 0 (descent eta 0 th n)) 0
    /\ 2/eta - w B * e / eta <= lam <= 2/eta.
Proof.
intros Hs HD Hn.
destruct (edge_reduced B e He0 He (fun n => zs (descent eta 0 th n)) (fun n => Ts (descent eta 0 th n)))
  as (L & HL & Hz & Hb).
- intro n. apply one_step_z; [lra|apply spectrum_all; exact Hs].
- intro n. apply one_step_T; [lra|apply spectrum_all; exact Hs].
- exact HD.
- exact Hn.
- exists (L / eta). repeat split.
  + apply cv_unscale; [lra|exact HL].
  + assert (Hc : eta * mu <> 0) by (apply Rmult_integral_contrapositive_currified; lra).
    pose proof (cv_unscale (eta * mu) (fun n => residual 0 (descent eta 0 th n)) 0 Hc Hz) as H.
    unfold Rdiv in H. rewrite Rmult_0_l in H. exact H.
  + replace (2/eta - w B * e / eta) with ((2 - w B * e) / eta) by (field; lra).
    unfold Rdiv. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra|lra].
  + unfold Rdiv. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra|lra].
Qed.
End Spectrum.
