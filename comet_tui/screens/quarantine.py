"""The quarantine and the history: what is held, what was done when; both can be put back, and what is held purged."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from comet.core.errors import CometError
from comet.core.text import _, _n, grouped, safe, size
from comet_tui import keys
from comet_tui.background import in_thread
from comet_tui.keys import Key
from comet_tui.screens import working
from comet_tui.screens.base import every, explain
from comet_tui.screens.paired import Paired
from comet_tui.session import Session, Stored
from comet_tui.widgets.columns import Cell, line, tail, wrapped
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.rows import Rows
from comet_tui.widgets.typed import Typed

if TYPE_CHECKING:
    from comet.changes import Outcome
    from comet.collection.history import Held, Run


class QuarantineScreen(Paired[Stored]):
    """What is held, oldest first, and the runs, newest first."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.QUARANTINE
    BINDINGS = keys.bindings(keys.QUARANTINE)
    DEFAULT_CSS = """
    QuarantineScreen {
        #spared { height: auto; max-height: 4; padding: 0 1; display: none; }
        #detail { height: 3; padding: 0 1; }
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._stored: Stored | None = None
        self._asked: list[Held] = []
        """What would be purged if their number was typed."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("8 Quarantine")

    @property
    def version(self) -> object:
        """What was changed from here is to be seen too."""
        return self.session.reading, self.session.acts

    def one(self) -> ComposeResult:
        """Make the list of what is held."""
        yield Static(id="spared")
        yield Heading(id="total")
        yield Rows(self._draw_held, id="held")
        yield Typed("", id="purge")
        yield Static(id="detail")

    def other(self) -> ComposeResult:
        """Make the list of runs."""
        yield Heading(id="history")
        yield Rows(self._draw_run, id="runs")

    def lists(self) -> tuple[Widget, Widget]:
        """Return both lists."""
        return self._held, self._runs

    def on_mount(self) -> None:
        """Look now and then whether a job has ended that was started here."""
        self.set_interval(every(), self._look)

    def on_resize(self) -> None:
        """Fit the path into the new width."""
        self.call_after_refresh(self._show_held)

    def ask(self) -> Stored:
        """Ask what is held and what was done."""
        return self.session.quarantine()

    def show(self, answer: Stored) -> None:
        """List both; the cursor stays on its run, for an undoing comes before it."""
        before = self._run
        self._stored = answer
        self._close()
        self.instead(None)
        held = answer.held
        words = [_n("{n} file held", "{n} files held", len(held)), size(sum(each.size for each in held))]
        if held:
            words += [_("oldest {date}").format(date=working.when(held[0].made)), _("not free until purged")]
        self.query_one("#total", Heading).words = " · ".join(words)
        spared = self.query_one("#spared", Static)
        spared.display = bool(answer.spared)
        spared.update(Text(_spared(answer.spared)))
        self.query_one("#history", Heading).words = _n("{n} run", "{n} runs", len(answer.runs))
        self._held.fill(len(held), self._held.cursor)
        same = (at for at, run in enumerate(answer.runs) if before and run.id == before.id)
        self._runs.fill(len(answer.runs), next(same, self._runs.cursor))
        self.call_after_refresh(self._show_held)

    def fail(self, error: CometError) -> None:
        """Say why nothing can be shown."""
        self._stored = None
        self._close()
        self.instead(explain(error))

    def action_undo(self) -> None:
        """Put back the file under the cursor, or what the run under it has moved."""
        stored = self._stored
        if stored is None or not self.current:
            return
        if not self.inside and (held := self._here):
            entry = held.entry.id
            self._undo(lambda: self.session.undo_entries(stored.profile, [entry]))
        elif self.inside and (run := self._run):
            if not run.undoable:
                self.say(_("there is nothing left to undo of this run"))
                return
            self._undo(lambda: self.session.undo_run(stored.profile, run.id))

    def action_purge(self) -> None:
        """Ask for the number of files that are to be deleted for ever."""
        stored = self._stored
        if stored is None or not self.current:
            return
        self._asked = self._meant(stored)
        if not self._asked:
            self.say(_("nothing of this is held"))
            return
        if not self.sees(0):
            self.go(0)
        line = self.query_one("#purge", Typed)
        line.placeholder = _("type {n} to free {size} for ever: {what}").format(
            n=len(self._asked),
            size=size(sum(each.size for each in self._asked)),
            what=_("this run") if self.inside else _("this run and all older ones"),
        )
        line.ask()

    def action_back(self) -> None:
        """Purge nothing."""
        asked = bool(self._asked)
        self._close()
        if asked:
            self.say(_("nothing was purged"))
            self.go(0)

    @on(Typed.Submitted, "#purge")
    @work(group="start")
    async def _purge(self, event: Typed.Submitted) -> None:
        asked, typed, stored = self._asked, event.value.strip(), self._stored
        self.action_back()
        if not asked or typed != str(len(asked)) or stored is None or not self.current:
            return
        runs = sorted({each.entry.run for each in asked})
        try:
            await in_thread(lambda: self.session.start(stored.profile, "purge", *map(str, runs), "--yes"))
        except CometError as error:
            self.refuse(error)
        else:
            self.say(_("a job purges {n}; 9 shows it").format(n=_n("{n} file", "{n} files", len(asked))))

    def _meant(self, stored: Stored) -> list[Held]:
        """Return what is held of the run under the cursor; in the list of files, of older ones too."""
        if self.inside:
            return [each for each in stored.held if self._run and each.entry.run == self._run.id]
        return [each for each in stored.held if self._here and each.entry.run <= self._here.entry.run]

    def _close(self) -> None:
        self._asked = []
        self.query_one("#purge", Typed).close()

    @work(group="acts")
    async def _undo(self, undo: Callable[[], Outcome | None]) -> None:
        self.say(_("putting back …"))
        async with self.session.turn:
            try:
                outcome = await in_thread(undo)
            except CometError as error:
                self.refuse(error)
                return
        self.session.reading += 1  # groups are there again
        if outcome is None:
            self.say(_("a job puts it back, for there is more than one group; 9 shows it"))
        else:
            self.say(_told(outcome))
        self.read()

    def _look(self) -> None:
        if self.looked_at() and not self._asked:
            self.follow()

    @property
    def _here(self) -> Held | None:
        held, at = (self._stored.held if self._stored else []), self._held.cursor
        return held[at] if at < len(held) else None

    @property
    def _run(self) -> Run | None:
        runs, at = (self._stored.runs if self._stored else []), self._runs.cursor
        return runs[at] if at < len(runs) else None

    @property
    def _held(self) -> Rows:
        return self.query_one("#held", Rows)

    @property
    def _runs(self) -> Rows:
        return self.query_one("#runs", Rows)

    @on(Rows.Moved, "#held")
    def _show_held(self) -> None:
        held, detail = self._here, self.query_one("#detail", Static)
        if held is None:
            detail.update("")
            return
        width = detail.size.width or self.size.width - 2
        kept = _("kept: ")
        lines = [*wrapped(safe(held.path), width, 2), kept + tail(safe(held.keeper), width - cell_len(kept))]
        detail.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), layout=False)

    def _draw_held(self, index: int, width: int) -> Text:
        held = self._stored.held[index] if self._stored else None
        if held is None:
            return Text()
        cells = (
            Cell("" if held.there else _("! not there"), 11),
            Cell(size(held.size), 8, right=True),
            Cell(_age(held.made), 6, right=True, rank=1),
        )
        used = line(cells, "", width).cell_len
        return line(cells, tail(safe(held.path), width - used), width)

    def _draw_run(self, index: int, width: int) -> Text:
        run = self._stored.runs[index] if self._stored else None
        if run is None:
            return Text()
        kinds = {"apply": _("removed"), "undo": _("put back"), "purge": _("purged")}
        counts = [
            (run.done, _("{n} done")),
            (run.undone, _("{n} put back")),
            (run.purged, _("{n} purged")),
            (run.failed, _("! {n} failed")),
        ]
        cells = (
            Cell(working.when(run.made), 16),
            Cell(kinds.get(run.kind, safe(run.kind)), 8),
            Cell(size(run.size) if run.size else "", 8, right=True, rank=1),
        )
        told = ", ".join(words.format(n=grouped(n)) for n, words in counts if n)
        return line(cells, told or _("nothing"), width)


def _spared(paths: Sequence[str]) -> str:
    """Return what is to be said of files that Comet has left beside others, empty where there are none."""
    if not paths:
        return ""
    more = _n(" and {n} more", " and {n} more", len(paths) - 1) if len(paths) > 1 else ""
    told = _("! left after a crash, for it may be nowhere else: `{path}`{more}; compare it with the file beside it")
    return told.format(path=safe(paths[0]), more=more)


def _age(moment: float) -> str:
    """Return how long ago something was."""
    minutes = max(0, int(time.time() - moment)) // 60
    if minutes < 60:
        return _("{n} min").format(n=minutes)
    return _("{n} h").format(n=minutes // 60) if minutes < 48 * 60 else _("{n} d").format(n=minutes // 1440)


def _told(outcome: Outcome) -> str:
    words = [_n("✓ {n} change taken back", "✓ {n} changes taken back", len(outcome.done))] if outcome.done else []
    words += [f"! {safe(entry.error)}" for entry in outcome.failed]
    return " · ".join([*words, *map(safe, outcome.warnings)])
