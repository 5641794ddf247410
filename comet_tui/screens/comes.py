"""Screens that are still to come: what will be there, and which command does it today."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult

from comet.core.text import _
from comet_tui.screens.base import Framed
from comet_tui.session import Session
from comet_tui.widgets.page import Page

_WORDS = {
    "covers": (
        _("4 Covers"),
        _("The covers of a track side by side, the best one chosen, a square cut out of it, and embedded."),
        _("Until then nothing of Comet changes a cover."),
    ),
    "backup": (
        _("7 Backup"),
        _("Playlists and liked tracks of a streaming account, saved to files and found in the collection."),
        _("Until then nothing of Comet reads an account."),
    ),
}


class ComesScreen(Framed):
    """A page that says so."""

    def __init__(self, session: Session, which: str) -> None:
        super().__init__(session)
        self._called, self._what, self._today = _WORDS[which]

    @property
    def called(self) -> str:
        """What the screen is called."""
        return self._called

    def body(self) -> ComposeResult:
        """Make the page."""
        yield Page()

    def on_mount(self) -> None:
        """Say what comes."""
        self.query_one(Page).write(Text("\n\n".join((_("This screen is still to come."), self._what, self._today))))

    def on_screen_resume(self) -> None:
        """Say of which profile, which may be another one by now."""
        self.entitle()
