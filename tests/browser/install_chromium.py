"""Install Chromium from the system's packages where it is missing: ``python tests/browser/install_chromium.py``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-dejavu-core")
ADVICE = f"Install Chromium yourself (Debian, Ubuntu: apt-get install {' '.join(PACKAGES)})."


def find_chromium() -> str | None:
    """Where Chromium is, None if it is not on the path."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def install_chromium() -> str:
    """Install it with apt-get.

    Returns:
        Where it is.

    Raises:
        SystemExit: there is no apt-get, or it did not succeed.
    """
    manager = shutil.which("apt-get")
    if manager is None:
        raise SystemExit(f"There is no apt-get. {ADVICE}")
    prefix = ["sudo", "-n"] if shutil.which("sudo") and os.geteuid() != 0 else []
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run([*prefix, manager, *arguments], capture_output=True, text=True, check=False)
    found = find_chromium()
    if done.returncode or found is None:
        raise SystemExit(f"apt-get did not succeed: {done.stderr.strip()[-200:]} {ADVICE}")
    return found


if __name__ == "__main__":
    sys.stdout.write(f"{find_chromium() or install_chromium()}\n")
