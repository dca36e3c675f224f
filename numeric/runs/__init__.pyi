from .cluster import ClusterError as ClusterError
from .cluster import map_chunks as map_chunks
from .status import Status as Status
