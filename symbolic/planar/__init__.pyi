from .edge_line import EdgeCoordinates as EdgeCoordinates
from .limit_law import LimitLaw as LimitLaw
from .maps import PolynomialMap as PolynomialMap
from .nullcline import Nullcline as Nullcline
from .planar_map import PlanarMap as PlanarMap
from .recurrences import Recurrence as Recurrence
from .slow_manifold import LimitSeries as LimitSeries
from .slow_manifold import SlowManifold as SlowManifold
