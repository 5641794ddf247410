"""The application as a whole: what holds on every screen."""

from __future__ import annotations

import os
import random
import string
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.keys import _character_to_key
from textual.pilot import Pilot

from comet import changes, jobs
from comet.collection import decisions, groups, history, merging
from comet.core.errors import UsageError
from comet.core.job import Job
from comet_tui.found import Found
from comet_tui.session import Session
from tests.tui.conftest import Made
from tests.tui.looks import SPARED, lines, seen, settled, text, until

SCREENS = ("1", "2", "3", "4", "5", "6", "7", "8", "9")


def test_the_application_starts_without_what_only_answers_need() -> None:
    """Importing it loads no array library, compiler or decoder."""
    code = "import sys, comet_tui.app; print(sorted({'numpy', 'numba', 'av', 'PIL', 'mutagen'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "size", [(1, 1), *(pytest.param(size, marks=pytest.mark.slow) for size in ((5, 2), (30, 5), (300, 100)))]
)
async def test_any_window_is_survived(collection: Made, size: tuple[int, int]) -> None:
    """No size of the window ends the application, on any screen."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key in (*SCREENS, "question_mark"):
            await pilot.press(key)
            await settled(pilot)
            await pilot.resize_terminal(*size)
            await pilot.pause()
            await pilot.resize_terminal(80, 24)
            await pilot.pause()
        await until(pilot, lambda: "Keys" in lines(pilot.app)[0])


def test_folders_that_were_looked_at_without_set_up_are_shown(made: Made) -> None:
    """With no profile the one that has no name is opened, if there is something of it."""
    made.no_profile(made.music)
    session = made.session()
    assert session.choose().name == "-"
    assert session.choose().roots == (str(made.music),)
    assert session.command("scan") == "comet scan"


def test_the_profile_without_a_name_needs_folders(made: Made) -> None:
    """Asking for it by name before any folder was looked at says how to look at one."""
    with pytest.raises(UsageError, match="no folder was looked at yet"):
        Session(made.home, "-").choose()


async def test_a_broken_setting_is_told_with_its_line(made: Made) -> None:
    """What is wrong in profiles.ini is a sentence on the screen, and `r` sees that it was mended."""
    made.profile("judge.false_pairs = many\n")
    async with made.app().run_test() as pilot:
        await settled(pilot)
        await seen(pilot, "judge.false_pairs")
        assert "Traceback" not in text(pilot.app)
        made.profile()
        await pilot.press("r")
        await seen(pilot, "Comet · music ▸ 1 Profiles")
        await settled(pilot)
        assert "must be" not in text(pilot.app)
        await pilot.press("3")
        await seen(pilot, "nothing is known of profile `music` yet")


async def test_a_bug_is_told_in_a_sentence(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected ends the application with an exit code, and is not swallowed."""

    def bug(_self: Session) -> Found:
        raise ValueError("\x1b]52;c;aGk=\x07")

    monkeypatch.setattr(Session, "review", bug)
    app = made.app()
    with pytest.raises(Exception, match="52"):
        async with app.run_test() as pilot:
            await settled(pilot)
    assert app.return_code == 1


@pytest.mark.parametrize("size", SPARED)
async def test_every_number_is_a_screen(collection: Made, size: tuple[int, int]) -> None:
    """Each says where one is, and every one keeps its place."""
    names = ("Profiles", "Scan", "Review", "Covers", "Threshold", "Memory", "Backup", "Quarantine", "Jobs")
    async with collection.app().run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("J")
        await seen(pilot, "Слеза.flac · 3 tracks")
        for key, name in zip(SCREENS, names, strict=True):
            await pilot.press(key)
            await seen(pilot, f"Comet · music ▸ {key} {name}")
        await pilot.press("3")
        await seen(pilot, "Слеза.flac · 3 tracks")


NAMED = ["up", "down", "left", "right", "pageup", "pagedown", "home", "end", "tab", "shift+tab", "escape", "backspace"]
NAMED += ["delete", "insert", "space", "f1", "f2", "f5", "ctrl+c", "ctrl+d", "ctrl+f", "ctrl+b", "ctrl+j", "ctrl+h"]
NAMED += ["ctrl+k", "ctrl+u", "ctrl+w", "ctrl+x", "ctrl+p", "ctrl+left_square_bracket", "shift+down", "alt+up"]
LETTERS = sorted(
    {*string.printable.strip(), *"цукенгшщзфывапролдячсмитьЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ"} - {*"qQйЙ123456789"}
)


async def burst(pilot: Pilot[None], keys: list[str]) -> None:
    """Send keys as a terminal does that has gone mad: without waiting for what each of them does."""
    driver = pilot.app._driver
    assert driver is not None
    for number, key in enumerate(keys):
        event = events.Key(key if len(key) > 1 else _character_to_key(key), key if len(key) == 1 else None)
        event.set_sender(pilot.app)
        driver.send_message(event)
        if number % 50 == 0:
            await pilot.pause()


REPLIES = [
    "\x1b[6;20;10t", "\x1b[4;480;800t", "\x1b[?62;1;2;4c", "\x1b[>41;354;0c", "\x1b[12;40R", "\x1b[?2026;2$y",
    "\x1b[?2048;0$y", "\x1b]11;rgb:0000/0000/0000\x1b\\", "\x1bP1$r0m\x1b\\", "\x1bP>|xterm(370)\x1b\\",
    "\x1b[I", "\x1b[O", "\x1b[<0;10;5M", "\x1b[<0;10;5m", "\x1b[<64;10;5M", "\x1b[?1u", "\x1b_Gi=31;OK\x1b\\",
    "\x1b[200~rm -rf /\x1b[201~", "\x1b[200~u\x1b[2J\x1b[201~", "\x1b[M !!", "\x1b[1;2", "\x1b[", "\x1bO",
    "\x1b[8;24;80t", "\x1b[97;5u", "\x1b[27;2;65~", "\xff", "\x00",
]  # fmt: skip
"""What terminals answer, whether somebody asked or not: sizes, what they are, where the cursor is, colours, the mouse,
what was pasted, and beginnings of these."""
INNER = {key: ("3", key) for key in "ctvFR"} | {"?": ("3", "question_mark")}
"""What is pressed for the screens behind the numbers."""


@asynccontextmanager
async def harmless(real: Made) -> AsyncIterator[Pilot[None]]:
    """Open the application where one group is held already, and see at its end that nothing was removed or begun."""
    with real._opened() as opened:
        found = groups.proposals(opened)
        changes.apply(opened, changes.plan(opened, merging.each(opened, found[:1])), Job())
    there, held = real.there(), real.held()
    async with real.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        yield pilot
    with real._opened() as opened:
        assert [run.kind for run in history.runs(opened) if run.kind != "undo"] == ["apply"]
    after = real.there()
    assert there.items() <= after.items()
    assert sorted([*after.values(), *real.held().values()]) == sorted([*there.values(), *held.values()])
    assert jobs.listed(real.home.profile("music")) == []


async def arrive(pilot: Pilot[None], screen: str) -> None:
    """Go to a screen, from wherever the keys have led."""
    while len(pilot.app.screen_stack) > 1:
        pilot.app.pop_screen()
    await pilot.press("escape", "escape", *INNER.get(screen, (screen,)))
    await settled(pilot)


@pytest.mark.parametrize("thousands", [1, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(3_600)])])
@pytest.mark.parametrize("screen", ["3", *(pytest.param(each, marks=pytest.mark.slow) for each in "12456789ctvFR?")])
async def test_keys_without_enter_remove_nothing(real: Made, screen: str, thousands: int) -> None:
    """Whatever arrives on a screen, only Enter confirms: no file goes, none is purged, and no job is started."""
    draw = random.Random(ord(screen))  # noqa: S311 - for chance, not for secrets
    profiles = Path(real.home.profiles_ini).read_bytes()  # noqa: ASYNC240 - a small file
    async with harmless(real) as pilot:
        for _thousand in range(thousands):
            await arrive(pilot, screen)
            await burst(pilot, draw.choices([*LETTERS, *NAMED], k=1_000))
            await settled(pilot)
            with real._opened() as opened:  # else all groups are soon decided, and no key could do any harm
                for decision in decisions.listed(opened):
                    decisions.forget(opened, decision.id)
            Path(real.home.profiles_ini).write_bytes(profiles)  # noqa: ASYNC240 - likewise; w on 5 may have changed it


@pytest.mark.slow
@pytest.mark.parametrize("screen", [*"123456789ctvFR?"])
async def test_answers_of_terminals_remove_nothing(real: Made, screen: str) -> None:
    """What terminals answer late or unasked, in any order and cut anywhere, is no key that does anything there."""
    draw = random.Random(ord(screen))  # noqa: S311 - for chance, not for secrets
    async with harmless(real) as pilot:
        driver = pilot.app._driver
        assert driver is not None
        for _round in range(6):
            await arrive(pilot, screen)
            parser = XTermParser()
            for reply in draw.choices(REPLIES, k=30):
                for event in parser.feed(reply[: draw.choice((None, None, None, max(1, len(reply) // 2)))]):
                    event.set_sender(pilot.app)
                    driver.send_message(event)
            await settled(pilot)
        assert pilot.app.is_running


@pytest.mark.parametrize("words", [["--profile", "no such"], ["--profiles", "/no/such.ini"], ["--set", "no.such=1"]])
def test_what_was_typed_wrong_is_refused_before_the_screen_is_taken(made: Made, words: list[str]) -> None:
    """It ends with 2 and a sentence; without a terminal too."""
    run = subprocess.run(
        [sys.executable, "-m", "comet_tui", *words], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert run.stdout == ""


async def test_ctrl_c_ends_nothing(collection: Made) -> None:
    """It shows the keys, among them the one that leaves."""
    async with collection.app().run_test() as pilot:
        await settled(pilot)
        await pilot.press("ctrl+c", "ctrl+c")
        await until(pilot, lambda: "Keys" in lines(pilot.app)[0])
        assert pilot.app.is_running
