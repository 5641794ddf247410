"""A line in which something is typed."""

from __future__ import annotations

from textual.widgets import Input


class Typed(Input):
    """A line for a word or a number: one row, and a cursor that stands still: each blink would be sent."""

    DEFAULT_CSS = "Typed { display: none; }"

    def __init__(self, hint: str, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(placeholder=hint, compact=True, select_on_focus=False, id=id)
        self.cursor_blink = False

    def ask(self, value: str = "") -> None:
        """Come, with what is there already, and take the keys."""
        self.value = value
        self.cursor_position = len(value)
        self.display = True
        self.screen.set_focus(self)

    def close(self) -> None:
        """Go."""
        self.display = False
