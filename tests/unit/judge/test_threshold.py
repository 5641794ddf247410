"""How much evidence is enough."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.judge.threshold import FLOOR, expected_false, p_value, threshold


def test_one_percent_at_q99() -> None:
    """By definition 1 % of unrelated pairs lie above q99."""
    assert p_value(4.8) == pytest.approx(0.01)
    assert p_value(5.2, q99=5.2) == pytest.approx(0.01)


def test_tail_falls_by_e_each_slope() -> None:
    """The tail falls to 1/e within 0.6."""
    assert p_value(8.0) / p_value(8.6) == pytest.approx(math.e)


@pytest.mark.parametrize(("audios", "line"), [(1000, 11.3), (10_000, 14.1), (100_000, 16.8), (1_000_000, 19.6)])
def test_published_thresholds(audios: int, line: float) -> None:
    """The line for 0.1 false pairs is the one of the table that was measured."""
    assert threshold(audios, q99=4.83) == pytest.approx(line, abs=0.06)


def test_byte_copies_are_no_chance() -> None:
    """Infinite evidence leaves nothing to chance, however large the collection."""
    assert p_value(math.inf) == 0
    assert expected_false(math.inf, 10**6) == 0


def test_never_below_what_was_kept() -> None:
    """However small the collection or generous the user, the line stays at the floor of correlating."""
    assert [threshold(n) for n in (0, 1, 2, 5)] == [FLOOR] * 4
    assert threshold(1000, accepted=1e9) == FLOOR


@pytest.mark.parametrize("accepted", [0.0, -1.0, math.nan])
def test_no_line_excludes_chance(accepted: float) -> None:
    """Zero false pairs, or fewer, cannot be asked for."""
    with pytest.raises(ValueError, match="above 0"):
        threshold(1000, accepted=accepted)


@given(st.integers(100, 10**6), st.floats(1e-6, 100.0), st.floats(4.0, 5.5))
def test_line_expects_what_was_accepted(audios: int, accepted: float, q99: float) -> None:
    """At the line as many false pairs are expected as were accepted, or fewer where the floor holds it."""
    line = threshold(audios, accepted, q99)
    expected = expected_false(line, audios, q99)
    assert expected <= accepted * 1.001
    assert line == FLOOR or expected == pytest.approx(accepted)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.integers(0, 10**6))
def test_more_evidence_less_chance(evidence: float, more: float, audios: int) -> None:
    """Probability and expectation fall with evidence and stay within 0 to 1 and 0 to the number of pairs."""
    assert 0 <= p_value(evidence + more) <= p_value(evidence) <= 1
    assert 0 <= expected_false(evidence, audios) <= max(0, audios * (audios - 1) / 2)
