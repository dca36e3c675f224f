"""Claims as data, their checks, certificates and reports."""
