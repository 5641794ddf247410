"""What is measured is what it says: real files, fresh processes, and nothing of it stays."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from comet import bench, bench_load
from comet.compare import memory, sample
from comet.core.errors import CometError, MemoryBudgetError, NoSpaceError, Stopped
from comet.core.job import Event, Job, Progress
from comet.core.sections import Settings


def test_records_are_loaded_whole_and_their_files_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way that is installed loads all of them, from files as long as such records are, which have no name."""
    monkeypatch.setattr(bench, "_ROUNDS", 1)
    monkeypatch.setattr(bench_load, "WAYS", {way: bench_load.WAYS[way] for way in ("comet", "json")})
    during: list[str] = []

    def look(_event: Event) -> None:
        during.extend(os.listdir(tmp_path))

    found = bench.records(4000, str(tmp_path), Job(look))
    assert [each.way for each in found.loaded] == ["comet", "json"]
    ours, plain = found.loaded
    assert ours.file == 16 + 4096 / 4000
    assert 315 < plain.file < 330
    assert plain.peak > plain.kept > 300
    assert during == os.listdir(tmp_path) == []


def test_a_result_file_is_in_memory_once(tmp_path: Path) -> None:
    """Reading takes what the records take, 5 % more at most, at its worst moment too; a copy would be twice that."""
    count = 500_000
    with bench._ours(bench._drawn(count), str(tmp_path)) as file:
        found = bench._run("comet", file, Job())
    assert found["records"] == count
    assert 16 * count <= found["kept"] <= found["peak"] <= 1.05 * 16 * count


def test_what_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither memory nor disk is tried out: a sentence says what it would take, and nothing is written."""
    with pytest.raises(MemoryBudgetError, match="takes up to"):
        bench.records(10**12, str(tmp_path), Job())
    monkeypatch.setattr(memory, "free", lambda: 1 << 60)
    with pytest.raises(NoSpaceError, match="are free in"):
        bench.records(10**12, str(tmp_path), Job())
    assert os.listdir(tmp_path) == []


def test_a_stop_ends_the_process_that_loads() -> None:
    """Somebody who does not want to wait does not: a process whose file never ends is gone in a moment."""
    job, (source, target) = Job(every=0), os.pipe()
    threading.Timer(0.2, job.stop).start()
    began = time.monotonic()
    with open(target, "wb", buffering=0) as writer:
        with open(source, "rb") as file, pytest.raises(Stopped):
            bench._run("json", file, job)
        with pytest.raises(BrokenPipeError):  # nobody reads there any more
            writer.write(b"[")
    assert time.monotonic() - began < 20


def test_a_process_that_fails_is_told(tmp_path: Path) -> None:
    """A file that is none ends in a sentence with the exit code, not in a wrong figure."""
    (tmp_path / "broken").write_text("[")
    with open(tmp_path / "broken", "rb") as file, pytest.raises(CometError, match="exit code 1"):
        bench._run("json", file, Job())


def test_made_up_words_change_as_music_does() -> None:
    """As many bits differ from word to word, and from far away, and as many pairs reach the gate as in real music."""
    words = bench._made_up()
    assert words.shape == (bench.TRACKS, 969)
    near, far = (np.bitwise_count(words[:, n:] ^ words[:, :-n]).mean() / 32 for n in (1, 64))
    assert near == pytest.approx(0.129, abs=0.002)
    assert far == pytest.approx(0.403, abs=0.004)
    pairs = np.stack(np.triu_indices(60, 1), 1)
    flat, _sloped = sample.evidence(sample.prepare(enumerate(words[:60])), pairs)
    assert 0.05 < np.mean(flat >= sample.GATE) < 0.17


def test_pairs_are_compared_without_a_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up tracks stand in; each figure is there, and each step is told."""
    monkeypatch.setattr(bench, "TRACKS", 20)
    monkeypatch.setattr(bench, "_MOMENT", 0.05)
    events: list[Event] = []
    found = bench.pairs(None, Job(events.append, every=0))
    assert (found.made_up, found.tracks, found.words) == (True, 20, 969)
    assert min(found.pairs_core, found.pairs_all, found.words_core, found.limit) > 0
    assert found.words_core > found.pairs_core * 969**2 * 0.2  # slopes cost some times as much
    assert [event.done for event in events if isinstance(event, Progress)][-1] == 4


def test_a_rate_is_what_was_done_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs beyond the moment are neither compared nor counted; those within count as much as they are worth."""
    monkeypatch.setattr(bench, "_MOMENT", 0.1)
    wanted, seen = np.zeros((100 * bench._PIECE, 2), np.int64), []

    def compare(piece: np.ndarray) -> None:
        seen.append(len(piece))
        time.sleep(0.02)

    began = time.perf_counter()
    rate = bench._rate(compare, wanted, np.full(len(wanted), 3.0), 1)
    took = time.perf_counter() - began
    assert 1 <= len(seen) <= 6
    assert rate >= 3 * sum(seen) / took
    assert rate <= 3 * sum(seen) / (0.02 * len(seen))


def test_a_file_that_cannot_be_used_is_counted(tmp_path: Path) -> None:
    """It is among the files, and not among the music."""
    (tmp_path / "broken.flac").write_bytes(b"fLaC" + bytes(5000))
    alone = replace(Settings(), scan=replace(Settings().scan, workers=1))
    found = bench.files([os.fsencode(tmp_path / "broken.flac")], alone, Job())
    assert (found.files, found.bad, found.size, found.music) == (1, 1, 5004, 0)
    assert found.seconds > 0
