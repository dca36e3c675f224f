"""What is measured of a model: eigenvalues with bounds, spectral density, the curvature that an optimiser sees."""
