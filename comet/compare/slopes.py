"""The evidence of a pair along slopes: for copies at another speed, whose offset changes as they go on.

Words, masks, means and sums are those of `kernels`. A track that plays faster by some percent gets ahead by so much:
x[k] stands against y[k - d(k)], and d grows. It is taken as constant over *segments* of 32 words of x, with t the
middle of a segment, and the slope s in steps of 0.5 %:

    d(g) = d0 + round(s t(g))
    z(d0, s) = SUM_g ( 1.25 c_g(d(g)) - 0.5 (c_g(d(g) - 1) + c_g(d(g) + 1)) ) / sqrt(13 SUM_g n_g(d(g)))

where c_g and n_g are c and n of `kernels`, over the words k of segment g alone. With s = 0 that is the z of `kernels`.
Within a segment the sums are exact; over segments they are added in 32 bits, in the order of time, so the same z comes
out everywhere. The mirrored pair has other segments and other slopes: its z is near, not equal.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from comet.compare.kernels import (
    READ_OFFSETS,
    READ_PAIRS,
    READ_RUNS,
    READ_WORDS,
    SCALE,
    VARIANCE,
    agreement,
    kernel,
    popcount,
    prefixes,
    tables,
)

SEGMENT: Final = 32
"""Words, 4 s: at 5 % the offset moves by 1.6 words in it. With 64 it would move by 3, for an eighth less time."""
STEPS: Final = 10
"""Slopes to either side of 0, up to 5 %: a copy that is 6 % faster, a semitone higher, has only 6 to 8 left."""
UNIT: Final = 200
"""Steps in a slope of 1, so 0.5 % each. Steps of half of it take half as much time again and find no more copies."""
SLOPES: Final = 2 * STEPS + 1
"""Lines through an offset."""
FOUND: Final = 5
"""Columns of a pair: offset, steps of the slope, overlap, errors, z."""
STEP: Final = 1
"""The column of the steps."""

_HALF: Final = SEGMENT // 2


@kernel("int64(int64, int64)")
def shift(steps: int, begin: int) -> int:
    """Return how far the offset has moved by the middle of the segment that begins at word `begin`."""
    return (2 * steps * (begin + _HALF) + UNIT) // (2 * UNIT)


@kernel("int64(int64)")
def slope(row: int) -> int:
    """Return the steps of the slope in a row: 0, 1, -1, 2, -2 ... so of equals that nearest to 0 is first."""
    return (row + 1) // 2 if row % 2 else -(row // 2)


@kernel(
    f"boolean({READ_RUNS}, int64[::1], int32[::1], int64, int64, int64, int64[::1], int32[::1],int64[::1], int32[::1])"
)
def opposite(  # noqa: PLR0917 - numba passes by position
    runs_y: NDArray[np.int32],
    sums_x: NDArray[np.int64],
    counts_x: NDArray[np.int32],
    begin: int,
    end: int,
    top: int,
    centre: NDArray[np.int64],
    held: NDArray[np.int32],
    ramp: NDArray[np.int64],
    stairs: NDArray[np.int32],
) -> bool:
    """Take x's part of a segment's centred agreement where y is informative, and count the words where both are.

    Args:
        runs_y: Informative runs of y.
        sums_x: From `prefixes`, upwards, no pad.
        counts_x: Beside it.
        begin: First word of the segment in x.
        end: Behind its last.
        top: centre[t] belongs to d = `top` - t.
        centre: Subtracted from.
        held: Written: n_g(d), as long as `centre`.
        ramp: Scratch, end - begin + 2 len(centre) + 1.
        stairs: Scratch, as long.

    Returns:
        Whether y is informative all along, so that `held` is the same everywhere.
    """
    size = centre.shape[0]
    held[:] = 0
    for r in range(runs_y.shape[0]):
        if runs_y[r, 0] + top <= begin and runs_y[r, 1] + top - size + 1 >= end:
            centre -= sums_x[end] - sums_x[begin]
            held += counts_x[end] - counts_x[begin]
            return True
    # Prefix sums of x, downwards, constant outside the segment: the edge of a run, moved by d, reads them in a row.
    last = end - begin + size
    for u in range(last + size + 1):
        k = min(end, max(begin, end + size - u))
        ramp[u] = sums_x[k]
        stairs[u] = counts_x[k]
    for r in range(runs_y.shape[0]):
        first = min(last, max(0, end + size - runs_y[r, 0] - top))
        behind = min(last, max(0, end + size - runs_y[r, 1] - top))
        if first != behind:
            low, high = ramp[first:], ramp[behind:]
            few, many = stairs[first:], stairs[behind:]
            for t in range(size):
                centre[t] += low[t] - high[t]
            for t in range(size):
                held[t] += many[t] - few[t]
    return False


@kernel(
    f"void({READ_WORDS}, {READ_RUNS}, uint32[::1], int64[::1], int64, int64, int64, int64, uint32[::1], int64[::1])"
)
def centred(  # noqa: PLR0917 - numba passes by position
    x: NDArray[np.uint32],
    runs_x: NDArray[np.int32],
    padded: NDArray[np.uint32],
    sums_y: NDArray[np.int64],
    pad: int,
    begin: int,
    end: int,
    top: int,
    agreed: NDArray[np.uint32],
    centre: NDArray[np.int64],
) -> None:
    """Write a segment's centred agreement / 4 at d = `top` - t, but for x's part, which `opposite` takes.

    Args:
        x: Words of one track.
        runs_x: Its informative runs.
        padded: Words of the other, `pad` zeros before and behind.
        sums_y: From `prefixes`, upwards, with `pad`.
        pad: More than every index that is read lies outside y.
        begin: First word of the segment.
        end: Behind its last.
        top: Largest offset.
        agreed: Scratch, len(centre) + 128.
        centre: Written.
    """
    size = centre.shape[0]
    last = (end - begin + 7) // 8 * 8 - 8
    width = (last + size + 15) // 16 * 16
    agreement(x[begin:end], padded[begin + pad - top :], width, width + SEGMENT, agreed)
    agree = agreed[last : last + size]
    for t in range(size):
        centre[t] = np.int64(agree[t]) << 24
    for r in range(runs_x.shape[0]):
        first, behind = max(begin, runs_x[r, 0]), min(end, runs_x[r, 1])
        if first < behind:
            low, high = sums_y[first + pad - top :], sums_y[behind + pad - top :]
            for t in range(size):
                centre[t] += low[t] - high[t]


@kernel("void(int64[::1], int32[::1], boolean, int64, int64, float32[::1], float32[:, ::1], int32[:, ::1])")
def gather(
    centre: NDArray[np.int64],
    held: NDArray[np.int32],
    even: bool,  # noqa: FBT001 - likewise
    begin: int,
    most: int,
    white: NDArray[np.float32],
    sums: NDArray[np.float32],
    counts: NDArray[np.int32],
) -> None:
    """Add a segment to every line: whitened, at the offset that the line has there.

    Args:
        centre: c_g(d) / 4, falling d.
        held: n_g(d).
        even: It is the same at every offset.
        begin: First word of the segment.
        most: Largest shift there.
        white: Scratch, len(centre).
        sums: Shape (`SLOPES`, offsets): added to, falling d0.
        counts: As `sums`.
    """
    unit = np.float32(1.0 / SCALE)
    size = centre.shape[0] - 2
    before, here, behind, out = centre[:size], centre[1 : size + 1], centre[2:], white[:size]
    for t in range(size):
        out[t] = np.float32(5 * here[t] - 2 * (before[t] + behind[t])) * unit
    for row in range(SLOPES):
        first = most - shift(slope(row), begin)
        total, count = sums[row], counts[row]
        part, words = out[first:], held[1 + first :]
        for a in range(total.shape[0]):
            total[a] += part[a]
        if not even:
            for a in range(total.shape[0]):
                count[a] += words[a]


@kernel(f"UniTuple(int64, 2)({READ_WORDS}, int32[::1], uint32[::1], int32[::1], int64, int64, int64)")
def errors(
    x: NDArray[np.uint32],
    counts_x: NDArray[np.int32],
    padded: NDArray[np.uint32],
    counts_y: NDArray[np.int32],
    pad: int,
    d0: int,
    steps: int,
) -> tuple[int, int]:
    """Return the bits that differ along a line, and the words compared; arguments as in `centred` and `opposite`."""
    differ = overlap = 0
    for k in range(x.shape[0]):
        m = k - d0 - shift(steps, k // SEGMENT * SEGMENT) + pad
        if 0 <= m < counts_y.shape[0] - 1 and counts_x[k + 1] > counts_x[k] and counts_y[m + 1] > counts_y[m]:
            differ += int(popcount(x[k] ^ padded[m]))
            overlap += 1
    return differ, overlap


@kernel("Tuple((int64, int64, float64))(float32[:, ::1], int32[:, ::1], int64, int64, float32[::1])")
def strongest(
    sums: NDArray[np.float32], counts: NDArray[np.int32], common: int, minimum: int, roots: NDArray[np.float32]
) -> tuple[int, int, float]:
    """Return the strongest line: its place, its slope in steps and z; (0, 0, -inf) where none is long enough.

    Args:
        sums: From `gather`.
        counts: Likewise.
        common: Words to be added to every count.
        minimum: Least informative overlap.
        roots: roots[n] = 1 / sqrt(13 n).
    """
    place = steps = 0
    best = np.float32(-np.inf)
    for row in range(SLOPES):
        total, count = sums[row], counts[row]
        for a in range(total.shape[0]):
            total[a] *= roots[count[a] + common]
        for a in range(total.shape[0]):
            if total[a] > best and count[a] + common >= minimum:
                best, place, steps = total[a], a, slope(row)
    return place, steps, float(best)


@kernel(
    f"Tuple((int64, int64, float64))({READ_WORDS}, {READ_RUNS}, int64[::1], int32[::1], uint32[::1], {READ_RUNS},"
    "int64[::1], int64, int64, int64, int64, float32[::1], float32[:, ::1], int32[:, ::1], uint32[::1], int64[:, ::1],"
    "int32[:, ::1], float32[::1])"
)
def line(  # noqa: PLR0917 - numba passes by position
    x: NDArray[np.uint32],
    runs_x: NDArray[np.int32],
    sums_x: NDArray[np.int64],
    counts_x: NDArray[np.int32],
    padded: NDArray[np.uint32],
    runs_y: NDArray[np.int32],
    sums_y: NDArray[np.int64],
    length_y: int,
    pad: int,
    reach: int,
    minimum: int,
    roots: NDArray[np.float32],
    sums: NDArray[np.float32],
    counts: NDArray[np.int32],
    agreed: NDArray[np.uint32],
    large: NDArray[np.int64],
    small: NDArray[np.int32],
    white: NDArray[np.float32],
) -> tuple[int, int, float]:
    """Return d0, steps of the slope and z of the strongest line; z is -inf where none has `minimum` informative words.

    Args: as in `centred`, `opposite`, `gather` and `strongest`; `large` and `small` are two rows of scratch each, for
        sums and counts.
    """
    sums[:] = 0
    counts[:] = 0
    common = 0
    for begin in range(0, x.shape[0], SEGMENT):
        end = min(x.shape[0], begin + SEGMENT)
        most = shift(STEPS, begin)
        top = reach + most + 1
        if begin - top >= length_y:
            break
        if counts_x[end] == counts_x[begin]:
            continue
        centre, held = large[0, : 2 * top + 1], small[0, : 2 * top + 1]
        centred(x, runs_x, padded, sums_y, pad, begin, end, top, agreed, centre)
        even = opposite(runs_y, sums_x, counts_x, begin, end, top, centre, held, large[1], small[1])
        if even:
            common += held[0]
        gather(centre, held, even, begin, most, white, sums, counts)
    place, steps, z = strongest(sums, counts, common, minimum, roots)
    return reach - place, steps, z


@kernel(
    f"void({READ_WORDS}, {READ_OFFSETS}, {READ_RUNS}, {READ_RUNS}, {READ_OFFSETS}, {READ_PAIRS}, int64, int64, int64,"
    "float64[:, ::1])"
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
    reach: int,
    found: NDArray[np.float64],
) -> None:
    """Compare pairs along slopes.

    Args:
        words: This and all up to `minimum` as in `kernels.pairs`.
        offsets: See there.
        means: See there.
        runs: See there.
        run_offsets: See there.
        wanted: See there.
        longest: See there.
        minimum: See there.
        reach: Largest |d0|.
        found: Shape (n, `FOUND`), written; z is -inf where no line has enough overlap.
    """
    size = 2 * (reach + shift(STEPS, longest)) + 3
    pad = size + 4 * SEGMENT
    sums_x, counts_x = np.empty(longest + 1, np.int64), np.empty(longest + 1, np.int32)
    sums_y, counts_y = np.empty(longest + 2 * pad + 1, np.int64), np.empty(longest + 2 * pad + 1, np.int32)
    padded, agreed = np.zeros(longest + 2 * pad, np.uint32), np.empty(size + 4 * SEGMENT, np.uint32)
    sums, counts = np.empty((SLOPES, 2 * reach + 1), np.float32), np.empty((SLOPES, 2 * reach + 1), np.int32)
    large, small = np.empty((2, 2 * size + SEGMENT + 1), np.int64), np.empty((2, 2 * size + SEGMENT + 1), np.int32)
    white, table = np.empty(size, np.float32), np.empty((4, 256), np.int32)
    roots = (1.0 / np.sqrt(VARIANCE * np.maximum(np.arange(longest + 1), 1))).astype(np.float32)
    for at in range(wanted.shape[0]):
        i, j = wanted[at]
        x, y = words[offsets[i] : offsets[i + 1]], words[offsets[j] : offsets[j + 1]]
        runs_x, runs_y = runs[run_offsets[i] : run_offsets[i + 1]], runs[run_offsets[j] : run_offsets[j + 1]]
        padded[pad : pad + y.shape[0]] = y
        padded[pad + y.shape[0] :] = 0
        shared = 0
        for b in range(32):
            shared += (int(means[i, b]) * int(means[j, b]) + (SCALE >> 1)) >> 24
        tables(means[j], table)
        prefixes(x, runs_x, table, shared, 0, 1, sums_x, counts_x)
        tables(means[i], table)
        prefixes(y, runs_y, table, 0, pad, 1, sums_y, counts_y)
        d0, steps, z = line(
            x, runs_x, sums_x, counts_x, padded, runs_y, sums_y, y.shape[0], pad, reach, minimum, roots, sums, counts,
            agreed, large, small, white,
        )  # fmt: skip
        differ, overlap = (
            errors(x, counts_x, padded, counts_y[: y.shape[0] + 2 * pad + 1], pad, d0, steps) if z > -np.inf else (0, 0)
        )
        # A line that begins inside x is told by where it does, at y's word 0: d(g) = k there.
        found[at, 0] = d0 if d0 <= 0 else np.rint(d0 * UNIT / (UNIT - steps))
        found[at, STEP] = steps
        found[at, 2] = overlap
        found[at, 3] = differ
        found[at, 4] = z
