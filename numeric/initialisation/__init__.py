"""Theorem 2 by numbers: the random model at initialisation, its laws, samplers and exact moments."""
