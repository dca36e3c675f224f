"""Exact algebra that knows no model: symbols, polynomials, quotients, truncated series, a safe reader of formulas."""
