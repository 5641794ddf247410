"""After a crash at any point each file is whole, in one place, and the journal knows where."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comet.act import actions, posix, vault
from comet.core.acts import Content, Do, Entry, State, Step
from comet.core.errors import BrokenError
from comet.core.model import Identity
from comet.core.pieces import digest
from tests.unit.act.made import Yard, remove, repoint, yard


class Crash(BaseException):
    """The power fails."""


@pytest.fixture
def made(tmp_path: Path) -> Yard:
    """Return a yard with a keeper, a file to remove and a playlist that names it."""
    found = yard(tmp_path)
    found.file("keep.flac", b"keeper")
    found.file("a/go.mp3", b"loser")
    found.file("l.m3u", b"a/go.mp3\n")
    return found


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what lets the power fail before or after a function of the vault, while something is done."""

    def crash(act: Callable[[], object], function: str, *, after: bool, where: Any = vault) -> None:  # noqa: ANN401
        real = getattr(where, function)

        def failing(*arguments: object, **more: object) -> None:
            if after:
                real(*arguments, **more)
            raise Crash

        with monkeypatch.context() as patched:
            patched.setattr(where, function, failing)
            with pytest.raises(Crash):
                act()

    return crash


def step(made: Yard) -> Step:
    """Return the step that removes the file."""
    return remove(made.now("a/go.mp3"), made.now("keep.flac"))


def settled(made: Yard) -> tuple[State, str]:
    """Recover and return how the one entry ended that was open; afterwards nothing is."""
    (entry,) = actions.recover(made.ground)
    assert made.journal.pending() == []
    assert actions.recover(made.ground) == []
    assert made.journal.entry(entry.id) == entry
    return entry.state, entry.error


def test_where_nothing_was_interrupted_nothing_is_looked_at(made: Yard) -> None:
    """Not even the roots."""
    made.apply(step(made))
    made.ground = replace(made.ground, roots={})
    assert actions.recover(made.ground) == []


def test_a_removal_that_was_not_begun(made: Yard, crash: Callable[..., None]) -> None:
    """The file is where it was, and the plan can be applied again."""
    crash(lambda: made.apply(step(made)), "quarantine", after=False)
    assert settled(made) == (State.FAILED, "it was interrupted before the file was moved")
    assert made.names() == ["a/go.mp3", "keep.flac", "l.m3u"]
    assert [entry.state for entry in made.apply(step(made))] == [State.DONE]


def test_a_removal_that_was_done_and_not_written_down(made: Yard, crash: Callable[..., None]) -> None:
    """Its keeper is read again; then it is done, and can be undone."""
    crash(lambda: made.apply(step(made)), "quarantine", after=True)
    made.heard.clear()
    assert settled(made) == (State.DONE, "")
    assert made.heard == [os.fsencode(made.music / "keep.flac")]
    assert made.held() == [b"loser"]
    made.undo(*made.journal.undoable())
    assert made.names() == ["a/go.mp3", "keep.flac", "l.m3u"]


def test_a_removal_whose_keeper_is_gone_is_taken_back(made: Yard, crash: Callable[..., None]) -> None:
    """With the reason."""
    crash(lambda: made.apply(step(made)), "quarantine", after=True)
    (made.music / "keep.flac").unlink()
    assert settled(made) == (State.FAILED, "the file to keep could not be read again: it is gone")
    assert made.names() == ["a/go.mp3", "l.m3u"]
    assert made.held() == []


def test_a_removal_that_cannot_be_taken_back_is_not_lost_sight_of(made: Yard, crash: Callable[..., None]) -> None:
    """Somebody has put another file in its place: it stays held, and counts as held."""
    crash(lambda: made.apply(step(made)), "quarantine", after=True)
    (made.music / "keep.flac").unlink()
    made.file("a/go.mp3", b"new")
    assert settled(made)[0] is State.DONE
    assert made.held() == [b"loser"]
    assert len(made.journal.held()) == 1
    assert (made.music / "a/go.mp3").read_bytes() == b"new"


def test_a_file_that_is_nowhere_is_said_loudly_and_once(made: Yard, crash: Callable[..., None]) -> None:
    """Both places are named; the next run goes on."""
    crash(lambda: made.apply(step(made)), "quarantine", after=True)
    (held,) = (made.music / ".comet/quarantine").rglob("go.mp3")
    held.unlink()
    with pytest.raises(BrokenError, match="it is neither in its place nor in quarantine") as caught:
        actions.recover(made.ground)
    assert str(made.music / "a/go.mp3") in str(caught.value)
    assert str(held) in caught.value.hint
    assert made.journal.pending() == []
    assert actions.recover(made.ground) == []


def test_an_entry_waits_for_its_root(made: Yard, crash: Callable[..., None]) -> None:
    """While it is away, or another disk is there, nothing is guessed."""
    crash(lambda: made.apply(step(made)), "quarantine", after=True)
    here = made.ground
    made.ground = replace(here, roots={}, away={"music": "it is missing"})
    assert actions.recover(made.ground) == []
    made.ground = here
    (made.music / ".comet/root").write_text("another\n")
    assert actions.recover(made.ground) == []
    assert len(made.journal.pending()) == 1
    (made.music / ".comet/root").write_text("music\n")
    assert settled(made) == (State.DONE, "")


def test_a_disk_that_cannot_be_read_is_not_taken_for_an_empty_one(
    made: Yard, crash: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry stays open until it can be told."""
    crash(lambda: made.apply(step(made)), "quarantine", after=True)

    def broken(*_arguments: object) -> bool:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(posix, "exists", broken)
        assert actions.recover(made.ground) == []
    assert settled(made) == (State.DONE, "")


def test_an_entry_that_is_under_way_is_left_alone(
    made: Yard, crash: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process holds the lock."""
    crash(lambda: made.apply(step(made)), "quarantine", after=True)
    monkeypatch.setattr(vault, "PATIENCE", 0.05)
    with made.ground.locked(made.ground.roots["music"]):
        assert actions.recover(made.ground) == []
    assert settled(made) == (State.DONE, "")


def test_probes_of_a_crash_are_swept(made: Yard, crash: Callable[..., None]) -> None:
    """In the file's folder and in the keeper's; nothing of the user's is."""
    crash(lambda: made.apply(step(made)), "quarantine", after=False)
    for name in (".comet-probe-1", "a/.comet-probe-2", "a/.comet-mine"):
        (made.music / name).touch()
    assert settled(made)[0] is State.FAILED
    assert made.names() == ["a/.comet-mine", "a/go.mp3", "keep.flac", "l.m3u"]


@pytest.mark.parametrize("after", [False, True])
def test_an_undo_that_was_interrupted(made: Yard, crash: Callable[..., None], *, after: bool) -> None:
    """It is done if the file is back, else it can be done again."""
    (entry,) = made.apply(step(made))
    crash(lambda: made.undo(entry), "restore", after=after)
    expected = (State.DONE, "") if after else (State.FAILED, "it was interrupted before the file was moved back")
    assert settled(made) == expected
    assert made.journal.can_undo(entry.id) is not after
    assert ("a/go.mp3" in made.names()) is after
    if not after:
        assert [each.state for each in made.undo(entry)] == [State.DONE]


@pytest.mark.parametrize("after", [False, True])
def test_a_purge_that_was_interrupted(made: Yard, crash: Callable[..., None], *, after: bool) -> None:
    """It is done if the file is gone, else the file is still held."""
    (entry,) = made.apply(step(made))
    crash(lambda: made.purge(entry), "purge", after=after)
    assert settled(made) == ((State.DONE, "") if after else (State.FAILED, "it was interrupted before it was deleted"))
    assert made.held() == ([] if after else [b"loser"])
    assert made.journal.can_undo(entry.id) is not after


# playlists


def following(made: Yard) -> list[Entry]:
    """Remove the file and let the playlist follow."""
    go, keep = made.now("a/go.mp3"), made.now("keep.flac")
    return made.apply(remove(go, keep), repoint(made.now("l.m3u"), go, keep))


def temps(made: Yard) -> list[str]:
    """Return the temps that lie in the root."""
    return [path.name for path in made.music.glob(".comet-*")]


@pytest.mark.parametrize("after", [False, True])
def test_a_playlist_that_was_interrupted(made: Yard, crash: Callable[..., None], *, after: bool) -> None:
    """It has the old content or the new one; no temp stays, and either way all can be undone."""
    crash(lambda: following(made), "replace", after=after, where=vault)
    assert settled(made) == ((State.DONE, "") if after else (State.FAILED, "it was interrupted"))
    assert (made.music / "l.m3u").read_bytes() == (b"keep.flac\n" if after else b"a/go.mp3\n")
    assert temps(made) == []
    made.undo(*made.journal.undoable())
    assert (made.music / "l.m3u").read_bytes() == b"a/go.mp3\n"


def test_a_temp_that_was_written_and_not_moved_is_taken_away(made: Yard, crash: Callable[..., None]) -> None:
    """The playlist is as it was."""
    crash(lambda: following(made), "exchange", after=False, where=posix)
    assert len(temps(made)) == 1
    assert settled(made) == (State.FAILED, "it was interrupted")
    assert temps(made) == []
    assert (made.music / "l.m3u").read_bytes() == b"a/go.mp3\n"


@pytest.mark.parametrize("whole", [True, False])
def test_a_playlist_that_a_network_disk_has_moved_away(made: Yard, crash: Callable[..., None], *, whole: bool) -> None:
    """If only the temp is left it takes the place, if it is whole; one that is not stays where somebody can see it."""
    crash(lambda: following(made), "exchange", after=False, where=posix)
    (made.music / "l.m3u").unlink()
    (temp,) = temps(made)
    if whole:
        assert settled(made) == (State.DONE, "")
        assert (made.music / "l.m3u").read_bytes() == b"keep.flac\n"
        assert temps(made) == []
    else:
        (made.music / temp).write_bytes(b"keep")
        assert settled(made) == (State.FAILED, "it is gone, and what was to take its place is not whole")
        assert temps(made) == [temp]
        assert not (made.music / "l.m3u").exists()


# placing


@pytest.mark.parametrize("stays", [True, False])
def test_what_was_to_be_placed_is_not_swept_where_it_is_nowhere_else(
    made: Yard, crash: Callable[..., None], tmp_path: Path, *, stays: bool
) -> None:
    """While it is where it came from the temp goes; else that stays, and the entry says where."""
    staged = tmp_path / "staged.jpg"
    staged.write_bytes(b"picture")
    content = Content(os.fsencode(staged), digest([b"picture"]))
    place = Step(Do.PLACE, Identity("music", b"cover.jpg", 7, 0, ""), "", "why", staged=content)
    crash(lambda: made.apply(place), "finish", after=False)
    (temp,) = temps(made)
    if not stays:
        staged.unlink()
    told = f"; what lies in `{made.music / temp}` stays there, for it may be nowhere else"
    assert settled(made) == (State.FAILED, "it was interrupted" + ("" if stays else told))
    assert temps(made) == ([] if stays else [temp])
    if not stays:
        assert (made.music / temp).read_bytes() == b"picture"
