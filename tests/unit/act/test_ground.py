"""What acting stands on: roots that are what they were, and files that are read again and left alone since."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from comet.act import vault
from comet.act.ground import Hearing
from comet.core.errors import FileError, LockedError, RefusedError
from comet.core.model import File
from tests.unit.act.made import Yard, remove, sound, yard


@pytest.fixture
def made(tmp_path: Path) -> Yard:
    """Return a yard with an empty root."""
    return yard(tmp_path)


def test_a_root_that_is_away_says_why(made: Yard) -> None:
    """Nothing below it is acted on; one that nobody knows is none of the profile's."""
    file = made.file("a.mp3", b"one")
    made.ground = replace(made.ground, roots={}, away={"music": "it is missing"})
    with pytest.raises(RefusedError, match="it is missing"):
        made.ground.root(file)
    with pytest.raises(RefusedError, match="not one of this profile's"):
        made.ground.root(replace(file, root="other"))


@pytest.mark.parametrize("content", [None, "another\n", ""])
def test_a_root_whose_marker_was_exchanged_is_not_it(made: Yard, content: str | None) -> None:
    """Another disk may be mounted there by now."""
    file = made.file("a.mp3", b"one")
    assert made.ground.path(file) == os.fsencode(made.music / "a.mp3")
    (made.music / ".comet/root").unlink()
    if content is not None:
        (made.music / ".comet/root").write_text(content)
    with pytest.raises(RefusedError, match="gone or another one"):
        made.ground.path(file)


def test_one_process_at_a_time_changes_files(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock on the local disk holds even where the root's file system knows none."""
    monkeypatch.setattr(vault, "PATIENCE", 0.05)
    root = made.ground.roots["music"]
    with (
        made.ground.locked(root),
        pytest.raises(LockedError, match="another process changes files of this profile"),
        made.ground.locked(root),
    ):
        pass
    with made.ground.locked(root):
        pass


def test_a_file_is_read_once_and_looked_at_each_time(made: Yard) -> None:
    """A keeper of many duplicates is read whole once; touched since, it is not what was read."""
    one, two = made.file("a.mp3", b"one"), made.file("b.mp3", b"two")
    hearing = Hearing(made.ground)
    hearing.hear([one, two, one])
    assert sorted(made.heard) == [os.fsencode(made.music / name) for name in ("a.mp3", "b.mp3")]
    assert hearing.of(one) == hearing.of(one)
    assert hearing.of(two).size == 3
    assert len(made.heard) == 2
    (made.music / "a.mp3").chmod(0o600)
    with pytest.raises(RefusedError, match="it was changed a moment ago") as caught:
        hearing.of(one)
    assert caught.value.path == str(made.music / "a.mp3")


def test_what_is_not_as_it_was_is_not_read(made: Yard) -> None:
    """Another size or time, gone, a link, a folder in its place: the reason is remembered and nothing is opened."""
    file = made.file("a.mp3", b"one")
    for other, reason in (
        (replace(file, size=4), "it was changed since this was decided"),
        (replace(file, mtime_ns=file.mtime_ns - 1), "it was changed since this was decided"),
        (replace(file, path=b"none.mp3"), "it is gone"),
    ):
        hearing = Hearing(made.ground)
        for _time in range(2):
            with pytest.raises(RefusedError, match=reason):
                hearing.of(other)
    (made.music / "link.mp3").symlink_to("a.mp3")
    (made.music / "folder.mp3").mkdir()
    for name in (b"link.mp3", b"folder.mp3"):
        with pytest.raises(FileError, match="it cannot be opened: "):
            Hearing(made.ground).of(replace(file, path=name))
    assert made.heard == []


def test_a_file_system_of_whole_seconds_is_forgiven(made: Yard) -> None:
    """After a new mount some show a time that was cut off; that is no change."""
    file = made.file("a.mp3", b"one")
    os.utime(made.music / "a.mp3", ns=(0, 1_700_000_000_000_000_000))
    assert Hearing(made.ground).of(replace(file, mtime_ns=1_700_000_000_123_456_789)).size == 3


def test_what_is_heard_must_be_what_was_decided_about(made: Yard) -> None:
    """Same size and time and another sound is another file, which is told on; what cannot be read says why."""
    file, told = made.file("a.mp3", b"one"), list[File]()
    made.ground = replace(made.ground, misheard=told.append)
    with pytest.raises(RefusedError, match=r"its sound is not the one that was decided about.*`comet scan` hears it"):
        Hearing(made.ground).of(replace(file, audio=sound(b"two")))
    assert [(each.path, each.size, each.mtime_ns) for each in told] == [(b"a.mp3", 3, file.mtime_ns)]
    with pytest.raises(RefusedError, match="it is no music"):
        Hearing(made.ground).of(made.file("empty.mp3", b""))


def test_a_file_that_nobody_answered_for_is_not_heard(made: Yard) -> None:
    """Whoever reads must speak for every file; silence is no consent."""
    file = made.file("a.mp3", b"one")
    made.ground = replace(made.ground, hear=lambda _files: iter(()))
    with pytest.raises((RefusedError, KeyError)):
        Hearing(made.ground).of(file)


def test_what_proves_that_the_music_is_there(made: Yard) -> None:
    """The keeper and whatever else is known to hold its audio; where it went too, its keeper; never a circle."""
    a, b, c = (made.file(f"{name}.mp3", name.encode()) for name in "abc")
    again = made.file("c again.mp3", b"c")
    made.elsewhere = [again]
    assert list(made.ground.kept(remove(a, b))) == [b]
    made.apply(remove(b, c))
    assert list(made.ground.kept(remove(a, b))) == [b, c, again]
    assert list(made.ground.kept(remove(a, None))) == []
    (entry,) = made.apply(remove(c, again))
    assert list(made.ground.kept(entry.before)) == [again, again]
    made.apply(remove(again, replace(made.file("b.mp3", b"b"), path=b"b.mp3")))
    assert set(made.ground.kept(remove(a, b))) == {b, c, again}
