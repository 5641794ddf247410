"""The door to segno: an address as a QR code of letters, for a phone's camera."""

from __future__ import annotations

from typing import Final

import segno

_BLOCKS: Final = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
_MARGIN: Final = 2


def lines(text: str) -> list[str]:
    """Return a QR code as lines of half blocks, two of its rows in each; for light letters on dark ground."""
    rows = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=_MARGIN)]
    light = [[not cell for cell in row] for row in rows]
    if len(light) % 2:
        light.append([False] * len(light[0]))
    return [
        "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(light[::2], light[1::2], strict=True)
    ]
