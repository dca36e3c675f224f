"""The gallery: what papers on the edge of stability print, each statement judged.

Here: one entry a paper (its loss, what it prints, under which hypotheses), verdicts from claims, pages. Not here: the
claims themselves and their checks (catalogue).
"""
