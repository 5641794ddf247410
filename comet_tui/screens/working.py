"""A job in words: its state, its stages with how fast they go, and its memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.text import Text

from comet.core.job import Listing
from comet.core.pace import Pace
from comet.core.text import _, _n, clock, counted, grouped, safe, size
from comet.jobs import JobState
from comet_tui.widgets.columns import Cell, head, line, tail

_BAR = 16
_NOTE = 15
"""Cells that are kept for what is in hand before there is a bar."""
_LEAST = 8
"""Cells below which nothing can be read there."""

_WIDE = 100
"""Cells from which on a name has room."""
_BROAD = 136
"""Cells from which on every root has a bar; where only those that are done had room, nothing would be in columns."""

_WITH = {"scan": ("walk", "scan")}
"""Stages whose problems are told together: those of a root that it is looked at are not over when it is listened to."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One line: a root folder, or a stage that has none."""

    label: str
    done: int = 0
    total: int | None = None
    size: int = 0
    """Bytes of what is done."""
    total_size: int = 0
    """Bytes of all of it, 0 where bytes say nothing of the work."""
    rate: float = 0.0
    """Files or steps in a second."""
    size_rate: float = 0.0
    """Bytes in a second."""
    left: float | None = None
    """Seconds."""
    problems: int = 0
    note: str = ""
    """What is in hand."""
    word: str = ""
    """What is done there, what will be, or that nothing is yet."""


class Paces:
    """How fast the stages of a job go, from look to look."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, float], Pace] = {}
        self._last: dict[str, float] = {}

    def look(self, job: JobState, now: float) -> None:
        """Leave out the time since the last look if the job waits."""
        before = self._last.get(job.id, now)
        self._last[job.id] = now
        if job.state == "paused":
            for (identity, _key, _began), pace in self._seen.items():
                if identity == job.id:
                    pace.wait(now - before)

    def of(self, job: JobState, key: str, now: float) -> Pace:
        """Return the pace of a stage, which has taken up how far it is now."""
        told = job.stages[key]
        began = float(told.get("began", job.started))
        pace = self._seen.setdefault((job.id, key, began), Pace(began))
        pace.look(now, int(told["done"]), int(told.get("size", 0)))
        return pace


def state(job: JobState) -> str:
    """Return the state of a job."""
    words = {
        "running": _("▶ running"),
        "paused": _("‖ waits"),
        "done": _("✓ done"),
        "stopped": _("■ stopped"),
        "failed": _("! failed"),
        "died": _("! died"),
    }
    return words.get(job.state, safe(job.state))


def when(moment: float) -> str:
    """Return a moment for a person."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def headline(job: JobState | None) -> str:
    """Return what a job does and how it is, in a line."""
    if job is None:
        return _("no job yet · Enter starts one")
    took = clock((time.time() if job.runs else job.updated) - job.started)
    parts = [state(job), f"comet {safe(job.command)}", took if job.runs else f"{when(job.started)} · {took}"]
    if job.problems:
        parts.append(_n("{n} problem", "{n} problems", job.problems))
    if job.error:
        parts.append(safe(job.error))
    return " · ".join(parts)


def memory(job: JobState | None) -> str:
    """Return how much memory a job takes of what it may take, in a line; empty where it does not say so."""
    told = job.memory if job else {}
    if not told:
        return ""
    words = _("memory: {used} of {limit}").format(used=size(told.get("used", 0)), limit=size(told.get("limit", 0)))
    units = told.get("chunk", 0)
    return f"{words} · {_n('chunk of {n} unit', 'chunk of {n} units', units)}" if units else words


def stages(job: JobState | None, roots: Sequence[str], paces: Paces) -> list[Stage]:
    """Return a line for each root folder, then one for each other stage of a job."""
    known = job.stages if job else {}
    now = time.time()
    if job:
        paces.look(job, now)
    lines = []
    for root in roots:
        key = next((key for key in (f"scan {root}", f"walk {root}") if key in known), "")
        if job and key:
            lines.append(_stage(job, key, safe(root), paces, now))
        else:
            away = found(job, root) if job else ""
            none = _("nothing to do") if job and not job.runs else _("not yet")
            lines.append(Stage(safe(root), word=away or none))
    shown = {f"{verb} {root}" for verb in ("scan", "walk") for root in roots}
    others = [key for key in known if key not in shown]
    return lines + [_stage(job, key, _verb(key) + safe(_name(key)), paces, now) for key in others if job]


def found(job: JobState, root: str) -> str:
    """Return what the looks at a root found, in a line; empty before the first."""
    return " · ".join(_listed(Listing(**each)) for each in job.listings if each["root"] == root)


def _listed(told: Listing) -> str:
    if told.away:
        return _("away: {reason}").format(reason=safe(told.away))
    words = counted(told) or _("nothing new")
    if told.again:
        return _("since then {counts}").format(counts=words)
    return f"{words}, {size(told.size)}" if told.size else words


def progress(job: JobState) -> str:
    """Return how far the newest stage of a job is."""
    for key, stage in reversed(list(job.stages.items())):
        total = stage["total"]
        return f"{_verb(key)} {grouped(stage['done'])}" + (f"/{grouped(total)}" if total is not None else "")
    return ""


def row(stage: Stage, width: int) -> Text:
    """Return the line of a stage."""
    counted = grouped(stage.done) + (f" / {grouped(stage.total)}" if stage.total is not None else "")
    figures = min(19, max(13, len(counted)))
    room = max(8, min(24 if width >= _WIDE else 14, width - figures - 2))
    label = Cell(tail(stage.label, room) if stage.label.startswith("/") else stage.label, room)
    if stage.word and not stage.done and stage.total is None:
        return line((label,), stage.word, width)
    cells = [label, Cell(counted, figures, right=True), *_figures(stage)]
    while sum(cell.width + 1 for cell in cells) > width and max(cell.rank for cell in cells):
        cells.remove(max(cells, key=lambda cell: cell.rank))
    rest = width - sum(cell.width + 1 for cell in cells)
    if stage.total and rest >= _BAR + _NOTE and (width >= _BROAD or not stage.total_size):
        cells.insert(1, Cell(_bar(stage), _BAR))
        rest -= _BAR + 1
    last = tail(stage.note, rest) if stage.note else head(stage.word, rest)
    # what did not fit has gone already
    return line([replace(cell, rank=0) for cell in cells], last if rest >= _LEAST else "", width)


def _figures(stage: Stage) -> list[Cell]:
    """Return what is said of a stage beside its name and number, what gives way first with the highest rank."""
    cells = []
    if stage.total_size:
        rest = f" / {size(stage.total_size)}" if stage.size != stage.total_size else ""
        text = size(stage.size) + rest
        cells.append(Cell(text, max(15, len(text)), right=True, rank=2))
    if stage.left is not None:
        cells.append(Cell(_("{time} left").format(time=clock(stage.left)), 13, right=True, rank=1))
    if stage.rate:
        rate = grouped(round(stage.rate)) if stage.rate >= 10 else f"{stage.rate:.1f}"
        cells.append(Cell(_("{rate}/s").format(rate=rate), 7, right=True, rank=4))
    if stage.size_rate:
        cells.append(Cell(_("{rate}/s").format(rate=size(round(stage.size_rate))), 9, right=True, rank=5))
    if stage.problems:
        cells.append(Cell(f"! {grouped(stage.problems)}", 6, right=True, rank=3))
    return cells


def facts(job: JobState) -> list[tuple[str, str]]:
    """Return all that is known of a job."""
    shown = [
        (_("job"), safe(job.id)),
        (_("state"), state(job)),
        (_("profile"), safe(job.profile)),
        (_("command"), f"comet {safe(job.command)}"),
        (_("began"), when(job.started)),
        (_("took"), clock((time.time() if job.runs else job.updated) - job.started)),
        (_("problems"), grouped(job.problems)),
        (_("memory"), memory(job).partition(": ")[2]),
        (_("error"), safe(job.error)),
        (_("folder"), safe(job.folder)),
    ]
    for key, stage in job.stages.items():
        total = f" / {grouped(stage['total'])}" if stage["total"] is not None else ""
        bytes_done = f" · {size(stage['size'])} / {size(stage['total_size'])}" if stage.get("total_size") else ""
        name = f" · {safe(_name(key).strip())}" if _name(key) else ""
        shown.append((_verb(key), f"{grouped(stage['done'])}{total}{bytes_done}{name}"))
    roots = dict.fromkeys(each["root"] for each in job.listings)
    shown += [(_("found"), f"{found(job, root)} · {safe(root)}") for root in roots]
    return [(name, value) for name, value in shown if value]


def _stage(job: JobState, key: str, label: str, paces: Paces, now: float) -> Stage:
    told = job.stages[key]
    done, total, ended = int(told["done"]), told["total"], bool(told["finished"])
    verb, _space, root = key.partition(" ")
    problems = sum(int(job.stages.get(f"{each} {root}", {}).get("problems", 0)) for each in _WITH.get(verb, (verb,)))
    size_done, total_size = int(told.get("size", 0)), int(told.get("total_size", 0))
    if ended or job.state != "running":
        word = (found(job, root) or _("done")) if ended else _verb(key)
        return Stage(label, done, total, size_done, total_size, problems=problems, word=word)
    pace = paces.of(job, key, now)
    rate, size_rate = pace.rates(now)
    left = pace.left(now, total, total_size)
    note = safe(str(told["note"]))
    return Stage(label, done, total, size_done, total_size, rate, size_rate, left, problems, note, _verb(key))


def _verb(key: str) -> str:
    verb = key.partition(" ")[0]
    return {
        "walk": _("looking"),
        "scan": _("listening"),
        "sample": _("comparing random pairs"),
        "correlate": _("correlating"),
        "judge": _("judging"),
        "apply": _("removing"),
        "undo": _("putting back"),
        "purge": _("purging"),
        "lists": _("reading playlists"),
        "describe": _("asking about tracks"),
        "backup": _("backing up"),
    }.get(verb, safe(verb))


def _name(key: str) -> str:
    name = key.partition(" ")[2]
    return f" {name}" if name else ""


def _bar(stage: Stage) -> str:
    if not stage.total:
        return ""
    full = int(_BAR * min(stage.done / stage.total, 1.0))
    return "━" * full + "─" * (_BAR - full)
