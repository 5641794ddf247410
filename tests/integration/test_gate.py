"""New files against a collection that was scanned: what is there, where, and which is better."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import mutagen
import numpy as np
import pytest

from comet import gate, scanning
from comet.collection import owned
from comet.collection.opened import exclusive
from comet.collection.owned import Sound
from comet.core import profiles
from comet.core.errors import NotScannedError, Stopped
from comet.core.job import Event, Job, Progress
from comet.core.model import File, Relation, Stage, Words
from comet.core.places import places
from comet.gate import Answer, Checked, Held, Is
from comet.library.scan import Unread
from tests.factories import RATE, silence, tune, write
from tests.integration.owning import Owner


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Return a folder for files that are to be checked."""
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


def ask(owner: Owner, *names: object) -> Answer:
    """Check files as a fresh process would."""
    with owner.opened() as collection:
        return gate.check(collection, [str(name) for name in names], Job())


def one(owner: Owner, *names: object) -> Checked:
    """Check files of which one is told."""
    answer = ask(owner, *names)
    assert answer.gaps == ()
    (file,) = answer.files
    return file


def names(held: Sequence[Held]) -> list[str]:
    """Return the names of what was found."""
    return [os.path.basename(each.owner.track.path) for each in held]


def test_another_encoding_is_there_with_all_its_holders(owner: Owner, new: Path) -> None:
    """Each file of the recording is named, with figures; lossless is better, and so is a higher bitrate."""
    write(new / "again.mp3", tune(1, 20), bitrate=320_000)
    found = one(owner, new / "again.mp3")
    assert found.state is Is.THERE
    held = {os.path.basename(each.owner.track.path): each for each in found.held}
    assert set(held) == {"one.flac", "one.mp3", "one.ogg"}
    assert (held["one.flac"].better, held["one.flac"].why) == ("old", ("lossless",))
    assert held["one.mp3"].better == "new"
    assert held["one.mp3"].why[0].startswith("keeps most of the sound: ")
    owner_ = held["one.flac"].owner
    assert (owner_.relation, owner_.clear, abs(owner_.offset) < 0.2) == (Relation.SAME, True, True)
    assert owner_.similarity > 0.95
    assert owner_.evidence is not None
    assert owner_.expected_false < owner_.p_value * 100 < 1e-6


def test_the_same_quality_is_equal_wherever_it_lies(owner: Owner, new: Path) -> None:
    """Tags, size and path make no copy better: the very audio is equal, and its hash alone is enough."""
    shutil.copy(owner.music / "two.mp3", new / "a.mp3")
    tags = mutagen.File(new / "a.mp3", easy=True)
    tags["title"] = "long " * 1000
    tags.save()
    found = one(owner, new / "a.mp3")
    assert (found.state, names(found.held)) == (Is.THERE, ["two copy.mp3", "two.mp3"])
    assert {(each.owner.evidence, each.better, each.why) for each in found.held} == {(None, "equal", ())}
    write(new / "z.flac", tune(1, 20), "flac")
    found = one(owner, new / "z.flac")
    held = {os.path.basename(each.owner.track.path): each for each in found.held}
    assert (held["one.flac"].better, held["one.ogg"].better) == ("equal", "new")


def test_what_is_not_the_same_is_named_for_what_it_is(owner: Owner, new: Path) -> None:
    """A part, a longer one, a medley and another recording."""
    write(new / "part.flac", tune(1, 20)[5 * RATE : 15 * RATE])
    write(new / "more.flac", np.concatenate([tune(1, 20), tune(7, 20)]))
    write(new / "medley.flac", np.concatenate([tune(8, 12), tune(1, 20)[: 10 * RATE]]))
    write(new / "other.flac", tune(9, 20))
    found = {os.path.basename(file.path).decode(): file for file in ask(owner, new).files}
    assert {name: file.state for name, file in found.items()} == {
        "part.flac": Is.CONTAINED,
        "more.flac": Is.CONTAINS,
        "medley.flac": Is.RELATED,
        "other.flac": Is.NEW,
    }
    assert {each.owner.holder for each in found["part.flac"].held} == {"old"}
    assert {each.owner.holder for each in found["more.flac"].held} == {"new"}
    assert all(abs(each.owner.offset - 5) < 0.2 for each in found["part.flac"].held)
    assert {each.better for each in found["part.flac"].held} == {""}
    assert found["other.flac"].held == ()


def test_what_cannot_be_compared_is_unusable(owner: Owner, new: Path) -> None:
    """It is told why; what is no music is told only if it was named, and a pipe is not waited for."""
    (new / "broken.flac").write_bytes(b"fLaC" + bytes(5000))
    write(new / "short.mp3", tune(1, 2))
    write(new / "brief.mp3", tune(1, 5))
    write(new / "silent.flac", silence(20))
    (new / "cover.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * 500)
    os.mkfifo(new / "pipe.mp3")
    found = {os.path.basename(file.path).decode(): file for file in ask(owner, new).files}
    assert set(found) == {"broken.flac", "short.mp3", "brief.mp3", "silent.flac"}
    assert {file.state for file in found.values()} == {Is.UNUSABLE}
    assert all(file.error for file in found.values())
    named = ask(owner, new / "pipe.mp3", new / "cover.jpg", new / "none.mp3", new / "cover.jpg").files
    assert [file.state for file in named] == [Is.UNUSABLE] * 3
    assert [file.error for file in named] == ["it is no file", "it is not music", "No such file or directory"]


def test_too_short_but_known_by_its_hash_is_there(owner: Owner, new: Path) -> None:
    """A copy of the very audio is recognised without any fingerprint."""
    write(owner.music / "short.mp3", tune(5, 2))
    owner.scan()
    shutil.copy(owner.music / "short.mp3", new / "jingle.mp3")
    found = one(owner, new / "jingle.mp3")
    assert (found.state, names(found.held), found.error) == (Is.THERE, ["short.mp3"], "")
    assert one(owner, owner.music / "short.mp3").state is Is.UNUSABLE  # nothing else holds it


def test_a_file_of_the_collection_is_compared_with_the_others(owner: Owner, new: Path) -> None:
    """Never with itself, by whatever path it is reached."""
    assert names(one(owner, owner.music / "one.mp3").held) in (["one.flac", "one.ogg"], ["one.ogg", "one.flac"])
    assert names(one(owner, owner.music / "two.mp3").held) == ["two copy.mp3"]
    (new / "link.flac").symlink_to(owner.music / "alone.flac")
    for path in (owner.music / "alone.flac", new / "link.flac"):
        assert one(owner, path).state is Is.NEW


def test_the_same_among_those_given_is_told(owner: Owner, new: Path) -> None:
    """Each names those before it, by sound and by hash, and is new all the same."""
    write(new / "a.flac", tune(9, 20))
    write(new / "b.mp3", tune(9, 20))
    shutil.copy(new / "b.mp3", new / "c.mp3")
    write(new / "d.mp3", tune(9, 20)[3 * RATE : 15 * RATE])
    files = ask(owner, new / "a.flac", new / "b.mp3", new / "c.mp3", new / "a.flac", new / "d.mp3").files
    assert [names(file.given) for file in files] == [[], ["a.flac"], ["b.mp3", "a.flac"], []]
    assert {file.state for file in files} == {Is.NEW}
    assert files[1].given[0].why == ("lossless",)


def test_those_given_are_compared_once_each_and_it_can_be_stopped(owner: Owner, new: Path) -> None:
    """Only with those before: a stage of its own says how far it is, and lets go where a stop is wished."""
    for at in range(5):
        write(new / f"{at}.flac", tune(9 if at in (1, 4) else 10 + at, 20))
    told: list[Event] = []
    job = Job(told.append)
    with owner.opened() as collection:
        files = gate.check(collection, [str(new)], job).files
        assert [names(file.given) for file in files] == [[], [], [], [], ["1.flac"]]
        ended = [
            event for event in told if isinstance(event, Progress) and event.finished and event.stage is Stage.CORRELATE
        ]
        assert [(event.done, event.total) for event in ended] == [(25, 25), (10, 10)]

        def stop_late(event: Event) -> None:
            if isinstance(event, Progress) and event.total == 10:
                stopped.stop()

        stopped = Job(stop_late)
        with pytest.raises(Stopped):
            gate.check(collection, [str(new)], stopped)


def test_what_has_gone_or_changed_since_the_scan_holds_nothing(owner: Owner, new: Path) -> None:
    """Whoever believed the cache would throw the last copy away; a changed file is told, since it may hold it."""
    write(new / "a.ogg", tune(3, 20))
    (owner.music / "alone.flac").rename(new / "aside.flac")
    assert one(owner, new / "a.ogg").state is Is.NEW
    write(owner.music / "alone.flac", tune(4, 25))
    answer = ask(owner, new / "a.ogg")
    assert answer.files[0].state is Is.NEW
    assert answer.gaps == (f"`{owner.music}/alone.flac` does not count: it has changed since it was scanned",)
    owner.music.rename(owner.tmp / "unmounted")
    assert one(owner, new / "a.ogg").state is Is.THERE  # of a disk that is away nothing is forgotten


def _state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return time and content of every file, but for memory that SQLite shares between those who read."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_nothing_is_written_and_no_lock_is_needed(owner: Owner, new: Path) -> None:
    """Cache, journal and music stay as they are, byte for byte, while a job works on a profile that is read-only."""
    write(new / "a.mp3", tune(1, 20))
    write(new / "b.mp3", tune(9, 20))
    owner.profile = {"read_only": True}
    with owner.opened() as collection, exclusive(collection):
        before = _state(owner.tmp / "home"), _state(owner.music)
        assert [file.state for file in ask(owner, new).files] == [Is.THERE, Is.NEW]
        assert (_state(owner.tmp / "home"), _state(owner.music)) == before


def test_what_was_not_compared_is_told(owner: Owner, new: Path) -> None:
    """A root that was never scanned, and fingerprints that were made otherwise; a profile never scanned is refused."""
    write(new / "a.mp3", tune(1, 20))
    more = profiles.unnamed(places(), [str(owner.music), str(owner.tmp / "later")])
    with owner.opened() as collection:
        owner.profile = {"roots": more.roots}
        assert ask(owner, new).gaps == (f"root `{owner.tmp}/later` was never scanned",)
        owner.profile = {"settings": profiles.unnamed(places(), [], ["fingerprint.length=15"]).settings}
        answer = ask(owner, new)
        assert answer.gaps == (
            "the collection has no track yet that could be compared",
            "5 tracks were scanned under other settings and were not compared",
        )
        owner.profile = {"roots": (str(owner.tmp / "later"),)}
        with pytest.raises(NotScannedError):
            ask(owner, new)
        assert collection.cache.roots().keys() == {os.fsencode(owner.music)}


def test_what_a_scan_could_not_hear_is_told(owner: Owner, new: Path) -> None:
    """It may hold the recording, unless the fault lies in the file or its audio is known from before."""
    write(new / "a.mp3", tune(9, 20))
    with owner.opened() as collection:
        (root,) = collection.scanned_roots()
        (heard,) = [track.file for track in collection.cache.tracks([root]) if track.file.path == b"alone.flac"]
        collection.cache.store_bad(File(root.id, b"broken.mp3", 9, 1), "no sound")
        collection.cache.store_bad(heard, "no rights", "denied")
    assert ask(owner, new).gaps == ()
    with owner.opened() as collection:
        for name, cause in ((b"shut.mp3", "denied"), (b"huge.mp3", "limits 1 1")):
            collection.cache.store_bad(File(root.id, name, 9, 1), "why", cause)
        collection.cache.walked(root.id, [], [], [Unread(b"locked", "no rights")])
    assert ask(owner, new).gaps == (
        "1 place in the collection could not be looked at",
        "2 files of the collection could not be listened to",
    )


def test_a_scan_that_was_interrupted_is_told(owner: Owner, new: Path) -> None:
    """What it has not come to may hold the recording; a scan that comes to its end knows all."""
    write(new / "a.mp3", tune(77, 20))

    def report(event: object) -> None:
        if isinstance(event, Progress) and event.stage is Stage.WALK:
            job.stop()

    job = Job(report)
    write(owner.music / "late.mp3", tune(77, 20))
    with owner.opened() as collection, pytest.raises(Stopped):
        scanning.scan_roots(collection, job)
    answer = ask(owner, new)
    assert [each.state.value for each in answer.files] == ["new"]
    assert answer.gaps == ("a scan is at work or was interrupted, and what it has not come to is not known",)
    owner.scan()
    assert ask(owner, new).gaps == ()


def test_a_fingerprint_alone_can_be_asked_for(owner: Owner) -> None:
    """Whoever has words and a length, and no file, gets the same answer; also before anything was correlated."""
    write(owner.music / "late.flac", tune(6, 20))
    with owner.opened() as collection:
        scanning.scan_roots(collection, Job())
        words: dict[str, Words] = {}
        for track in collection.cache.tracks(collection.scanned_roots()):
            words[track.file.path.decode()] = next(found for _at, found in collection.cache.words([track.audio.serial]))
        sounds = [
            Sound(words["late.flac"], 20.0),
            Sound(words["one.mp3"][40:120], 12.5),
            Sound(words["one.mp3"][:20], 3),
        ]
        found = owned.owned(collection, sounds, Job())
    assert [(each.track.file.path, each.relation) for each in found[0]] == [(b"late.flac", Relation.SAME)]
    assert {(each.track.file.path, each.relation, each.holder) for each in found[1]} == {
        (f"one.{kind}".encode(), Relation.CONTAINS, "old") for kind in ("flac", "mp3", "ogg")
    }
    assert found[2] == []
