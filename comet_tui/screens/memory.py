"""Memory: what there is, who takes it, and how long the chunks of the job at work are, from the next unit on."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.widgets import Static

from comet import jobs
from comet.core.errors import CometError
from comet.core.text import _, _n, clock, size
from comet.jobs import JobState
from comet_tui import keys
from comet_tui.background import in_thread
from comet_tui.keys import Key
from comet_tui.screens import working
from comet_tui.screens.base import Framed, every
from comet_tui.session import Session
from comet_tui.widgets.columns import Cell, line
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.rows import Rows

FACTORS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Lengths of a chunk that are laid beside each other, times the one of now."""
_SEEN: Final = 120.0
"""Seconds that the line of what the job took reaches back."""
_EIGHTHS: Final = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Length:
    """A length that chunks could have."""

    factor: float
    units: int
    needed: int
    """Bytes that the job takes in all with such chunks, 0 where that is not known."""
    fits: bool
    seconds: float
    """That one takes, which is what an interruption costs at most; 0 where that is not known."""
    left: int
    """Chunks that are left, 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen at one look."""

    bound: int
    free: int
    job: JobState | None


class MemoryScreen(Framed):
    """Bars of what is taken, and the lengths of a chunk to choose among."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.MEMORY
    BINDINGS = keys.bindings(keys.MEMORY)
    DEFAULT_CSS = """
    MemoryScreen { #bars { height: auto; padding: 0 1; } #why { height: auto; padding: 0 1; } }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._seen: Seen | None = None
        self._took: deque[tuple[float, int]] = deque()
        """When somebody looked, and how many bytes the job took."""
        self._lengths: list[Length] = []

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("6 Memory")

    def body(self) -> ComposeResult:
        """Make bars and list."""
        yield Heading(id="job")
        yield Static(id="bars")
        yield Heading(id="chunk")
        yield Rows(self._draw, id="lengths")
        yield Static(id="why")

    def on_mount(self) -> None:
        """Look at once, and then again and again."""
        super().on_mount()
        self.set_focus(self._rows)
        self._look()
        self.set_interval(2 * every(), self._look)

    def on_screen_resume(self) -> None:
        """Say of which profile, which may be another one by now, and look at once."""
        self.entitle()
        self._look()

    def action_take(self) -> None:
        """Let chunks be as long as the one under the cursor, from the next unit on."""
        at = self._rows.cursor
        if at < len(self._lengths):
            self._steer(self._lengths[at].factor)

    def action_longer(self, factor: float) -> None:
        """Let chunks be longer or shorter, from the next unit on."""
        self._steer(factor)

    def action_auto(self) -> None:
        """Let chunks be as long as memory and settings say."""
        self._steer(0.0)

    def action_pause(self) -> None:
        """Let the job wait, or go on."""
        job = self._seen.job if self._seen else None
        self._wish(
            _("the job waits after the unit in hand; Space lets it go on"), pause=not (job and job.state == "paused")
        )

    @property
    def _rows(self) -> Rows:
        return self.query_one("#lengths", Rows)

    def _steer(self, factor: float) -> None:
        if factor == 1.0:
            self.say(_("chunks are as long as that"))
            return
        self._wish(
            _("chunks are as long as memory and settings say, from the next unit on")
            if not factor
            else _("chunks are {factor:g} times as long, from the next unit on").format(factor=factor),
            longer=factor,
        )

    def _wish(self, done: str, *, pause: bool | None = None, longer: float | None = None) -> None:
        job = self._seen.job if self._seen else None
        if job is None or not job.runs:
            self.say(_("no job of this profile runs; 2 starts one"))
            return
        try:
            jobs.steer(job, pause=pause, longer=longer)
        except CometError as error:
            self.refuse(error)
        else:
            self.say(_("the job goes on") if pause is False else done)

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        if not self.looked_at():
            return
        seen = await in_thread(self._ask)
        before, self._seen = self._seen, seen
        if seen.job and seen.job.runs and seen.job.memory:
            now = time.monotonic()
            self._took.append((now, seen.job.memory.get("used", 0)))
            while self._took[0][0] < now - _SEEN:
                self._took.popleft()
        elif before and before.job and (seen.job is None or seen.job.id != before.job.id):
            self._took.clear()
        self._paint(seen)

    def _ask(self) -> Seen:
        from comet.collection import machine  # noqa: PLC0415 - arrays and all

        now = machine.now()
        return Seen(now.bound, now.free, self.session.job())

    def _paint(self, seen: Seen) -> None:
        self._say_once("#job", working.headline(seen.job))
        bars = Text("\n".join(_bars(seen, [took for _when, took in self._took], self.app.size.width - 2)), no_wrap=True)
        shown = self.query_one("#bars", Static)
        if str(shown.content) != str(bars):
            shown.update(bars, layout=str(shown.content).count("\n") != str(bars).count("\n"))
        told = seen.job.memory if seen.job and seen.job.runs else {}
        before, self._lengths = self._lengths, lengths(seen.job) if seen.job else []
        self._say_once("#chunk", _chunk(told))
        if len(before) != len(self._lengths):
            self._rows.fill(len(self._lengths), FACTORS.index(1.0))
        elif before != self._lengths:
            self._rows.refresh()
        why = _why(seen, told, listed=bool(self._lengths))
        if str(self.query_one("#why", Static).content) != why:
            self.query_one("#why", Static).update(Text(why))

    def _say_once(self, heading: str, words: str) -> None:
        self.query_one(heading, Heading).words = words

    def _draw(self, index: int, width: int) -> Text:
        each = self._lengths[index]
        cells = (
            Cell(_n("{n} unit", "{n} units", each.units), 16, right=True),
            Cell(size(each.needed) if each.needed else "", 9, right=True),
            Cell(_("{time} each").format(time=clock(each.seconds)) if each.seconds else "", 12, right=True, rank=2),
            Cell(_n("{n} chunk left", "{n} chunks left", each.left) if each.left else "", 18, right=True, rank=1),
        )
        words = _("now") if each.factor == 1 else "" if each.fits else _("does not fit")
        return line(cells, words, width)


def lengths(job: JobState) -> list[Length]:
    """Return the lengths that the chunks of a job could have; none where it has no chunks."""
    told = job.memory if job.runs else {}
    units, least, more, left = (int(told.get(key, 0)) for key in ("chunk", "least", "more", "left"))
    if not units:
        return []
    each = _seconds(job, left)
    found = []
    for factor in FACTORS:
        count = max(1, round(units * factor))
        needed = least + more * (count - 1) if least and more else 0
        fits = needed <= int(told.get("limit", 0)) or factor <= 1
        found.append(Length(factor, count, needed, fits, count * each, -(-left // count)))
    return found


def _seconds(job: JobState, left: int) -> float:
    """Return how long a unit takes, judged by what this stage has done until now; 0 where nothing is done yet."""
    stage = next((each for key, each in job.stages.items() if key.startswith("correlate")), None)
    if stage is None or not stage["total"] or not 0 < stage["done"] < stage["total"]:
        return 0.0
    share = stage["done"] / stage["total"]
    return max(0.0, job.updated - stage["began"]) / (left * share / (1 - share)) if left else 0.0


def _bars(seen: Seen, took: Sequence[int], width: int) -> Iterator[str]:
    """Yield a bar for each who takes memory, all to the scale of what there is."""
    told = seen.job.memory if seen.job and seen.job.runs else {}
    used, limit = int(told.get("used", 0)), int(told.get("limit", 0))
    others = max(0, seen.bound - seen.free - used)
    rows = [
        (_("there is"), seen.bound, ""),
        (_("others"), others, ""),
        (_("this job"), used, _("peak {size}").format(size=size(max(took))) if took else ""),
        (_("free"), seen.free, ""),
        (_("it may take"), limit, _("leaves {size} to others").format(size=size(max(0, used + seen.free - limit)))),
    ]
    bar = max(8, min(40, width - 24 - max(cell_len(words) for _name, value, words in rows if value)))
    for name, value, words in rows:
        if value or name in (_("there is"), _("free"), _("others")):
            full = min(bar, round(bar * value / seen.bound)) if seen.bound else 0
            yield f"{name:<12}{'█' * full}{'░' * (bar - full)} {size(value):>9}  {words if value else ''}".rstrip()
    if len(took) > 1:
        room = max(8, min(40, width - 14))
        top = max(limit, *took)
        letters = "".join(_EIGHTHS[min(7, 8 * each // top) if top else 0] for each in list(took)[-room:])
        yield f"{_('lately'):<12}{letters}"


def _chunk(told: Mapping[str, int]) -> str:
    units = int(told.get("chunk", 0))
    return _("chunks · now {units}").format(units=_n("{n} unit", "{n} units", units)) if units else _("chunks")


def _why(seen: Seen, told: Mapping[str, int], *, listed: bool) -> str:
    if seen.job is None or not seen.job.runs:
        return _("no job of this profile runs; 2 starts one, and what it takes is seen and changed here")
    if not told:
        return _("the job has not said yet what it takes")
    if not listed:
        return _("what the job does now is not cut into chunks")
    return _("a change counts from the next unit on, nothing done is lost; a chunk that is too long is cut")
