from .acceleration import Acceleration as Acceleration
from .discrete import first_difference as first_difference
from .discrete import second_difference as second_difference
from .wishart import exact_moments as exact_moments
