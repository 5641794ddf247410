"""A screen of lists in two places: side by side, one below the other, or one at a time, as there is room."""

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

_TALL = 16
"""Lines from which on there is room for one below the other."""


class Paired(Reading[T]):
    """Two lists or more, among which Tab goes around, or a message in their place."""

    BEGINS: ClassVar[int] = 0
    """Which of the lists has the keys at the beginning."""
    WIDE: ClassVar[int] = 100
    """Columns from which on both places stand side by side."""
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
    def lists(self) -> tuple[Widget, ...]:
        """Return what takes the keys: first in the one place, then in the other."""

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
        return next((at for at, each in enumerate(self.lists()) if each.has_focus), 0)

    @property
    def single(self) -> bool:
        """There is room for one list at a time."""
        return self.app.size.width < self.WIDE and self.app.size.height < _TALL

    def sees(self, which: int) -> bool:
        """Tell whether a list is on the screen."""
        return not self.has_class("-silent") and (not self.single or which == self.inside)

    def go(self, which: int) -> None:
        """Give the keys to a list."""
        self._arrange(which)
        self.set_focus(self.lists()[which])  # at once: the next key may be there already

    def instead(self, text: Text | None) -> None:
        """Show a message in place of the lists, or with None the lists again."""
        self.set_class(text is not None, "-silent")
        self.query_one("#message", Static).update(text or Text())

    def action_other(self) -> None:
        """Give the keys to the next list."""
        self.go((self.inside + 1) % len(self.lists()))

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
        self.set_class(self.app.size.width >= self.WIDE, "-wide")
        self.query_one("#one").display = not self.single or not inside
        self.query_one("#other").display = not self.single or bool(inside)
