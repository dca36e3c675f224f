"""Generated kernels: exact maps -> one straight-line program -> many number types.

``schedule(map)`` finds coordinates and an operation-minimal program; the targets turn that one program into code.
"""
