"""Faults that strace puts into the real `comet`, at its own system calls: also within SQLite, which no seam reaches.

A few that matter most run by default. All calls of all stages with a kill and two errors are slow, an hour and more:
`pytest -m slow tests/campaign/test_strace.py`.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.campaign.attached import Commands
from tests.campaign.traced import (
    GOES,
    KEEPER,
    STAGES,
    NoTracingError,
    Point,
    Traced,
    check,
    look,
    prepared,
    restore,
    run,
    tagged,
    traced_calls,
)

FAULTS = ("signal=KILL", "error=EIO", "error=ENOSPC")
Ready = Callable[[str], Traced]


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    """What runs `comet`."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    with Commands() as made:
        yield made


@pytest.fixture(scope="module")
def ready(commands: Commands) -> Iterator[Ready]:
    """Return what prepares a stage, once each."""
    where = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own in it
    folder, known = Path(tempfile.mkdtemp(prefix="comet-strace-", dir=where)), dict[str, Traced]()

    def stage(name: str) -> Traced:
        if name not in known:
            (folder / name).mkdir()
            try:
                known[name] = prepared(commands, folder / name, name)
            except NoTracingError:
                pytest.skip("nothing may be traced here")
        return known[name]

    yield stage
    shutil.rmtree(folder)


def at(traced: Traced, call: str, nth: int = 0) -> Point:
    """Return a call of a stage that is about the library."""
    return [point for point in traced.points if point.call == call and point.label.startswith("/music")][nth]


@pytest.mark.parametrize(
    ("call", "fault"),
    [("renameat2", "signal=KILL"), ("write", "error=ENOSPC"), ("fsync", "error=EIO")],
)
def test_a_call_that_fails_loses_nothing(commands: Commands, ready: Ready, call: str, fault: str) -> None:
    """Tags are written or they are not; the next command settles it, the same command goes on, undo takes it back."""
    traced = ready("tags")
    assert call in traced.interrupt(commands, fault, at(traced, call))


@pytest.mark.parametrize(
    ("inject", "told"),
    [
        ("fsync:error=EINVAL:when=2", ""),
        ("fsetxattr:error=EOPNOTSUPP", ""),
        ("copy_file_range:error=EOPNOTSUPP", ""),
        ("flock:error=ENOLCK:when=2", ""),
        ("fsync:error=EINVAL", "Invalid argument"),
        ("flock:error=ENOLCK", "No locks available"),
        pytest.param("fcntl:error=ENOLCK", "database is locked", marks=pytest.mark.slow),  # it is waited for
    ],
    ids=[
        "folders unsynced",
        "no attributes",
        "no copying",
        "no locks",
        "nothing synced",
        "none at all",
        "none for SQLite",
    ],
)
def test_what_a_file_system_cannot_do(commands: Commands, ready: Ready, inject: str, told: str) -> None:
    """It is done without where that loses nothing, and else refused before anything is touched."""
    traced = ready("tags")
    restore(traced.folder)
    said = run(commands, traced.folder, traced.stage, inject)[1]
    assert any("(INJECTED)" in line for line in traced_calls(traced.folder))
    assert "bug in Comet" not in said
    assert told in said
    now, was = look(traced.folder), traced.original
    assert now[KEEPER][0] == (was[KEEPER][0] if told else tagged(was[KEEPER][0]))
    assert now.keys() == was.keys()


def test_what_does_not_hold_is_seen(commands: Commands, ready: Ready) -> None:
    """The tests here have teeth: a torn keeper, a file in no place, litter, a step that stays open are each told."""
    traced = ready("tags")
    keeper, goes = (traced.folder / "music" / name.decode("utf-8", "surrogateescape") for name in (KEEPER, GOES))

    def opened() -> None:
        assert commands.run(traced.folder, *traced.stage.words, "--profile", "k")[0] == 0
        with sqlite3.connect(traced.folder / "home/state/k/journal.sqlite") as db:
            db.execute("UPDATE entries SET state = 'intended'")

    for told, harm in {
        "I1": lambda: keeper.write_bytes(keeper.read_bytes()[:-1]),
        "I2": goes.unlink,
        "I3": lambda: (traced.folder / "music/more").write_bytes(b"?"),
        "I8": lambda: (traced.folder / "music/.comet-left").write_bytes(b"?"),
        "I6": opened,
    }.items():
        restore(traced.folder)
        check(traced, look(traced.folder), settled=True)
        harm()
        with pytest.raises(AssertionError, match=told):
            check(traced, look(traced.folder), settled=True)


@pytest.mark.slow
@pytest.mark.timeout(86400)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", STAGES)
def test_no_call_that_fails_loses_anything(commands: Commands, ready: Ready, name: str, fault: str) -> None:
    """Whichever call it is that the process dies at, or is told an error."""
    traced, wrong, hits = ready(name), [], 0
    for point in traced.points:
        try:
            hits += bool(traced.interrupt(commands, fault, point))
        except AssertionError as error:
            wrong.append(f"{point}: {error}")
    assert wrong == []
    assert hits > 0.9 * len(traced.points), "too many calls were not reached"
