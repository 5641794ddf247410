"""Terminals with the application on them: one that keeps every byte, and one inside of tmux."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import uuid
from pathlib import Path
from typing import Self

TOP = Path(__file__).parents[2]
OURS = re.compile(
    rb"\x1b\[[0-9;:?>=<$]*[ -/]*[A-Za-z@`{|}~]"  # CSI: where to write, colours, modes
    rb"|\x1b\][0-9]+;[a-z0-9#;]*(?:\x07|\x1b\\)"  # OSC: the shape of the pointer
    rb"|\x1b[P_][^\x1b]*\x1b\\|\x1b[=>78M]"
)


class Terminal:
    """A terminal that keeps every byte that it is told."""

    def __init__(self, arguments: list[str], *, columns: int = 80, lines: int = 24, **environment: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        env = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "SSH_CONNECTION")}
        env |= {"TERM": "xterm-256color", **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "comet_tui", *arguments], stdin=slave, stdout=slave, stderr=slave,
            env=env, cwd=TOP, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.written = b""

    def until(self, words: bytes, seconds: float = 60.0) -> None:
        """Read until `words` were written."""
        end = time.monotonic() + seconds
        while words not in self.written:
            assert time.monotonic() < end, self.written[-3000:]
            self._read()

    def rest(self, seconds: float) -> None:
        """Read for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read()

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.master, keys)

    def wait(self, seconds: float = 30.0) -> int:
        """Read until it ends, and return its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, self.written[-3000:]
            self._read()
        return self.process.returncode

    def hang_up(self, *, told: bool = True) -> int:
        """Be gone, as a connection that is lost, and return how the application ended; not all are `told`."""
        if told:
            self.process.send_signal(signal.SIGHUP)  # as the kernel does to who has this terminal for its own
        os.close(self.master)
        self.master = -1
        return self.process.wait(30)

    def close(self) -> None:
        """End."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.master >= 0:
            os.close(self.master)

    def _read(self) -> None:
        if select.select([self.master], [], [], 0.1)[0]:
            try:
                self.written += os.read(self.master, 65536)
            except OSError:  # the other side is closed
                time.sleep(0.05)


class Tmux:
    """The application inside a tmux of its own."""

    def __init__(self, more: dict[str, str], columns: int = 80, lines: int = 24, delay: int = 0) -> None:
        """Take more of the environment, the size, and how many milliseconds a key and its answer are on their way."""
        self._tmux = ["tmux", "-L", f"comet-{uuid.uuid4().hex[:8]}", "-f", "/dev/null"]
        exported = {"COLUMNS": "80", "LINES": "24"}  # as some shells do
        self._env = {**os.environ, "PYTHONPATH": str(TOP), **exported, **more}
        line = f"{sys.executable} {TOP}/tests/tui/slow.py {delay} " if delay else ""
        command = f"{line}{sys.executable} -m comet_tui; echo left with $?; sleep 600"
        self.run("new-session", "-d", "-x", str(columns), "-y", str(lines), command)

    def run(self, *words: str) -> str:
        """Let tmux do something."""
        return subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True, env=self._env).stdout

    def press(self, *keys: str) -> None:
        """Type."""
        self.run("send-keys", *keys)

    def write(self, text: str) -> None:
        """Type letters as they are."""
        self.run("send-keys", "-l", text)

    def until(self, words: str, seconds: float = 60.0) -> str:
        """Wait until `words` stand on the screen, and return it."""
        end = time.monotonic() + seconds
        while words not in (shown := self.run("capture-pane", "-p")):
            assert time.monotonic() < end, shown
            time.sleep(0.1)
        return shown

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.run("kill-server")
