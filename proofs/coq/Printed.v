(** * The printed two-step recurrences

    [y] is measured from the nullcline cut at order 2 in [z].  The printed leading terms stand;
    the printed second remainder lacks the terms with [y^2] and more, which have no factor [eps]. *)
From Coq Require Import Reals Lra.
From EdgeStab Require Import Map Recurrence.
Open Scope R_scope.

(** [z'' - z = 2 y z + O(y^2 z) + O(y z^2)], up to the order of the curve. *)
Theorem printed_z e z y : exists a b,
  dz e z y = 2 * y * z + y^2 * z * a + y * z^2 * b.
Proof.
exists 1, (- 1 + e + (e/2 - 1/2) * y + (1/2 - e/2) * y^2). unfold dz. field.
Qed.

(** [y'' - y = -2 (4 - 3 eps + 4 eps^2) y z^2 - 4 eps z^2 + y^2 z^2 (..)]: the last part is not printed. *)
Theorem printed_y e z y :
  dy e z y = - 2 * (4 - 3 * e + 4 * e^2) * y * z^2 - 4 * e * z^2
    + y^2 * z^2 * (- 12 * (1 - e + e^2) - (8 - 9 * e + 8 * e^2) * y - 2 * (1 - e + e^2) * y^2).
Proof. unfold dy. ring. Qed.

(** The part that is not printed does not vanish at [eps = 0]. *)
Theorem printed_y_lacks z y : dy 0 z y - (- 8 * y * z^2) = - 2 * y^2 * z^2 * (6 + 4 * y + y^2).
Proof. unfold dy. ring. Qed.
