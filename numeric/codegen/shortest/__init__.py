"""How few operations a step can take: all shapes of short programs, and why none of them is the gradient step."""
