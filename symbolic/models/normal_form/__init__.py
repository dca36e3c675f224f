"""The flip (period-doubling) normal form at a fixed point, and at a minimum of a loss of any number of parameters."""
