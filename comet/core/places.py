"""Where Comet's own files lie: `$COMET_HOME`, else the folders of the platform; never the working directory."""

from __future__ import annotations

import os
from typing import NamedTuple

APP = "comet-music"

ROOT_FOLDER = b".comet"
"""Everything of Comet's under a root folder of music lies in here."""


class Places(NamedTuple):
    """The folders of one user; a dataclass would cost every command 15 ms of imports."""

    config: str
    """`main.ini`, `profiles.ini`."""
    state: str
    """A folder a profile: cache, results, journal, jobs."""
    cache: str
    """Compiled code."""

    @property
    def main_ini(self) -> str:
        """Settings for all profiles."""
        return os.path.join(self.config, "main.ini")

    @property
    def profiles_ini(self) -> str:
        """The profiles."""
        return os.path.join(self.config, "profiles.ini")

    def profile(self, name: str) -> str:
        """Return the state folder of a profile."""
        return os.path.join(self.state, name)


def places() -> Places:
    """Return the folders of this user."""
    home = os.environ.get("COMET_HOME")
    if home:
        home = os.path.abspath(os.path.expanduser(home))
        return Places(home, os.path.join(home, "state"), os.path.join(home, "cache"))
    import platformdirs  # noqa: PLC0415 - not needed where COMET_HOME is set, nor for help

    return Places(platformdirs.user_config_dir(APP), platformdirs.user_state_dir(APP), platformdirs.user_cache_dir(APP))


def prepare() -> None:
    """Let compiled kernels be kept in Comet's own cache folder, for the package's may be read-only."""
    os.environ.setdefault("NUMBA_CACHE_DIR", os.path.join(places().cache, "kernels"))


def marker(root: bytes) -> str:
    """Return the id in the marker of a root folder, empty where there is none."""
    try:
        with open(os.path.join(root, ROOT_FOLDER, b"root"), encoding="utf-8", errors="replace") as stream:
            return stream.readline(200).strip()
    except OSError:
        return ""
