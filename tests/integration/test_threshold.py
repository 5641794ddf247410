"""The line is learned from the collection, and moving it costs no new comparison."""

from __future__ import annotations

import pytest

from comet import pipeline, scanning
from comet.collection import pairs, threshold
from comet.collection.opened import Collection
from comet.core.job import Job
from comet.core.sampled import Sampled
from comet.judge.threshold import comparisons, expected_false
from tests.factories import tune, write
from tests.integration.conftest import Bench


def _correlated(bench: Bench) -> Sampled:
    """Scan and correlate, and return what random pairs showed."""
    with bench.opened() as collection:
        scanning.scan_roots(collection, Job())
        pipeline.correlate(collection, Job())
        found = collection.cache.sampled(pairs.sampled_by(collection))
        assert found is not None
        return found


@pytest.mark.slow
def test_random_pairs_are_drawn_where_the_collection_has_changed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """First when it is correlated, then after a tenth came or went, or by other settings; not otherwise."""
    for seed in range(4):
        write(bench.music / f"{seed}.flac", tune(seed, 12))
    first = _correlated(bench)
    assert (first.audios, int(first.flat.sum())) == (4, 6)
    with monkeypatch.context() as patched:
        patched.setattr("comet.compare.null.draw", lambda *_a, **_k: pytest.fail("drawn again"))
        _correlated(bench)
        patched.setattr("comet.judge.threshold._CHANGED", 0.5)
        write(bench.music / "4.flac", tune(4, 12))
        assert _correlated(bench).audios == 4
    for name in ("3.flac", "4.flac"):
        (bench.music / name).unlink()
    gone = _correlated(bench)
    assert (gone.audios, int(gone.sloped.sum())) == (3, 3)
    assert _correlated(Bench(bench.music, ("correlate.sample=15",))).audios == 3


def test_the_line_is_that_of_the_random_pairs(bench: Bench) -> None:
    """What the cache holds of random pairs moves line, p-value and doubt of this collection."""
    write(bench.music / "one.flac", tune(1, 15))
    write(bench.music / "one.mp3", tune(1, 15))
    (before,), _groups = bench.full()
    with bench.opened() as collection:
        found = collection.cache.sampled(pairs.sampled_by(collection))
        assert found is not None
        assert pairs.line(collection).doubt == "few"
        higher = found.flat * 0
        higher[16 * 9] = 1_000_000
        collection.cache.store_sampled(pairs.sampled_by(collection), Sampled(2, higher, higher))
        drawn = pairs.line(collection)
        (after,) = pairs.of_files(collection)
    assert drawn.null.flat.q99 > 8.5
    assert after.evidence == before.evidence
    assert after.p_value > 50 * before.p_value


def test_moving_the_line_compares_nothing_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another number of accepted false pairs is another line over what was found, and no setting has changed."""
    write(bench.music / "one.flac", tune(1, 15))
    write(bench.music / "one.mp3", tune(1, 15))
    write(bench.music / "two.mp3", tune(2, 15))
    bench.full()
    monkeypatch.setattr("comet.pipeline._compare", lambda *_a: pytest.fail("compared again"))
    with bench.opened() as collection:
        strict = threshold.accepting(collection, 1e-9)
        assert pairs.line(strict).evidence > pairs.line(collection).evidence
        assert [step.line.accepted for step in threshold.steps(collection)] == list(threshold.STEPS)
        assert [step.line.accepted for step in threshold.steps(strict)] == [1e-9, *threshold.STEPS]
        seen = threshold.steps(collection)
        assert [step.line.evidence for step in seen] == sorted((s.line.evidence for s in seen), reverse=True)
        assert [step.pairs for step in seen] == sorted(step.pairs for step in seen)
        assert collection.profile.settings.judge.false_pairs == 0.1


def test_the_nearest_pairs_are_those_beside_the_line(bench: Bench) -> None:
    """Above it the least sure that counts, below it the surest that does not, by the line of its form."""
    for name, seconds in (("a", 12), ("b", 16), ("c", 25)):
        write(bench.music / f"{name}.flac", tune(1, seconds))
    bench.full()
    with bench.opened() as collection:
        every = sorted(pair.evidence for pair in pairs.candidates(collection))
        assert len(every) == 3
        assert threshold.nearest(collection, 2).below == []
        assert [pair.evidence for pair in threshold.nearest(collection, 2).above] == every[:2]
        between = _line_between(collection, every[1], every[2])
        assert [pair.evidence for pair in pairs.candidates(between)] == every[2:]
        near = threshold.nearest(between, 5)
        assert [pair.evidence for pair in near.below] == every[1::-1]
        assert [pair.evidence for pair in near.above] == every[2:]
        told = threshold.told(between, [*near.below, *near.above])
        assert [pair.evidence for pair in told] == [*every[1::-1], *every[2:]]
        assert told[0].expected_false > pairs.line(between).accepted > told[2].expected_false


def _line_between(collection: Collection, low: float, high: float) -> Collection:
    """Return the collection under a line between two pairs of flat evidence."""
    drawn = pairs.line(collection)
    expected = expected_false((low + high) / 2, comparisons(drawn.audios), drawn.null.flat)
    moved = threshold.accepting(collection, expected)
    assert low < pairs.line(moved).evidence < high
    return moved
