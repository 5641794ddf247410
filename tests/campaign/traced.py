"""The real `comet`, interrupted by strace at a call of its own: no seam in Python, so also within SQLite.

A small library of a keeper, a file that goes and a playlist that names it; each *stage* is a command and what was done
before it. `Traced.interrupt` runs a stage with a fault at one call, lets the next command settle, runs the stage to its
end and takes all back, and reads the disk and the journal's file itself in between.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import mutagen

from tests.campaign.attached import REFUSED, Commands
from tests.factories import tune, write

KILLED = -9
KEEPER, GOES, LIST, OTHER = b"best.flac", b"copies/\xf6ther \xff.mp3", b"all.m3u", b"cover.jpg"
TITLE = "Пісня"
_OURS = re.compile(rb"\.comet/(root|lock)")
_HELD = re.compile(rb"\.comet/quarantine/[0-9a-f]{8}-\d+/(.*)", re.DOTALL)
_CALL = re.compile(r"(?P<call>\w+)\((?P<given>.*)")
_HEX = re.compile(r"[0-9a-f]{16}")

FileState = tuple[bytes, int, int, tuple[tuple[str, bytes], ...]]
"""Content, mode, mtime (ns), extended attributes."""
Tree = dict[bytes, FileState]


@dataclass(frozen=True)
class Stage:
    """A command, what is done before it, and which of its working threads changes files."""

    words: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    thread: int = 1
    scanned: bool = True


_SAME = ("--profile", "k")
_APPLY = ("apply", "--all", "--yes")
_TAGS = ("tags", os.fsdecode(KEEPER), "--set", f"title={TITLE}", "--yes")
_UNDO = ("undo", "--all", "--yes")
STAGES = {
    "apply": Stage(_APPLY, thread=2),
    "undo": Stage(_UNDO, (_APPLY,)),
    "purge": Stage(("purge", "1", "--yes"), (_APPLY,)),
    "tags": Stage(_TAGS, thread=2, scanned=False),
    "untag": Stage(_UNDO, (_TAGS,), scanned=False),
}


class NoTracingError(Exception):
    """Nobody may trace here."""


@dataclass(frozen=True, order=True)
class Point:
    """The N-th call of a kind in the thread that changes files."""

    call: str
    number: int
    label: str = field(compare=False)
    """What it is about."""


@dataclass
class Traced:
    """A stage in a folder of its own, ready to be run again and again."""

    folder: Path
    stage: Stage
    original: Tree
    """The library before anything was done to it."""
    begun: Tree
    """The library when the stage begins."""
    points: list[Point]
    end: Tree
    """The library after it was run without a fault."""

    def interrupt(self, commands: Commands, fault: str, point: Point) -> str:
        """Run the stage with a fault at a point, settle what is left, end the stage, and take all back.

        Args:
            commands: What runs it.
            fault: What strace injects: `signal=KILL`, `error=EIO`.
            point: Where.

        Returns:
            The call that was hit, empty where none was.

        Raises:
            AssertionError: something does not hold.
        """
        restore(self.folder)
        inject = f"{point.call}:{fault}:when={point.number}"
        code, told = run(commands, self.folder, self.stage, inject)
        assert "bug in Comet" not in told, told
        calls = traced_calls(self.folder)
        hit = calls[-2:] if code == KILLED else [line for line in calls if "(INJECTED)" in line]
        check(self, look(self.folder), settled=False)
        commands.run(self.folder, "undo", "999999999", *_SAME)  # no such run: it settles, and no more
        check(self, look(self.folder), settled=True)
        code, told = commands.run(self.folder, *self.stage.words, *_SAME)
        assert code == 0, f"end: the work cannot go on: {told}"
        assert normal(look(self.folder)) == normal(self.end), "end: it is not that of one run without a fault"
        if self.stage.words[0] != "purge":
            code, told = commands.run(self.folder, *_UNDO, *_SAME)
            assert code == 0, f"end: it cannot be taken back: {told}"
            assert look(self.folder) == self.original, "end: undo does not bring back what was there"
        return " ".join(hit)


def prepared(commands: Commands, folder: Path, name: str) -> Traced:
    """Make a library and a home, run a stage once without a fault, and return it."""
    stage = STAGES[name]
    _make(folder / "music")
    ready = [("setup", "--root", str(folder / "music"), "--yes", "--no-compile", "--profile", "k")]
    ready += [("scan", *_SAME), ("correlate", *_SAME)] if stage.scanned else []
    for words in ready:
        _must(commands, folder, *words)
    original = look(folder)
    for words in stage.before:
        _must(commands, folder, *words, *_SAME)
    (folder / "was").mkdir()
    subprocess.run(["cp", "-a", folder / "music", folder / "home", folder / "was"], check=True)
    begun = look(folder)
    code, told = run(commands, folder, stage, "")
    assert code == 0, told
    return Traced(folder, stage, original, begun, _points(traced_calls(folder), folder), look(folder))


def _must(commands: Commands, folder: Path, *words: str) -> None:
    code, told = commands.run(folder, *words)
    assert code == 0, told


def _make(library: Path) -> None:
    sound = tune(1, 12.0)
    top = os.fsencode(library)
    os.makedirs(os.path.join(top, os.path.dirname(GOES)))
    write(os.path.join(top, KEEPER), sound)
    write(os.path.join(top, GOES), sound)
    mutagen.File(os.path.join(top, KEEPER)).save(padding=lambda _info: 0)  # so that all behind the tags moves
    (library / os.fsdecode(LIST)).write_bytes(b"#EXTM3U\r\n" + GOES + b"\r\n")
    (library / os.fsdecode(OTHER)).write_bytes(b"\xff\xd8\xff jpg")
    (library / os.fsdecode(LIST)).chmod(0o640)
    with contextlib.suppress(OSError):  # where files have no attributes
        os.setxattr(os.path.join(top, KEEPER), "user.comet.test", b"\xff kept")
    for inside, _folders, names in os.walk(top):
        for number, name in enumerate(names):
            os.utime(os.path.join(inside, name), ns=(number, 1_500_000_000_123_456_789 + number))


def restore(folder: Path) -> None:
    """Bring back library and home as they were when the stage begins."""
    for name in ("music", "home"):
        shutil.rmtree(folder / name)
    subprocess.run(["cp", "-a", folder / "was/music", folder / "was/home", folder], check=True)


def run(commands: Commands, folder: Path, stage: Stage, inject: str) -> tuple[int, str]:
    """Run a stage under strace; return its exit code, or minus the signal, and what it said of errors.

    Raises:
        NoTracingError: nothing can be traced here.
    """
    code, told = commands.run(folder, *stage.words, *_SAME, thread=stage.thread, inject=inject)
    if code == REFUSED:
        raise NoTracingError(told)
    return code, told


def traced_calls(folder: Path) -> list[str]:
    """Return the calls that strace has seen in the thread that it watched."""
    return (folder / "log").read_text(errors="replace").splitlines()


def _points(lines: list[str], folder: Path) -> list[Point]:
    """Return the calls that change something below the library or the state, numbered as strace counts them."""
    counts: dict[str, int] = {}
    found = []
    for line in lines:
        if not (match := _CALL.match(line)):
            continue
        call = match["call"]
        counts[call] = counts.get(call, 0) + 1
        about = any(f"{folder}/{part}" in line for part in ("music", "home/state"))
        reading = call == "openat" and "O_CREAT" not in line
        if about and not reading and "EEXIST" not in line:
            path = line.split(str(folder))[1].split('"')[0].split(">")[0]
            found.append(Point(call, counts[call], _HEX.sub("RANDOM", path)))
    return found


# what must hold


def look(folder: Path) -> Tree:
    """Read the library, but for marker and lock."""
    found, top = {}, os.fsencode(folder / "music")
    for inside, _folders, names in os.walk(top):
        for name in names:
            path = os.path.join(inside, name)
            if not _OURS.fullmatch(below := os.path.relpath(path, top)):
                status = os.lstat(path)
                attributes = tuple((each, os.getxattr(path, each)) for each in sorted(os.listxattr(path)))
                with open(path, "rb") as stream:
                    found[below] = stream.read(), status.st_mode, status.st_mtime_ns, attributes
    return found


def normal(tree: Tree) -> dict[bytes, tuple[object, ...]]:
    """Return a library without the number of the run in quarantine, and without times of what was written."""
    written = {KEEPER, LIST}
    return {
        _HELD.sub(rb"held/\1", path): (content, mode, path in written or mtime_ns, attributes)
        for path, (content, mode, mtime_ns, attributes) in tree.items()
    }


def check(traced: Traced, tree: Tree, *, settled: bool) -> None:
    """Find that nothing of the library is lost or torn; after settling, that nothing lies about and all is closed."""
    original = traced.original
    for path, new in ((KEEPER, tagged(original[KEEPER][0])), (LIST, traced.end[LIST][0])):
        now, was = tree.get(path), original[path]
        assert now, f"I1: {path!r} is gone"
        assert now[0] in (was[0], new, traced.begun[path][0]), f"I1: {path!r} is torn"
        assert (now[1], now[3]) == (was[1], was[3]), f"I1: {path!r} has other rights or attributes"
    places = [path for path in tree if _HELD.sub(rb"\1", path) == GOES]
    purge = _purge(traced.folder)
    may = {"done": {0}, "intended": {0, 1}}.get(purge, {1})
    assert len(places) in may, f"I2: it is in {places}, its purge: {purge}"
    assert all(tree[path] == original[GOES] for path in places), "I2: it is not what it was"
    assert tree[OTHER] == original[OTHER], "I3: something else has changed"
    rest = tree.keys() - {KEEPER, LIST, OTHER, *places}
    ours = {path for path in rest if os.path.basename(path).startswith(b".comet-")}
    assert rest == ours, f"I3: there is more: {rest - ours}"
    if settled:
        assert not {path for path in ours if b".comet-probe-" not in path}, f"I8: litter: {ours}"
        assert not _rows(traced.folder, "SELECT id FROM entries WHERE state = 'intended'"), "I6: something is left open"


def tagged(content: bytes) -> bytes:
    """Return the keeper with its new title, as mutagen writes it in place, without the code under test."""
    stream = io.BytesIO(content)
    file = mutagen.File(stream)
    file["TITLE"] = [TITLE]
    stream.seek(0)
    file.save(stream)
    return stream.getvalue()


def _purge(folder: Path) -> str:
    """Return how the last purge stands, empty where there was none."""
    rows = _rows(folder, "SELECT state FROM entries WHERE kind = 'purge' ORDER BY id DESC")
    return rows[0] if rows else ""


def _rows(folder: Path, sql: str) -> list[str]:
    path = folder / "home/state/k/journal.sqlite"
    if not path.exists() or not path.stat().st_size:
        return []
    with tempfile.TemporaryDirectory() as aside:  # as it is: to open it may write what a kill has left beside it
        for name in path.parent.glob("journal.sqlite*"):
            if not name.name.endswith("-shm"):
                shutil.copy(name, aside)
        return _rows_of(os.path.join(aside, path.name), sql)


def _rows_of(path: str, sql: str) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok", "I0: the journal is damaged"
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
            return []
        return [str(row[0]) for row in db.execute(sql)]
