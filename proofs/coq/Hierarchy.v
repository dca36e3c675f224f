(** * Gradient descent for any spectrum, any target, any number of parameters

    A point is a list of pairs [(q, t)]: an eigenvalue of [Q] and the coordinate of theta
    along its eigenvector.  [M j] is [theta' Q^j theta], so that [M 1 = 2 f], [M 2] is the
    eigenvalue of the neural tangent kernel and [T^(k) = M (k + 2)]. *)
From Coq Require Import Reals List Lra.
From EdgeStab Require Import Calculus.
Import ListNotations.
Open Scope R_scope.

Definition point := list (R * R).

Fixpoint M (j : nat) (th : point) : R :=
  match th with nil => 0 | (q, t) :: r => q^j * t^2 + M j r end.

Definition residual (E : R) (th : point) : R := M 1 th / 2 - E.
Definition squared_loss (E : R) (th : point) : R := (residual E th)^2 / 2.

(** One step of gradient descent on [squared_loss]; [loss_partial] shows that it is one. *)
Definition descend (eta E : R) (th : point) : point :=
  map (fun c => (fst c, snd c - eta * (residual E th * (fst c * snd c)))) th.

Fixpoint descent (eta E : R) (th : point) (n : nat) : point :=
  match n with O => th | S k => descend eta E (descent eta E th k) end.

Lemma M_app j l r : M j (l ++ r) = M j l + M j r.
Proof. induction l as [|[q t] l IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Theorem loss_partial E l q t r :
  derivable_pt_lim (fun u => squared_loss E (l ++ (q, u) :: r)) t (residual E (l ++ (q, t) :: r) * (q * t)).
Proof.
set (s := (M 1 l + M 1 r) / 2 - E).
apply (derivative_of_quartic _ (s^2 / 2) 0 (s * q / 2) 0 (q^2 / 8));
  [intro u; unfold squared_loss|]; unfold residual; rewrite M_app; simpl; unfold s; field.
Qed.

(** The kernel eigenvalue is the squared length of the gradient of the output. *)
Theorem output_partial l q t r :
  derivable_pt_lim (fun u => M 1 (l ++ (q, u) :: r) / 2) t (q * t).
Proof.
apply (derivative_of_quartic _ ((M 1 l + M 1 r) / 2) 0 (q / 2) 0 0); [intro u; rewrite M_app; simpl|]; field.
Qed.

Theorem kernel_is_gradient_square th : M 2 th = fold_right (fun c s => (fst c * snd c)^2 + s) 0 th.
Proof. induction th as [|[q t] r IH]; [reflexivity|]. cbn [M fold_right fst snd]. rewrite IH. ring. Qed.

Lemma M_scaled j a th :
  M j (map (fun c => (fst c, snd c - a * (fst c * snd c))) th) = M j th - 2 * a * M (j + 1) th + a^2 * M (j + 2) th.
Proof.
induction th as [|[q t] r IH]; [simpl; ring|]. simpl map. cbn [M fst snd]. rewrite IH.
rewrite !pow_add. ring.
Qed.

(** The hierarchy, for every [j] (the printed [T^(k)] is [M (k + 2)]). *)
Theorem hierarchy j eta E th : let z := residual E th in
  M j (descend eta E th) = M j th - 2 * (eta * z) * M (j + 1) th + (eta * z)^2 * M (j + 2) th.
Proof.
intro z. rewrite <- M_scaled. unfold descend. fold z. f_equal. apply map_ext. intros [q t]. simpl. f_equal. ring.
Qed.

Theorem residual_step eta E th : let z := residual E th in
  residual E (descend eta E th) = z - eta * z * M 2 th + (eta * z)^2 * M 3 th / 2.
Proof. intro z. unfold residual at 1. rewrite hierarchy. fold z. unfold z, residual. simpl (1 + _)%nat. field. Qed.

(** With target 0 the weight norm falls by [eta z^2 (4 - eta lambda)], whatever the spectrum. *)
Theorem weight_norm_falls eta th : let z := residual 0 th in
  M 0 (descend eta 0 th) = M 0 th - eta * z^2 * (4 - eta * M 2 th).
Proof. intro z. rewrite hierarchy. fold z. unfold z, residual. simpl (0 + _)%nat. field. Qed.

(** ** Closure: a spectrum within [{mu, - eps mu, 0}], any multiplicities *)
Definition in_spectrum (mu e : R) (th : point) : Prop :=
  forall q t, In (q, t) th -> q = mu \/ q = - e * mu \/ q = 0.

Lemma in_spectrum_descend mu e eta E th : in_spectrum mu e th -> in_spectrum mu e (descend eta E th).
Proof.
intros H q t Hi. unfold descend in Hi. apply in_map_iff in Hi as ([q' t'] & Hq & Hi).
injection Hq as Hq _. simpl in Hq. subst. eapply H. exact Hi.
Qed.

Theorem closure mu e th j : in_spectrum mu e th ->
  M (j + 3) th = mu * (1 - e) * M (j + 2) th + mu^2 * e * M (j + 1) th.
Proof.
induction th as [|[q t] r IH]; intro H; [simpl; ring|]. cbn [M].
rewrite IH by (intros a b Hi; apply (H a b); right; exact Hi).
rewrite !pow_add. destruct (H q t (or_introl eq_refl)) as [->|[->| ->]]; ring.
Qed.
