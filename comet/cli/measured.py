"""What was measured on a file's sound, in words and in lines of bars; and as JSON."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from comet.core.measures import BAND, level
from comet.core.text import _, clock

if TYPE_CHECKING:
    from comet.core.measures import Loudness, Quality

_BARS = " ▁▂▃▄▅▆▇█"
_ASCII_BARS = " .:-=+*#@"
_COLUMNS = 48
_SPECTRUM_FLOOR = -100.0
_ENVELOPE_FLOOR = -54.0
"""Of a bar, dBFS: what is lower has none."""


def facts(quality: Quality | None, loudness: Loudness | None, duration: float, command: str) -> dict[str, str]:
    """Return names and values for a person.

    Args:
        quality: None where it was not looked for.
        loudness: None where it was not measured.
        duration: Seconds that were heard.
        command: What measures the loudness.
    """
    found = {}
    if quality is not None:
        cut = _("ends at {rate:.1f} kHz").format(rate=quality.cutoff / 1000) if quality.cutoff else _("no cutoff")
        found[_("quality")] = _("{cutoff}, {share:.3g} % of the samples clipped").format(
            cutoff=cut, share=100 * quality.clipped
        )
        top = len(quality.levels) * BAND / 1000
        if quality.levels:
            found[_("spectrum")] = _("{bars} 0 to {top:g} kHz").format(
                bars=bars(quality.levels, _SPECTRUM_FLOOR), top=top
            )
        if quality.envelope:
            found[_("envelope")] = _("{bars} 0:00 to {length}").format(
                bars=bars(quality.envelope, _ENVELOPE_FLOOR), length=clock(min(duration, len(quality.envelope)))
            )
    found[_("loudness")] = _loudness(loudness) if loudness else _("not measured: `{command}`").format(command=command)
    return found


def _loudness(found: Loudness) -> str:
    words = {
        "peak": f"{found.peak:.6f}",
        "true_peak": f"{_decibels(found.true_peak):.2f}" if found.true_peak else "-inf",
    }
    if math.isinf(found.integrated):
        return _("nothing above -70 LUFS, peak {peak}, true peak {true_peak} dBTP").format(**words)
    return _("{lufs:.2f} LUFS, ReplayGain {gain:+.2f} dB, peak {peak}, true peak {true_peak} dBTP").format(
        lufs=found.integrated, gain=found.gain, **words
    )


def _decibels(value: float) -> float:
    return 20 * math.log10(value)


def bars(levels: Sequence[int], floor: float) -> str:
    """Return levels (see `Quality`) as a line of bars, the loudest of each part where there are more than columns.

    Where standard output knows no such letters, the more of a sign the louder.
    """
    signs = _BARS if (sys.stdout.encoding or "").lower().startswith("utf") else _ASCII_BARS
    columns = min(_COLUMNS, len(levels))
    parts = [levels[at * len(levels) // columns : (at + 1) * len(levels) // columns] for at in range(columns)]
    return "".join(signs[_step(level(min(part)), floor, len(signs) - 1)] for part in parts)


def _step(height: float, floor: float, top: int) -> int:
    """Return how high the bar of a level is, 0 for the floor and below, `top` for full scale."""
    return min(top, math.ceil((height - floor) / -floor * top)) if height > floor else 0


def as_json(quality: Quality | None, loudness: Loudness | None) -> dict[str, Any]:
    """Return both as JSON: levels in dBFS, null for silence; each null where it was not measured."""
    return {
        "quality": quality
        and {
            "cutoff": quality.cutoff,
            "clipped": quality.clipped,
            "levels": _finite(quality.levels),
            "envelope": _finite(quality.envelope),
        },
        "loudness": loudness
        and {
            "integrated": None if math.isinf(loudness.integrated) else loudness.integrated,
            "gain": loudness.gain,
            "peak": loudness.peak,
            "true_peak": loudness.true_peak,
            "true_peak_db": _decibels(loudness.true_peak) if loudness.true_peak else None,
        },
    }


def _finite(levels: Sequence[int]) -> list[float | None]:
    return [None if math.isinf(level(byte)) else level(byte) for byte in levels]
