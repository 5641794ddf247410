"""The tags of a group after the merge: a list of fields in which somebody settles what is right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult, SuspendNotSupported
from textual.containers import Vertical
from textual.message import Message

from comet.core.errors import CometError, UsageError
from comet.core.merged import Agreement, Row, Settled
from comet.core.text import _
from comet_tui import keys, settling
from comet_tui.ahead import Ahead, Answer
from comet_tui.found import Looked
from comet_tui.screens import fields
from comet_tui.screens.base import reason
from comet_tui.screens.fields import Fold
from comet_tui.walk import Item
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.rows import Rows
from comet_tui.widgets.typed import Typed

if TYPE_CHECKING:
    from comet.collection.merging import Merged

_REST = 0.15
"""Seconds that the cursor rests on a group before files are read for its tags: who only passes by waits for none."""


class Tags(Vertical):
    """The fields of one group, with the keys that settle them; nothing is written from here."""

    BINDINGS = keys.bindings(keys.TAGS)
    DEFAULT_CSS = "Tags { height: 1fr; }"

    class Changed(Message):
        """Something of what is shown is another one than before."""

    class Arrived(Message):
        """The tags are there that were not when the group came."""

    class Left(Message):
        """The keys shall go back to the tracks."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Take what tells the user something."""
        super().__init__(id="fields")
        self._say = say
        self.ahead: Ahead | None = None
        """Asks for the tags of the groups that there are."""
        self._item: Item | None = None
        self._following: Item | None = None
        self._lines: list[Row | Fold | str] = []
        self._opened = False
        self._at = 0
        """Of a field that may hold several values, the one under the cursor."""
        self._draft = ""
        """What came back from the editor and could not be read."""

    def compose(self) -> ComposeResult:
        """Make heading, list, and the line in which a field is typed."""
        yield Heading(id="merged")
        yield Rows(self._draw, id="tags")
        yield Typed(_("values, with ; between several; Enter takes them, Esc does not"), id="value")

    @property
    def rows(self) -> Rows:
        """The list, which takes the keys."""
        return self.query_one("#tags", Rows)

    @property
    def merged(self) -> Merged | None:
        """The group as it is chosen and settled now; None where its tags are not there yet, or cannot be read."""
        answer, item = self._answer, self._item
        if item is None or answer is None or isinstance(answer, CometError):
            return None
        return replace(answer.merged, settled=item.settled)

    @property
    def looked(self) -> Looked | None:
        """What else is to be known of it."""
        return self._answer if isinstance(self._answer, Looked) else None

    @property
    def row(self) -> Row | None:
        """The field under the cursor."""
        at = self.rows.cursor
        line = self._lines[at] if at < len(self._lines) else None
        return line if isinstance(line, Row) else None

    @property
    def detail(self) -> str:
        """All of the field under the cursor, in words."""
        row = self.row
        return fields.detail(row, self.merged.merge, self.merged.settled) if row and self.merged else ""

    def follow(self, item: Item | None, following: Item | None) -> None:
        """Show the tags of a group, now or when they are there; then those of the `following` one are read."""
        same = item is self._item
        self._item, self._following = item, following
        if not same:
            self._draft, self._opened = "", False
            self._value.close()
        self._list(self.rows.cursor if same else 0)
        if self.ahead and item and item.asks:
            late = self._answer is None  # as it was listed just now: an answer may come while the cursor rests
            self._read(self.ahead, item, _REST if late and not same else 0.0, late=late)

    def agree(self) -> str:
        """Return what keeps the group from being confirmed, as a sentence, with the cursor on it; empty for nothing.

        A conflict that is under the cursor is settled with the value that is shown.
        """
        merged, item = self.merged, self._item
        if merged is None or item is None:
            return fields.missing(reason(self._answer) if isinstance(self._answer, CometError) else "")
        if self.rows.has_focus and self.row in merged.open:
            self.action_take()
        left = replace(merged, settled=item.settled).open
        if left:
            self.rows.move_to(next(at for at, each in enumerate(self._lines) if each == left[0]))
        return fields.left(left) if left else ""

    def action_value(self, step: int) -> None:
        """Go to the field's next value, or the one before."""
        row, item = self.row, self._item
        if row is None or item is None or row.agreement is Agreement.OWN:
            return
        if settling.several(row):
            self._at += step
            self.rows.redraw(self.rows.cursor)
            self.post_message(self.Changed())
        else:
            self._settle(settling.turned(row, item.settled, step))

    def action_take(self) -> None:
        """Put the value in or out, or settle the conflict as it is shown."""
        row, item = self.row, self._item
        if row is None or item is None or row.agreement is Agreement.OWN:
            return
        found = settling.parts(row, item.settled)
        if settling.several(row) and found:
            self._settle(settling.toggled(row, item.settled, found[self._at % len(found)]))
        elif row.agreement is Agreement.CONFLICT:
            self._settle(settling.taken(row, item.settled))

    def action_proposed(self) -> None:
        """Settle all conflicts that are left as it is proposed."""
        if self.merged:
            self._settle(settling.proposed(self.merged.merge, self.merged.settled))

    def action_edit(self) -> None:
        """Let the field under the cursor be typed."""
        row, item = self.row, self._item
        if row is None or item is None or not item.asks:
            return
        if not settling.editable(row):
            self._say(_("this is not typed: h and l choose a picture, and what is a file's own stays with it"))
            return
        from comet.collection import edited  # noqa: PLC0415 - nothing is loaded before somebody asks

        self._value.ask(edited.line(settling.chosen(row, item.settled)))

    def action_editor(self) -> None:
        """Let all fields be edited in the user's editor; what cannot be read is kept, and edited again next time."""
        item, merged = self._item, self.merged
        if item is None or merged is None or not item.asks or item.settled.own:
            return
        from comet.collection import edited  # noqa: PLC0415 - nothing is loaded before somebody asks

        given = self._draft or edited.text(merged.merge, item.settled)
        try:
            with self.app.suspend():
                typed = edited.by_hand(given)
            if typed != given or self._draft:
                self._draft = typed
                found = edited.parse(typed, merged.merge)
            else:
                found = item.settled
        except SuspendNotSupported:
            self._say(_("this terminal cannot be left for an editor"))
        except UsageError as error:
            again = _("{reason}; E opens it again") if self._draft else "{reason}"
            self._say(f"! {again.format(reason=reason(error))}")
        else:
            self._draft = ""
            after = replace(item.settled, fields=found.fields)
            self._say(fields.changed(item.settled, after))
            self._settle(after)

    def action_merging(self) -> None:
        """Let each file keep its own tags, or no longer."""
        if self._item:
            self._settle(replace(self._item.settled, own=not self._item.settled.own))

    def action_goers(self) -> None:
        """Write the tags also to the files that go, or no longer."""
        if self._item:
            self._settle(replace(self._item.settled, all_files=not self._item.settled.all_files))

    def action_fold(self) -> None:
        """Open what is folded, or close it."""
        self._opened = not self._opened
        self._list(self.rows.cursor)

    def action_unsettle(self) -> None:
        """Take the last change back."""
        if self._item and self._item.asks and self._item.edits:
            self._item.edits.pop()
            self._changed()
        else:
            self._say(_("nothing was changed in these tags; Esc leads to the tracks, where u undoes what was done"))

    def action_leave(self) -> None:
        """Leave the line in which something is typed, else the tags."""
        if self._value.display:
            self._close()
        else:
            self.post_message(self.Left())

    @on(Typed.Submitted)
    def _typed(self, event: Typed.Submitted) -> None:
        event.stop()
        row, item = self.row, self._item
        if row is None or item is None:
            return
        from comet.collection import edited  # noqa: PLC0415 - nothing is loaded before somebody asks

        try:
            values = edited.values(event.value)
        except UsageError as error:
            self._say(f"! {reason(error)}")
            return
        self._close()
        self._settle(settling.put(row, item.settled, values))

    @on(events.DescendantBlur)
    def _blurred(self) -> None:
        """Somebody went elsewhere in the middle of typing."""
        if self._value.display and self.screen.focused is not self._value:
            self._value.close()

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._at = 0
        self._value.close()

    def _close(self) -> None:
        self._value.close()
        self.screen.set_focus(self.rows)

    def _settle(self, settled: Settled) -> None:
        if self._item is None or not self._item.asks:
            return
        self._item.settle(settled)
        self._changed()

    def _changed(self) -> None:
        self.follow(self._item, self._following)  # where tags are merged now that were not, they have to be read
        self.post_message(self.Changed())

    @work(exclusive=True, group="tags")
    async def _read(self, ahead: Ahead, item: Item, rest: float, *, late: bool) -> None:
        """Read the tags of a group on which the cursor rests, then those of the one that is next."""
        await asyncio.sleep(rest)
        await ahead.of(item)
        if item is not self._item or ahead is not self.ahead or self._pruning:
            return
        if late:
            self._list(self.rows.cursor)
            self.post_message(self.Arrived())
        if self._following and self._following.asks:
            await ahead.of(self._following)

    def _list(self, cursor: int) -> None:
        here, merged, item = self.row, self.merged, self._item
        heading = self.query_one("#merged", Heading)
        if item is None or not item.asks:
            self._lines, heading.words = [], _("Tags")
        elif isinstance(self._answer, CometError):
            self._lines, heading.words = [f"! {reason(self._answer)}"], _("Tags")
        elif merged is None:
            self._lines, heading.words = [], _("Tags · reading tags …")
        else:
            rows = fields.listed(merged.merge, item.settled, opened=self._opened)
            notes = fields.notes(merged, rows, self.looked.unheld if self.looked else {})
            first = sum(isinstance(row, Row) and row.agreement is Agreement.CONFLICT for row in rows)
            self._lines = [*rows[:first], *notes, *rows[first:]]
            cursor = next((at for at, line in enumerate(self._lines) if _same(line, here)), cursor)
            heading.words = fields.heading(merged.merge, item.settled)
        self.rows.fill(len(self._lines), cursor)

    def _draw(self, index: int, width: int) -> Text:
        each, merged = self._lines[index], self.merged
        if isinstance(each, str):
            return Text(each)
        if isinstance(each, Fold):
            return fields.fold_row(each, width)
        if merged is None:
            return Text()
        at = self._at if index == self.rows.cursor and self.rows.has_focus else None
        return fields.field_row(each, merged.merge, merged.settled, at, width)

    @property
    def _answer(self) -> Answer | None:
        return self.ahead.known(self._item) if self.ahead and self._item else None

    @property
    def _value(self) -> Typed:
        return self.query_one("#value", Typed)


def _same(line: Row | Fold | str, row: Row | None) -> bool:
    return row is not None and isinstance(line, Row) and line.field == row.field
