"""Small tanh networks trained by full-batch gradient descent, with their curvature at every step."""
