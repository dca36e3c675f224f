"""Maps of the plane near the edge, and all that follows from one: nullcline, two steps, slow manifold, limits."""
