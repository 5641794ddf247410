"""Every compiled loop of the room; each releases the GIL and is compiled once for all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.core.model import Words

    Floats = NDArray[np.float32]
    Rows = NDArray[np.float64]
    Spectra = NDArray[np.float32]
    Numbers = NDArray[np.int64]


LANES: Final = 16
"""Frames that are transformed at once: each step of the transform is one vector instruction over all of them."""

FRAME: Final = 4096
"""Samples of a frame."""

_HALF: Final = FRAME // 2  # a real frame is transformed as half as many complex numbers
_PLANE: Final = _HALF * LANES  # real parts, then imaginary parts, each number of all frames side by side
BUFFER: Final = 4 * _PLANE
"""Length of the buffer that the transform works in: it goes to and fro between two places."""


def _turned(count: int) -> NDArray[np.float32]:
    """Return cos and -sin of each step of a full turn in `count` steps, one after the other; shape (2 count,)."""
    angles = np.arange(count) * (2 * np.pi / count)
    return np.stack((np.cos(angles), -np.sin(angles)), axis=1).astype(np.float32).ravel()


_QUARTER: Final = np.float32(0.25)  # a plain 0.25 would make it 64 bits
_TURNS: Final = _turned(_HALF)
_FINE: Final = _turned(FRAME)


@njit(inline="always")
def _radix4(buffer: Floats, quarter: int, stride: int, source: int, target: int) -> None:
    """Do one pass of Stockham's transform of radix 4, from `source` to `target` in the buffer.

    The distances between what is read and written are constants of each call, so that it becomes vector instructions.
    """
    row = stride * LANES
    for turn in range(quarter):
        c1, s1 = _TURNS[2 * turn * stride], _TURNS[2 * turn * stride + 1]
        c2, s2 = _TURNS[4 * turn * stride], _TURNS[4 * turn * stride + 1]
        c3, s3 = _TURNS[6 * turn * stride], _TURNS[6 * turn * stride + 1]
        i, o = source + turn * row, target + 4 * turn * row
        for at in range(row):
            a, b = buffer[i + at], buffer[i + quarter * row + at]
            c, d = buffer[i + 2 * quarter * row + at], buffer[i + 3 * quarter * row + at]
            ai, bi = buffer[i + _PLANE + at], buffer[i + _PLANE + quarter * row + at]
            ci, di = buffer[i + _PLANE + 2 * quarter * row + at], buffer[i + _PLANE + 3 * quarter * row + at]
            e, ei, f, fi = a + c, ai + ci, a - c, ai - ci
            g, gi, h, hi = b + d, bi + di, b - d, bi - di
            buffer[o + at] = e + g
            buffer[o + _PLANE + at] = ei + gi
            x, y = f + hi, fi - h
            buffer[o + row + at] = x * c1 - y * s1
            buffer[o + _PLANE + row + at] = x * s1 + y * c1
            x, y = e - g, ei - gi
            buffer[o + 2 * row + at] = x * c2 - y * s2
            buffer[o + _PLANE + 2 * row + at] = x * s2 + y * c2
            x, y = f - hi, fi + h
            buffer[o + 3 * row + at] = x * c3 - y * s3
            buffer[o + _PLANE + 3 * row + at] = x * s3 + y * c3


@njit("void(float32[::1])", nogil=True, cache=True, fastmath={"contract"})
def _transform(buffer: Floats) -> None:
    """Transform `LANES` sequences of `_HALF` complex numbers in place: 2048 = 4 x 4 x 4 x 4 x 4 x 2."""
    away = 2 * _PLANE
    _radix4(buffer, 512, 1, 0, away)
    _radix4(buffer, 128, 4, away, 0)
    _radix4(buffer, 32, 16, 0, away)
    _radix4(buffer, 8, 64, away, 0)
    _radix4(buffer, 2, 256, 0, away)
    row = _PLANE // 2
    for at in range(row):
        a, ai = buffer[away + at], buffer[away + _PLANE + at]
        b, bi = buffer[away + row + at], buffer[away + _PLANE + row + at]
        buffer[at], buffer[row + at] = a + b, a - b
        buffer[_PLANE + at], buffer[_PLANE + row + at] = ai + bi, ai - bi


@njit(inline="always")
def _power(buffer: Floats, bin_: int, lane: int) -> float:
    """Return |X|^2 of one bin of a frame, from what `_transform` made of its halves.

    The even samples were the real, the odd ones the imaginary part: with Z their transform and Y that of the conjugate,
    X[k] = (Z[k] + Y[k]) / 2 + exp(-2 pi i k / FRAME) (Z[k] - Y[k]) / 2i.
    """
    here, there = bin_ % _HALF * LANES + lane, (_HALF - bin_) % _HALF * LANES + lane
    cos, sin = _FINE[2 * bin_], _FINE[2 * bin_ + 1]
    a, ai = buffer[here], buffer[_PLANE + here]
    b, bi = buffer[there], -buffer[_PLANE + there]
    odd, odd_i = ai - bi, b - a
    real = a + b + odd * cos - odd_i * sin
    imaginary = ai + bi + odd * sin + odd_i * cos
    return _QUARTER * (real * real + imaginary * imaginary)  # type: ignore[no-any-return]


@njit("void(int16[::1], int64, float32[::1], int8[::1], int64, float32[::1], float64[:,::1])", nogil=True, cache=True)
def fold(
    samples: NDArray[np.int16],
    step: int,
    window: Floats,
    notes: NDArray[np.int8],
    lowest: int,
    buffer: Floats,
    chroma: Rows,
) -> None:
    """Add up the energy of each note of the octave, of `LANES` overlapping frames.

    Args:
        samples: Shape ((LANES - 1) * step + FRAME,) at least.
        step: Samples from one frame to the next.
        window: Shape (FRAME,).
        notes: Shape (used bins,), the note 0 to 11 that a bin belongs to.
        lowest: Bin that `notes` begins with.
        buffer: Shape (BUFFER,), for work.
        chroma: Shape (12, LANES), where the energies go.
    """
    for at in range(_HALF):
        for lane in range(LANES):
            sample = lane * step + 2 * at
            buffer[at * LANES + lane] = samples[sample] * window[2 * at]
            buffer[_PLANE + at * LANES + lane] = samples[sample + 1] * window[2 * at + 1]
    _transform(buffer)
    chroma[:] = 0.0
    for bin_ in range(notes.shape[0]):
        note = notes[bin_]
        for lane in range(LANES):
            chroma[note, lane] += _power(buffer, lowest + bin_, lane)


@njit("void(float32[:,::1], float32[::1], float32[::1], float32[:,::1])", nogil=True, cache=True)
def powers(frames: Spectra, window: Floats, buffer: Floats, out: Spectra) -> None:
    """Write the power spectra of `LANES` frames.

    Args:
        frames: Shape (LANES, FRAME).
        window: Shape (FRAME,).
        buffer: Shape (BUFFER,), for work.
        out: Shape (bins, LANES), bins from 0 on.
    """
    for at in range(_HALF):
        for lane in range(LANES):
            buffer[at * LANES + lane] = frames[lane, 2 * at] * window[2 * at]
            buffer[_PLANE + at * LANES + lane] = frames[lane, 2 * at + 1] * window[2 * at + 1]
    _transform(buffer)
    for bin_ in range(out.shape[0]):
        for lane in range(LANES):
            out[bin_, lane] = _power(buffer, bin_, lane)


@njit("void(float64[:,::1], float64[::1], float64[:,::1])", nogil=True, cache=True)
def integrate(chroma: Rows, weights: Rows, image: Rows) -> None:
    """Smooth the notes along time, scale each row to length 1, and sum into an integral image.

    Args:
        chroma: Shape (rows + taps - 1, 12): the energies of the new rows after the last `taps` - 1 before them.
        weights: Shape (taps,), the smoothing filter.
        image: Shape (rows + 1, 13). Row 0 is the last one so far; the others are written, column 0 stays 0.
    """
    smooth = np.empty(12)
    for row in range(image.shape[0] - 1):
        square = 0.0
        for note in range(12):
            value = 0.0
            for tap in range(weights.shape[0]):
                value += chroma[row + tap, note] * weights[tap]
            smooth[note] = value
            square += value * value
        length = np.sqrt(square)
        total = 0.0
        for note in range(12):
            if length >= 0.01:  # below that it is silence: Chromaprint leaves the row empty
                total += smooth[note] / length
            image[row + 1, note + 1] = image[row, note + 1] + total


@njit("float64(float64[:,::1], int64, int64, int64, int64)", nogil=True, cache=True)
def _area(image: Rows, row: int, note: int, rows: int, notes: int) -> float:
    """Return the sum over a rectangle of the rows behind the integral image."""
    below, right = row + rows, note + notes
    return float(image[below, right] - image[row, right] - image[below, note] + image[row, note])


@njit("float64(float64[:,::1], int64, int64[::1])", nogil=True, cache=True)
def _contrast(image: Rows, row: int, shape: Numbers) -> float:
    """Return log((1 + a) / (1 + b)) for the sums a and b of the light and the dark part of a filter's rectangle.

    `shape` is (kind, lowest note, notes, rows). The six kinds are those of Chromaprint: whole, split along notes,
    split along time, chequered, middle third of the notes, middle third of the time.
    """
    kind, note, notes, rows = shape
    if kind == 0:
        light, dark = _area(image, row, note, rows, notes), 0.0
    elif kind == 1:
        half = notes // 2
        light = _area(image, row, note + half, rows, notes - half)
        dark = _area(image, row, note, rows, half)
    elif kind == 2:
        half = rows // 2
        light = _area(image, row + half, note, rows - half, notes)
        dark = _area(image, row, note, half, notes)
    elif kind == 3:
        half, step = notes // 2, rows // 2
        light = _area(image, row, note + half, step, notes - half)
        light += _area(image, row + step, note, rows - step, half)
        dark = _area(image, row, note, step, half)
        dark += _area(image, row + step, note + half, rows - step, notes - half)
    elif kind == 4:
        third = notes // 3
        light = _area(image, row, note + third, rows, third)
        dark = _area(image, row, note, rows, third)
        dark += _area(image, row, note + 2 * third, rows, notes - 2 * third)
    else:
        third = rows // 3
        light = _area(image, row + third, note, third, notes)
        dark = _area(image, row, note, third, notes)
        dark += _area(image, row + 2 * third, note, rows - 2 * third, notes)
    return float(np.log((1.0 + light) / (1.0 + dark)))


@njit("void(float64[:,::1], int64[:,::1], float64[:,::1], uint32[::1])", nogil=True, cache=True)
def classify(image: Rows, shapes: Numbers, limits: Rows, words: Words) -> None:
    """Turn an integral image into sub-fingerprints: 16 filters of 2 bits each, Gray code, first filter on top.

    Args:
        image: Shape (rows, 13), at least as many rows as words plus the widest filter.
        shapes: Shape (16, 4), see `_contrast`.
        limits: Shape (16, 3), what separates the four levels of each filter.
        words: Shape (words,), written.
    """
    for row in range(words.shape[0]):
        bits = 0
        for filter_ in range(shapes.shape[0]):
            value = _contrast(image, row, shapes[filter_])
            if value < limits[filter_, 1]:
                level = 0 if value < limits[filter_, 0] else 1
            else:
                level = 3 if value < limits[filter_, 2] else 2
            bits = (bits << 2) | level
        words[row] = np.uint32(bits)


@njit("int64(float32[::1], float32)", nogil=True, cache=True)
def clipped(samples: NDArray[np.float32], full: float) -> int:
    """Count the samples, shape (n,), whose magnitude is `full` or more."""
    count = 0
    for at in range(samples.shape[0]):
        count += abs(samples[at]) >= full
    return count


@njit("void(int16[::1], int64, float64[::1])", nogil=True, cache=True)
def energies(samples: NDArray[np.int16], frame: int, out: NDArray[np.float64]) -> None:
    """Write the sum of squares of each frame.

    Args:
        samples: Shape (frames * `frame`,).
        frame: Samples in a frame.
        out: Shape (frames,), written.
    """
    for number in range(out.shape[0]):
        energy = np.int64(0)
        for at in range(number * frame, (number + 1) * frame):
            energy += np.int64(samples[at]) * np.int64(samples[at])
        out[number] = energy


_STRETCHES: Final = 8  # of a sound, that `weigh` filters side by side
_BLOCK: Final = 64  # samples that `peaks` takes at once
_BEFORE: Final = 11  # samples before a block that are needed for what is between its samples


@njit("void(float32[::1], int64, float64[::1], float64[::1])", nogil=True, cache=True, fastmath={"contract"})
def weigh(sound: Floats, hop: int, taps: Rows, out: Rows) -> None:
    """Write the sum of squares of each hop behind a recursive filter of the fourth order.

    A recursion waits for itself, so eight stretches of the sound go side by side. The hop before a stretch is its way
    in: what is older has to have died away.

    Args:
        sound: Shape (hop + hops * hop,), the first hop is what came before.
        hop: Samples, at least 4.
        taps: Shape (8,): a1 to a4, b1 to b4 of a filter with a0 = b0 = 1.
        out: Shape (hops,), written.
    """
    n, hops = _STRETCHES, out.shape[0]
    long = (hops + n - 1) // n
    a1, a2, a3, a4, b1, b2, b3, b4 = taps[0], taps[1], taps[2], taps[3], taps[4], taps[5], taps[6], taps[7]
    begin = np.empty(n, np.int64)
    # rows of n: four values in the filter from the newest on, the energy, four samples; one array and fixed distances,
    # by which the compiler sees that nothing overlaps
    s = np.zeros(9 * n)
    for number in range(long + 1):
        for i in range(n):
            begin[i] = (min(i * long, hops - long) + number) * hop  # few hops: the last stretches do the same again
            s[4 * n + i] = 0.0
        for at in range(0, hop - 3, 4):
            for i in range(n):
                for j in range(4):
                    s[(5 + j) * n + i] = sound[begin[i] + at + j]
            for i in range(n):
                d, c, b, a = s[i], s[n + i], s[2 * n + i], s[3 * n + i]
                e = s[5 * n + i] - a4 * a - a3 * b - a2 * c - a1 * d
                f = s[6 * n + i] - a4 * b - a3 * c - a2 * d - a1 * e
                g = s[7 * n + i] - a4 * c - a3 * d - a2 * e - a1 * f
                h = s[8 * n + i] - a4 * d - a3 * e - a2 * f - a1 * g
                w = b4 * a + b3 * b + b2 * c + b1 * d + e
                x = b4 * b + b3 * c + b2 * d + b1 * e + f
                y = b4 * c + b3 * d + b2 * e + b1 * f + g
                z = b4 * d + b3 * e + b2 * f + b1 * g + h
                s[4 * n + i] += w * w + x * x + y * y + z * z
                s[i], s[n + i], s[2 * n + i], s[3 * n + i] = h, g, f, e
        for at in range(hop - hop % 4, hop):
            for i in range(n):
                d, c, b, a = s[i], s[n + i], s[2 * n + i], s[3 * n + i]
                e = sound[begin[i] + at] - a4 * a - a3 * b - a2 * c - a1 * d
                s[4 * n + i] += (b4 * a + b3 * b + b2 * c + b1 * d + e) ** 2
                s[i], s[n + i], s[2 * n + i], s[3 * n + i] = e, d, c, b
        if number > 0:
            for i in range(n):
                out[begin[i] // hop - 1] = s[4 * n + i]


@njit("float32(float32[::1], float32[:,::1])", nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz"})
def _between(seen: Floats, curves: Spectra) -> float:
    """Return the largest magnitude at a quarter, half and three quarters of the way between the samples of a block.

    Args:
        seen: Shape (_BEFORE + _BLOCK,), the block and what is before it.
        curves: As for `peaks`.
    """
    top = np.int32(0)
    for at in range(_BLOCK):
        half, even, odd = np.float32(0), np.float32(0), np.float32(0)
        for tap in range(6):
            new, old = seen[at + _BEFORE - tap], seen[at + tap]
            half += curves[0, tap] * (new + old)
            even += curves[1, tap] * (new + old)
            odd += curves[2, tap] * (new - old)
        # even + odd at the one quarter, even - odd at the other
        bits = np.float32(max(abs(half), abs(even) + abs(odd))).view(np.int32)
        top = bits if bits > top else top  # noqa: FURB136 - `max` would make it 64 bits wide
    return float(np.int32(top).view(np.float32))


@njit("void(float32[::1], int64, float32[:,::1], float64, float64[::1])", nogil=True, cache=True)
def peaks(sound: Floats, begin: int, curves: Spectra, most: float, tops: Rows) -> None:
    """Raise the largest magnitude of the samples, and of what is between them, to that of one more sound.

    Blocks too quiet for coming above what was found are left out; the loudest goes first.

    Args:
        sound: Shape (n,), n at least `begin` and a block, with what came before.
        begin: First sample that counts, at least 64 + 11.
        curves: Shape (3, 6), half of the taps of three filters of twelve: at the half way, which mirrors itself, and
            the even and the odd part of that at the quarter. Shape (0, 6): only the samples.
        most: Largest magnitude between samples of magnitude 1.
        tops: Shape (2,), changed: of the samples, of all. The first is infinite or no number where a sample is.
    """
    end = sound.shape[0]
    reach = np.empty((end - begin + _BLOCK - 1) // _BLOCK, np.float32)
    for block in range(reach.shape[0]):
        at = min(begin + block * _BLOCK, end - _BLOCK)
        seen = sound[at - _BEFORE : at + _BLOCK]
        top = np.int32(0)
        for i in range(_BEFORE + _BLOCK):
            bits = np.float32(abs(seen[i])).view(np.int32)  # in the order of the magnitudes, and side by side
            top = bits if bits > top else top  # noqa: FURB136 - `max` would make it 64 bits wide
        reach[block] = np.int32(top).view(np.float32)
    largest = int(np.argmax(reach))
    if not reach[largest] <= tops[0]:  # also where it is no number
        tops[0] = reach[largest]
    tops[1] = max(tops[0], tops[1])
    for number in range(-1, reach.shape[0] if curves.shape[0] else -1):
        block = largest if number < 0 else number
        if reach[block] * most > tops[1]:
            at = min(begin + block * _BLOCK, end - _BLOCK)
            between = _between(sound[at - _BEFORE : at + _BLOCK], curves)
            tops[1] = max(tops[1], between)
