"""``edgestab limit``: where training ends, predicted; compared with iteration on demand."""

from __future__ import annotations

from typing import Any

import click

from .common import check_writable, force_option, json_option, parse_rational, write_json


@click.command()
@click.option("--epsilon", required=True, metavar="E", help="Size of the negative eigenvalue, in (0, 1).")
@click.option("--z", "z0", default=None, metavar="Z", help="Start of the rescaled residual, with --T.")
@click.option("--T", "T0", default=None, metavar="T", help="Start of the rescaled NTK eigenvalue, with --z.")
@click.option("--order", type=int, default=16, show_default=True, help="Terms of the limit series, 8..60.")
@click.option("--iterate", is_flag=True, help="Also iterate the exact map from the start, and show the error.")
@json_option
@force_option
def limit(
    epsilon: str, z0: str | None, T0: str | None, order: int, iterate: bool, json_path: str | None, force: bool
) -> None:
    """Predict the limit of T: of relaxed orbits (by the limit series), or of one start (by the limit law)."""
    from edgestab.symbolic.algebra.errors import DomainError

    check_writable(json_path, force)
    eps = parse_rational(epsilon, "--epsilon")
    if (z0 is None) != (T0 is None) or (iterate and z0 is None):
        raise DomainError.of("limit", "--z and --T together", f"z={z0}, T={T0}", "Give both, or neither.")
    if not 8 <= order <= 60:
        raise DomainError.of("--order", "8..60", order, "16 is plenty below epsilon = 1/10.")
    result = _relaxed(eps, order)
    if z0 is not None and T0 is not None:
        start = parse_rational(z0, "--z"), parse_rational(T0, "--T")
        result["start"] = _one_start(eps, start, iterate)
    if json_path is not None:
        write_json(json_path, result, force)
    if json_path != "-":
        click.echo(_text(result))


def _relaxed(eps: Any, order: int) -> dict[str, Any]:
    from edgestab.numeric.orbits.resummation import estimate_growth, resum_limit_series
    from edgestab.symbolic.models.quadratic import main_case

    series = main_case().limit_series(order)
    found = resum_limit_series(series, eps)
    nearest = estimate_growth(series)
    return {
        "epsilon": str(eps),
        "order": order,
        "relaxed": {"value": found.value, "error": found.error, "method": found.method},
        "partial_sum": {"order": found.plain.order, "value": found.plain.value, "error": found.plain.error},
        "nearest_singularity": nearest.radius,
    }


def _one_start(eps: Any, start: tuple[Any, Any], iterate: bool) -> dict[str, Any]:
    from edgestab.numeric.orbits.limit_prediction import predict_limit

    prediction = predict_limit(eps, *start)
    row: dict[str, Any] = {"z": str(start[0]), "T": str(start[1]), **prediction.to_json()}
    if iterate:
        from edgestab.numeric.orbits.iterated_limit import iterate_to_limit
        from edgestab.symbolic.models.quadratic import main_case

        end = iterate_to_limit(main_case(), eps, *start, digits=30)
        row["iterated"] = {"status": end.status, "steps": end.steps, "value": None}
        if end.value is not None:
            row["iterated"] |= {"value": float(end.value), "error": abs(float(end.value) - prediction.value)}
    return row


def _text(result: dict[str, Any]) -> str:
    relaxed, plain = result["relaxed"], result["partial_sum"]
    lines = [
        f"epsilon = {result['epsilon']}; units: T = eta * NTK eigenvalue, edge of stability T = 2",
        f"relaxed orbits: T_inf = {relaxed['value']:.15g} +- {relaxed['error']:.1e} ({relaxed['method']}, "
        f"{result['order']} orders)",
        f"  best partial sum: {plain['value']:.15g} +- {plain['error']:.1e} (to epsilon^{plain['order']}); "
        f"nearest singularity near epsilon = {result['nearest_singularity']:.3f}",
    ]
    if "start" in result:
        s = result["start"]
        error = "unknown error" if s["expected_error"] is None else f"{s['expected_error']:.1e}"
        lines.append(
            f"start z = {s['z']}, T = {s['T']}: T_inf = {s['value']:.15g} +- {error} "
            f"({s['regime']}; law of weight {s['weight']}; {100 * s['memory']:.3g} % of the start's deviation is left)"
        )
        if s["expected_error"] is None:
            lines.append("  outside the reach of the law: this value is no prediction; iterate instead (--iterate)")
        if s["proved_range"] is not None:
            lines.append("  proved: {:.15g} <= T_inf <= {:.15g}".format(*s["proved_range"]))
        lines += [f"  law of weight {w}: {'no end' if v is None else f'{v:.15g}'}" for w, v in s["by_weight"].items()]
        if "iterated" in s:
            i = s["iterated"]
            shown = f"{i['value']:.15g}, off by {i['error']:.1e}" if i["value"] is not None else "no limit"
            lines.append(f"  iterated: {i['status']} after {i['steps']} steps: {shown}")
    return "\n".join(lines)
