"""One pass over an account: every track that can be had becomes a file that other programs can read, once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from comet import scanning
from comet.backup import verify
from comet.backup.model import Reason, State
from comet.backup.sync import Summary
from comet.core import compressed
from comet.core.job import Job
from comet.listen import audio, encode
from tests.integration.backup import asking
from tests.integration.backup.backed import Library
from tests.service.catalogue import GEO, GONE, NO_RIGHTS, PREVIEW, SONGS, UPLOAD
from tests.service.running import Running

MISSING = {GONE: Reason.REMOVED, NO_RIGHTS: Reason.NO_RIGHTS, GEO: Reason.GEO, PREVIEW: Reason.PREVIEW}


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory, music_service_process: Running) -> Iterator[tuple[Path, Summary]]:
    """Make the first pass over all of it."""
    tmp = tmp_path_factory.mktemp("passed")
    (tmp / "music").mkdir()
    music_service_process.reset()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COMET_HOME", str(tmp / "home"))
        asking.at(music_service_process, patched)
        yield tmp, Library(tmp / "music", music_service_process).run()


@pytest.fixture
def library(
    passed: tuple[Path, Summary], music_service: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Library:
    """Return a copy of what that made, with the service as it was."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    asking.at(music_service, monkeypatch)
    # the library lies where it lay, for its root is known by that; what a test changes there it puts back
    shutil.copytree(passed[0] / "home", tmp_path / "home")
    return Library(passed[0] / "music", music_service)


def words(path: Path) -> dict[str, str]:
    """Return the tags of a file as FFmpeg reads them, names in small letters."""
    with av.open(str(path), metadata_errors="ignore") as container:
        return {name.lower(): value for name, value in (container.metadata | container.streams[0].metadata).items()}


def test_all_that_can_be_had_is_here(passed: tuple[Path, Summary], library: Library) -> None:
    """21 of 25 tracks are files; each of the other four says why, and when it is asked for again."""
    done = passed[1]
    assert (done.new, done.have, done.failed, done.unavailable, done.left, done.exit_code) == (21, 21, 1, 3, 0, 3)
    copies = library.copies()
    assert {track: copy.reason for track, copy in copies.items() if copy.state is not State.DONE} == MISSING
    assert all(copies[track].next_try and copies[track].error for track in MISSING)
    assert {str(path) for path in (library.path(copies[track]) for track in SONGS.keys() - MISSING.keys())} == {
        str(path) for path in library.files().values() if path.suffix != ".m3u8"
    }
    assert library.staged() == []


def test_a_second_pass_asks_three_things_and_touches_nothing(library: Library) -> None:
    """Who it is, which playlists there are, which likes are new; no file is written, not even with the same content."""
    before = {name: path.stat().st_mtime_ns for name, path in library.files().items()}
    done = library.run()
    assert (done.requests, done.new, done.size, done.written) == (3, 0, 0, 0)
    assert library.asked() == []
    assert {name: path.stat().st_mtime_ns for name, path in library.files().items()} == before


@pytest.mark.parametrize("track", ["30000001", "30000002", "30000004", "30000005", UPLOAD])
def test_another_program_reads_the_tags(library: Library, track: str) -> None:
    """FLAC, FLAC out of MP4, MP3, AAC in MP4, an upload: names, numbers, ids, loudness, the hash of the very sound."""
    path, song = library.path(library.copies()[track]), SONGS[track]
    tags = words(path)
    assert tags["title"] == (f"{song.title} ({song.version})" if song.version else song.title)
    assert tags["yandex_track_id"] == track
    assert tags["comet_audio_hash"] == audio.identify(os.fsencode(path))
    assert tags["replaygain_track_gain"].endswith(" dB")
    print_ = tags.get("acoustid_fingerprint") or tags["acoustid fingerprint"]
    heard = audio.listen(os.fsencode(path), loudness=True)
    assert (compressed.decode(print_) == heard.words).all()
    assert heard.loudness is not None
    assert float(tags["replaygain_track_gain"].split()[0]) == pytest.approx(heard.loudness.gain, abs=0.006)
    if track != UPLOAD:
        assert {song.artists[0], "Small Hours"} <= {*tags["artist"].split(";"), tags["album"]}
        assert tags["isrc" if "isrc" in tags else "tsrc"].startswith("ZZLOO")
        assert tags["track"].partition("/")[0].lstrip("0") != ""


def test_covers_and_lyrics_are_in_the_files(library: Library) -> None:
    """A JPEG and a PNG came as they are; of lyrics those with times; a track without a cover has none."""
    copies = library.copies()
    with_jpeg, with_png, without = (library.path(copies[f"300000{number}"]) for number in ("01", "08", "17"))
    kinds = []
    for path in (with_jpeg, with_png, without):
        with av.open(str(path)) as container:
            kinds.append([stream.codec_context.name for stream in container.streams.video])
    assert kinds == [["mjpeg"], ["png"], []]
    assert words(with_jpeg)["lyrics"].startswith("[00:0")
    assert "lyrics" in words(library.path(copies["30000003"]))


@pytest.mark.parametrize(("track", "form"), [("30000002", "flac-mp4"), ("30000003", "flac-mp4-fragmented")])
def test_flac_comes_out_of_mp4_sample_for_sample(library: Library, tmp_path: Path, track: str, form: str) -> None:
    """Also out of one in fragments: the file says how long it is, and each sample is the service's."""
    path = library.path(library.copies()[track])
    (tmp_path / "a.mp4").write_bytes(library.service.sound(track, form))
    assert path.suffix == ".flac"
    assert encode.samples(os.fsencode(path)) == encode.samples(os.fsencode(tmp_path / "a.mp4"))
    with av.open(str(path)) as container:
        assert container.duration / 1e6 == pytest.approx(SONGS[track].seconds, abs=0.1)
    told = path.read_bytes()[26:42]  # the sum of the samples in STREAMINFO
    assert any(told)


def test_playlists_name_files_that_are_there(library: Library) -> None:
    """In the service's order, relative to their folder; what is missing stands as a comment in its place."""
    text = (library.music / "Playlists/Дорога.m3u8").read_text("utf-8").splitlines()
    assert text[:2] == ["#EXTM3U", "#PLAYLIST:Дорога"]
    paths = [line for line in text if not line.startswith("#")]
    assert all(not os.path.isabs(line) and (library.music / "Playlists" / line).is_file() for line in paths)
    copies = library.copies()
    order = [*list(SONGS)[:11], UPLOAD]
    assert [(library.music / "Playlists" / line).resolve() for line in paths] == [
        library.path(copies[track]).resolve() for track in order
    ]
    assert text[-1].startswith(f"#COMET-MISSING:{GONE} removed")


def test_a_scan_has_nothing_to_listen_to(library: Library) -> None:
    """What was heard while it was backed up is known to the collection."""
    with library.opened() as collection:
        done = scanning.scan_roots(collection, Job())
    assert (done.decoded, done.unchanged, done.problems) == (0, 21, 0)


def test_files_that_go_or_change_are_found(library: Library) -> None:
    """Verifying tells them apart; what is gone is fetched again if that is wished, and nothing else."""
    copies = library.copies()
    gone, changed = library.path(copies["30000012"]), library.path(copies["30000018"])
    kept = {path: path.read_bytes() for path in (gone, changed)}
    gone.unlink()
    changed.write_bytes(library.service.sound("30000017"))
    try:
        with library.known() as (collection, known):
            found = verify.verify(collection, known, Job())
            bad = {each.copy.track: each.state for each in found if each.state is not verify.Is.THERE}
            assert bad == {"30000012": verify.Is.GONE, "30000018": verify.Is.CHANGED}
            assert verify.again(known, found) == 1
            assert known.copy("30000012").state is State.WANT
    finally:
        for path, content in kept.items():
            path.write_bytes(content)


def test_what_the_service_takes_away_stays(library: Library) -> None:
    """A playlist and likes that are gone there, a track that is unknown by now: no file is touched."""
    before = set(library.files())
    library.service.edit("delete", playlist="1003")
    library.service.edit("remove", track="30000012")
    library.service.edit("track", track="30000001", fields={"gone": True})
    for _pass in range(3):
        done = library.run()
    assert done.new == 0
    assert set(library.files()) == before
    with library.known() as (_collection, known):
        missed = {each.header.title: each.missed for each in known.playlists()}
    assert missed["Road"] == 3
