"""Two tracks beside each other: drawn along each other, and heard from the same moment of the music."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from comet.core.model import Part
from comet_tui.player import Player
from comet_tui.screens.pair import PairScreen
from tests.tui import shots
from tests.tui.conftest import FLAC, Made
from tests.tui.looks import Clock, lines, said, seen, settled, text, until


@pytest.fixture
def laid(made: Made) -> Made:
    """Return a profile with one group: a track, and the same 12.5 s later, with something else in the middle."""
    one, other = shots.alike(0)
    made.pair(made.file(b"a.flac", 30_000_000, FLAC, words=one), made.file(b"b.mp3", words=other))
    parts = (Part(0.0, 12.5, 60.0), Part(66.0, 78.5, 119.0))
    made.verdicts[-1] = replace(made.verdicts[-1], offset=-101, overlap=1_450, parts=parts)
    made.correlated()
    for name in ("a.flac", "b.mp3"):
        (made.music / name).write_bytes(b"sound")
    return made


@pytest.fixture
def mpv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Put a player first on the path that plays nothing for ten minutes, and return what tells how it was called."""
    folder, told = tmp_path / "bin", tmp_path / "told"
    folder.mkdir()
    (folder / "mpv").write_text(f'#!/bin/sh\necho "$$ $*" >> {told}\nexec sleep 600\n', encoding="ascii")
    (folder / "mpv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return lambda: told.read_text(encoding="utf-8").splitlines() if told.exists() else []


async def opened(pilot: Pilot[None]) -> PairScreen:
    """Go to the two tracks of the first group."""
    await settled(pilot)
    await pilot.press("v")
    await until(pilot, lambda: isinstance(pilot.app.screen, PairScreen))
    await settled(pilot)
    assert isinstance(pilot.app.screen, PairScreen)
    return pilot.app.screen


def alive(line: str) -> bool:
    """Tell whether the player of a line lives."""
    try:
        os.kill(int(line.split(maxsplit=1)[0]), 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(("size", "strip"), [((80, 24), 76), ((60, 16), 56)])
async def test_two_tracks_are_drawn_along_each_other(laid: Made, size: tuple[int, int], strip: int) -> None:
    """Where only one has music there is its letter, where they differ a high block; below stands the time."""
    async with laid.app().run_test(size=size) as pilot:
        await opened(pilot)
        await seen(pilot, "they are the same recording", "over 2:59", "B starts 12.51 s earlier", "'1:00")
        drawn = next(line.strip() for line in lines(pilot.app) if line.startswith(" BBB"))
        assert len(drawn) == strip
        assert drawn.strip("AB▁▂▃▅") == ""
        assert drawn.rstrip("A").lstrip("B▁").startswith("A")  # the six seconds that B has not
        assert "▅▅▅" in drawn


async def test_both_are_heard_from_one_moment(laid: Made, mpv: Callable[[], list[str]]) -> None:
    """Space plays, Tab goes to the other track where the same music is, h and l move, and nothing plays on."""
    async with laid.app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        clock = Clock()
        screen._player = Player(clock)
        await pilot.press("space")
        await until(pilot, lambda: len(mpv()) == 1)
        await seen(pilot, "♪ A at 0:00 of 3:25")
        clock.now += 30
        await pilot.press("tab")
        await until(pilot, lambda: len(mpv()) == 2)
        await seen(pilot, "♪ B at 0:42 of 3:25")
        assert mpv()[1].endswith(f"--start=42.500 -- {laid.music}/b.mp3")
        await pilot.press("tab", "l")
        await until(pilot, lambda: len(mpv()) == 4)
        assert [line.split("--start=")[1].split()[0] for line in mpv()] == ["0.000", "42.500", "30.000", "40.000"]
        assert [alive(line) for line in mpv()] == [False, False, False, True]
        await pilot.press("space")
        await until(pilot, lambda: not alive(mpv()[-1]))
        await seen(pilot, "silent")
        await pilot.press("space", "escape")
        await until(pilot, lambda: len(mpv()) == 5 and not alive(mpv()[-1]))


async def test_a_player_that_is_killed_is_told(laid: Made, mpv: Callable[[], list[str]]) -> None:
    """What ended by itself, or was ended by somebody, is not called playing."""
    async with laid.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("space")
        await seen(pilot, "♪ A at")
        await until(pilot, lambda: len(mpv()) == 1)
        os.kill(int(mpv()[0].split()[0]), signal.SIGKILL)
        await seen(pilot, "silent")
        (laid.music / "a.flac").unlink()
        await pilot.press("space")
        await seen(pilot, "a.flac` is not there")
        assert len(mpv()) == 1


async def test_without_a_player_it_says_so(laid: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which programs would do is told, and nothing else is lost by it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    async with laid.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await seen(pilot, "silent: there is no mpv and no ffplay here")
        await pilot.press("space")
        await seen(pilot, "! nothing to play with: install one of `mpv`, `ffplay` on this machine")
        await pilot.press("tab", "l", "h")
        assert "nothing to play with" in said(pilot)


async def test_a_track_that_is_known_no_more_is_told(laid: Made) -> None:
    """A sentence and no picture; the keys do nothing."""
    async with laid.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        screen = PairScreen(pilot.app.session, "/no/such", "/nor/this")  # type: ignore[attr-defined]
        pilot.app.push_screen(screen)
        await seen(pilot, "`/no/such` is not known any more", "scan the collection again")
        await pilot.press("space", "tab", "l")
        assert "▁▁▁" not in text(pilot.app)


async def test_another_screen_is_silent(laid: Made, mpv: Callable[[], list[str]]) -> None:
    """Who goes elsewhere with a number is not followed by the music."""
    async with laid.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("space")
        await until(pilot, lambda: len(mpv()) == 1)
        await pilot.press("9")
        await until(pilot, lambda: not alive(mpv()[0]))
