"""edgestab: exact derivations, generated kernels and checked claims for training at the edge of stability.

Names are loaded when first used, so that ``import edgestab`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Public name to the module that defines it, below this package.
EXPORTS: dict[str, str] = {
    "CodegenError": "symbolic.errors",
    "DomainError": "symbolic.errors",
    "EdgestabError": "symbolic.errors",
    "OutputError": "symbolic.errors",
    "PrecisionError": "symbolic.errors",
    "ProofError": "symbolic.errors",
    "symbol": "symbolic.symbols",
    "symbols": "symbolic.symbols",
    "Grading": "symbolic.series",
    "TruncatedSeries": "symbolic.series",
    "PolynomialMap": "symbolic.maps",
    "QuadraticModel": "symbolic.models",
    "GradientDescent": "symbolic.descent.gradient",
    "EdgeStudy": "symbolic.descent.study",
    "EdgePoint": "symbolic.descent.stabilisation",
    "derive_self_stabilisation": "symbolic.descent.stabilisation",
    "taylor": "symbolic.descent.gradient",
    "parse_expression": "symbolic.parsing",
    "DerivationLog": "symbolic.log",
    "NameMap": "symbolic.latex",
    "Style": "symbolic.latex",
    "read_latex": "symbolic.latex",
    "to_latex": "symbolic.latex",
    "Nullcline": "symbolic.nullcline",
    "Recurrence": "symbolic.recurrences",
    "SlowManifold": "symbolic.slow_manifold",
    "derive_slow_manifold": "symbolic.slow_manifold",
    "GradientFlow": "symbolic.gradient_flow",
    "FlowLimit": "numeric.flow_limit",
    "flow_limit": "numeric.flow_limit",
    "LimitSeries": "symbolic.limit_series",
    "LimitLaw": "symbolic.limit_law",
    "derive_limit_law": "symbolic.limit_law",
    "LimitPrediction": "numeric.limit_prediction",
    "predict_limit": "numeric.limit_prediction",
    "best_cut": "numeric.resummation",
    "resum": "numeric.resummation",
    "orbit_limit": "numeric.orbit_limit",
    "compile_map": "numeric.compile",
    "Program": "numeric.codegen.program",
    "schedule": "numeric.codegen.schedule",
    "schedule_rational": "numeric.codegen.rational",
    "LaneKernel": "numeric.codegen.kernels",
    "lane_kernel": "numeric.codegen.kernels",
    "ClusterError": "numeric.cluster",
    "map_chunks": "numeric.cluster",
    "SweepGrid": "numeric.sweep.grid",
    "SweepResult": "numeric.sweep.result",
    "SpotCheck": "numeric.sweep.check",
    "check_sweep": "numeric.sweep.check",
    "make_grid": "numeric.sweep.grid",
    "plot_phase": "numeric.sweep.figure",
    "sweep": "numeric.sweep.run",
    "Simulation": "numeric.simulate",
    "simulate": "numeric.simulate",
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
    "Ensemble": "numeric.ensemble",
    "simulate_ensemble": "numeric.ensemble",
    "EnsembleResult": "numeric.ensemble",
    "plot_ratio": "numeric.ensemble_plots",
    "largest_moments": "numeric.wishart",
    "pfaffian_moments": "numeric.pfaffian_moments",
    "exact_moments": "symbolic.wishart",
    "first_difference": "symbolic.wick.discrete",
    "second_difference": "symbolic.wick.discrete",
    "simulate_differences": "numeric.discrete",
    "Acceleration": "symbolic.wick.acceleration",
    "Barrier": "symbolic.barrier",
    "derive_barrier": "symbolic.barrier",
    "build_certificate": "proofs.certificates.theorem_1",
    "check_certificate": "proofs.certificates.checker",
    "plot_basin": "numeric.basin",
    "simulate_basin": "numeric.basin",
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
    from .numeric.basin import plot_basin as plot_basin
    from .numeric.basin import simulate_basin as simulate_basin
    from .numeric.cluster import ClusterError as ClusterError
    from .numeric.cluster import map_chunks as map_chunks
    from .numeric.codegen.kernels import LaneKernel as LaneKernel
    from .numeric.codegen.kernels import lane_kernel as lane_kernel
    from .numeric.codegen.program import Program as Program
    from .numeric.codegen.rational import schedule_rational as schedule_rational
    from .numeric.codegen.schedule import schedule as schedule
    from .numeric.compile import compile_map as compile_map
    from .numeric.discrete import simulate_differences as simulate_differences
    from .numeric.ensemble import Ensemble as Ensemble
    from .numeric.ensemble import EnsembleResult as EnsembleResult
    from .numeric.ensemble import simulate_ensemble as simulate_ensemble
    from .numeric.ensemble_plots import plot_ratio as plot_ratio
    from .numeric.flow_limit import FlowLimit as FlowLimit
    from .numeric.flow_limit import flow_limit as flow_limit
    from .numeric.limit_prediction import LimitPrediction as LimitPrediction
    from .numeric.limit_prediction import predict_limit as predict_limit
    from .numeric.networks.tanh import TanhNetwork as TanhNetwork
    from .numeric.networks.training import NetworkRun as NetworkRun
    from .numeric.networks.training import train as train
    from .numeric.orbit_limit import orbit_limit as orbit_limit
    from .numeric.pfaffian_moments import pfaffian_moments as pfaffian_moments
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
    from .numeric.resummation import best_cut as best_cut
    from .numeric.resummation import resum as resum
    from .numeric.simulate import Simulation as Simulation
    from .numeric.simulate import simulate as simulate
    from .numeric.sweep.check import SpotCheck as SpotCheck
    from .numeric.sweep.check import check_sweep as check_sweep
    from .numeric.sweep.figure import plot_phase as plot_phase
    from .numeric.sweep.grid import SweepGrid as SweepGrid
    from .numeric.sweep.grid import make_grid as make_grid
    from .numeric.sweep.result import SweepResult as SweepResult
    from .numeric.sweep.run import sweep as sweep
    from .numeric.wishart import largest_moments as largest_moments
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
    from .symbolic.barrier import Barrier as Barrier
    from .symbolic.barrier import derive_barrier as derive_barrier
    from .symbolic.descent.gradient import GradientDescent as GradientDescent
    from .symbolic.descent.gradient import taylor as taylor
    from .symbolic.descent.stabilisation import EdgePoint as EdgePoint
    from .symbolic.descent.stabilisation import derive_self_stabilisation as derive_self_stabilisation
    from .symbolic.descent.study import EdgeStudy as EdgeStudy
    from .symbolic.errors import CodegenError as CodegenError
    from .symbolic.errors import DomainError as DomainError
    from .symbolic.errors import EdgestabError as EdgestabError
    from .symbolic.errors import OutputError as OutputError
    from .symbolic.errors import PrecisionError as PrecisionError
    from .symbolic.errors import ProofError as ProofError
    from .symbolic.gradient_flow import GradientFlow as GradientFlow
    from .symbolic.latex import NameMap as NameMap
    from .symbolic.latex import Style as Style
    from .symbolic.latex import read_latex as read_latex
    from .symbolic.latex import to_latex as to_latex
    from .symbolic.limit_law import LimitLaw as LimitLaw
    from .symbolic.limit_law import derive_limit_law as derive_limit_law
    from .symbolic.limit_series import LimitSeries as LimitSeries
    from .symbolic.log import DerivationLog as DerivationLog
    from .symbolic.maps import PolynomialMap as PolynomialMap
    from .symbolic.models import QuadraticModel as QuadraticModel
    from .symbolic.nullcline import Nullcline as Nullcline
    from .symbolic.parsing import parse_expression as parse_expression
    from .symbolic.recurrences import Recurrence as Recurrence
    from .symbolic.series import Grading as Grading
    from .symbolic.series import TruncatedSeries as TruncatedSeries
    from .symbolic.slow_manifold import SlowManifold as SlowManifold
    from .symbolic.slow_manifold import derive_slow_manifold as derive_slow_manifold
    from .symbolic.symbols import symbol as symbol
    from .symbolic.symbols import symbols as symbols
    from .symbolic.wick.acceleration import Acceleration as Acceleration
    from .symbolic.wick.discrete import first_difference as first_difference
    from .symbolic.wick.discrete import second_difference as second_difference
    from .symbolic.wishart import exact_moments as exact_moments

__all__ = ["__version__", *EXPORTS]


def _compile(source: Any, target: str) -> Any:
    return import_module(".numeric.compile", __name__).compile_map(source, target)


def __getattr__(name: str) -> Any:
    if name not in EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module(".symbolic.maps", __name__).COMPILER["map"] = _compile
    value = getattr(import_module(f".{EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
