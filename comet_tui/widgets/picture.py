"""A picture in half blocks, two of its pixels in a cell, or in letters where there are no colours; a frame over it.

While the frame moves only its corners are painted again, for each cell of a picture takes forty bytes. What is outside
is made dark when it has come to rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise, product
from math import ceil

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events, geometry
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from comet.core.covers import Preview, Region

Rgb = tuple[int, int, int]

_REST = 0.25
"""Seconds without a move after which what is outside of the frame is made dark."""
_RAMP = " .:-=+*#%@"
"""From dark to light."""
_MARK = Style(reverse=True)
"""Of the frame: it is seen on any picture, and takes few bytes."""
_STEPS = (0, 95, 135, 175, 215, 255)
"""Of the cube of 256 colours, from number 16 on."""
_SIXTEEN: tuple[Rgb, ...] = (
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
    (255, 255, 255),
)  # fmt: skip
"""As xterm has them."""
_BAYER = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))
"""Thresholds of a dither in sixteen steps: with so few colours neighbours have to make up for what is missing."""
_SPREAD = 6
"""How far a step of the dither goes."""
_KNOWN = 4096
"""Cells and colours that are remembered: a large screen of one picture."""


class Picture(Widget):
    """A picture, or nothing, with the outline of a region; somebody may drag over it."""

    DEFAULT_CSS = "Picture { width: 1fr; height: 1fr; }"

    class Dragged(Message):
        """The mouse was moved with its button held, from one pixel of the picture to another; the `first` of a drag."""

        def __init__(self, begin: tuple[int, int], end: tuple[int, int], *, first: bool) -> None:
            super().__init__()
            self.first = first
            self.begin = begin
            self.end = end

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._preview: Preview | None = None
        self._source = (1, 1)
        self._region: Region | None = None
        self._dark: tuple[int, int, int, int] | None = None
        """Outside of which cells the picture is dark now: left, top, right, bottom, the last ones included."""
        self._begin: tuple[int, int] | None = None
        self._first = False
        """The mouse was not moved since its button went down."""

    def on_mount(self) -> None:
        """Find out what this terminal can show."""
        console = self.app.console
        self._depth = "none" if self.app.no_color else console.color_system or "none"
        self._plain = not console.encoding.startswith("utf")
        if self._plain:
            self._depth = "none"
        self._rest = self.set_timer(_REST, self._darken)

    @property
    def room(self) -> tuple[int, int]:
        """Pixels that there is room for."""
        return self.size.width, self.size.height * 2

    @property
    def step(self) -> tuple[int, int]:
        """Pixels of the picture in a cell, across and down."""
        if self._preview is None:
            return 1, 1
        across, down = self._scale
        return max(1, round(1 / across)), max(1, round(2 / down))

    def show(self, preview: Preview | None, width: int = 1, height: int = 1) -> None:
        """Show a picture of `width` x `height` pixels by its preview, or none."""
        self._preview, self._source, self._dark = preview, (max(1, width), max(1, height)), None
        self.refresh()
        self._wait()

    def outline(self, region: Region | None) -> None:
        """Draw a frame around a region, in place of the one before."""
        before = self._marks()
        self._region = region
        after = self._marks()
        changed = {place for place in {*before, *after} if before.get(place) != after.get(place)}
        if changed:
            self.refresh(*_runs(changed))
            self._put_cursor()
            self._wait()

    def render_line(self, y: int) -> Strip:
        """Return a line of the picture."""
        preview = self._preview
        if preview is None or 2 * y >= preview.height:
            return Strip.blank(self.size.width, self.rich_style)
        marks = {x: sign for (x, row), sign in self._marks().items() if row == y}
        segments = []
        for x in range(min(preview.width, self.size.width)):
            if x in marks:
                segments.append(Segment(marks[x], _MARK))
            else:
                segments.append(self._cell(preview, x, y))
        return Strip(segments).simplify().adjust_cell_length(self.size.width, self.rich_style)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag."""
        self._begin, self._first = self._pixel(event.x, event.y), True
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell how far it was dragged."""
        if self._begin is not None:
            self.post_message(self.Dragged(self._begin, self._pixel(event.x, event.y), first=self._first))
            self._first = False

    def on_mouse_up(self) -> None:
        """Drag no longer."""
        self._begin = None
        self.release_mouse()

    @property
    def _scale(self) -> tuple[float, float]:
        """Pixels of the preview for one of the picture, across and down."""
        assert self._preview is not None  # noqa: S101 - whoever asks has looked
        return self._preview.width / self._source[0], self._preview.height / self._source[1]

    def _pixel(self, x: int, y: int) -> tuple[int, int]:
        """Return the pixel of the picture in the middle of a cell."""
        if self._preview is None:
            return 0, 0
        across, down = self._scale
        width, height = self._source
        return max(0, min(width - 1, int((x + 0.5) / across))), max(0, min(height - 1, int((2 * y + 1) / down)))

    def _box(self) -> tuple[int, int, int, int] | None:
        """Return the cells of the region: left, top, right, bottom, the last ones included."""
        region, preview = self._region, self._preview
        if region is None or preview is None:
            return None
        across, down = self._scale
        left, top = int(region.x * across + 1e-6), int(region.y * down / 2 + 1e-6)
        right = ceil((region.x + region.width) * across - 1e-6) - 1
        bottom = ceil((region.y + region.height) * down / 2 - 1e-6) - 1
        return left, top, max(left, right), max(top, bottom)

    def _marks(self) -> dict[tuple[int, int], str]:
        """Return the signs of the frame by their cells: its corners, with arms as long as their bytes allow."""
        box = self._box()
        if box is None:
            return {}
        left, top, right, bottom = box
        flat, upright, corners = ("-", "|", "++++") if self._plain else ("─", "│", "┌┐└┘")
        across, down = (4, 2) if self._depth == "none" else (1, 1)
        marks: dict[tuple[int, int], str] = {}
        for y in {top, bottom}:
            for arm in range(1, across + 1):
                marks |= {(x, y): flat for x in (left + arm, right - arm) if left < x < right}
        for x in {left, right}:
            for arm in range(1, down + 1):
                marks |= {(x, y): upright for y in (top + arm, bottom - arm) if top < y < bottom}
        places = ((left, top), (right, top), (left, bottom), (right, bottom))
        return marks | dict(zip(places, corners, strict=True))

    def _cell(self, preview: Preview, x: int, y: int) -> Segment:
        """Return a cell of the picture, dark where it is outside."""
        box = self._dark
        dark = box is not None and not (box[0] <= x <= box[2] and box[1] <= y <= box[3])
        upper = _at(preview, x, 2 * y)
        lower = _at(preview, x, 2 * y + 1) if 2 * y + 1 < preview.height else upper
        if self._depth == "none":
            return Segment(_letter(upper, lower, dark=dark), self.rich_style)
        if self._depth == "standard":
            return _halves(_sixteen(upper, x, 2 * y, dark=dark), _sixteen(lower, x, 2 * y + 1, dark=dark))
        if self._depth == "256":
            return _halves(_of_256(_dark(upper, dark=dark)), _of_256(_dark(lower, dark=dark)))
        return _halves(_coarse(_dark(upper, dark=dark)), _coarse(_dark(lower, dark=dark)))

    def _wait(self) -> None:
        """Make dark what is outside when nothing has moved for a moment."""
        self._rest.stop()
        self._rest = self.set_timer(_REST, self._darken)

    def _darken(self) -> None:
        before, self._dark = self._dark, self._box()
        if before != self._dark and self._preview is not None:
            size = (self._preview.width, (self._preview.height + 1) // 2)
            runs = list(_differing(before, self._dark, *size))
            if runs:
                self.refresh(*runs)

    def _put_cursor(self) -> None:
        """Let the terminal's own cursor stand at the frame, for those who follow it."""
        if box := self._box():
            self.app.cursor_position = self.content_region.offset + Offset(box[0], box[1])


def _at(preview: Preview, x: int, y: int) -> Rgb:
    at = 3 * (y * preview.width + x)
    return preview.rgb[at], preview.rgb[at + 1], preview.rgb[at + 2]


def _dark(rgb: Rgb, *, dark: bool) -> Rgb:
    return (rgb[0] // 4, rgb[1] // 4, rgb[2] // 4) if dark else rgb


def _light(rgb: Rgb) -> int:
    """Return how light a colour is, 0 to 255 (ITU-R BT.601)."""
    return (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]) // 1000


def _letter(upper: Rgb, lower: Rgb, *, dark: bool) -> str:
    light = (_light(upper) + _light(lower)) // 2
    return _RAMP[light // 128] if dark else _RAMP[light * len(_RAMP) // 256]


@lru_cache(_KNOWN)
def _halves(upper: Color, lower: Color) -> Segment:
    """Return a cell of two colours; of one it takes half the bytes."""
    if upper == lower:
        return Segment(" ", Style(bgcolor=upper))
    return Segment("▀", Style(color=upper, bgcolor=lower))


def _coarse(rgb: Rgb) -> Color:
    """Return a colour in steps of 8, so that more neighbours are alike and are sent as one."""
    return Color.from_rgb(rgb[0] & 0xF8, rgb[1] & 0xF8, rgb[2] & 0xF8)


@lru_cache(_KNOWN)
def _number(rgb: Rgb) -> int:
    """Return the nearest of the 256 colours, of the cube or of the row of greys."""
    near = (sorted(range(6), key=lambda at, c=channel: abs(_STEPS[at] - c))[:2] for channel in rgb)  # type: ignore[misc]
    cube = min(product(*near), key=lambda at: _far(rgb, (_STEPS[at[0]], _STEPS[at[1]], _STEPS[at[2]])))
    grey = max(0, min(23, (_light(rgb) - 3) // 10))
    coloured = (_STEPS[cube[0]], _STEPS[cube[1]], _STEPS[cube[2]])
    if _far(rgb, (8 + 10 * grey,) * 3) < _far(rgb, coloured):
        return 232 + grey
    return 16 + 36 * cube[0] + 6 * cube[1] + cube[2]


def _of_256(rgb: Rgb) -> Color:
    return Color.from_ansi(_number((rgb[0] & 0xFC, rgb[1] & 0xFC, rgb[2] & 0xFC)))


def _sixteen(rgb: Rgb, x: int, y: int, *, dark: bool) -> Color:
    """Return the nearest of the sixteen colours; what is dark is black or grey, for there is nothing darker."""
    push = _SPREAD * (_BAYER[y % 4][x % 4] - 8)
    if dark:
        return Color.from_ansi(8 if _light(rgb) + push >= 160 else 0)
    return Color.from_ansi(
        _nearest((max(0, rgb[0] + push) >> 2, max(0, rgb[1] + push) >> 2, max(0, rgb[2] + push) >> 2))
    )


@lru_cache(_KNOWN)
def _nearest(quarter: Rgb) -> int:
    rgb = (min(255, quarter[0] << 2), min(255, quarter[1] << 2), min(255, quarter[2] << 2))
    return min(range(16), key=lambda number: _far(rgb, _SIXTEEN[number]))


def _far(one: Rgb, other: Rgb) -> int:
    """Return how far two colours are apart, as an eye sees it."""
    return 3 * (one[0] - other[0]) ** 2 + 6 * (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


def _runs(cells: set[tuple[int, int]]) -> Iterator[geometry.Region]:
    """Yield cells as pieces of lines."""
    for x, y in sorted(cells, key=lambda place: (place[1], place[0])):
        if (x - 1, y) not in cells:
            width = 1
            while (x + width, y) in cells:
                width += 1
            yield geometry.Region(x, y, width, 1)


def _differing(
    one: tuple[int, int, int, int] | None, other: tuple[int, int, int, int] | None, width: int, height: int
) -> Iterator[geometry.Region]:
    """Yield, as pieces of lines, the cells that are inside of one box and not of the other; None holds all."""
    everything = (0, 0, width - 1, height - 1)
    a, b = one or everything, other or everything
    for y in range(height):
        inside = [(box[0], box[2] + 1) if box[1] <= y <= box[3] else (0, 0) for box in (a, b)]
        cuts = sorted({0, width, *inside[0], *inside[1]})
        for begin, end in pairwise(cuts):
            if (inside[0][0] <= begin < inside[0][1]) != (inside[1][0] <= begin < inside[1][1]):
                yield geometry.Region(begin, y, end - begin, 1)
