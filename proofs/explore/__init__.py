"""The explorable page: the model runs in the reader's browser, with what is known of each run drawn over it.

Here: the page, its figures and scripts, and the list of optimisers it offers. Not here: formulas; kernels and
coefficients are generated from exact objects.
"""
