"""What a test sees of the application."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.app import App
from textual.pilot import Pilot

from comet_tui.app import CometApp
from comet_tui.screens.base import Reading
from comet_tui.widgets.lines import Bar

SIZES = [(80, 24), (120, 40), (40, 12)]


def lines(app: App[None]) -> list[str]:
    """Return the screen as lines of text."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def text(app: App[None]) -> str:
    """Return the screen as one text."""
    return "\n".join(lines(app))


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait until something holds, however long a loaded machine takes for it."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, text(pilot.app)
        await pilot.pause(0.01)


async def seen(pilot: Pilot[None], *words: str) -> None:
    """Wait until all of these words stand on the screen."""
    await until(pilot, lambda: all(each in text(pilot.app) for each in words))


async def settled(pilot: Pilot[None]) -> None:
    """Wait until the screen shows what was read last, and nothing is read any more."""

    def still() -> bool:
        app = pilot.app
        assert isinstance(app, CometApp)
        bars = app.screen.query(Bar)
        read = not isinstance(app.screen, Reading) or app.screen._shown == app.session.reading
        return bool(bars) and not bars.first().busy and not app.workers and read

    await until(pilot, lambda: still() or pilot.app._exception is not None)
    await pilot.pause()
