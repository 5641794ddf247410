"""A job in words: its state, its stages with how fast they go, and its memory."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from comet.core.text import _, _n, clock, safe, size
from comet.jobs import JobState
from comet_tui.widgets.columns import Cell, line, tail

_BAR = 16
_WINDOW = 20
"""Looks over which the rate of a stage is taken."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One line: a root folder, or a stage that has none."""

    label: str
    done: int = 0
    total: int | None = None
    rate: float = 0.0
    note: str = ""
    """What is in hand."""
    word: str = ""
    """What is done there, or that nothing is yet."""


class Pace:
    """How fast the stages of a job go, from look to look."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], deque[tuple[float, int]]] = {}

    def rate(self, job: JobState, key: str, done: int, now: float) -> float:
        """Return how much of a stage is done in a second."""
        seen = self._seen.setdefault((job.id, key), deque(maxlen=_WINDOW))
        seen.append((now, done))
        (began, before), (ended, after) = seen[0], seen[-1]
        return (after - before) / (ended - began) if ended > began else 0.0


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


def stages(job: JobState | None, roots: Sequence[str], pace: Pace) -> list[Stage]:
    """Return a line for each root folder, then one for each other stage of a job."""
    known = job.stages if job else {}
    lines = []
    for root in roots:
        key = next((key for key in (f"scan {root}", f"walk {root}") if key in known), "")
        if job and key:
            lines.append(_stage(job, key, safe(root), known[key], pace))
        else:
            lines.append(Stage(safe(root), word=_("nothing to do") if job and not job.runs else _("not yet")))
    shown = {f"{verb} {root}" for verb in ("scan", "walk") for root in roots}
    others = [key for key in known if key not in shown]
    return lines + [_stage(job, key, _verb(key) + safe(_name(key)), known[key], pace) for key in others if job]


def progress(job: JobState) -> str:
    """Return how far the newest stage of a job is."""
    for key, stage in reversed(list(job.stages.items())):
        total = stage["total"]
        return f"{_verb(key)} {stage['done']:,}" + (f"/{total:,}" if total is not None else "")
    return ""


def row(stage: Stage, width: int) -> Text:
    """Return the line of a stage."""
    figures = 19 if width >= 60 else 13
    room = max(8, min(24, width - figures - 12))
    label = Cell(tail(stage.label, room) if stage.label.startswith("/") else stage.label, room)
    if stage.word and not stage.done and stage.total is None:
        return line((label,), stage.word, width)
    counted = f"{stage.done:,}" + (f" / {stage.total:,}" if stage.total is not None else "")
    left = (stage.total - stage.done) / stage.rate if stage.total and stage.rate else 0.0
    cells = (
        label,
        Cell(_bar(stage), _BAR, rank=2),
        Cell(counted, figures, right=True),
        Cell(_("{rate:,.0f}/s").format(rate=stage.rate) if stage.rate else "", 9, right=True, rank=3),
        Cell(_("{time} left").format(time=clock(left)) if left else "", 13, right=True, rank=4),
    )
    used = line(cells, "", width).cell_len
    return line(cells, tail(stage.note or stage.word, max(0, width - used)), width)


def facts(job: JobState) -> list[tuple[str, str]]:
    """Return all that is known of a job."""
    found = [
        (_("job"), safe(job.id)),
        (_("state"), state(job)),
        (_("profile"), safe(job.profile)),
        (_("command"), f"comet {safe(job.command)}"),
        (_("began"), when(job.started)),
        (_("took"), clock((time.time() if job.runs else job.updated) - job.started)),
        (_("problems"), f"{job.problems:,}"),
        (_("memory"), memory(job).partition(": ")[2]),
        (_("error"), safe(job.error)),
        (_("folder"), safe(job.folder)),
    ]
    for key, stage in job.stages.items():
        total = f" / {stage['total']:,}" if stage["total"] is not None else ""
        found.append((f"{_verb(key)}{safe(_name(key))}", f"{stage['done']:,}{total}"))
    return [(name, value) for name, value in found if value]


def _stage(job: JobState, key: str, label: str, told: Mapping[str, Any], pace: Pace) -> Stage:
    done, total, ended = int(told["done"]), told["total"], bool(told["finished"])
    rate = pace.rate(job, key, done, time.monotonic()) if job.state == "running" and not ended else 0.0
    word = _("done") if ended else _verb(key)
    return Stage(label, done, total, rate, "" if ended else safe(str(told["note"])), word)


def _verb(key: str) -> str:
    verb = key.partition(" ")[0]
    return {
        "walk": _("looking"),
        "scan": _("listening"),
        "correlate": _("correlating"),
        "judge": _("judging"),
        "apply": _("removing"),
        "undo": _("putting back"),
        "purge": _("purging"),
    }.get(verb, safe(verb))


def _name(key: str) -> str:
    name = key.partition(" ")[2]
    return f" {name}" if name else ""


def _bar(stage: Stage) -> str:
    if not stage.total:
        return ""
    full = int(_BAR * min(stage.done / stage.total, 1.0))
    return "━" * full + "─" * (_BAR - full)
