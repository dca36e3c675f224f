"""Data sets for runs from the command line and for claims: small ones that are made or shipped, and files of the user.

Here: inputs ``(N, d)`` and targets ``(N, C)`` as arrays, with what is wrong with a file said. Not here: models.
"""
