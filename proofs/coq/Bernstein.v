(** * Positivity of a polynomial in four variables on a box

    A polynomial with integer coefficients is a list of lists of lists of lists: [p] stands
    for the sum of [p_hijk v^h x^i y^j w^k].  [check] walks a tree of cuts and tests at each
    leaf that all Bernstein coefficients are positive.  Only binary integers are computed
    with, so that a kernel run ([vm_compute]) leaves no axiom behind, and so few boxes are
    needed that [coqchk] can repeat the run. *)
From Coq Require Import ZArith List Reals Lra Lia Bool.
From EdgeStab Require Import Layer.
Import ListNotations.
Open Scope R_scope.

Definition poly1 := list Z.
Definition poly2 := list poly1.
Definition poly3 := list poly2.
Definition poly4 := list poly3.

Definition ev1 (p : poly1) (w : R) : R := evL Z IZR p w.
Definition ev2 (p : poly2) (y w : R) : R := evL poly1 (fun c => ev1 c w) p y.
Definition ev3 (p : poly3) (x y w : R) : R := evL poly2 (fun c => ev2 c y w) p x.
Definition ev4 (p : poly4) (v x y w : R) : R := evL poly3 (fun c => ev3 c x y w) p v.

Definition add1 := addL Z Z.add.
Definition scl1 := sclL Z Z.mul.
Definition add2 := addL poly1 add1.
Definition scl2 := sclL poly1 scl1.
Definition add3 := addL poly2 add2.
Definition scl3 := sclL poly2 scl2.

Definition shift_v := shiftL poly3 add3 scl3.
Definition shift_x (m : Z) : poly4 -> poly4 := map (shiftL poly2 add2 scl2 m).
Definition shift_y (m : Z) : poly4 -> poly4 := map (map (shiftL poly1 add1 scl1 m)).
Definition shift_w (m : Z) : poly4 -> poly4 := map (map (map (shiftL Z Z.add Z.mul m))).

Definition pos1 (L : Z) := posL Z 0%Z Z.add Z.mul (Z.ltb 0) L.
Definition pos2 (Ly Lw : Z) := posL poly1 nil add1 scl1 (pos1 Lw) Ly.
Definition pos3 (Lx Ly Lw : Z) := posL poly2 nil add2 scl2 (pos2 Ly Lw) Lx.
Definition pos4 (Lv Lx Ly Lw : Z) := posL poly3 nil add3 scl3 (pos3 Lx Ly Lw) Lv.

(** Where to cut: the distance of the cut from the lower end of the side. *)
Inductive cuts : Set :=
  | Leaf
  | CutV (m : Z) (lower upper : cuts)
  | CutX (m : Z) (lower upper : cuts)
  | CutY (m : Z) (lower upper : cuts)
  | CutW (m : Z) (lower upper : cuts).

Definition inside (m L : Z) : bool := ((0 <? m) && (m <? L))%Z.

Fixpoint check (t : cuts) (Lv Lx Ly Lw : Z) (p : poly4) : bool :=
  match t with
  | Leaf => pos4 Lv Lx Ly Lw p
  | CutV m a b => inside m Lv && check a m Lx Ly Lw p && check b (Lv - m) Lx Ly Lw (shift_v m p)
  | CutX m a b => inside m Lx && check a Lv m Ly Lw p && check b Lv (Lx - m) Ly Lw (shift_x m p)
  | CutY m a b => inside m Ly && check a Lv Lx m Lw p && check b Lv Lx (Ly - m) Lw (shift_y m p)
  | CutW m a b => inside m Lw && check a Lv Lx Ly m p && check b Lv Lx Ly (Lw - m) (shift_w m p)
  end.

(** The whole test: the box is [v0, v1] * [x0, x1] * [y0, y1] * [w0, w1], integer ends. *)
Definition positive_on (t : cuts) (p : poly4) (v0 v1 x0 x1 y0 y1 w0 w1 : Z) : bool :=
  ((v0 <? v1) && (x0 <? x1) && (y0 <? y1) && (w0 <? w1) &&
   check t (v1 - v0) (x1 - x0) (y1 - y0) (w1 - w0) (shift_w w0 (shift_y y0 (shift_x x0 (shift_v v0 p)))))%Z.

Lemma ev1_add a b w : ev1 (add1 a b) w = ev1 a w + ev1 b w.
Proof. apply evL_add. intros. apply plus_IZR. Qed.
Lemma ev1_scl k a w : ev1 (scl1 k a) w = IZR k * ev1 a w.
Proof. apply evL_scl. intros. apply mult_IZR. Qed.
Lemma ev2_add a b y w : ev2 (add2 a b) y w = ev2 a y w + ev2 b y w.
Proof. apply evL_add. intros. apply ev1_add. Qed.
Lemma ev2_scl k a y w : ev2 (scl2 k a) y w = IZR k * ev2 a y w.
Proof. apply evL_scl. intros. apply ev1_scl. Qed.
Lemma ev3_add a b x y w : ev3 (add3 a b) x y w = ev3 a x y w + ev3 b x y w.
Proof. apply evL_add. intros. apply ev2_add. Qed.
Lemma ev3_scl k a x y w : ev3 (scl3 k a) x y w = IZR k * ev3 a x y w.
Proof. apply evL_scl. intros. apply ev2_scl. Qed.

Lemma evL_map (C : Type) (ev ev' : C -> R) (f : C -> C) p x :
  (forall c, ev (f c) = ev' c) -> evL C ev (map f p) x = evL C ev' p x.
Proof. intro H. induction p as [|a p IH]; simpl; [reflexivity|]. rewrite H, IH. reflexivity. Qed.

Lemma shift_v_ok m p v x y w : ev4 (shift_v m p) v x y w = ev4 p (v + IZR m) x y w.
Proof. apply evL_shift; intros; [apply ev3_add|apply ev3_scl]. Qed.
Lemma shift_x_ok m p v x y w : ev4 (shift_x m p) v x y w = ev4 p v (x + IZR m) y w.
Proof. apply evL_map. intro c. apply evL_shift; intros; [apply ev2_add|apply ev2_scl]. Qed.
Lemma shift_y_ok m p v x y w : ev4 (shift_y m p) v x y w = ev4 p v x (y + IZR m) w.
Proof.
apply evL_map. intro c. apply evL_map. intro d.
apply evL_shift; intros; [apply ev1_add|apply ev1_scl].
Qed.
Lemma shift_w_ok m p v x y w : ev4 (shift_w m p) v x y w = ev4 p v x y (w + IZR m).
Proof.
apply evL_map. intro c. apply evL_map. intro d. apply evL_map. intro k.
apply evL_shift; intros; [apply plus_IZR|apply mult_IZR].
Qed.

Lemma pos1_ok L c w : (0 < L)%Z -> 0 <= w <= IZR L -> pos1 L c = true -> 0 < ev1 c w.
Proof.
intros HL Hw H. apply (posL_ok Z 0%Z Z.add Z.mul (Z.ltb 0) IZR) with (L := L); try assumption; intros.
- reflexivity.
- apply plus_IZR.
- apply mult_IZR.
- apply IZR_lt, Z.ltb_lt. assumption.
Qed.

Lemma pos2_ok Ly Lw c y w : (0 < Ly)%Z -> (0 < Lw)%Z -> 0 <= y <= IZR Ly -> 0 <= w <= IZR Lw ->
  pos2 Ly Lw c = true -> 0 < ev2 c y w.
Proof.
intros HLy HLw Hy Hw H.
apply (posL_ok poly1 nil add1 scl1 (pos1 Lw) (fun c => ev1 c w)) with (L := Ly); try assumption; intros.
- reflexivity.
- apply ev1_add.
- apply ev1_scl.
- eapply pos1_ok; eassumption.
Qed.

Lemma pos3_ok Lx Ly Lw p x y w : (0 < Lx)%Z -> (0 < Ly)%Z -> (0 < Lw)%Z ->
  0 <= x <= IZR Lx -> 0 <= y <= IZR Ly -> 0 <= w <= IZR Lw -> pos3 Lx Ly Lw p = true -> 0 < ev3 p x y w.
Proof.
intros HLx HLy HLw Hx Hy Hw H.
apply (posL_ok poly2 nil add2 scl2 (pos2 Ly Lw) (fun c => ev2 c y w)) with (L := Lx); try assumption; intros.
- reflexivity.
- apply ev2_add.
- apply ev2_scl.
- eapply pos2_ok; [| | | |eassumption]; assumption.
Qed.

Lemma pos4_ok Lv Lx Ly Lw p v x y w : (0 < Lv)%Z -> (0 < Lx)%Z -> (0 < Ly)%Z -> (0 < Lw)%Z ->
  0 <= v <= IZR Lv -> 0 <= x <= IZR Lx -> 0 <= y <= IZR Ly -> 0 <= w <= IZR Lw ->
  pos4 Lv Lx Ly Lw p = true -> 0 < ev4 p v x y w.
Proof.
intros HLv HLx HLy HLw Hv Hx Hy Hw H.
apply (posL_ok poly3 nil add3 scl3 (pos3 Lx Ly Lw) (fun c => ev3 c x y w)) with (L := Lv); try assumption; intros.
- reflexivity.
- apply ev3_add.
- apply ev3_scl.
- eapply pos3_ok; [| | | | | |eassumption]; assumption.
Qed.

Lemma inside_ok m L : inside m L = true -> (0 < m < L)%Z.
Proof. unfold inside. intro H. apply andb_prop in H as (A & B). apply Z.ltb_lt in A, B. lia. Qed.

Lemma check_ok t : forall Lv Lx Ly Lw p, (0 < Lv)%Z -> (0 < Lx)%Z -> (0 < Ly)%Z -> (0 < Lw)%Z ->
  check t Lv Lx Ly Lw p = true ->
  forall v x y w, 0 <= v <= IZR Lv -> 0 <= x <= IZR Lx -> 0 <= y <= IZR Ly -> 0 <= w <= IZR Lw -> 0 < ev4 p v x y w.
Proof.
induction t as [|m a IHa b IHb|m a IHa b IHb|m a IHa b IHb|m a IHa b IHb];
  intros Lv Lx Ly Lw p HLv HLx HLy HLw H v x y w Hv Hx Hy Hw; cbn [check] in H.
- eapply pos4_ok; [| | | | | | | |exact H]; assumption.
- apply andb_prop in H as (H & Hb). apply andb_prop in H as (Hm & Ha). apply inside_ok in Hm.
  destruct (Rle_dec v (IZR m)) as [h|h].
  + apply (IHa m Lx Ly Lw p); try assumption; try lia; lra.
  + replace v with (v - IZR m + IZR m) by ring. rewrite <- shift_v_ok.
    apply (IHb (Lv - m)%Z Lx Ly Lw); try assumption; try lia. rewrite minus_IZR. lra.
- apply andb_prop in H as (H & Hb). apply andb_prop in H as (Hm & Ha). apply inside_ok in Hm.
  destruct (Rle_dec x (IZR m)) as [h|h].
  + apply (IHa Lv m Ly Lw p); try assumption; try lia; lra.
  + replace x with (x - IZR m + IZR m) by ring. rewrite <- shift_x_ok.
    apply (IHb Lv (Lx - m)%Z Ly Lw); try assumption; try lia. rewrite minus_IZR. lra.
- apply andb_prop in H as (H & Hb). apply andb_prop in H as (Hm & Ha). apply inside_ok in Hm.
  destruct (Rle_dec y (IZR m)) as [h|h].
  + apply (IHa Lv Lx m Lw p); try assumption; try lia; lra.
  + replace y with (y - IZR m + IZR m) by ring. rewrite <- shift_y_ok.
    apply (IHb Lv Lx (Ly - m)%Z Lw); try assumption; try lia. rewrite minus_IZR. lra.
- apply andb_prop in H as (H & Hb). apply andb_prop in H as (Hm & Ha). apply inside_ok in Hm.
  destruct (Rle_dec w (IZR m)) as [h|h].
  + apply (IHa Lv Lx Ly m p); try assumption; try lia; lra.
  + replace w with (w - IZR m + IZR m) by ring. rewrite <- shift_w_ok.
    apply (IHb Lv Lx Ly (Lw - m)%Z); try assumption; try lia. rewrite minus_IZR. lra.
Qed.

Theorem positive_on_ok t p v0 v1 x0 x1 y0 y1 w0 w1 : positive_on t p v0 v1 x0 x1 y0 y1 w0 w1 = true ->
  forall v x y w, IZR v0 <= v <= IZR v1 -> IZR x0 <= x <= IZR x1 -> IZR y0 <= y <= IZR y1 ->
  IZR w0 <= w <= IZR w1 -> 0 < ev4 p v x y w.
Proof.
unfold positive_on. intros H v x y w Hv Hx Hy Hw.
apply andb_prop in H as (H & Hc). apply andb_prop in H as (H & Hw'). apply andb_prop in H as (H & Hy').
apply andb_prop in H as (Hv' & Hx'). apply Z.ltb_lt in Hv', Hx', Hy', Hw'.
replace (ev4 p v x y w) with (ev4 (shift_w w0 (shift_y y0 (shift_x x0 (shift_v v0 p))))
  (v - IZR v0) (x - IZR x0) (y - IZR y0) (w - IZR w0)).
- eapply check_ok; [| | | |exact Hc| | | |]; try lia; rewrite minus_IZR; lra.
- rewrite shift_w_ok, shift_y_ok, shift_x_ok, shift_v_ok. f_equal; ring.
Qed.

(** How generated lemmas use it: [u c] is the polynomial at scaled arguments, [c > 0].
    A condition in three variables is constant in [v]. *)
Lemma positive_by4 t p v0 v1 x0 x1 y0 y1 w0 w1 : positive_on t p v0 v1 x0 x1 y0 y1 w0 w1 = true ->
  forall v x y w c u, IZR v0 <= v <= IZR v1 -> IZR x0 <= x <= IZR x1 -> IZR y0 <= y <= IZR y1 ->
  IZR w0 <= w <= IZR w1 -> 0 < c -> u * c = ev4 p v x y w -> 0 < u.
Proof.
intros H v x y w c u Hv Hx Hy Hw Hc E. apply Rmult_lt_reg_r with c; [exact Hc|]. rewrite Rmult_0_l, E.
exact (positive_on_ok _ _ _ _ _ _ _ _ _ _ H v x y w Hv Hx Hy Hw).
Qed.

Lemma positive_by3 t p x0 x1 y0 y1 w0 w1 : positive_on t [p] 0 1 x0 x1 y0 y1 w0 w1 = true ->
  forall x y w c u, IZR x0 <= x <= IZR x1 -> IZR y0 <= y <= IZR y1 -> IZR w0 <= w <= IZR w1 ->
  0 < c -> u * c = ev3 p x y w -> 0 < u.
Proof.
intros H x y w c u Hx Hy Hw Hc E. apply (positive_by4 _ _ _ _ _ _ _ _ _ _ H 0 x y w c u); try assumption; [simpl; lra|].
rewrite E. unfold ev4. cbn [evL]. ring.
Qed.
