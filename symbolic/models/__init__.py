"""Where maps come from: the quadratic regression model, a loss of the user's own, the literature."""
