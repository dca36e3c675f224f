"""edgestab: exact derivations, generated kernels and checked claims for training at the edge of stability.

The names used most stand here; all others in the rooms, each a namespace: exact mathematics in ``es.planar``,
``es.models``, ``es.trapping``, ``es.wick``, ``es.latex``, ``es.algebra`` and ``es.explain``; numbers in ``es.codegen``,
``es.orbits``, ``es.sweeps``, ``es.initialisation``, ``es.regression``, ``es.networks`` and ``es.runs``; claims in
``es.proofs``. They are listed once, in the stub beside this file and in those of the rooms, and are loaded when first
used, so that ``import edgestab`` stays quick.
"""

import lazy_loader as lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
