(** * What statements need beyond the objects of the development

    The output and the coordinates of a point, how to move one of them, sums over them; and
    polynomials in three variables: [O(m)] in a statement is [m] times one of these. *)
From Coq Require Import List Reals.
From EdgeStab Require Import Hierarchy.
Import ListNotations.
Open Scope R_scope.

(** The output of the model at a point: half of [M 1]. *)
Definition output (th : point) : R := M 1 th / 2.

(** Coordinate [i] of a point and the eigenvalue of [Q] that belongs to it. *)
Definition coordinate (i : nat) (th : point) : R := snd (nth i th (0, 0)).
Definition eigenvalue (i : nat) (th : point) : R := fst (nth i th (0, 0)).

(** The point with coordinate [i] put to [u]. *)
Fixpoint moved (i : nat) (u : R) (th : point) : point :=
  match th, i with
  | nil, _ => nil
  | (k, t) :: l, O => (k, u) :: l
  | c :: l, S j => c :: moved j u l
  end.

(** The sum of [g i] over [i < m]. *)
Definition total (m : nat) (g : nat -> R) : R := fold_right Rplus 0 (map g (seq 0 m)).

(** Polynomials as lists of coefficients, lowest power first. *)
Definition polynomial := list (list (list R)).
Fixpoint poly_1 (c : list R) (x : R) : R := match c with nil => 0 | a :: l => a + x * poly_1 l x end.
Fixpoint poly_2 (c : list (list R)) (x y : R) : R :=
  match c with nil => 0 | a :: l => poly_1 a y + x * poly_2 l x y end.
Fixpoint poly_3 (c : polynomial) (x y z : R) : R :=
  match c with nil => 0 | a :: l => poly_2 a y z + x * poly_3 l x y z end.
