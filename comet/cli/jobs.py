"""`comet jobs`: show, watch and steer long jobs."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from comet import jobs
from comet.cli import out
from comet.cli.view import View, view
from comet.core import places, profiles
from comet.core.errors import CometError, Stopped, UsageError
from comet.core.job import Listing, Progress
from comet.core.model import Stage
from comet.core.places import Places
from comet.core.text import _, clock, grouped, safe, size
from comet.jobs import JobState

_LOOK = 0.5
"""Seconds between two looks at a job that is watched."""

_COMMAND = 12
"""Columns that a command keeps before what else is told of its job goes."""

_LONGER = {"half": 0.5, "double": 2.0, "auto": 0.0}
"""What is said of chunks, and what `jobs.steer` takes for it."""


def run(arguments: argparse.Namespace) -> int:
    """Show or steer jobs."""
    here = places.places()
    states = _states(here, arguments)
    wishes = (arguments.watch, arguments.stop, arguments.pause, arguments.resume, arguments.chunk)
    if arguments.id is None and not any(wishes) and arguments.memory is None:
        return _list(arguments, here, states)
    job = jobs.find(arguments.id or "last", *states)
    if arguments.watch:
        return _watch(job)
    word = _steer(arguments, job)
    if not word:
        _show(arguments, job)
    elif arguments.json:
        out.dump(_json(job))
    else:
        print(word)
    return 0


def _steer(arguments: argparse.Namespace, job: JobState) -> str:
    """Tell a job what is wished of it and return that in words; empty where nothing is."""
    if arguments.stop:
        jobs.steer(job, stop=True)
        return _("job `{id}` ends after the unit in hand").format(id=job.id)
    if arguments.pause:
        jobs.steer(job, pause=True)
        return _("job `{id}` waits after the unit in hand").format(id=job.id)
    if arguments.resume:
        jobs.steer(job, pause=False)
        return _("job `{id}` goes on").format(id=job.id)
    return _resize(arguments, job)


def _resize(arguments: argparse.Namespace, job: JobState) -> str:
    """Tell a job what it may take, if that is wished; as `_steer`."""
    if arguments.chunk:
        wish = jobs.steer(job, longer=_LONGER[arguments.chunk])
        text = _("job `{id}` has chunks {factor:g} times as long from the next unit on")
        return text.format(id=job.id, factor=wish.chunk)
    if arguments.memory is None:
        return ""
    least = job.memory.get("least", 0)
    if 0 < arguments.memory < least:
        raise UsageError(
            _("job `{id}` cannot go on with {size}").format(id=job.id, size=size(arguments.memory)),
            hint=_("{least}M is the least that it needs").format(least=math.ceil(least / 1e6)),
        )
    jobs.steer(job, memory=arguments.memory)
    if not arguments.memory:
        return _("job `{id}` takes what the settings allow from the next unit on").format(id=job.id)
    text = _("job `{id}` takes {size} at most from the next unit on")
    return text.format(id=job.id, size=size(arguments.memory))


def _states(here: Places, arguments: argparse.Namespace) -> list[str]:
    """Return the state folders of the profile that was named, else of all."""
    if arguments.profile is not None:
        if arguments.profile != profiles.UNNAMED:
            profiles.check_name(arguments.profile)
        return [here.profile(arguments.profile)]
    try:
        names = os.listdir(here.state)
    except FileNotFoundError:
        return []
    return [here.profile(name) for name in sorted(names) if os.path.isdir(os.path.join(here.state, name, "jobs"))]


def _list(arguments: argparse.Namespace, here: Places, states: list[str]) -> int:
    found = jobs.listed(*states)
    if not found and not os.path.exists(here.state):
        profiles.read(here, arguments.profiles).default()  # which says that nothing is set up, and what to do
    if arguments.json:
        for job in found:
            out.dump(_json(job))
        return 0
    rows = [_row(job) for job in found]
    for line in out.fitted(rows, out.width(), leave=(3, 2, 4), cut=5, least=_COMMAND):
        print(line)
    if not found:
        out.note(_("no job yet"))
    return 0


def _row(job: JobState) -> list[str]:
    name, command = safe(_profile(job)), f"comet {safe(job.command)}"
    return [job.id, _state(job.state), name, _when(job.started), _progress(job), command]


def _json(job: JobState) -> dict[str, Any]:
    return {**asdict(job), "profile": _profile(job)}


def _profile(job: JobState) -> str:
    return os.path.basename(os.path.dirname(os.path.dirname(job.folder)))


def _state(state: str) -> str:
    return {
        "running": _("running"),
        "paused": _("paused"),
        "done": _("done"),
        "stopped": _("stopped"),
        "failed": _("failed"),
        "died": _("died"),
    }.get(state, state)


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def _progress(job: JobState) -> str:
    """Return how far the newest stage of a job is."""
    for key, stage in reversed(list(job.stages.items())):
        total = stage["total"]
        return f"{key.partition(' ')[0]} {grouped(stage['done'])}" + (f"/{grouped(total)}" if total is not None else "")
    return ""


def _show(arguments: argparse.Namespace, job: JobState) -> None:
    if arguments.json:
        out.dump(_json(job))
        return
    values = {
        _("job"): job.id,
        _("state"): _state(job.state),
        _("profile"): safe(_profile(job)),
        _("command"): f"comet {safe(job.command)}",
        _("began"): _when(job.started),
        _("took"): clock((time.time() if job.state in ("running", "paused") else job.updated) - job.started),
        _("problems"): grouped(job.problems),
        _("folder"): safe(job.folder),
    }
    if job.error:
        values[_("error")] = safe(job.error)
    for key, stage in job.stages.items():
        total = f" / {grouped(stage['total'])}" if stage["total"] is not None else ""
        values[safe(key)] = f"{grouped(stage['done'])}{total}"
    for line in out.facts(values, out.width()):
        print(line)


def _watch(job: JobState) -> int:
    """Show a job's progress until it ends; leaving it leaves it running."""
    shown, listed = view(), 0
    try:
        for now in _looks(job):
            _feed(shown, now)
            for listing in now.listings[listed:]:
                shown.report(Listing(**listing))
            job, listed = now, len(now.listings)
    except KeyboardInterrupt:
        shown.say(_("job `{id}` goes on; `comet jobs {id} --stop` ends it").format(id=job.id))
        return Stopped.exit_code
    finally:
        shown.close()
    out.note(_("job `{id}`: {state}").format(id=job.id, state=_state(job.state)))
    if job.state == "stopped":
        return Stopped.exit_code
    if job.state != "done":
        raise CometError(
            safe(job.error) or _("the job died before it could say why"),
            hint=_("its words are in `{log}`").format(log=safe(os.path.join(job.folder, "log"))),
        )
    return 0


def _looks(job: JobState) -> Iterator[JobState]:
    while True:
        now = jobs.look(job.folder)
        if now is None:
            raise UsageError(_("job `{id}` is gone").format(id=job.id))
        yield now
        if now.state not in ("running", "paused"):
            return
        time.sleep(_LOOK)


def _feed(shown: View, job: JobState) -> None:
    shown.paused = job.state == "paused"
    for key, stage in job.stages.items():
        word, _space, name = key.partition(" ")
        line = shown.lines.get(name or word)
        if line is not None and line.ended and line.stage == Stage(word):
            continue
        shown.report(
            Progress(
                Stage(word),
                name,
                stage["done"],
                stage["total"],
                stage["note"],
                finished=stage["finished"],
                size=stage.get("size", 0),
                total_size=stage.get("total_size", 0),
            )
        )
