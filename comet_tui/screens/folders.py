"""Folders that hold the same tracks: one of them is kept, and one answer is enough for all that they share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widget import Widget

from comet.core.errors import CometError
from comet.core.profiles import Profile
from comet.core.text import _, _n, grouped, safe, size
from comet_tui import keys
from comet_tui.background import in_thread
from comet_tui.found import Pair
from comet_tui.keys import Key
from comet_tui.screens.base import Enter, explain
from comet_tui.screens.newer import Newer
from comet_tui.session import Session
from comet_tui.widgets.columns import Cell, apart, line
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.page import Page
from comet_tui.widgets.rows import Rows

_SHOWN = 1_000
"""Files that go whose paths are listed; of more only the number is told."""


class FoldersScreen(Newer[tuple[Profile, list[Pair]]]):
    """A list of pairs, and what becomes of the one under the cursor."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.FOLDERS
    BINDINGS = keys.bindings(keys.FOLDERS)
    WIDE = 200  # names need the width more than the page needs the height

    def __init__(self, session: Session, clock: Callable[[], float]) -> None:
        super().__init__(session)
        self._enter = Enter(clock)
        self._profile: Profile | None = None
        self._pairs: list[Pair] = []
        self._told: Pair | None = None
        """The pair that the page is about; the cursor may be ahead of it by a moment."""
        self._before = -1
        """The last run before the job that was started here; -1 where none was."""
        self._kept: Pair | None = None
        """What that job is about: done with, whatever becomes of it."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("3 Review ▸ folders")

    def one(self) -> ComposeResult:
        """Make the list of pairs."""
        yield Heading(id="total")
        yield Rows(self._draw, id="pairs")

    def other(self) -> ComposeResult:
        """Make the page about one of them."""
        yield Heading(id="which")
        yield Page()

    def lists(self) -> tuple[Widget, Widget]:
        """Return list and page."""
        return self.query_one("#pairs", Rows), self.query_one(Page)

    def on_screen_resume(self) -> None:
        """Count from now on how long the pair is on the screen."""
        self._enter.begin()

    def ask(self) -> tuple[Profile, list[Pair]]:
        """Ask for the pairs."""
        return self.session.folders()

    def show(self, answer: tuple[Profile, list[Pair]]) -> None:
        """List the pairs."""
        self.forget()
        self._profile, self._pairs = answer
        nothing = _("no two folders hold several tracks of the same recordings")
        self.instead(None if self._pairs else Text(nothing))
        self.query_one("#total", Heading).words = _n("{n} pair of folders", "{n} pairs of folders", len(self._pairs))
        rows = self.query_one("#pairs", Rows)
        rows.fill(len(self._pairs), self._pairs.index(self._told) if self._told in self._pairs else rows.cursor)
        self._show_pair()

    def leaves(self, answer: tuple[Profile, list[Pair]]) -> bool:
        """Tell whether the pair under the cursor is there as it was, or was answered."""
        return self._told in (None, self._kept, *answer[1])

    def fail(self, error: CometError) -> None:
        """Say why there are none."""
        self.forget()
        self._pairs = []
        self.instead(explain(error))

    def action_confirm(self) -> None:
        """Keep the one folder, after it was seen what goes of the other one."""
        self._show_pair()
        pair, profile = self._told, self._profile
        if not self._enter.meant() or self.renewed() or pair is None or profile is None or self.waits():
            return
        if not self.sees(1):
            self.go(1)
            self._enter.begin()
        elif profile.read_only:
            self.say(_("the profile is read-only, nothing is done"))
        elif not pair.goes:
            self.say(_("nothing of this goes: every file stays"))
        else:
            self._keep(profile, pair)

    def action_undo(self) -> None:
        """Take back what the job that was started here last has moved."""
        if self._profile is None or self._before < 0:
            self.say(_("nothing was done here; 8 shows what was done before"))
        else:
            self._undo(self._profile, self._before)

    def action_back(self) -> None:
        """Go back to the groups."""
        self.app.pop_screen()

    @work(group="acts")
    async def _keep(self, profile: Profile, pair: Pair) -> None:
        def act() -> str:
            self._before, self._kept = self.session.keep_folder(profile, pair), pair
            return _("a job moves what goes, 9 shows it; u takes it back when it has ended")

        await self._act(act)

    @work(group="acts")
    async def _undo(self, profile: Profile, before: int) -> None:
        def act() -> str:
            undone = self.session.undo_since(profile, before)
            return _("it is put back, 9 shows it") if undone else _("nothing was moved yet; 9 shows the job")

        await self._act(act)

    async def _act(self, act: Callable[[], str]) -> None:
        async with self.session.turn:
            try:
                words = await in_thread(act)
            except CometError as error:
                self.refuse(error)
            else:
                self.session.acts += 1
                self.say(words)

    @property
    def _pair(self) -> Pair | None:
        at = self.query_one("#pairs", Rows).cursor
        return self._pairs[at] if at < len(self._pairs) else None

    @on(Rows.Moved, "#pairs")
    def _show_pair(self) -> None:
        pair = self._pair
        if pair == self._told:
            return
        self._told = pair
        self._enter.begin()
        if pair is None:
            return
        self.query_one("#which", Heading).words = _("{files} go ({size})").format(
            files=_n("{n} file", "{n} files", len(pair.goes)), size=size(sum(each.file.size for each in pair.goes))
        )
        lines = [*pair.words, "", *(safe(track.file.path) for track in pair.goes[:_SHOWN])]
        if len(pair.goes) > _SHOWN:
            lines.append(_("… and {n} more").format(n=grouped(len(pair.goes) - _SHOWN)))
        self.query_one(Page).write(Text("\n".join(lines)))

    def _draw(self, index: int, width: int) -> Text:
        pair = self._pairs[index]
        cells = (
            Cell(size(sum(each.file.size for each in pair.goes)), 8, right=True),
            Cell(_n("{n} file", "{n} files", len(pair.goes)), 10, right=True, rank=1),
        )
        words = _("keep {keep} over {over}")
        room = width - line(cells, "", width).cell_len - cell_len(words.format(keep="", over=""))
        top = os.path.commonpath((pair.keep, *pair.over))
        top = os.path.dirname(top) if top in (pair.keep, *pair.over) else top  # or one of them would have no name
        keep, *others = (safe(os.path.relpath(each, top)) for each in (pair.keep, *pair.over))
        keep, over = apart(keep, ", ".join(others), room)
        return line(cells, words.format(keep=keep, over=over), width)
