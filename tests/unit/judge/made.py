"""Nouns and words made up for the tests of the rooms `judge` and `decide`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from comet.core.model import SECONDS_PER_WORD, Audio, File, Match, Pair, Relation, Track, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.core.model import Words

SILENCE = np.uint32(627964279)


def music(seed: int, count: int, *, speed: float = 1.0) -> Words:
    """Return words of which neighbours are alike, as in music: signs of 32 slowly wandering values, (count,)."""
    values = np.random.default_rng(seed).normal(size=(32, 2 * count + 40))
    smooth = np.array([np.convolve(row, np.hanning(9), "valid") for row in values])
    at = np.arange(count) * speed
    low = at.astype(int)
    between = smooth[:, low] * (1 - (at - low)) + smooth[:, low + 1] * (at - low)
    return packed(between > 0)


def packed(bits: NDArray[np.bool_]) -> Words:
    """Return words (n,) of bits (32, n), the lowest first."""
    words: Words = np.bitwise_or.reduce(bits.astype(np.uint32) << np.arange(32, dtype=np.uint32)[:, None], axis=0)
    return words


def noisy(words: Words, share: float, seed: int = 99) -> Words:
    """Return words with this share of their bits turned over."""
    return words ^ packed(np.random.default_rng(seed).random((32, len(words))) < share)


def silence(count: int) -> Words:
    """Return words of digital silence."""
    return np.full(count, SILENCE, np.uint32)


def audio(serial: int = 1, words: Words | int = 1000, **but: object) -> Audio:
    """Return an ordinary mp3 whose length fits its words."""
    count = words if isinstance(words, int) else len(words)
    known: dict[str, object] = {
        "hash": f"b3:{serial:032x}",
        "codec": "mp3",
        "container": "mp3",
        "sample_rate": 44100,
        "channels": 2,
        "bits": 0,
        "bitrate": 192_000,
        "lossless": False,
        "duration": count * SECONDS_PER_WORD + 2.5,
        "claimed": 0.0,
        "sound_start": 0.0,
        "sound_end": 0.0,
        "decode_errors": 0,
        "words": count,
        "serial": serial,
    }
    return Audio(**(known | but))  # type: ignore[arg-type]


def track(serial: int, name: str = "", *, size: int = 1000, inode: str = "", root: str = "r", **but: object) -> Track:
    """Return a file named after its audio's serial number, or `name`."""
    file = File(root=root, path=(name or f"{serial}.mp3").encode(), size=size, mtime_ns=0, inode=inode)
    return Track(file=file, audio=audio(serial, 1000, **but), root=b"/music")


def match(i: int, j: int, evidence: float = 50.0, *, relation: Relation = Relation.SAME, clear: bool = True) -> Match:
    """Return a pair of audios with its verdict."""
    verdict = Verdict(
        i=i,
        j=j,
        relation=relation,
        clear=clear,
        holder=0,
        how="",
        offset=0,
        overlap=1000,
        similarity=0.98,
        worst=0.05,
        missing_i=0.0,
        missing_j=0.0,
    )
    return Match(pair=Pair(i, j, 0, 1000, 0.02, evidence), verdict=verdict, p_value=0.0, expected_false=0.0)
