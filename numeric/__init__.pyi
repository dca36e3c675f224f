from . import codegen as codegen
from . import initialisation as initialisation
from . import networks as networks
from . import orbits as orbits
from . import regression as regression
from . import runs as runs
from . import sweeps as sweeps
