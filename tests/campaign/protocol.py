"""A workload that does all that Comet does to files of the user's, and what must hold of the disk at every moment.

Two root folders, two keepers, four files that go, a playlist that names one of them, bystanders. The workload applies
the plan, which gives a keeper new tags and a picture before files are removed for it, and places two files, one of them
over an old one. It undoes one removal with its change of the playlist, purges another one, and takes back the tags and
what was placed; it can be begun again wherever it was interrupted. `check` reads the disk and the journal's file by
itself, without the code under test.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import mutagen
from mutagen.flac import Picture

from comet.act import actions
from comet.act.ground import Ground
from comet.act.journal import Journal, path_of
from comet.core import plans
from comet.core.acts import Content, Do, Entry, Kind, Plan, Step
from comet.core.errors import DecodeError
from comet.core.job import Job
from comet.core.model import File, Identity, Place
from comet.core.pieces import digest
from comet.listen import audio
from comet.tags.editing import Task
from comet.tags.work import edit
from tests.factories import tone, write

A, B = "a" * 16, "b" * 16
ROOTS = {A: "Müsik".encode(), B: b"more \xff"}

FileState = tuple[bytes, int, int, tuple[tuple[str, bytes], ...]]
"""Content, mode, mtime (ns), extended attributes."""


@dataclass(frozen=True)
class Track:
    """A file of the workload: the tune it holds and its mode; a byte copy where `like` names another one."""

    root: str
    path: bytes
    tune: int
    mode: int
    like: str = ""
    keeper: str = ""

    @property
    def at(self) -> bytes:
        """The path below the arena."""
        return os.path.join(ROOTS[self.root], self.path)


TRACKS = {
    "keep 1": Track(A, b"keep/one.flac", 1, 0o644),
    "keep 2": Track(B, "Käse/zwei \udcff.mp3".encode("utf-8", "surrogateescape"), 2, 0o600),
    "listed": Track(A, b"dup/l\xc3\xadsted.wav", 1, 0o440, keeper="keep 1"),
    "purged": Track(A, b"dup \xe4\xff/b.flac", 1, 0o604, "keep 1", "keep 1"),
    "across": Track(A, "Ä é/drei.mp3".encode(), 2, 0o660, "keep 2", "keep 2"),
    "deep": Track(B, b"\xff deep/er/four.wav", 2, 0o664, keeper="keep 2"),
}
LOSERS = [name for name, track in TRACKS.items() if track.keeper]
PLAYLIST = b"lists/all.m3u"
TAGGED, TAGS = "keep 1", {"title": ("Пісня",), "artist": ("A/B", "C")}
"""The track that gets new tags, and those; there is no room for them, so that all behind them moves."""
OTHERS = {(A, b"dup/cover.jpg"): b"jpg", (A, b"keep/other.txt"): b"other", (B, b"\xff deep/er/five.wav"): b"no music"}
PICTURE = b"\x89PNG\r\n\x1a\n" + b"a picture" * 9
NEW, NEWS_TIME = b"\xff\xd8\xffcover" * 99, 1_600_000_000_987_654_321
"""What is placed, and the time (ns) that it gets."""
PLACED = {(A, "new/\xe4/folder.jpg".encode()): b"", (A, b"dup/cover.jpg"): b"jpg"}
"""Where, and over what."""
_HELD_IN = re.compile(rb"(\.comet/quarantine/)[0-9a-f]{8}-[0-9a-f]+/")


@dataclass(frozen=True)
class Arena:
    """A folder with the two roots and a state."""

    folder: bytes

    def root(self, identity: str) -> bytes:
        """Return the path of a root."""
        return os.path.join(self.folder, ROOTS[identity])

    def path(self, name: str) -> bytes:
        """Return the path of a track."""
        return os.path.join(self.folder, TRACKS[name].at)

    @property
    def playlist(self) -> bytes:
        """The path of the playlist."""
        return os.path.join(self.root(A), PLAYLIST)

    @property
    def state(self) -> str:
        """The folder of the journal."""
        return os.path.join(os.fsdecode(self.folder), "state")

    @cached_property
    def plan(self) -> Plan:
        """The plan that was made of it, read as from a file."""
        with open(os.path.join(self.state, "plan.json"), "rb") as stream:
            return plans.parse(stream.read(), "plan.json")

    def only(self, *dos: Do) -> Plan:
        """Return the plan with only those of its steps that do such a thing."""
        return replace(self.plan, steps=tuple(step for step in self.plan.steps if step.do in dos))

    def copied(self, name: str) -> Arena:
        """Return a copy beside it, in place of an older one."""
        new = os.path.join(os.path.dirname(self.folder), os.fsencode(name))
        remove(new)
        shutil.copytree(self.folder, new, symlinks=True)
        return Arena(new)


def remove(folder: bytes) -> None:
    """Delete a folder, with those in it that nobody may write."""
    for inside, _folders, _names in os.walk(folder):
        os.chmod(inside, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def build(folder: bytes) -> Arena:
    """Make an arena."""
    arena = Arena(folder)
    for name, track in TRACKS.items():
        os.makedirs(os.path.dirname(arena.path(name)), exist_ok=True)
        if track.like:
            shutil.copyfile(arena.path(track.like), arena.path(name))
        else:
            write(arena.path(name), tone(0.3, 300.0 * track.tune, rate=44_100), layout="mono")
            if name == TAGGED:
                mutagen.File(arena.path(name)).save(padding=lambda _info: 0)
        os.chmod(arena.path(name), track.mode)
    for (root, path), content in OTHERS.items():
        _put(os.path.join(arena.root(root), path), content)
        os.chmod(os.path.join(arena.root(root), path), 0o604)
    _put(arena.playlist, b"\xef\xbb\xbf#EXTM3U\r\n../dup/l\xc3\xadsted.wav \r\n/elsewhere/x.mp3\r\n" + b"#\xff\n" * 99)
    os.chmod(arena.playlist, 0o640)
    with contextlib.suppress(OSError):  # where files have no attributes
        os.setxattr(arena.path(TAGGED), "user.comet.test", b"\xff kept")
    for number, (inside, _folders, names) in enumerate(os.walk(folder)):
        for name in names:
            os.utime(os.path.join(inside, name), ns=(number, 1_500_000_000_123_456_789 + number))
    for identity in ROOTS:
        actions.mark_root(arena.root(identity), identity)
    os.mkdir(arena.state, 0o700)
    for name, content in {"picture": PICTURE, "new": NEW}.items():
        _put(os.fsencode(os.path.join(arena.state, name)), content)
    with open(os.path.join(arena.state, "plan.json"), "w", encoding="ascii") as stream:
        json.dump(plans.plan_json(_plan(arena)), stream)
    return arena


@cache
def tagged(content: bytes) -> bytes:
    """Return a file with the new tags, as mutagen writes them in place, without the code under test."""
    stream = io.BytesIO(content)
    file = mutagen.File(stream)
    file.tags.update({name.upper(): list(values) for name, values in TAGS.items()})
    picture = Picture()
    picture.type, picture.mime, picture.data = 3, "image/png", PICTURE
    file.add_picture(picture)
    stream.seek(0)
    file.save(stream)
    return stream.getvalue()


def _put(path: bytes, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(content)


def _plan(arena: Arena) -> Plan:
    def identity(root: str, path: bytes, name: str = "") -> Identity:
        status = os.stat(os.path.join(arena.root(root), path))
        sound = audio.identify(arena.path(name)) if name else ""
        return Identity(root, path, status.st_size, status.st_mtime_ns, sound)

    known = {name: identity(track.root, track.path, name) for name, track in TRACKS.items()}
    steps = [Step(Do.REMOVE, known[name], "group", "worse", known[TRACKS[name].keeper]) for name in LOSERS]
    old, new = known["listed"].place, known["keep 1"].place
    listed = Step(Do.REPOINT, identity(A, PLAYLIST), "group", "", old=old, new=new)
    picture, made = (
        Content(os.fsencode(os.path.join(arena.state, name)), digest([content]))
        for name, content in (("picture", PICTURE), ("new", NEW))
    )
    tagged = Step(Do.WRITE_TAGS, known[TAGGED], "", "", tags=TAGS, pictures={"front": picture})
    placed = [
        Step(
            Do.PLACE, Identity(root, path, len(NEW), NEWS_TIME, ""), "", "",
            staged=made, replaces=digest([over]) if over else "",
        )
        for (root, path), over in PLACED.items()
    ]  # fmt: skip
    return Plan("-", 1.0, (tagged, *steps, listed, *placed))


# in a child: the code under test at work


@contextlib.contextmanager
def grounded(arena: Arena) -> Iterator[Ground]:
    """Yield what acting stands on in an arena; every file is read for real."""
    journal = Journal(path_of(arena.state))
    files = {each for step in arena.plan.steps for each in (step.file, step.keeper) if each is not None and each.audio}
    same = {(step.file.audio, step.keeper.audio) for step in arena.plan.steps if step.keeper is not None}
    try:
        yield Ground(
            journal,
            {identity: arena.root(identity) for identity in ROOTS if os.path.isdir(arena.root(identity))},
            dict.fromkeys(ROOTS, "it is away"),
            lambda place: place.path.startswith(b"reference/"),
            lambda one, other: "" if (one, other) in same else "they are not the same recording",
            lambda sound: (each for each in files if each.audio == sound),
            hear,
            lambda *given: edit(Task(*given)),
            os.path.join(arena.state, "act.lock"),
        )
    finally:
        journal.close()


def hear(files: Sequence[tuple[File, bytes]]) -> Iterator[tuple[bytes, str, str]]:
    """Read files in this process."""
    for _file, path in files:
        try:
            yield path, audio.identify(path), ""
        except DecodeError as error:
            yield path, "", error.reason
        except audio.NotMusic:
            yield path, "", "it is no music"


def recover(folder: str) -> int:
    """Settle what was interrupted; return how much that was."""
    with grounded(Arena(os.fsencode(folder))) as ground:
        return len(actions.recover(ground))


def work(folder: str) -> int:
    """Do all of the work that is not done yet; return how much had to be settled before.

    As a person would, it ends with the first thing that does not come out as it was meant.
    """
    arena = Arena(os.fsencode(folder))
    with grounded(arena) as ground:
        settled = len(actions.recover(ground))
        for number, stage in enumerate((_apply, _undo, _purge, _untag, _withdraw)):
            if not os.path.exists(done := os.path.join(arena.state, f"done-{number}")):
                refused = stage(ground, arena.plan)
                assert not refused, f"refused: {refused}"
                with open(done, "wb"):
                    pass
        return settled


def _apply(ground: Ground, plan: Plan) -> list[str]:
    run = actions.apply(ground, plan, Job())
    listed = any(entry.kind is Kind.REPOINT for entry in ground.journal.undoable())
    failed = _failed(ground, run)
    return [text for text in failed if not (listed and "does not say any more" in text)]


def _undo(ground: Ground, _plan: Plan) -> list[str]:
    paths = (TRACKS["listed"].path, PLAYLIST)
    wanted = [entry.id for entry in ground.journal.undoable() if entry.before.file.path in paths]
    return _failed(ground, actions.undo(ground, wanted, Job()))


def _purge(ground: Ground, _plan: Plan) -> list[str]:
    return _failed(ground, actions.purge(ground, [entry.id for entry in held(ground, "purged")], Job()))


def _untag(ground: Ground, _plan: Plan) -> list[str]:
    wanted = [entry.id for entry in ground.journal.undoable() if entry.kind is Kind.WRITE_TAGS]
    return _failed(ground, actions.undo(ground, wanted, Job()))


def _withdraw(ground: Ground, _plan: Plan) -> list[str]:
    wanted = [entry.id for entry in ground.journal.undoable() if entry.kind is Kind.PLACE]
    return _failed(ground, actions.undo(ground, wanted, Job()))


def held(ground: Ground, *names: str) -> list[Entry]:
    """Return the removals of these tracks whose files lie in quarantine."""
    places = [Place(TRACKS[name].root, TRACKS[name].path) for name in names]
    return [entry for place in places if (entry := ground.journal.removal(place)) is not None]


def _failed(ground: Ground, run: int) -> list[str]:
    return [entry.error for entry in ground.journal.entries(run) if entry.error]


# outside: what must hold


@dataclass(frozen=True)
class Found:
    """What is on the disk below the roots, and in the journal."""

    files: dict[bytes, FileState]
    """By path below the arena."""
    folders: dict[bytes, int]
    """Modes, without Comet's own."""
    empty: list[bytes]
    """Folders in quarantine that nothing is in."""
    entries: list[dict[str, Any]]


def look(arena: Arena) -> Found:
    """Read all of an arena."""
    files, folders, empty = {}, {}, []
    for identity in ROOTS:
        for inside, inner, names in os.walk(arena.root(identity)):
            below = os.path.relpath(inside, arena.folder)
            if b".comet" not in below.split(b"/"):
                folders[below] = os.stat(inside).st_mode
            elif not inner and not names and not below.endswith(b"/quarantine"):
                empty.append(below)
            for name in names:
                path = os.path.join(inside, name)
                status = os.lstat(path)
                attributes = tuple((name, os.getxattr(path, name)) for name in sorted(os.listxattr(path)))
                with open(path, "rb") as stream:
                    state = stream.read(), status.st_mode, status.st_mtime_ns, attributes
                files[os.path.join(below, name)] = state
    return Found(files, folders, empty, _entries(path_of(arena.state)))


def _entries(path: str) -> list[dict[str, Any]]:
    if not os.path.exists(path):
        return []
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok", "I0: the journal is damaged"
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
            return []
        return [dict(row) for row in db.execute("SELECT * FROM entries ORDER BY id")]


def normal(found: Found) -> tuple[dict[bytes, FileState], dict[bytes, int]]:
    """Return what is on the disk without the numbers of runs and the locks, to be compared."""
    files = {_HELD_IN.sub(rb"\1RUN/", path): state for path, state in found.files.items()}
    return {path: state for path, state in files.items() if not path.endswith(b".comet/lock")}, found.folders
