(** * Polynomial identities in three variables, by computation

    [norm] multiplies an expression out over the integers; an expression whose normal form
    has only zeros vanishes everywhere.  [ring] would do the same for small expressions. *)
From Coq Require Import ZArith List Reals Lra Lia Bool.
From EdgeStab Require Import Layer Bernstein.
Import ListNotations.
Open Scope R_scope.

Inductive ex : Set :=
  | VX | VY | VW | Cst (n : Z) | Lit (p : poly3)
  | Add (a b : ex) | Mul (a b : ex) | Pow (a : ex) (n : nat).

Fixpoint evx (t : ex) (x y w : R) : R :=
  match t with
  | VX => x | VY => y | VW => w
  | Cst n => IZR n
  | Lit p => ev3 p x y w
  | Add a b => evx a x y w + evx b x y w
  | Mul a b => evx a x y w * evx b x y w
  | Pow a n => (evx a x y w) ^ n
  end.

Definition mul1 := mulL Z 0%Z Z.add Z.mul.
Definition mul2 := mulL poly1 nil add1 mul1.
Definition mul3 := mulL poly2 nil add2 mul2.
Definition cst3 (n : Z) : poly3 := [[[n]]].

Lemma ev1_mul a b w : ev1 (mul1 a b) w = ev1 a w * ev1 b w.
Proof. apply evL_mul; intros; [reflexivity|apply plus_IZR|apply mult_IZR]. Qed.
Lemma ev2_mul a b y w : ev2 (mul2 a b) y w = ev2 a y w * ev2 b y w.
Proof. apply evL_mul; intros; [reflexivity|apply ev1_add|apply ev1_mul]. Qed.
Lemma ev3_mul a b x y w : ev3 (mul3 a b) x y w = ev3 a x y w * ev3 b x y w.
Proof. apply evL_mul; intros; [reflexivity|apply ev2_add|apply ev2_mul]. Qed.
Lemma ev3_cst n x y w : ev3 (cst3 n) x y w = IZR n.
Proof. unfold cst3, ev3, ev2, ev1. simpl. ring. Qed.

Fixpoint pow3 (p : poly3) (n : nat) : poly3 := match n with O => cst3 1 | S k => mul3 p (pow3 p k) end.

Lemma ev3_pow p n x y w : ev3 (pow3 p n) x y w = (ev3 p x y w) ^ n.
Proof. induction n as [|n IH]; cbn [pow3 pow]; [apply ev3_cst|]. rewrite ev3_mul, IH. reflexivity. Qed.

Fixpoint norm (t : ex) : poly3 :=
  match t with
  | VX => [nil; [[1%Z]]]
  | VY => [[nil; [1%Z]]]
  | VW => [[[0%Z; 1%Z]]]
  | Cst n => cst3 n
  | Lit p => p
  | Add a b => add3 (norm a) (norm b)
  | Mul a b => mul3 (norm a) (norm b)
  | Pow a n => pow3 (norm a) n
  end.

Lemma norm_ok t x y w : ev3 (norm t) x y w = evx t x y w.
Proof.
induction t as [| | |n|p|a IHa b IHb|a IHa b IHb|a IHa n]; cbn [norm evx].
- unfold ev3, ev2, ev1. simpl. ring.
- unfold ev3, ev2, ev1. simpl. ring.
- unfold ev3, ev2, ev1. simpl. ring.
- apply ev3_cst.
- reflexivity.
- rewrite ev3_add, IHa, IHb. reflexivity.
- rewrite ev3_mul, IHa, IHb. reflexivity.
- rewrite ev3_pow, IHa. reflexivity.
Qed.

Definition zero3 (p : poly3) : bool := forallb (forallb (forallb (Z.eqb 0))) p.

Lemma evL_zero (C : Type) (ev : C -> R) (test : C -> bool) : (forall c, test c = true -> ev c = 0) ->
  forall p x, forallb test p = true -> evL C ev p x = 0.
Proof.
intros H p x. induction p as [|a p IH]; simpl; [reflexivity|]. intro Hp. apply andb_prop in Hp as (Ha & Hp).
rewrite (H a Ha), (IH Hp). ring.
Qed.

Lemma zero3_ok p x y w : zero3 p = true -> ev3 p x y w = 0.
Proof.
apply evL_zero. intros c. apply evL_zero. intros d. apply evL_zero. intros k Hk.
apply Z.eqb_eq in Hk. subst. reflexivity.
Qed.

Theorem vanishes t x y w : zero3 (norm t) = true -> evx t x y w = 0.
Proof. intro H. rewrite <- norm_ok. apply zero3_ok. exact H. Qed.

(** Positivity of a literal at scaled arguments. *)
Lemma literal_positive t p x0 x1 y0 y1 w0 w1 : positive_on t [p] 0 1 x0 x1 y0 y1 w0 w1 = true ->
  forall x y w, IZR x0 <= x <= IZR x1 -> IZR y0 <= y <= IZR y1 -> IZR w0 <= w <= IZR w1 -> 0 < ev3 p x y w.
Proof.
intros H x y w Hx Hy Hw. apply (positive_by3 _ _ _ _ _ _ _ _ H x y w 1); try assumption; [lra|ring].
Qed.
