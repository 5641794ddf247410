"""Lines that every screen has: the title above, headings inside, and hints which keys work below."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from comet_tui.keys import EVERYWHERE, Key
from comet_tui.widgets.columns import head


class Line(Widget):
    """One line of text, cut where it does not fit."""

    DEFAULT_CSS = "Line { height: 1; }"
    words: reactive[str] = reactive("")

    def render(self) -> Text:
        """Return the line."""
        return Text(head(self.words, self.size.width), no_wrap=True)


class Heading(Line):
    """A heading that runs over the whole width."""

    DEFAULT_CSS = "Heading { text-style: bold; }"

    def render(self) -> Text:
        """Return the heading, filled up with a rule."""
        words = head(f"─ {self.words} ", self.size.width)
        return Text(words + "─" * (self.size.width - cell_len(words)), no_wrap=True)


class Said(Static):
    """What was done last, or why something was not; as many lines as it takes, up to three."""

    DEFAULT_CSS = "Said { height: auto; min-height: 1; max-height: 3; padding: 0 1; }"

    def say(self, words: str) -> None:
        """Show this in place of what was said before; text from outside has been made safe."""
        self.update(Text(words))


class Bar(Widget):
    """The title: where one is, and on the right what is going on."""

    DEFAULT_CSS = "Bar { height: 1; text-style: bold; }"
    place: reactive[str] = reactive("")
    busy: reactive[str] = reactive("")

    def render(self) -> Text:
        """Return the title; what is going on is never cut."""
        width = self.size.width - 2
        left = head(self.place, width - cell_len(self.busy) - 1)
        return Text(f" {left}{' ' * (width - cell_len(left) - cell_len(self.busy))}{self.busy} ", no_wrap=True)


class Hints(Widget):
    """The keys of a screen, as many as fit; the one that shows all of them always does."""

    DEFAULT_CSS = "Hints { height: 1; }"
    keys: reactive[Sequence[Key]] = reactive(())

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__()
        self.set_reactive(Hints.keys, keys)

    def render(self) -> Text:
        """Return the line."""
        *keys, last = [key for key in (*self.keys, *EVERYWHERE) if key.short]
        room = self.size.width - 1 - _width(last)
        text = Text(" ", no_wrap=True)
        for key in keys:
            if _width(key) + 2 > room:
                break
            room -= _width(key) + 2
            _put(text, key)
            text.append("  ")
        _put(text, last)
        return text


def _name(key: Key) -> str:
    return key.shown.split()[0]


def _width(key: Key) -> int:
    return cell_len(_name(key)) + 1 + cell_len(key.short)


def _put(text: Text, key: Key) -> None:
    text.append(_name(key), "bold").append(f" {key.short}")
