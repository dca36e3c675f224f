(** * The statements of the catalogue's claims

    Each [claim_..] in [generated/Statements.v] is written from the statement that a claim prints; here it is proved
    from the development. *)
From Coq Require Import List Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From EdgeStab Require Import Layer Bernstein Map Trap Hierarchy Spectrum Descent Recurrence Printed.
From EdgeStab Require Import BarrierLow BarrierMiddle BarrierHigh Theorem1 StripFirst StripSecond Sharp.
From EdgeStab Require Import Vocabulary Statements.
Import ListNotations.
Open Scope R_scope.

(** ** Points and their coordinates *)

Lemma output_residual E th : residual E th = output th - E.
Proof. reflexivity. Qed.
Lemma residual_0 th : residual 0 th = output th.
Proof. unfold residual, output. apply Rminus_0_r. Qed.

Lemma split_at i th : (i < length th)%nat ->
  exists l r, th = l ++ (eigenvalue i th, coordinate i th) :: r /\ length l = i.
Proof.
intro H. destruct (nth_split th (0, 0) H) as (l & r & E & L). exists l, r. split; [|exact L].
unfold eigenvalue, coordinate. rewrite <- surjective_pairing. exact E.
Qed.

Lemma moved_split l q t r u : moved (length l) u (l ++ (q, t) :: r) = l ++ (q, u) :: r.
Proof. induction l as [|[a b] l IH]; cbn; [reflexivity|]. rewrite IH. reflexivity. Qed.

Lemma coordinate_split l q t r : coordinate (length l) (l ++ (q, t) :: r) = t.
Proof. unfold coordinate. rewrite nth_middle. reflexivity. Qed.

Lemma M_total j th : M j th = total (length th) (fun i => eigenvalue i th ^ j * coordinate i th ^ 2).
Proof.
induction th as [|[q t] r IH]; [reflexivity|]. cbn [M]. rewrite IH.
unfold total. cbn [length seq map fold_right]. rewrite <- seq_shift, map_map. reflexivity.
Qed.

Lemma spectrum_of mu e th :
  (forall i : nat, (i < length th)%nat -> eigenvalue i th = mu \/ eigenvalue i th = - mu * e \/ eigenvalue i th = 0) ->
  in_spectrum mu e th.
Proof.
intros H q t Hi. destruct (In_nth th (q, t) (0, 0) Hi) as (i & Hl & E). specialize (H i Hl).
unfold eigenvalue in H. rewrite E in H. cbn [fst] in H. replace (- e * mu) with (- mu * e) by ring. exact H.
Qed.

(** ** Gradient descent *)

Theorem gradient_coq_holds : claim_gradient_coq.
Proof.
split.
- intros e eta x v. exists (loss_x e x v). split; [apply loss_x_ok|]. exists (loss_v e x v). split; [apply loss_v_ok|].
  exists (predictor_x e x v). split; [apply predictor_x_ok|]. exists (predictor_v e x v). split; [apply predictor_v_ok|].
  split; [rewrite predictor_is_form; field|]. split; [apply loss_is_square|].
  split; [reflexivity|]. split; [reflexivity|]. apply ntk_is_gradient_square.
- intros E eta th i Hi. destruct (split_at i th Hi) as (l & r & Eq & L).
  remember (eigenvalue i th) as q. remember (coordinate i th) as t. subst th. subst i.
  exists (residual E (l ++ (q, t) :: r) * (q * t)). split.
  { eapply derivable_pt_lim_ext; [|apply loss_partial]. intro u. rewrite moved_split. reflexivity. }
  exists (q * t). split.
  { eapply derivable_pt_lim_ext; [|apply output_partial]. intro u. unfold output. rewrite moved_split. reflexivity. }
  split.
  { unfold output. rewrite M_total. f_equal. unfold total. f_equal. apply map_ext. intro. rewrite pow_1. reflexivity. }
  split; [reflexivity|]. split; [reflexivity|]. split; [rewrite output_residual; ring|].
  unfold descend at 1. rewrite map_app. cbn [map fst snd].
  rewrite <- (map_length (fun c => (fst c, snd c - eta * (residual E (l ++ (q, t) :: r) * (fst c * snd c)))) l).
  rewrite coordinate_split. reflexivity.
Qed.

Theorem one_step_coq_holds : claim_one_step_coq.
Proof.
intros e eta q z T. split; [|split].
- change (gd e eta q 1) with (gd_step e eta q). rewrite reduction_z. subst z T. unfold z_step. field.
- change (gd e eta q 1) with (gd_step e eta q). rewrite reduction_T. unfold T_step, z, T. ring.
- intros mu E th zm Tm Hs Hm ->. apply spectrum_of in Hs.
  pose proof (one_step_z mu e eta th Hm Hs) as H1. pose proof (one_step_T mu e eta th Hm Hs) as H2.
  unfold Ts, zs in H1, H2. rewrite !residual_0 in H1. rewrite H1, H2.
  unfold z_step, T_step, zm, Tm. rewrite ?residual_0. split; field.
Qed.

Theorem hierarchy_coq_holds : claim_hierarchy_coq.
Proof.
intros E eta th z.
assert (H : forall j, M j (descend eta E th) = M j th - 2 * z * M (j + 1) th + z ^ 2 * M (j + 2) th).
{ intro j. rewrite hierarchy, output_residual. reflexivity. }
split; [|split; [|split]].
- intro k. split; [apply M_total|apply H].
- unfold output at 1. rewrite H. unfold output. cbn [Nat.add]. field.
- intros ->. rewrite weight_norm_falls, residual_0. reflexivity.
- intros mu e k Hs. rewrite (closure mu e th k (spectrum_of mu e th Hs)). ring.
Qed.

(** ** Theorem 1 *)

Lemma times_not_zero a b : a * b <> 0 -> b <> 0.
Proof. intros H ->. apply H. apply Rmult_0_r. Qed.

Theorem theorem_1_basin_coq_holds : claim_theorem_1_basin_coq.
Proof.
intros e eta slope height E1 E2 Heta.
assert (Hr : beta (region e) = slope /\ A (region e) = height /\ w (region e) = 1).
{ unfold region, slope, height. destruct (Rle_dec e (1/5)); [cbn; lra|]. destruct (Rle_dec e (1/2)); cbn; lra. }
destruct Hr as (Rb & Ra & Rw). split.
- intros q z V H0 H1 H2 H3. destruct (edge_every_eps e eta q (conj E1 E2) Heta) as (l & L1 & L2 & L3).
  + unfold basin. fold z. fold V. rewrite Rb, Ra, Rw, Rmult_1_l. split; [exact H0|]. split; [exact H1|].
    rewrite (Rmult_comm (V - 2 + e)), (Rmult_comm slope). split; assumption.
  + exists 0. split; [exact L2|]. exists l. tauto.
- intros mu E th zm Vm Hmu Hs -> H0 H1 H2 H3.
  destruct (edge_multiplicities mu e eta th Hmu (conj E1 E2) Heta (spectrum_of mu e th Hs)) as (l & L1 & L2 & L3).
  + rewrite residual_0. fold zm. unfold D. rewrite Rb, Ra, Rw, Rmult_1_l.
    replace (weight_norm e zm (eta * M 2 th)) with Vm by (unfold weight_norm, Vm; ring).
    rewrite (Rmult_comm (Vm - 2 + e)), (Rmult_comm slope). split; [exact H1|]. split; assumption.
  + rewrite residual_0. exact (times_not_zero (eta * mu) (output th) H0).
  + exists 0. split.
    * intros d Hd. destruct (L2 d Hd) as (N & HN). exists N. intros n Hn. specialize (HN n Hn).
      rewrite residual_0 in HN. exact HN.
    * exists l. tauto.
Qed.

Theorem theorem_1_coq_holds : claim_theorem_1_coq.
Proof.
intros e h0 E1 E2 Hh. destruct (theorem1 e h0 (conj E1 E2) Hh) as (U & r & HU & HO & Hr & G).
exists U, r. repeat (split; [assumption|]). intros q eta Hq H1 H2. rewrite Rmult_comm in H2.
destruct (G q eta Hq (conj H1 H2)) as (G1 & G2 & l & G3 & G4 & G5). exists 0. split; [exact G4|]. exists l. tauto.
Qed.

Theorem theorem_1_holds : claim_theorem_1.
Proof.
split; [|split].
- intros e h0 E1 E2 Hh. destruct (theorem1_explicit e h0 (conj E1 E2) Hh) as ((q & Hq) & _). exists q. tauto.
- intros e h0 E1 E2 Hh. destruct (theorem1_explicit e h0 (conj E1 E2) Hh) as (_ & HU & _).
  eapply open_ext; [|exact HU]. intro q. cbv beta. tauto.
- intros e h0 q eta E1 E2 Hh F1 F2 N1 N2 H1 H2.
  destruct (theorem1_explicit e h0 (conj E1 E2) Hh) as (_ & _ & G).
  destruct (G q eta (conj (conj F1 F2) (conj N1 N2)) ltac:(lra)) as (G1 & G2 & l & G3 & G4 & G5).
  exists 0. split; [exact G4|]. exists l. tauto.
Qed.

(** ** The sharp limit *)

Lemma in_low e eta q : let z := eta * f e q in let V := eta * e * norm2 q in
  z <> 0 -> z < 1 -> 7 * z ^ 2 / 5 <= (1 - z) * (V - 2 + e) -> V + e <= 5 / 2 -> basin low e eta q.
Proof. intros z V H0 H1 H2 H3. unfold basin. fold z. fold V. cbn. split; [exact H0|]. split; [exact H1|]. lra. Qed.

Lemma low_falls e eta q : 0 < e <= 1 / 5 -> 0 < eta -> basin low e eta q ->
  Un_cv (fun n => f e (gd e eta q n)) 0.
Proof.
intros He Heta Hb. destruct (edge_of_stability low e eta q) as (_ & _ & H & _); [lra|cbn; lra|exact Heta|exact Hb|exact H].
Qed.

Theorem theorem_1_sharp_coq_holds : claim_theorem_1_sharp_coq.
Proof.
assert (First : forall e eta q, 0 < e <= 1 / 30 -> 0 < eta -> basin low e eta q -> 43 / 20 <= eta * e * norm2 q ->
  exists f_lim : R, Un_cv (fun n => f e (gd e eta q n)) f_lim /\
  exists lim : R, Un_cv (fun n => lambda e (gd e eta q n)) lim /\
  Rabs (e / 2 - 2 + eta * lim) <= 17 * e ^ 2 / 4 /\ lim <= 2 / eta /\ f_lim = 0).
{ intros e eta q He Heta Hb HV. destruct (first_limit e eta q He Heta Hb HV) as (l & L1 & L2 & L3).
  exists 0. split; [apply low_falls; [lra|exact Heta|exact Hb]|]. exists l. split; [exact L1|].
  replace (e / 2 - 2 + eta * l) with (eta * l - (2 + -1 / 2 * e)) by field. repeat split; [lra|exact L2]. }
assert (Second : forall e eta q, 0 < e <= 1 / 50 -> 0 < eta -> basin low e eta q -> 43 / 20 <= eta * e * norm2 q ->
  exists f_lim : R, Un_cv (fun n => f e (gd e eta q n)) f_lim /\
  exists lim : R, Un_cv (fun n => lambda e (gd e eta q n)) lim /\
  Rabs (e / 2 - 2 + 27 * e ^ 2 / 32 + eta * lim) <= 137 * e ^ 3 / 8 /\ lim <= 2 / eta /\ f_lim = 0).
{ intros e eta q He Heta Hb HV. destruct (second_limit e eta q He Heta Hb HV) as (l & L1 & L2 & L3).
  exists 0. split; [apply low_falls; [lra|exact Heta|exact Hb]|]. exists l. split; [exact L1|].
  replace (e / 2 - 2 + 27 * e ^ 2 / 32 + eta * l) with (eta * l - (2 + -1 / 2 * e + -27 / 32 * e ^ 2)) by field.
  repeat split; [lra|exact L2]. }
split; [|split; [|split]].
- intros e eta q z V E1 E2 Heta H0 H1 H2 H3 HV. apply First; [lra|exact Heta|apply in_low; assumption|exact HV].
- intros e eta q z V E1 E2 Heta H0 H1 H2 H3 HV. apply Second; [lra|exact Heta|apply in_low; assumption|exact HV].
- intros e eta q h0 E1 E2 Heta Hh F1 F2 N1 N2 H1 H2.
  destruct (explicit_above_band e h0 q eta) as (Hb & HV); [lra|exact Hh|lra|lra|lra|].
  exact (First e eta q (conj E1 E2) Heta Hb HV).
- intros e eta q h0 E1 E2 Heta Hh F1 F2 N1 N2 H1 H2.
  destruct (explicit_above_band e h0 q eta) as (Hb & HV); [lra|exact Hh|lra|lra|lra|].
  exact (Second e eta q (conj E1 E2) Heta Hb HV).
Qed.

(** ** The printed recurrences *)

Definition scaled (d : R) (c : poly3) : polynomial := map (map (map (fun k => IZR k / d))) c.

Lemma poly_1_scaled d c x : poly_1 (map (fun k => IZR k / d) c) x = ev1 c x / d.
Proof. unfold ev1. induction c as [|a c IH]; cbn [map poly_1 evL]; [|rewrite IH]; unfold Rdiv; ring. Qed.
Lemma poly_2_scaled d c x y : poly_2 (map (map (fun k => IZR k / d)) c) x y = ev2 c x y / d.
Proof.
unfold ev2. induction c as [|a c IH]; cbn [map poly_2 evL]; [|rewrite IH, poly_1_scaled]; unfold Rdiv; ring.
Qed.
Lemma poly_3_scaled d c x y z : poly_3 (scaled d c) x y z = ev3 c x y z / d.
Proof.
unfold ev3, scaled. induction c as [|a c IH]; cbn [map poly_3 evL]; [|rewrite IH, poly_2_scaled]; unfold Rdiv; ring.
Qed.

Theorem recurrence_identity_coq_holds : claim_recurrence_identity_coq.
Proof.
split; [|split].
- intros. unfold curve. ring.
- exists (scaled 8 [tl (hd [] rec_rz_num)]), (scaled 8 (tl rec_rz_num)). intros z y e. rewrite !poly_3_scaled.
  pose proof (z_recurrence z y e) as H. cbv zeta in H.
  assert (S : rest_z e z y = y * (ev3 [tl (hd [] rec_rz_num)] z y e / 8) + z * (ev3 (tl rec_rz_num) z y e / 8)).
  { unfold rest_z. rewrite !Rmult_1_l. change rec_rz_num with (([] :: tl (hd [] rec_rz_num)) :: tl rec_rz_num) at 1.
    unfold ev3, ev2, ev1. cbn [evL]. field. }
  rewrite S in H. apply (Rplus_eq_compat_r z) in H. unfold Rminus in H.
  rewrite Rplus_assoc, Rplus_opp_l, Rplus_0_r in H. rewrite H. unfold dz. field.
- set (low := hd [] rec_ry_num). set (next := hd [] (tl rec_ry_num)).
  set (a := [[tl (hd [] low)]; [tl (hd [] next)]]). set (b := [tl low; tl next]). set (c := tl (tl rec_ry_num)).
  exists (scaled 32 a), (scaled 32 b), (scaled 32 c). intros z y e. rewrite !poly_3_scaled.
  pose proof (y_recurrence z y e) as H. cbv zeta in H. rewrite printed_y in H.
  assert (S : rest_y e z y = e * (ev3 a z y e / 32) + y * (ev3 b z y e / 32) + z ^ 2 * (ev3 c z y e / 32)).
  { unfold rest_y. rewrite !Rmult_1_l.
    change rec_ry_num with (((0%Z :: tl (hd [] low)) :: tl low) :: ((0%Z :: tl (hd [] next)) :: tl next) :: c).
    unfold a, b, ev3, ev2, ev1. cbn [evL]. field. }
  rewrite S in H. apply (Rplus_eq_compat_r y) in H. unfold Rminus at 1 in H.
  rewrite Rplus_assoc, Rplus_opp_l, Rplus_0_r in H. rewrite H. field.
Qed.
