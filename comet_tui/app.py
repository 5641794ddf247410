"""The application: which profile, which screen, and the keys that work everywhere."""

from __future__ import annotations

import argparse
import importlib
import os
import select
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from rich.console import RenderableType
from rich.segment import Segment
from rich.text import Text
from textual import events, work
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter
from textual.screen import Screen

from comet import __version__
from comet.core import places
from comet.core.errors import CometError, UsageError
from comet.core.text import _, safe
from comet_tui import keys
from comet_tui.painted import less
from comet_tui.screens.base import Framed, Reading
from comet_tui.screens.help import HelpScreen
from comet_tui.screens.review import ReviewScreen
from comet_tui.session import Session

_LOOKS = 2.0
"""Seconds from one look to the next whether the terminal is still there."""


class Guard(LineFilter):
    """The last look at what is painted: whatever a widget forgot to make safe, no terminal gets to obey it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """Return segments without anything but what can be seen."""
        return [s if s.control or s.text.isprintable() else Segment(safe(s.text), s.style) for s in segments]


class CometApp(App[None]):
    """Comet on a terminal."""

    BINDINGS = keys.bindings(keys.EVERYWHERE)
    TITLE = "Comet"
    ENABLE_COMMAND_PALETTE = False
    CSS: ClassVar[str] = """
    Screen { layout: vertical; }
    * { scrollbar-color: ansi_default; scrollbar-background: ansi_default; }
    """

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        # The sixteen colours of the terminal itself: readable on a light ground, over SSH, and few bytes. NO_COLOR is
        # looked at in here, and without saying so there it would turn them into greys that are colours again.
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.session = session
        self._clock = clock
        self._guard = Guard()
        self._leaving = False
        self.add_mode("review", lambda: ReviewScreen(session, clock))
        for name in ("profiles", "scan", "threshold", "memory", "backup", "quarantine", "jobs"):
            self.add_mode(name, partial(_loaded, name, session))
        self.add_mode("covers", partial(_loaded, "covers", session, clock))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line passes before it is written."""
        return [*super().get_line_filters(), self._guard]

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Send what has changed, and no more."""
        super()._display(screen, less(renderable))

    async def on_event(self, event: events.Event) -> None:
        """Take no key any more once the screens are being closed: Textual would look for one to hand it to."""
        if self.is_running or not isinstance(event, events.Key):
            await super().on_event(event)

    def on_mount(self) -> None:
        """Begin with the groups; where there are none to read yet, that screen leads on."""
        self.switch_mode("review")
        self.set_interval(_LOOKS, self._end_with_terminal)
        self.app_resume_signal.subscribe(self, lambda _app: self._show_cursor())
        self._show_cursor()

    def _end_with_terminal(self) -> None:
        """Leave where the terminal is gone and nobody has said so: Textual would read its end again and again."""
        if self._driver is not None and not self.is_headless and _hung_up():
            self.call_later(self.action_quit)

    def _show_cursor(self) -> None:
        """Let the terminal's own cursor be seen, which stands where keys go: Textual hides it."""
        if self._driver is not None:
            self._driver.write("\x1b[?25h")

    def on_exit_app(self) -> None:
        """Leave an empty screen: of lines that are wider than the window was at the start, tmux would keep some."""
        if self._driver is not None:
            self._driver.write("\x1b[H\x1b[J")

    def action_show(self, screen: str) -> None:
        """Go to a screen."""
        self._leave_help()
        self.switch_mode(screen)

    async def action_quit(self) -> None:
        """Leave, after what was confirmed is done; pressed once more, at once."""
        if self._leaving or not self.session.turn.locked():
            self.exit()
            return
        self._leaving = True
        if isinstance(self.screen, Framed):
            self.screen.say(_("what was confirmed is being done; q once more leaves at once"))
        self._leave()

    @work
    async def _leave(self) -> None:
        async with self.session.turn:
            self.exit()

    def action_read_again(self) -> None:
        """Read again what this screen shows; the others do it when they are looked at."""
        self._leave_help()
        self.session.reading += 1
        for screen in self.screen_stack:
            if isinstance(screen, Reading):
                screen.read()

    def action_many(self, which: str) -> None:
        """Go to where many groups get one answer."""
        self.push_screen(_loaded(which, self.session, self._clock))

    def action_help(self) -> None:
        """Show the keys of this screen, or go back from there."""
        if not self._leave_help() and isinstance(self.screen, Framed):
            self.push_screen(HelpScreen(self.screen))

    def action_palette(self) -> None:
        """Find among the keys of this screen what does something, and do it."""
        if isinstance(self.screen, Framed) and not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen, find=True))

    def action_help_quit(self) -> None:
        """Ctrl-C never ends anything in silence: it shows which key does."""
        if not isinstance(self.screen, HelpScreen):
            self.action_help()

    def _fatal_error(self) -> None:
        """Leave with a sentence in place of a page of code, which would also show names from outside as they are."""
        error = sys.exception()
        error = getattr(error, "error", error)  # what went wrong in a worker comes wrapped
        if os.environ.get("COMET_DEBUG") == "1" and error is not None:
            words = "\n".join(map(safe, "".join(traceback.format_exception(error)).splitlines()))
        else:
            bug = _("this is a bug in Comet: {kind}: {text}").format(kind=type(error).__name__, text=safe(str(error)))
            hint = _("what was moved can be put back; with COMET_DEBUG=1 it says where, please report that")
            words = _told(bug, hint)
        self.panic(Text(words))

    def _leave_help(self) -> bool:
        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
            return True
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the application and return its exit code."""
    parser = argparse.ArgumentParser("comet-tui", description=_("Walk through the duplicates of a music collection."))
    parser.add_argument("--profile", metavar="NAME", help=_("the collection to look at; otherwise the default one"))
    parser.add_argument("--profiles", metavar="FILE", help=_("a file of profiles in place of your own"))
    parser.add_argument(
        "--set",
        metavar=_("SECTION.KEY=VALUE"),
        action="append",
        default=[],
        help=_("a setting for this run, may be given more than once"),
    )
    parser.add_argument("--version", action="version", version=f"comet-tui {__version__}")
    asked = parser.parse_args(arguments)
    session = Session(places.places(), asked.profile, asked.profiles, asked.set)
    try:
        if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
            raise UsageError(_("this needs a terminal"), hint=_("`comet groups` prints what it would show"))
        if asked.profile or asked.profiles or asked.set:
            _check(session)
    except CometError as error:
        sys.stderr.write(_told(safe(str(error)), safe(error.hint)) + "\n")
        return error.exit_code
    places.prepare()
    for name in ("COLUMNS", "LINES"):  # exported by some shells, and then believed for ever, also after a resize
        os.environ.pop(name, None)
    app = CometApp(session)
    # Over a network every movement of a mouse would be sent, and be seen late.
    app.run(mouse="SSH_CONNECTION" not in os.environ)
    return app.return_code or 0


def _loaded(name: str, *given: object) -> Screen[None]:
    """Return a screen whose module is loaded when somebody goes there, not before the first one is painted."""
    module = importlib.import_module(f"comet_tui.screens.{name}")
    screen: Screen[None] = getattr(module, f"{name.capitalize()}Screen")(*given)
    return screen


def _hung_up() -> bool:
    """Tell whether the terminal is gone; a signal tells that too, but not to everybody, as in a container."""
    asked = select.poll()
    asked.register(0, 0)
    return any(events & (select.POLLHUP | select.POLLERR) for _file, events in asked.poll(0))


def _told(message: str, hint: str) -> str:
    text = _("error: {message}").format(message=message)
    return f"{text}\n{_('hint: {hint}').format(hint=hint)}" if hint else text


def _check(session: Session) -> None:
    """Refuse what was typed wrong before the screen is taken; what is wrong inside a profile can be mended meanwhile.

    Raises:
        UsageError: there is no such profile, file or setting.
    """
    try:
        session.choose()
    except UsageError:
        raise
    except CometError:
        return
