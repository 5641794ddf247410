"""The application on a real terminal: what it writes there, and what it leaves behind."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import mutagen
import pytest
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from comet import jobs
from comet.core.errors import CometError
from comet.core.job import Progress
from comet.core.model import Problem, Stage
from comet_tui.app import CometApp, Guard
from tests.tui.conftest import Made, tag
from tests.tui.looks import lines, settled, text
from tests.tui.ptys import OURS, TOP, Terminal, Tmux

HOSTILE = (
    b"\x1b]52;c;aGFja2Vk\x07 clipboard.mp3",
    b"\x1b[2J\x1b[31m red.mp3",
    "\u202egpj.exe.mp3".encode(),
    b"[link=file:///etc]x[/link] [/nothing].mp3",
    b"two\nlines\r\tand a tab.mp3",
    "c1 \x9b31m.mp3".encode(),
    b"not utf-8 \xff\xfe.mp3",
    b"A\x1b]0;PWNED\x07B.mp3",
    b"over\rwritten \x08\x08\x7f.mp3",
    b"[@click=app.quit]X[/] [bold.mp3",
    "\u2066isolated\u2069 \u200b\ufeff.mp3".encode(),
    ("e" + "\u0301" * 60 + ".mp3").encode(),
)
"""Names that a terminal, a markup or an encoder would obey or stumble over."""


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


class Unguarded(CometApp):
    """The application without the last look at what is painted: each widget has to make it safe itself."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what is there without the guard."""
        return [each for each in super().get_line_filters() if not isinstance(each, Guard)]


@pytest.mark.slow
async def test_no_screen_needs_the_guard(made: Made, sounds: dict[str, Path]) -> None:
    """Hostile names, tags, values, commands, errors and logs are made safe in every list and on every page."""
    for number, name in enumerate(HOSTILE):
        made.file(b"copy/" + name, of=made.file(name, 10_000_000 - number))
    evil = "".join(os.fsdecode(name) for name in HOSTILE)
    title = evil.encode("utf-8", "replace").decode("utf-8").replace("\r", "")
    one, other = (made.track(f"{evil[:40].replace('/', '')}.{form}", sounds[f"a.{form}"]) for form in ("flac", "mp3"))
    for form in ("flac", "mp3"):
        tag(made.music / f"{evil[:40].replace('/', '')}.{form}", {"title": f"{title} {form}", "genre": "\x1b[2J[/x]"})
    made.pair(one, other)
    made.correlated()
    made.profile("after_apply = echo \x1b[31m\u202e\n\n[evil\x1b[2J\u202e]\nroots = /no\x1b]0;x\x07\nkey\x9b = \x1b\n")
    error = CometError(evil)
    with suppress(CometError), jobs.recorded(made.home.profile("music"), f"scan {evil}") as record:
        record.report(Progress(Stage.SCAN, evil, 3, 8, evil))
        record.report(Problem(Stage.SCAN, HOSTILE[0], evil))
        Path(record.folder, "log").write_bytes(b"\n".join(HOSTILE))  # noqa: ASYNC240 - a small file
        raise error
    app = Unguarded(made.session(), itertools.count(step=1.0).__next__)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for keys in ("1", "1j", "2", "3", "3G", "3t", "3te", "3v", "3?", "3F", "5", "6", "8", "9", ("9", "enter")):
            await pilot.press(*keys)
            await settled(pilot)
            raw = {each for each in "".join(lines(app)) if not each.isprintable()}
            assert not raw, (keys, raw, text(app))
            while len(app.screen_stack) > 1:
                app.pop_screen()
            await pilot.press("escape", "escape")


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
@pytest.mark.parametrize(
    ("columns", "lines"), [(80, 24), *(pytest.param(*size, marks=pytest.mark.slow) for size in ((120, 40), (40, 12)))]
)
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
