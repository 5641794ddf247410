"""Fingerprints in an `.npz`: what others write is read, whole or compressed, and what is broken is said."""

from __future__ import annotations

import io
import os
import zipfile
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from comet.compare import archive
from comet.compare.archive import Row
from comet.core.errors import FileError, Stopped
from comet.core.job import Control, Job
from comet.core.model import SECONDS_PER_WORD, Fingerprint, Skipped

RNG = np.random.default_rng(7)
WORDS = RNG.integers(0, 1 << 32, 300, dtype=np.uint32)
GOOD: dict[str, Any] = {
    "words": WORDS,
    "offsets": np.array([0, 100, 300]),
    "paths": np.array(["/m/один.mp3", "b"]),
}


def read(path: Path) -> list[Fingerprint | Skipped]:
    """Read all of an archive."""
    with open(path, "rb") as stream, archive.opened(stream, Job()) as (count, tracks):
        found = list(tracks)
    assert len(found) == count
    return found


def first(path: Path, job: Job | None = None) -> Fingerprint | Skipped:
    """Read the first track of an archive."""
    with open(path, "rb") as stream, archive.opened(stream, job or Job()) as (_count, tracks):
        return next(tracks)


def plain(found: list[Fingerprint | Skipped]) -> list[tuple[bytes, list[int]]]:
    """Return paths and words of fingerprints."""
    return [(each.path, each.words.tolist()) for each in found if isinstance(each, Fingerprint)]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("kind", ["<u4", ">u4", "<i4"])
def test_what_numpy_saves_is_read(tmp_path: Path, save: Any, kind: str) -> None:  # noqa: ANN401 - one of numpy's
    """Compressed or not, in either order of bytes, and signed as old versions of fpcalc print words."""
    save(tmp_path / "a.npz", **{**GOOD, "words": WORDS.astype(kind)})
    found = read(tmp_path / "a.npz")
    assert plain(found) == [("/m/один.mp3".encode(), WORDS[:100].tolist()), (b"b", WORDS[100:].tolist())]
    first = found[0]
    assert isinstance(first, Fingerprint)
    assert first.words.dtype == np.uint32
    assert abs(first.duration - (99 * SECONDS_PER_WORD + 2.6)) < 0.1  # whose last word ends where the sound does


def test_many_tracks_are_read_in_pieces(tmp_path: Path) -> None:
    """More tracks than are read at a time come out in order, with any name that a file can have."""
    count = 2 * archive._ROWS + 3
    names = [os.fsdecode(b"caf\xe9 %d" % n) for n in range(count)]
    words = np.arange(count, dtype=np.uint32)
    np.savez(tmp_path / "a.npz", words=words, offsets=np.arange(count + 1), paths=np.array(names))
    assert plain(read(tmp_path / "a.npz")) == [(os.fsencode(name), [n]) for n, name in enumerate(names)]


def test_what_is_written_is_read_back() -> None:
    """Words, names that are not UTF-8, and seconds; 0 of them, or silence longer than all, counts as not said."""
    rows = [Row(b"caf\xe9", 100, 60.0, 1.5, 2.5), Row(b"b", 200, 0.0, 0.0, 99.0)]
    stream = io.BytesIO()
    stream.name = "x"
    archive.write(stream, rows, [WORDS[:100], WORDS[100:]])
    with archive.opened(stream, Job()) as (count, tracks):
        one, other = tracks
    assert count == 2
    assert plain([one, other]) == [(b"caf\xe9", WORDS[:100].tolist()), (b"b", WORDS[100:].tolist())]
    assert isinstance(one, Fingerprint)
    assert isinstance(other, Fingerprint)
    assert (one.duration, one.sound_start, one.sound_end) == (60.0, 1.5, 2.5)
    assert (other.duration > 20, other.sound_start, other.sound_end) == (True, 0.0, 0.0)


def test_an_entry_without_words_or_name_is_passed_over(tmp_path: Path) -> None:
    """It says which entry and why, and the others come all the same."""
    offsets = np.array([0, 0, 100, 200, 300])
    np.savez(tmp_path / "a.npz", words=WORDS, offsets=offsets, paths=np.array(["a", "", "\ud800", "c"]))
    empty, nameless, odd, sound = read(tmp_path / "a.npz")
    assert (empty, nameless, odd) == (
        Skipped(1, "its fingerprint is empty"),
        Skipped(2, "it has no name that a file can have"),
        Skipped(3, "it has no name that a file can have"),
    )
    assert isinstance(sound, Fingerprint)


@pytest.mark.parametrize("name", ["durations", "sound_start", "sound_end"])
@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -0.5])
def test_seconds_that_are_none_are_told(tmp_path: Path, name: str, seconds: float) -> None:
    """The track is passed over with its number, and not stored as if nothing had been said."""
    np.savez(tmp_path / "a.npz", **GOOD, **{name: np.array([5.0, seconds])})
    sound, odd = read(tmp_path / "a.npz")
    assert isinstance(sound, Fingerprint)
    assert odd == Skipped(2, "its seconds are not a length: below 0, endless, or no number")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"words": None}, "no array `words`"),
        ({"words": WORDS.astype(np.int64)}, "32 bits"),
        ({"words": WORDS.astype(np.float32)}, "holds float32, not whole numbers"),
        ({"words": WORDS.reshape(3, 100)}, "has 2 dimensions, not one"),
        ({"words": WORDS[:250]}, "do not end"),
        ({"offsets": np.array([0, 100, 299])}, "do not end"),
        ({"offsets": np.array([1, 100, 300])}, "begin with 0"),
        ({"offsets": np.array([0, 200, 100])}, "fall at track 2"),
        ({"offsets": np.array([0, 1 << 25, 300])}, "make track 1 longer"),
        ({"offsets": np.array([0, 100])}, "one length"),
        ({"paths": np.array(["a", None], object)}, "`paths` holds Python objects"),
        ({"paths": np.array(["a", "b" * 20000])}, "longer than paths"),
        ({"durations": np.array([1.0])}, "one length"),
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    """Before the first track, as an error that names the file and what is wrong with it; nothing is unpickled."""
    arrays = {name: values for name, values in {**GOOD, **change}.items() if values is not None}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(FileError, match=reason) as error:
        first(tmp_path / "a.npz")
    assert "a.npz" in str(error.value)
    assert "see the guide on importing" in error.value.hint


def test_an_archive_that_was_damaged_is_refused(tmp_path: Path) -> None:
    """Cut off, or with a byte turned in the middle, whose checksum tells before the first track; and what to do."""
    path = tmp_path / "a.npz"
    words = np.arange(1 << 16, dtype=np.uint32)
    np.savez(path, words=words, offsets=np.array([0, 100, 1 << 16]), paths=np.array(["a", "b"]))
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.raises(FileError, match="cut off or damaged") as error:
        read(path)
    assert "once more" in error.value.hint
    at = whole.index(words[65000:65010].tobytes())
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(FileError, match="`words` is damaged") as error:
        first(path)
    assert "once more" in error.value.hint
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("words.npy", b"no array")
    with pytest.raises(FileError, match="`words` is damaged"):
        read(path)


def test_a_stop_is_heard_while_checksums_are_taken(tmp_path: Path) -> None:
    """Of a large archive that takes seconds, before anything comes out of it."""
    words = np.zeros(1 << 20, np.uint32)
    np.savez(tmp_path / "a.npz", words=words, offsets=np.array([0, len(words)]), paths=np.array(["a"]))
    asked = count()
    job = Job(control=lambda: Control(stop=next(asked) > 3), every=0)
    with pytest.raises(Stopped):
        first(tmp_path / "a.npz", job)
