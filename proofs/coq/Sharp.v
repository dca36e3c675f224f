(** * The sharp limit on the explicit starts of Theorem 1

    [first_limit] and [second_limit] (generated, with the basin of every barrier start above the
    band) give [eta lim = 2 - eps/2 + O(eps^2)] and the next coefficient; here for the set [U]
    of [theorem1_explicit]. *)
From Coq Require Import Reals Lra.
From EdgeStab Require Import Map Trap Converge Descent Start Strip BarrierLow StartLow StripFirst StripSecond.
Open Scope R_scope.

Lemma explicit_above_band e h0 q eta : 0 < e <= 1/5 -> 0 < h0 ->
  -27/100 < h0 * f e q < -1/5 -> 43/20 < h0 * e * norm2 q < 9/4 -> h0 <= eta <= 51/50 * h0 ->
  basin low e eta q /\ 43/20 <= eta * e * norm2 q.
Proof.
intros He Hh H1 H2 Heta. split.
- apply (U_basin low low_start e h0); [cbn; lra|exact Hh|exact Heta|]. unfold U. cbn. rewrite Rmult_0_l, Rplus_0_r. lra.
- assert (Hn : 0 <= e * norm2 q).
  { apply Rmult_le_pos; [lra|]. unfold norm2. pose proof (pow2_ge_0 (fst q)). pose proof (pow2_ge_0 (snd q)). lra. }
  assert (h0 * (e * norm2 q) <= eta * (e * norm2 q)) by (apply Rmult_le_compat_r; lra). lra.
Qed.

Theorem sharp_explicit : forall e h0 q eta, 0 < e <= 1/30 -> 0 < h0 ->
  -27/100 < h0 * f e q < -1/5 -> 43/20 < h0 * e * norm2 q < 9/4 -> h0 <= eta <= 51/50 * h0 ->
  exists lim, Un_cv (fun n => lambda e (gd e eta q n)) lim
    /\ Rabs (eta * lim - (2 - e/2)) <= 17/4 * e^2
    /\ (e <= 1/50 -> Rabs (eta * lim - (2 - e/2 - 27/32 * e^2)) <= 137/8 * e^3).
Proof.
intros e h0 q eta He Hh H1 H2 Heta.
destruct (explicit_above_band e h0 q eta ltac:(lra) Hh H1 H2 Heta) as (Hb & HN).
destruct (first_limit e eta q He ltac:(lra) Hb HN) as (lim & L1 & _ & L3).
exists lim. split; [exact L1|]. split.
- replace (eta * lim - (2 - e/2)) with (eta * lim - (2 + -1/2 * e)) by field. exact L3.
- intro He2. destruct (second_limit e eta q ltac:(lra) ltac:(lra) Hb HN) as (lim' & M1 & _ & M3).
  rewrite (UL_sequence _ _ _ L1 M1).
  replace (eta * lim' - (2 - e/2 - 27/32 * e^2)) with (eta * lim' - (2 + -1/2 * e + -27/32 * e^2)) by field.
  exact M3.
Qed.
