"""The loops over all pairs: their evidence at every offset. `slopes` is built from the same parts.

Callers are `comet.compare.sample` and `comet.compare.slopes`, nobody else.

x and y are the words of two tracks, *masked*: missing words (silence, frozen runs) are 0. y starts at x + d, so x[k] is
compared with y[k - d]. X_b, Y_b are the bits as 0 or 1, u_b and v_b their means over the track's informative words.
The centred agreement over the words k where both tracks are informative is

    c(d) = SUM_k SUM_b (2 X_b[k] - 2 u_b) (2 Y_b[k - d] - 2 v_b)
         = 4 ( A(d) - SUM_k v.X[k] - SUM_k u.Y[k - d] + n(d) u.v ),         A(d) = SUM_k popcount(x[k] & y[k - d])

which is, with bits as +1 and -1, the published `32 n - 2 e - ...` (e = popcount of x + popcount of y - 2 A).
The and-form needs no repair: missing words and padding are 0 and add nothing to A, whatever stands opposite.
The two other sums run over the words where both are informative, that is over y's informative *runs* [p, q) moved by
d: SUM over runs of GX(q + d) - GX(p + d), with GX the prefix sums of v.X[k] - u.v over x's informative words.

Whitened (each word minus half of the one before it, which makes the variance of a word nearly 13 in all music):

    z(d) = ( 1.25 c(d) - 0.5 (c(d - 1) + c(d + 1)) ) / sqrt(13 n(d))

Means are integers, 2^24 times the mean. So all sums are exact: the same z comes out in any order, and from the mirrored
pair, and the largest sum (an hour of words) stays below 2^53.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from comet.core.kernels import kernel as kernel  # noqa: PLC0414 - what is built from these parts has it from here
from comet.core.kernels import popcount as popcount  # noqa: PLC0414 - likewise
from comet.core.kernels import popcount64 as popcount64  # noqa: PLC0414 - likewise

SCALE: Final = 1 << 24
"""Means are stored in this unit."""
VARIANCE: Final = 13.0
"""Of a whitened word (coefficient 0.5) of real music; measured, and nearly the same for all tracks."""
FOUND: Final = 5
"""Columns of a found pair: its place among those compared, offset, overlap, errors, z."""

_BYTE, _8, _16, _24 = np.uint32(255), np.uint32(8), np.uint32(16), np.uint32(24)
"""Kept in 32 bits, so that a word's bytes are never looked at as negative numbers."""

READ_WORDS: Final = "Array(uint32, 1, 'C', readonly=True)"
READ_OFFSETS: Final = "Array(int64, 1, 'C', readonly=True)"
READ_RUNS: Final = "Array(int32, 2, 'C', readonly=True)"
READ_PAIRS: Final = "Array(int64, 2, 'C', readonly=True)"


@kernel(f"void({READ_WORDS}, uint32[::1], int64, int64, uint32[::1])")
def agreement(x: NDArray[np.uint32], y: NDArray[np.uint32], width: int, reach: int, out: NDArray[np.uint32]) -> None:
    """Count the bits that are set in both tracks, at every offset.

    Eight words of x are held while a vector runs over the offsets, only where y is.

    Args:
        x: Words of one track; its length rounded up to a multiple of 8 is l8.
        y: Words of the other, 7 zeros before and enough after: `width` + 8 in all.
        width: 7 + length of the other, rounded up to a multiple of 16.
        reach: Offsets |d| <= reach must be right; the others may be incomplete.
        out: At least l8 - 8 + width; out[t] belongs to d = l8 - 1 - t.
    """
    length = x.shape[0]
    last = (length + 7) // 8 * 8 - 8
    out[: last + width] = 0
    for k in range(0, last + 8, 8):
        # The vector's index m is y's, moved by 7; m = k - d + 7. Its ends stand on the grid of 16 of all blocks.
        begin = max(0, (k - reach + 7) // 16 * 16)
        end = min(width, (k + reach + 7 + 16) // 16 * 16)
        if begin >= end:
            continue
        zero = np.uint32(0)
        a0 = x[k]
        a1 = x[k + 1] if k + 1 < length else zero
        a2 = x[k + 2] if k + 2 < length else zero
        a3 = x[k + 3] if k + 3 < length else zero
        a4 = x[k + 4] if k + 4 < length else zero
        a5 = x[k + 5] if k + 5 < length else zero
        a6 = x[k + 6] if k + 6 < length else zero
        a7 = x[k + 7] if k + 7 < length else zero
        v = y[begin : end + 8]
        sums = out[last - k + begin : last - k + end]
        for m in range(end - begin):
            sums[m] += (
                popcount(a0 & v[m])
                + popcount(a1 & v[m + 1])
                + popcount(a2 & v[m + 2])
                + popcount(a3 & v[m + 3])
                + popcount(a4 & v[m + 4])
                + popcount(a5 & v[m + 5])
                + popcount(a6 & v[m + 6])
                + popcount(a7 & v[m + 7])
            )


@kernel("void(Array(int32, 1, 'C', readonly=True), int32[:, ::1])")
def tables(means: NDArray[np.int32], out: NDArray[np.int32]) -> None:
    """Fill four tables of 256, one a byte of a word: the sum of the means (32, in `SCALE`) of the bits that are set."""
    for byte in range(4):
        row = out[byte]
        row[0] = 0
        for bit in range(8):
            mean = means[8 * byte + bit]
            size = 1 << bit
            for v in range(size):
                row[size + v] = row[v] + mean


@kernel(f"void({READ_WORDS}, {READ_RUNS}, int32[:, ::1], int64, int64, int64, int64[::1], int32[::1])")
def prefixes(
    words: NDArray[np.uint32],
    runs: NDArray[np.int32],
    table: NDArray[np.int32],
    constant: int,
    pad: int,
    step: int,
    sums: NDArray[np.int64],
    counts: NDArray[np.int32],
) -> None:
    """Write prefix sums over the informative words: of the other track's means over a word's bits, and of 1.

    Args:
        words: One track, length l.
        runs: Its informative runs [p, q), shape (r, 2), ascending.
        table: Made by `tables` from the other track's means.
        constant: Subtracted at each informative word, in `SCALE`.
        pad: The sums go on unchanged for so many indices before 0 and after l.
        step: 1 writes index 0 at `pad` and upwards; -1 writes it at l + `pad` and downwards.
        sums: l + 2 pad + 1.
        counts: As long.
    """
    length = words.shape[0]
    at = 0 if step > 0 else length + 2 * pad
    t0, t1, t2, t3 = table[0], table[1], table[2], table[3]
    total = 0
    count = np.int32(0)
    k = -pad
    for r in range(runs.shape[0] + 1):
        begin = runs[r, 0] if r < runs.shape[0] else length + pad + 1
        for m in range(k, min(begin, length + pad) + 1):
            sums[at + step * (m - k)] = total
            counts[at + step * (m - k)] = count
        at += step * (min(begin, length + pad) + 1 - k)
        if r == runs.shape[0]:
            break
        # Now the sum before word `begin` is written.
        k = runs[r, 1] + 1
        w = words[begin : k - 1]
        for m in range(w.shape[0]):
            v = w[m]
            total += t0[v & _BYTE] + t1[(v >> _8) & _BYTE] + t2[(v >> _16) & _BYTE] + t3[v >> _24] - constant
            count += np.int32(1)
            sums[at] = total
            counts[at] = count
            at += step


@kernel(f"UniTuple(int64, 2)({READ_WORDS}, {READ_RUNS}, {READ_WORDS}, {READ_RUNS}, int64)")
def errors(
    x: NDArray[np.uint32], runs_x: NDArray[np.int32], y: NDArray[np.uint32], runs_y: NDArray[np.int32], d: int
) -> tuple[int, int]:
    """Return the bits that differ, and the words compared, where both tracks are informative and y starts at x + d."""
    differ = 0
    overlap = 0
    r = s = 0
    while r < runs_x.shape[0] and s < runs_y.shape[0]:
        begin = max(runs_x[r, 0], runs_y[s, 0] + d)
        end = min(runs_x[r, 1], runs_y[s, 1] + d)
        for k in range(begin, end):
            differ += int(popcount(x[k] ^ y[k - d]))
        overlap += max(0, end - begin)
        if runs_x[r, 1] <= runs_y[s, 1] + d:
            r += 1
        else:
            s += 1
    return differ, overlap


@kernel(
    f"Tuple((int64, float64))({READ_RUNS}, {READ_RUNS}, int64, int64, int64, int64, uint32[::1], int64[::1],"
    "int64[::1], int32[::1], float64[::1], int64[::1], int32[::1])"
)
def strongest(  # noqa: PLR0917 - numba passes by position
    runs_x: NDArray[np.int32],
    runs_y: NDArray[np.int32],
    length_x: int,
    length_y: int,
    span: int,
    minimum: int,
    agreed: NDArray[np.uint32],
    sums_x: NDArray[np.int64],
    sums_y: NDArray[np.int64],
    counts_x: NDArray[np.int32],
    roots: NDArray[np.float64],
    centred: NDArray[np.int64],
    overlaps: NDArray[np.int32],
) -> tuple[int, float]:
    """Return the offset with the largest z, and that z; (0, -inf) where no offset has `minimum` informative words.

    Equal z: the offset nearer to 0, then the smaller one.

    Args:
        runs_x: Informative runs of x, shape (r, 2).
        runs_y: Of y.
        length_x: Words of x.
        length_y: Words of y.
        span: Offsets |d| <= span are looked at.
        minimum: Least informative overlap, at least 1.
        agreed: From `agreement`.
        sums_x: From `prefixes`, written downwards with pad `length_y`.
        sums_y: Written upwards with pad `length_x`.
        counts_x: Beside `sums_x`.
        roots: roots[n] = 1 / (`SCALE` sqrt(13 n)).
        centred: Scratch for c(d) / 4, `length_x` + `length_y` + 2.
        overlaps: Scratch for n(d), as long.
    """
    top = min(length_x - 1, span)
    size = (
        top + min(length_y - 1, span) + 1
    )  # offsets looked at; m = 1 + top - d counts them, 0 and size + 1 are beside
    shift = (length_x + 7) // 8 * 8 - 2 - top  # agreed[shift + m]
    begin = 1 if top == length_x - 1 else 0
    end = size + 1 if size - top == length_y else size + 2
    centred[0] = centred[size + 1] = 0  # beyond the last offset with an overlap c is 0
    # Slices before the loops, so that the loops become vectors.
    centre = centred[begin:end]
    overlap = overlaps[begin:end]
    agree = agreed[shift + begin : shift + end]
    for m in range(end - begin):
        centre[m] = np.int64(agree[m]) << 24
        overlap[m] = 0
    for r in range(runs_y.shape[0]):
        low = begin + length_x + length_y - top - 1 - runs_y[r, 0]
        high = begin + length_x + length_y - top - 1 - runs_y[r, 1]
        sums_low, sums_high = sums_x[low:], sums_x[high:]
        counts_low, counts_high = counts_x[low:], counts_x[high:]
        for m in range(end - begin):
            centre[m] += sums_low[m] - sums_high[m]
        for m in range(end - begin):
            overlap[m] += counts_high[m] - counts_low[m]
    for r in range(runs_x.shape[0]):
        sums_low = sums_y[begin + length_x - top - 1 + runs_x[r, 0] :]
        sums_high = sums_y[begin + length_x - top - 1 + runs_x[r, 1] :]
        for m in range(end - begin):
            centre[m] += sums_low[m] - sums_high[m]
    best = -np.inf
    offset = 0
    for m in range(1, size + 1):
        if overlaps[m] >= minimum:
            z = (5 * centred[m] - 2 * (centred[m - 1] + centred[m + 1])) * roots[overlaps[m]]
            if z >= best:
                d = 1 + top - m
                # d falls, so it is the smaller one of two at the same distance.
                if z > best or abs(d) <= abs(offset):
                    best = z
                    offset = d
    return offset, best


@kernel(
    f"int64({READ_WORDS}, {READ_OFFSETS}, {READ_RUNS}, {READ_RUNS}, {READ_OFFSETS}, {READ_PAIRS}, int64, int64,"
    "int64, float64, float64[:, ::1])"
)
def pairs(  # noqa: PLR0917 - numba passes by position
    words: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    means: NDArray[np.int32],
    runs: NDArray[np.int32],
    run_offsets: NDArray[np.int64],
    wanted: NDArray[np.int64],
    longest: int,
    minimum: int,
    span: int,
    floor: float,
    found: NDArray[np.float64],
) -> int:
    """Compare pairs at every offset; those of one j best stand together.

    Args:
        words: All tracks' masked words, one after the other.
        offsets: Track t has words[offsets[t] : offsets[t + 1]].
        means: Of the bits, in `SCALE`, shape (tracks, 32).
        runs: All tracks' informative runs [p, q), counted from the track's own start.
        run_offsets: As `offsets`.
        wanted: Shape (n, 2): i and j of each pair, indices of tracks, not serial numbers.
        longest: Words of the longest track.
        minimum: Least informative overlap.
        span: Largest offset.
        floor: Pairs with z >= floor are written to `found`.
        found: Shape (capacity, `FOUND`); what does not fit is counted but not written.

    Returns:
        How many pairs reached the floor.
    """
    agreed = np.empty(2 * longest + 64, np.uint32)
    padded = np.empty(longest + 64, np.uint32)
    table_x = np.empty((4, 256), np.int32)
    table_y = np.empty((4, 256), np.int32)
    sums_x = np.empty(3 * longest + 1, np.int64)
    sums_y = np.empty(3 * longest + 1, np.int64)
    counts_x = np.empty(3 * longest + 1, np.int32)
    counts_y = np.empty(3 * longest + 1, np.int32)
    centred = np.empty(2 * longest + 2, np.int64)
    overlaps = np.empty(2 * longest + 2, np.int32)
    roots = 1.0 / (SCALE * np.sqrt(VARIANCE * np.maximum(np.arange(longest + 1), 1)))
    size = 0
    row = -1
    for at in range(wanted.shape[0]):
        i, j = wanted[at]
        y = words[offsets[j] : offsets[j + 1]]
        runs_y = runs[run_offsets[j] : run_offsets[j + 1]]
        width = (y.shape[0] + 7 + 15) // 16 * 16
        if row != j:
            row = j
            tables(means[j], table_y)
            padded[:7] = 0
            padded[7 : 7 + y.shape[0]] = y
            padded[7 + y.shape[0] : width + 8] = 0
        x = words[offsets[i] : offsets[i + 1]]
        runs_x = runs[run_offsets[i] : run_offsets[i + 1]]
        if runs_x.shape[0] and runs_y.shape[0]:
            agreement(x, padded, width, span + 1, agreed)
            tables(means[i], table_x)
            shared = 0
            for b in range(32):
                shared += (int(means[i, b]) * int(means[j, b]) + (SCALE >> 1)) >> 24
            prefixes(x, runs_x, table_y, shared, y.shape[0], -1, sums_x, counts_x)
            prefixes(y, runs_y, table_x, 0, x.shape[0], 1, sums_y, counts_y)
            d, z = strongest(
                runs_x,
                runs_y,
                x.shape[0],
                y.shape[0],
                span,
                minimum,
                agreed,
                sums_x,
                sums_y,
                counts_x,
                roots,
                centred,
                overlaps,
            )
            if z >= floor and z > -np.inf:
                if size < found.shape[0]:
                    differ, overlap = errors(x, runs_x, y, runs_y, d)
                    found[size, 0] = at
                    found[size, 1] = d
                    found[size, 2] = overlap
                    found[size, 3] = differ
                    found[size, 4] = z
                size += 1
    return size
