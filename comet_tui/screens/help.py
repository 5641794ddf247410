"""The keys that work on the screen one comes from."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult

from comet.core.text import _
from comet_tui import keys
from comet_tui.screens.base import Framed
from comet_tui.widgets.page import Page


class HelpScreen(Framed):
    """A table of keys."""

    KEYS = keys.BACK
    BINDINGS = keys.bindings(keys.BACK)

    def __init__(self, of: Framed) -> None:
        super().__init__(of.session)
        self._sections = keys.sections(*of.sections)

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("Keys")

    def body(self) -> ComposeResult:
        """Make the page."""
        yield Page()

    def on_mount(self) -> None:
        """Write the table."""
        self.query_one(Page).write(_table(self._sections))

    def action_back(self) -> None:
        """Go back to where one came from."""
        self.app.pop_screen()


def _table(sections: list[tuple[str, tuple[keys.Key, ...]]]) -> Text:
    wide = max(cell_len(key.shown) for _title, listed in sections for key in listed) + 2
    text = Text()
    for title, listed in sections:
        text.append(title + "\n", "bold")
        for key in listed:
            text.append(f" {key.shown}{' ' * (wide - cell_len(key.shown))}{key.does}\n")
        text.append("\n")
    text.rstrip()
    return text
