"""The application on a real terminal: what it writes there, and what it leaves behind."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import mutagen
import pytest
from rich.segment import Segment
from textual.color import Color

from comet_tui.app import Guard
from tests.tui.conftest import Made, tag

TOP = Path(__file__).parents[2]
HOSTILE = (
    b"\x1b]52;c;aGFja2Vk\x07 clipboard.mp3",
    b"\x1b[2J\x1b[31m red.mp3",
    "\u202egpj.exe.mp3".encode(),
    b"[link=file:///etc]x[/link] [/nothing].mp3",
    b"two\nlines\r\tand a tab.mp3",
    "c1 \x9b31m.mp3".encode(),
    b"not utf-8 \xff\xfe.mp3",
)
"""Names that a terminal, a markup or an encoder would obey or stumble over."""

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

    def close(self) -> None:
        """End."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)

    def _read(self) -> None:
        if select.select([self.master], [], [], 0.1)[0]:
            try:
                self.written += os.read(self.master, 65536)
            except OSError:  # the other side is closed
                time.sleep(0.05)


class Tmux:
    """The application inside a tmux of its own."""

    def __init__(self, more: dict[str, str], columns: int = 80, lines: int = 24) -> None:
        self._tmux = ["tmux", "-L", f"comet-{uuid.uuid4().hex[:8]}", "-f", "/dev/null"]
        exported = {"COLUMNS": "80", "LINES": "24"}  # as some shells do
        self._env = {**os.environ, "PYTHONPATH": str(TOP), **exported, **more}
        command = f"{sys.executable} -m comet_tui; echo left with $?; sleep 600"
        self.run("new-session", "-d", "-x", str(columns), "-y", str(lines), command)

    def run(self, *words: str) -> str:
        """Let tmux do something."""
        return subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True, env=self._env).stdout

    def press(self, *keys: str) -> None:
        """Type."""
        self.run("send-keys", *keys)

    def until(self, words: str) -> str:
        """Wait until `words` stand on the screen, and return it."""
        end = time.monotonic() + 60
        while words not in (shown := self.run("capture-pane", "-p")):
            assert time.monotonic() < end, shown
            time.sleep(0.1)
        return shown

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.run("kill-server")


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Return what starts the application on a terminal of its own."""
    opened = []

    def start(*arguments: str, **more: str) -> Terminal:
        opened.append(Terminal(list(arguments), **more))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def test_hostile_names_never_reach_the_terminal(made: Made, terminal: Callable[..., Terminal]) -> None:
    """Names are written with everything visible that a terminal would obey; nothing of them arrives raw."""
    for number, name in enumerate(HOSTILE):
        made.file(b"copy/" + name, of=made.file(name, 10_000_000 - number))
    made.correlated()
    shown = terminal(columns=200)
    shown.until(b"not utf-8")
    shown.press(b"\tG\tG")
    for _group in HOSTILE:  # every group's tracks are painted at least once
        shown.press(b"Kj12893")
    shown.until(b"copy/\\x1b]52;c;aGFja2Vk\\x07 clipboard.mp3")
    shown.press(b"q")
    assert shown.wait() == 0
    written = shown.written
    for raw in (b"\x1b]52", b"\x1b[31m red", b"\x1b[2J", b"\x07 clip", "\u202e".encode(), "\x9b".encode(), b"\xff"):
        assert raw not in written
    assert "● keeper".encode() in written
    rest = OURS.sub(b"", written).decode()
    assert {each for each in rest if not each.isprintable()} <= {"\n", "\r"}


def test_the_last_guard_holds_where_a_widget_forgot(made: Made) -> None:
    """Whatever a widget draws raw is made visible before it is written; what Textual itself controls passes."""
    own = Segment("", control=[])
    segments = Guard().apply([Segment("a\x1b]52;c;\x07\u202e"), Segment("plain ─ текст"), own], Color(0, 0, 0))
    assert [segment.text for segment in segments] == ["a\\x1b]52;c;\\x07\\u202e", "plain ─ текст", ""]
    assert segments[1:] == [Segment("plain ─ текст"), own]


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "linux"}, {"TERM": "screen"}])
def test_without_colours_everything_is_still_there(
    collection: Made, terminal: Callable[..., Terminal], environment: dict[str, str]
) -> None:
    """With no or sixteen colours the cursor, the keeper and the doubt are words and signs; no other is asked for."""
    shown = terminal(**environment)
    shown.until("● keeper".encode())
    shown.press(b"q")
    assert shown.wait() == 0
    plain = OURS.sub(b"", shown.written).decode()
    assert all(word in plain for word in ("to check", "? check", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"))
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;", shown.written)
    coloured = re.search(rb"\x1b\[(?:[0-9]+;)*3[0-7](?:;[0-9]+)*m", shown.written)
    assert bool(coloured) == ("NO_COLOR" not in environment)


def test_a_lost_connection_ends_it_at_once(collection: Made, terminal: Callable[..., Terminal]) -> None:
    """SIGHUP leaves no process that goes on drawing to nobody."""
    shown = terminal()
    shown.until(b"keeper")
    shown.process.send_signal(signal.SIGHUP)
    assert shown.wait() == -signal.SIGHUP


def test_it_can_be_left_while_a_large_collection_is_read(collection: Made, terminal: Callable[..., Terminal]) -> None:
    """`q` does not wait for what is being read."""
    late = collection.music.parent / "sitecustomize.py"
    late.write_text(
        "import comet.collection.groups as groups, time\n"
        "groups.proposals = lambda collection: time.sleep(300)\n",
        encoding="ascii",
    )  # fmt: skip
    shown = terminal(PYTHONPATH=f"{late.parent}:{TOP}")
    shown.until(b"reading")
    shown.press(b"q")
    assert shown.wait() == 0


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40), (40, 12)])
def test_a_walk_in_tmux(collection: Made, columns: int, lines: int) -> None:
    """From the tracks to the next group, over the screens, through a resize and out, leaving a clean terminal."""
    with Tmux({}, columns, lines) as tmux:
        tmux.until("08 Roads.flac")
        tmux.press("J")
        tmux.until("beside")
        for key, words in (("1", "in use"), ("2", "What is known"), ("8", "0 files held"), ("9", "0 jobs")):
            tmux.press(key)
            tmux.until(words)
        tmux.run("resize-window", "-x", "60", "-y", "16")
        tmux.press("3")
        tmux.until("● keeper   30.0 MB")
        tmux.press("q")
        assert tmux.until("left with 0").strip() == "left with 0"


@pytest.mark.slow
def test_an_idle_screen_sends_nothing(collection: Made, terminal: Callable[..., Terminal]) -> None:
    """Where nothing moves not one byte goes over the network, on any screen, although each looks at jobs."""
    shown = terminal()
    shown.until(b"keeper")
    for key, words in ((b"1", b"in use"), (b"2", b"What is known"), (b"8", b"files held"), (b"9", b"none at work")):
        shown.press(key)
        shown.until(words)
        shown.rest(1.0)
        before = len(shown.written)
        shown.rest(1.2)  # two looks
        assert shown.written[before:] == b""


def test_hostile_tags_never_reach_the_terminal(
    made: Made, sounds: dict[str, Path], tmp_path: Path, terminal: Callable[..., Terminal]
) -> None:
    """Values and names of fields, also in the line in which they are typed, are shown with all that is to be seen."""
    serials = []
    for number, form in enumerate(("flac", "mp3")):
        path = tmp_path / f"a.{form}"
        shutil.copyfile(sounds[path.name], path)
        tag(path, {"title": f"\x1b]52;c;aGFja2Vk\x07\x9b31m\u202etitle {number}", "genre": "[link=x]\x1b[2J"})
        serials.append(made.track(path.name, path))
    made.pair(*serials)
    made.correlated()
    shown = terminal(columns=200)
    shown.until(b"1 conflict")
    shown.press(b"to")
    shown.rest(0.5)
    shown.press(b"e")
    shown.until(b"u001b]52")
    shown.press(b"\x1b")
    shown.rest(0.5)
    shown.press(b"lq")
    assert shown.wait() == 0
    for raw in (b"\x1b]52", b"\x1b[2J", b"\x07\x9b", "\u202e".encode(), "\x9b".encode()):
        assert raw not in shown.written
    rest = OURS.sub(b"", shown.written).decode()
    assert {each for each in rest if not each.isprintable()} <= {"\n", "\r"}


@pytest.mark.parametrize(("columns", "lines", "group"), [(80, 24, 6_000), (120, 40, 8_000)])
@pytest.mark.slow
def test_a_step_is_few_bytes(
    tagged: Made, terminal: Callable[..., Terminal], columns: int, lines: int, group: int
) -> None:
    """Over a slow line the cursor moves with hundreds of bytes, and the next group with its tags comes with some kB."""
    shown = terminal(columns=columns, lines=lines)
    shown.until(b"2 conflicts")
    shown.rest(1.5)

    def written(key: bytes) -> int:
        before = len(shown.written)
        shown.press(key)
        shown.rest(1.5)
        return len(shown.written) - before

    assert 0 < written(b"j") <= 700
    assert 0 < written(b"J") <= group
    written(b"t")
    assert 0 < written(b"j") <= 700


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
@pytest.mark.slow
def test_all_fields_are_edited_in_the_editor(real: Made, tmp_path: Path) -> None:
    """E leaves the screen for an editor; what it saves is shown, wrong lines are told and kept, and Enter writes."""
    editor = tmp_path / "editor"
    editor.write_text(
        "#!/bin/sh\necho editing\nsleep 1\n"
        f"if [ -e {tmp_path}/again ]; then grep -v wrong $1 > {tmp_path}/new; echo 'mood: calm' >> {tmp_path}/new; "
        f"cat {tmp_path}/new > $1; else echo wrong >> $1; touch {tmp_path}/again; fi\n",
        encoding="ascii",
    )
    editor.chmod(0o755)
    before = real.there()
    with Tmux({"EDITOR": os.fspath(editor)}) as tmux:
        tmux.until("Tags after the merge")
        tmux.press("t", "E")
        tmux.until("editing")
        tmux.until("`wrong` is no `field: value`; E opens it again")
        tmux.press("E")
        tmux.until("1 field changed: mood; nothing is written before Enter")
        assert real.there() == before
        time.sleep(0.5)
        tmux.press("Enter")
        tmux.until("moved to quarantine")
        assert mutagen.File(real.music / "flac/a.flac")["mood"] == ["calm"]
        tmux.press("q")
        tmux.until("left with 0")
