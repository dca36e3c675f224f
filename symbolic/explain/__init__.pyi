from .log import DerivationLog as DerivationLog
