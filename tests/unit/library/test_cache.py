"""The cache: what is stored comes back, and serial numbers are never used again."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from comet.core.errors import DatabaseError
from comet.core.measures import Loudness, Quality
from comet.core.model import Audio, File, Part, Relation, Root, Verdict
from comet.core.sampled import Sampled
from comet.library.cache import Cache
from comet.library.scan import Unread

MADE = "chromaprint-2 0"
ROOT = Root("r", b"/music")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(str(tmp_path / "state/cache.sqlite"))


def _audio(name: str, count: int = 100) -> Audio:
    return Audio(f"b3:{name}", "mp3", "mp3", 44100, 2, 0, 128000, False, 180.5, 181.0, 0.25, 1.5, 3, count)


def _file(path: bytes, size: int = 10) -> File:
    return File("r", path, size, 1_700_000_000_123_456_789)


QUALITY = Quality(0.001, 16_000.0, b"\x30\xff", b"\x10\x11", b"\x12\x13")
LOUDNESS = Loudness(float("-inf"), 0.5, 0.6)


def _store(
    cache: Cache, path: bytes, name: str, count: int = 100, made: str = MADE, loudness: Loudness | None = None
) -> None:
    words = np.arange(count, dtype=np.uint32)
    cache.store(_file(path), _audio(name, count), words, made, quality=QUALITY, loudness=loudness)


def test_stored_file_comes_back(cache: Cache) -> None:
    """File, audio and fingerprint are as they were stored, also under a name that is not UTF-8."""
    _store(cache, b"\xff/a.mp3", "a")
    (track,) = cache.tracks([ROOT])
    assert track.file == _file(b"\xff/a.mp3")
    assert track.audio == replace(_audio("a"), serial=1)
    assert track.path == "/music/\udcff/a.mp3"
    ((serial, words),) = cache.words([1])
    assert serial == 1
    assert words.tolist() == list(range(100))


def test_files_of_one_audio_share_it(cache: Cache) -> None:
    """A byte copy has the audio of its original."""
    _store(cache, b"a.mp3", "a")
    _store(cache, b"copy.mp3", "a")
    assert [track.audio.serial for track in cache.tracks([ROOT])] == [1, 1]


def test_some_files_are_found_without_the_others(cache: Cache) -> None:
    """Those that hold certain audios, and those in a folder, however deep; a name that begins alike is another one."""
    for path in (b"a/1.mp3", b"a/b/2.mp3", b"ab/3.mp3", b"\xff" * 9):
        _store(cache, path, path[-5:].hex())
    cache.walked("r", [], [_file(b"ab/3.mp3")], [])
    assert [track.file.path for track in cache.tracks_of([ROOT], [1, 3, 4, 9])] == [b"a/1.mp3", b"\xff" * 9]
    assert list(cache.paths("r", b"a")) == [b"a/1.mp3", b"a/b/2.mp3"]
    assert list(cache.paths("r")) == [b"a/1.mp3", b"a/b/2.mp3", b"\xff" * 9]


def test_moved_file_is_recognised_by_its_audio(cache: Cache) -> None:
    """A known audio under a new name, while its old name is gone, is a move; a copy is not."""
    _store(cache, b"old.mp3", "a")
    assert not cache.store_known(_file(b"copy.mp3"), "b3:a")
    cache.walked("r", [], [_file(b"old.mp3")], [])
    assert cache.store_known(_file(b"new.mp3"), "b3:a")
    assert not cache.store_known(_file(b"third.mp3"), "b3:a")
    assert [track.file.path for track in cache.tracks([ROOT])] == [b"copy.mp3", b"new.mp3", b"third.mp3"]


def test_retagged_file_is_no_move(cache: Cache) -> None:
    """The same name with another size keeps its audio."""
    _store(cache, b"a.mp3", "a")
    assert not cache.store_known(_file(b"a.mp3", 99), "b3:a")
    assert cache.tracks([ROOT])[0].file.size == 99


def test_vanished_file_is_not_forgotten(cache: Cache) -> None:
    """A file that went away is in no list, and is there at once when it comes back."""
    _store(cache, b"a.mp3", "a")
    cache.walked("r", [], [_file(b"a.mp3")], [])
    assert cache.tracks([ROOT]) == []
    assert not cache.files("r", MADE)[b"a.mp3"].present
    cache.walked("r", [_file(b"a.mp3")], [], [])
    assert len(cache.tracks([ROOT])) == 1


def test_fingerprint_made_otherwise_gets_a_new_serial(cache: Cache) -> None:
    """What was compared under a serial number is never taken for something else."""
    _store(cache, b"a.mp3", "a")
    _store(cache, b"b.mp3", "b")
    assert not cache.files("r", "other")[b"a.mp3"].fresh
    _store(cache, b"a.mp3", "a", made="other")
    assert [track.audio.serial for track in cache.tracks([ROOT])] == [3, 2]
    assert cache.comparable("other", 40) == [(3, 100)]
    assert cache.files("r", "other")[b"a.mp3"].fresh
    _store(cache, b"c.mp3", "c", made="other")
    assert cache.comparable("other", 40) == [(3, 100), (4, 100)]


def test_short_fingerprints_are_not_compared(cache: Cache) -> None:
    """Only audios with enough words are comparable, but each is known."""
    _store(cache, b"a.mp3", "a", 39)
    _store(cache, b"b.mp3", "b", 40)
    _store(cache, b"c.mp3", "c", 0)
    assert cache.comparable(MADE, 40) == [(2, 40)]
    assert [(a.serial, a.words) if (a := cache.audio(f"b3:{name}")) else None for name in "acx"] == [
        (1, 39),
        (3, 0),
        None,
    ]
    assert cache.knows("b3:a", MADE)
    assert not cache.knows("b3:a", "other")
    assert not cache.knows("b3:x", MADE)


def test_measures_come_back_and_missing_ones_are_wanted(cache: Cache) -> None:
    """An audio without quality, or without the loudness that is asked for, is neither known nor fresh."""
    cache.store(_file(b"a.mp3"), _audio("a"), np.arange(100, dtype=np.uint32), MADE)
    assert not cache.files("r", MADE)[b"a.mp3"].fresh
    assert not cache.knows("b3:a", MADE)
    _store(cache, b"a.mp3", "a")
    assert (cache.quality(1), cache.loudness(1)) == (QUALITY, None)
    assert cache.files("r", MADE)[b"a.mp3"].fresh
    assert not cache.files("r", MADE, loudness=True)[b"a.mp3"].fresh
    assert cache.knows("b3:a", MADE)
    assert not cache.knows("b3:a", MADE, loudness=True)
    _store(cache, b"a.mp3", "a", loudness=LOUDNESS)
    assert cache.loudness(1) == LOUDNESS
    assert cache.files("r", MADE, loudness=True)[b"a.mp3"].fresh


def test_what_judging_takes_comes_at_once(cache: Cache) -> None:
    """Audio, fingerprint and envelope of many serial numbers; an envelope that is not known is empty."""
    _store(cache, b"a.mp3", "a")
    cache.store(_file(b"b.mp3"), _audio("b"), np.arange(50, 150, dtype=np.uint32), MADE)
    heard, audios = cache.heard([1, 2, 3]), cache.audios([1, 2, 3])
    assert {serial: audio for serial, (audio, _words, _envelope) in heard.items()} == audios
    assert [(words[0], len(words)) for _audio, words, _envelope in heard.values()] == [(0, 100), (50, 100)]
    assert [envelope for _audio, _words, envelope in heard.values()] == [QUALITY.envelope, b""]


def test_loudness_outlives_another_fingerprint(cache: Cache) -> None:
    """It is that of the whole track, however much of it is fingerprinted."""
    _store(cache, b"a.mp3", "a", loudness=LOUDNESS)
    _store(cache, b"a.mp3", "a", made="other")
    assert (cache.loudness(1), cache.loudness(2), cache.quality(1)) == (None, LOUDNESS, None)


def test_a_file_that_cannot_be_read_now_keeps_what_was_heard(cache: Cache) -> None:
    """What lies in disk, rights or limits says nothing against what the same file told before; damage does."""
    _store(cache, b"a.mp3", "a")
    for cause in ("system", "limits 60 4096"):
        cache.store_bad(_file(b"a.mp3"), "it cannot be read", cause)
        assert [track.audio.serial for track in cache.tracks([ROOT])] == [1]
        known = cache.files("r", MADE)[b"a.mp3"]
        assert (known.audio, known.error, known.cause) == (1, "it cannot be read", cause)
    cache.store_bad(_file(b"a.mp3", size=11), "it cannot be read", "system")
    assert cache.tracks([ROOT]) == []
    _store(cache, b"b.mp3", "b")
    cache.store_bad(_file(b"b.mp3"), "damaged")
    assert cache.tracks([ROOT]) == []


def test_problems_and_counts(cache: Cache) -> None:
    """Bad files and unread folders are problems; files that are not music count nowhere."""
    _store(cache, b"a.mp3", "a")
    cache.store_bad(_file(b"bad.mp3"), "no sound")
    cache.store_others([_file(b"cover.jpg")])
    cache.walked("r", [], [], [Unread(b"locked", "no rights")])
    assert list(cache.problems(["r"])) == [("r", b"locked", True, "no rights"), ("r", b"bad.mp3", False, "no sound")]
    assert cache.counts(["r"]) == {"files": 2, "problems": 1, "codec:mp3": 1}
    assert cache.files("r", MADE)[b"cover.jpg"].fresh


def test_roots_are_known_by_path(cache: Cache) -> None:
    """A root that moved takes its id along; a forgotten path has none."""
    cache.see_root(Root("r", b"/one"))
    cache.see_root(Root("r", b"/two"))
    assert cache.roots() == {b"/two": "r"}
    cache.forget_root(b"/two")
    assert cache.roots() == {}


def test_root_that_got_a_marker_keeps_its_files(cache: Cache) -> None:
    """The id changes, and the files with it."""
    _store(cache, b"a.mp3", "a")
    cache.rename_root("r", "new")
    assert [track.file.root for track in cache.tracks([Root("new", b"/music")])] == ["new"]
    assert not cache.has_files("r")


def test_alive_are_audios_with_a_file_under_these_roots(cache: Cache) -> None:
    """An audio whose file went away, or lies under another root, is not alive; answers keep up with changes."""
    _store(cache, b"a.mp3", "a")
    _store(cache, b"b.mp3", "b")
    assert cache.alive(["r"]) == {1: 1, 2: 1}
    cache.walked("r", [], [_file(b"a.mp3")], [])
    assert cache.alive(["r"]) == {2: 1}
    assert cache.alive(["other"]) == {}


def test_answers_see_what_another_process_writes(cache: Cache, tmp_path: Path) -> None:
    """What was asked before is asked again once anybody has changed the file."""
    assert cache.tracks([ROOT]) == []
    other = Cache(str(tmp_path / "state/cache.sqlite"))
    _store(other, b"a.mp3", "a")
    assert len(cache.tracks([ROOT])) == 1


def test_verdict_made_without_levels_goes_when_they_come(cache: Cache) -> None:
    """A measure that an audio gets later takes its verdicts along; a measure known before takes none."""
    cache.store(_file(b"a"), _audio("a"), np.arange(100, dtype=np.uint32), MADE)
    _store(cache, b"b", "b")
    _store(cache, b"c", "c")
    facts = (Relation.SAME, True, 0, "", 0, 90, 0.99, 0.01, 0.0, 0.0, 0.0, (), "")
    cache.store_verdicts([Verdict(1, 2, *facts), Verdict(2, 3, *facts)], "1")
    _store(cache, b"b", "b")
    assert set(cache.verdicts("1")) == {(1, 2), (2, 3)}
    _store(cache, b"a", "a")
    assert set(cache.verdicts("1")) == {(2, 3)}


def test_verdicts_come_back_by_rule(cache: Cache) -> None:
    """A verdict of another version of the rule is none."""
    verdict = Verdict(
        1, 2, Relation.CONTAINS, False, 2, "", -8, 100, 0.97, 0.11, 0.0, 12.5, 1.5, (Part(0.0, 2.5, 30.0),), "levels"
    )
    cache.store_verdicts([verdict], "1")
    assert cache.verdicts("1") == {(1, 2): verdict}
    assert cache.verdicts("2") == {}


def test_what_random_pairs_showed_comes_back(cache: Cache) -> None:
    """The last sample is remembered under its settings, and no other."""
    assert cache.sampled("a") is None
    for audios, settings in ((10, "a"), (20, "b")):
        cache.store_sampled(settings, Sampled(audios, np.arange(256), np.arange(256)[::-1]))
    assert cache.sampled("a") is None
    found = cache.sampled("b")
    assert found is not None
    assert (found.audios, found.flat.tolist(), int(found.sloped[0])) == (20, list(range(256)), 255)


def test_cache_is_private_and_keeps_its_id(tmp_path: Path) -> None:
    """The file is only for its owner, and its id is the same when it is opened again."""
    path = str(tmp_path / "cache.sqlite")
    first = Cache(path)
    identity = first.id
    first.close()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert Cache(path).id == identity != ""


def test_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    """The message names the file and says that a cache may be deleted."""
    (tmp_path / "cache.sqlite").write_bytes(b"no database at all, but long enough to look at" * 100)
    with pytest.raises(DatabaseError, match=r"cache\.sqlite"):
        Cache(str(tmp_path / "cache.sqlite"))


def test_quality_of_twins_comes_at_once(cache: Cache) -> None:
    """Of every audio that is the same as another one, and of no other: what is related otherwise has no keeper."""
    for name in ("a", "b", "c", "d"):
        _store(cache, f"{name}.mp3".encode(), name)
    facts = (True, 0, "", 0, 100, 0.9, 0.1, 0.0, 0.0)
    cache.store_verdicts([Verdict(1, 2, Relation.SAME, *facts), Verdict(3, 4, Relation.SHARES, *facts)], "1")
    assert cache.qualities() == {1: QUALITY, 2: QUALITY}
    cache.store_verdicts([Verdict(2, 3, Relation.SAME, *facts)], "1")
    assert set(cache.qualities()) == {1, 2, 3}
