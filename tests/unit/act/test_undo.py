"""Undoing and purging: everything comes back as it was, and only what has a living witness is ever deleted."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from comet.act import actions, playlists, vault
from comet.core.acts import Entry, Kind, State
from comet.core.errors import NoSpaceError, UsageError
from comet.core.model import Identity
from tests.unit.act.made import JOB, Yard, remove, repoint, yard


@pytest.fixture
def made(tmp_path: Path) -> Yard:
    """Return a yard with a keeper, a file to remove and a playlist that names it."""
    found = yard(tmp_path)
    found.file("keep.flac", b"keeper")
    found.file("a/go.mp3", b"loser")
    found.file("l.m3u", b"#EXTM3U\r\na/go.mp3\r\nother.mp3")
    os.utime(found.music / "l.m3u", ns=(0, 1_600_000_000_123_456_789))
    return found


def removed(made: Yard) -> Entry:
    """Remove the file."""
    (entry,) = made.apply(remove(made.now("a/go.mp3"), made.now("keep.flac")))
    assert entry.state is State.DONE
    return entry


def followed(made: Yard) -> list[Entry]:
    """Remove the file and let the playlist follow."""
    go, keep = made.now("a/go.mp3"), made.now("keep.flac")
    entries = made.apply(remove(go, keep), repoint(made.now("l.m3u"), go, keep))
    assert [entry.state for entry in entries] == [State.DONE, State.DONE]
    return entries


def errors(entries: list[Entry]) -> list[str]:
    """Return why entries failed; all of them must have."""
    assert {entry.state for entry in entries} == {State.FAILED}
    return [entry.error for entry in entries]


# undo


def test_a_file_comes_back_as_it_was(made: Yard) -> None:
    """Content, time, mode and inode, also into a folder that is gone; it is undone once."""
    (made.music / "a/go.mp3").chmod(0o604)
    before = os.stat(made.music / "a/go.mp3")
    entry = removed(made)
    (made.music / "a").rmdir()
    (undoing,) = made.undo(entry)
    assert (undoing.kind, undoing.state, undoing.of) == (Kind.UNDO, State.DONE, entry.id)
    after = os.stat(made.music / "a/go.mp3")
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (before.st_ino, before.st_mode, before.st_mtime_ns)
    assert made.journal.entry(entry.id).state is State.UNDONE
    assert errors(made.undo(entry)) == ["there is nothing to undo any more"]
    assert errors(made.undo(undoing)) == ["there is nothing to undo any more"]
    assert made.held() == []


def test_something_else_in_its_place_is_not_overwritten(made: Yard) -> None:
    """The file stays in quarantine, and comes back once the place is free."""
    entry = removed(made)
    made.file("a/go.mp3", b"new")
    assert errors(made.undo(entry)) == ["something else is in its place by now; move that away first"]
    assert (made.music / "a/go.mp3").read_bytes() == b"new"
    assert made.held() == [b"loser"]
    (made.music / "a/go.mp3").unlink()
    assert [each.state for each in made.undo(entry)] == [State.DONE]


def test_the_newest_is_undone_first(made: Yard) -> None:
    """Whatever the order in which they are named; twice named is once undone."""
    keep = made.now("keep.flac")
    entries = made.apply(*(remove(made.file(name, name.encode()), keep) for name in ("1", "2", "3")))
    run = actions.undo(made.ground, [entries[1].id, entries[0].id, entries[2].id, entries[1].id], JOB)
    assert [entry.of for entry in made.journal.entries(run)] == [entry.id for entry in reversed(entries)]


def test_what_was_never_done_cannot_be_undone(made: Yard) -> None:
    """A step that was refused, and a number that is no entry: then not even a run is begun."""
    (failed,) = made.apply(remove(replace(made.now("a/go.mp3"), size=99), made.now("keep.flac")))
    assert errors(made.undo(failed)) == ["there is nothing to undo any more"]
    runs = len(list(made.journal.runs()))
    with pytest.raises(UsageError, match="no entry 99"):
        actions.undo(made.ground, [failed.id, 99], JOB)
    assert len(list(made.journal.runs())) == runs


def test_a_file_that_somebody_took_out_of_quarantine_is_said(made: Yard) -> None:
    """It cannot be brought back, and nothing is made up for it."""
    entry = removed(made)
    (made.music / entry.after["held"]).unlink()
    (error,) = errors(made.undo(entry))
    assert error == "it is neither in its place nor in quarantine"
    assert made.names() == ["keep.flac", "l.m3u"]


def test_a_root_that_is_away_keeps_what_is_held(made: Yard) -> None:
    """Undo and purge are refused with the reason, and can be done when it is back."""
    entry, here = removed(made), made.ground
    made.ground = replace(here, roots={}, away={"music": "its root folder is away: it is missing"})
    assert errors(made.undo(entry)) == ["its root folder is away: it is missing"]
    assert errors(made.purge(entry)) == ["its root folder is away: it is missing"]
    made.ground = here
    assert [each.state for each in made.undo(entry)] == [State.DONE]


def test_a_full_disk_ends_an_undo(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file stays held, and the same can be done again."""

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    entry = removed(made)
    with monkeypatch.context() as patched:
        patched.setattr(vault, "restore", full)
        with pytest.raises(NoSpaceError):
            made.undo(entry)
    assert made.held() == [b"loser"]
    assert [each.state for each in made.undo(entry)] == [State.DONE]


# playlists


def test_a_playlist_follows_and_comes_back_byte_by_byte(made: Yard) -> None:
    """Only the line that names the file changes; undone, even the time is the old one."""
    before = (made.music / "l.m3u").read_bytes(), os.stat(made.music / "l.m3u").st_mtime_ns
    entries = followed(made)
    assert (made.music / "l.m3u").read_bytes() == b"#EXTM3U\r\nkeep.flac\r\nother.mp3"
    assert [entry.of for entry in entries] == [0, entries[0].id]
    made.undo(*entries)
    assert ((made.music / "l.m3u").read_bytes(), os.stat(made.music / "l.m3u").st_mtime_ns) == before
    assert made.names() == ["a/go.mp3", "keep.flac", "l.m3u"]
    assert os.listdir(made.music / ".comet/quarantine") == []


def test_what_was_edited_in_between_is_kept(made: Yard) -> None:
    """Lines that came or moved stay; only the changed line turns back, and the time is not set back."""
    entries = followed(made)
    (made.music / "l.m3u").write_bytes(b"#EXTM3U\r\nnew.mp3\r\nother.mp3\r\nkeep.flac\r\n")
    assert [entry.state for entry in made.undo(*entries)] == [State.DONE, State.DONE]
    assert (made.music / "l.m3u").read_bytes() == b"#EXTM3U\r\nnew.mp3\r\nother.mp3\r\na/go.mp3\r\n"
    assert os.stat(made.music / "l.m3u").st_mtime_ns > 1_700_000_000_000_000_000


@pytest.mark.parametrize("content", [b"#EXTM3U\r\nother.mp3", None])
def test_a_line_that_is_gone_is_said_and_the_file_comes_back_all_the_same(made: Yard, content: bytes | None) -> None:
    """Somebody took the line out, or deleted the list."""
    entries = followed(made)
    if content is None:
        (made.music / "l.m3u").unlink()
    else:
        (made.music / "l.m3u").write_bytes(content)
    playlist, file = made.undo(*entries)
    assert (playlist.state, file.state) == (State.FAILED, State.DONE)
    assert playlist.error == ("it does not say any more what is to be changed" if content else "it is gone")
    assert (made.music / "a/go.mp3").exists()
    if content:
        assert (made.music / "l.m3u").read_bytes() == content


def test_two_files_of_one_playlist_go_and_come_back_in_any_order(made: Yard) -> None:
    """Each line is a step of its own."""
    (made.music / "l.m3u").write_bytes(b"a/go.mp3\nb.mp3\na/go.mp3\n")
    go, also, keep = made.now("a/go.mp3"), made.file("b.mp3", b"b"), made.now("keep.flac")
    lists = made.now("l.m3u")
    entries = made.apply(remove(go, keep), remove(also, keep), repoint(lists, go, keep), repoint(lists, also, keep))
    assert {entry.state for entry in entries} == {State.DONE}
    assert (made.music / "l.m3u").read_bytes() == b"keep.flac\nkeep.flac\nkeep.flac\n"
    made.undo(entries[2], entries[0])
    assert (made.music / "l.m3u").read_bytes() == b"a/go.mp3\nkeep.flac\na/go.mp3\n"
    made.undo(entries[3], entries[1])
    assert (made.music / "l.m3u").read_bytes() == b"a/go.mp3\nb.mp3\na/go.mp3\n"


def test_a_playlist_that_need_not_change_is_refused(made: Yard) -> None:
    """It does not name the file any more, lies in a reference folder, or is a link."""
    go, keep, lists = made.now("a/go.mp3"), made.now("keep.flac"), made.now("l.m3u")
    (made.music / "link.m3u").symlink_to("l.m3u")
    made.protected.add(b"ref/")
    kept = made.file("ref/l.m3u", b"../a/go.mp3\n")
    other = made.file("other.m3u", b"x\n")
    found = made.apply(
        remove(go, keep),
        repoint(other, go, keep),
        repoint(kept, go, keep),
        repoint(replace(lists, path=b"link.m3u"), go, keep),
    )
    assert errors(found[1:]) == [
        "it does not say any more what is to be changed",
        "it lies in a reference folder, where nothing is changed",
        "a link leads to it, and nothing is changed through a link",
    ]
    assert (made.music / "l.m3u").read_bytes() == b"#EXTM3U\r\na/go.mp3\r\nother.mp3"


def test_a_playlist_is_changed_once_by_one_plan(made: Yard) -> None:
    """Applied again, the plan passes over what it did; applied after an undo, it does it again."""
    go, keep, lists = made.now("a/go.mp3"), made.now("keep.flac"), made.now("l.m3u")
    steps = [remove(go, keep), repoint(lists, go, keep)]
    entries = made.apply(*steps)
    assert made.apply(*steps) == []
    made.undo(*entries)
    assert [entry.state for entry in made.apply(*steps)] == [State.DONE, State.DONE]
    assert playlists.names((made.music / "l.m3u").read_bytes(), os.fsencode(made.music), {b"x"}) == set()


# purge


def test_a_file_is_deleted_after_its_keeper_was_read(made: Yard) -> None:
    """Whole, and once for all that it stands for; then it cannot be undone, nor purged again."""
    keep = made.now("keep.flac")
    entries = made.apply(*(remove(made.file(name, name.encode()), keep) for name in ("1", "2")))
    made.heard.clear()
    assert [(entry.kind, entry.state) for entry in made.purge(*entries)] == [(Kind.PURGE, State.DONE)] * 2
    assert made.heard == [os.fsencode(made.music / "keep.flac")]
    assert made.held() == []
    assert errors(made.undo(entries[0])) == ["there is nothing to undo any more"]
    assert errors(made.purge(entries[0])) == ["it does not lie in quarantine"]
    assert made.journal.undoable() == []


def test_without_a_witness_nothing_is_deleted(made: Yard) -> None:
    """The keeper is gone, or sounds otherwise: the file stays, and the reason names the keeper."""
    entry = removed(made)
    content = (made.music / "keep.flac").read_bytes()
    (made.music / "keep.flac").unlink()
    assert errors(made.purge(entry)) == ["it stays in quarantine: what was kept in its place, `keep.flac`: it is gone"]
    made.file("keep.flac", b"sounds otherwise")
    assert "it was changed since this was decided" in errors(made.purge(entry))[0]
    assert made.held() == [b"loser"]
    (made.music / "keep.flac").write_bytes(content)
    os.utime(made.music / "keep.flac", ns=(0, entry.before.keeper.mtime_ns if entry.before.keeper else 0))
    assert [each.state for each in made.purge(entry)] == [State.DONE]


def test_the_keepers_keeper_is_a_witness(made: Yard) -> None:
    """A keeper that went later has one itself; it need not be read where it lies now."""
    entry = removed(made)
    best = made.file("best.flac", b"best")
    (other,) = made.apply(remove(made.now("keep.flac"), best))
    assert [each.state for each in made.purge(entry)] == [State.DONE]
    (made.music / "best.flac").unlink()
    assert "`best.flac`: it is gone" in errors(made.purge(other))[0]
    assert made.held() == [b"keeper"]


def test_a_keeper_that_was_moved_or_retagged_is_a_witness(made: Yard) -> None:
    """A file that is known to hold its audio will do, if it does when it is read."""
    entry = removed(made)
    (made.music / "keep.flac").unlink()
    moved = made.file("else/where.flac", b"keeper|new tags")
    assert moved.audio == made.ground.journal.entry(entry.id).before.keeper.audio  # type: ignore[union-attr]
    made.elsewhere = [replace(moved, path=b"not/there.flac"), moved]
    assert [each.state for each in made.purge(entry)] == [State.DONE]


def test_a_file_is_no_witness_of_itself(made: Yard) -> None:
    """Also not as a hard link that somebody has made in its place, or as what is held."""
    same = made.file("same.mp3", b"loser")
    (entry,) = made.apply(remove(made.now("a/go.mp3"), same))
    held = made.music / entry.after["held"]
    (made.music / "same.mp3").unlink()
    os.link(held, made.music / "same.mp3")
    os.utime(made.music / "same.mp3", ns=(0, same.mtime_ns))
    known: Identity = made.now("same.mp3")
    made.elsewhere = [known]
    (error,) = errors(made.purge(entry))
    assert error.startswith("it stays in quarantine: ")
    assert held.exists()


def test_what_was_changed_in_quarantine_stays(made: Yard) -> None:
    """It is not any more what has a witness."""
    entry = removed(made)
    (made.music / entry.after["held"]).write_bytes(b"mine")
    assert errors(made.purge(entry)) == ["it stays in quarantine: it was changed there"]
    assert made.held() == [b"mine"]


def test_a_playlist_entry_cannot_be_purged(made: Yard) -> None:
    """Nothing of it lies anywhere; and after its file was purged it is not turned back."""
    file, change = followed(made)
    assert errors(made.purge(change)) == ["it does not lie in quarantine"]
    made.purge(file)
    assert errors(made.undo(change)) == ["there is nothing to undo any more"]
    assert (made.music / "l.m3u").read_bytes() == b"#EXTM3U\r\nkeep.flac\r\nother.mp3"
