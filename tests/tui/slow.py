"""A program behind a slow line, `slow.py MILLISECONDS PROGRAM ...`: there and back takes that long."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import sys
import termios
import time
import tty
from collections import deque


class Way:
    """Bytes on their way to a file descriptor."""

    def __init__(self, to: int, seconds: float) -> None:
        self._to = to
        self._seconds = seconds
        self._waiting: deque[tuple[float, bytes]] = deque()

    def take(self, given: bytes) -> None:
        """Take bytes, which arrive later."""
        self._waiting.append((time.monotonic() + self._seconds, given))

    def arrive(self) -> float:
        """Let what is due arrive, and return the seconds until the next is."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            given = self._waiting.popleft()[1]
            while given:
                given = given[os.write(self._to, given) :]
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else 1.0


def main(milliseconds: str, *words: str) -> int:
    """Run a program on a terminal of its own, and return its exit code."""
    child, inside = pty.fork()
    if not child:
        os.execvp(words[0], words)  # noqa: S606 - the program that was named
    window(inside)
    signal.signal(signal.SIGWINCH, lambda *_ignored: window(inside))
    before = termios.tcgetattr(0)
    tty.setraw(0)
    up, down = (Way(to, float(milliseconds) / 2000) for to in (inside, 1))
    try:
        while True:
            ready = select.select([0, inside], [], [], min(up.arrive(), down.arrive()))[0]
            if 0 in ready:
                up.take(os.read(0, 4096))
            if inside in ready:
                down.take(os.read(inside, 65536))
    except OSError:  # it has ended
        while (left := down.arrive()) < 1.0:
            time.sleep(left)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def window(inside: int) -> None:
    """Let the program's window be as large as that outside."""
    fcntl.ioctl(inside, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
