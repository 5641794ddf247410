"""A picture in a terminal: two points a cell, in the colours that there are, or in shades where there are none."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Final

from comet.core.covers import Preview

if TYPE_CHECKING:
    from rich.text import Text

_WIDEST: Final = 80
"""Columns that a picture takes at most: a larger one is seen no better from where somebody sits."""
_SHADES: Final = " ░▒▓█"
_PLAIN: Final = " .:-=+*#%@"
"""Where the terminal has nothing but ASCII."""
_UPPER: Final = "▀"


def room() -> tuple[int, int]:
    """Return the points that there is room for in the terminal, in width and height; a line is left for words."""
    columns, lines = shutil.get_terminal_size()
    return max(1, min(_WIDEST, columns)), max(2, 2 * (lines - 3))


def show(picture: Preview) -> None:
    """Draw a picture on standard output."""
    from rich.console import Console  # noqa: PLC0415 - help must not wait for it

    console = Console(highlight=False, markup=False, emoji=False)
    utf = console.encoding.lower().startswith("utf")
    if console.color_system is None or console.no_color or not utf:
        for line in shaded(picture, _SHADES if utf else _PLAIN):
            print(line)
        return
    for text in coloured(picture):
        console.print(text, no_wrap=True, overflow="crop", crop=False)


def shaded(picture: Preview, shades: str) -> list[str]:
    """Return a picture as lines of shades, from dark to light."""
    return [
        "".join(
            shades[(_light(picture, x, y) + _light(picture, x, y + 1)) * len(shades) // 512]
            for x in range(picture.width)
        )
        for y in range(0, picture.height, 2)
    ]


def coloured(picture: Preview) -> list[Text]:
    """Return it as lines of half blocks; a terminal of fewer colours gets the nearest that it has."""
    from rich.color import Color  # noqa: PLC0415 - likewise
    from rich.style import Style  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    lines = []
    for y in range(0, picture.height, 2):
        line = Text(end="")
        for x in range(picture.width):
            upper, lower = (Color.from_rgb(*_point(picture, x, each)) for each in (y, y + 1))
            last = y + 1 == picture.height
            line.append(_UPPER, Style(color=upper, bgcolor=None if last else lower))
        lines.append(line)
    return lines


def _point(picture: Preview, x: int, y: int) -> tuple[int, int, int]:
    at = 3 * (min(y, picture.height - 1) * picture.width + x)
    red, green, blue = picture.rgb[at : at + 3]
    return red, green, blue


def _light(picture: Preview, x: int, y: int) -> int:
    """Return how light a point looks, 0 to 255 (Rec. 601)."""
    red, green, blue = _point(picture, x, y)
    return (299 * red + 587 * green + 114 * blue) // 1000


def terminal() -> bool:
    """Tell whether standard output is one."""
    return sys.stdout.isatty()
