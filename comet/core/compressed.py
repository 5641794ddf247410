"""A fingerprint in Chromaprint's compressed text form, and back: URL-safe Base64 of a packed stream.

Of each word, xored with the one before, the distances between its set bits are written in 3 bits each, ended by a 0; a
7 means that the rest of a longer distance stands among the 5 bits each that follow all of these. Before them stand a
byte for the algorithm and the number of words in 24 bits. (Chromaprint, src/fingerprint_compressor.cpp.)
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from comet.core.text import _

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.core.model import Words

_ALGORITHM: Final = 1  # how Chromaprint numbers its algorithm 2
_HEAD: Final = 4  # bytes
_LONG: Final = 7  # a distance whose rest stands behind


def encode(words: Words) -> str:
    """Return a fingerprint as text.

    Args:
        words: Shape (n,), uint32, n below 2**24.
    """
    changed = words.astype("<u4")
    changed[1:] ^= words[:-1]
    rows, bits = np.nonzero(np.unpackbits(changed.view(np.uint8).reshape(-1, 4), axis=1, bitorder="little"))
    steps = np.diff(bits, prepend=0)
    first = np.diff(rows, prepend=-1) > 0
    steps[first] = bits[first] + 1
    stream = np.zeros(len(bits) + len(words), np.uint8)
    stream[np.arange(len(bits)) + rows] = np.minimum(steps, _LONG)
    head = bytes([_ALGORITHM]) + len(words).to_bytes(3, "big")
    raw = head + _packed(stream, 3) + _packed(steps[steps >= _LONG] - _LONG, 5)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> Words:
    """Return the words of a fingerprint that is text; shape (n,), uint32.

    Raises:
        ValueError: it is none, or another algorithm's; the message is a sentence.
    """
    broken = ValueError(_("its fingerprint is broken"))
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise broken from error
    if len(raw) < _HEAD:
        raise broken
    if raw[0] != _ALGORITHM:
        raise ValueError(_("its fingerprint is of another algorithm than Chromaprint's second one"))
    count, packed = int.from_bytes(raw[1:_HEAD], "big"), np.frombuffer(raw, np.uint8, offset=_HEAD)
    stream = _unpacked(packed, 3)
    ends = np.flatnonzero(stream == 0)[:count]
    if len(ends) < count:
        raise broken
    stream = stream[: ends[-1] + 1 if count else 0]
    long = np.flatnonzero(stream == _LONG)
    rest = _unpacked(packed[-(-len(stream) * 3 // 8) :], 5)[: len(long)]
    if len(rest) < len(long):
        raise broken
    steps = stream.astype(np.int64)
    steps[long] += rest
    return _words(steps, ends, broken)


def _words(steps: NDArray[np.int64], ends: NDArray[np.intp], broken: ValueError) -> Words:
    """Return the words whose distances between set bits are `steps`; each word's are ended by a 0, at `ends`."""
    reached = np.cumsum(steps)
    before = np.concatenate([[0], reached[ends[:-1]]]) if len(ends) else reached
    set_ = np.flatnonzero(steps)
    rows = np.searchsorted(ends, set_)
    bits = reached[set_] - before[rows] - 1
    if (bits >= 32).any():
        raise broken
    changed = np.zeros(len(ends), np.uint32)
    np.bitwise_or.at(changed, rows, np.uint32(1) << bits.astype(np.uint32))
    return np.bitwise_xor.accumulate(changed)


def _packed(values: NDArray[Any], width: int) -> bytes:
    """Return the lowest `width` bits of each value, one after the other, padded to whole bytes."""
    bits = np.unpackbits(values.astype(np.uint8)[:, None], axis=1, count=width, bitorder="little")
    return np.packbits(bits, bitorder="little").tobytes()


def _unpacked(packed: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Return the values of `width` bits each that stand one after the other; bits that are left over are none."""
    bits = np.unpackbits(packed, bitorder="little")
    rows = bits[: len(bits) // width * width].reshape(-1, width)
    return np.packbits(rows, axis=1, bitorder="little")[:, 0] if len(rows) else np.zeros(0, np.uint8)
