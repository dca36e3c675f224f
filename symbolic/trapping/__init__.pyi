from .barrier import Barrier as Barrier
from .barrier import derive_barrier as derive_barrier
from .lyapunov import Lyapunov as Lyapunov
from .lyapunov import derive_lyapunov as derive_lyapunov
from .region import Condition as Condition
from .region import Region as Region
