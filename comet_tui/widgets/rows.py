"""A list of any length: only the lines that can be seen are ever made, and a step of the cursor repaints two."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.errors import NoWidget
from textual.events import Click, Resize
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from comet_tui import keys

_CURSOR = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
"""Shows where the cursor is even where nothing but letters is shown."""


class Rows(ScrollView, can_focus=True):
    """A list whose rows are drawn on demand."""

    BINDINGS = keys.bindings(keys.MOVE)
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--cursor", "rows--cursor-blurred"}
    DEFAULT_CSS = """
    Rows {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .rows--cursor { text-style: reverse; }
        & > .rows--cursor-blurred { text-style: bold; }
    }
    """

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, rows: Rows, index: int) -> None:
            super().__init__()
            self.rows = rows
            self.index = index

        @property
        def control(self) -> Rows:
            """The list."""
            return self.rows

    def __init__(self, draw: Callable[[int, int], Text], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        """Take what draws row number x in y cells."""
        super().__init__(id=id)
        self._draw = draw
        self.count = 0
        self.cursor = 0

    @property
    def in_sight(self) -> range:
        """The rows that are on the screen now."""
        try:
            place = self.screen.find_widget(self)
        except NoWidget:  # others have its room
            return range(0)
        top = self.scroll_offset.y + place.visible_region.y - place.region.y
        return range(top, min(self.count, top + place.visible_region.height))

    def fill(self, count: int, cursor: int = 0) -> None:
        """Show `count` rows, with the cursor on one of them."""
        self.count = count
        self.cursor = max(0, min(cursor, count - 1))
        self.virtual_size = Size(self.size.width, count)
        self._into_view()
        self.refresh()

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, or the one nearest to it."""
        index = max(0, min(index, self.count - 1))
        if not self.count or index == self.cursor:
            self._into_view()  # a wheel may have scrolled it away
            return
        old, self.cursor = self.cursor, index
        if not self._into_view():
            self.redraw(old)
            self.redraw(index)
        self.post_message(self.Moved(self, index))

    def redraw(self, index: int) -> None:
        """Paint one row again."""
        y = index - self.scroll_offset.y
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Return a line of the visible part."""
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width  # beside the scroll bar
        if index >= self.count or width < 2:
            return Strip.blank(width, self.rich_style)
        here = index == self.cursor
        text = Text(_CURSOR if here else " ", no_wrap=True, end="").append_text(self._draw(index, width - 1))
        text.truncate(width, overflow="ellipsis", pad=True)
        if here and self.has_focus:  # braille lines, screen readers and magnifiers follow the terminal's own cursor
            self.app.cursor_position = self.content_region.offset + Offset(0, y)
        style = self._cursor_style() if here else self.rich_style
        return Strip(text.render(self.app.console)).apply_style(style).adjust_cell_length(width, style)

    def action_move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by what can be seen at once, but for one row."""
        self.move_to(self.cursor + pages * max(1, self.size.height - 1))

    def action_edge(self, side: int) -> None:
        """Move the cursor to the first or the last row."""
        self.move_to(0 if side < 0 else self.count - 1)

    def on_click(self, event: Click) -> None:
        """Put the cursor where somebody clicked."""
        if self.scroll_offset.y + event.y < self.count:
            self.move_to(self.scroll_offset.y + event.y)

    def on_resize(self, event: Resize) -> None:
        """Keep the cursor in sight."""
        self.virtual_size = Size(event.size.width, self.count)
        self._into_view()

    def on_focus(self) -> None:
        """Show that keys come here now."""
        self.redraw(self.cursor)

    def on_blur(self) -> None:
        """Show that keys go elsewhere."""
        self.redraw(self.cursor)

    def _cursor_style(self) -> Style:
        return self.get_component_rich_style("rows--cursor" if self.has_focus else "rows--cursor-blurred")

    def _into_view(self) -> bool:
        """Scroll as little as shows the cursor; return whether that moved anything."""
        top, height = self.scroll_offset.y, max(1, self.size.height)
        wanted = min(max(top, self.cursor - height + 1), self.cursor)
        if wanted == top:
            return False
        # A list that was only just filled has no scroll bar yet, and would not scroll without force.
        self.scroll_to(y=wanted, animate=False, force=True)
        return True
