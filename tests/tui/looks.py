"""What a test sees of the application."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import mutagen
import pytest
from textual.app import App
from textual.pilot import Pilot

from comet_tui.app import CometApp
from comet_tui.screens.base import Reading
from comet_tui.screens.review import ReviewScreen
from comet_tui.screens.tags import Tags
from comet_tui.widgets.lines import Bar, Said

SIZES = [(80, 24), (120, 40), (40, 12)]
SPARED = [SIZES[0], *(pytest.param(size, marks=pytest.mark.slow) for size in SIZES[1:])]
"""The same for what takes seconds: only the first one by default."""


def lines(app: App[None]) -> list[str]:
    """Return the screen as lines of text."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def text(app: App[None]) -> str:
    """Return the screen as one text."""
    return "\n".join(lines(app))


def joined_text(app: App[None]) -> str:
    """Return the screen as one line, without scroll bars and with each run of blanks as one."""
    return " ".join(" ".join(each.rstrip(" ▁▂▃▄▅▆▇█") for each in lines(app)).split())


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait until something holds, however long a loaded machine takes for it."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, text(pilot.app)
        await pilot.pause(0.01)


async def seen(pilot: Pilot[None], *words: str) -> None:
    """Wait until all of these words stand on the screen, wherever its lines are broken."""

    def all_there() -> bool:
        shown, joined = text(pilot.app), joined_text(pilot.app)
        return all(each in shown or each in joined for each in words)

    await until(pilot, all_there)


async def settled(pilot: Pilot[None]) -> None:
    """Wait until the screen shows what was read last, and nothing is read any more."""

    def still() -> bool:
        app = pilot.app
        assert isinstance(app, CometApp)
        bars = app.screen.query(Bar)
        read = not isinstance(app.screen, Reading) or app.screen.current
        return bool(bars) and not bars.first().busy and not app.workers and read

    await until(pilot, lambda: still() or pilot.app._exception is not None)
    await pilot.pause()


def rows(app: App[None]) -> list[str]:
    """Return the screen's lines with each run of blanks as one, those of a list on the left before any other."""
    return [" ".join(each.split("│")[0].split()) for each in lines(app)]


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def review(app: App[None]) -> ReviewScreen:
    """Return the screen, which must be that of the review."""
    assert isinstance(app.screen, ReviewScreen)
    return app.screen


def said(pilot: Pilot[None]) -> str:
    """Return what is told at the bottom."""
    return str(pilot.app.screen.query_one(Said).render())


def pane(pilot: Pilot[None]) -> Tags:
    """Return the list of tags."""
    return review(pilot.app).query_one(Tags)


async def there(pilot: Pilot[None], group: str) -> None:
    """Wait until the tags of a group are on the screen."""
    await settled(pilot)
    await until(pilot, lambda: group in joined_text(pilot.app) and pane(pilot).merged is not None)
    await pilot.pause()


def tags(path: Path) -> dict[str, list[str]]:
    """Return the tags of a file, but for what its encoder wrote."""
    file = mutagen.File(path, easy=True)
    return {name: sorted(file[name]) for name in file if not name.startswith("encode")}


async def to_field(pilot: Pilot[None], field: str) -> None:
    """Put the keys to the tags and the cursor on a field."""
    if not pane(pilot).rows.has_focus:
        await pilot.press("t")
    await pilot.press("g")
    while (row := pane(pilot).row) is None or row.field != field:
        before = pane(pilot).rows.cursor
        await pilot.press("j")
        assert pane(pilot).rows.cursor > before, text(pilot.app)
