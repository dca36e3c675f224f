from .gradient_flow import GradientFlow as GradientFlow
from .own_loss.descent import GradientDescent as GradientDescent
from .own_loss.edge_point import EdgePoint as EdgePoint
from .own_loss.gradient import taylor_expansion as taylor_expansion
from .own_loss.stabilisation import derive_self_stabilisation as derive_self_stabilisation
from .own_loss.study import EdgeStudy as EdgeStudy
from .quadratic import QuadraticModel as QuadraticModel
from .quadratic import main_case as main_case
