"""Where a track begins and ends to be heard."""

from __future__ import annotations

import numpy as np
import pytest

from comet.listen.chroma import RATE
from comet.listen.sound import Sound
from tests import naive_listen
from tests.factories import silence, tone, tune


def sound(*parts: np.ndarray[tuple[int], np.dtype[np.float32]], limit: int = 0, block: int = 5000) -> Sound:
    """Feed the parts, one after the other, in blocks."""
    samples = np.asarray(np.concatenate(parts) * 32767, np.int16)
    result = Sound(limit)
    for start in range(0, len(samples), block):
        result.feed(samples[start : start + block])
    return result


@pytest.mark.parametrize("block", [100, 5000, 1 << 20])
def test_quiet_at_the_ends(block: int) -> None:
    """The seconds of quiet before the first and after the last sound, to 20 ms."""
    quiet = sound(silence(2, rate=RATE), tone(3, rate=RATE), silence(1.5, rate=RATE), block=block).quiet(6.5)
    assert quiet == pytest.approx((2.0, 1.5), abs=0.03)


def test_the_limit_is_60_db() -> None:
    """A tone of -61 dBFS RMS is quiet, one of -59 is a sound (a sine's peak is 3 dB above its RMS)."""
    assert sound(tone(3, level=-58, rate=RATE)).quiet(3) == (3, 0)
    assert sound(tone(3, level=-56, rate=RATE)).quiet(3) == pytest.approx((0, 0), abs=0.03)


def test_equals_the_slow_twin() -> None:
    """First and last loud frame are those of the twin, wherever the sound lies."""
    rng = np.random.default_rng(3)
    levels = rng.choice([0.0, 0.001, 0.003, 1], 20, p=[0.5, 0.3, 0.1, 0.1])
    samples = tune(2, 8, rate=RATE) * np.repeat(levels, 8 * RATE // 20).astype(np.float32)
    loud = naive_listen.audible(np.asarray(samples * 32767, np.int16), RATE)
    first, last = loud.index(True), len(loud) - loud[::-1].index(True)
    assert sound(samples).quiet(8) == pytest.approx((first * 220 / RATE, 8 - last * 220 / RATE))


def test_silence_has_no_words() -> None:
    """What is silent from start to end cannot be recognised: all silent tracks would look the same."""
    silent = sound(silence(10, rate=RATE))
    assert len(silent.words()) == 0
    assert silent.quiet(10) == (10, 0)
    assert len(sound(silence(5, rate=RATE), tone(5, rate=RATE)).words()) > 0


def test_the_limit_ends_the_sound() -> None:
    """No sample beyond the limit counts, and the end was not heard then."""
    samples = tune(3, 20, rate=RATE)
    short = sound(samples, limit=10 * RATE)
    assert short.complete
    assert short.words().tolist() == sound(samples[: 10 * RATE]).words().tolist()
    assert short.quiet(20)[1] == 0
    assert not sound(samples[: 9 * RATE], limit=10 * RATE).complete
