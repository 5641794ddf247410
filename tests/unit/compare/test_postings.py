"""The index's loops against their slow twins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comet.compare import candidates, index, postings, slopes
from comet.compare.sample import Sample, prepare
from tests import naive_index as naive
from tests.unit.compare.words import faster

BITS = 8
"""Few, so that chance fills buckets."""
MASK = int(index.mask(0, BITS))
EVERY = np.empty(0, np.uint8)


def music(seed: int, length: int) -> np.ndarray:
    """Make words that hold for a while, as those of music do, with some that are missing."""
    rng = np.random.default_rng(seed)
    words = rng.integers(1, 2**32, length, dtype=np.uint32)
    for k in range(1, length):
        if rng.random() < 0.6:
            words[k] = words[k - 1] ^ (np.uint32(1) << np.uint32(rng.integers(32)))
    words[rng.random(length) < 0.02] = 0
    return words


def sample(*tracks: np.ndarray) -> Sample:
    """Make tracks ready; their words stay as they are."""
    made = prepare(enumerate(tracks))
    words = np.concatenate(tracks)
    return Sample(made.serials, words, made.offsets, made.means, made.runs, made.run_offsets, made.longest)


def table(
    made: Sample, low: int = 0, high: int = 1 << BITS, wanted: np.ndarray = EVERY, inner: int = 4
) -> list[np.ndarray]:
    """Give the postings by partition."""
    count = len(made.serials)
    about = (made.words, made.offsets, 0, count, made.longest, np.uint64(MASK), BITS, low, high, wanted, inner)
    counts = np.zeros((high - low) >> inner, np.int64)
    postings.count(*about, counts)
    ends = np.cumsum(counts)
    rows, written = ends - counts, np.zeros((int(ends[-1]), 4), np.uint64)
    postings.scatter(*about, rows, written)
    assert (rows == ends).all()
    return np.split(written, ends[:-1])


@given(st.integers(0, 10_000), st.sampled_from([0, 40, 49, 60, 300]), st.sampled_from([0, 64]))
@settings(max_examples=40, deadline=None)
def test_postings_are_those_of_the_definition(seed: int, length: int, low: int) -> None:
    """Each once, in its partition, with its context, in the order of the tracks; only the keys that are asked for."""
    tracks = [music(seed, length), music(seed + 1, 200)]
    told = [
        (
            (low >> 4) + partition << 4 | int(row[3] >> np.uint64(52)),
            int(row[3]) >> 24 & 0xFFFFFFF,
            int(row[3]) & 0xFFFFFF,
            row,
        )
        for partition, rows in enumerate(table(sample(*tracks), low))
        for row in rows
    ]
    expected = [(t, *at) for t, track in enumerate(tracks) for at in naive.postings(track, MASK, BITS) if at[1] >= low]
    assert sorted((t, k, key) for key, t, k, _row in told) == sorted(expected)
    for _key, t, k, row in told:
        around = [int(row[side]) >> shift & 0xFFFFFFFF for side in range(3) for shift in (0, 32)]
        assert around == [int(tracks[t][k + side]) for s in naive.SIDES for side in (-s, s)]


def test_only_keys_that_fresh_tracks_have() -> None:
    """Postings under other keys can be in no pair that counts."""
    tracks = [music(seed, 300) for seed in range(4)]
    made = sample(*tracks)
    wanted = np.zeros(1 << BITS, np.uint8)
    postings.occupy(made.words, made.offsets, 3, 4, made.longest, np.uint64(MASK), BITS, wanted)
    keys = {key for _k, key in naive.postings(tracks[3], MASK, BITS)}
    assert set(np.flatnonzero(wanted).tolist()) == keys
    some = sum(key in keys for track in tracks for _k, key in naive.postings(track, MASK, BITS))
    assert sum(map(len, table(made, wanted=wanted))) == some


@given(st.integers(0, 10_000), st.integers(30, 260), st.integers(30, 260), st.data())
@settings(max_examples=40, deadline=None)
def test_contrast_and_fan_are_those_of_the_definition(seed: int, one: int, other: int, data: st.DataObject) -> None:
    """Anywhere in tracks of any length, also where one ends near."""
    x, y = music(seed, one), music(seed + 1, other)
    y[: min(one, other) // 2] = x[: min(one, other) // 2]
    pi, pj = data.draw(st.integers(0, one - 1)), data.draw(st.integers(0, other - 1))
    for half in (16, 48):
        assert candidates.contrast(x, y, pi, pj, half) == pytest.approx(naive.contrast(x, y, pi, pj, half))
    scratch = np.full(candidates.WIDEST, 999, np.int32), np.full((slopes.SLOPES, 5), 999, np.int32)
    least = data.draw(st.sampled_from([-np.inf, 0.0, 6.0, 12.0]))
    expected = naive.fan(x, y, pi, pj, least, 8.3)
    assert candidates.fan(x, y, pi, pj, least, 8.3, *scratch) == pytest.approx(expected)


@pytest.mark.parametrize("fresh", [0, 3, 5])
def test_candidates_are_what_all_pairs_of_places_give(fresh: int) -> None:
    """Each pair of two tracks of which one is fresh, with like contexts, contrast and a line; and no other."""
    rng = np.random.default_rng(1)
    tracks = [music(seed, 400) for seed in range(3)]
    noise = np.uint32(1) << rng.integers(0, 32, 400, dtype=np.uint32)
    tracks += [faster(tracks[0], 2.0), tracks[1][50:] ^ noise[50:], music(9, 300)]
    made, limit = sample(*tracks), 140
    expected = set()
    places = [(key, t, k) for t, track in enumerate(tracks) for k, key in naive.postings(track, MASK, BITS)]
    for (one, i, pi), (other, j, pj) in itertools.combinations(sorted(places), 2):
        if (i, j) in expected:
            continue
        if one == other and i < j and j >= fresh and naive.apart(tracks[i], pi, tracks[j], pj) <= limit:
            x, y = tracks[i], tracks[j]
            near, far = (naive.contrast(x, y, pi, pj, half) for half in (16, 48))
            if near >= candidates.NEAR and far >= candidates.FAR:
                shared = float((made.means[i].astype(float) / 2**24 * made.means[j] / 2**24).sum())
                if naive.fan(x, y, pi, pj, 12.0, shared) >= 12.0:
                    expected.add((i, j))
    found, counts = np.empty(100, np.int64), np.zeros(2, np.int64)
    seen = np.zeros(1 << 10, np.uint64)
    pairs = set()
    for rows in table(made):
        tracks_ = made.words, made.offsets, made.means
        count = candidates.propose(*tracks_, rows, 4, fresh, limit, 12.0, seen, found, counts)
        assert count <= len(found)
        pairs |= {divmod(pair, 1 << 32) for pair in found[:count].tolist()}
    assert pairs == expected
    assert pairs == {pair for pair in ((0, 3), (1, 4)) if pair[1] >= fresh}
    assert counts[0] > counts[1] >= len(pairs) or fresh == 5
