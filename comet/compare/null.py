"""How unrelated pairs look in this very collection: the evidence of random pairs, in both forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from comet.compare.sample import Sample, evidence, numbered
from comet.core.job import Job
from comet.core.model import Stage
from comet.core.sampled import Sampled

PAIRS: Final = 20_000
"""Pairs that are drawn: their number leaves an error of 0.7 sqrt(99 / 20 000) = 0.05 in the 99 % point and with it 7 %
in the expected number of false pairs. Another half of the same collection differs by 0.05: more would gain nothing."""
BINS: Final = 256
BIN: Final = 16
"""Of a histogram of evidence: 256 bins of 1/16."""
_BATCH: Final = 2_000
"""Pairs between two looks whether to stop, some tenths of a second."""
_SEED: Final = 99
"""Any number, and always the same: one scan has one line. Scanned in another order, other pairs are drawn, and the line
moves by about 0.04."""


def draw(sample: Sample, serials: Iterable[int], job: Job, *, minimum: int, span: int, pairs: int = PAIRS) -> Sampled:
    """Compare random pairs of some audios in both forms of evidence.

    Args:
        sample: Made of all that is compared.
        serials: The audios to draw from; those that are not in the sample are left out.
        job: Hears about each batch.
        minimum: Least informative overlap in words.
        span: Largest offset in words, 0 for any.
        pairs: So many different pairs, or all where there are no more.

    Returns:
        Histograms in which pairs without enough overlap are missing.

    Raises:
        Stopped: The job was asked to.
    """
    rows = np.flatnonzero(np.isin(sample.serials, np.fromiter(serials, np.int64)))
    drawn = rows[_pairs(len(rows), pairs)]
    flat, sloped = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)
    with job.stage(Stage.SAMPLE, len(drawn)) as advance:
        for start in range(0, len(drawn), _BATCH):
            batch = drawn[start : start + _BATCH]
            both = evidence(sample, batch, minimum, span)
            flat += _histogram(both[0])
            sloped += _histogram(both[1])
            advance(len(batch))
    return Sampled(len(rows), flat, sloped)


def _pairs(count: int, wanted: int) -> NDArray[np.int64]:
    """Return different random pairs i < j of `count` things, shape (n, 2)."""
    every = count * (count - 1) // 2
    numbers: NDArray[np.int64] = (
        np.sort(np.random.default_rng(_SEED).choice(every, wanted, replace=False))
        if every > wanted
        else np.arange(every, dtype=np.int64)
    )
    return numbered(numbers)


def _histogram(z: NDArray[np.float64]) -> NDArray[np.int64]:
    bins = np.clip(z[np.isfinite(z)] * BIN, 0, BINS - 1).astype(np.int64)
    return np.bincount(bins, minlength=BINS).astype(np.int64)
