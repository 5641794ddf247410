"""The jobs of all profiles, newest first, and all about one of them."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult

from comet import jobs
from comet.core.errors import CometError
from comet.core.text import _, _n, safe
from comet.jobs import JobState
from comet_tui import keys
from comet_tui.background import in_thread
from comet_tui.keys import Key
from comet_tui.screens import working
from comet_tui.screens.base import Framed, every
from comet_tui.session import Session
from comet_tui.widgets.columns import Cell, line, table
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.page import Page
from comet_tui.widgets.rows import Rows


class JobsScreen(Framed):
    """A list of jobs, or a page about one."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.JOBS
    BINDINGS = keys.bindings(keys.JOBS)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._jobs: list[JobState] = []
        self._page = ""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("9 Jobs")

    def body(self) -> ComposeResult:
        """Make the list and the page."""
        yield Heading(id="total")
        yield Rows(self._draw, id="jobs")
        yield Page()

    def on_mount(self) -> None:
        """Look at the jobs now and then."""
        self.query_one(Page).display = False
        self.set_focus(self._rows)
        self.set_interval(every(), self._look)

    def on_screen_resume(self) -> None:
        """Look at once."""
        self.entitle()
        self.call_after_refresh(self._look)

    def action_open(self) -> None:
        """Show all about the job under the cursor, or go back."""
        if self._open:
            self.action_back()
        elif self._job:
            self._rows.display, self.query_one(Page).display = False, True
            self.set_focus(self.query_one(Page))
            self.query_one(Page).action_edge(-1)
            self.call_after_refresh(self._look)

    def action_back(self) -> None:
        """Go back to the list."""
        self._rows.display, self.query_one(Page).display = True, False
        self.set_focus(self._rows)

    def action_pause(self) -> None:
        """Let the job under the cursor wait, or go on."""
        waits = bool(self._job and self._job.state == "paused")
        self._steer(_("the job goes on") if waits else _("the job waits after the unit in hand"), pause=not waits)

    def action_stop(self) -> None:
        """End the job under the cursor."""
        self._steer(_("the job ends after the unit in hand; what is done is kept"), stop=True)

    def _steer(self, done: str, *, pause: bool | None = None, stop: bool | None = None) -> None:
        if self._job is None:
            return
        try:
            jobs.steer(self._job, pause=pause, stop=stop)
        except CometError as error:
            self.refuse(error)
        else:
            self.say(done)

    async def _look(self) -> None:
        """Look at the jobs, and paint what has changed."""
        if not self.looked_at():
            return
        found = await in_thread(self.session.all_jobs)
        if not self.looked_at():
            return
        here = self._job.folder if self._job else ""
        before, self._jobs = self._jobs, found
        count = sum(job.runs for job in self._jobs)
        self.query_one("#total", Heading).words = _("{jobs} · {running}").format(
            jobs=_n("{n} job", "{n} jobs", len(self._jobs)),
            running=_n("{n} at work", "{n} at work", count) if count else _("none at work"),
        )
        if [job.folder for job in before] != [job.folder for job in self._jobs]:
            folders = [job.folder for job in self._jobs]
            self._rows.fill(len(folders), folders.index(here) if here in folders else 0)
        else:
            for at, (old, new) in enumerate(zip(before, self._jobs, strict=True)):
                if old != new:
                    self._rows.redraw(at)
        if self._open and self._job:
            await self._write(self._job)

    async def _write(self, job: JobState) -> None:
        log = await in_thread(lambda: self.session.log(job))
        if not self.looked_at():
            return
        text = table(working.facts(job))
        if log:
            text.append("\n" + _("What it printed") + "\n", "bold")
            text.append("\n".join(map(safe, log)))
        if text.plain != self._page:
            self._page = text.plain
            self.query_one(Page).write(text)

    @property
    def _open(self) -> bool:
        return bool(self.query_one(Page).display)

    @property
    def _job(self) -> JobState | None:
        at = self._rows.cursor
        return self._jobs[at] if at < len(self._jobs) else None

    @property
    def _rows(self) -> Rows:
        return self.query_one("#jobs", Rows)

    def _draw(self, index: int, width: int) -> Text:
        job = self._jobs[index]
        cells = (
            Cell(working.state(job), 10),
            Cell(safe(job.profile), 12),
            Cell(working.when(job.started), 16, rank=2),
            Cell(working.progress(job), 26, rank=1),
        )
        return line(cells, f"comet {safe(job.command)}", width)
