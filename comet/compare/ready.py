"""What the kernels want to know of each track, found for a whole block of tracks at once.

Which words are informative is said in `comet.core.words`, which is asked about single tracks; here it is the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from comet.compare.kernels import READ_OFFSETS, SCALE, kernel
from comet.core.words import FROZEN, SILENCE

_SILENCE = np.uint32(SILENCE)


@kernel("int64(uint32[::1], int32[:, ::1], int64)")
def mask(words: NDArray[np.uint32], runs: NDArray[np.int32], count: int) -> int:
    """Set the missing words of one track to 0 and write its informative runs [p, q).

    Args:
        words: Of the track; written to.
        runs: Of all tracks; this one's begin at row `count`.
        count: Rows that are taken.

    Returns:
        Rows that are taken now.
    """
    opened = False
    k = 0
    while k < words.shape[0]:
        begin, value = k, words[k]
        while k < words.shape[0] and words[k] == value:
            k += 1
        good = k - begin < FROZEN and value != _SILENCE
        if good and not opened:
            runs[count, 0] = begin
        if opened and not good:
            runs[count, 1] = begin
            count += 1
        if not good:
            words[begin:k] = 0
        opened = good
    if opened:
        runs[count, 1] = words.shape[0]
        count += 1
    return count


@kernel(f"void(uint32[::1], {READ_OFFSETS}, int32[:, ::1], int32[:, ::1], int64[::1])")
def tracks(
    words: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    means: NDArray[np.int32],
    runs: NDArray[np.int32],
    run_offsets: NDArray[np.int64],
) -> None:
    """Mask all tracks, and write their informative runs and the means of their bits.

    Args:
        words: Of all tracks, one after the other; the missing ones become 0.
        offsets: Track t has words[offsets[t] : offsets[t + 1]].
        means: Shape (tracks, 32), written: mean of each bit over the informative words, in `kernels.SCALE`.
        runs: Shape (len(words) // 2 + tracks, 2) at least, written: two runs have a missing word between them.
        run_offsets: Shape (tracks + 1,), written: as `offsets`.
    """
    run_offsets[0] = 0
    one = np.uint32(1)
    for t in range(means.shape[0]):
        track = words[offsets[t] : offsets[t + 1]]
        first = run_offsets[t]
        run_offsets[t + 1] = mask(track, runs, first)
        count = 0
        for r in range(first, run_offsets[t + 1]):
            count += runs[r, 1] - runs[r, 0]
        for b in range(32):
            shift, total = np.uint32(b), np.uint32(0)
            for k in range(track.shape[0]):  # inside, so that it becomes a vector
                total = np.uint32(total + ((track[k] >> shift) & one))
            means[t, b] = np.int32(np.rint(np.float64(total) / max(1, count) * SCALE))
