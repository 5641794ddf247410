"""A screen of two lists: side by side, one below the other, or one at a time, as there is room."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widget import Widget
from textual.widgets import Static

from comet_tui.screens.base import Reading

T = TypeVar("T")

_WIDE = 100
"""Columns from which on both lists stand side by side."""
_TALL = 16
"""Lines from which on they have room one below the other."""


class Paired(Reading[T]):
    """Two lists, between which Tab goes back and forth, or a message in their place."""

    BEGINS: ClassVar[int] = 0
    """Which of the lists has the keys at the beginning."""
    DEFAULT_CSS = """
    Paired {
        #both { height: 1fr; layout: vertical; }
        #one, #other { height: 1fr; }
        #message { height: 1fr; padding: 1; display: none; }
        &.-wide #both { layout: horizontal; }
        &.-wide #one { width: 2fr; border-right: solid ansi_default; }
        &.-wide #other { width: 3fr; }
        &.-silent #both { display: none; }
        &.-silent #message { display: block; }
    }
    """

    @abstractmethod
    def one(self) -> ComposeResult:
        """Make the list on the left or above, and what belongs to it."""

    @abstractmethod
    def other(self) -> ComposeResult:
        """Make the list on the right or below, and what belongs to it."""

    @abstractmethod
    def lists(self) -> tuple[Widget, Widget]:
        """Return what takes the keys in each."""

    def body(self) -> ComposeResult:
        """Make both lists, and what stands there instead when there is nothing to list."""
        yield Static(id="message")
        with Container(id="both"):
            with Vertical(id="one"):
                yield from self.one()
            with Vertical(id="other"):
                yield from self.other()

    def on_mount(self) -> None:
        """Begin where the keys go."""
        self.set_focus(self.lists()[self.BEGINS])

    @property
    def inside(self) -> int:
        """Which of the lists has the keys."""
        return int(self.lists()[1].has_focus)

    def sees(self, which: int) -> bool:
        """Tell whether a list is on the screen."""
        return bool(self.query_one("#other" if which else "#one").display) and not self.has_class("-silent")

    def go(self, which: int) -> None:
        """Give the keys to a list."""
        self._arrange(which)
        self.set_focus(self.lists()[which])  # at once: the next key may be there already

    def instead(self, text: Text | None) -> None:
        """Show a message in place of the lists, or with None the lists again."""
        self.set_class(text is not None, "-silent")
        self.query_one("#message", Static).update(text or Text())

    def action_other(self) -> None:
        """Give the keys to the other list."""
        self.go(1 - self.inside)

    def on_resize(self) -> None:
        """Arrange both lists anew."""
        self._arrange(self.inside)

    def on_screen_resume(self) -> None:
        """Arrange both lists anew: the window may have another size since this screen was left."""
        self._arrange(self.inside)

    @on(events.DescendantFocus)
    def _follow(self) -> None:
        """Somebody clicked into a list."""
        self._arrange(self.inside)

    def _arrange(self, inside: int) -> None:
        """Put the lists side by side where that fits, and show only one of them where two have no room."""
        size = self.app.size
        self.set_class(size.width >= _WIDE, "-wide")
        single = size.width < _WIDE and size.height < _TALL
        self.query_one("#one").display = not single or not inside
        self.query_one("#other").display = not single or bool(inside)
