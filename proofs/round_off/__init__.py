"""Round-off proved: how far a generated float64 program strays from the exact map, by Gappa, checked by Coq.

Here: programs cut into blocks with every rounding weighed, scripts for Gappa, boxes, Coq files, certificates, a record.
Not here: the programs (numeric.codegen), and the rest of the Coq development (proofs/coq).
"""
