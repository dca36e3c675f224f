"""Sweeps: millions of trajectories over grids of epsilon, step size and starts, without storing their paths."""
