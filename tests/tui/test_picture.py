"""A picture in letters and half blocks, and the frame that is moved over it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from rich.color import ColorSystem
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from comet.core.covers import Preview, Region
from comet.core.errors import UsageError
from comet_tui import frame
from comet_tui.painted import Changed
from comet_tui.widgets.picture import Picture
from tests.tui.looks import until

DEPTHS = {"truecolor": ColorSystem.TRUECOLOR, "256": ColorSystem.EIGHT_BIT, "standard": ColorSystem.STANDARD}
FULL = 1600, 1200


class Shown(App[None]):
    """Nothing but a picture, and what is sent for it."""

    def __init__(self) -> None:
        super().__init__(ansi_color=True)
        self.sent: list[Changed] = []

    def compose(self) -> ComposeResult:
        """Make it."""
        yield Picture()

    def _display(self, _screen: object, renderable: object) -> None:
        if hasattr(renderable, "chops"):
            self.sent.append(Changed(renderable.chops, renderable.spans, renderable.chop_ends))

    @property
    def bytes(self) -> int:
        """What was sent since this was asked last, in the colours of the terminal."""
        depth = DEPTHS.get(self.query_one(Picture)._depth, ColorSystem.STANDARD)
        console = SimpleNamespace(_color_system=depth)
        sent, self.sent = self.sent, []
        return sum(len(each.render_segments(console).encode()) for each in sent)


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, depth: str) -> Iterator[Shown]:
    """Return an application on a terminal that can show so many colours."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.setattr("textual.constants.COLOR_SYSTEM", depth)
    yield Shown()


def noise(width: int, height: int) -> Preview:
    """Return a picture of which no two neighbours are alike."""
    draw = random.Random(1)  # noqa: S311 - for chance, not for secrets
    return Preview(width, height, draw.randbytes(3 * width * height))


async def begin(pilot: Pilot[None], region: Region) -> Picture:
    """Show noise as large as there is room, with a frame, and wait until it rests."""
    picture = pilot.app.query_one(Picture)
    across, down = picture.room
    scale = min(across / FULL[0], down / FULL[1])
    picture.show(noise(int(FULL[0] * scale), int(FULL[1] * scale)), *FULL)
    picture.outline(region)
    await until(pilot, lambda: picture._dark is not None)
    await pilot.pause()
    return picture


def cells(app: App[None]) -> dict[tuple[int, int], object]:
    """Return what stands in each cell, and how."""
    found = {}
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            for letter in segment.text:
                found[x, y] = letter, segment.style
                x += 1
    return found


@pytest.mark.parametrize("depth", [*DEPTHS, "none"])
@pytest.mark.parametrize(("size", "budget"), [((46, 21), 600), ((86, 37), 800)])
async def test_a_key_moves_the_frame_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, depth: str, size: tuple[int, int], budget: int
) -> None:
    """Only its cells of before and after are sent: with a line of words beside it, no more than 700 and 900 bytes."""
    with terminal(monkeypatch, depth) as app:
        async with app.run_test(size=size) as pilot:
            region = Region(300, 200, 800, 800)
            picture = await begin(pilot, region)
            monkeypatch.setattr("comet_tui.widgets.picture._REST", 60.0)  # the machine may be slow
            across, down = picture.step
            for right, lower, wider in ((across, 0, 0), (0, down, 0), (-across, 0, 0), (0, -down, 0), (0, 0, across)):
                before, marks = cells(app), set(picture._marks())
                assert app.bytes >= 0
                region = Region(region.x + right, region.y + lower, region.width + wider, region.height + wider)
                picture.outline(region)
                await pilot.pause()
                after = cells(app)
                changed = {place for place in after if after[place] != before[place]}
                assert changed
                assert changed <= marks | set(picture._marks())
                assert 0 < app.bytes <= budget


@pytest.mark.parametrize("depth", [*DEPTHS, "none"])
async def test_what_is_outside_is_dark_when_the_frame_rests(monkeypatch: pytest.MonkeyPatch, depth: str) -> None:
    """A quarter of a second after the last move the region is told from the rest, whatever a terminal can show."""
    with terminal(monkeypatch, depth) as app:
        async with app.run_test(size=(40, 16)) as pilot:
            picture = await begin(pilot, Region(400, 300, 800, 600))
            found = cells(app)
            width, height = picture._preview.width, picture._preview.height // 2  # type: ignore[union-attr]
            inside = (width // 2, height // 2)
            light = [_light(found, x, inside[1], depth) for x in range(width)]
            middle = sum(light[width // 4 + 1 : width * 3 // 4]) / (width // 2)
            assert sum(light[: width // 4]) / (width // 4) < middle / 2
            picture.outline(Region(0, 0, *FULL))
            await until(pilot, lambda: picture._dark == (0, 0, width - 1, height - 1))
            await pilot.pause()
            found = cells(app)
            light = [_light(found, x, inside[1], depth) for x in range(2, width - 2)]
            assert sum(light[: width // 4]) / (width // 4) > middle / 2


def _light(found: dict[tuple[int, int], object], x: int, y: int, depth: str) -> float:
    letter, style = found[x, y]  # type: ignore[misc]
    if depth == "none":
        return " .:-=+*#%@─│┌┐└┘".index(letter)
    return sum(sum(color.get_truecolor()) for color in (style.color, style.bgcolor) if color) / (1 + bool(style.color))


async def test_a_drag_is_told_in_pixels_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """From where the button was pressed to where the mouse is, not in cells."""
    with terminal(monkeypatch, "256") as app:
        told: list[Picture.Dragged] = []
        monkeypatch.setattr(Shown, "on_picture_dragged", lambda _self, event: told.append(event), raising=False)
        async with app.run_test(size=(40, 20)) as pilot:
            await begin(pilot, Region(0, 0, *FULL))
            await pilot.mouse_down(offset=(10, 5))
            await pilot.hover(offset=(20, 10))
            await pilot.mouse_up(offset=(20, 10))
            assert (told[-1].begin, told[-1].end) == ((420, 440), (820, 840))


def test_a_frame_stays_in_the_picture_and_in_its_shape() -> None:
    """Whatever is done with it: no side is 0, nothing is outside, and its sides are as the ratio says, to a pixel."""
    draw = random.Random(7)  # noqa: S311 - for chance, not for secrets
    for _time in range(2_000):
        width, height = draw.randint(1, 900), draw.randint(1, 900)
        shape = draw.choice([None, (1, 1), (16, 9), (2, 3), (1, 40)])
        region = frame.whole(width, height, shape)
        for _step in range(6):
            amount = draw.randint(-300, 300), draw.randint(-300, 300)
            if draw.random() < 0.5:
                region = frame.moved(region, *amount, width, height)
            elif draw.random() < 0.5:
                region = frame.sized(region, *draw.choice([(amount[0], 0), (0, amount[1])]), shape, width, height)
            else:
                points = [(draw.randrange(width), draw.randrange(height)) for _point in range(2)]
                region = frame.between(points[0], points[1], shape, width, height)
            assert min(region.x, region.y) >= 0
            assert region.x + region.width <= width
            assert region.y + region.height <= height
            assert min(region.width, region.height) >= 1
            if shape and min(region.width, region.height) > 1:
                assert abs(region.width * shape[1] - region.height * shape[0]) <= max(shape)


def test_a_frame_can_be_typed() -> None:
    """As four numbers inside the picture, and a ratio as two; anything else says what is wrong."""
    assert frame.typed("10 20 300 400", 640, 480) == Region(10, 20, 300, 400)
    assert frame.typed("10, 20, 630x460", 640, 480) == Region(10, 20, 630, 460)
    assert frame.ratio("16:9") == (16, 9)
    assert frame.ratio("") is None
    for wrong in ("1 2 3", "1 2 3 -4", "10 20 631 460", "0 0 0 10", "a b c d"):
        with pytest.raises(UsageError):
            frame.typed(wrong, 640, 480)
    for wrong in ("16", "0:1", "1:2:3", "99999:1"):
        with pytest.raises(UsageError):
            frame.ratio(wrong)
