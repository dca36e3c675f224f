"""``python -m edgestab``: the same as the ``edgestab`` command."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
