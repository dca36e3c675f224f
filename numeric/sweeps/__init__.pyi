from .check import SpotCheck as SpotCheck
from .check import check_sweep as check_sweep
from .figure import plot_phase as plot_phase
from .grid import SweepGrid as SweepGrid
from .grid import make_grid as make_grid
from .result import SweepResult as SweepResult
from .run import sweep as sweep
