"""Signing in: a code, and where it is typed, as a QR code too; beside that it is asked whether it was."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult

from comet.core.errors import CometError, Stopped
from comet.core.text import _, safe
from comet_tui import keys
from comet_tui.background import in_thread
from comet_tui.backup import Door
from comet_tui.keys import Key
from comet_tui.screens.base import Framed, explain
from comet_tui.session import Session
from comet_tui.widgets.lines import Bar
from comet_tui.widgets.page import Page

if TYPE_CHECKING:
    from comet.backup.signin import Code


class SigninScreen(Framed):
    """A page with the code; it ends by itself when the code was typed."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.SIGNIN
    BINDINGS = keys.bindings(keys.SIGNIN)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._door = Door(session)
        self._failed = False

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("7 Sign-in")

    def body(self) -> ComposeResult:
        """Make the page."""
        yield Page()

    def on_mount(self) -> None:
        """Ask for a code."""
        super().on_mount()
        self.set_focus(self.query_one(Page))
        self._sign_in()

    def on_unmount(self) -> None:
        """Wait no longer."""
        self._door.close()

    def action_again(self) -> None:
        """Ask for another code, where the first one came to nothing."""
        if self._failed:
            self._door, self._failed = Door(self.session), False
            self._sign_in()

    def action_back(self) -> None:
        """Leave without a sign-in."""
        self._door.close()
        self.app.pop_screen()

    @work(exclusive=True)
    async def _sign_in(self) -> None:
        door, bar, page, loop = self._door, self.query_one(Bar), self.query_one(Page), asyncio.get_running_loop()

        def show(code: Code) -> None:
            words = _shown(code)
            with suppress(RuntimeError):  # the application has ended
                loop.call_soon_threadsafe(self._show, words)

        page.write(Text())
        bar.busy = _("asking for a code …")
        try:
            login = await in_thread(lambda: door.open(show))
        except Stopped:
            return
        except CometError as error:
            self._failed, bar.busy = True, ""
            page.write(explain(error, [_("Enter asks for another code, Esc leaves.")]))
            return
        self.session.reading += 1
        if self.is_current:
            self.app.pop_screen()
            if isinstance(self.app.screen, Framed):
                self.app.screen.say(_("signed in as {login}; Enter starts a run").format(login=safe(login)))
        else:  # somebody looks at another screen meanwhile
            self._failed, bar.busy = True, ""
            page.write(Text(_("signed in as {login}; Esc leaves").format(login=safe(login))))

    def _show(self, words: Text) -> None:
        if not self._door.closed:
            self.query_one(Bar).busy = _("waiting for it …")
            self.query_one(Page).write(words)


def _shown(code: Code) -> Text:
    """Return the code, where it is typed, and that place as a QR code: light letters on a dark ground everywhere."""
    from comet.backup import qr  # noqa: PLC0415 - loaded when somebody signs in

    text = Text(_("Open this address in any browser, sign in to Yandex, and type the code:"))
    text.append(f"\n\n  {safe(code.address)}\n  ")
    text.append(safe(code.code), "bold")
    good = _("It is good for {minutes:.0f} minutes; this screen goes on by itself. Esc leaves.")
    text.append("\n\n" + good.format(minutes=code.seconds / 60))
    for each in qr.lines(code.address):
        text.append("\n  ")
        text.append(each, "bright_white on black")
    return text
