from .compile import compile_map as compile_map
from .kernels import LaneKernel as LaneKernel
from .kernels import lane_kernel as lane_kernel
from .program import Program as Program
from .rational import schedule_rational as schedule_rational
from .schedule import schedule as schedule
