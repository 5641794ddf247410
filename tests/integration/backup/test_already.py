"""What the library has already is linked and not doubled, by its sound; a better one joins it, to be reviewed."""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from comet import changes, pipeline, scanning
from comet.backup import verify
from comet.backup.model import Copy, State
from comet.collection import groups
from comet.core.acts import Do, Plan, Step
from comet.core.job import Job
from comet.core.model import Relation, Verdict, identity
from comet.judge import relation
from tests.integration.backup.backed import Library

LONG = "30000007"
"""Of this there are 40 seconds: enough to be recognised by its sound whatever it is stored as."""


def have(library: Library, name: str, content: bytes) -> Path:
    """Put a file into the library and scan it."""
    path = library.music / name
    path.write_bytes(content)
    with library.opened() as collection:
        scanning.scan_roots(collection, Job())
    return path


def bare(library: Library, tmp_path: Path, track: str, *how: str, ending: str = ".mp3") -> bytes:
    """Return the sound of a track without any tags, stored otherwise."""
    (tmp_path / "in").write_bytes(library.service.sound(track))
    command = ["ffmpeg", "-v", "error", "-y", "-i", tmp_path / "in", "-map", "0:a", "-map_metadata", "-1"]
    subprocess.run([*command, *how, tmp_path / f"out{ending}"], check=True)
    return (tmp_path / f"out{ending}").read_bytes()


def like(library: Library, *tracks: str) -> None:
    """Let the account like tracks."""
    for track in tracks:
        library.service.edit("add", track=track)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
@pytest.mark.parametrize(
    "how",
    [("-c", "copy"), pytest.param(("-c:a", "libmp3lame", "-b:a", "320k"), marks=pytest.mark.slow)],
    ids=["the very audio", "encoded anew"],
)
def test_what_is_there_is_linked(empty: Library, tmp_path: Path, how: tuple[str, ...]) -> None:
    """By its audio hash, or by its fingerprint where it is stored otherwise and no worse; the playlist names it."""
    path = have(empty, "mine.mp3", bare(empty, tmp_path, LONG, *how))
    like(empty, LONG)
    done = empty.run()
    assert (done.new, done.owned, done.exit_code) == (0, 1, 0)
    assert (empty.copies()[LONG].state, empty.path(empty.copies()[LONG])) == (State.OWNED, path)
    assert sorted(empty.files()) == ["Playlists/Likes.m3u8", "mine.mp3"]
    assert "../mine.mp3" in (empty.music / "Playlists/Likes.m3u8").read_text("utf-8").splitlines()
    assert empty.staged() == []


@pytest.mark.slow
def test_a_better_one_joins_what_is_there(empty: Library, tmp_path: Path) -> None:
    """It is a file of its own, and both are a group."""
    have(empty, "mine.mp3", bare(empty, tmp_path, LONG, "-c:a", "libmp3lame", "-b:a", "64k"))
    like(empty, LONG)
    done = empty.run()
    assert (done.new, done.owned) == (1, 0)
    with empty.opened() as collection:
        pipeline.correlate(collection, Job())
        pipeline.judge(collection, Job())
        (group,) = groups.of(collection)
    assert {track.file.path for track in group.tracks} == {b"mine.mp3", empty.copies()[LONG].path}


def test_what_tags_and_length_agree_on_is_not_fetched(empty: Library, tmp_path: Path) -> None:
    """ISRC, title and length: a file that has them all spares the download, if it is lossless; else it is compared."""
    like(empty, "30000001")
    assert empty.run().new == 1
    (path,) = (path for name, path in empty.files().items() if name.endswith(".flac"))
    other = Library(tmp_path / "other", empty.service)
    other.music.mkdir()
    path.rename(other.music / "a.flac")
    with other.opened() as collection:
        scanning.scan_roots(collection, Job())
    (tmp_path / "home/state/-/backup.sqlite").unlink()
    since = empty.service.last()
    done = other.run()
    assert (done.new, done.owned, other.asked(since)) == (0, 1, [])
    assert "not by its sound" in other.copies()["30000001"].suspect
    with other.known() as (_collection, known):  # its tags told wrong: nobody believes them a second time
        assert verify.retry(known, ["30000001"]) == 1
    done = other.run()
    assert (done.owned, other.asked(since), other.copies()["30000001"].suspect) == (1, ["30000001"], "")


def test_a_damaged_file_is_no_copy_whatever_its_tags_say(empty: Library) -> None:
    """It does not last as long as it says: what the account has comes beside it."""
    like(empty, "30000001")
    empty.run()
    (path,) = (path for name, path in empty.files().items() if name.endswith(".flac"))
    sound = bytearray(path.read_bytes())
    at = len(sound) // 2
    sound[at : at + len(sound) // 4] = bytes(len(sound) // 4)
    path.write_bytes(sound)
    with empty.opened() as collection:
        scanning.scan_roots(collection, Job())
        (damaged,) = collection.cache.tracks_of(collection.scanned_roots(), [2])
        assert 0.5 < damaged.audio.claimed - damaged.audio.duration < 2.0
    Path(os.environ["COMET_HOME"], "state/-/backup.sqlite").unlink()
    assert empty.run().new == 1


def test_a_file_is_followed_over_every_removal(empty: Library) -> None:
    """Removed for another one, which was removed for a third: the backup is that one, and fetches nothing."""
    names = (b"a.flac", b"b.mp3", b"c.mp3")
    for name, track in zip(names, ("30000001", "30000004", LONG), strict=True):
        (empty.music / os.fsdecode(name)).write_bytes(empty.service.sound(track))
    with empty.known() as (collection, known):
        scanning.scan_roots(collection, Job())
        serials = collection.cache.alive([root.id for root in collection.scanned_roots()])
        found = {
            each.file.path: each for each in collection.cache.tracks_of(collection.scanned_roots(), sorted(serials))
        }
        serials = sorted(each.audio.serial for each in found.values())
        facts = (Relation.SAME, True, 0, "", 0, 100, 1.0, 0.0, 0.0, 0.0)
        collection.cache.store_verdicts([Verdict(*pair, *facts) for pair in combinations(serials, 2)], relation.RULE)
        first = found[names[0]]
        known.put(Copy("1", State.DONE, first.file.root, names[0], size=first.file.size, audio=first.audio.hash))
        for gone, stays in pairwise(names):
            step = Step(Do.REMOVE, identity(found[gone]), "", "", keeper=identity(found[stays]))
            done = changes.apply(collection, Plan(collection.profile.name, 0, (step,)), Job())
            assert [entry.error for entry in done.failed] == []
        verify.follow(collection, known)
        copy = known.copy("1")
        assert (copy.state, copy.path, copy.audio) == (State.OWNED, names[2], found[names[2]].audio.hash)


@pytest.mark.slow
def test_a_file_that_was_removed_for_another_one_is_that_one(empty: Library, tmp_path: Path) -> None:
    """Of a group, the one that was backed up goes: the backup follows to the one that stays, and fetches nothing."""
    have(empty, "mine.mp3", bare(empty, tmp_path, LONG, "-c:a", "libmp3lame", "-b:a", "64k"))
    like(empty, LONG)
    empty.run()
    with empty.opened() as collection:
        pipeline.correlate(collection, Job())
        pipeline.judge(collection, Job())
        (group,) = groups.of(collection)
        mine, theirs = sorted(group.tracks, key=lambda track: track.file.path != b"mine.mp3")
        plan = Plan(collection.profile.name, 0, (Step(Do.REMOVE, identity(theirs), "", "", keeper=identity(mine)),))
        assert [entry.error for entry in changes.apply(collection, plan, Job()).failed] == []
    done = empty.run()
    assert (done.new, done.exit_code) == (0, 0)
    assert (empty.copies()[LONG].state, empty.copies()[LONG].path) == (State.OWNED, b"mine.mp3")
    assert "../mine.mp3" in (empty.music / "Playlists/Likes.m3u8").read_text("utf-8").splitlines()
