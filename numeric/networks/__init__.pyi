from .figures import plot_eigenvalues as plot_eigenvalues
from .figures import plot_network_loss as plot_network_loss
from .tanh import TanhNetwork as TanhNetwork
from .training import NetworkRun as NetworkRun
from .training import train_network as train_network
