"""Folders that hold the same tracks: one of them is kept, and one answer is enough for all that they share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widget import Widget

from comet.core.errors import CometError
from comet.core.profiles import Profile
from comet.core.text import _, _n, safe, size
from comet_tui import keys
from comet_tui.background import in_thread
from comet_tui.found import Pair
from comet_tui.keys import Key
from comet_tui.screens.base import Enter, explain
from comet_tui.screens.paired import Paired
from comet_tui.session import Session
from comet_tui.widgets.columns import Cell, line, tail
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.page import Page
from comet_tui.widgets.rows import Rows

_SHOWN = 1_000
"""Files that go whose paths are listed; of more only the number is told."""


class FoldersScreen(Paired[tuple[Profile, list[Pair]]]):
    """A list of pairs, and what becomes of the one under the cursor."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.FOLDERS
    BINDINGS = keys.bindings(keys.FOLDERS)

    def __init__(self, session: Session, clock: Callable[[], float]) -> None:
        super().__init__(session)
        self._enter = Enter(clock)
        self._profile: Profile | None = None
        self._pairs: list[Pair] = []
        self._told: Pair | None = None
        """The pair that the page is about; the cursor may be ahead of it by a moment."""
        self._before = -1
        """The last run before the job that was started here; -1 where none was."""

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
        self._profile, self._pairs = answer
        nothing = _("no two folders hold several tracks of the same recordings")
        self.instead(None if self._pairs else Text(nothing))
        self.query_one("#total", Heading).words = _n("{n} pair of folders", "{n} pairs of folders", len(self._pairs))
        self.query_one("#pairs", Rows).fill(len(self._pairs), self.query_one("#pairs", Rows).cursor)
        self._show_pair()

    def fail(self, error: CometError) -> None:
        """Say why there are none."""
        self._pairs = []
        self.instead(explain(error))

    def action_confirm(self) -> None:
        """Keep the one folder, after it was seen what goes of the other one."""
        self._show_pair()
        pair, profile = self._told, self._profile
        if not self._enter.meant() or pair is None or profile is None or not self.current:
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
            self._before = self.session.keep_folder(profile, pair)
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
        if pair is self._told:
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
            lines.append(_("… and {n} more").format(n=f"{len(pair.goes) - _SHOWN:,}"))
        self.query_one(Page).write(Text("\n".join(lines)))

    def _draw(self, index: int, width: int) -> Text:
        pair = self._pairs[index]
        cells = (
            Cell(size(sum(each.file.size for each in pair.goes)), 8, right=True),
            Cell(_n("{n} file", "{n} files", len(pair.goes)), 10, right=True, rank=1),
        )
        room = max(6, (width - 22) // 2)
        top = os.path.commonpath((pair.keep, *pair.over))
        keep, *others = (safe(os.path.relpath(each, top)) for each in (pair.keep, *pair.over))
        over = tail(", ".join(others), room - 6)
        words = _("keep {keep} over {over}").format(keep=tail(keep, room - 5), over=over)
        return line(cells, words, width)
