(** * Plain gradient descent on the loss of the plane

    [loss], [loss_x], [loss_v], [predictor], [ntk] are generated from the model; here the
    kernel checks that the partial derivatives are those of the loss, that [ntk] is the squared
    gradient of the output, and that one step in [theta = (x, v)] is the generated map in
    [(eta f, eta lambda)]. *)
From Coq Require Import Reals List Lra.
From EdgeStab Require Import Calculus Map Trap Converge Hierarchy Spectrum.
Import ListNotations.
Open Scope R_scope.

(** ** The objects are what their names say *)
Theorem loss_is_square e x v : loss e x v = (predictor e x v)^2 / 2.
Proof. unfold loss, predictor. field. Qed.
Theorem predictor_is_form e x v : predictor e x v = (1 * x^2 + (- e) * v^2) / 2.
Proof. unfold predictor. field. Qed.
Theorem loss_x_ok e x v : derivable_pt_lim (fun u => loss e u v) x (loss_x e x v).
Proof.
apply (derivative_of_quartic _ (e^2 * v^4 / 8) 0 (- e * v^2 / 4) 0 (1/8)); [intro u; unfold loss|unfold loss_x]; field.
Qed.
Theorem loss_v_ok e x v : derivable_pt_lim (fun u => loss e x u) v (loss_v e x v).
Proof.
apply (derivative_of_quartic _ (x^4 / 8) 0 (- e * x^2 / 4) 0 (e^2 / 8)); [intro u; unfold loss|unfold loss_v]; field.
Qed.
Theorem predictor_x_ok e x v : derivable_pt_lim (fun u => predictor e u v) x (predictor_x e x v).
Proof.
apply (derivative_of_quartic _ (- e * v^2 / 2) 0 (1/2) 0 0); [intro u; unfold predictor|unfold predictor_x]; field.
Qed.
Theorem predictor_v_ok e x v : derivable_pt_lim (fun u => predictor e x u) v (predictor_v e x v).
Proof.
apply (derivative_of_quartic _ (x^2 / 2) 0 (- e / 2) 0 0); [intro u; unfold predictor|unfold predictor_v]; field.
Qed.
Theorem ntk_is_gradient_square e x v : ntk e x v = (predictor_x e x v)^2 + (predictor_v e x v)^2.
Proof. unfold ntk, predictor_x, predictor_v. ring. Qed.

(** ** Gradient descent *)
Definition plane := (R * R)%type.
Definition f (e : R) (p : plane) : R := predictor e (fst p) (snd p).
Definition lambda (e : R) (p : plane) : R := ntk e (fst p) (snd p).
Definition norm2 (p : plane) : R := (fst p)^2 + (snd p)^2.

Definition gd_step (e eta : R) (p : plane) : plane :=
  (fst p - eta * loss_x e (fst p) (snd p), snd p - eta * loss_v e (fst p) (snd p)).

Fixpoint gd (e eta : R) (p : plane) (n : nat) : plane :=
  match n with O => p | S k => gd_step e eta (gd e eta p k) end.

Definition spread (e : R) (p : plane) : point := [(1, fst p); (- e, snd p)].

Lemma spread_spectrum e p : in_spectrum 1 e (spread e p).
Proof. intros q t [H|[H|[]]]; injection H as <- <-; [left; reflexivity|right; left; ring]. Qed.

Lemma f_residual e p : f e p = residual 0 (spread e p).
Proof. unfold f, predictor, residual, spread. simpl. field. Qed.
Lemma lambda_M e p : lambda e p = M 2 (spread e p).
Proof. unfold lambda, ntk, spread. simpl. ring. Qed.

Lemma gd_descend e eta p : spread e (gd_step e eta p) = descend eta 0 (spread e p).
Proof.
unfold descend. rewrite <- (f_residual e p). unfold spread. cbn [map fst snd].
unfold gd_step, f, loss_x, loss_v, predictor. cbn [fst snd].
f_equal; [|f_equal]; f_equal; field.
Qed.

Lemma gd_descent e eta p n : spread e (gd e eta p n) = descent eta 0 (spread e p) n.
Proof. induction n; [reflexivity|]. cbn [gd descent]. rewrite gd_descend, IHn. reflexivity. Qed.

(** ** The one-step reduction, from theta to the plane of [(z, T)] *)
Theorem reduction_z e eta p : eta * f e (gd_step e eta p) = z_step e (eta * f e p) (eta * lambda e p).
Proof.
rewrite !f_residual, lambda_M, gd_descend.
pose proof (one_step_z 1 e eta (spread e p) ltac:(lra) (spread_spectrum e p)) as H.
unfold zs, Ts in H. rewrite !Rmult_1_r in H. exact H.
Qed.
Theorem reduction_T e eta p : eta * lambda e (gd_step e eta p) = T_step e (eta * f e p) (eta * lambda e p).
Proof.
rewrite !f_residual, !lambda_M, gd_descend.
pose proof (one_step_T 1 e eta (spread e p) ltac:(lra) (spread_spectrum e p)) as H.
unfold zs, Ts in H. rewrite !Rmult_1_r in H. exact H.
Qed.
Theorem weight_norm_theta e eta p : weight_norm e (eta * f e p) (eta * lambda e p) = eta * e * norm2 p.
Proof. unfold weight_norm, f, lambda, norm2, predictor, ntk. field. Qed.

(** The basin of a barrier, in theta: [N = eta eps |theta|^2], [zeta = eta f]. *)
Definition basin (B : barrier) (e eta : R) (p : plane) : Prop :=
  let N := eta * e * norm2 p in let zeta := eta * f e p in
  zeta <> 0 /\ zeta < 1 /\ beta B * zeta^2 <= (N - 2 + w B * e) * (1 - zeta) /\ N + w B * e <= 2 + A B.

Lemma basin_D B e eta p : basin B e eta p -> eta * f e p <> 0 /\ D B e (eta * f e p) (eta * lambda e p).
Proof. unfold basin, D. rewrite weight_norm_theta. tauto. Qed.

Theorem edge_of_stability B e eta p : 0 < e -> eps_min B <= e <= eps_max B -> 0 < eta -> basin B e eta p ->
  exists lam, Un_cv (fun n => lambda e (gd e eta p n)) lam /\ Un_cv (fun n => f e (gd e eta p n)) 0
    /\ 2/eta - w B * e / eta <= lam <= 2/eta.
Proof.
intros He0 He Heta Hb. apply basin_D in Hb as (Hz0 & HD).
destruct (edge_spectrum 1 e eta B He0 He Heta Rlt_0_1 (spread e p) (spread_spectrum e p)) as (lam & H1 & H2 & H3).
- unfold zs, Ts. rewrite <- f_residual, <- lambda_M, Rmult_1_r. exact HD.
- unfold zs. rewrite <- f_residual, Rmult_1_r. exact Hz0.
- exists lam. repeat split; try apply H3.
  + intros d Hd. destruct (H1 d Hd) as (N & HN). exists N. intros n Hn.
    rewrite lambda_M, gd_descent. apply HN, Hn.
  + intros d Hd. destruct (H2 d Hd) as (N & HN). exists N. intros n Hn.
    rewrite f_residual, gd_descent. apply HN, Hn.
Qed.
