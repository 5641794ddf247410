"""Long jobs outlive the screen that started them: each has a folder that any face can watch and steer.

`jobs/ID/`: `events.jsonl` (appended), `snapshot.json` (small, replaced), `control.json` (what somebody wishes), `log`
(what a detached job prints), `lock` (held while it lives).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from comet.core import ini, locks
from comet.core import start as starting
from comet.core.errors import CometError, Stopped, UsageError
from comet.core.job import Control, Event, Listing, Lost, Memory, Progress, Ready
from comet.core.model import Problem
from comet.core.places import make_private, only_mine
from comet.core.text import _, safe

ID_VARIABLE = "COMET_JOB"
"""Environment variable by which a detached job is told its id, so that whoever started it knows where to look."""

_EVERY = 0.5
"""Seconds between two steps of a stage that are written down."""

_KEPT = 50


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as its folder shows it."""

    id: str
    folder: str
    command: str
    pid: int
    state: str
    """`running`, `paused`, `done`, `stopped`, `failed`, or `died` (killed before it could say so)."""
    started: float
    updated: float
    stages: Mapping[str, Mapping[str, Any]]
    """By `stage name`: done, total, note, finished, size, total_size, when it `began`, and its `problems`."""
    problems: int
    error: str
    memory: Mapping[str, int] = field(default_factory=dict)
    """Bytes that it may take (`limit`), takes (`used`) and has to take (`least`), units of its `chunk`; empty until it
    says so."""
    listings: Sequence[Mapping[str, Any]] = ()
    """What each look at a root found, in order; see `job.Listing`."""

    @property
    def runs(self) -> bool:
        """It lives, though it may wait."""
        return self.state in ("running", "paused")

    @property
    def profile(self) -> str:
        """Name of the profile that it works on."""
        return os.path.basename(os.path.dirname(os.path.dirname(self.folder)))


class Record:
    """Writes one job's folder."""

    def __init__(self, folder: str, command: str) -> None:
        self.folder = folder
        self._shown: dict[str, Any] = {
            "id": os.path.basename(folder), "command": command, "pid": os.getpid(), "state": "running",
            "started": time.time(), "updated": time.time(), "stages": {}, "problems": 0, "error": "",
            "listings": [],
        }  # fmt: skip
        self._last: dict[str, float] = {}
        events = os.path.join(folder, "events.jsonl")
        self._events = open(events, "a", encoding="ascii", opener=only_mine)  # noqa: SIM115 - closed in end()
        self._snapshot()

    def report(self, event: Event) -> None:
        """Write an event down: its stage's first and last step and problems always."""
        now = time.time()
        if isinstance(event, Memory):
            self._shown["memory"] = asdict(event)
            self._snapshot()
            return
        if isinstance(event, Progress):
            if not self._progress(event, now):
                return
            row: dict[str, Any] = {"stage": event.stage, "name": event.name, "done": event.done, "total": event.total}
        elif isinstance(event, Problem):
            self._problem(event)
            row = {"problem": os.fsdecode(event.path), "stage": event.stage, "error": event.error}
        elif isinstance(event, Listing):
            self._shown["listings"].append(asdict(event))
            row = {"listing": asdict(event)}
        elif isinstance(event, Ready):
            row = {"ready": asdict(event)}
        elif isinstance(event, Lost):
            row = {"lost": asdict(event)}
        else:
            row = {"order": asdict(event)}
        self._events.write(json.dumps({"time": round(now, 3), **row}) + "\n")
        self._events.flush()
        self._snapshot()

    def _progress(self, event: Progress, now: float) -> bool:
        """Take up where a stage stands; return whether that is to be written down too."""
        key = f"{event.stage} {event.name}".strip()
        old = self._shown["stages"].get(key, {})
        if old.get("finished") and not event.finished:  # a root is looked at a second time
            old = {"problems": old["problems"]}
        self._shown["stages"][key] = {
            "done": event.done, "total": event.total, "note": event.note, "finished": event.finished,
            "size": event.size, "total_size": event.total_size,
            "began": old.get("began", now), "problems": old.get("problems", 0),
        }  # fmt: skip
        if event.done and not event.finished and now - self._last.get(key, 0) < _EVERY:
            return False
        self._last[key] = now
        return True

    def _problem(self, problem: Problem) -> None:
        """Count a problem, for the job and for the stage of its root, which holds it."""
        self._shown["problems"] += 1
        place = f"{problem.stage} {os.fsdecode(problem.path)}"
        holding = [key for key in self._shown["stages"] if place == key or place.startswith(os.path.join(key, ""))]
        if holding:
            self._shown["stages"][max(holding, key=len)]["problems"] += 1

    def control(self) -> Control:
        """Return what somebody wishes."""
        wish = _control(self.folder)
        state = "paused" if wish.pause and not wish.stop else "running"
        if state != self._shown["state"]:
            self._shown["state"] = state
            self._snapshot()
        return wish

    def end(self, state: str, error: str = "") -> None:
        """Say how the job ended."""
        self._shown |= {"state": state, "error": error}
        self._snapshot()
        self._events.close()

    def _snapshot(self) -> None:
        self._shown["updated"] = time.time()
        ini.write(os.path.join(self.folder, "snapshot.json"), json.dumps(self._shown), durable=False)


def _control(folder: str) -> Control:
    try:
        with open(os.path.join(folder, "control.json"), encoding="utf-8") as stream:
            wish = json.load(stream)
        read = Control(bool(wish["pause"]), bool(wish["stop"]), int(wish["memory"]), float(wish["chunk"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return Control()  # nobody wished anything, or not in words that can be understood
    return read if read.memory >= 0 and 0 < read.chunk < math.inf else Control()


@contextmanager
def recorded(state: str, command: str) -> Iterator[Record]:
    """Make a job folder under the `state` folder of a profile and keep it up to date while the block runs."""
    identity = os.environ.pop(ID_VARIABLE, "")
    folder = os.path.join(state, "jobs", identity) if identity else new_folder(state)
    make_private(folder)
    with locks.hold(os.path.join(folder, "lock"), _("this job runs already")):
        record = Record(folder, command)
        try:
            yield record
        except (Stopped, KeyboardInterrupt):  # the latter before the job listens for signals
            record.end("stopped")
            raise
        except CometError as error:
            record.end("failed", str(error))
            raise
        except BaseException as error:
            record.end("failed", f"{type(error).__name__}: {error}")
            raise
        record.end("done")
    _forget_old(os.path.join(state, "jobs"))


def new_folder(state: str) -> str:
    """Make a folder for a job and return it; its name, the job's id, says when it began and who began it."""
    top = os.path.join(state, "jobs")
    make_private(top)
    identity = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    for number in itertools.count(1):
        folder = os.path.join(top, identity if number == 1 else f"{identity}-{number}")
        with contextlib.suppress(FileExistsError):  # the same process began one in the same second
            os.mkdir(folder, 0o700)
            break
    return folder


def _forget_old(folder: str) -> None:
    """Keep the folders of the last jobs only."""
    for name in sorted(os.listdir(folder))[:-_KEPT]:
        old = os.path.join(folder, name)
        if not locks.held(os.path.join(old, "lock")):
            shutil.rmtree(old, ignore_errors=True)  # another job that ends now may do the same


def listed(*states: str) -> list[JobState]:
    """Return the jobs of the `state` folders of some profiles, newest first."""
    found = []
    for state in states:
        folder = os.path.join(state, "jobs")
        with contextlib.suppress(FileNotFoundError):
            names = sorted(os.listdir(folder), reverse=True)
            found += [job for name in names if (job := look(os.path.join(folder, name))) is not None]
    return sorted(found, key=lambda job: job.started, reverse=True)


def look(folder: str) -> JobState | None:
    """Return the job of one folder, None where it has no snapshot yet."""
    alive = locks.held(os.path.join(folder, "lock"))
    try:
        with open(os.path.join(folder, "snapshot.json"), encoding="utf-8") as stream:
            shown = json.load(stream)
        job = JobState(folder=folder, **shown)
    except (OSError, ValueError, TypeError):
        return None
    return job if alive or not job.runs else replace(job, state="died")


def find(identity: str, *states: str) -> JobState:
    """Return a job of the `state` folders of some profiles by its id or the beginning of it.

    `last` is the newest that runs, or else the newest: whoever was refused meanwhile is not meant.

    Raises:
        UsageError: there is none, or several.
    """
    jobs = listed(*states)
    running = [job for job in jobs if job.runs]
    found = (running or jobs)[:1] if identity == "last" else [job for job in jobs if job.id.startswith(identity)]
    if len(found) != 1:
        raise UsageError(
            _("there is no job `{id}`").format(id=safe(identity))
            if not found
            else _("several jobs begin with `{id}`").format(id=safe(identity)),
            hint=_("`comet jobs` lists them"),
        )
    return found[0]


def steer(
    job: JobState,
    *,
    pause: bool | None = None,
    stop: bool | None = None,
    memory: int | None = None,
    longer: float | None = None,
) -> Control:
    """Wish something of a running job, on top of what was wished before; it is read at the next unit's edge.

    Args:
        job: That job.
        pause: It waits.
        stop: It ends.
        memory: Bytes that it may take in all, 0 for what the settings say.
        longer: Factor on the length of its chunks as it is, 0 for what the settings say.

    Raises:
        UsageError: it does not run.
    """
    if not job.runs:
        raise UsageError(_("job `{id}` does not run").format(id=job.id), hint=_("`comet jobs` lists them"))
    old = _control(job.folder)
    wish = Control(
        pause=old.pause if pause is None else pause,
        stop=old.stop if stop is None else stop,
        memory=old.memory if memory is None else memory,
        chunk=old.chunk if longer is None else old.chunk * longer or 1.0,
    )
    ini.write(os.path.join(job.folder, "control.json"), json.dumps(asdict(wish)))
    return wish


def start(state: str, arguments: Sequence[str]) -> str:
    """Start `comet ARGUMENTS` in a session of its own, so that it outlives this terminal; return the job's folder."""
    folder = new_folder(state)
    with open(os.path.join(folder, "log"), "ab", opener=only_mine) as log:
        started = subprocess.Popen(
            starting.command("comet", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=starting.environment(**{ID_VARIABLE: os.path.basename(folder)}),
        )
    # Waits for its end, for a screen that stays open would else be followed by a dead process for each job.
    threading.Thread(target=started.wait, name="comet-job-ended", daemon=True).start()
    return folder
