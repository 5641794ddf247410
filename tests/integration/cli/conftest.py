"""Somebody who types: real processes, real music, a home of their own."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from comet.cli.main import main
from tests.factories import tune, write

TOP = Path(__file__).parents[3]
_SECONDS = 120.0


@dataclass
class Shell:
    """Somebody who types `comet ...`: in this process, which takes a tenth of the time, or outside of it."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """What the commands see."""
        mine = ("NO_COLOR", "TERM", "COLUMNS", "COMET_JOB", "COMET_DEBUG")
        keep = {key: text for key, text in os.environ.items() if key not in mine}
        own = {"COMET_HOME": str(self.home), "LANGUAGE": "C", "PYTHONPATH": str(TOP)}
        return {**keep, **own, **self.environment}

    def __call__(self, *words: object, feed: str | bytes = b"", code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run `comet` here, without a terminal, and expect an exit code."""
        fed = feed if isinstance(feed, bytes) else feed.encode()
        command = [os.fsdecode(word) if isinstance(word, bytes) else str(word) for word in words]
        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _stream in range(2))
        with pytest.MonkeyPatch.context() as patched, redirect_stdout(stdout), redirect_stderr(stderr):
            for name in os.environ.keys() - self.env.keys():
                patched.delenv(name)
            for name, text in self.env.items():
                patched.setenv(name, text)
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(fed), "utf-8"))
            ended = main(command)
        said, told = (stream.buffer.getvalue().decode() for stream in (stdout, stderr))  # type: ignore[attr-defined]
        assert "this is a bug" not in told
        assert ended == code, told
        return subprocess.CompletedProcess(command, ended, said, told)

    def outside(self, *words: object, feed: str | bytes = b"", code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run `comet` as a process of its own, without a terminal, and expect an exit code."""
        command = [sys.executable, "-m", "comet", *(w if isinstance(w, bytes) else str(w) for w in words)]
        fed = feed if isinstance(feed, bytes) else feed.encode()
        ran = subprocess.run(command, env=self.env, input=fed, capture_output=True, timeout=_SECONDS, check=False)
        done = subprocess.CompletedProcess(
            command, ran.returncode, ran.stdout.decode("utf-8", "backslashreplace"), ran.stderr.decode(errors="replace")
        )
        assert "Traceback" not in done.stderr
        assert done.returncode == code, done.stderr
        return done

    def lines(self, *words: object, code: int = 0) -> list[Any]:
        """Run `comet ... --json` and return the values of its lines."""
        text = self(*words, "--json", code=code).stdout
        assert text.isascii()
        return [json.loads(line) for line in text.splitlines()]

    def typed(self, *words: object, columns: int = 80) -> Terminal:
        """Run `comet` on a terminal."""
        return Terminal([sys.executable, "-m", "comet", *map(str, words)], {"TERM": "xterm", **self.env}, columns)


class Terminal:
    """A process on a pseudo-terminal."""

    def __init__(self, command: list[str], env: dict[str, str], columns: int) -> None:
        self.text = b""
        self.pid, self._handle = pty.fork()
        if not self.pid:
            os.execvpe(command[0], command, env)  # noqa: S606 - our own program
        fcntl.ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def wait(self, text: str) -> None:
        """Wait until a text was shown that has not been waited for yet."""
        until = time.monotonic() + _SECONDS
        while text.encode() not in self.text:
            assert time.monotonic() < until, self.text.decode(errors="replace")
            assert self._read(), self.text.decode(errors="replace")
        self.text = self.text.partition(text.encode())[2]

    def type(self, text: str) -> None:
        """Type keys."""
        os.write(self._handle, text.encode())

    def end(self) -> tuple[int, str]:
        """Wait for the end and return exit code and what was shown last."""
        while self._read():
            pass
        os.close(self._handle)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), self.text.decode(errors="replace")

    def hang_up(self) -> int:
        """Close the terminal, as a lost connection does, and return the exit code."""
        os.close(self._handle)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bool:
        if not select.select([self._handle], [], [], _SECONDS)[0]:
            return False
        try:
            found = os.read(self._handle, 65536)
        except OSError:  # Linux says so when the last process has left the terminal
            return False
        self.text += found
        return bool(found)


@pytest.fixture
def comet(tmp_path: Path) -> Shell:
    """Return a user who has nothing set up."""
    return Shell(tmp_path / "home")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one tune twice, another one, and two files that cannot be used."""
    folder = tmp_path_factory.mktemp("library")
    write(folder / "one.flac", tune(1, 20))
    write(folder / "Один.mp3", tune(1, 20))
    write(os.fsencode(folder) + b"/caf\xe9.mp3", tune(2, 20), "mp3")
    (folder / "empty.mp3").touch()
    (folder / "broken.flac").write_bytes(b"fLaC" + bytes(5000))
    return folder


@pytest.fixture
def music(library: Path, tmp_path: Path) -> Path:
    """Return a copy of the library that a test may change."""
    return Path(shutil.copytree(library, tmp_path / "music"))


@pytest.fixture
def full(comet: Shell, music: Path) -> Shell:
    """Return a user who has set up a profile and looked for duplicates."""
    comet("setup", "--profile", "p", "--root", music, "--yes", "--no-compile")
    comet("-f", "--profile", "p")
    return comet


EVIL = "evil \x1b[2J\n\u202e.ogg"
"""A name that would clear the terminal, break a line and turn the rest round."""


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `songs` and the `home` of a user who has looked for duplicates in them."""
    tmp = tmp_path_factory.mktemp("rehearsed")
    songs = tmp / "songs"
    songs.mkdir()
    write(songs / "one.flac", tune(1, 20))
    write(songs / "Один.mp3", tune(1, 20))
    write(songs / "two.mp3", tune(2, 20))
    shutil.copy(songs / "two.mp3", songs / "two copy.mp3")
    write(songs / "three.flac", tune(3, 20))
    write(songs / EVIL, tune(3, 20))
    write(songs / "alone.flac", tune(4, 20))
    (songs / "list.m3u").write_text("Один.mp3\n", encoding="utf-8")
    user = Shell(tmp / "home")
    user("setup", "--profile", "p", "--root", songs, "--yes", "--no-compile")
    (ini,) = user.home.rglob("profiles.ini")
    ini.write_text(ini.read_text() + "scan.workers = 1\n")
    user("-f")
    return tmp


@pytest.fixture
def songs(rehearsed: Path, tmp_path: Path) -> Path:
    """Return a copy of the songs that a test may change."""
    return Path(shutil.copytree(rehearsed / "songs", tmp_path / "songs"))


@pytest.fixture
def user(rehearsed: Path, songs: Path, tmp_path: Path) -> Shell:
    """Return that user with the copy, scanned where it is now."""
    found = Shell(tmp_path / "home")
    shutil.copytree(rehearsed / "home", found.home)
    (ini,) = found.home.rglob("profiles.ini")
    ini.write_text(ini.read_text().replace(str(rehearsed / "songs"), str(songs)))
    found("scan")
    return found
