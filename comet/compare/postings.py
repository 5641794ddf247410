"""The loops that fill the index: which places of which tracks stand in which bucket.

A *table* takes some bits of a word, and some of one a little later, as its key. Each word that begins a new key, where
the music moves, leaves a *posting* in the bucket of that key, together with six words around it, its context.

Callers are those of `comet.compare.index`. Words are masked, as in `kernels`. `candidates` reads what is written here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from comet.compare.kernels import READ_OFFSETS, READ_WORDS, kernel, popcount

CONTEXT: Final = 24
"""Words to either side that a posting looks at: those at 8, 16 and 24. Nearer ones are alike in all music, since notes
are held, and tell nothing."""
PLACE = np.uint64((1 << 24) - 1)
GROUND = np.uint64((1 << 52) - 1)
TRACK_SHIFT, BUCKET_SHIFT = np.uint64(24), np.uint64(52)
"""Of a posting's last number: its place in the track, the track, and the key within the partition."""

_STEP: Final = 8
_MOVES: Final = 8
"""Bits by which the words 4 before and 4 behind must differ: where the same sound goes on, all music is alike."""
_LATER: Final = 20
"""Words from the one half of a key to the other; no context stands there. In one word all 24 bits that bear a change of
pitch are soon taken, and then all tables are one; and what unrelated music has in common for a second it seldom has for
three. 20 000 tracks, four tables of 20 bits, limit 200: one word finds .987 of the copies and looks at .0040 places a
pair for longer, with one 4 later .995 and .0081, 12 later .991 and .0045, 20 later .994 and .0022."""
_MIX, _MIX_LATER = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)
"""2^32 by the golden ratio, odd: its product spreads keys over the buckets (Knuth, TAOCP 6.4, Fibonacci hashing); and
another odd number for the other half."""


@kernel(f"boolean({READ_WORDS}, int64)")
def moves(words: NDArray[np.uint32], k: int) -> bool:
    """Tell whether the music moves at word k and all words of its context are there."""
    zero = np.uint32(0)
    for step in range(_STEP, CONTEXT + 1, _STEP):
        if words[k - step] == zero or words[k + step] == zero:
            return False
    return bool(popcount(words[k - 4] ^ words[k + 4]) >= np.uint32(_MOVES))


@kernel(f"int64({READ_WORDS}, uint64, int64, int64, int64, uint8[::1], int64[::1], int64[::1])")
def keyed(
    words: NDArray[np.uint32],
    mask: np.uint64,
    bits: int,
    low: int,
    high: int,
    wanted: NDArray[np.uint8],
    places: NDArray[np.int64],
    keys: NDArray[np.int64],
) -> int:
    """Write where a track leaves a posting, and under which key; return how many there are.

    Args:
        words: Of one track.
        mask: The bits that make the key: of the word, and above 2^32 of the one `_LATER`.
        bits: A key is below 2^bits.
        low: Keys from here on,
        high: up to here.
        wanted: Of each key whether it is wanted; empty for all.
        places: Written; as long as the track.
        keys: Likewise.
    """
    shift, before, some = np.uint32(32 - bits), np.int64(-1), np.int64(0)
    now, later, every = np.uint32(mask), np.uint32(mask >> np.uint64(32)), wanted.shape[0] == 0
    for k in range(CONTEXT, words.shape[0] - CONTEXT):  # without a branch: none here could be foreseen
        mixed = (words[k] & now) * _MIX + (words[k + _LATER] & later) * _MIX_LATER
        key = np.int64(np.uint32(mixed) >> shift)
        places[some] = k
        keys[some] = key
        some += np.int64((key != before) & (key >= low) & (key < high) & (every or wanted[key] != np.uint8(0)))
        before = key
    count = 0
    for n in range(some):
        k = places[n]
        if words[k] != np.uint32(0) and words[k + _LATER] != np.uint32(0) and moves(words, k):
            places[count] = k
            keys[count] = keys[n]
            count += 1
    return count


_TABLE: Final = f"{READ_WORDS}, {READ_OFFSETS}, int64, int64, int64, uint64, int64, int64, int64, uint8[::1]"


@kernel(f"void({_TABLE}, int64, int64[::1])")
def count(  # noqa: PLR0917 - numba passes by position
    words: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    first: int,
    last: int,
    longest: int,
    mask: np.uint64,
    bits: int,
    low: int,
    high: int,
    wanted: NDArray[np.uint8],
    inner: int,
    counts: NDArray[np.int64],
) -> None:
    """Count the postings of the tracks `first` to `last` - 1 by partition, that is by key >> `inner`.

    Args: as in `keyed`, words and offsets of all tracks, and `longest` the length of the longest one.
    """
    places, keys = np.empty(longest, np.int64), np.empty(longest, np.int64)
    for t in range(first, last):
        for n in range(keyed(words[offsets[t] : offsets[t + 1]], mask, bits, low, high, wanted, places, keys)):
            counts[(keys[n] - low) >> inner] += 1


@kernel(f"void({READ_WORDS}, {READ_OFFSETS}, int64, int64, int64, uint64, int64, uint8[::1])")
def occupy(
    words: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    first: int,
    last: int,
    longest: int,
    mask: np.uint64,
    bits: int,
    wanted: NDArray[np.uint8],
) -> None:
    """Set `wanted`, of shape (2^bits,), to 1 for the keys that these tracks have postings of."""
    places, keys, every = np.empty(longest, np.int64), np.empty(longest, np.int64), np.empty(0, np.uint8)
    for t in range(first, last):
        for n in range(keyed(words[offsets[t] : offsets[t + 1]], mask, bits, 0, 1 << bits, every, places, keys)):
            wanted[keys[n]] = 1


@kernel(f"void({_TABLE}, int64, int64[::1], uint64[:, ::1])")
def scatter(  # noqa: PLR0917 - likewise
    words: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    first: int,
    last: int,
    longest: int,
    mask: np.uint64,
    bits: int,
    low: int,
    high: int,
    wanted: NDArray[np.uint8],
    inner: int,
    rows: NDArray[np.int64],
    postings: NDArray[np.uint64],
) -> None:
    """Write the postings of the tracks `first` to `last` - 1, those of a partition in the order of the tracks.

    Args: as in `count`, and
        rows: Where the next posting of each partition goes; counted on.
        postings: Shape (n, 4): words at -8 and 8, -16 and 16, -24 and 24; key within the partition, track, place.
    """
    places, keys = np.empty(longest, np.int64), np.empty(longest, np.int64)
    lowest, half = np.int64((1 << inner) - 1), np.uint64(32)
    for t in range(first, last):
        track = words[offsets[t] : offsets[t + 1]]
        for n in range(keyed(track, mask, bits, low, high, wanted, places, keys)):
            k, key = places[n], keys[n]
            row = rows[(key - low) >> inner]
            rows[(key - low) >> inner] = row + 1
            for side in range(3):
                step = _STEP * (side + 1)
                postings[row, side] = np.uint64(track[k - step]) | np.uint64(track[k + step]) << half
            postings[row, 3] = (
                np.uint64((key - low) & lowest) << BUCKET_SHIFT | np.uint64(t) << TRACK_SHIFT | np.uint64(k)
            )
