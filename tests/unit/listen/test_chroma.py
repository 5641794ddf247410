"""The fingerprint engine is Chromaprint, and streams."""

from __future__ import annotations

import numpy as np
import pytest

from comet.listen.chroma import RATE, SHORTEST, Chroma
from tests import naive_listen
from tests.factories import silence, tune


def pcm(seed: int, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Return a tune as the engine takes it."""
    return np.asarray(tune(seed, seconds, rate=RATE) * 32767, np.int16)


def words(samples: np.ndarray[tuple[int], np.dtype[np.int16]], block: int = 1 << 30) -> list[int]:
    """Feed in blocks and return the sub-fingerprints."""
    chroma = Chroma()
    for start in range(0, len(samples), block):
        chroma.feed(samples[start : start + block])
    return list(map(int, chroma.finish()))


@pytest.mark.parametrize("seed", range(3))
def test_equals_the_slow_twin(seed: int) -> None:
    """Streaming, integral image and compiled loops change no bit of what the method says."""
    samples = pcm(seed, 25)
    expected = naive_listen.words(samples).tolist()
    assert len(set(expected)) > 50
    assert words(samples) == expected


def test_noise_and_silence_equal_the_slow_twin() -> None:
    """Rows of silence stay empty, also between sounds."""
    noise = np.random.default_rng(1).integers(-9000, 9000, 8 * RATE).astype(np.int16)
    samples = np.concatenate((noise, silence(6, rate=RATE).astype(np.int16), noise))
    assert words(samples) == naive_listen.words(samples).tolist()


@pytest.mark.parametrize("block", [997, 1365, 4096, 16_384])
def test_blocks_change_nothing(block: int) -> None:
    """The same sound in other blocks is the same fingerprint."""
    samples = pcm(7, 30)
    assert words(samples, block) == words(samples)


def test_the_shortest_sound() -> None:
    """2.72 s give one sub-fingerprint, a sample less gives none, nothing gives none."""
    samples = pcm(4, 4)
    count = round(SHORTEST * RATE)
    assert count == 30_031
    assert (len(words(samples[: count - 1])), len(words(samples[:count])), words(samples[:0])) == (0, 1, [])


def test_memory_does_not_grow_with_the_sound() -> None:
    """Between blocks only some rows, less than a batch of sound, and the words are kept."""
    chroma = Chroma()
    sizes = []
    block = pcm(1, 10)
    for _minute in range(6):
        for _times in range(6):
            chroma.feed(block)
        sizes.append(sum(part.nbytes for part in chroma._samples) + chroma._chroma.nbytes + chroma._image.nbytes)
    assert max(sizes) < 300_000
    assert sum(part.nbytes for part in chroma._words) == 4 * sum(map(len, chroma._words)) < 4 * 9 * 360
