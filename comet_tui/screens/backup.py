"""The backup of an account: its playlists with what is here of each, what is not and why, and the run at work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from comet import jobs
from comet.backup.model import State
from comet.core.errors import CometError
from comet.core.text import _, _n
from comet.jobs import JobState
from comet_tui import backup, keys
from comet_tui.background import in_thread
from comet_tui.backup import Backed
from comet_tui.keys import Key
from comet_tui.screens import account, working
from comet_tui.screens.base import every, explain
from comet_tui.screens.paired import Paired
from comet_tui.screens.signin import SigninScreen
from comet_tui.screens.working import Paces, Stage
from comet_tui.session import Session
from comet_tui.widgets.columns import Cell, line
from comet_tui.widgets.lines import Bar, Heading, Line
from comet_tui.widgets.rows import Rows

if TYPE_CHECKING:
    from comet.backup.overview import Absent, Counted

_AGAIN: Final = 3.0
"""Seconds between two looks at what a run has brought."""


class _Status(Line):
    """Whose account it is and how the last run ended, as much of it as fits."""

    def render(self) -> Text:
        """Return the line."""
        return Text(account.fitted(self.words, self.size.width), no_wrap=True)


class BackupScreen(Paired[Backed]):
    """Two lists, playlists and what is not here of one of them, below the run at work."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.BACKUP
    BINDINGS = keys.bindings(keys.BACKUP)
    DEFAULT_CSS = """
    BackupScreen {
        #account { padding: 0 1; }
        #stages { height: auto; max-height: 4; display: none; }
        #job { display: none; }
        #detail { height: auto; max-height: 3; padding: 0 1; }
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._backed: Backed | None = None
        self._absent: list[Absent] = []
        self._of: tuple[str, str] | None = None
        """Of which profile and playlist they are."""
        self._stale = False
        """Something has changed since they were read."""
        self._job: JobState | None = None
        self._stages: list[Stage] = []
        self._paces = Paces()
        self._seen = 0.0
        self._wide: list[int] = []
        """Cells of each figure of a playlist."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("7 Backup")

    def body(self) -> ComposeResult:
        """Make account and run above the lists."""
        yield _Status(id="account")
        yield Heading(id="job")
        yield Rows(self._draw_stage, id="stages")
        yield from super().body()

    def one(self) -> ComposeResult:
        """Make the list of playlists."""
        yield Heading(id="total")
        yield Rows(self._draw_list, id="lists")

    def other(self) -> ComposeResult:
        """Make the list of what is not here."""
        yield Heading(id="which")
        yield Rows(self._draw_absent, id="absent")
        yield Static(id="detail")

    def lists(self) -> tuple[Widget, Widget]:
        """Return both lists."""
        return self._lists, self._rows

    def on_mount(self) -> None:
        """Look at the run now and then."""
        self.query_one("#stages", Rows).can_focus = False
        self.set_interval(every(), self._look)

    def on_screen_resume(self) -> None:
        """Look at once."""
        self.call_after_refresh(self._look)

    def ask(self) -> Backed:
        """Ask what there is."""
        return backup.backed(self.session)

    def show(self, answer: Backed) -> None:
        """List the playlists; the cursor stays on its own."""
        here, before = self._list, self._backed
        same = before is not None and before.profile.name == answer.profile.name
        self._backed = answer
        self.query_one("#account", Line).words = account.status(answer)
        self.query_one("#total", Heading).words = account.total(answer)
        self._wide = [max(map(cell_len, each)) for each in zip(*map(account.figures, answer.lists), strict=True)]
        found = [each.playlist.header.key for each in answer.lists]
        key = here.playlist.header.key if here and same else ""
        self._lists.fill(len(found), found.index(key) if key in found else 0)
        self.instead(None if found else account.nothing(answer))
        self._stale = True
        self._show_list()

    def fail(self, error: CometError) -> None:
        """Say why nothing is known of it."""
        self._backed, self._of, self._absent = None, None, []
        self.query_one("#account", Line).words = ""
        self.instead(explain(error, [_("r reads it again, 1 shows the profiles.")]))

    def action_start(self) -> None:
        """Start a run, or lead to the sign-in that it needs."""
        backed = self._backed
        if backed is not None and backed.unsigned is not None:
            self.say(_("l signs in first"))
        elif backed is not None:
            self._start()

    def action_login(self) -> None:
        """Sign in, with a code that is typed elsewhere."""
        if self._backed is not None:
            self.app.push_screen(SigninScreen(self.session))

    def action_retry(self) -> None:
        """Let the next run ask again: for the track under the cursor, or for all of the playlist."""
        backed, track = self._backed, self._track
        if backed is None or not self._of:
            return
        found = [track] if self.inside and track else [] if self.inside else self._absent
        self._retry(backed, [each.track for each in found if each.reason or each.state is State.IGNORED])

    def action_ignore(self) -> None:
        """Ask for the track under the cursor no more; once more: ask again."""
        backed, track = self._backed, self._track
        if backed is None or track is None or not self.inside:
            self.say(_("Tab leads to the tracks that are not here"))
        elif track.state is State.IGNORED:
            self._retry(backed, [track.track])
        else:
            self._ignore(backed, track)

    def action_pause(self) -> None:
        """Let the run wait, or go on."""
        waits = bool(self._job and self._job.state == "paused")
        self._steer(_("the job goes on") if waits else _("the job waits after the unit in hand"), pause=not waits)

    def action_stop(self) -> None:
        """End the run after what it has in hand."""
        self._steer(_("the job ends after the unit in hand; what is done is kept"), stop=True)

    def action_back(self) -> None:
        """Go back to the playlists."""
        self.go(0)

    def _steer(self, done: str, *, pause: bool | None = None, stop: bool | None = None) -> None:
        if self._job is None:
            self.say(_("no run is at work; Enter starts one"))
            return
        try:
            jobs.steer(self._job, pause=pause, stop=stop)
        except CometError as error:
            self.refuse(error)
        else:
            self.say(done)

    @work(group="start", exclusive=True)
    async def _start(self) -> None:
        try:
            await in_thread(lambda: backup.start(self.session))
        except CometError as error:
            self.refuse(error)
        else:
            self.say(_("a run begins; it goes on when this is left, 9 shows all jobs"))

    @work(group="acts")
    async def _retry(self, backed: Backed, tracks: list[str]) -> None:
        try:
            count = await in_thread(lambda: backup.retry(backed.profile, tracks))
        except CometError as error:
            self.refuse(error)
            return
        self.say(_n("the next run asks for {n} track again", "the next run asks for {n} tracks again", count))
        await self._renew()

    @work(group="acts")
    async def _ignore(self, backed: Backed, track: Absent) -> None:
        try:
            await in_thread(lambda: backup.ignore(backed.profile, track.track))
        except CometError as error:
            self.refuse(error)
            return
        self.say(_("it is asked for no more; i or t takes that back"))
        await self._renew()

    async def _renew(self) -> None:
        """Read again what has changed, without a word."""
        name = self.session.profile_name
        try:
            answer = await in_thread(self.ask)
        except CometError:
            return  # whoever reads it again is told
        if name == self.session.profile_name and self.looked_at():
            self.show(answer)

    async def _look(self) -> None:
        """Look at the run, paint what has changed, and count again what it has brought."""
        if not self.looked_at():
            return
        name = self.session.profile_name
        job = await in_thread(self.session.job)
        if name != self.session.profile_name or not self.looked_at():
            return
        self._paint(job if job and _is_run(job) else None)
        self.follow()
        now = time.monotonic()
        if self._job and self._job.runs and now - self._seen > _AGAIN and not self.query_one(Bar).busy:
            self._seen = now
            await self._renew()

    def _paint(self, job: JobState | None) -> None:
        self._job = job
        heading, rows = self.query_one("#job", Heading), self.query_one("#stages", Rows)
        heading.display = job is not None and (job.runs or job.state == "died")  # how others ended is told above
        heading.words = working.headline(job) if job else ""
        before, self._stages = self._stages, working.stages(job, (), self._paces) if job and job.runs else []
        rows.display = bool(self._stages)
        if len(before) != len(self._stages):
            rows.fill(len(self._stages), len(self._stages) - 1)
        elif before != self._stages:
            rows.refresh()

    @on(Rows.Moved, "#lists")
    def _show_list(self) -> None:
        """Ask what is not here of the playlist under the cursor."""
        backed, here = self._backed, self._list
        if backed is None or here is None:
            self._of, self._absent = None, []
            self._rows.fill(0)
            return
        self.query_one("#which", Heading).words = account.title(here)
        if self._stale or self._of != (backed.profile.name, here.playlist.header.key):
            self._stale = False
            self._read_absent(backed, here.playlist.header.key)

    @work(group="absent", exclusive=True)
    async def _read_absent(self, backed: Backed, key: str) -> None:
        try:
            found = await in_thread(lambda: backup.absent(backed.profile, key))
        except CometError as error:
            self.refuse(error)
            return
        of, here = (backed.profile.name, key), self._track
        at = self._rows.cursor if of == self._of else 0  # of the same playlist: what comes next, if it is here now
        self._of, self._absent = of, found
        tracks = [each.track for each in found]
        self._rows.fill(len(found), tracks.index(here.track) if here and here.track in tracks else at)
        self._show_track()

    @on(Rows.Moved, "#absent")
    def _show_track(self) -> None:
        track = self._track
        self.query_one("#detail", Static).update(Text(account.why(track) if track else _("all of it is here")))

    @property
    def _list(self) -> Counted | None:
        lists, at = (self._backed.lists if self._backed else ()), self._lists.cursor
        return lists[at] if at < len(lists) else None

    @property
    def _track(self) -> Absent | None:
        at = self._rows.cursor
        return self._absent[at] if at < len(self._absent) else None

    @property
    def _lists(self) -> Rows:
        return self.query_one("#lists", Rows)

    @property
    def _rows(self) -> Rows:
        return self.query_one("#absent", Rows)

    def _draw_stage(self, index: int, width: int) -> Text:
        return working.row(self._stages[index], width)

    def _draw_list(self, index: int, width: int) -> Text:
        each = self._backed.lists[index] if self._backed else None
        if each is None:
            return Text()
        figures = zip(account.figures(each), self._wide, strict=True)
        cells = [Cell(words, wide, right=True) for words, wide in figures if wide]
        return line(cells, account.title(each), width)

    def _draw_absent(self, index: int, width: int) -> Text:
        each = self._absent[index]
        cells = (Cell(account.short(each), 14),)
        return line(cells, account.name(each), width)


def _is_run(job: JobState) -> bool:
    words = job.command.split()
    return words[:1] == ["backup"] and "run" in words
