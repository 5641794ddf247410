"""Where another file was put, a disk is away or a journal is old: a place is not a file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from comet.act import recovery
from comet.core.acts import Kind, State
from tests.unit.act.made import Yard, remove, repoint, yard


@pytest.fixture
def made(tmp_path: Path) -> Yard:
    """Return a yard with a keeper, a file to remove and a playlist that names it."""
    found = yard(tmp_path)
    found.file("keep.flac", b"keeper")
    found.file("go.mp3", b"loser")
    found.file("l.m3u", b"go.mp3\n")
    return found


def test_a_playlist_is_left_alone_while_what_it_names_is_there(made: Yard) -> None:
    """Another file was put in the place of one that is held: what names it now means that one."""
    go, keep = made.now("go.mp3"), made.now("keep.flac")
    made.apply(remove(go, keep))
    made.file("go.mp3", b"another song")
    (entry,) = made.apply(repoint(made.now("l.m3u"), go, keep))
    assert (entry.state, entry.error) == (State.FAILED, "the file that it names is there")
    assert (made.music / "l.m3u").read_bytes() == b"go.mp3\n"


def test_a_playlist_with_two_names_is_not_split(made: Yard) -> None:
    """A hard-linked file is changed under none of its names."""
    os.link(made.music / "l.m3u", made.music / "other.m3u")
    go, keep = made.now("go.mp3"), made.now("keep.flac")
    _removal, entry = made.apply(remove(go, keep), repoint(made.now("l.m3u"), go, keep))
    assert entry.state is State.FAILED
    assert "2 names" in entry.error
    assert os.path.samefile(made.music / "l.m3u", made.music / "other.m3u")


def test_a_later_file_of_the_same_name_is_its_own_witness(made: Yard) -> None:
    """A keeper is found although an earlier file of its name is held; and it is no keeper's keeper."""
    go, keep = made.now("go.mp3"), made.now("keep.flac")
    made.apply(remove(go, keep))
    song = made.file("go.mp3", b"another song")
    copy = made.file("copy.mp3", b"another song")
    made.different = {frozenset((song.audio, keep.audio))}
    (entry,) = made.apply(remove(copy, song))
    assert list(made.ground.kept(entry.before)) == [song]
    (purging,) = made.purge(entry)
    assert purging.state is State.DONE


def test_what_another_file_was_removed_for_stays(made: Yard) -> None:
    """Same is not transitive: a keeper goes only for one that is the same as all that it stands for."""
    go, keep = made.now("go.mp3"), made.now("keep.flac")
    (removal,) = made.apply(remove(go, keep))
    better = made.file("better.flac", b"a better one")
    made.different = {frozenset((go.audio, better.audio))}
    (refused,) = made.apply(remove(keep, better))
    assert refused.state is State.FAILED
    assert "it was kept in place of `go.mp3`" in refused.error
    made.undo(removal)
    (entry,) = made.apply(remove(keep, better))
    assert entry.state is State.DONE


def test_a_quarantine_that_is_away_is_not_an_empty_one(made: Yard) -> None:
    """Neither a purge nor recovery takes a file for gone while its quarantine cannot be seen."""
    (entry,) = made.apply(remove(made.now("go.mp3"), made.now("keep.flac")))
    quarantine = made.music / ".comet/quarantine"
    quarantine.rename(made.tmp / "away")
    (purging,) = made.purge(entry)
    assert (purging.state, purging.error) == (State.FAILED, "its quarantine cannot be seen: is the disk mounted?")
    begun = made.journal.intend(
        made.journal.begin("purge"), 1, Kind.PURGE, entry.before, after=entry.after, of=entry.id
    )
    assert recovery.recover(made.ground) == []
    assert made.journal.entry(begun).state is State.INTENDED
    (made.tmp / "away").rename(quarantine)
    (settled,) = recovery.recover(made.ground)
    assert (settled.id, settled.state) == (begun, State.FAILED)
    assert [each.state for each in made.undo(entry)] == [State.DONE]
    assert (made.music / "go.mp3").read_bytes() == b"loser"


def test_a_purge_of_what_was_moved_by_hand_is_refused(made: Yard) -> None:
    """It says so; nothing is called deleted that was not."""
    (entry,) = made.apply(remove(made.now("go.mp3"), made.now("keep.flac")))
    shutil.move(made.music / ".comet/quarantine" / os.listdir(made.music / ".comet/quarantine")[0], made.tmp / "moved")
    (purging,) = made.purge(entry)
    assert (purging.state, purging.error) == (State.FAILED, "it is not in quarantine; was it moved by hand?")


def test_an_old_journal_that_was_put_back_loses_nothing(made: Yard) -> None:
    """Its run numbers come again: a name that is taken in quarantine is left to the file that has it."""
    made.journal.close()
    shutil.copy(made.tmp / "state/journal.sqlite", made.tmp / "old")
    made = yard(made.tmp)
    made.apply(remove(made.now("go.mp3"), made.now("keep.flac")))
    made.journal.close()
    shutil.copy(made.tmp / "old", made.tmp / "state/journal.sqlite")
    again = yard(made.tmp)
    again.file("go.mp3", b"another copy")
    (entry,) = again.apply(remove(again.now("go.mp3"), again.now("keep.flac")))
    assert entry.state is State.FAILED
    assert "held in its name already" in entry.error
    assert again.held() == [b"loser"]
    assert (again.music / "go.mp3").read_bytes() == b"another copy"


def test_a_link_in_the_place_of_a_playlist_ends_its_entry(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be the playlist any more is not waited for."""
    go, keep = made.now("go.mp3"), made.now("keep.flac")

    def crash(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("comet.act.vault.replace", crash)
    with pytest.raises(KeyboardInterrupt):
        made.apply(remove(go, keep), repoint(made.now("l.m3u"), go, keep))
    (made.music / "l.m3u").unlink()
    (made.music / "l.m3u").symlink_to("elsewhere")
    (settled,) = recovery.recover(made.ground)
    assert (settled.kind, settled.state) == (Kind.REPOINT, State.FAILED)
    assert made.journal.pending() == []


def test_no_entry_is_older_than_the_one_before(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that says 1970 for a while makes nothing old enough to be purged."""
    (first,) = made.apply(remove(made.now("go.mp3"), made.now("keep.flac")))
    monkeypatch.setattr("comet.act.journal.time.time", lambda: 5.0)
    (second,) = made.apply(remove(made.file("b.mp3", b"b"), made.now("keep.flac")))
    assert second.made >= first.made > 1e9
