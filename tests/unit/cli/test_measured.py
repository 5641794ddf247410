"""What was measured, in words and bars: silence, no cliff, and any length keep their place."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.cli import measured
from comet.core.measures import Loudness, Quality


class _Out(io.StringIO):
    """Standard output in some encoding."""

    encoding = "utf-8"


class _Plain(_Out):
    encoding = "ascii"


@given(st.binary(min_size=1, max_size=400))
def test_bars_take_a_line_however_long_the_track(levels: bytes) -> None:
    """No more than 48 of them, one a level where there are fewer."""
    assert len(measured.bars(levels, -54.0)) == min(48, len(levels))


def test_a_bar_is_as_high_as_the_loudest_of_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full scale is the whole height, silence and what is below the floor none; ASCII where there is nothing else."""
    levels = bytes([0, 30, 60, 90, 107, 108, 255])
    monkeypatch.setattr(sys, "stdout", _Out())
    assert measured.bars(levels, -54.0) == "█▆▄▂▁  "
    assert measured.bars(bytes([255] * 100 + [0] + [255] * 43), -54.0).strip() == "█"
    monkeypatch.setattr(sys, "stdout", _Plain())
    assert measured.bars(levels, -54.0) == "@*=:.  "


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No quality, no loudness, no cliff, nothing that was loud enough: each has its words."""
    found = measured.facts(None, None, 10.0, "comet scan --loudness")
    assert found == {"loudness": "not measured: `comet scan --loudness`"}
    silent = measured.facts(Quality(0.0, 0.0, b"", b""), Loudness(float("-inf"), 0.0, 0.0), 10.0, "")
    assert silent == {
        "quality": "no cutoff, 0 % of the samples clipped",
        "loudness": "nothing above -70 LUFS, peak 0.000000, true peak -inf dBTP",
    }
    loud = measured.facts(Quality(0.00123, 16_040.0, bytes(44), bytes(205)), Loudness(-9.5, 1.0, 1.122), 204.6, "")
    assert loud["quality"] == "ends at 16.0 kHz, 0.123 % of the samples clipped"
    assert loud["spectrum"].endswith(" 0 to 22 kHz")
    assert loud["envelope"].endswith(" 0:00 to 3:25")
    assert loud["loudness"] == "-9.50 LUFS, ReplayGain -8.50 dB, peak 1.000000, true peak 1.00 dBTP"


def test_silence_is_null_in_json() -> None:
    """JSON knows no infinity."""
    found = measured.as_json(Quality(0.0, 0.0, bytes([0, 120, 255]), b""), Loudness(float("-inf"), 0.0, 0.0))
    assert found["quality"]["levels"] == [0.0, -60.0, None]
    assert found["loudness"] == {"integrated": None, "gain": 0.0, "peak": 0.0, "true_peak": 0.0, "true_peak_db": None}
    assert measured.as_json(None, None) == {"quality": None, "loudness": None}
