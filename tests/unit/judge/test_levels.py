"""Levels along each other, against obvious twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.judge import levels
from tests import naive_judge as naive

UNKNOWN = st.just(float("nan"))
ENVELOPES = st.lists(st.integers(10, 60) | st.integers(0, 255), min_size=10, max_size=60).map(bytes)


@given(st.lists(st.floats(-60, 60) | UNKNOWN, max_size=40))
def test_dips(differ: list[float]) -> None:
    """Each second is held against both sides of it; at the ends, and where nothing is known, there is no hole."""
    assert np.allclose(levels.dips(np.array(differ, np.float64)), naive.dips(differ), rtol=0, atol=1e-9)


@given(ENVELOPES, st.randoms(use_true_random=False))
def test_holes_and_spread(one: bytes, chance: object) -> None:
    """Holes and spread are those of the differences but for their middle; none where both are never loud at once."""
    other = bytes(max(0, min(255, level + chance.choice([0, 0, 3, 90]))) for level in one)  # type: ignore[attr-defined]
    found, expected = levels.compare(one, other, 0.0), naive.holes(one, other)
    assert (found is None) == (expected is None)
    if found and expected:
        assert found.hole.tolist() == pytest.approx(expected[0], abs=1e-9)
        assert found.spread == pytest.approx(expected[1], abs=1e-9)


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=40), st.sampled_from([0.05, 0.5, 0.95]))
def test_quantile(values: list[float], share: float) -> None:
    """A quantile lies between two values as far as its place does, to the last bit as NumPy has it."""
    assert levels.quantile(np.sort(values), share) == np.quantile(values, share)


@given(ENVELOPES | st.just(b""))
def test_quiet_ends(envelope: bytes) -> None:
    """What lies 48 dB below a track's loud seconds is quiet; without an envelope what was measured stands."""
    duration = len(envelope) + 0.5
    quiet = levels.quiet(envelope, 0.7, 0.4, duration)
    power = naive.power(envelope)
    heard = np.flatnonzero(power > np.quantile(power, 0.95) / 10**4.8) if envelope else power
    if not len(heard):
        assert quiet == (0.7, 0.4)
    else:
        assert heard[0] <= quiet[0] <= heard[0] + 1
        assert duration - heard[-1] - 1 <= quiet[1] <= duration - heard[-1]
