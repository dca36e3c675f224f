"""The report: one page, one PDF and one file of data on all claims, made from the record of a verification.

Here: what is written on the page and how it is laid out. Not here: what claims say and how they are judged; the page
takes both as they are.
"""
