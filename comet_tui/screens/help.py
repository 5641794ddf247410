"""What can be done on the screen one comes from: every key, found by typing, and done with Enter."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult

from comet.core.text import _
from comet_tui import keys
from comet_tui.keys import Key
from comet_tui.screens.base import Framed
from comet_tui.widgets.columns import Cell, line
from comet_tui.widgets.rows import Rows
from comet_tui.widgets.typed import Typed


class HelpScreen(Framed):
    """A list of keys by heading, and a line in which what they do is looked for."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.HELP
    BINDINGS = keys.bindings(keys.HELP)
    DEFAULT_CSS = "HelpScreen Typed { display: block; }"

    def __init__(self, of: Framed, *, find: bool = False) -> None:
        super().__init__(of.session)
        self._of = of
        self._find = find
        """Begin with typing."""
        self._all = [(title, key) for title, listed in keys.sections(*of.sections) for key in listed]
        self._shown: list[tuple[str, Key | None]] = []
        """Headings, without a key, and keys."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("Keys")

    def body(self) -> ComposeResult:
        """Make line and list."""
        yield Typed(_("find: a word of what it does"), id="find")
        yield Rows(self._draw, id="keys")

    def on_mount(self) -> None:
        """List all keys."""
        super().on_mount()
        self._list("")
        self.set_focus(self.query_one(Typed) if self._find else self._rows)

    def action_find(self) -> None:
        """Type a word of what is looked for."""
        self.set_focus(self.query_one(Typed))

    def action_move(self, rows: int) -> None:
        """Move the cursor while something is typed."""
        self._rows.action_move(rows)

    def action_do(self) -> None:
        """Go back, and do there what the key under the cursor does."""
        at = self._rows.cursor
        key = self._shown[at][1] if at < len(self._shown) else None
        self.app.pop_screen()
        if key is None:
            return
        if "enter" in key.names:
            self._of.say(_("Enter does that: {what}").format(what=key.does))
        elif key in keys.TAGS and key not in self._of.active:
            self._of.say(_("that is for the tags: t gives them the keys"))
        else:
            self.app.call_later(self.app.run_action, key.action, self._of.whose(key))

    def action_back(self) -> None:
        """Go back to where one came from."""
        self.app.pop_screen()

    @property
    def _rows(self) -> Rows:
        return self.query_one("#keys", Rows)

    @on(Typed.Changed)
    def _typed(self, event: Typed.Changed) -> None:
        self._list(event.value)

    @on(Typed.Submitted)
    def _submitted(self, event: Typed.Submitted) -> None:
        event.stop()
        self.action_do()

    def _list(self, words: str) -> None:
        """List what has all of the words, by heading."""
        wanted = words.casefold().split()
        self._shown, before = [], ""
        for title, key in self._all:
            if all(word in f"{key.shown} {key.does} {key.short} {title}".casefold() for word in wanted):
                self._shown += [(title, None)] if title != before else []
                self._shown.append((title, key))
                before = title
        self._rows.fill(len(self._shown), 1)
        self._rows.scroll_to(y=0, animate=False, force=True)  # with the heading above the first key

    def _draw(self, index: int, width: int) -> Text:
        title, key = self._shown[index]
        if key is None:
            return Text(title, "bold")
        wide = max(cell_len(each.shown) for _title, each in self._all) + 1
        return line((Cell(f" {key.shown}", wide + 1),), key.does, width)
