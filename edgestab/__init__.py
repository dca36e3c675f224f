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
    "LimitSeries": "symbolic.limit_series",
    "LimitLaw": "symbolic.limit_law",
    "derive_limit_law": "symbolic.limit_law",
    "LimitPrediction": "numeric.limit_prediction",
    "predict_limit": "numeric.limit_prediction",
    "compile_map": "numeric.compile",
    "ClusterError": "numeric.cluster",
    "map_chunks": "numeric.cluster",
    "Simulation": "numeric.simulate",
    "simulate": "numeric.simulate",
    "DescentRun": "numeric.regression.descent",
    "FlowRun": "numeric.regression.flow",
    "RegressionEnsemble": "numeric.regression.ensembles",
    "RegressionModel": "numeric.regression.model",
    "RegressionState": "numeric.regression.model",
    "descend": "numeric.regression.descent",
    "gradient_flow": "numeric.regression.flow",
    "split_two_steps": "numeric.regression.two_steps",
    "Ensemble": "numeric.ensemble",
    "simulate_ensemble": "numeric.ensemble",
    "largest_moments": "numeric.wishart",
    "Acceleration": "symbolic.wick.acceleration",
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
    from .numeric.cluster import ClusterError as ClusterError
    from .numeric.cluster import map_chunks as map_chunks
    from .numeric.compile import compile_map as compile_map
    from .numeric.ensemble import Ensemble as Ensemble
    from .numeric.ensemble import simulate_ensemble as simulate_ensemble
    from .numeric.limit_prediction import LimitPrediction as LimitPrediction
    from .numeric.limit_prediction import predict_limit as predict_limit
    from .numeric.regression.descent import DescentRun as DescentRun
    from .numeric.regression.descent import descend as descend
    from .numeric.regression.ensembles import RegressionEnsemble as RegressionEnsemble
    from .numeric.regression.flow import FlowRun as FlowRun
    from .numeric.regression.flow import gradient_flow as gradient_flow
    from .numeric.regression.model import RegressionModel as RegressionModel
    from .numeric.regression.model import RegressionState as RegressionState
    from .numeric.regression.two_steps import split_two_steps as split_two_steps
    from .numeric.simulate import Simulation as Simulation
    from .numeric.simulate import simulate as simulate
    from .numeric.wishart import largest_moments as largest_moments
    from .proofs.claims import Claim as Claim
    from .proofs.claims import Evidence as Evidence
    from .proofs.claims import Level as Level
    from .proofs.claims import Verdict as Verdict
    from .proofs.claims import all_claims as all_claims
    from .proofs.claims import get_claim as get_claim
    from .proofs.verify import Report as Report
    from .proofs.verify import verify as verify
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
