from . import algebra as algebra
from . import explain as explain
from . import latex as latex
from . import models as models
from . import optimisers as optimisers
from . import planar as planar
from . import trapping as trapping
from . import wick as wick
