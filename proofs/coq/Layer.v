(** * Polynomials in one variable over an arbitrary ring of coefficients

    A polynomial is the list of its coefficients, lowest power first.  The
    coefficients have any type [C] with an evaluation [ev : C -> R]; taking
    [C] to be again a type of lists gives polynomials in several variables
    (files [Bernstein.v] and [Poly3.v]).

    Contents:
    - sum, integer multiple, product, Taylor shift [P(x + m)];
    - the positivity test on [0, L]: all Bernstein coefficients positive. *)
From Coq Require Import ZArith List Reals Lra Lia Bool.
Import ListNotations.
Open Scope R_scope.

Section Layer.
Variable C : Type.
Variable zero : C.
Variable add : C -> C -> C.
Variable scl : Z -> C -> C.

Fixpoint addL (p q : list C) : list C :=
  match p, q with
  | nil, _ => q
  | _, nil => p
  | a :: p', b :: q' => add a b :: addL p' q'
  end.

Definition sclL (k : Z) (p : list C) : list C := map (scl k) p.

(** [shiftL m p] is [P(x + m)]. *)
Fixpoint shiftL (m : Z) (p : list C) : list C :=
  match p with
  | nil => nil
  | a :: p' => let r := shiftL m p' in addL (a :: r) (sclL m r)
  end.

(** [homL k L p] is [k * P(L x)]. *)
Fixpoint homL (k L : Z) (p : list C) : list C :=
  match p with
  | nil => nil
  | a :: p' => scl k a :: homL (k * L) L p'
  end.

(** Homogeneous Taylor shift: keeps the length. *)
Fixpoint flipL (p : list C) : list C :=
  match p with
  | nil => nil
  | a :: p' => let r := flipL p' in addL (a :: r) (r ++ [zero])
  end.

(** The coefficients of [P] in the basis [t^i (1 - t)^(n-i)] of [0 <= t <= 1],
    after [x = L t].  All positive: the polynomial is positive on [0, L]. *)
Definition bernL (L : Z) (p : list C) : list C := flipL (rev (homL 1 L p)).

Variable pos : C -> bool.
Definition posL (L : Z) (p : list C) : bool :=
  match p with nil => false | _ => forallb pos (bernL L p) end.

(** ** Meaning *)
Variable ev : C -> R.
Hypothesis ev_zero : ev zero = 0.
Hypothesis ev_add : forall a b, ev (add a b) = ev a + ev b.
Hypothesis ev_scl : forall k a, ev (scl k a) = IZR k * ev a.

Fixpoint evL (p : list C) (x : R) : R :=
  match p with nil => 0 | a :: p' => ev a + x * evL p' x end.

Lemma evL_add p : forall q x, evL (addL p q) x = evL p x + evL q x.
Proof.
induction p as [|a p IH]; intros [|b q] x; simpl; try ring.
rewrite ev_add, IH. ring.
Qed.

Lemma evL_scl k p x : evL (sclL k p) x = IZR k * evL p x.
Proof.
unfold sclL. induction p as [|a p IH]; simpl; [ring|]. rewrite ev_scl, IH. ring.
Qed.

Lemma evL_shift m p x : evL (shiftL m p) x = evL p (x + IZR m).
Proof.
induction p as [|a p IH]; [reflexivity|]. cbn [shiftL].
rewrite evL_add, evL_scl. cbn [evL]. rewrite IH. ring.
Qed.

Lemma evL_hom L p : forall k t, evL (homL k L p) t = IZR k * evL p (IZR L * t).
Proof.
induction p as [|a p IH]; intros k t; simpl; [ring|].
rewrite ev_scl, IH, mult_IZR. ring.
Qed.

(** Homogeneous evaluation: the sum of [a_i x^i s^(n-i)], [n + 1] the length. *)
Fixpoint hev (p : list C) (x s : R) : R :=
  match p with nil => 0 | a :: p' => ev a * s ^ length p' + x * hev p' x s end.

Lemma hev_1 p x : hev p x 1 = evL p x.
Proof. induction p as [|a p IH]; simpl; [reflexivity|]. rewrite IH, pow1. ring. Qed.

Lemma hev_app p a x s : hev (p ++ [a]) x s = s * hev p x s + x ^ length p * ev a.
Proof.
induction p as [|b p IH]; simpl; [ring|].
rewrite IH, app_length. simpl. rewrite Nat.add_1_r. simpl. ring.
Qed.

Lemma hev_rev p x s : hev (rev p) x s = hev p s x.
Proof.
induction p as [|a p IH]; simpl; [reflexivity|]. rewrite hev_app, IH, rev_length. ring.
Qed.

Lemma addL_length p : forall q, length p = length q -> length (addL p q) = length p.
Proof. induction p as [|a p IH]; intros [|b q]; simpl; intro H; try congruence; rewrite IH; congruence. Qed.

Lemma hev_add p : forall q x s, length p = length q -> hev (addL p q) x s = hev p x s + hev q x s.
Proof.
induction p as [|a p IH]; intros [|b q] x s H; simpl in *; try discriminate; [ring|].
injection H as H. rewrite ev_add, IH, addL_length by exact H. rewrite H. ring.
Qed.

Lemma flip_length p : length (flipL p) = length p.
Proof.
induction p as [|a p IH]; [reflexivity|]. cbn [flipL].
rewrite addL_length; simpl; [|rewrite app_length; simpl]; lia.
Qed.

Lemma hev_flip p x s : hev (flipL p) x s = hev p (x + s) s.
Proof.
induction p as [|a p IH]; [reflexivity|]. cbn [flipL].
rewrite hev_add; [|simpl; rewrite app_length; simpl; lia].
rewrite hev_app. cbn [hev]. rewrite IH, flip_length, ev_zero. ring.
Qed.

Hypothesis pos_ok : forall a, pos a = true -> 0 < ev a.

Lemma hev_pos p x s : forallb pos p = true -> p <> nil -> 0 <= x -> 0 <= s -> x + s = 1 -> 0 < hev p x s.
Proof.
intros H Hn Hx Hs H1. revert H Hn. induction p as [|a p IH]; intros H Hn; [congruence|].
simpl in H. apply andb_prop in H as (Ha & Hp). apply pos_ok in Ha. simpl.
destruct p as [|b p]; [simpl; lra|].
assert (IHp : 0 < hev (b :: p) x s) by (apply IH; [exact Hp|discriminate]).
assert (0 <= s ^ length (b :: p)) by (apply pow_le; exact Hs).
assert (0 <= ev a * s ^ length (b :: p)) by (apply Rmult_le_pos; lra).
destruct (Rlt_dec 0 x) as [Hx0|Hx0].
- assert (0 < x * hev (b :: p) x s) by (apply Rmult_lt_0_compat; assumption). lra.
- assert (E : s = 1) by lra. assert (x = 0) by lra. subst. rewrite pow1 in *. lra.
Qed.

Theorem posL_ok L p x : (0 < L)%Z -> posL L p = true -> 0 <= x <= IZR L -> 0 < evL p x.
Proof.
intros HL H Hx. assert (HL' : 0 < IZR L) by (apply IZR_lt; exact HL).
set (t := x / IZR L). assert (Ex : x = IZR L * t) by (unfold t; field; lra).
assert (Ht : 0 <= t <= 1) by (split; apply Rmult_le_reg_l with (IZR L); lra).
assert (E : hev (bernL L p) (1 - t) t = evL p x).
{ unfold bernL. rewrite hev_flip, hev_rev. replace (1 - t + t) with 1 by ring.
  rewrite hev_1, evL_hom, <- Ex. ring. }
rewrite <- E. unfold posL in H. destruct p as [|a p]; [discriminate|].
apply hev_pos; try lra; [exact H|].
intro Hc. apply (f_equal (@length C)) in Hc. unfold bernL in Hc.
rewrite flip_length, rev_length in Hc. discriminate.
Qed.

(** ** Product *)
Variable mul : C -> C -> C.
Hypothesis ev_mul : forall a b, ev (mul a b) = ev a * ev b.

Fixpoint mulL (p q : list C) : list C :=
  match p with
  | nil => nil
  | a :: p' => addL (map (mul a) q) (zero :: mulL p' q)
  end.

Lemma evL_mul p q x : evL (mulL p q) x = evL p x * evL q x.
Proof.
induction p as [|a p IH]; [simpl; ring|]. cbn [mulL]. rewrite evL_add. cbn [evL]. rewrite IH, ev_zero.
assert (E : evL (map (mul a) q) x = ev a * evL q x).
{ clear IH. induction q as [|b q IHq]; simpl; [ring|]. rewrite ev_mul, IHq. ring. }
rewrite E. ring.
Qed.

Lemma evL_split n : forall p x, evL p x = evL (firstn n p) x + x ^ n * evL (skipn n p) x.
Proof. induction n as [|n IH]; intros [|a p] x; simpl; try ring. rewrite (IH p x). ring. Qed.
End Layer.
