"""Playing two tracks from the same musical moment, with whatever player there is."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

PLAYERS: Final[dict[str, Callable[[str, float], list[str]]]] = {
    "mpv": lambda path, start: ["--no-config", "--no-video", "--no-terminal", f"--start={start:.3f}", "--", path],
    "ffplay": lambda path, start: ["-nodisp", "-autoexit", "-loglevel", "quiet", "-ss", f"{start:.3f}", "-i", path],
}
"""Programs that can play, the best first: what they are told for a file and the second in it to begin at."""
_QUIT: Final = 1.0
"""Seconds in which a player that was asked to end does, or it is killed."""


class Player:
    """Plays one file at a time; what plays ends with a new one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.program = next((name for name in PLAYERS if shutil.which(name)), "")
        """Its name, empty where there is none."""
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._from = 0.0

    @property
    def plays(self) -> bool:
        """Something is to be heard."""
        return self._process is not None and self._process.poll() is None

    @property
    def at(self) -> float:
        """Seconds from the beginning of the file to what is heard now, or was heard last."""
        return self._from + (self._clock() - self._began if self.plays else 0.0)

    def play(self, path: str, start: float) -> None:
        """Play a file from a second on.

        Raises:
            OSError: the player cannot be started.
        """
        self.stop()
        words: Sequence[str] = [self.program, *PLAYERS[self.program](path, max(0.0, start))]
        nowhere = subprocess.DEVNULL  # it must neither read keys nor draw on the screen
        self._process = subprocess.Popen(words, stdin=nowhere, stdout=nowhere, stderr=nowhere)
        self._from, self._began = max(0.0, start), self._clock()

    def stop(self) -> float:
        """Be silent, and return the second in the file that was heard last."""
        at, self._from = self.at, self.at
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_QUIT)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            self._process = None
        return at
