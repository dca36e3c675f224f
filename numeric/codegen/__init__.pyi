from .compile import NUMBER_TYPES as NUMBER_TYPES
from .compile import NumberType as NumberType
from .compile import compile_map as compile_map
from .lane_kernels import LaneKernel as LaneKernel
from .lane_kernels import lane_kernel as lane_kernel
from .program import Program as Program
from .rational_scheduling import schedule_rational as schedule_rational
from .scheduling import schedule_program as schedule_program
