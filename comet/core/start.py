"""How another process of this program is started: it runs this package's code and nothing of the working directory's.

The working directory may be a folder of music, which strangers can fill: a file `rich.py` in it would be imported, for
`python -m` and `python -c` look there first.
"""

from __future__ import annotations

import os
import site
import sys


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module as a program; it goes with `environment()`."""
    return [sys.executable, "-m", module, *arguments]


def environment(**more: str) -> dict[str, str]:
    """Return the environment for another Python of this program, with `more` variables."""
    return {**os.environ, **variables(), **more}


def variables() -> dict[str, str]:
    """Return those variables by which Python imports what this process does, but not from the working directory."""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    # An empty entry, left behind by `PYTHONPATH=$PYTHONPATH:/a`, is the working directory again.
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if home not in paths and not _installed(home):
        paths.insert(0, home)
    return {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}


def _installed(home: str) -> bool:
    """Tell whether every Python of this environment looks there by itself: named once more it would hide Python's own.

    Packages named like a module of the standard library lie among the installed ones, and come after it.
    """
    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    return any(os.path.realpath(folder) == os.path.realpath(home) for folder in folders)
