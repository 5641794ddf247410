"""The evidence along slopes against its definition, and which form of the evidence a pair is kept in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comet.compare import sample, slopes
from comet.compare.sample import align, best, compare, evidence, prepare, surest
from comet.core.sampled import Tail
from comet.core.words import SILENCE
from tests import naive_compare as naive
from tests.unit.compare.words import LOW, TAILS, faster, flat, pair, tracks


def along(a: np.ndarray, b: np.ndarray, minimum: int, reach: int) -> tuple[int, int, int, int, float]:
    """Give offset, steps, overlap, errors and z of the strongest line."""
    found = np.empty((1, slopes.FOUND))
    ready = pair(a, b)
    slopes.pairs(*sample._tracks(ready), np.array([[0, 1]]), ready.longest, minimum, reach, found)
    offset, steps, overlap, errors, z = found[0].tolist()
    return int(offset), int(steps), int(overlap), int(errors), z


def check(a: np.ndarray, b: np.ndarray, minimum: int, reach: int) -> None:
    """Hold what is found against the definition."""
    offset, steps, overlap, errors, z = along(a, b, minimum, reach)
    lines = naive.lines(a, b, minimum, reach)
    if not lines:
        assert (overlap, errors, z) == (0, 0, -np.inf)
        return
    assert z == pytest.approx(max(lines.values()), abs=1e-4)
    # Of several lines that begin at one offset only the slope and what they hold tell which it was.
    near = [line for line, value in lines.items() if value == pytest.approx(z, abs=1e-4) and line[1] == steps]
    told = [(d0 if d0 <= 0 else round(d0 / (1 - steps / 200)), *naive.along(a, b, d0, steps)) for d0, _steps in near]
    assert (offset, overlap, pytest.approx(errors / (32 * overlap))) in told


@given(tracks(), tracks(), st.sampled_from([1, 10, 40]), st.sampled_from([0, 7, 60]))
@settings(max_examples=150)
def test_equals_definition(a: np.ndarray, b: np.ndarray, minimum: int, reach: int) -> None:
    """Offset, slope, overlap, error and evidence are those of the definition, with everything that may be missing."""
    check(a, b, minimum, reach)


@pytest.mark.parametrize(("long", "short"), [(700, 33), (33, 700), (31, 500), (641, 40), (900, 870)])
def test_equals_definition_at_any_length(long: int, short: int) -> None:
    """Likewise where one track is far longer than the other, or shorter than a segment."""
    rng = np.random.default_rng(long)
    a = rng.integers(0, 2**32, long, dtype=np.uint32)
    a[100:130], a[300:310] = 7, SILENCE
    b = np.resize(faster(a, 3.0), short)
    check(a, b, 20, 150)


@given(tracks(), tracks())
@settings(max_examples=100)
def test_without_a_slope_it_is_the_flat_form(a: np.ndarray, b: np.ndarray) -> None:
    """The line with slope 0 is one offset: with all in reach no pair has less evidence than in the flat form."""
    (one,), (other,) = evidence(pair(a, b), np.array([[0, 1]]))
    assert other >= one - 1e-4
    plain = naive.lines(a, b, 40, 150, slopes=[0])
    assert one == pytest.approx(max(plain.values(), default=-np.inf), abs=1e-4)


@pytest.mark.parametrize("percent", [-5.0, -2.5, 0.5, 3.0, 4.25])
@pytest.mark.parametrize("begin", [-90, 0, 120])
def test_a_copy_at_another_speed_is_aligned_along_its_line(percent: float, begin: int) -> None:
    """Wherever it starts: the line that is told goes through what the tracks have in common, from its first word on."""
    rng = np.random.default_rng(5)
    a = rng.integers(0, 2**32, 900, dtype=np.uint32)
    noise = rng.integers(0, 2**32, abs(begin), dtype=np.uint32)
    b = faster(a, percent)
    a, b = (a, np.concatenate([noise, b])) if begin < 0 else (np.concatenate([noise, a]), b)
    found = best(a, b, TAILS)
    assert abs(found.slope - percent) <= 0.25
    assert abs(found.offset - begin) <= 4
    start = max(0, found.offset)
    k = np.arange(start, len(a))
    m = np.rint(k - found.offset - (k - start) * found.slope / 100).astype(int)
    inside = (m >= 0) & (m < len(b))
    assert inside.sum() == pytest.approx(found.overlap, abs=12)
    same = [(a[x] == b[max(0, y - 2) : y + 3]).any() for x, y in zip(k[inside], m[inside], strict=True)]
    assert np.mean(same) > 0.7
    assert flat(a, b).evidence < found.evidence


def test_a_pair_is_kept_in_the_form_that_chance_explains_less() -> None:
    """A plain copy is flat alone, one at another speed both; each form has its floor, and chance tells which counts."""
    rng = np.random.default_rng(6)
    a = rng.integers(0, 2**32, 900, dtype=np.uint32)
    assert best(a, a, TAILS).slope == 0.0
    assert align(a, faster(a, 2.0), TAILS).slope == 2.0
    ready = prepare(enumerate([a, a, faster(a, 2.0)]))
    every = np.array([[0, 1], [0, 2]])
    for floors, kept in ((LOW, 3), ((1e9, 0.0), 1), ((0.0, 1e9), 2), ((1e9, 1e9), 0)):
        assert len(compare(ready, every, floors).i) == kept
    both = compare(ready, every, LOW)
    assert (both.j.tolist(), both.slope.tolist()) == ([1, 2, 2], [0.0, 0.0, 2.0])
    assert surest(both, TAILS).slope.tolist() == [0.0, 2.0]
    assert compare(ready, every, LOW, gate=np.inf).slope.tolist() == [0.0, 0.0]
    heavy = (TAILS[0], Tail(1e9, 1.0))
    assert surest(both, heavy).slope.tolist() == [0.0, 0.0]


def test_evidence_of_any_pairs() -> None:
    """Both forms in the order of the pairs that are asked for, whatever they are; -inf where there is no overlap."""
    rng = np.random.default_rng(7)
    made = [rng.integers(0, 2**32, length, dtype=np.uint32) for length in rng.integers(30, 200, 40)]
    ready = prepare(enumerate(made))
    every = np.array([(i, j) for j in range(40) for i in range(j)])
    some = every[rng.permutation(len(every))[:300]]
    one, other = evidence(ready, some)
    assert np.isneginf(one).any()
    for (i, j), z, along_line in zip(some.tolist(), one, other, strict=True):
        assert z == (flat(made[i], made[j]).evidence or -np.inf)
        assert along_line == along(made[i], made[j], 40, sample.REACH)[4]
    assert [len(form) for form in evidence(ready, every[:0])] == [0, 0]
