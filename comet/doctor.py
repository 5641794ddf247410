"""What Comet needs on this machine: what is there, what is missing, how to get it."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from comet.compare import memory
from comet.core import start
from comet.core.database import Database
from comet.core.errors import CometError
from comet.core.places import Places, compiled, kernel_folder
from comet.core.text import _, size

_DISTRIBUTION = "comet-music"
_MAIN_JOB = ("av", "blake3", "mutagen", "numba", "numpy", "platformdirs", "psutil", "rich", "rich-argparse")
"""Packages without which nothing can be scanned, compared or shown."""

_PROBE = "import comet.scanning, comet.listen.work, comet.compare.correlation, comet.pipeline"
_FAST = ("avx2", "avx512_vpopcntdq", "neon", "asimd")
"""Processor features that the kernels gain most from."""

_LITTLE = 500_000_000
"""Bytes of free memory below which one listening process for each processor may be too much."""


class Standing(StrEnum):
    """How something stands."""

    OK = "ok"
    NOTE = "note"
    """It would be better otherwise, or is optional."""
    MISSING = "missing"
    """The main job cannot run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    standing: Standing
    text: str
    hint: str = ""


def examine(places: Places) -> Iterator[Finding]:
    """Yield what was found, most basic first."""
    yield _python()
    yield from _packages()
    yield _main_job()
    yield _fpcalc()
    yield _processor()
    yield _kernels(places)
    yield _memory()
    for name, folder in ((_("settings"), places.config), (_("state"), places.state), (_("cache"), places.cache)):
        yield _folder(name, folder, database=folder == places.state)
    yield from _terminal()


def _python() -> Finding:
    text = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()} {platform.system()}"
    if sys.version_info < (3, 11):  # noqa: UP036 - a copied folder may be run by any Python
        return Finding("Python", Standing.MISSING, text, _("install Python 3.11 or newer"))
    return Finding("Python", Standing.OK, text)


def _packages() -> Iterator[Finding]:
    try:
        required = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        required = list(_MAIN_JOB)  # run from a folder, not installed
    for line in required:
        if "extra ==" in line:
            continue
        name = re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]
        try:
            yield Finding(name, Standing.OK, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            standing = Standing.MISSING if name in _MAIN_JOB else Standing.NOTE
            yield Finding(name, standing, _("not installed"), f"`{sys.executable} -m pip install '{line}'`")


def _main_job() -> Finding:
    """Load all that the main job needs in a process of its own: a wrong build may end the process that loads it."""
    run = subprocess.run(
        [sys.executable, "-c", _PROBE],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=start.environment(),
    )
    name = _("main job")
    if run.returncode == 0:
        return Finding(name, Standing.OK, _("decoder, fingerprint engine and kernels load"))
    if run.returncode < 0:
        why = _("loading its libraries ends the process by signal {number}").format(number=-run.returncode)
    else:
        why = (run.stderr.strip().splitlines() or ["?"])[-1]
    return Finding(name, Standing.MISSING, why, _("install Comet again, in an environment of its own"))


def _fpcalc() -> Finding:
    program, library = shutil.which("fpcalc"), ctypes.util.find_library("chromaprint")
    found = ", ".join(name for name in (program, library) if name)
    return Finding(
        "fpcalc", Standing.OK, found or _("not there, and not needed: Comet makes the same fingerprints itself")
    )


def _processor() -> Finding:
    flags: set[str] = set()
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if line.startswith(("flags", "Features")):
                    flags = set(line.partition(":")[2].split())
                    break
    except OSError:
        flags = set()  # not Linux: the compiler finds out by itself
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fast = [flag for flag in _FAST if flag in flags]
    text = _("{count} processors may be used, with {features}").format(
        count=count, features=", ".join(fast) or _("no vector features that are known")
    )
    return Finding(_("processor"), Standing.OK, text)


def _kernels(places: Places) -> Finding:
    folder, count = kernel_folder(places), compiled(places)
    if count:
        text = _("{count} compiled, in `{folder}`").format(count=count, folder=folder)
        return Finding(_("kernels"), Standing.OK, text)
    return Finding(_("kernels"), Standing.NOTE, _("not compiled yet"), _("the first scan compiles them, once"))


def _memory() -> Finding:
    free = memory.free()
    text = _("{free} may be taken").format(free=size(free))
    if free < _LITTLE:
        return Finding(_("memory"), Standing.NOTE, text, _("end other programs, or set `workers = 1` in main.ini"))
    return Finding(_("memory"), Standing.OK, text)


def _folder(name: str, folder: str, *, database: bool) -> Finding:
    """Try a folder out where it is, or where it would be made."""
    there = folder
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    hint = _("set COMET_HOME to a folder on a local disk that you may write")
    try:
        with tempfile.TemporaryDirectory(dir=there, prefix=".comet-") as tried:
            if database:
                Database(os.path.join(tried, "try.sqlite"), {}).close()
    except CometError as error:
        return Finding(name, Standing.MISSING, str(error), error.hint or hint)
    except OSError as error:
        text = _("`{folder}` cannot be written: {reason}").format(folder=folder, reason=error.strerror)
        return Finding(name, Standing.MISSING, text, hint)
    free = _("{free} free").format(free=size(shutil.disk_usage(there).free))
    return Finding(name, Standing.OK, f"`{folder}`, {free}")


def _terminal() -> Iterator[Finding]:
    term = os.environ.get("TERM", "")
    name = _("terminal")
    if not sys.stdout.isatty():
        yield Finding(name, Standing.OK, _("none here: progress is a line a stage"))
        return
    encoding = (sys.stdout.encoding or "").lower()
    colours = _("no colours (NO_COLOR)") if os.environ.get("NO_COLOR") else os.environ.get("COLORTERM", "")
    text = ", ".join(part for part in (f"TERM={term}", colours, encoding) if part)
    if not encoding.startswith("utf"):
        yield Finding(name, Standing.NOTE, text, _("set LANG to one of UTF-8, or names are shown as escapes"))
    elif term in ("", "dumb", "unknown"):
        yield Finding(name, Standing.NOTE, text, _("set TERM, for example to `xterm-256color`, for moving progress"))
    else:
        yield Finding(name, Standing.OK, text)
