"""The way in: read what was typed, run the one command, and turn what goes wrong into a sentence and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import importlib.util
import io
import keyword
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from comet.cli.commands import parser
from comet.cli.parser import Parser, spelled_out, typed
from comet.core import places, start
from comet.core.errors import CometError, NoSpaceError, Stopped, UsageError
from comet.core.text import _, safe

__all__ = ["main", "parser"]

_BROKEN_PIPE = 141
"""What a shell sees of a program that SIGPIPE ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `comet` and return its exit code."""
    _forgiving()
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        code = _BROKEN_PIPE
    except (KeyboardInterrupt, Stopped):
        code = Stopped.exit_code
    except Exception as error:  # noqa: BLE001 - the outermost edge: whatever it is, a person must be told
        code = explain(error)
    _let_go()
    return code


def _let_go() -> None:
    """Let what is still buffered for a reader or terminal that is gone not spoil the exit code as Python ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(words: list[str]) -> int:
    top = parser()
    words = spelled_out(words)
    try:
        arguments = top.parse_args(words)
    except SystemExit as end:  # help or version was printed
        return int(end.code or 0)
    if not arguments.command:
        return _alone(top, arguments)
    arguments.words = words
    places.prepare()
    return _command(arguments)


def _command(arguments: argparse.Namespace) -> int:
    code: int = importlib.import_module(module(arguments.command)).run(arguments)
    return code


def module(command: str) -> str:
    """Return the name of the module that runs a command; a word of Python's own, as `import`, can name none."""
    return f"comet.cli.{command}{'_' * keyword.iskeyword(command)}"


def become_screens(arguments: argparse.Namespace) -> NoReturn:
    """Become the terminal application, for the profile and settings that were typed."""
    words = ["--profile", arguments.profile] if arguments.profile is not None else []
    words += ["--profiles", arguments.profiles] if arguments.profiles else []
    words += [word for setting in typed(arguments) for word in ("--set", setting)]
    os.execve(sys.executable, start.command("comet_tui", *words), start.environment())  # noqa: S606 - our own program


def can_show_screens() -> bool:
    """Tell whether there is a terminal that can be drawn on, and what draws on it."""
    drawable = os.environ.get("TERM", "") not in ("", "dumb", "unknown")
    return drawable and sys.stdin.isatty() and sys.stdout.isatty() and importlib.util.find_spec("comet_tui") is not None


def _alone(top: Parser, arguments: argparse.Namespace) -> int:
    """Become the screen application on a terminal, else show the help."""
    if can_show_screens():
        become_screens(arguments)
    top.print_help()
    return 0


def explain(error: BaseException) -> int:
    """Tell a person what went wrong, and return the exit code for it."""
    if os.environ.get("COMET_DEBUG") == "1":
        traceback.print_exception(error)
    if _disk_full(error) and not isinstance(error, NoSpaceError):
        error = NoSpaceError(
            _("no space left on the disk"), hint=_("free some space and run the same again: what is done is kept")
        )
    if isinstance(error, CometError):
        tell(str(error), error.hint)
        return error.exit_code
    if isinstance(error, OSError) and error.filename is not None and _own(error.filename):
        tell(
            _("`{path}`: {reason}").format(path=safe(error.filename), reason=error.strerror),
            _("Comet keeps its files there: set COMET_HOME to a folder that you may write"),
        )
        return UsageError.exit_code
    tell(
        _("this is a bug in Comet: {kind}: {text}").format(kind=type(error).__name__, text=safe(str(error))),
        _("what is done is kept; with COMET_DEBUG=1 it says where, please report that"),
    )
    return 1


def _own(path: str | bytes) -> bool:
    """Tell whether a path lies in or above the folders that are Comet's own, so that they cannot be used."""
    here, name = places.places(), os.path.abspath(os.fsdecode(path))
    return any(os.path.commonpath([name, folder]) in (name, folder) for folder in (here.config, here.state, here.cache))


def tell(message: str, hint: str = "") -> None:
    """Print an error for a person."""
    with contextlib.suppress(OSError):  # the terminal may be gone, and the exit code still says what happened
        print(_("error: {message}").format(message=message), file=sys.stderr)
        if hint:
            print(_("hint: {hint}").format(hint=hint), file=sys.stderr)


def _disk_full(error: BaseException | None) -> bool:
    """Tell whether a full disk is behind an error, however it was wrapped."""
    while error is not None:
        if isinstance(error, NoSpaceError) or getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
            return True
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


def _forgiving() -> None:
    """Let no letter that the terminal's encoding lacks, and no byte that is none, end a run."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape" if stream is sys.stdin else "backslashreplace")
