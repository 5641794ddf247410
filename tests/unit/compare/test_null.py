"""How unrelated pairs look in a collection, learned from random ones."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from comet.compare import null
from comet.compare.sample import Sample, evidence, prepare
from comet.core.errors import Stopped
from comet.core.job import Control, Event, Job, Progress
from comet.core.model import Stage, Words
from comet.core.sampled import Sampled
from comet.judge import threshold
from comet.listen.chroma import RATE, Chroma
from tests.factories import tune

COUNT = 40


@cache
def words(seed: int, noise: float = 0.0) -> Words:
    """Return the fingerprint of a tune of 20 s, with noise in it for another copy."""
    rng = np.random.default_rng(seed)
    sound = tune(seed, 20, rate=RATE)
    chroma = Chroma()
    chroma.feed(np.asarray((sound + noise * rng.standard_normal(len(sound))) * 30_000, np.int16))
    return chroma.finish()


def tracks(copies: int) -> Sample:
    """Return `COUNT` tunes, each so many times with more and more noise."""
    levels = (0.0, 0.01, 0.02)[:copies]
    some = [words(seed, noise) for noise in levels for seed in range(COUNT)]
    return prepare(enumerate(some, 1))


def draw(sample: Sample, pairs: int = null.PAIRS, serials: range | None = None) -> Sampled:
    """Compare random pairs."""
    every = serials or range(1, len(sample.serials) + 1)
    return null.draw(sample, every, Job(), minimum=40, span=0, pairs=pairs)


@pytest.mark.parametrize(
    ("count", "wanted"), [(0, 9), (1, 9), (2, 9), (30, 435), (30, 434), (1000, 500), (10**6, 2000)]
)
def test_pairs_are_different_and_of_all(count: int, wanted: int) -> None:
    """Every pair has two things of which the first is the smaller, and none comes twice."""
    pairs = null._pairs(count, wanted)
    assert len(pairs) == min(wanted, count * (count - 1) // 2)
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    assert np.all((pairs[:, 0] >= 0) & (pairs[:, 0] < pairs[:, 1]) & (pairs[:, 1] < max(1, count)))
    if len(pairs) == 2000:
        assert abs(pairs.mean(axis=0) / count - (1 / 3, 2 / 3)).max() < 0.02


def test_few_pairs_are_all_compared() -> None:
    """Where there are no more pairs than wanted, the histograms are those of all of them."""
    sample = tracks(1)
    found = draw(sample)
    j, i = np.tril_indices(COUNT, -1)
    both = evidence(sample, np.column_stack([i, j]).astype(np.int64))
    assert found.audios == COUNT
    for counts, every in zip((found.flat, found.sloped), both, strict=True):
        z = every[np.isfinite(every)]
        assert counts.sum() == len(z) > 700
        assert counts[: int(3.0 * 16)].sum() == np.sum(z < 3.0)


def test_the_same_collection_draws_the_same_pairs() -> None:
    """The line does not move by itself; other pairs would have been another sample."""
    sample = tracks(1)
    one, again = draw(sample, 300), draw(sample, 300)
    assert one.flat.tolist() == again.flat.tolist()
    assert one.sloped.tolist() == again.sloped.tolist()
    assert one.flat.sum() <= 300


def test_only_what_is_there_is_drawn() -> None:
    """Audios without a file are in the sample as columns, but say nothing of the collection."""
    found = draw(tracks(1), serials=range(11, 21))
    alone = draw(prepare((seed, words(seed)) for seed in range(10, 20)), serials=range(100))
    assert (found.audios, int(found.flat.sum())) == (alone.audios, int(alone.flat.sum())) == (10, 45)
    assert found.flat.tolist() == alone.flat.tolist()


def test_it_can_be_stopped() -> None:
    """A stop is heard between batches, and each of them is told."""
    heard: list[Event] = []
    null.draw(tracks(1), range(1, 41), Job(heard.append, every=0.0), minimum=40, span=0, pairs=300)
    last = heard[-1]
    assert isinstance(last, Progress)
    assert (last.stage, last.done, last.total) == (Stage.SAMPLE, 300, 300)
    with pytest.raises(Stopped):
        null.draw(tracks(1), range(1, 41), Job(control=lambda: Control(stop=True)), minimum=40, span=0)


@pytest.mark.slow
def test_a_collection_three_times_over_has_the_same_null() -> None:
    """With every tune there three times, the line of as many tracks moves by less than 0.5; counting all does not."""
    once, thrice = (draw(tracks(copies)) for copies in (1, 3))
    lines = [tuple(threshold.lines(3 * COUNT, 0.1, threshold.learn(found))) for found in (once, thrice)]
    assert lines[1] == pytest.approx(lines[0], abs=0.5)
    # the weight of the prior takes part of any difference: what was measured is as near
    measured = [threshold._learn(found.flat, threshold.FLAT)[0] for found in (once, thrice)]
    assert measured[1] == pytest.approx(measured[0], abs=0.5)
    assert threshold.quantile(thrice.flat) > threshold.quantile(once.flat) + 3
