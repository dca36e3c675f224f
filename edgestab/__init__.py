"""edgestab: exact derivations, generated kernels and checked claims for training at the edge of stability.

Names are loaded when first used, so that ``import edgestab`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Public name to the module that defines it, below this package.
EXPORTS: dict[str, str] = {
    "CodegenError": "symbolic.algebra.errors",
    "DomainError": "symbolic.algebra.errors",
    "EdgestabError": "symbolic.algebra.errors",
    "OutputError": "symbolic.algebra.errors",
    "PrecisionError": "symbolic.algebra.errors",
    "ProofError": "symbolic.algebra.errors",
    "symbol": "symbolic.algebra.symbols",
    "symbols": "symbolic.algebra.symbols",
    "Grading": "symbolic.algebra.series",
    "TruncatedSeries": "symbolic.algebra.series",
    "PolynomialMap": "symbolic.planar.maps",
    "QuadraticModel": "symbolic.models.quadratic",
    "GradientDescent": "symbolic.models.own_loss.gradient",
    "EdgeStudy": "symbolic.models.own_loss.study",
    "EdgePoint": "symbolic.models.own_loss.stabilisation",
    "derive_self_stabilisation": "symbolic.models.own_loss.stabilisation",
    "taylor": "symbolic.models.own_loss.gradient",
    "parse_expression": "symbolic.algebra.parsing",
    "DerivationLog": "symbolic.explain.log",
    "NameMap": "symbolic.latex",
    "Style": "symbolic.latex",
    "read_latex": "symbolic.latex",
    "to_latex": "symbolic.latex",
    "Nullcline": "symbolic.planar.nullcline",
    "Recurrence": "symbolic.planar.recurrences",
    "SlowManifold": "symbolic.planar.slow_manifold",
    "derive_slow_manifold": "symbolic.planar.slow_manifold",
    "GradientFlow": "symbolic.models.gradient_flow",
    "FlowLimit": "numeric.orbits.flow_limit",
    "flow_limit": "numeric.orbits.flow_limit",
    "LimitSeries": "symbolic.planar.limit_series",
    "LimitLaw": "symbolic.planar.limit_law",
    "derive_limit_law": "symbolic.planar.limit_law",
    "LimitPrediction": "numeric.orbits.limit_prediction",
    "predict_limit": "numeric.orbits.limit_prediction",
    "best_cut": "numeric.orbits.resummation",
    "resum": "numeric.orbits.resummation",
    "orbit_limit": "numeric.orbits.orbit_limit",
    "compile_map": "numeric.codegen.compile",
    "Program": "numeric.codegen.program",
    "schedule": "numeric.codegen.schedule",
    "schedule_rational": "numeric.codegen.rational",
    "LaneKernel": "numeric.codegen.kernels",
    "lane_kernel": "numeric.codegen.kernels",
    "ClusterError": "numeric.runs.cluster",
    "map_chunks": "numeric.runs.cluster",
    "SweepGrid": "numeric.sweeps.grid",
    "SweepResult": "numeric.sweeps.result",
    "SpotCheck": "numeric.sweeps.check",
    "check_sweep": "numeric.sweeps.check",
    "make_grid": "numeric.sweeps.grid",
    "plot_phase": "numeric.sweeps.figure",
    "sweep": "numeric.sweeps.run",
    "Simulation": "numeric.orbits.simulate",
    "simulate": "numeric.orbits.simulate",
    "DescentRun": "numeric.regression.descent",
    "FlowRun": "numeric.regression.flow",
    "NetworkRun": "numeric.networks.training",
    "TanhNetwork": "numeric.networks.tanh",
    "train": "numeric.networks.training",
    "RegressionEnsemble": "numeric.regression.ensembles",
    "RegressionModel": "numeric.regression.model",
    "RegressionState": "numeric.regression.model",
    "mean_field_descent": "numeric.regression.mean_field",
    "mean_field_flow": "numeric.regression.mean_field",
    "descend": "numeric.regression.descent",
    "gradient_flow": "numeric.regression.flow",
    "split_two_steps": "numeric.regression.two_steps",
    "Ensemble": "numeric.initialisation.ensemble",
    "simulate_ensemble": "numeric.initialisation.ensemble",
    "EnsembleResult": "numeric.initialisation.ensemble",
    "plot_ratio": "numeric.initialisation.figures",
    "largest_moments": "numeric.initialisation.wishart",
    "pfaffian_moments": "numeric.initialisation.pfaffian_moments",
    "exact_moments": "symbolic.wick.wishart",
    "first_difference": "symbolic.wick.discrete",
    "second_difference": "symbolic.wick.discrete",
    "simulate_differences": "numeric.initialisation.discrete",
    "Acceleration": "symbolic.wick.acceleration",
    "Barrier": "symbolic.trapping.barrier",
    "derive_barrier": "symbolic.trapping.barrier",
    "build_certificate": "proofs.certificates.theorem_1",
    "check_certificate": "proofs.certificates.checker",
    "plot_basin": "numeric.orbits.basin",
    "simulate_basin": "numeric.orbits.basin",
    "Claim": "proofs.claims",
    "Evidence": "proofs.claims",
    "Level": "proofs.claims",
    "Verdict": "proofs.claims",
    "get_claim": "proofs.claims",
    "all_claims": "proofs.claims",
    "Report": "proofs.verify",
    "verify": "proofs.verify",
}

if TYPE_CHECKING:
    from .numeric.codegen.compile import compile_map as compile_map
    from .numeric.codegen.kernels import LaneKernel as LaneKernel
    from .numeric.codegen.kernels import lane_kernel as lane_kernel
    from .numeric.codegen.program import Program as Program
    from .numeric.codegen.rational import schedule_rational as schedule_rational
    from .numeric.codegen.schedule import schedule as schedule
    from .numeric.initialisation.discrete import simulate_differences as simulate_differences
    from .numeric.initialisation.ensemble import Ensemble as Ensemble
    from .numeric.initialisation.ensemble import EnsembleResult as EnsembleResult
    from .numeric.initialisation.ensemble import simulate_ensemble as simulate_ensemble
    from .numeric.initialisation.figures import plot_ratio as plot_ratio
    from .numeric.initialisation.pfaffian_moments import pfaffian_moments as pfaffian_moments
    from .numeric.initialisation.wishart import largest_moments as largest_moments
    from .numeric.networks.tanh import TanhNetwork as TanhNetwork
    from .numeric.networks.training import NetworkRun as NetworkRun
    from .numeric.networks.training import train as train
    from .numeric.orbits.basin import plot_basin as plot_basin
    from .numeric.orbits.basin import simulate_basin as simulate_basin
    from .numeric.orbits.flow_limit import FlowLimit as FlowLimit
    from .numeric.orbits.flow_limit import flow_limit as flow_limit
    from .numeric.orbits.limit_prediction import LimitPrediction as LimitPrediction
    from .numeric.orbits.limit_prediction import predict_limit as predict_limit
    from .numeric.orbits.orbit_limit import orbit_limit as orbit_limit
    from .numeric.orbits.resummation import best_cut as best_cut
    from .numeric.orbits.resummation import resum as resum
    from .numeric.orbits.simulate import Simulation as Simulation
    from .numeric.orbits.simulate import simulate as simulate
    from .numeric.regression.descent import DescentRun as DescentRun
    from .numeric.regression.descent import descend as descend
    from .numeric.regression.ensembles import RegressionEnsemble as RegressionEnsemble
    from .numeric.regression.flow import FlowRun as FlowRun
    from .numeric.regression.flow import gradient_flow as gradient_flow
    from .numeric.regression.mean_field import mean_field_descent as mean_field_descent
    from .numeric.regression.mean_field import mean_field_flow as mean_field_flow
    from .numeric.regression.model import RegressionModel as RegressionModel
    from .numeric.regression.model import RegressionState as RegressionState
    from .numeric.regression.two_steps import split_two_steps as split_two_steps
    from .numeric.runs.cluster import ClusterError as ClusterError
    from .numeric.runs.cluster import map_chunks as map_chunks
    from .numeric.sweeps.check import SpotCheck as SpotCheck
    from .numeric.sweeps.check import check_sweep as check_sweep
    from .numeric.sweeps.figure import plot_phase as plot_phase
    from .numeric.sweeps.grid import SweepGrid as SweepGrid
    from .numeric.sweeps.grid import make_grid as make_grid
    from .numeric.sweeps.result import SweepResult as SweepResult
    from .numeric.sweeps.run import sweep as sweep
    from .proofs.certificates.checker import check_certificate as check_certificate
    from .proofs.certificates.theorem_1 import build_certificate as build_certificate
    from .proofs.claims import Claim as Claim
    from .proofs.claims import Evidence as Evidence
    from .proofs.claims import Level as Level
    from .proofs.claims import Verdict as Verdict
    from .proofs.claims import all_claims as all_claims
    from .proofs.claims import get_claim as get_claim
    from .proofs.verify import Report as Report
    from .proofs.verify import verify as verify
    from .symbolic.algebra.errors import CodegenError as CodegenError
    from .symbolic.algebra.errors import DomainError as DomainError
    from .symbolic.algebra.errors import EdgestabError as EdgestabError
    from .symbolic.algebra.errors import OutputError as OutputError
    from .symbolic.algebra.errors import PrecisionError as PrecisionError
    from .symbolic.algebra.errors import ProofError as ProofError
    from .symbolic.algebra.parsing import parse_expression as parse_expression
    from .symbolic.algebra.series import Grading as Grading
    from .symbolic.algebra.series import TruncatedSeries as TruncatedSeries
    from .symbolic.algebra.symbols import symbol as symbol
    from .symbolic.algebra.symbols import symbols as symbols
    from .symbolic.explain.log import DerivationLog as DerivationLog
    from .symbolic.latex import NameMap as NameMap
    from .symbolic.latex import Style as Style
    from .symbolic.latex import read_latex as read_latex
    from .symbolic.latex import to_latex as to_latex
    from .symbolic.models.gradient_flow import GradientFlow as GradientFlow
    from .symbolic.models.own_loss.gradient import GradientDescent as GradientDescent
    from .symbolic.models.own_loss.gradient import taylor as taylor
    from .symbolic.models.own_loss.stabilisation import EdgePoint as EdgePoint
    from .symbolic.models.own_loss.stabilisation import derive_self_stabilisation as derive_self_stabilisation
    from .symbolic.models.own_loss.study import EdgeStudy as EdgeStudy
    from .symbolic.models.quadratic import QuadraticModel as QuadraticModel
    from .symbolic.planar.limit_law import LimitLaw as LimitLaw
    from .symbolic.planar.limit_law import derive_limit_law as derive_limit_law
    from .symbolic.planar.limit_series import LimitSeries as LimitSeries
    from .symbolic.planar.maps import PolynomialMap as PolynomialMap
    from .symbolic.planar.nullcline import Nullcline as Nullcline
    from .symbolic.planar.recurrences import Recurrence as Recurrence
    from .symbolic.planar.slow_manifold import SlowManifold as SlowManifold
    from .symbolic.planar.slow_manifold import derive_slow_manifold as derive_slow_manifold
    from .symbolic.trapping.barrier import Barrier as Barrier
    from .symbolic.trapping.barrier import derive_barrier as derive_barrier
    from .symbolic.wick.acceleration import Acceleration as Acceleration
    from .symbolic.wick.discrete import first_difference as first_difference
    from .symbolic.wick.discrete import second_difference as second_difference
    from .symbolic.wick.wishart import exact_moments as exact_moments

__all__ = ["__version__", *EXPORTS]


def _compile(source: Any, target: str) -> Any:
    return import_module(".numeric.codegen.compile", __name__).compile_map(source, target)


def __getattr__(name: str) -> Any:
    if name not in EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module(".symbolic.planar.maps", __name__).COMPILER["map"] = _compile
    value = getattr(import_module(f".{EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
