"""`comet backup schedule`, and what a pass by the clock needs: silence, a log, one after another, and a change told."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Final

from comet.cli import out
from comet.cli.context import Context
from comet.core import start
from comet.core.errors import Stopped, UsageError
from comet.core.places import make_private, only_mine
from comet.core.text import _, clock, safe

if TYPE_CHECKING:
    from comet.backup.schedule import Timed

_LOGS: Final = 5
_MOST: Final = 1_000_000
"""Bytes of a log, at which the next pass begins another one."""

_BOOTED: Final = "/run/systemd/system"
"""Is there where systemd runs."""


def schedule(here: Context) -> int:
    """Print what lets the system's clock start passes, or install it."""
    from comet.backup import schedule  # noqa: PLC0415 - help must not wait for it

    given = here.arguments
    cron = given.cron or not (given.systemd or given.user or os.path.isdir(_BOOTED))
    if given.install and given.print:
        raise UsageError(_("--print and --install cannot be combined"), hint=_("choose one of them"))
    if given.user and cron:
        raise UsageError(_("--user is for systemd"), hint=_("a crontab is its user's own already"))
    made = schedule.timed(here.profile, here.places, given.profiles, given.at)
    if os.environ.get("COMET_YM_TOKEN"):
        out.warn(_("COMET_YM_TOKEN is not handed on: `comet backup login`, or COMET_TOKEN_FILE, keeps a token"))
    if not given.install:
        _show(made, cron=cron, user=given.user)
    elif cron:
        schedule.install_cron(made)
        print(_("your crontab starts a pass every day at {time}").format(time=_time(made)))
    else:
        for folder in here.places:  # where it may write, they have to be there before
            make_private(folder)
        for path in schedule.install_units(made, schedule.unit_folder(user=given.user), user=given.user):
            print(safe(path))
        out.note(_("systemd starts a pass every day at about {time}").format(time=_time(made)))
    if given.user:
        out.next_step(_("`loginctl enable-linger` lets it run while you are not logged in"))
    return 0


def _show(made: Timed, *, cron: bool, user: bool) -> None:
    from comet.backup import schedule  # noqa: PLC0415 - help must not wait for it

    if cron:
        print(schedule.cron(made), end="")
        return
    folder = schedule.unit_folder(user=user)
    for name, text in schedule.units(made, user=user).items():
        print(f"# {os.path.join(folder, name)}\n{text}")


def _time(made: Timed) -> str:
    return f"{made.hour}:{made.minute:02}"


def passes(here: Context, once: Callable[[Context], int]) -> int:
    """Make one pass, or with `--every` pass after pass; `once` makes one and returns its exit code."""
    given = here.arguments
    if given.every:
        if given.detach:
            raise UsageError(
                _("--every and --detach cannot be combined"),
                hint=_("`comet backup schedule` lets the system start passes by itself"),
            )
        return _again(here)
    if given.detach:
        return once(here)
    if not given.quiet:
        return _told(here, once)
    return _logged(here, lambda: _told(here, once))


def _told(here: Context, once: Callable[[Context], int]) -> int:
    """Make a pass, and tell the user's command if it ended otherwise than the one before."""
    from comet.backup import ended  # noqa: PLC0415 - help must not wait for it
    from comet.cli.main import explain  # noqa: PLC0415 - which loads the commands

    began, error = time.time(), ""
    try:
        code = once(here)
    except (KeyboardInterrupt, Stopped):
        code = Stopped.exit_code
    except BrokenPipeError:
        raise
    except Exception as failure:  # noqa: BLE001 - whatever it is, somebody waits to be told how the pass ended
        code, error = explain(failure), str(failure)
    if wrong := ended.note(here.profile, here.state, ended.now(code, error), began):
        out.warn(wrong)
    return code


def _again(here: Context) -> int:
    """Make passes until a signal comes, each in a process of its own."""
    from comet.backup.every import Keeper  # noqa: PLC0415 - help must not wait for it

    given = here.arguments

    def say(code: int, seconds: float) -> None:
        if not given.quiet:
            out.note(_("the pass ended with {code}; the next one in {time}").format(code=code, time=clock(seconds)))

    command = start.command("comet", *_without_every(given.words))
    return Keeper(command, start.environment(), given.every, say).run()


def _without_every(words: list[str]) -> list[str]:
    rest = iter(words)
    return [word for word in rest if not word.startswith("--every=") and not (word == "--every" and next(rest))]


def _logged(here: Context, work: Callable[[], int]) -> int:
    """Let `work` speak into the log of the backup, and repeat what it said if it ends so that somebody has to know.

    What went wrong beside the tracks is repeated once, however it ends.
    """
    from comet.backup import ended  # noqa: PLC0415 - help must not wait for it
    from comet.backup.schedule import QUIET  # noqa: PLC0415 - likewise

    began = time.time()
    path = os.path.join(here.state, "backup.log")
    make_private(here.state)
    _rotate(path)
    with open(path, "ab+", opener=only_mine) as log:
        begins = log.seek(0, os.SEEK_END)
        with _into(log):
            print(f"--- {time.strftime('%Y-%m-%d %H:%M:%S %z')}")
            heading = log.seek(0, os.SEEK_END) - begins
            code = work()
            print(_("exit code {code}").format(code=code))
        if code not in QUIET:
            log.seek(begins + heading)
            sys.stderr.write(log.read().decode("utf-8", "backslashreplace"))
        else:
            for problem in ended.odd(here.state, began):
                out.warn(problem)
    return code


def _rotate(path: str) -> None:
    """Begin another log where the one of now is large, and keep the last ones."""
    if not os.path.exists(path) or os.path.getsize(path) < _MOST:
        return
    names = [path, *(f"{path}.{number}" for number in range(1, _LOGS))]
    for old, new in reversed(list(pairwise(names))):
        if os.path.exists(old):
            os.replace(old, new)


@contextmanager
def _into(log: IO[bytes]) -> Iterator[None]:
    """Let all that this process says, and its workers, go into a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [(number, os.dup(number)) for number in (1, 2)]
    with open(os.dup(log.fileno()), "a", buffering=1, encoding="utf-8", errors="backslashreplace") as words:
        try:
            for number, _copy in kept:
                os.dup2(log.fileno(), number)
            with redirect_stdout(words), redirect_stderr(words):
                yield
        finally:
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)
