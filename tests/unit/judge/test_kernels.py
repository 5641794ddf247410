"""The loops along lines, against their obvious twins: words as in music, silence, drones, lines beside the track."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comet.core.words import SILENCE, informative
from comet.judge import kernels
from comet.judge.kernels import AROUND, HOP
from tests import naive_judge as naive
from tests.unit.judge.made import music, noisy, silence

if TYPE_CHECKING:
    from comet.core.model import Words
    from tests.naive_judge import Line, Numbers, Tracks

A = music(1, 300)
SHIFTS = st.lists(st.floats(-8, 8, width=16) | st.sampled_from([0.0, 3.0]), min_size=2, max_size=40)
LONG = st.integers(500, 1200).map(lambda n: np.random.default_rng(n).normal(size=n).round(2).tolist())


def tracks(i: Words, j: Words) -> Tracks:
    """Return two tracks as the loops take them."""
    return i, informative(i), j, informative(j)


@st.composite
def words(draw: st.DrawFn) -> Words:
    """Draw a track of up to 400 words: pieces of one piece of music, noise, silence and drones; perhaps empty."""
    sources = [A, noisy(A, 0.1), music(2, 300), silence(300), np.full(300, 5, np.uint32)]
    cuts = draw(st.lists(st.tuples(st.sampled_from(sources), st.integers(0, 250), st.integers(0, 150)), max_size=3))
    return np.concatenate([np.zeros(0, np.uint32), *(source[at : at + count] for source, at, count in cuts)])


@st.composite
def lines(draw: st.DrawFn, length: int, least: int = 0) -> Line:
    """Draw a line over `least` words or more of a track of `length`; it may lie beside the other one."""
    start = draw(st.integers(0, length - least))
    stop = draw(st.integers(start + least, length))
    offset = draw(st.integers(-400, 400) | st.floats(-40, 40, width=16))
    return start, stop, float(offset), draw(st.sampled_from([0.0, 0.0, 0.02, -0.05, 0.9]))


@given(words(), words(), st.data())
@settings(max_examples=150)
def test_what_a_line_lays_on_each_other(i: Words, j: Words, data: st.DataObject) -> None:
    """Where a line lies, how it agrees, where its ends are and where another one takes over is what the twins say."""
    line, both = data.draw(lines(len(i))), tracks(i, j)
    start, stop, offset, slope = line
    middle, limit = data.draw(st.integers(start, stop)), data.draw(st.sampled_from([0.34, 0.42]))
    first = data.draw(st.integers(0, len(i) - (stop - start)))
    then = first, first + stop - start, offset + data.draw(st.integers(-9, 9)), slope
    wide = kernels.inside(len(i), len(j), start, offset, slope)
    assert wide == naive.inside(len(i), len(j), start, offset, slope)
    assert kernels.errors(*line, *both) == naive.errors(line, both)
    assert kernels.ends(*line, *both, middle, limit) == naive.ends(line, both, middle, limit)
    assert kernels.parting(*line, *then, *both) == naive.parting(line, then, both)
    whole = (*wide, offset + slope * (wide[0] - start), slope)
    *arrays, lone_i, lone_j = kernels.along(*whole, *both)
    assert (*(array.tolist() for array in arrays), lone_i, lone_j) == naive.along(whole, both)


@pytest.mark.parametrize("behind", [0, SILENCE, 0xFFFFFFFF])
def test_a_word_that_rounding_lays_behind_the_end_is_unknown(behind: int) -> None:
    """A line that begins elsewhere is rounded otherwise; what stands in memory behind the other track says nothing."""
    i, longer = music(1, 300), np.append(music(2, 300)[:66], np.uint32(behind))
    both = i, np.ones(300, np.bool_), longer[:66], np.ones(67, np.bool_)[:66]
    line = 0, 65, -1.5, 0.0
    assert naive.places(line)[-1] == 66
    *arrays, lone_i, lone_j = kernels.along(*line, *both)
    assert (*(array.tolist() for array in arrays), lone_i, lone_j) == naive.along(line, both)
    assert [array[-1] for array in arrays] == [0, False, False]


def test_ends_go_over_silence() -> None:
    """Of two ends that are worth the same the outer one is taken: silence behind music belongs to the line."""
    both = tracks(np.concatenate([silence(20), A, silence(30)]), np.concatenate([silence(20), A, silence(30)]))
    assert (
        kernels.ends(0, 350, 0.0, 0.0, *both, 150, 0.34) == naive.ends((0, 350, 0.0, 0.0), both, 150, 0.34) == (0, 350)
    )


@given(words(), words(), st.sampled_from([20, 33, 65]), st.data())
@settings(max_examples=100)
def test_pieces_find_their_offsets(i: Words, j: Words, width: int, data: st.DataObject) -> None:
    """Each piece finds the offset that agrees best, ties nearest to the line, fractions and rates to the last bit."""
    i = np.concatenate([i, A[: width + 1]])
    line, both = data.draw(lines(len(i), width + 1)), tracks(i, j)
    found = kernels.pieces(*line, *both, width)
    assert [column.tolist() for column in found] == naive.pieces(line, both, width, HOP, AROUND)


def numbers(values: list[float]) -> tuple[Numbers, Numbers]:
    """Return the middles of as many pieces, not all a hop apart, and the values."""
    return np.arange(len(values)) * 16.0 + np.arange(len(values)) // 7 * 5, np.array(values)


@given(SHIFTS | LONG)
@settings(max_examples=60)
def test_line_through_pieces(shifts: list[float]) -> None:
    """The straight line through pieces is that of Theil and Sen, through 500 of them at most."""
    middle, shift = numbers(shifts)
    assert kernels.straight(middle, shift) == naive.straight(middle, shift)
    slope, level = kernels.fitted(middle, shift, 10_000, 0.5, 0.6)
    assert (slope, level) == (naive.straight(middle, shift) if slope else (0.0, float(np.median(shift))))


@given(SHIFTS, st.integers(0, 30), st.sampled_from([0.0, 0.3, 4.0]))
@settings(max_examples=150)
def test_step_between_pieces(shifts: list[float], at: int, height: float) -> None:
    """A step is found before that piece where the two sides together are nearest to their medians, or nowhere."""
    middle, shift = numbers(shifts)
    shift = shift.round(1) * 0.25
    shift[at:] += height
    assert kernels.misses(shift)[1:].tolist() == pytest.approx(
        [naive.missed(shift[:n], float(np.median(shift[:n]))) for n in range(1, len(shift) + 1)], abs=1e-9
    )
    found, expected = (step(middle, shift, 0.5, 0.6) for step in (kernels.step, naive.step))
    costs = kernels.misses(shift) + kernels.misses(shift[::-1].copy())[::-1]
    assert bool(found) == bool(expected)
    assert costs[found] == pytest.approx(costs[expected], abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 32), st.booleans()), max_size=80), st.sampled_from([1, 12, 33]))
def test_windows(seen: list[tuple[int, bool]], width: int) -> None:
    """Each window has the rate of the words in it that count; a track shorter than one is one window."""
    wrong = np.array([bits for bits, _counted in seen], np.uint8)
    counted = np.array([counted for _bits, counted in seen], np.bool_)
    assert kernels.windows(wrong, counted, width).tolist() == naive.windows(wrong, counted, width)


def test_offsets_between_words() -> None:
    """The lowest point of the parabola through three error rates is found between the words, at most one away."""
    before, here, after = (np.array([1.3, 0.3, -0.7]) ** 2).tolist()
    assert kernels.vertex(before, here, after) == pytest.approx(0.3)
    assert kernels.vertex(0.5, 0.5, 0.5) == 0
    assert kernels.vertex(0.0, 0.9, 1.8 + 1e-5) == -1
