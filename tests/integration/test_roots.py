"""Root by root: a list of each, looked at again before it is followed; real files, real decoding."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mutagen
import pytest

from comet import scanning
from comet.collection.opened import Collection, opened
from comet.core import profiles
from comet.core.job import Event, Job, Listing, Ordered, Progress
from comet.core.model import Problem, Stage
from comet.core.places import places
from comet.listen import fingerprint
from comet.scanning import Scanned
from tests.factories import tune, write
from tests.integration.conftest import Bench

Lived = Callable[..., "tuple[Scanned, list[Event]]"]


@pytest.fixture
def scan(bench: Bench, tmp_path: Path) -> Lived:
    """Return a scan of the folders `music` and `more`, during which something happens."""

    def run(
        then: Callable[[], object] = lambda: None, *, at: str = "more", loudness: bool = False
    ) -> tuple[Scanned, list[Event]]:
        """Scan; do `then` as soon as the list of the folder `at` is there."""
        events: list[Event] = []

        def report(event: Event) -> None:
            events.append(event)
            if isinstance(event, Listing) and event.root == str(tmp_path / at) and not event.again:
                then()

        profile = profiles.unnamed(places(), [str(bench.music), str(tmp_path / "more")])
        with opened(profile, places(), create=True) as collection:
            return scanning.scan_roots(collection, Job(report), loudness=loudness), events

    (tmp_path / "more").mkdir()
    return run


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every list be old as soon as it is made."""
    monkeypatch.setattr(scanning, "_OLD", -1.0)


def _listings(events: list[Event]) -> list[Listing]:
    return [event for event in events if isinstance(event, Listing)]


def test_every_root_is_listed_before_any_is_listened_to(bench: Bench, scan: Lived, tmp_path: Path) -> None:
    """By name, with what is new, changed and gone, and the bytes; then each is listened to in its turn."""
    write(bench.music / "one.mp3", tune(1, 12))
    write(tmp_path / "more/two.mp3", tune(2, 12))
    (tmp_path / "more/cover.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * 500)
    done, events = scan()
    sizes = [sum(path.stat().st_size for path in folder.glob("[!.]*")) for folder in (bench.music, tmp_path / "more")]
    assert _listings(events) == [
        Listing(str(bench.music), 1, 1, 0, 0, sizes[0]),
        Listing(str(tmp_path / "more"), 2, 2, 0, 0, sizes[1]),
    ]
    first = next(at for at, event in enumerate(events) if isinstance(event, Progress) and event.stage is Stage.SCAN)
    assert len(_listings(events[:first])) == 2
    ended = [each for each in events if isinstance(each, Progress) and each.stage is Stage.SCAN and each.finished]
    assert [(each.name, each.done, each.total, each.size, each.total_size) for each in ended] == [
        (str(bench.music), 1, 1, sizes[0], sizes[0]),
        (str(tmp_path / "more"), 2, 2, sizes[1], sizes[1]),
    ]
    assert [(root.decoded, root.moved, root.unchanged) for root in done.roots] == [(1, 0, 0), (1, 0, 0)]


@pytest.mark.usefixtures("old")
def test_what_changed_since_the_list_was_made_is_found_and_said(scan: Lived, tmp_path: Path) -> None:
    """What is gone is not tried, what was added is listened to, what changed is read as it is now."""
    more = tmp_path / "more"
    for seed, name in enumerate(("stays", "gone", "changes")):
        write(more / f"{name}.mp3", tune(seed, 12))

    def live() -> None:
        (more / "gone.mp3").unlink()
        write(more / "changes.mp3", tune(7, 14))
        write(more / "added.mp3", tune(8, 12))
        write(more / "added too.mp3", tune(9, 12))

    done, events = scan(live)
    said = [each for each in _listings(events) if each.again]
    size = sum(path.stat().st_size for path in more.glob("*.mp3"))
    assert said == [Listing(str(more), 4, 2, 1, 1, size, again=True)]
    assert done.roots[-1].since == said[0]
    assert (done.decoded, done.problems, done.files) == (4, 0, 4)
    assert [event for event in events if isinstance(event, Problem)] == []
    again, events = scan()
    assert (again.unchanged, again.decoded) == (4, 0)


@pytest.mark.usefixtures("old")
@pytest.mark.slow
def test_known_files_that_change_after_the_list_count_too(scan: Lived, tmp_path: Path) -> None:
    """Also those with which nothing was to be done, and one that comes back."""
    more = tmp_path / "more"
    for seed, name in enumerate(("stays", "goes", "changes", "returns")):
        write(more / f"{name}.mp3", tune(seed, 12))
    scan()
    (more / "returns.mp3").rename(tmp_path / "aside.mp3")
    write(more / "new.mp3", tune(5, 12))

    def live() -> None:
        (more / "goes.mp3").unlink()
        write(more / "changes.mp3", tune(6, 13))
        (tmp_path / "aside.mp3").rename(more / "returns.mp3")

    done, events = scan(live)
    first, said = (each for each in _listings(events) if each.root == str(more))
    assert (first.new, first.changed, first.gone) == (1, 0, 1)
    assert (said.new, said.changed, said.gone) == (1, 1, 1)
    assert (done.decoded, done.files) == (2, 4)


@pytest.mark.usefixtures("old")
def test_where_nothing_changed_nothing_is_said(scan: Lived, tmp_path: Path) -> None:
    """A second look that finds the same is silent; where nothing is to be done there is no second look."""
    write(tmp_path / "more/one.mp3", tune(1, 12))
    (tmp_path / "more/folder").mkdir()
    done, events = scan()
    assert [each.again for each in _listings(events)] == [False, False]
    assert [root.since for root in done.roots] == [None]
    walks = [e.name for e in events if isinstance(e, Progress) and e.stage is Stage.WALK and e.finished]
    assert walks == [str(tmp_path / "more")] * 2
    _done, events = scan()
    walks = [e.name for e in events if isinstance(e, Progress) and e.stage is Stage.WALK and e.finished]
    assert walks == [str(tmp_path / "more")]


def test_a_young_list_is_followed_as_it_is(scan: Lived, tmp_path: Path) -> None:
    """Within a second nothing is looked at twice; what went away then is a problem of that file alone."""
    write(tmp_path / "more/one.mp3", tune(1, 12))
    write(tmp_path / "more/two.mp3", tune(2, 12))
    done, events = scan((tmp_path / "more/one.mp3").unlink)
    assert [each.again for each in _listings(events)] == [False, False]
    assert done.decoded == 1


@pytest.mark.slow
def test_a_list_grows_old_by_itself(scan: Lived, tmp_path: Path) -> None:
    """After more than a second it is made anew."""
    write(tmp_path / "more/one.mp3", tune(1, 12))

    def live() -> None:
        time.sleep(1.1)
        write(tmp_path / "more/two.mp3", tune(2, 12))

    done, events = scan(live)
    assert [each.new for each in _listings(events) if each.again] == [1]
    assert done.decoded == 2


@pytest.mark.usefixtures("old")
def test_a_root_that_goes_away_after_the_list_is_skipped(bench: Bench, scan: Lived, tmp_path: Path) -> None:
    """It is said to be away, the others are listened to, and nothing of it is forgotten."""
    write(bench.music / "one.mp3", tune(1, 12))
    more = tmp_path / "more"
    write(more / "two.mp3", tune(2, 12))
    scan()
    write(bench.music / "three.mp3", tune(3, 12))
    write(more / "four.mp3", tune(4, 12))

    def unmount() -> None:
        more.rename(tmp_path / "unmounted")
        more.mkdir()

    done, events = scan(unmount)
    assert [(each.root, each.away != "") for each in _listings(events) if each.again] == [(str(more), True)]
    assert [root.path for root in done.away] == [str(more).encode()]
    assert (done.decoded, done.problems, done.files) == (1, 0, 3)
    more.rmdir()
    (tmp_path / "unmounted").rename(more)
    back, _events = scan()
    assert (back.decoded, back.unchanged, back.files) == (1, 3, 4)


@pytest.mark.usefixtures("old")
def test_a_new_root_that_goes_away_before_its_turn_is_skipped(bench: Bench, scan: Lived, tmp_path: Path) -> None:
    """Although nothing of it is known yet: an empty mount point is no collection from which everything was deleted."""
    write(bench.music / "one.mp3", tune(1, 12))
    write(tmp_path / "more/two.mp3", tune(2, 12))

    def unmount() -> None:
        (tmp_path / "more").rename(tmp_path / "unmounted")
        (tmp_path / "more").mkdir()

    done, _events = scan(unmount)
    assert [root.path for root in done.away] == [str(tmp_path / "more").encode()]
    assert done.decoded == 1


@pytest.mark.usefixtures("old")
@pytest.mark.slow
def test_moved_and_retagged_after_the_list_is_still_not_decoded(scan: Lived, tmp_path: Path) -> None:
    """The hash of the audio is enough, also where a file went elsewhere between the list and its turn."""
    more = tmp_path / "more"
    write(more / "one.flac", tune(1, 12))
    write(more / "two.mp3", tune(2, 12))
    scan()
    write(more / "three.mp3", tune(3, 12))

    def live() -> None:
        (more / "elsewhere").mkdir()
        (more / "one.flac").rename(more / "elsewhere/uno.flac")
        tags = mutagen.File(more / "two.mp3", easy=True)
        tags["title"] = "Another name"
        tags.save()

    done, events = scan(live)
    assert [(each.new, each.changed, each.gone) for each in _listings(events) if each.again] == [(1, 1, 1)]
    assert (done.decoded, done.moved, done.files) == (1, 1, 3)


def test_files_are_read_in_a_good_order(scan: Lived, tmp_path: Path) -> None:
    """The formats are mixed evenly, however the names sort, and how evenly is told."""
    for number in range(4):
        write(tmp_path / f"more/a {number}.flac", tune(number, 12))
        shutil.copy(tmp_path / f"more/a {number}.flac", tmp_path / f"more/b {number}.ogg")
    done, events = scan()
    (told,) = (event for event in events if isinstance(event, Ordered))
    assert done.roots[-1].order == told
    assert told.deviation <= 1.0
    assert told.runs_z > 1.5
    assert told.by_extent + told.by_inode + told.by_path == 8


def _loud(collection: Collection) -> int:
    tracks = collection.cache.tracks(collection.scanned_roots())
    return sum(collection.cache.loudness(track.audio.serial) is not None for track in tracks)


def test_what_was_listened_to_without_loudness_is_once_more(bench: Bench, scan: Lived, tmp_path: Path) -> None:
    """It is counted as such, not as changed; afterwards nothing is left to do, with loudness or without."""
    write(bench.music / "one.mp3", tune(1, 12))
    write(tmp_path / "more/two.flac", tune(2, 12))
    scan()
    write(tmp_path / "more/three.ogg", tune(3, 12))
    done, events = scan(loudness=True)
    assert [(each.new, each.changed, each.stale) for each in _listings(events)] == [(0, 0, 1), (1, 0, 1)]
    assert (done.decoded, done.unchanged) == (3, 0)
    with opened(profiles.unnamed(places(), [str(bench.music), str(tmp_path / "more")]), places()) as collection:
        assert _loud(collection) == 3
    for wanted in (True, False):
        done, _events = scan(loudness=wanted)
        assert (done.decoded, done.unchanged) == (0, 3)


def test_what_was_listened_to_before_is_read_once(
    bench: Bench, scan: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hash is known already and is not taken first; a file that changed may have the same sound, and is asked."""
    write(bench.music / "one.mp3", tune(1, 12))
    write(bench.music / "two.mp3", tune(2, 12))
    scan()
    tags = mutagen.File(bench.music / "two.mp3", easy=True)
    assert tags is not None
    tags["title"] = "another"
    tags.save()
    asked: dict[bytes, bool] = {}
    real = fingerprint.listen_all

    def listen_all(wanted: Sequence[fingerprint.Wanted], *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on
        asked.update((each.file.path, each.identify_first) for each in wanted)
        return real(wanted, *rest, **more)

    monkeypatch.setattr(fingerprint, "listen_all", listen_all)
    scan(loudness=True)
    assert asked == {b"one.mp3": False, b"two.mp3": True}


@pytest.mark.slow
def test_a_root_that_goes_while_it_is_listened_to_forgets_nothing(bench: Bench, tmp_path: Path) -> None:
    """It is said to be away, its other files are not tried, and what was heard of them before still holds."""
    for number in range(6):
        write(bench.music / f"{number}.mp3", tune(number, 12))
    profile = profiles.unnamed(places(), [str(bench.music)])
    with opened(profile, places(), create=True) as collection:
        scanning.scan_roots(collection, Job())

        def report(event: Event) -> None:
            if isinstance(event, Progress) and event.stage is Stage.SCAN and bench.music.exists():
                bench.music.rename(tmp_path / "elsewhere")

        done = scanning.scan_roots(collection, Job(report), loudness=True)
        assert [root.path for root in done.away] == [bytes(bench.music)]
        assert len(collection.cache.tracks(collection.scanned_roots())) == 6
        assert done.problems == 0
        (tmp_path / "elsewhere").rename(bench.music)
        assert scanning.scan_roots(collection, Job(), loudness=True).decoded == 6
