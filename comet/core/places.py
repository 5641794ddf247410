"""Where Comet's own files lie: `$COMET_HOME`, else the folders of the platform; never the working directory."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import zlib
from typing import NamedTuple

APP = "comet-music"

ROOT_FOLDER = b".comet"
"""Everything of Comet's under a root folder of music lies in here."""

MARKER = b"root"
"""The file in it that holds the root's id."""


KERNELS = (
    "compare/candidates.py",
    "compare/kernels.py",
    "compare/limit.py",
    "compare/postings.py",
    "compare/ready.py",
    "compare/slopes.py",
    "core/kernels.py",
    "core/measures.py",
    "core/model.py",
    "core/words.py",
    "judge/kernels.py",
    "judge/levels.py",
    "listen/kernels.py",
)
"""Files of the package that kernels are compiled from: where they stand, and where the numbers in them come from."""


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
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    folder = kernel_folder(places())
    os.environ["NUMBA_CACHE_DIR"] = folder
    with contextlib.suppress(OSError):  # the compiler does without it, and whoever needs more than that says so
        make_private(folder)


def kernel_folder(here: Places) -> str:
    """Return where compiled kernels are kept: those of other sources in another folder.

    The compiler looks at the file alone in which a kernel stands, not at those from which it has numbers and kernels.
    """
    return os.environ.get("NUMBA_CACHE_DIR") or os.path.join(here.cache, "kernels", _sources())


def _sources() -> str:
    """Return what tells the sources of kernels apart; to read them takes less than a millisecond."""
    top, found = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 0
    for name in KERNELS:
        with open(os.path.join(top, name), "rb") as file:
            found = zlib.crc32(file.read(), found)
    return f"{found:08x}"


def compiled(here: Places) -> int:
    """Return how many kernels are compiled."""
    return sum(name.endswith(".nbi") for _folder, _inside, names in os.walk(kernel_folder(here)) for name in names)


def drop_kernels(here: Places) -> None:
    """Remove kernels that were compiled from other sources: each version of Comet leaves 5 MB of them.

    The newest of these stay beside those of now, for whoever goes back to the version before.
    """
    import shutil  # noqa: PLC0415 - help must not wait for it

    own = kernel_folder(here)  # which may be anywhere: only what lies in Comet's own cache is Comet's to remove
    with contextlib.suppress(OSError), os.scandir(os.path.join(here.cache, "kernels")) as entries:
        others = sorted((each.stat().st_mtime, each.path) for each in entries if each.path != own)
        for _time, path in others[:-1]:
            shutil.rmtree(path, ignore_errors=True)


def make_private(folder: str) -> None:
    """Make a folder and those above it that are missing, all for this user only; what is there stays as it is.

    `os.makedirs` would give the mode to the last one only.
    """
    above = os.path.dirname(folder)
    if above and not os.path.isdir(above):
        make_private(above)
    try:
        os.mkdir(folder, 0o700)
    except OSError:  # not only FileExistsError: what is there may lie where nothing can be made
        if not os.path.isdir(folder):
            raise


def only_mine(path: str, flags: int) -> int:
    """Open a file that is made for this user only, for `open(..., opener=only_mine)`."""
    return os.open(path, flags, 0o600)


def marker(root: bytes) -> str:
    """Return the id in the marker of a root folder, empty where there is none that can be read."""
    try:
        folder = open_root_folder(root)
        try:
            return read_marker(folder)
        finally:
            os.close(folder)
    except OSError:
        return ""


def open_root_folder(root: bytes) -> int:
    """Return a descriptor of the folder `.comet` of a root; one that is a link leads somewhere else and is refused."""
    return os.open(os.path.join(root, ROOT_FOLDER), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def read_marker(folder: int) -> str:
    """Return the id in the marker in the folder `.comet` that is open as `folder`.

    Whoever can write there may have put a link or a pipe in its place, which would lead elsewhere or wait for ever.
    """
    handle = os.open(MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return os.read(handle, 200).partition(b"\n")[0].decode("utf-8", "replace").strip()
    finally:
        os.close(handle)
