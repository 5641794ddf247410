"""Tags that a scan reads along the way, kept and read again where they are not known."""

from __future__ import annotations

import os
import shutil

import mutagen
import pytest
from mutagen import id3
from mutagen.apev2 import APEv2

from comet.collection import tagged
from comet.core.job import Event, Job, Progress
from comet.core.model import Place, Stage
from comet.library import tags as stored
from comet.tags import reading
from tests.factories import tune, write
from tests.integration.conftest import Bench
from tests.integration.editors import PNG


def _album(bench: Bench) -> None:
    for number in (1, 2):
        path = bench.music / f"{number}.flac"
        write(path, tune(number, 8))
        tags = mutagen.File(path)
        tags.update({"title": f"Song {number}", "artist": "Кино", "album": "Ночь", "tracknumber": f"{number}/11"})
        tags.save()


def _titles(bench: Bench, monkeypatch: pytest.MonkeyPatch | None = None) -> dict[bytes, tuple[str, ...]]:
    """Return the titles of all tracks; with a patch reading any is a failure."""
    if monkeypatch is not None:
        monkeypatch.setattr(reading, "read_all", lambda *_a, **_k: pytest.fail("tags were read"))
    with bench.opened() as collection:
        found = tagged.of_tracks(collection, collection.cache.tracks(collection.sources()))
        return {at.path: each.tags.fields.get("title", ()) if each.tags else () for at, each in found.items()}


def test_scan_reads_tags_along_the_way(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a scan the tags of what was listened to are known, and no file is opened for them."""
    _album(bench)
    bench.scan()
    assert _titles(bench, monkeypatch) == {b"1.flac": ("Song 1",), b"2.flac": ("Song 2",)}
    with bench.opened() as collection:
        (root,) = collection.scanned_roots()
        assert list(collection.tags.albums(root.id)) == [
            (b"1.flac", "Ночь", "Кино", "11"),
            (b"2.flac", "Ночь", "Кино", "11"),
        ]
        names = tagged.names(collection, collection.cache.tracks([root]))
        assert names[Place(root.id, b"2.flac")] == ("Кино", "Song 2")


def test_what_is_known_is_what_was_read(bench: Bench) -> None:
    """All that tags can hold comes back from where it is kept as it was read."""
    path = bench.music / "all.mp3"
    write(path, tune(1, 8))
    tags = id3.ID3()
    tags.add(id3.TPE1(encoding=3, text=["Кино", "Björk"]))
    tags.add(id3.APIC(encoding=0, mime="image/png", type=3, desc="x", data=PNG))
    tags.add(id3.CHAP("a", 0, 900, sub_frames=[id3.TIT2(encoding=3, text=["Part"])]))
    tags.save(path)
    ape = APEv2()
    ape["Title"] = "Behind"
    ape.save(path)
    bench.scan()
    with bench.opened() as collection:
        (found,) = tagged.of_tracks(collection, collection.cache.tracks(collection.sources())).values()
    assert found.tags == tagged.of(os.fsencode(path)).tags
    assert found.tags is not None
    assert found.tags.chapters
    assert found.tags.pictures[0].width
    assert found.tags.ape


def test_changed_tags_are_read_again(bench: Bench) -> None:
    """Tags of a file that is not as it was count as unknown: the next scan reads them."""
    _album(bench)
    bench.scan()
    tags = mutagen.File(bench.music / "1.flac")
    tags["title"] = "Another"
    tags.save()
    assert bench.scan().decoded == 0
    assert _titles(bench)[b"1.flac"] == ("Another",)


def test_a_scan_fills_in_what_is_not_known(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tags were lost, or an older Comet scanned, a scan reads them without listening; the next reads none."""
    _album(bench)
    bench.scan()
    with bench.opened() as collection:
        os.unlink(stored.path_of(collection.folder))
    assert bench.scan().decoded == 0
    stages: list[Stage] = []

    def hear(event: Event) -> None:
        if isinstance(event, Progress):
            stages.append(event.stage)

    with bench.opened() as collection:
        tagged.fill(collection, collection.scanned_roots(), Job(hear))
    assert stages == []
    assert _titles(bench, monkeypatch) == {b"1.flac": ("Song 1",), b"2.flac": ("Song 2",)}


def test_unknown_tags_are_read_when_asked_for_and_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without another scan they are read once, by whoever asks first."""
    _album(bench)
    bench.scan()
    with bench.opened() as collection:
        os.unlink(stored.path_of(collection.folder))
    assert _titles(bench)[b"2.flac"] == ("Song 2",)
    assert _titles(bench, monkeypatch)[b"2.flac"] == ("Song 2",)


def test_what_cannot_be_read_now_is_tried_again(bench: Bench) -> None:
    """A file that the system would not read is asked again, one with damaged tags is not."""
    _album(bench)
    bench.scan()
    with bench.opened() as collection:
        (root,) = collection.scanned_roots()
        collection.tags.forget(root.id, [b"1.flac"])
    away = bench.music / "1.flac"
    kept = bench.music.parent / "kept.flac"
    shutil.move(away, kept)
    assert _titles(bench)[b"1.flac"] == ()
    shutil.move(kept, away)
    assert _titles(bench)[b"1.flac"] == ("Song 1",)


def test_what_is_gone_is_forgotten(bench: Bench) -> None:
    """A scan forgets the tags of files that are not there any more."""
    _album(bench)
    bench.scan()
    (bench.music / "2.flac").unlink()
    bench.scan()
    with bench.opened() as collection:
        (root,) = collection.scanned_roots()
        assert [path for path, *_rest in collection.tags.albums(root.id)] == [b"1.flac"]
