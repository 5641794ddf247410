"""The user's own command, which is told what was done: to let a media server scan, or to write it down."""

from __future__ import annotations

import json
import os
import selectors
import shlex
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import IO, Final

from comet.core.text import _, safe

_BLOCK: Final = 1 << 16
"""Bytes that are read at once, and that are kept of what the command says."""

_POLL: Final = 0.05
"""Seconds between two looks whether the command has ended; a child of it may hold the pipes open for ever."""

_LINE: Final = 300
"""Characters of its last line that are told."""


_OWN: Final = ("PYTHONSAFEPATH", "COMET_YM_TOKEN")
"""Variables that the command does not get. With the first, which Comet sets for its own processes, a Python script
would not find the modules beside it; the other is nobody else's business."""


def run(
    command: str, event: Mapping[str, object], *, timeout: float = 300.0, variables: Mapping[str, str] | None = None
) -> str:
    """Run a command with `event` as JSON on its standard input; return "" or a sentence that says what went wrong.

    It also finds `variables` in its environment. It may take `timeout` seconds, then it is ended with all that it
    started. A background process that it leaves behind when it ends by itself is let live.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        return _("`{command}` cannot be started: {reason}").format(command=safe(command), reason=safe(str(error)))
    if not words or not words[0]:
        return _("the command is empty")
    environment = {name: value for name, value in os.environ.items() if name not in _OWN} | dict(variables or {})
    try:
        process = subprocess.Popen(
            [os.path.expanduser(words[0]), *words[1:]],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        return _("`{command}` cannot be started: {reason}").format(command=safe(command), reason=safe(reason))
    with process:
        try:
            said = _talk(process, memoryview(json.dumps(event).encode() + b"\n"), monotonic() + timeout)
        except TimeoutError:
            return _("`{command}` took longer than {n} seconds and was ended").format(
                command=safe(command), n=f"{timeout:g}"
            )
        finally:
            _end(process)
    return _outcome(command, process.returncode, said)


def _talk(process: subprocess.Popen[bytes], told: memoryview, until: float) -> bytes:
    """Write `told` and read what comes until the command ends; return the end of its standard error.

    Raises:
        TimeoutError: it still runs at `until`.
    """
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    assert stdin is not None  # noqa: S101 - `run` has asked for three pipes
    assert stdout is not None  # noqa: S101
    assert stderr is not None  # noqa: S101
    said = b""
    with selectors.DefaultSelector() as ready:
        for pipe in (stdin, stdout, stderr):
            os.set_blocking(pipe.fileno(), False)
            ready.register(pipe, selectors.EVENT_WRITE if pipe is stdin else selectors.EVENT_READ, pipe)
        while process.poll() is None:
            if monotonic() >= until:
                raise TimeoutError
            for key, _events in ready.select(_POLL):
                if key.data is stdin:
                    told = _write(stdin, told)
                    over = not told
                else:
                    block = _read(key.data)
                    said = (said + block)[-_BLOCK:] if key.data is stderr else said
                    over = not block
                if over:
                    ready.unregister(key.data)
                    key.data.close()
    return said if stderr.closed else said + _read(stderr)


def _write(pipe: IO[bytes], told: memoryview) -> memoryview:
    """Write what the pipe takes and return the rest; there is none where nobody reads."""
    try:
        return told[os.write(pipe.fileno(), told) :]
    except BrokenPipeError:
        return told[:0]


def _read(pipe: IO[bytes]) -> bytes:
    """Return what lies in a pipe, nothing where it is at its end or empty."""
    try:
        return os.read(pipe.fileno(), _BLOCK)
    except BlockingIOError:
        return b""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command that still runs, with everything that it started."""
    if process.poll() is None:
        with suppress(ProcessLookupError):  # it has ended since
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _outcome(command: str, code: int, said: bytes) -> str:
    if not code:
        return ""
    if code < 0:
        return _("`{command}` was ended by signal {n}").format(command=safe(command), n=-code)
    sentence = _("`{command}` ended with exit code {code}").format(command=safe(command), code=code)
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), b"")
    return f"{sentence}: {safe(os.fsdecode(last)[:_LINE])}" if last else sentence
