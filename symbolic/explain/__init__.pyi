from .derived import Derived as Derived
from .log import DerivationLog as DerivationLog
