"""A text that is longer than the screen."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from comet_tui import keys


class Page(VerticalScroll, can_focus=True):
    """Lines to read; the same keys move it that move a list."""

    BINDINGS = keys.bindings(keys.MOVE)
    DEFAULT_CSS = """
    Page { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    Page > Static { height: auto; }
    """

    def compose(self) -> ComposeResult:
        """Make what holds the text."""
        yield Static()

    def write(self, text: Text) -> None:
        """Show a text in place of the one before."""
        self.query_one(Static).update(text)

    def action_move(self, rows: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=rows, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by what can be seen at once, but for one line."""
        self.scroll_relative(y=pages * max(1, self.size.height - 1), animate=False)

    def action_edge(self, side: int) -> None:
        """Scroll to the beginning or the end."""
        self.scroll_to(y=0 if side < 0 else self.max_scroll_y, animate=False)
