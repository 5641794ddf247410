"""The pace of a stage: it follows the last half minute, and does not swing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from comet.core.pace import RECENT, Pace


def test_an_even_pace_is_what_it_is() -> None:
    """Two files and 10 bytes a second, and the rest takes as long as the bytes say."""
    pace = Pace(100.0)
    for second in range(1, 121):
        pace.look(100.0 + second, 2 * second, 10 * second)
    assert pace.rates(220.0) == (2.0, 10.0)
    assert pace.left(220.0, 1000, 2400) == 120.0
    assert pace.left(220.0, 1000, 0) == 380.0


def test_what_cannot_be_known_is_not_told() -> None:
    """Before anything is done, and without a total."""
    pace = Pace(0.0)
    pace.look(5.0, 0, 0)
    assert pace.left(5.0, 10, 100) is None
    assert pace.left(5.0, 10, 0) is None
    pace.look(6.0, 1, 0)
    assert pace.left(6.0, None, 0) is None


def test_a_large_file_in_hand_at_most_doubles_the_rest() -> None:
    """Nothing moves for a minute after ten: the rate is half of that over all the time, never nothing."""
    pace = Pace(0.0)
    for second in range(1, 601):
        pace.look(float(second), second, 1000 * second)
    before = pace.left(600.0, 1200, 1_200_000)
    for second in range(601, 661):
        pace.look(float(second), 600, 600_000)
    after = pace.left(660.0, 1200, 1_200_000)
    assert before == 600.0
    assert after is not None
    assert after == 600_000 / (600_000 / 660 / 2)


def test_a_lasting_change_is_followed_within_half_a_minute() -> None:
    """After ten quick minutes it goes at a tenth: half of the rate is that of the last seconds."""
    pace = Pace(0.0)
    for second in range(1, 601):
        pace.look(float(second), 10 * second, 0)
    for second in range(1, int(RECENT) + 2):
        pace.look(600.0 + second, 6000 + second, 0)
    at = 601.0 + RECENT
    assert abs(pace.rates(at)[0] - ((6000 + RECENT) / at + 1.0) / 2) < 0.02


def test_looks_are_few_however_often_one_looks() -> None:
    """A face that draws a hundred times a second remembers no more than one look a second."""
    pace = Pace(0.0)
    for tick in range(1, 10_001):
        pace.look(tick / 100, tick, tick)
    assert len(pace._looks) <= RECENT + 3
    assert abs(pace.rates(100.0)[0] - 100.0) < 1e-6


def test_waiting_takes_no_time() -> None:
    """What somebody paused is left out of the rate from the beginning and of the recent one."""
    pace = Pace(0.0)
    pace.look(10.0, 20, 0)
    pace.wait(3600.0)
    pace.look(3620.0, 40, 0)
    assert pace.rates(3620.0) == (2.0, 0.0)


@given(st.lists(st.tuples(st.floats(0.01, 20), st.integers(0, 9), st.integers(0, 10**9)), min_size=1, max_size=80))
def test_the_rest_is_never_below_nothing(steps: list[tuple[float, int, int]]) -> None:
    """Whatever comes, rates and the rest of the time are numbers from 0 on."""
    pace, at, done, size = Pace(0.0), 0.0, 0, 0
    for seconds, files, length in steps:
        at, done, size = at + seconds, done + files, size + length
        pace.look(at, done, size)
    assert min(pace.rates(at)) >= 0
    left = pace.left(at, done + 1, size)
    assert left is None or left >= 0
