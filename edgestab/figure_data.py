"""The data of the figures of :mod:`edgestab.figures`: one function for each, called with that figure's options."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .symbolic.algebra.errors import DomainError
from .symbolic.models.quadratic import main_case

PLANE_STARTS = (("-3/10", "27/20"), ("1/50", "11/5"), ("-1/4", "8/5"), ("3/10", "5/2"), ("-2/5", "3/2"))
LANDSCAPE_STARTS = ((1.42, 3.15), (0.7, 2.1), (0.75, 3.05))
DEVIATION_STARTS = (("1/50", "21/10"), ("3/20", "5/2"), ("3/20", "23/10"), ("1/20", "2"), ("1/50", "19/10"))
"""Starts that show what is drawn at the default epsilon: growth, the turn at the nullcline, freezing."""


def landscape(epsilon: str, target: str, steps: int) -> Any:
    """Loss, minima and paths."""
    from .numeric.orbits.landscape import compute_landscape

    return compute_landscape(epsilon, LANDSCAPE_STARTS, target=target, steps=steps)


def plane(epsilon: str, steps: int) -> Any:
    """Field, curves and orbits."""
    from .numeric.orbits.phase_plane import compute_phase_plane

    return compute_phase_plane(epsilon, PLANE_STARTS, steps=steps)


def orbit(epsilon: str, z: str, T: str, steps: int) -> Any:
    """One orbit."""
    from .numeric.orbits.figures import record_orbit
    from .numeric.orbits.starts import read_start

    return record_orbit(read_start(epsilon, z=z, T=T), steps=steps)


def deviation(epsilon: str, steps: int) -> Any:
    """Orbits in the deviation from the nullcline."""
    from .numeric.orbits.limit_figures import follow_deviation

    return follow_deviation(epsilon, DEVIATION_STARTS, steps=steps)


def limit(order: int, grid: int) -> Any:
    """The limit series along epsilon; iterated up to 1/4, past which starts are not forgotten."""
    from .numeric.orbits.limit_figures import compute_limit_curve

    if not 2 <= grid <= 99 or not 9 <= order <= 60:
        raise DomainError.of("figure limit", "grid 2..99, order 9..60", (grid, order), "Change these.")
    epsilons = [Fraction(k, 100) for k in range(1, grid + 1)]
    iterated = [Fraction(k, 40) for k in range(1, 11) if Fraction(k, 40) <= epsilons[-1]]
    shown = [k for k in (1, 2, 4, 8, 16, 32) if k <= order]
    return compute_limit_curve(epsilons, iterated, order=order, shown=shown)


def optimisers(beta: str, grid: int) -> Any:
    """The gap below the edge under gradient descent, momentum and SAM."""
    from .numeric.orbits.optimiser_figures import compute_optimiser_gaps
    from .symbolic.optimisers.optimiser import gradient_descent, heavy_ball, nesterov, sam

    if not 2 <= grid <= 99:
        raise DomainError.of("figure optimisers", "grid 2..99", grid, "Change it.")
    chosen = [
        ("gradient descent", gradient_descent()),
        (rf"heavy ball, $\beta$ = {beta}", heavy_ball(beta)),
        (rf"Nesterov, $\beta$ = {beta}", nesterov(beta)),
        (r"SAM, $\rho$ = 1", sam(1)),
    ]
    epsilons = [Fraction(k, 25 * grid) for k in range(1, grid + 1)]
    return compute_optimiser_gaps(chosen, epsilons, [Fraction(k, 100) for k in (1, 2, 3, 4)])


def central_flow(epsilon: str, z: str, steps: int) -> Any:
    """An orbit and the flows from its centre."""
    from .numeric.orbits.central_flow import follow_central_flow

    return follow_central_flow(epsilon, z, steps)


def basin(epsilon: str, grid: int) -> dict[str, Any]:
    """The simulated basin with the proved region that serves its epsilon."""
    from .numeric.orbits.basin import simulate_basin
    from .numeric.orbits.starts import check_epsilon
    from .proofs.certificates.theorem_1 import regions

    exact = check_epsilon(epsilon, "figure basin")
    barrier, start = regions(main_case(), exact)[-1]
    fits = start if start is not None and exact <= start.epsilon_range[1] else None
    found = simulate_basin(barrier, exact, shape=(grid, (grid * 17) // 12))
    return {"basin": found, "barriers": [barrier], "start": fits}


def _state(outputs: int, parameters: int, sigma_z: float, seed: int) -> Any:
    from .numeric.regression.ensemble import RegressionEnsemble

    return RegressionEnsemble.normalised(outputs, parameters, sigma_z).sample(seed)


def descent(outputs: int, parameters: int, sigma_z: float, seed: int, start: float, steps: int) -> dict[str, Any]:
    """A run of descent and the flow from the same start."""
    from .numeric.regression.descent import descend_regression
    from .numeric.regression.flow import integrate_regression_flow

    state = _state(outputs, parameters, sigma_z, seed)
    run = descend_regression(state, start / state.ntk_spectrum().top, max_steps=steps, tolerance=1e-8)
    return {"run": run, "flow": integrate_regression_flow(state, tolerance=1e-8)}


def split(outputs: int, parameters: int, sigma_z: float, seed: int, start: float, steps: int) -> Any:
    """The two-step changes of a run."""
    from .numeric.regression.two_steps import split_two_steps

    state = _state(outputs, parameters, sigma_z, seed)
    return split_two_steps(state, start / state.ntk_spectrum().top, steps)


def convergence(outputs: int, parameters: int, samples: int, seed: int, steps: int) -> Any:
    """Sharpness at convergence over residual scales and step sizes."""
    from .numeric.regression.convergence import ConvergenceGrid, run_convergence_grid

    grid = ConvergenceGrid(
        shapes=((outputs, parameters),),
        sigma_z=(0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0),
        starts=(0.5, 0.75, 1.0),
        samples=samples,
        seed=seed,
        max_steps=steps,
        tolerance=1e-4,
        flow=True,
    )
    return run_convergence_grid(grid)


def rise(outputs: int, parameters: int, sigma_z: float, samples: int, seed: int) -> dict[str, Any]:
    """The rise under the flow, and the flow at infinite size."""
    from .numeric.regression.ensemble import RegressionEnsemble
    from .numeric.regression.mean_field import mean_field_flow
    from .numeric.regression.sharpening import measure_sharpening

    law = RegressionEnsemble.normalised(outputs, parameters, sigma_z)
    curve = measure_sharpening(law, samples, seed)
    return {"curve": curve, "limit": mean_field_flow(law, float(min(curve.times[-1], 100 / curve.start)), 300)}


def mean_field(
    outputs: int, parameters: int, sigma_z: float, start: float, samples: int, seed: int, steps: int
) -> dict[str, Any]:
    """Descent at infinite size and simulated runs of one size, with residuals of the same norm."""
    import numpy as np

    from .numeric.regression.descent import descend_regression
    from .numeric.regression.ensemble import RegressionEnsemble
    from .numeric.regression.mean_field import mean_field_descent

    law = RegressionEnsemble.normalised(outputs, parameters, sigma_z)
    limit, runs = mean_field_descent(law, start / law.edge, steps), []
    for index in range(samples):
        state = law.sample(seed, index)
        scale = float(sigma_z * np.sqrt(outputs) / np.linalg.norm(state.z))
        runs.append(descend_regression(state, limit.step_size, scales=scale, max_steps=steps, tolerance=1e-14))
    return {"limit": limit, "runs": runs}


def theorem_2(outputs: int, parameters: int, samples: int, seed: int) -> Any:
    """Simulations at sizes halved down to 1."""
    from .numeric.initialisation.figures import halved_sizes
    from .numeric.initialisation.laws import InitialEnsemble
    from .numeric.initialisation.simulation import simulate_ensemble

    sizes = halved_sizes(outputs, parameters)
    return [simulate_ensemble(InitialEnsemble(d, p), samples=samples, seed=seed) for d, p in sizes]


def phase(grid: int, steps: int) -> Any:
    """A sweep over epsilon and the residual of the start, at the edge."""
    from .numeric.sweeps.grid import make_sweep_grid
    from .numeric.sweeps.run import sweep

    return sweep(make_sweep_grid(epsilon=f"1e-3:0.5:{grid}:log", z=f"-1.5:0.99:{grid}", T=2), steps=steps)


def network(hidden: str, eta: float, steps: int, seed: int) -> Any:
    """A tanh network on a Chebyshev polynomial, trained and watched, and its central flow."""
    from .numeric.networks.architectures import fully_connected
    from .numeric.networks.data.chebyshev import chebyshev_data
    from .numeric.networks.predictions.central_flow import central_flow
    from .numeric.networks.training.monitor import Monitor
    from .numeric.networks.training.train import train

    try:
        widths = tuple(int(part) for part in hidden.split(","))
    except ValueError:
        raise DomainError.of("--hidden", "integers separated by commas", hidden, "Write --hidden 6,6.") from None
    problem = fully_connected(*chebyshev_data(3, 10), hidden=widths, seed=seed)
    monitor = Monitor(problem, 4, k=2, optimiser="gradient-descent", step_size=eta)
    run = train(problem, step_size=eta, steps=steps, monitor=monitor)
    return {"run": run, "flow": central_flow(problem, eta, run.stopped)}
