"""Running a long job from the command line: recorded, shown, stopped by Ctrl-C, or sent into the background."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import TypeVar

from comet import jobs
from comet.cli.context import Context
from comet.cli.view import View, view
from comet.core import locks, settings
from comet.core.errors import CometError, LockedError, Stopped
from comet.core.job import Control, Event, Job
from comet.core.places import Places, compiled
from comet.core.text import _, safe

T = TypeVar("T")

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

_ONE = 1.0
"""Seconds within which a second signal is the same wish: `timeout` sends one to its child and one to the group."""

_SILENT = 1.0
"""Seconds after which a question says what it waits for."""

_OBJECTS = 100_000
"""New objects from which on the garbage collector looks at all: what is known of 100 000 tracks is millions, and nearly
none of them garbage, so that a question took a third longer at its 700."""

_START = 10.0
"""Seconds in which a job in the background must have begun."""


def run(context: Context, work: Callable[[Job], T]) -> T:
    """Run `work` in a thread of its own while this one waits for signals, and keep a job folder of it.

    A kernel would hold a Ctrl-C back for as long as it runs, if it ran in the thread that gets the signals.

    Raises:
        Stopped: somebody asked; what was done is kept.
    """
    with jobs.recorded(context.state, _shown(context.arguments.words)) as record:
        shown = view()

        def report(event: Event) -> None:
            record.report(event)
            shown.report(event)

        def control() -> Control:
            wish = record.control()
            shown.paused = wish.pause and not wish.stop
            return wish

        if told := first_use(context.places):
            shown.say(told)
        try:
            return _watched(shown, work, Job(report, control=control), lambda: record.end("stopped"))
        except Stopped:
            shown.say(_("stopped; what is done is kept, the same command goes on from there"))
            raise


def first_use(places: Places) -> str:
    """Return what is to be said where code that listens and compares is not compiled yet, empty where it is."""
    told = _("the first run on a machine compiles some code, which may take up to a minute in between")
    return "" if compiled(places) else told


def _shown(words: list[str]) -> str:
    """Return what was typed as it may be kept and shown: without the values of secret settings."""
    hidden = list(words)
    for name in (item.name for item in settings.declared() if item.secret):
        for at, word in enumerate(words):
            begin, equals, _value = word.partition(f"{name}=")
            if equals and begin in ("", "--set="):
                hidden[at] = f"{begin}{equals}{settings.HIDDEN}"
    return safe(shlex.join(hidden))


def quietly(work: Callable[[Job], T], doing: str = "") -> T:
    """Run `work`, which is mostly short, with progress but without a job folder; `doing` is told if it takes longer."""
    shown = view()
    with _told_late(shown, doing):
        return _watched(shown, work, Job(shown.report))


def asked(work: Callable[[Job], T]) -> T:
    """Run `work`, which answers from all that is known of a collection, as `quietly` does."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS)
    try:
        return quietly(work, _("reading what is known of the collection"))
    finally:
        gc.set_threshold(*before)


@contextmanager
def _told_late(shown: View, doing: str) -> Iterator[None]:
    """Say what is being done where the block takes longer than a moment, and shows nothing else by then."""

    def tell() -> None:
        if not shown.lines:
            shown.say(doing)

    timer = threading.Timer(_SILENT, tell)
    timer.daemon = True
    if doing:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _watched(shown: View, work: Callable[[Job], T], job: Job, ends: Callable[[], None] | None = None) -> T:
    """Run `work` and close what it is shown on.

    Args:
        shown: Where.
        work: Is given `job`.
        job: Is stopped by the first signal.
        ends: Writes down that it was stopped, before a second one ends the process; None where nothing of it is kept.
    """
    results: list[T] = []
    errors: list[BaseException] = []
    ended = threading.Event()

    def body() -> None:
        try:
            results.append(work(job))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            errors.append(error)
        finally:
            ended.set()

    with closing(shown), _stoppable(shown, job, ends):
        threading.Thread(target=body, name="comet-job", daemon=True).start()
        while not ended.wait(3600):
            pass
    if errors:
        raise errors[0]
    return results[0]


@contextmanager
def _stoppable(shown: View, job: Job, ends: Callable[[], None] | None) -> Iterator[None]:
    """Let the first signal end the job after the unit in hand, and a second one, unless it is an echo, at once."""
    asked = 0.0

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            if time.monotonic() >= asked + _ONE:
                _end(ends)
            return
        asked = time.monotonic()
        job.stop()
        if number != getattr(signal, "SIGHUP", None):
            kept = _("stopping after the unit in hand; what is done is kept (once more ends at once)")
            shown.say(kept if ends else _("stopping after the unit in hand (once more ends at once)"))

    before = {}
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        # Whoever started this with nohup or in the background of a script wants it ignored.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _end(ends: Callable[[], None] | None) -> None:
    """End the process without waiting for anything but `ends`; the cursor that was hidden is shown again."""
    with contextlib.suppress(OSError):
        if ends:
            ends()
    with contextlib.suppress(OSError):
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), b"\x1b[?25h\r\n")
    os._exit(Stopped.exit_code)


def detach(context: Context, *, alone: bool = True) -> int:
    """Start the same command in the background and say how to watch it.

    Args:
        context: The command that was typed, without `--detach`.
        alone: It cannot work while another job does.

    Raises:
        LockedError: another job works on the profile.
        CometError: it ended before it began.
    """
    lock = os.path.join(context.state, "cache.lock")
    if alone and locks.held(lock):
        raise LockedError(
            _("another job works on profile `{name}`").format(name=safe(context.profile.name)),
            hint=_("`comet jobs` shows it; wait for it or stop it"),
        )
    folder = jobs.start(context.state, _without_detach(context.arguments.words))
    _begun(folder)
    name = os.path.basename(folder)
    if context.arguments.json:
        print(json.dumps({"job": name, "folder": folder}))
    else:
        print(name)
        follow = context.next("jobs", name, "--watch")
        print(_("next: `{command}` shows how far it is").format(command=follow), file=sys.stderr)
    return 0


def _without_detach(words: list[str]) -> list[str]:
    end = words.index("--") if "--" in words else len(words)
    return [word for at, word in enumerate(words) if word != "--detach" or at > end]


def _begun(folder: str) -> None:
    """Wait until a job in the background has begun."""
    until = time.monotonic() + _START
    while time.monotonic() < until:
        if jobs.look(folder) is not None:
            return
        time.sleep(0.05)
    raise CometError(
        _("the job did not begin"), hint=_("its words are in `{log}`").format(log=safe(os.path.join(folder, "log")))
    )
