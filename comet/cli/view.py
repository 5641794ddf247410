"""How a running job looks: a line for each root folder that moves on a terminal, or a line at each stage's end."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comet.core.job import Event, Listing, Lost, Progress, Ready
from comet.core.model import Problem, Stage
from comet.core.pace import Pace
from comet.core.text import _, _n, clock, counted, grouped, safe, size

if TYPE_CHECKING:
    from rich.text import Text

SHOWN_PROBLEMS = 20
"""More are only counted: a folder of ten thousand broken files must not wash everything else away."""

_BETWEEN = 600.0
"""Seconds between two lines of a stage where nothing moves."""

_WIDE = 90
"""Columns from which on a bar is drawn."""

_BAR = 16

_NAME = 12
"""Columns that a name keeps before figures give way."""

_TALK = 4
"""Rank of a figure that only a sentence has room for."""


@dataclass(slots=True)
class Line:
    """One line of progress: a root folder, or a stage that has none."""

    stage: Stage
    name: str
    started: float
    done: int = 0
    total: int | None = None
    note: str = ""
    ended: float = 0.0
    told: float = 0.0
    """When it was last printed, where nothing moves."""
    size: int = 0
    """Bytes of what is done."""
    total_size: int = 0
    """Bytes of all of it, 0 where bytes say nothing of the work."""
    problems: int = 0
    """Files of it that could not be used."""
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.started)

    def seconds(self, now: float) -> float:
        """Return how long it has taken, never 0."""
        return self.pace.took(self.ended or now)

    def rates(self, now: float) -> tuple[float, float]:
        """Return how many files or steps, and how many bytes, are done in a second."""
        if self.ended:
            return self.done / self.seconds(now), self.size / self.seconds(now)
        self.pace.look(now, self.done, self.size)
        return self.pace.rates(now)

    def left(self, now: float) -> float | None:
        """Return the seconds that it will still take, None where that cannot be known."""
        if self.ended:
            return None
        self.pace.look(now, self.done, self.size)
        return self.pace.left(now, self.total, self.total_size)


class View:
    """Where nobody watches: each stage says a line at its end, and one every ten minutes until then."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self._listed: set[str] = set()
        """Roots of which it was said what was found."""
        self._problems = 0
        self._paused = 0.0
        """Since when the job waits, 0 where it does not."""

    @property
    def paused(self) -> bool:
        """The job waits; that time counts for no rate."""
        return self._paused > 0

    @paused.setter
    def paused(self, waits: bool) -> None:
        now = time.monotonic()
        if self._paused:
            for line in self.lines.values():
                if not line.ended:
                    line.pace.wait(now - max(self._paused, line.started))
        self._paused = now if waits else 0.0

    def report(self, event: Event) -> None:
        """Show an event; called from the thread that works."""
        if isinstance(event, Problem):
            self._problem(event)
        elif isinstance(event, Listing):
            self._listed.add(event.root)
            if text := told(event):
                self.say(text)
        elif isinstance(event, Ready) and event.pairs:
            found = _n("{n} pair was found so far", "{n} pairs were found so far", event.pairs)
            self.say(found + _(": `comet groups` shows them already, the rest follows"))
        elif isinstance(event, Lost):
            left = _n("{n} is left", "{n} are left", event.left)
            self.say(_("a worker of the cluster is lost, {left}; what it had in hand is done again").format(left=left))
        elif isinstance(event, Progress):
            line = self._line(event)
            if line is None:
                return
            now = time.monotonic()
            line.done, line.total, line.note = event.done, event.total, event.note
            line.size, line.total_size = event.size, event.total_size
            line.ended = now if event.finished else 0.0
            self._moved(line, now)

    def say(self, text: str) -> None:
        """Show a line that stays."""
        with contextlib.suppress(OSError):  # the terminal may be gone, and that must not end the job
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """End, and say how many problems were not shown."""
        if self._problems > SHOWN_PROBLEMS:
            self.say(_("{n} more: `comet problems`").format(n=grouped(self._problems - SHOWN_PROBLEMS)))

    def _line(self, event: Progress) -> Line | None:
        """Return the line of a stage; None for one that another stage of the same root has followed."""
        key = event.name or event.stage.value
        line = self.lines.get(key)
        if line is not None and line.stage is Stage.SCAN and event.stage is Stage.WALK:
            return None
        if line is None or line.stage is not event.stage or (line.ended and not event.finished):
            now = time.monotonic()
            problems = line.problems if line else 0
            line = self.lines[key] = Line(event.stage, event.name, now, told=now, problems=problems)
        return line

    def _problem(self, problem: Problem) -> None:
        self._problems += 1
        path = os.fsdecode(problem.path)
        holding = [key for key in self.lines if path == key or path.startswith(os.path.join(key, ""))]
        if holding:
            self.lines[max(holding, key=len)].problems += 1
        if self._problems <= SHOWN_PROBLEMS:
            self.say(_("`{path}`: {reason}").format(path=safe(problem.path), reason=safe(problem.error)))

    def _moved(self, line: Line, now: float) -> None:
        again = line.stage is Stage.WALK and line.name in self._listed  # of that, what is otherwise is said
        if (line.ended and not again) or now - line.told >= _BETWEEN:
            line.told = now
            self.say(sentence(line, now))


class Moving(View):
    """On a terminal: one line a root folder, redrawn four times a second, problems above them."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - help must not wait for it
        from rich.live import Live  # noqa: PLC0415

        super().__init__()
        self._lock = threading.Lock()
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._console,
            get_renderable=self._drawn,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._live.start()

    def report(self, event: Event) -> None:
        """Show an event; called from the thread that works."""
        with self._lock:
            super().report(event)

    def say(self, text: str) -> None:
        """Show a line that stays, above those that move."""
        from rich.text import Text  # noqa: PLC0415

        with contextlib.suppress(OSError):
            self._console.print(Text(text), soft_wrap=True)

    def close(self) -> None:
        """Leave the lines as they stand."""
        with contextlib.suppress(OSError):
            self._live.stop()
        super().close()

    def _moved(self, line: Line, now: float) -> None:
        """Do nothing: the next drawing shows it."""

    def _drawn(self) -> Text:
        from rich.text import Text  # noqa: PLC0415

        now, width = time.monotonic(), self._console.width
        ascii_only = not self._console.encoding.startswith("utf")
        lines = list(self.lines.values())
        room = label_room(lines)
        rows = [drawn(line, now, width, room, ascii_only=ascii_only) for line in lines]
        if self.paused:
            rows.append(_("paused; `comet jobs last --resume` lets it go on"))
        return Text("\n".join(rows), no_wrap=True, overflow="ellipsis" if not ascii_only else "crop")


def view() -> View:
    """Return what a job is shown on here."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        return Moving()
    return View()


def _subject(line: Line) -> str:
    return {
        Stage.WALK: _("looking at"),
        Stage.SCAN: _("listening to"),
        Stage.SAMPLE: _("comparing random pairs"),
        Stage.CORRELATE: _("correlating"),
        Stage.JUDGE: _("judging"),
        Stage.FOLDERS: _("weighing folders"),
        Stage.IMPORT: _("importing"),
        Stage.EXPORT: _("exporting"),
        Stage.APPLY: _("applying"),
        Stage.UNDO: _("taking back"),
        Stage.PURGE: _("deleting"),
        Stage.BENCH: _("measuring"),
        Stage.SELFTEST: _("killing, settling"),
        Stage.TAGS: _("reading tags"),
        Stage.MERGE: _("merging tags"),
        Stage.LISTS: _("reading playlists"),
        Stage.DESCRIBE: _("asking about"),
        Stage.BACKUP: _("backing up"),
        Stage.VERIFY: _("verifying"),
    }[line.stage]


def _counted(line: Line) -> str:
    if line.stage in (Stage.WALK, Stage.SCAN, Stage.TAGS):
        one, many = ("{n} file", "{n} files")
    elif line.stage in (Stage.SAMPLE, Stage.CORRELATE, Stage.JUDGE, Stage.FOLDERS):
        one, many = ("{n} pair", "{n} pairs")
    elif line.stage is Stage.MERGE:
        one, many = ("{n} group", "{n} groups")
    elif line.stage is Stage.IMPORT:
        one, many = ("{n} entry", "{n} entries")
    elif line.stage is Stage.LISTS:
        one, many = ("{n} playlist", "{n} playlists")
    elif line.stage in (Stage.EXPORT, Stage.DESCRIBE, Stage.BACKUP, Stage.VERIFY):
        one, many = ("{n} track", "{n} tracks")
    else:
        one, many = ("{n} step", "{n} steps")
    if line.total is None or line.done == line.total:
        return _n(one, many, line.done)
    return _("{done} of {all}").format(done=grouped(line.done), all=_n(one, many, line.total))


def told(event: Listing) -> str:
    """Return what a look at a root found as a sentence; empty where a warning at the end says it."""
    if event.away:
        return _("`{root}` is away now, nothing of it is forgotten: {reason}").format(
            root=safe(event.root), reason=event.away
        ) if event.again else ""  # fmt: skip
    if event.again:
        sentence = _("`{root}`, since the list was made: {counts}; {size} to listen to")
    else:
        sentence = _("`{root}`: {counts}; {size} to listen to")
        if not event.new and not event.changed and not event.stale:
            sentence = _("`{root}`: {counts}, nothing to listen to") if event.gone else _("`{root}`: nothing new")
    return sentence.format(root=safe(event.root), counts=counted(event), size=size(event.size))


def _rate(rate: float) -> str:
    return _("{rate}/s").format(rate=f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}")


def _figures(line: Line, now: float) -> list[tuple[int, str]]:
    """Return what is said of a stage, each with its rank: what has the highest gives way first."""
    by_number, by_size = line.rates(now)
    found = [(0, _counted(line))]
    if line.total_size:
        whole = line.size == line.total_size
        of = _("{done} of {all}").format(done=size(line.size), all=size(line.total_size))
        found.append((2, size(line.size) if whole else of))
    if line.seconds(now) >= 1:
        found.append((2 if line.ended else _TALK, _("in {time}").format(time=clock(line.seconds(now)))))
        found.append((0, _rate(by_number)))
        if line.total_size:
            found.append((3, _("{rate}/s").format(rate=size(round(by_size)))))
    left = line.left(now)
    if left is not None:
        found.append((0, _("{time} left").format(time=clock(left))))
    if line.problems:
        found.append((1, _n("{n} problem", "{n} problems", line.problems)))
    return found


def sentence(line: Line, now: float) -> str:
    """Return how a stage stands as a line that stays."""
    subject = f"{_subject(line)} `{safe(line.name)}`" if line.name else _subject(line)
    return f"{subject}: {', '.join(text for _rank, text in _figures(line, now))}"


def label_room(lines: Sequence[Line]) -> int:
    """Return how many columns the names of lines take, so that their figures stand under each other."""
    from rich.cells import cell_len  # noqa: PLC0415

    return min(30, max((cell_len(_label(line)) for line in lines), default=0))


def _label(line: Line) -> str:
    return safe(line.name) or _subject(line)


def drawn(line: Line, now: float, width: int, room: int, *, ascii_only: bool = False) -> str:
    """Return how a stage stands in one row of `width` columns, what matters least cut off first.

    Args:
        line: The stage.
        now: On the clock that its times are from.
        width: Columns of the terminal.
        room: Columns that the name may take.
        ascii_only: The terminal knows no other letters.
    """
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415

    figures = [figure for figure in _figures(line, now) if figure[0] < _TALK]
    while max(figures)[0] and sum(cell_len(text) + 2 for _rank, text in figures) + min(room, _NAME) >= width:
        figures.remove(max(figures, key=lambda figure: figure[0]))
    middle = "  ".join(text for _rank, text in figures)
    if width >= _WIDE and line.total:
        middle = f"{_bar(line.done / line.total, ascii_only=ascii_only)}  {middle}"
    room = max(8, min(room, width - cell_len(middle) - 3))
    row = f"{set_cell_size(shortened(_label(line), room, ascii_only=ascii_only), room)}  {middle}"
    rest = width - cell_len(row) - 3
    if rest >= 12 and line.note and not line.ended:
        row += "  " + shortened(safe(line.note), rest, ascii_only=ascii_only)
    return set_cell_size(row, width - 1).rstrip()


def _bar(share: float, *, ascii_only: bool) -> str:
    full = int(_BAR * min(share, 1.0))
    return ("#" * full + "." * (_BAR - full)) if ascii_only else ("━" * full + "─" * (_BAR - full))


def shortened(text: str, width: int, *, ascii_only: bool = False) -> str:
    """Return `text` in at most `width` columns, cut in the middle: both ends of a path say most."""
    from rich.cells import cell_len, chop_cells, set_cell_size  # noqa: PLC0415

    if cell_len(text) <= width:
        return text
    dots = "..." if ascii_only else "…"
    room = width - cell_len(dots)
    if room < 2:
        return set_cell_size(text, width).rstrip()
    end = room * 2 // 3
    tail = text[-end:]
    while cell_len(tail) > end:
        tail = tail[1:]
    head = chop_cells(text, room - cell_len(tail))[0]
    return head + dots + tail
