"""Single orbits of an exact map: simulation at any precision, where they end, limits predicted and resummed."""
