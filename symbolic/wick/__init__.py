"""Gaussian index calculus: expectations of tensor expressions, contracted by code, for the model with D outputs."""
