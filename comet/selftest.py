"""What a file system can promise, and whether Comet loses nothing on it: tried in a folder of its own under a root."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import secrets
import shutil
import signal
import subprocess
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import numpy as np

from comet.act import actions, posix
from comet.core import start
from comet.core.errors import FileError, UsageError
from comet.core.job import Job
from comet.core.model import Stage
from comet.core.pieces import Kept, blocks, digest
from comet.core.places import ROOT_FOLDER
from comet.core.text import N_, _, safe, size
from comet.listen import audio
from comet.listen.audio import NotMusic
from comet.listen.encode import write
from comet.selftest_load import COPY, FILES, KEEPER, PLAYLIST, TAGGED, grounded

KILLS: Final = 20
"""Times that Comet is killed."""
_LONGEST: Final = 0.5
"""Seconds from the first change of a process until it is killed, at most: some ten changes."""
_RATE: Final = 44_100
_FICLONE: Final = 0x40049409  # of <linux/fs.h>


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried."""

    name: str
    able: bool
    text: str


@dataclass(frozen=True, slots=True)
class Killed:
    """What came of killing Comet while it changed files."""

    kills: int
    lost: tuple[str, ...]
    """What was not as it has to be, as sentences."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What was found out about a folder."""

    path: bytes
    findings: tuple[Finding, ...]
    killed: Killed


def examine(path: bytes, job: Job) -> Tested:
    """Try what the file system of a folder can do, and kill Comet there while it changes files of its own.

    All of it happens in a folder below `.comet`, which is taken away again.

    Raises:
        FileError: the folder cannot be written.
        Stopped: the job was asked to.
    """
    with _folder(path) as folder, tempfile.TemporaryDirectory(prefix="comet-") as state:
        findings = tuple(_findings(folder))
        return Tested(path, findings, _kill(os.path.join(folder, b"music"), state, job))


@contextmanager
def _folder(path: bytes) -> Iterator[bytes]:
    if not os.path.isdir(path):
        raise UsageError(_("`{path}` is not a folder").format(path=safe(path)), hint=_("name a folder with music"))
    own = os.path.join(path, ROOT_FOLDER)
    folder = os.path.join(own, b"selftest-" + secrets.token_hex(4).encode())
    try:
        os.makedirs(folder)
    except OSError as error:
        raise FileError(os.fsdecode(path), _("it cannot be written: {why}").format(why=error.strerror)) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            os.rmdir(own)  # where there was none


# what it can do


def _findings(folder: bytes) -> Iterator[Finding]:
    for name, tried in _TRIED.items():
        try:
            able, text = tried(folder)
        except OSError as error:
            able, text = False, error.strerror or str(error)
        yield Finding(_(name), able, text)


def _made(folder: bytes, name: bytes, content: bytes = b"") -> bytes:
    path = os.path.join(folder, name)
    with open(path, "wb") as stream:
        stream.write(content)
    return path


def _free(folder: bytes) -> tuple[bool, str]:
    disk = os.statvfs(folder)
    return True, _("{size} free").format(size=size(disk.f_bavail * disk.f_frsize))


def _moves(folder: bytes) -> tuple[bool, str]:
    one, other = _made(folder, b"m1"), _made(folder, b"m2")
    with posix.folder(folder) as inside:
        names = inside, os.path.basename(one), inside, os.path.basename(other)
        code = posix._renameat2(*names, posix.NOREPLACE)  # noqa: SLF001 - `rename_new` hides just what is asked for here
    if code == errno.EEXIST:
        return True, _("never takes the place of another file")
    return False, _("asked first whether the place is free, a moment before")


def _syncs(folder: bytes) -> tuple[bool, str]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
        return False, _("folders cannot be synced by themselves: all of the disk is")
    finally:
        os.close(handle)
    return True, _("names survive a power cut, as far as the disk keeps its word")


def _locks(folder: bytes) -> tuple[bool, str]:
    with open(_made(folder, b"lock"), "rb") as one, open(os.path.join(folder, b"lock"), "rb") as other:
        fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True, _("two runs of Comet notice each other")
    return False, _("another computer that runs Comet on this folder is not noticed")


def _times(folder: bytes) -> tuple[bool, str]:
    path, wanted = _made(folder, b"time"), 1_500_000_001_123_456_789
    os.utime(path, ns=(wanted, wanted))
    off = abs(os.stat(path).st_mtime_ns - wanted)
    if off == 0:
        return True, _("kept to the nanosecond")
    return False, _("rounded by {seconds:g} s; a change within that is seen by its size and sound only").format(
        seconds=off / 1e9
    )


def _rights(folder: bytes) -> tuple[bool, str]:
    path = _made(folder, b"mode")
    os.chmod(path, 0o640)
    able = os.stat(path).st_mode & 0o777 == 0o640
    return able, _("kept") if able else _("the same for all files here")


def _attributes(folder: bytes) -> tuple[bool, str]:
    os.setxattr(_made(folder, b"attribute"), "user.comet", b"1")
    return True, _("kept")


def _letters(folder: bytes) -> tuple[bool, str]:
    _made(folder, b"Case")
    one = not os.path.exists(os.path.join(folder, b"cASE"))
    composed, apart = (unicodedata.normalize(form, "é").encode() for form in ("NFC", "NFD"))
    _made(folder, composed)
    two = not os.path.exists(os.path.join(folder, apart))
    if one and two:
        return True, _("told apart by every byte")
    return False, _("two names that differ in {what} only are one file").format(
        what=_("capitals") if not one else _("how accents are composed")
    )


def _bytes(folder: bytes) -> tuple[bool, str]:
    path = _made(folder, b"caf\xe9")
    able = os.path.basename(path) in os.listdir(folder)
    return able, _("any bytes but / and zero") if able else _("changed into others")


def _shares(folder: bytes) -> tuple[bool, str]:
    with open(_made(folder, b"s1", bytes(1 << 16)), "rb") as one, open(os.path.join(folder, b"s2"), "wb") as other:
        try:
            fcntl.ioctl(other.fileno(), _FICLONE, one.fileno())
        except OSError:
            return False, _("what stays of a file whose tags change is copied")
    return True, _("what stays of a file whose tags change is shared (reflink), not copied")


_TRIED: Final[dict[str, Callable[[bytes], tuple[bool, str]]]] = {
    N_("room"): _free,
    N_("moving"): _moves,
    N_("syncing"): _syncs,
    N_("locks"): _locks,
    N_("times"): _times,
    N_("rights"): _rights,
    N_("attributes"): _attributes,
    N_("names"): _letters,
    N_("bytes in names"): _bytes,
    N_("copying"): _shares,
}


# whether it loses nothing


def _kill(music: bytes, state: str, job: Job) -> Killed:
    """Kill Comet at random moments while it changes files; each time what is left must be whole, and be undone."""
    _make(music)
    before = {name: _state(music, name) for name in FILES}
    sounds = {name: _sound(os.path.join(music, name)) for name in (*TAGGED, COPY)}
    chance, lost = random.Random(), []  # noqa: S311 - no secret hangs on it
    with job.stage(Stage.SELFTEST, KILLS) as advance:
        for number in range(KILLS):
            _run(music, state, number, chance.uniform(0, _LONGEST))
            lost += [f"{number + 1}: {each}" for each in _settled(music, state, before, sounds)]
            advance(1)
    return Killed(KILLS, tuple(lost))


def _make(music: bytes) -> None:
    os.mkdir(music)
    actions.mark_root(music)
    noise = np.random.default_rng(1).normal(0, 0.1, (_RATE * 3, 2))
    for number, (name, codec) in enumerate(zip(TAGGED, ("flac", "mp3", "aac"), strict=True)):
        write(os.fsdecode(os.path.join(music, name)), noise * (number + 1), _RATE, codec)
    shutil.copy2(os.path.join(music, KEEPER), os.path.join(music, COPY))
    _made(music, PLAYLIST, b"#EXTM3U\n" + COPY + b"\n")


def _state(music: bytes, name: bytes) -> tuple[str, int, int]:
    with open(os.path.join(music, name), "rb") as stream:
        status = os.fstat(stream.fileno())
        content = digest(blocks([Kept(0, status.st_size)], stream.fileno()))
    return content, status.st_mtime_ns, status.st_mode


def _sound(path: bytes) -> str:
    try:
        return audio.identify(path)
    except (FileError, NotMusic):
        return ""


def _run(music: bytes, state: str, seed: int, seconds: float) -> None:
    """Let a process change files and kill it after so many seconds from its first change on.

    Raises:
        FileError: it did not come so far.
    """
    command = start.command("comet.selftest_load", os.fsdecode(music), state, str(seed))
    with subprocess.Popen(command, env=start.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 - pipes were asked for
        began = process.stdout.readline()
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.send_signal(signal.SIGKILL)
        if not began:
            last = process.stderr.read().decode(errors="replace").strip().splitlines()[-1:]
            raise FileError(os.fsdecode(music), _("nothing can be changed there: {why}").format(why="".join(last)))


def _settled(
    music: bytes, state: str, before: dict[bytes, tuple[str, int, int]], sounds: dict[bytes, str]
) -> Iterator[str]:
    """Settle what a kill left, take everything back, and yield what is not as it was."""
    with grounded(music, state) as ground:
        actions.recover(ground)
        if ground.journal.pending():
            yield _("something is left open")
        for name in TAGGED:
            if _sound(os.path.join(music, name)) != sounds[name]:
                yield _("`{name}` sounds otherwise").format(name=safe(name))
        actions.undo(ground, [entry.id for entry in ground.journal.undoable()], Job())
    for name in FILES:
        try:
            same = _state(music, name) == before[name]
        except OSError:
            same = False
        if not same:
            yield _("`{name}` is not what it was").format(name=safe(name))
    litter = [name for name in os.listdir(music) if name not in FILES and name != ROOT_FOLDER]
    yield from (_("`{name}` was left behind").format(name=safe(name)) for name in litter)
