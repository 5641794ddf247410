"""Pass after pass, for where nothing else keeps time: each is a process of its own.

A leak or a crash of one cannot hurt the next, and the waits are by a clock that nobody sets.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Final

from comet.core.errors import NoSpaceError, ServiceError, SignInError, Stopped, UsageError, WaitError

LEAST: Final = 15 * 60.0
"""Seconds between two passes at least."""

_RETRIES: Final = (10 * 60.0, 20 * 60.0, 40 * 60.0)
"""Seconds after which what failed is tried again, the first time and the next ones."""

_REFUSED: Final = 3600.0
"""Seconds at least after the service asked to wait."""

_ONCE: Final = (SignInError.exit_code, NoSpaceError.exit_code)
"""Exit codes that are told once, for only a person can do something about them, and the plan is kept."""

_PATIENCE: Final = 4.0
"""Seconds that a pass has to end after each time it was asked to; a container has ten in all."""


class Plan:
    """When passes are due, in seconds of any clock."""

    def __init__(self, every: float, uneven: Callable[[float, float], float] = random.uniform) -> None:
        self._every = every
        self._uneven = uneven
        self._planned = 0.0
        self._failures = 0

    def begin(self, now: float) -> None:
        """A pass begins: if it is one that was planned, plan the next one, up to 5 % off, so that none are in step."""
        if now >= self._planned:
            self._planned = now + self._every * self._uneven(0.95, 1.05)
            self._failures = 0

    def after(self, code: int, now: float) -> float:
        """Return the seconds until the next pass, after one that has ended with this exit code."""
        due = self._planned
        if code == ServiceError.exit_code and self._failures < len(_RETRIES):
            due = min(due, now + _RETRIES[self._failures])
            self._failures += 1
        elif code == WaitError.exit_code:
            due = max(due, now + _REFUSED)
        return max(0.0, due - now)


class Keeper:
    """Runs a command again and again until a signal comes."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], every: float,
        say: Callable[[int, float], None], *, haste: float = 1.0,
    ) -> None:  # fmt: skip
        """Take what to run, how often, and who is told each exit code with the seconds until the next pass.

        `haste` is for tests: all waits are shorter by this factor.
        """
        self._command, self._environment, self._say, self._haste = command, environment, say, haste
        self._plan = Plan(every)
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Return 130 when a signal has come; or 2 if the first pass says that this was typed wrong."""
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {each: signal.signal(each, self._stop) for each in signals}
        try:
            return self._run()
        finally:
            for each, old in before.items():
                signal.signal(each, old)

    def _run(self) -> int:
        previous = None
        while not self._stopping.is_set():
            self._plan.begin(time.monotonic() * self._haste)
            code = self._pass(previous)
            if self._stopping.is_set():
                break
            if previous is None and code == UsageError.exit_code:
                return code  # it would be so for ever
            wait = self._plan.after(code, time.monotonic() * self._haste)
            if code != previous or code not in _ONCE:
                self._say(code, wait)
            previous = code
            self._stopping.wait(wait / self._haste)
        return Stopped.exit_code

    def _pass(self, previous: int | None) -> int:
        """Run the command and return its exit code; what it says is held back where that may be known already."""
        held = previous in _ONCE
        with subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if held else None,
            stderr=subprocess.STDOUT if held else None,
            env=self._environment,
        ) as child:
            self._child = child
            if self._stopping.is_set():  # the signal came before there was a child
                self._end()
            said, _nothing = child.communicate()
            self._child = None
        code: int = child.returncode if child.returncode >= 0 else 128 - child.returncode
        if held and code != previous:
            sys.stderr.write(said.decode("utf-8", "backslashreplace"))
        return code

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()
        self._end()

    def _end(self) -> None:
        """Let the pass end: after the unit in hand, then at once, then without asking."""
        child = self._child
        if child is None:
            return
        child.terminate()
        for seconds, end in ((_PATIENCE, child.terminate), (2 * _PATIENCE, child.kill)):
            timer = threading.Timer(seconds, end)
            timer.daemon = True
            timer.start()
