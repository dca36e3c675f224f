from .eigenvalue_moments import eigenvalue_moments as eigenvalue_moments
from .figures import plot_theorem_2_ratio as plot_theorem_2_ratio
from .largest_eigenvalue import largest_eigenvalue_moments as largest_eigenvalue_moments
from .laws import InitialEnsemble as InitialEnsemble
from .simulation import EnsembleResult as EnsembleResult
from .simulation import simulate_ensemble as simulate_ensemble
