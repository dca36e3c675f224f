from .equations import Style as Style
from .names import NameMap as NameMap
from .printer import to_latex as to_latex
from .reader import read_latex as read_latex
