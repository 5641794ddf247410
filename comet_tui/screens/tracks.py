"""The tracks of a group: a list that knows which of them were on the screen, and all about the one under the cursor."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from comet.core.model import Track
from comet.core.text import _, _n, size
from comet_tui.screens import told
from comet_tui.screens.base import Enter
from comet_tui.walk import Item
from comet_tui.widgets.columns import head, wrapped
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.rows import Rows

_AROUND = 4
"""Lines that stand above and below the list."""
_FEW = 4
"""Tracks up to which the lines do not move from group to group."""
_STILL = 0.25
"""Seconds that the list has to stand still before what is in sight was seen: who only pages by has not looked."""
_NAME = 16
"""Cells that the name of a group has in any case."""


class Tracks(Vertical):
    """The tracks of one group, and what is left over beside it."""

    DEFAULT_CSS = """
    Tracks { min-height: 50%; max-height: 75%; }
    Tracks #detail { height: 3; padding: 0 1; }
    """

    def __init__(self, enter: Enter) -> None:
        """Take what counts how long something is on the screen."""
        super().__init__(id="own")
        self._enter = enter
        self._item: Item | None = None
        self._outside: Mapping[int, Track] = {}
        self._seen: set[int] = set()
        """Which of them were on the screen since the group came."""

    def compose(self) -> ComposeResult:
        """Make heading and list, and the lines about one track."""
        yield Heading(id="title")
        yield Rows(self._draw, id="tracks")
        yield Static(id="detail")

    def on_mount(self) -> None:
        """Notice where the list is scrolled to."""
        self._still = self.set_timer(_STILL, self._look)
        self.watch(self.rows, "scroll_y", self._scrolled, init=False)

    def on_resize(self) -> None:
        """Count anew what is in sight."""
        self.call_after_refresh(self._scrolled)

    @property
    def rows(self) -> Rows:
        """The list, which takes the keys."""
        return self.query_one("#tracks", Rows)

    def follow(self, item: Item | None, outside: Mapping[int, Track]) -> None:
        """List the tracks of a group, with the cursor on the keeper; where it is the same group, as it was."""
        same = item is self._item
        self._item, self._outside = item, outside
        if not same:
            self._seen = set()
        count = len(item.proposal.group.tracks) + len(told.beside(item.proposal.group)) if item else 0
        self.styles.height = _AROUND + max(_FEW, count)
        self.rows.fill(count, self.rows.cursor if same or item is None else item.proposal.keep[0])
        self._scrolled()

    def unseen(self) -> list[int]:
        """Return the tracks that would go and were not on the screen until now."""
        self._look()
        return [at for at in self._item.proposal.remove if at not in self._seen] if self._item else []

    def bring(self, tracks: list[int]) -> None:
        """Bring as many of these tracks into sight as there is room for, the first of them included."""
        first, height = tracks[0], max(1, self.rows.size.height)
        above = first < self.rows.scroll_offset.y
        self.rows.move_to(first if above else max(each for each in tracks if each < first + height))

    def entitle(self) -> None:
        """Say what the group is, and how many of its tracks are out of sight."""
        item, rows = self._item, self.rows
        if item is None:
            return
        sight = rows.in_sight or range(rows.count)
        above, below = sight.start, rows.count - sight.stop
        words = [
            _n("{n} track", "{n} tracks", len(item.proposal.group.tracks)),
            *([_("{n} more above").format(n=above)] if above else []),
            *([_("{n} more below").format(n=below)] if below else []),
            _("frees {size}").format(size=size(item.proposal.frees)),
        ]
        rest = " · ".join(["", *words])
        heading = self.query_one("#title", Heading)
        heading.words = head(told.name(item), max(_NAME, heading.size.width - 4 - cell_len(rest))) + rest

    def tell(self, path: str, what: str) -> None:
        """Say all about what is under the cursor: a path, and a sentence."""
        detail = self.query_one("#detail", Static)
        width = detail.size.width or self.screen.size.width - 2
        lines = wrapped(path, width, 2)
        detail.update(Text("\n".join((*lines, head(what, width * (3 - len(lines)))))), layout=False)

    def _scrolled(self) -> None:
        """Count from now on how long what is in sight is on the screen."""
        self._enter.begin()
        self._still.stop()
        self._still = self.set_timer(_STILL, self._look)
        self.entitle()

    def _look(self) -> None:
        """Note what is in sight."""
        if self.screen.is_active:
            self._seen.update(self.rows.in_sight)

    def _draw(self, index: int, width: int) -> Text:
        return told.track_row(self._item, index, self._outside, width) if self._item else Text()
