"""Gradient descent on a loss of your own, studied at its edge of stability."""
