from .backend import Backend as Backend
from .backend import Derivatives as Derivatives
