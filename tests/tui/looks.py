"""What a test sees of the application."""

from __future__ import annotations

from textual.app import App
from textual.pilot import Pilot

from comet_tui.app import CometApp
from comet_tui.widgets.lines import Bar

SIZES = [(80, 24), (120, 40), (40, 12)]


def lines(app: App[None]) -> list[str]:
    """Return the screen as lines of text."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def text(app: App[None]) -> str:
    """Return the screen as one text."""
    return "\n".join(lines(app))


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing is read any more."""
    assert isinstance(pilot.app, CometApp)
    for _ in range(1000):
        await pilot.pause(0.01)
        bars = pilot.app.screen.query(Bar)
        if bars and not bars.first().busy and not pilot.app.workers:
            await pilot.pause()
            return
    raise AssertionError(text(pilot.app))
