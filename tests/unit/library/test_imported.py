"""Imported fingerprints in the cache: once, replaced, forgotten, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from comet.core.model import IMPORTED, Audio, File, Fingerprint, Relation, Root, Verdict
from comet.library import imported
from comet.library.cache import Cache
from comet.library.imported import Imported, Stored, audio_hash

WORDS = np.arange(100, dtype=np.uint32)
MADE = "made so"


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """Return a cache of which nothing is known yet."""
    with closing(Cache(str(tmp_path / "cache.sqlite"))) as made:
        yield made


@pytest.fixture
def store(tmp_path: Path, cache: Cache) -> Iterator[Imported]:
    """Return the imported files of that cache."""
    with closing(Imported(str(tmp_path / "cache.sqlite"))) as made:
        yield made


def track(name: str, first: int = 0) -> Fingerprint:
    """Return a fingerprint."""
    return Fingerprint(name.encode(), WORDS + np.uint32(first), 15.0, 1.0, 2.0)


def known(cache: Cache) -> dict[bytes, int]:
    """Return the serial number of what each imported file holds."""
    return {each.file.path: each.audio.serial for each in cache.tracks([IMPORTED])}


def test_what_is_stored_is_a_file_with_an_audio(cache: Cache, store: Imported) -> None:
    """Of the root `imported`, named by its words, with its seconds, and compared with all else."""
    assert store.store([track("/m/a"), track("/m/b")], MADE) == Stored(new=2)
    one, other = cache.tracks([IMPORTED])
    assert (one.path, one.imported, one.file.size) == ("/m/a", True, 0)
    assert one.audio == other.audio
    assert one.audio.hash == audio_hash(track("x")) != audio_hash(track("x", 1))
    assert one.audio.hash.startswith("fp:")
    assert (one.audio.duration, one.audio.sound_start, one.audio.sound_end, one.audio.words) == (15.0, 1.0, 2.0, 100)
    assert [words.tolist() for _serial, words in cache.words([one.audio.serial])] == [WORDS.tolist()]
    assert cache.comparable(MADE, 40) == [(one.audio.serial, 100)]


def test_again_changes_nothing(cache: Cache, store: Imported) -> None:
    """The same file a second time leaves serial numbers as they are, so nothing is compared again."""
    store.store([track("a"), track("b", 1)], MADE)
    before = known(cache)
    assert store.store([track("a"), track("b", 1)], MADE) == Stored(unchanged=2)
    assert known(cache) == before


def test_another_fingerprint_under_the_same_name_replaces_it(cache: Cache, store: Imported) -> None:
    """The old one goes where no other name holds it, with its verdicts, and its number is never used again."""
    store.store([track("a"), track("b"), track("c", 1)], MADE)
    old = known(cache)
    cache.store_verdicts([verdict(old[b"a"], old[b"c"])], "1")
    assert store.store([track("a", 2)], MADE) == Stored(changed=1)
    new = known(cache)
    assert new[b"a"] > max(old.values())
    assert new[b"b"] == old[b"b"]
    assert len(cache.verdicts("1")) == 1
    assert store.store([track("b", 2)], MADE) == Stored(changed=1)
    assert known(cache)[b"b"] == new[b"a"]
    assert cache.audios([old[b"a"]]) == dict(cache.words([old[b"a"]])) == {}
    assert cache.verdicts("1") == {}


def test_under_other_settings_it_counts_as_another_audio(cache: Cache, store: Imported) -> None:
    """What it was compared with was made otherwise: it has to be compared again, by a number that is new."""
    store.store([track("a"), track("b")], MADE)
    old = known(cache)[b"a"]
    assert store.store([track("a")], "otherwise") == Stored(changed=1)
    assert set(known(cache).values()) == {serial for serial, _words in cache.comparable("otherwise", 40)}
    assert old not in known(cache).values()
    assert cache.comparable(MADE, 40) == []
    assert store.store([track("b")], "otherwise") == Stored(unchanged=1)


def test_all_is_forgotten_and_nothing_else(cache: Cache, store: Imported, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, audios, words and verdicts of it, some at a time; what was scanned stays."""
    monkeypatch.setattr(imported, "_BATCH", 2)
    root = Root("r", b"/m")
    real = cache_file(cache, root)
    store.store([track(name, n) for n, name in enumerate("abcde")], MADE)
    serials = [*known(cache).values()]
    cache.store_verdicts([verdict(real, serials[0])], "1")
    assert store.count() == 5
    assert list(store.forget()) == [2, 2, 1]
    assert store.count() == 0
    assert (known(cache), cache.audios(serials), dict(cache.words(serials)), cache.verdicts("1")) == ({}, {}, {}, {})
    assert [each.audio.serial for each in cache.tracks([root])] == [real]


def cache_file(cache: Cache, root: Root) -> int:
    """Store a file that was listened to; return its audio's serial number."""
    audio = Audio("b3:1", "mp3", "mp3", 44100, 2, 0, 1, False, 15.0, 0.0, 0.0, 0.0, 0, 100)
    cache.store(File(root.id, b"a", 9, 9), audio, WORDS, MADE)
    return next(each.audio.serial for each in cache.tracks([root]))


def verdict(i: int, j: int) -> Verdict:
    """Return a verdict over two audios."""
    return Verdict(i, j, Relation.SAME, True, 0, "", 0, 100, 1.0, 0.0, 0.0, 0.0)
