"""The quadratic regression model with D outputs and P parameters: ensembles, descent, flow, spectra."""
