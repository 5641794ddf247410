"""Tags are written beside the file, read back, and put in its place; undo brings back every byte and the time."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from comet.act import posix, recovery, vault
from comet.core.acts import Kind, State
from comet.core.errors import NoSpaceError
from tests.unit.act.made import Yard, remove, retag, yard


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Yard]:
    """A yard with a track, its copy and a track in a reference folder."""
    found = yard(tmp_path)
    found.file("a.mp3", b"sound|title=Old")
    found.file("b.flac", b"sound")
    yield found
    found.journal.close()


def litter(made: Yard) -> list[str]:
    """Return what of Comet's own lies beside the files."""
    return [name for name in os.listdir(made.music) if name.startswith(".comet-")]


def quietly(path: Path, content: bytes) -> None:
    """Write a file so that its time does not tell."""
    mtime_ns = path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def test_tags_are_written_and_undone(made: Yard) -> None:
    """Content, mode and time: new, and later than the old one; then all as it was, to the nanosecond."""
    path = made.music / "a.mp3"
    path.chmod(0o640)
    os.utime(path, ns=(5, 1_500_000_000_123_456_789))
    before = made.now("a.mp3")
    (entry,) = made.apply(retag(before, title="New", artist="B"))
    assert (entry.kind, entry.state, entry.error) == (Kind.WRITE_TAGS, State.DONE, "")
    assert path.read_bytes() == b"sound|title=New artist=B"
    assert path.stat().st_mtime_ns > before.mtime_ns
    assert entry.became == made.now("a.mp3") == made.journal.now(before)
    (undone,) = made.undo(entry)
    assert undone.state is State.DONE
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"sound|title=Old", 0o640)
    assert made.now("a.mp3") == before == made.journal.now(before)
    assert litter(made) == []


def test_a_time_that_lies_ahead_gets_later_still(made: Yard) -> None:
    """A clock that was set back hides no change from those who look at the time."""
    path = made.music / "a.mp3"
    ahead = 5_000_000_000_000_000_000
    os.utime(path, ns=(ahead, ahead))
    made.apply(retag(made.now("a.mp3"), title="New"))
    assert path.stat().st_mtime_ns == ahead + 2_000_000_000


def test_what_has_the_tags_already_is_left_alone(made: Yard) -> None:
    """No entry, no new time."""
    before = made.now("a.mp3")
    assert made.apply(retag(before, title="Old")) == []
    assert made.now("a.mp3") == before


def test_a_plan_may_write_one_file_twice_and_then_rely_on_it(made: Yard) -> None:
    """A step names the file as it was when the plan was made; Comet knows what it has made of it since."""
    keeper, go = made.now("a.mp3"), made.now("b.flac")
    entries = made.apply(retag(keeper, title="1"), retag(keeper, title="2"), remove(go, keeper))
    assert [(entry.kind, entry.state, entry.error) for entry in entries] == [
        (Kind.WRITE_TAGS, State.DONE, ""), (Kind.WRITE_TAGS, State.DONE, ""), (Kind.REMOVE, State.DONE, ""),
    ]  # fmt: skip
    assert made.purge(entries[2])[0].state is State.DONE
    assert [each.state for each in made.undo(entries[0], entries[1])] == [State.DONE] * 2
    assert made.now("a.mp3") == keeper


def test_an_older_writing_is_not_undone_before_a_newer_one(made: Yard) -> None:
    """Its bytes are not there any more; the entry stays to be undone later."""
    first, second = made.apply(retag(made.now("a.mp3"), title="1"), retag(made.now("a.mp3"), title="2"))
    (refused,) = made.undo(first)
    assert refused.state is State.FAILED
    assert "changed since its tags were written" in refused.error
    assert (made.music / "a.mp3").read_bytes() == b"sound|title=2"
    assert {entry.state for entry in made.undo(second, first)} == {State.DONE}
    assert (made.music / "a.mp3").read_bytes() == b"sound|title=Old"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda made: quietly(made.music / "a.mp3", b"other|title=Old"), "its sound is not the one"),
        (lambda made: (made.music / "a.mp3").write_bytes(b"sound|title=Old!"), "was changed since"),
        (lambda made: (made.music / "a.mp3").unlink(), "it is gone"),
        (lambda made: os.link(made.music / "a.mp3", made.music / "c.mp3"), "2 names (hard links)"),
        (lambda made: made.protected.add(b"a.mp3"), "reference folder"),
    ],
)
def test_what_is_not_as_it_was_is_refused(made: Yard, spoil: object, told: str) -> None:
    """Nothing is written, and the reason says why."""
    file = made.now("a.mp3")
    assert callable(spoil)
    spoil(made)
    before = {name: (made.music / name).read_bytes() for name in made.names()}
    (entry,) = made.apply(retag(file, title="New"))
    assert entry.state is State.FAILED
    assert told in entry.error
    assert {name: (made.music / name).read_bytes() for name in made.names()} == before
    assert litter(made) == []


def test_tags_do_not_come_from_a_place_that_was_taken_since(made: Yard) -> None:
    """What was removed may be what they came from; another file that somebody put there since is not."""
    keeper, source = made.now("a.mp3"), made.now("b.flac")
    made.apply(remove(source, keeper))
    (written,) = made.apply(replace(retag(keeper, title="1"), sources=(source,)))
    assert (written.state, written.error) == (State.DONE, "")
    other = made.file("b.flac", b"other")
    (written,) = made.apply(replace(retag(made.now("a.mp3"), title="2"), sources=(other,)))
    assert (written.state, written.error) == (State.DONE, "")
    made.file("b.flac", b"another")
    (refused,) = made.apply(replace(retag(made.now("a.mp3"), title="3"), sources=(other,)))
    assert refused.state is State.FAILED
    assert "its tags would come from `b.flac` too" in refused.error


def test_damaged_tags_are_refused(made: Yard) -> None:
    """What the worker says of a file is the reason."""
    (entry,) = made.apply(retag(made.file("a.mp3", b"sound|!"), title="New"))
    assert (entry.state, entry.error) == (State.FAILED, "its tags are damaged")


def test_a_file_that_would_sound_otherwise_is_never_put_in_place(made: Yard) -> None:
    """What was written beside is listened to first."""
    real = made.ground.edit

    def wrong(*given: object) -> object:
        edited = real(*given)  # type: ignore[arg-type]
        return replace(edited, pieces=(b"noise|title=New",), new_hash=posix.digest([b"noise|title=New"]))

    made.ground = replace(made.ground, edit=wrong)  # type: ignore[arg-type]
    (entry,) = made.apply(retag(made.now("a.mp3"), title="New"))
    assert entry.state is State.FAILED
    assert "its sound would not be the same" in entry.error
    assert (made.music / "a.mp3").read_bytes() == b"sound|title=Old"
    assert litter(made) == []


def test_what_reads_back_differently_is_never_put_in_place(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that writes something else is found out before the old file goes."""
    real = vault.beside

    def beside(root: bytes, path: bytes, pieces: object, temp: bytes, mtime_ns: int = 0) -> None:
        real(root, path, pieces, temp, mtime_ns)  # type: ignore[arg-type]
        os.truncate(os.path.join(root, temp), 3)

    monkeypatch.setattr(vault, "beside", beside)
    (entry,) = made.apply(retag(made.now("a.mp3"), title="New"))
    assert "reads back differently" in entry.error
    assert (made.music / "a.mp3").read_bytes() == b"sound|title=Old"
    assert litter(made) == []


def test_a_full_disk_ends_the_run(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is as it was, and no other is tried."""

    def pour(*_given: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(posix, "pour", pour)
    with pytest.raises(NoSpaceError):
        made.apply(retag(made.now("a.mp3"), title="New"), retag(made.now("b.flac"), title="New"))
    assert (made.music / "a.mp3").read_bytes() == b"sound|title=Old"
    assert litter(made) == []


@pytest.mark.parametrize("at", ["before it is written", "before it is put in place", "after"])
def test_recovery_ends_what_was_interrupted(made: Yard, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """Either the old file or the new one is there, and the journal says which."""
    real = vault.replace

    def crash(*given: object) -> None:
        if at == "after":
            real(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(vault, "beside" if at == "before it is written" else "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        made.apply(retag(made.now("a.mp3"), title="New"))
    monkeypatch.undo()
    (settled,) = recovery.recover(made.ground)
    done = at == "after"
    assert settled.state is (State.DONE if done else State.FAILED)
    assert (made.music / "a.mp3").read_bytes() == (b"sound|title=New" if done else b"sound|title=Old")
    assert litter(made) == []


def test_recovery_finishes_what_a_network_file_system_left(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old file was moved away for the new one, which never came: it comes now."""

    def lost(root: bytes, path: bytes, *_rest: object) -> None:
        os.unlink(os.path.join(root, path))
        raise KeyboardInterrupt

    monkeypatch.setattr(vault, "replace", lost)
    with pytest.raises(KeyboardInterrupt):
        made.apply(retag(made.now("a.mp3"), title="New"))
    (settled,) = recovery.recover(made.ground)
    assert settled.state is State.DONE
    assert (made.music / "a.mp3").read_bytes() == b"sound|title=New"


def interrupted(made: Yard, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the power fail when the new content has its place, and return where the old one lies."""

    def crash(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(vault, "retire", crash)
        with pytest.raises(KeyboardInterrupt):
            made.apply(retag(made.now("a.mp3"), title="New"))
    if litter(made) == []:
        pytest.skip("files cannot change places here")
    (temp,) = litter(made)
    return made.music / temp


def test_what_was_deleted_while_its_old_content_lay_beside_comes_back(
    made: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash the old content may be all that is left: it is where it was, and not litter."""
    interrupted(made, monkeypatch)
    (made.music / "a.mp3").unlink()
    (settled,) = recovery.recover(made.ground)
    assert (settled.state, settled.error) == (State.FAILED, "it was interrupted")
    assert (made.music / "a.mp3").read_bytes() == b"sound|title=Old"
    assert litter(made) == []


def test_old_content_is_not_swept_where_somebody_has_written_since(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be nowhere then: it stays, the entry says where, and what was written stays too."""
    temp = interrupted(made, monkeypatch)
    (made.music / "a.mp3").write_bytes(b"sound|title=New rating=5")
    (settled,) = recovery.recover(made.ground)
    told = f"it was interrupted; what lies in `{temp}` stays there, for it may be nowhere else"
    assert (settled.state, settled.error) == (State.FAILED, told)
    assert temp.read_bytes() == b"sound|title=Old"
    assert (made.music / "a.mp3").read_bytes() == b"sound|title=New rating=5"


def test_old_content_is_swept_where_somebody_has_put_it_back(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is where it was, and once is enough."""
    interrupted(made, monkeypatch)
    (made.music / "a.mp3").write_bytes(b"sound|title=Old")
    (settled,) = recovery.recover(made.ground)
    assert (settled.state, settled.error) == (State.FAILED, "it was interrupted")
    assert litter(made) == []


def test_new_content_that_never_had_its_place_is_swept(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comet has made it itself, and can again, whatever somebody has written into the file since."""

    def crash(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(vault, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            made.apply(retag(made.now("a.mp3"), title="New"))
    (made.music / "a.mp3").write_bytes(b"sound|title=Theirs")
    (settled,) = recovery.recover(made.ground)
    assert (settled.state, settled.error, litter(made)) == (State.FAILED, "it was interrupted", [])
