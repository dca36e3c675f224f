from .discrete import simulate_differences as simulate_differences
from .ensemble import Ensemble as Ensemble
from .ensemble import EnsembleResult as EnsembleResult
from .ensemble import simulate_ensemble as simulate_ensemble
from .figures import plot_ratio as plot_ratio
from .pfaffian_moments import pfaffian_moments as pfaffian_moments
from .wishart import largest_moments as largest_moments
