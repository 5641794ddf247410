"""A picture in letters: in the colours that there are, in shades where there are none."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from comet.cli import drawn
from comet.core.covers import Preview


def picture(light: int = 255) -> Preview:
    """Return three columns, red, black and white; below, the first one is blue."""
    return Preview(3, 3, bytes([light, 0, 0, 0, 0, 0, 255, 255, 255] * 2 + [0, 0, light, 0, 0, 0, 255, 255, 255]))


def written(colours: str, light: int) -> str:
    """Return what a terminal of so many colours gets."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system=colours, width=80, legacy_windows=False)  # type: ignore[arg-type]
    for line in drawn.coloured(picture(light)):
        console.print(line, end="\n")
    return out.getvalue()


@pytest.mark.parametrize(
    ("colours", "light", "red", "blue"),
    [
        ("truecolor", 255, "38;2;255;0;0", "38;2;0;0;255"),
        ("256", 254, "38;5;196", "38;5;21"),
        ("standard", 253, "31|91", "34|94"),
    ],
)
def test_two_points_a_cell_in_the_colours_that_there_are(colours: str, light: int, red: str, blue: str) -> None:
    """The upper one is the letter's colour, the lower one that behind it; below the last line there is nothing.

    The library remembers how it wrote a colour, so that each is tried with one of its own.
    """
    first, second = written(colours, light).splitlines()
    assert re.match(rf"\x1b\[({red});", first)
    assert re.match(rf"\x1b\[({blue})m▀", second)
    assert [re.sub("\x1b.*?m", "", line) for line in (first, second)] == ["▀▀▀", "▀▀▀"]


def test_shades_where_there_are_no_colours() -> None:
    """From dark to light, by what the eye sees; also where there is nothing but ASCII."""
    assert drawn.shaded(picture(), " ░▒▓█") == ["░ █", "  █"]
    assert drawn.shaded(picture(), " .:-=+*#%@") == [": @", ". @"]
