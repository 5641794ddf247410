"""A rule in words: what it would do is shown before it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult

from comet.core.errors import CometError
from comet.core.text import _, safe
from comet_tui import keys
from comet_tui.background import in_thread
from comet_tui.keys import Key
from comet_tui.screens.base import Enter, Framed, explain
from comet_tui.session import Session
from comet_tui.widgets.lines import Bar
from comet_tui.widgets.page import Page
from comet_tui.widgets.typed import Typed


class RuleScreen(Framed):
    """A line in which a rule is typed, and a page that tells its effect."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.RULE
    BINDINGS = keys.bindings(keys.RULE)

    def __init__(self, session: Session, clock: Callable[[], float]) -> None:
        super().__init__(session)
        self._enter = Enter(clock)
        self._shown = ""
        """The rule whose effect stands there."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("3 Review ▸ rule")

    def body(self) -> ComposeResult:
        """Make the line and the page."""
        yield Typed(_("keep lossless; never from /music/reference"), id="rule")
        yield Page()

    def on_mount(self) -> None:
        """Begin with typing."""
        self.query_one(Page).write(Text(_("Enter shows what a rule would do, and nothing is done by that.")))
        self.query_one(Typed).ask()

    def on_screen_resume(self) -> None:
        """Count from now on how long the effect is on the screen."""
        self._enter.begin()

    def action_edit(self) -> None:
        """Type another rule."""
        self._shown = ""
        self.query_one(Typed).ask(self.query_one(Typed).value)

    def action_back(self) -> None:
        """Go back to the groups; what a rule would do was only shown."""
        self.app.pop_screen()

    def action_confirm(self) -> None:
        """Do what is shown, after it could be read."""
        if self._enter.meant() and self._shown:
            self._do(self._shown)

    @on(Typed.Submitted)
    def _typed(self, event: Typed.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._show(event.value.strip())

    @work(exclusive=True, group="rule")
    async def _show(self, rule: str) -> None:
        bar, page = self.query_one(Bar), self.query_one(Page)
        bar.busy = _("reading …")
        try:
            lines = await in_thread(lambda: self.session.answer("review", "--rule", rule).splitlines())
        except CometError as error:
            page.write(explain(error))
        else:
            self._shown = rule
            self._enter.begin()
            page.write(Text("\n".join(map(safe, lines))))
            self.set_focus(page)
            self.say(_("Enter does this, e changes the rule, Esc leaves it"))
        bar.busy = ""

    @work(group="acts")
    async def _do(self, rule: str) -> None:
        async with self.session.turn:
            try:
                profile = self.session.choose()
                await in_thread(lambda: self.session.start(profile, "review", "--rule", rule, "--yes", alone=True))
            except CometError as error:
                self.refuse(error)
            else:
                self._shown = ""
                self.say(_("a job does it, 9 shows it; 8 takes it back"))
