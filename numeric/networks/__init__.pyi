from .tanh import TanhNetwork as TanhNetwork
from .training import NetworkRun as NetworkRun
from .training import train_network as train_network
