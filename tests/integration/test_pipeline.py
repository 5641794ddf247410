"""The line from folders to groups, on real files."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import mutagen
import numpy as np
import pytest

from comet import pairing, pipeline, scanning
from comet.collection import groups, pairs, state
from comet.collection.opened import exclusive, opened
from comet.compare import chunks, tiers
from comet.compare.chunks import Chunk, Task
from comet.core import locks, profiles
from comet.core.errors import BrokenError, LockedError, NoMusicError, Stopped
from comet.core.job import Event, Job, Progress, Ready
from comet.core.model import Stage
from comet.core.places import places
from comet.core.sections import Settings
from comet.judge import threshold
from tests.factories import RATE, silence, tune, write
from tests.integration.conftest import Bench


def _small(bench: Bench) -> None:
    write(bench.music / "one.flac", tune(1, 20))
    write(bench.music / "one copy.mp3", tune(1, 20))
    write(bench.music / "two.mp3", tune(2, 20))
    shutil.copy(bench.music / "two.mp3", bench.music / "two again.mp3")


def test_second_scan_opens_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has not changed is not opened, not even by a decoder that would fail."""
    _small(bench)
    (bench.music / "cover.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * 500)
    (bench.music / "broken.mp3").write_bytes(b"no music at all " * 100)
    first = bench.scan()
    assert (first.files, first.decoded, first.unchanged, first.problems) == (5, 4, 0, 1)
    monkeypatch.setattr("comet.listen.fingerprint.listen_all", lambda *_a, **_k: pytest.fail("something was opened"))
    second = bench.scan()
    assert (second.files, second.decoded, second.unchanged, second.moved, second.problems) == (5, 0, 5, 0, 1)


def test_moved_renamed_and_retagged_files_are_not_decoded(bench: Bench) -> None:
    """The hash of the audio is enough to know a file again."""
    _small(bench)
    bench.scan()
    (bench.music / "elsewhere").mkdir()
    (bench.music / "one.flac").rename(bench.music / "elsewhere/uno.flac")
    tags = mutagen.File(bench.music / "two.mp3", easy=True)
    tags["title"] = "Another name"
    tags.save()
    again = bench.scan()
    assert (again.files, again.decoded, again.moved, again.unchanged) == (4, 0, 1, 2)


def test_changed_music_is_decoded_again(bench: Bench) -> None:
    """Another recording under the same name is another audio."""
    _small(bench)
    bench.scan()
    write(bench.music / "two.mp3", tune(3, 20))
    assert bench.scan().decoded == 1


def test_problems_are_told_once_and_remembered(bench: Bench) -> None:
    """A bad file is reported with its reason, is not tried again until it changes, and then is."""
    (bench.music / "empty.mp3").touch()
    (bench.music / "page.mp3").write_bytes(b"<!DOCTYPE html><html>" + b" " * 4000)
    write(bench.music / "short.mp3", tune(1, 1))
    write(bench.music / "good.mp3", tune(1, 20))
    assert set(bench.problems()) == {"empty.mp3", "page.mp3", "short.mp3"}
    assert bench.problems() == {}
    assert bench.scan().problems == 3
    write(bench.music / "empty.mp3", tune(2, 20))
    assert bench.scan().problems == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_denied_file_is_read_once_it_may_be(bench: Bench) -> None:
    """Rights change without the file's time, so a denied file is asked for again."""
    path = bench.music / "a.mp3"
    write(path, tune(1, 20))
    path.chmod(0)
    assert bench.scan().problems == 1
    path.chmod(0o644)
    assert bench.scan().problems == 0


def test_away_root_forgets_nothing(bench: Bench, tmp_path: Path) -> None:
    """A root that is missing keeps its files, and is unchanged when it comes back."""
    _small(bench)
    bench.scan()
    bench.music.rename(tmp_path / "unmounted")
    (tmp_path / "music").mkdir()
    gone = bench.scan()
    assert gone.files == 4
    assert [root.path for root in gone.away] == [os.fsencode(bench.music)]
    assert not (tmp_path / "music/.comet").exists()
    (tmp_path / "music").rmdir()
    (tmp_path / "unmounted").rename(bench.music)
    assert bench.scan().unchanged == 4


def test_copy_of_a_root_is_a_root_of_its_own(bench: Bench, tmp_path: Path) -> None:
    """A backup beside the original carries its marker, and still its files are found to be copies."""
    _small(bench)
    bench.scan()
    shutil.copytree(bench.music, tmp_path / "backup")
    profile = profiles.unnamed(places(), [str(bench.music), str(tmp_path / "backup")])
    with opened(profile, places()) as collection:
        scanned = scanning.scan_roots(collection, Job())
        assert not scanned.away
        assert scanned.files == 8
        pipeline.correlate(collection, Job())
        pipeline.judge(collection, Job())
        assert [len(group.tracks) for group in groups.of(collection)] == [4, 4]


def test_second_view_of_a_root_is_away(bench: Bench, tmp_path: Path) -> None:
    """The same folder by another name must never count as copies."""
    _small(bench)
    bench.scan()
    (tmp_path / "view").symlink_to(bench.music)
    profile = profiles.unnamed(places(), [str(bench.music)])
    profile = replace(profile, roots=(str(bench.music), str(tmp_path / "view")))
    with opened(profile, places()) as collection:
        scanned = scanning.scan_roots(collection, Job())
    assert [root.path for root in scanned.away] == [os.fsencode(tmp_path / "view")]
    assert scanned.files == 4


def test_deleted_file_leaves_the_groups_and_comes_back(bench: Bench) -> None:
    """A file that is deleted is in no group; restored, it is known without decoding and nothing is compared again."""
    _small(bench)
    assert [len(group.tracks) for group in bench.full()[1]] == [2, 2]
    (bench.music / "two.mp3").rename(bench.music.parent / "two.mp3")
    assert [len(group.tracks) for group in bench.full()[1]] == [2]
    (bench.music.parent / "two.mp3").rename(bench.music / "two.mp3")
    assert bench.scan().decoded == 0
    assert [len(group.tracks) for group in bench.full()[1]] == [2, 2]


def test_changed_setting_and_back(bench: Bench) -> None:
    """Fingerprints of another length are other audios: nothing of the old ones is left to stumble over."""
    _small(bench)
    assert len(bench.full()[1]) == 2
    bench.settings = ("fingerprint.length=10",)
    bench.scan()
    bench.settings = ()
    bench.full()
    bench.settings = ("fingerprint.length=10",)
    pairs, _groups = bench.full()
    assert len(pairs) == 2
    assert all(pair.relation == "same" for pair in pairs)
    assert [pair.clear for pair in pairs if pair.evidence is not None] == [False]
    bench.settings = ()
    pairs, _groups = bench.full()
    assert all(pair.clear for pair in pairs)


def test_limit_is_no_fault_of_the_file(bench: Bench) -> None:
    """A file that took too long is tried again as soon as it may take longer, and not before."""
    _small(bench)
    bench.settings = ("scan.timeout=1",)
    bench.scan()
    with bench.opened() as collection:
        track = collection.cache.tracks(collection.scanned_roots())[0]
        collection.cache.store_bad(track.file, "took longer than 1 s", "limits 1 4096")
    again = bench.scan()
    assert (again.unchanged, again.problems) == (4, 1)
    bench.settings = ()
    again = bench.scan()
    assert (again.unchanged, again.problems) == (3, 0)


def test_audios_without_a_file_are_not_compared(bench: Bench, tmp_path: Path) -> None:
    """What another folder held before costs no row and does not move the line, and is there when it comes back."""
    _small(bench)
    bench.full()
    first = bench.music
    bench.music = tmp_path / "other"
    bench.music.mkdir()
    write(bench.music / "three.mp3", tune(3, 20))
    with bench.opened() as collection:
        scanning.scan_roots(collection, Job())
        done = pipeline.correlate(collection, Job())
        assert (done.pairs_done, done.pairs_all) == (0, 0)
    (first / "three again.ogg").write_bytes(b"")
    shutil.copy(bench.music / "three.mp3", first / "three again.mp3")
    bench.music = first
    assert sorted(len(group.tracks) for group in bench.full()[1]) == [2, 2]


def test_marker_of_another_profile_changes_nothing(bench: Bench) -> None:
    """A root that could not be marked, and is later, keeps all that is known of it."""
    _small(bench)
    with bench.opened() as collection:
        object.__setattr__(collection.profile, "read_only", True)
        scanning.scan_roots(collection, Job())
    assert not (bench.music / ".comet").exists()
    again = bench.scan()
    assert (bench.music / ".comet/root").exists()
    assert (again.decoded, again.unchanged) == (0, 4)


def test_recall_is_not_claimed_where_offsets_are_left_out(bench: Bench) -> None:
    """With a span, what lies beyond it is not known."""
    _small(bench)
    bench.settings = ("correlate.span=5",)
    bench.scan()
    with bench.opened() as collection:
        assert pipeline.correlate(collection, Job()).recall is None


def test_groups_of_copies(bench: Bench) -> None:
    """Copies in other formats and byte copies are groups, with their saving and keeper."""
    _small(bench)
    pairs, groups = bench.full()
    assert {pair.relation for pair in pairs} == {"same"}
    assert len(pairs) == 2
    byte = next(pair for pair in pairs if pair.evidence is None)
    assert (byte.similarity, byte.offset) == (1.0, 0.0)
    for group in groups:
        sizes = [track.file.size for track in group.tracks]
        assert group.saving == sum(sizes) - max(sizes)
    lossless = next(group for group in groups if any(track.audio.lossless for track in group.tracks))
    assert lossless.tracks[lossless.keeper].audio.codec == "flac"


def test_hard_link_saves_nothing(bench: Bench) -> None:
    """Two names of one file are a group whose saving is nothing."""
    write(bench.music / "one.flac", tune(1, 20))
    os.link(bench.music / "one.flac", bench.music / "link.flac")
    _pairs, (group,) = bench.full()
    assert group.saving == 0


def test_silence_matches_nothing(bench: Bench) -> None:
    """Two silent files of different formats have nothing in common that could be heard."""
    write(bench.music / "a.mp3", silence(60))
    write(bench.music / "b.flac", silence(70))
    write(bench.music / "c.flac", tune(1, 20))
    assert bench.full() == ([], [])


def test_new_tracks_are_compared_with_all(bench: Bench) -> None:
    """What is added later finds its copies among what was compared before, and only new rows are done."""
    _small(bench)
    bench.full()
    write(bench.music / "two, once more.ogg", tune(2, 20))
    with bench.opened() as collection:
        scanning.scan_roots(collection, Job())
        done = pipeline.correlate(collection, Job())
    assert (done.pairs_done, done.pairs_all) == (6, 6)
    assert sorted(len(group.tracks) for group in bench.full()[1]) == [2, 3]


def test_profile_without_music_says_so(bench: Bench) -> None:
    """Scanning without a root folder is unavailable, with the reason."""
    bench.music.rmdir()
    with bench.opened() as collection:
        object.__setattr__(collection.profile, "roots", ())
        with pytest.raises(NoMusicError, match="no root folder"):
            scanning.scan_roots(collection, Job())


def test_one_job_at_a_time(bench: Bench) -> None:
    """While a job works on a profile, another one is refused with its process."""
    _small(bench)
    bench.scan()
    with (
        bench.opened() as collection,
        locks.hold(os.path.join(collection.folder, "cache.lock"), "busy"),
        pytest.raises(LockedError, match=str(os.getpid())),
    ):
        scanning.scan_roots(collection, Job())


def test_stopped_scan_keeps_what_was_heard(bench: Bench) -> None:
    """After a stop, the next scan listens only to the rest."""
    for seed in range(6):
        write(bench.music / f"{seed}.mp3", tune(seed, 12))
    job = Job(every=0)

    def stop(event: object) -> None:
        if isinstance(event, Progress) and event.stage is Stage.SCAN and event.done == 2:
            job.stop()

    job.report = stop
    with bench.opened() as collection, pytest.raises(Stopped):
        scanning.scan_roots(collection, job)
    again = bench.scan()
    assert again.files == 6
    assert again.decoded == 4


def test_two_files_are_compared_without_a_scan(bench: Bench) -> None:
    """A pair is compared on the spot, with the offset and relation that the whole line would give."""
    _small(bench)
    settings = Settings()
    pair, counts, errors = pairing.compare(str(bench.music / "one.flac"), str(bench.music / "one copy.mp3"), settings)
    assert counts
    assert pair.relation == "same"
    assert max(error for error in errors if error is not None) < 0.5
    assert pair.a.path.endswith("one.flac")  # the one that was named first
    _pair, counts, _errors = pairing.compare(str(bench.music / "one.flac"), str(bench.music / "two.mp3"), settings)
    assert not counts


def test_two_files_are_held_against_the_line_of_a_collection(bench: Bench) -> None:
    """Where one is given: a pair below it does not count, and of many tracks more pairs are so alike by chance."""
    _small(bench)
    files = [str(bench.music / name) for name in ("one.flac", "one copy.mp3")]
    with bench.opened() as collection:
        line = replace(pairs.line(collection), audios=1000)
    alone, counts, _errors = pairing.compare(*files, Settings())
    assert counts
    found, counts, _errors = pairing.compare(*files, Settings(), line)
    assert counts
    assert found.expected_false == pytest.approx(alone.expected_false * 499_500)
    assert found.evidence is not None
    _pair, counts, _errors = pairing.compare(*files, Settings(), replace(line, evidence=found.evidence + 1))
    assert not counts


@pytest.mark.slow
def test_of_two_speeds_the_pitch_is_told(bench: Bench) -> None:
    """A copy whose pitch moved with its tempo is told from one at the same pitch, whichever is named first."""
    sound = tune(1, 60)
    write(bench.music / "one.wav", sound)
    write(bench.music / "high.wav", np.interp(np.arange(0, len(sound), 1.02), np.arange(len(sound)), sound))
    steps = np.arange(0, len(sound) - RATE // 10, RATE // 20)  # twenty grains a second, faded into each other
    tempo = np.zeros(round(len(sound) / 1.02) + RATE, np.float32)
    for at in steps:
        grain = sound[round(at) : round(at) + RATE // 10]
        begin = round(at / 1.02)
        tempo[begin : begin + len(grain)] += grain * np.hanning(len(grain))
    write(bench.music / "quick.wav", tempo[: round(len(sound) / 1.02)] * 0.9)
    for name, moved in (("high.wav", True), ("quick.wav", False)):
        for pair in (("one.wav", name), (name, "one.wav")):
            found, counts, _errors = pairing.compare(*(str(bench.music / each) for each in pair), Settings())
            assert counts
            assert (found.how, found.pitch) == ("speed", moved), pair
            assert abs(found.speed) == pytest.approx(2.0, abs=0.15)


def test_a_large_collection_goes_through_the_index(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is the same as exactly, what is added is found too, and comparing all pairs can be asked for."""
    monkeypatch.setattr(tiers, "EXACT", 4)
    monkeypatch.setattr(tiers, "FEW", 4)
    for number in range(5):
        write(bench.music / f"{number}.flac", tune(number, 40))
    write(bench.music / "3 again.mp3", tune(3, 40))
    bench.scan()
    first = bench.correlate()
    assert (first.pairs_done, first.pairs_all, first.units) == (15, 15, tiers.TABLES * tiers.UNITS)
    assert bench.groups() == [{"3.flac", "3 again.mp3"}]
    assert bench.correlate() == first
    write(bench.music / "0 again.ogg", tune(0, 40))
    bench.scan()
    assert bench.correlate().units == 2 * first.units
    found = bench.groups()
    assert sorted(map(sorted, found)) == [["0 again.ogg", "0.flac"], ["3 again.mp3", "3.flac"]]
    exact = bench.correlate(exact=True)
    assert (exact.pairs_done, exact.pairs_all, exact.recall) == (21, 21, 1.0)
    assert bench.groups() == found


def test_recall_is_told_from_how_often_tables_found_a_pair(bench: Bench) -> None:
    """By table, not by file or by form of evidence; rows compared exactly, and audios without a file, say nothing."""
    for number in range(7):
        write(bench.music / f"{number}.flac", tune(number, 20))
    bench.scan()
    with bench.opened() as collection:
        about = {"cache": collection.cache.id, "settings": collection.compared}

        def store(table: int, units: tuple[int, int], *found: tuple[int, int]) -> None:
            i, j = np.array(found, np.int64).T
            many = np.full(len(i), 100.0)
            forms = [
                chunks.record(i, j, 0 * many, many, many / 1000, many / 2, sloped) for sloped in (many < 0, many > 0)
            ]
            task = Task(1, 8, table, 16, 160, 320, 352)
            chunks.write(collection.results, Chunk((units,), np.concatenate(forms), 7, task), **about)

        assert pairs.recall(collection) == 1.0
        store(0, (0, 32), (1, 2), (1, 5))
        store(0, (32, 64), (1, 2), (1, 5))
        store(1, (0, 64), (1, 2), (1, 3))
        store(2, (0, 64), (1, 4), (2, 900))
        assert pairs.recall(collection) == pytest.approx(4 / (4 + 3 * 2 / (2 * 2)))  # three found once, one twice
        assert state.recall(collection) is None  # a table is left
        rows = np.empty(0, chunks.RECORD)
        chunks.write(collection.results, Chunk(((1, 5),), rows, 7), **about)
        assert pairs.recall(collection) == 1.0  # (1, 5) is left, found once: nothing says that others were missed
        assert pairs.floors(collection) == (10.0, 11.0)
        chunks.write(collection.results, Chunk(((5, 8),), rows, 7), **about)
        assert state.recall(collection) == 1.0
        assert pairs.floors(collection) == threshold.FLOOR


def test_nothing_comes_between_two_rounds(bench: Bench) -> None:
    """Whoever would change what is known is refused until the last pair is judged, by name of what works there."""
    _small(bench)
    bench.scan()
    judging: list[Event] = []

    def report(event: Event) -> None:
        if isinstance(event, Progress) and event.stage is Stage.JUDGE:
            judging.append(event)
            with bench.opened() as other, pytest.raises(LockedError, match="another job works"), exclusive(other):
                pytest.fail("it came between")

    with bench.opened() as collection:
        pipeline.find(collection, Job(report))
    assert judging


def test_a_round_that_gets_nowhere_ends_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing of what was compared can be read afterwards the same would be asked for, again and again."""
    _small(bench)
    bench.scan()
    write_one = chunks.write
    monkeypatch.setattr(chunks, "write", lambda *given, **about: Path(write_one(*given, **about)).write_bytes(b""))
    with bench.opened() as collection, pytest.raises(BrokenError, match="done nothing new"):
        pipeline.find(collection, Job())


def test_the_index_works_in_rounds(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found soon is there first, then all tables, and one more after the other where too much is missing."""
    monkeypatch.setattr(tiers, "EXACT", 4)
    monkeypatch.setattr(tiers, "FEW", 4)
    monkeypatch.setattr(tiers, "MANY", 0)
    for number in range(4):
        write(bench.music / f"{number}.flac", tune(number, 40))
    write(bench.music / "3 again.mp3", tune(3, 40))
    bench.scan()
    heard: list[Event] = []
    with bench.opened() as collection:
        first = pipeline.correlate(collection, Job())
        assert (first.units, first.more, first.recall) == (tiers.FIRST, True, None)
        pipeline.find(collection, Job(heard.append))
        assert [event for event in heard if isinstance(event, Ready)] == []
        task, *_others = pairs.covered(collection).index
        assert pairs.seen(collection)[task[:2]] == (tiers.TABLES, 1, 0.0)
        for path in Path(collection.results).glob("*.comet"):
            path.unlink()
        some = np.full(1, 100.0)
        for table in range(tiers.TABLES):  # each of them found another pair: there must be many more
            i, j = np.array([[1], [2 + table]])
            found = chunks.record(i, j, 0 * some, some, some / 1000, some / 2, some < 0)
            about = {"cache": collection.cache.id, "settings": collection.compared}
            chunks.write(collection.results, Chunk(((0, tiers.UNITS),), found, 5, task._replace(table=table)), **about)
        pipeline.find(collection, Job(heard.append))
        assert sorted(task.table for task in pairs.covered(collection).index) == list(range(tiers.MOST))
        told = {event.pairs for event in heard if isinstance(event, Ready)}
        assert len(told) == 1  # round after round, the same pairs count
        assert told <= {4, 5}  # the true pair may be one of those that were made up
