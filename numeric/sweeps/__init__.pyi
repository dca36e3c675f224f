from .check import SpotCheck as SpotCheck
from .check import check_sweep as check_sweep
from .grid import SweepGrid as SweepGrid
from .grid import make_sweep_grid as make_sweep_grid
from .phase_diagram import plot_phase_diagram as plot_phase_diagram
from .result import SweepResult as SweepResult
from .run import sweep as sweep
