"""The scan: a line for each root folder, the job at work and its memory; below, what is known and what to do next."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult

from comet import jobs
from comet.core.errors import CometError, NotScannedError, UsageError
from comet.core.text import _, safe
from comet.jobs import JobState
from comet_tui import keys
from comet_tui.background import in_thread
from comet_tui.keys import Key
from comet_tui.screens import state, working
from comet_tui.screens.base import Reading, every, explain
from comet_tui.screens.working import Paces, Stage
from comet_tui.session import Session
from comet_tui.widgets.lines import Heading, Line
from comet_tui.widgets.page import Page
from comet_tui.widgets.rows import Rows

if TYPE_CHECKING:
    from comet.collection.state import State

_BEGINNING = 20.0
"""Seconds in which a job must have begun."""


class ScanScreen(Reading["tuple[tuple[str, ...], State | CometError]"]):
    """The root folders, the job that works on them, and the state of the collection."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.SCAN
    BINDINGS = keys.bindings(keys.SCAN)
    DEFAULT_CSS = """
    ScanScreen {
        #memory { padding: 0 1; }
        #stages { height: auto; max-height: 40%; }
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._roots: tuple[str, ...] = ()
        self._job: JobState | None = None
        self._stages: list[Stage] = []
        self._paces = Paces()
        self._begun: tuple[str, float] | None = None
        """The folder of a job that was started and is not seen yet, and since when."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("2 Scan")

    @property
    def version(self) -> object:
        """What was changed from here is to be seen too."""
        return self.session.reading, self.session.acts

    def body(self) -> ComposeResult:
        """Make the lines of the job and the page."""
        yield Heading(id="job")
        yield Rows(self._draw, id="stages")
        yield Line(id="memory")
        yield Heading(id="known")
        yield Page()

    def on_mount(self) -> None:
        """Look at the job now and then."""
        self.query_one("#known", Heading).words = _("What is known")
        self.set_focus(self.query_one(Page))
        self.set_interval(every(), self._look)

    def on_screen_resume(self) -> None:
        """Look at once."""
        self.call_after_refresh(self._look)

    def ask(self) -> tuple[tuple[str, ...], State | CometError]:
        """Ask for the root folders and the state."""
        roots = self.session.choose().roots
        try:
            return roots, self.session.state()
        except CometError as error:
            return roots, error

    def show(self, answer: tuple[tuple[str, ...], State | CometError]) -> None:
        """Write the state down."""
        self._roots, known = answer
        if isinstance(known, CometError):
            self._missing(known)
        else:
            self.query_one(Page).write(state.written(known, list(state.steps(known, self.session))))
        self.call_after_refresh(self._look)

    def fail(self, error: CometError) -> None:
        """Say what is missing, and what to do so that it is there."""
        self._roots = ()
        self._missing(error)
        self._paint(None)

    def action_start(self) -> None:
        """Start a job that scans, correlates and finds groups."""
        if self._begun is None:
            self._start()

    def action_pause(self) -> None:
        """Let the job wait, or go on."""
        waits = bool(self._job and self._job.state == "paused")
        done = _("the job goes on") if waits else _("the job waits after the unit in hand; Space lets it go on")
        self._steer(done, pause=not waits)

    def action_stop(self) -> None:
        """End the job after the unit in hand."""
        self._steer(_("the job ends after the unit in hand; what is done is kept"), stop=True)

    def action_other(self) -> None:
        """Give the keys to the page, or to the lines above it."""
        stages, page = self.query_one("#stages", Rows), self.query_one(Page)
        self.set_focus(stages if page.has_focus else page)

    def _steer(self, done: str, *, pause: bool | None = None, stop: bool | None = None) -> None:
        if self._job is None or not self._job.runs:
            self.say(_("no job of this profile runs; Enter starts one"))
            return
        try:
            jobs.steer(self._job, pause=pause, stop=stop)
        except CometError as error:
            self.refuse(error)
        else:
            self.say(done)

    @work(group="start")
    async def _start(self) -> None:
        self._begun = "", time.monotonic()
        try:
            folder = await in_thread(lambda: self.session.start(self.session.choose(), "full", alone=True))
        except CometError as error:
            self._begun = None
            self.refuse(error)
        else:
            self._begun = folder, time.monotonic()
            self.say(_("a job begins; it goes on when this is left, 9 shows all jobs"))

    async def _look(self) -> None:
        """Look at the job, and paint what has changed."""
        if not self.looked_at():
            return
        name = self.session.profile_name
        job = await in_thread(self.session.job)
        if name != self.session.profile_name or not self.looked_at():
            return
        self._wait_for_begin(job)
        self._paint(job)
        self.follow()

    def _wait_for_begin(self, job: JobState | None) -> None:
        if self._begun is None or not self._begun[0]:
            return
        folder, since = self._begun
        if job and job.folder == folder:
            self._begun = None
            self.say("")
        elif time.monotonic() - since > _BEGINNING:
            self._begun = None
            self.say(
                _("! the job did not begin: its words are in `{log}`").format(log=safe(os.path.join(folder, "log")))
            )

    def _paint(self, job: JobState | None) -> None:
        self._job = job
        self.query_one("#job", Heading).words = working.headline(job)
        taken = self.query_one("#memory", Line)
        taken.words = working.memory(job)
        taken.display = bool(taken.words)
        before, self._stages = self._stages, working.stages(job, self._roots, self._paces)
        rows = self.query_one("#stages", Rows)
        if len(before) != len(self._stages):
            rows.fill(len(self._stages), rows.cursor)
            return
        for at, (old, new) in enumerate(zip(before, self._stages, strict=True)):
            if old != new:
                rows.redraw(at)

    def _draw(self, index: int, width: int) -> Text:
        return working.row(self._stages[index], width)

    def _missing(self, error: CometError) -> None:
        more = [_("Enter scans, correlates and finds groups.")] if isinstance(error, NotScannedError) else []
        if isinstance(error, (NotScannedError, UsageError)):
            more.append(
                _("Comet finds the same recording in a music collection by its sound; looking changes no file.")
            )
        self.query_one(Page).write(explain(error, more))
