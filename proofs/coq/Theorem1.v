(** * Theorem 1 of Agarwala, Pedregosa and Pennington, with numbers

    Eigenvalues [{1, -eps}], target 0, plain gradient descent with step [eta] on
    [loss = f^2 / 2], [theta = (x, v)].  [f], [lambda], [gd], [norm2] are in [Descent.v]. *)
From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From EdgeStab Require Import Map Trap Converge Hierarchy Spectrum Descent Start.
From EdgeStab Require Import BarrierLow BarrierMiddle BarrierHigh StartLow StartMiddle.
Open Scope R_scope.

(** ** All starts of a basin, every [0 < eps <= 1] *)

Definition region (e : R) : barrier :=
  if Rle_dec e (1/5) then low else if Rle_dec e (1/2) then middle else high.

Lemma region_serves e : 0 < e <= 1 -> eps_min (region e) <= e <= eps_max (region e) /\ w (region e) = 1.
Proof.
intro He. unfold region. destruct (Rle_dec e (1/5)); [cbn; lra|]. destruct (Rle_dec e (1/2)); cbn; lra.
Qed.

Theorem edge_every_eps : forall e eta p, 0 < e <= 1 -> 0 < eta -> basin (region e) e eta p ->
  exists lim, Un_cv (fun n => lambda e (gd e eta p n)) lim /\ Un_cv (fun n => f e (gd e eta p n)) 0
    /\ 2/eta - e/eta <= lim <= 2/eta.
Proof.
intros e eta p He Heta Hb. destruct (region_serves e He) as (Hr & Hw).
destruct (edge_of_stability (region e) e eta p ltac:(lra) Hr Heta Hb) as (lim & H1 & H2 & H3).
exists lim. rewrite Hw, Rmult_1_l in H3. repeat split; try assumption; apply H3.
Qed.

(** ** Any number of parameters: a spectrum within [{mu, - eps mu, 0}] *)

Theorem edge_multiplicities : forall mu e eta th, 0 < mu -> 0 < e <= 1 -> 0 < eta -> in_spectrum mu e th ->
  D (region e) e (eta * mu * residual 0 th) (eta * M 2 th) -> residual 0 th <> 0 ->
  exists lim, Un_cv (fun n => M 2 (descent eta 0 th n)) lim /\ Un_cv (fun n => residual 0 (descent eta 0 th n)) 0
    /\ 2/eta - e/eta <= lim <= 2/eta.
Proof.
intros mu e eta th Hmu He Heta Hs HD Hn. destruct (region_serves e He) as (Hr & Hw).
destruct (edge_spectrum mu e eta (region e) ltac:(lra) Hr Heta Hmu th Hs HD) as (lim & H1 & H2 & H3).
- unfold zs. repeat apply Rmult_integral_contrapositive_currified; lra.
- exists lim. rewrite Hw, Rmult_1_l in H3. repeat split; try assumption; apply H3.
Qed.

(** ** Explicit starts: below the edge, past it after one step, then just below it *)

(** [eps_c = 1/5]: the overshoot is a fifth of the edge. *)
Theorem theorem1_explicit : forall e h0, 0 < e <= 1/5 -> 0 < h0 ->
  let U := fun q => -27/100 < h0 * f e q < -1/5 /\ 43/20 < h0 * e * norm2 q < 9/4 in
  (exists q, U q) /\ open U /\
  forall q eta, U q -> h0 <= eta <= 51/50 * h0 ->
    lambda e q < 2/eta
    /\ (12/5)/eta < lambda e (gd e eta q 1)
    /\ exists lim, Un_cv (fun n => lambda e (gd e eta q n)) lim
       /\ Un_cv (fun n => f e (gd e eta q n)) 0
       /\ 2/eta - e/eta <= lim <= 2/eta.
Proof.
intros e h0 He Hh U'.
assert (HU : forall q, U low low_start e h0 q <-> U' q).
{ intro q. unfold U, U'. cbn. rewrite Rmult_0_l, Rplus_0_r. tauto. }
assert (Hs : e_lo low low_start <= e <= e_hi low low_start) by (cbn; lra).
split; [|split].
- destruct (U_not_empty low low_start e h0 ltac:(lra) Hs Hh) as (q & Hq). exists q. apply HU, Hq.
- apply (open_ext (U low low_start e h0)); [exact HU|apply U_open].
- intros q eta Hq Heta.
  destruct (explicit_start low low_start e h0 ltac:(lra) Hs Hh eta q Heta (proj2 (HU q) Hq)) as (H1 & H2 & lim & H3 & H4 & H5).
  cbn in H2, H5. rewrite Rmult_1_l in H5. split; [exact H1|]. split; [replace (12/5) with (2 + 2/5) by field; exact H2|].
  exists lim. repeat split; try assumption; apply H5.
Qed.

(** [eps_c = 3/10], in the paper's words. *)
Theorem theorem1 : forall e h0, 0 < e <= 3/10 -> 0 < h0 ->
  exists (U : plane -> Prop) (ratio : R),
    (exists q, U q) /\ open U /\ 1 < ratio /\
    forall q eta, U q -> h0 <= eta <= ratio * h0 ->
      lambda e q < 2/eta
      /\ 2/eta < lambda e (gd e eta q 1)
      /\ exists lim, Un_cv (fun n => lambda e (gd e eta q n)) lim
         /\ Un_cv (fun n => f e (gd e eta q n)) 0
         /\ 2/eta - e/eta <= lim <= 2/eta.
Proof.
assert (G : forall B (S : start B), w B = 1 -> 0 < over B S -> forall e h0, 0 < e -> e_lo B S <= e <= e_hi B S -> 0 < h0 ->
  exists (U : plane -> Prop) (ratio : R), (exists q, U q) /\ open U /\ 1 < ratio /\
    forall q eta, U q -> h0 <= eta <= ratio * h0 ->
      lambda e q < 2/eta /\ 2/eta < lambda e (gd e eta q 1)
      /\ exists lim, Un_cv (fun n => lambda e (gd e eta q n)) lim
         /\ Un_cv (fun n => f e (gd e eta q n)) 0 /\ 2/eta - e/eta <= lim <= 2/eta).
{ intros B S Hw Hov e h0 He Hs Hh. exists (U B S e h0), (ratio B S).
  split; [apply U_not_empty; assumption|]. split; [apply U_open|]. split; [apply ratio_range|].
  intros q eta Hq Heta.
  destruct (explicit_start B S e h0 He Hs Hh eta q Heta Hq) as (H1 & H2 & lim & H3 & H4 & H5).
  rewrite Hw, Rmult_1_l in H5. split; [exact H1|]. split.
  - assert (Hp : 0 < over B S / eta) by (apply Rmult_lt_0_compat; [exact Hov|apply Rinv_0_lt_compat; lra]).
    unfold Rdiv in *. rewrite Rmult_plus_distr_r in H2. lra.
  - exists lim. repeat split; try assumption; apply H5. }
intros e h0 He Hh. destruct (Rle_dec e (1/5)) as [H|H].
- apply (G low low_start); cbn; lra.
- apply (G middle middle_start); cbn; lra.
Qed.
