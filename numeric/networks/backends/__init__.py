"""What differentiates a model: JAX, PyTorch, or the closed formulas of the quadratic regression model.

Here: derivatives of one model at flat parameters, as NumPy arrays. Not here: what is measured or predicted from them.
"""
