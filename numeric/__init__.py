"""Numbers: generated kernels, precision, simulation, ensembles, plots. Knows no claim."""
