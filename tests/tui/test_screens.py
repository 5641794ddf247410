"""The screens, used as a person uses them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from comet.core.errors import DatabaseError, UsageError
from comet_tui.app import CometApp
from comet_tui.screens.groups import GroupsScreen
from comet_tui.screens.state import StateScreen
from comet_tui.session import Found, Session
from comet_tui.widgets.lines import Bar, Heading
from comet_tui.widgets.page import Page
from comet_tui.widgets.rows import Rows
from tests.tui.conftest import Made
from tests.tui.looks import SIZES, lines, seen, settled, text, until


def test_the_application_starts_without_what_only_answers_need() -> None:
    """Importing it loads no array library, compiler or decoder."""
    code = "import sys, comet_tui.app; print(sorted({'numpy', 'numba', 'av', 'PIL', 'mutagen'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("size", SIZES)
async def test_groups_stand_with_the_largest_saving_first(collection: Made, size: tuple[int, int]) -> None:
    """Each row tells saving, number of tracks, doubt as a word, and the keeper's name."""
    async with collection.app().run_test(size=size) as pilot:
        await settled(pilot)
        await seen(pilot, "31.1 MB", "08 Roads.flac", "Слеза.flac")
        rows = [" ".join(each.split("│")[0].split()) for each in lines(pilot.app)]
        assert rows[2].startswith("› 17.1 MB 3 x to check 08 Roads.flac")  # noqa: RUF001 - the cursor
        assert rows[3].startswith("14.0 MB 3 x Слеза.flac")
        assert rows[1].startswith("─ 2 groups · saving 31.1 MB ─")


@pytest.mark.parametrize("size", SIZES)
async def test_enter_opens_a_group_and_leads_back(collection: Made, size: tuple[int, int]) -> None:
    """Enter goes into the tracks, Enter or Esc back; the tracks are all there at every size."""
    async with collection.app().run_test(size=size) as pilot:
        await settled(pilot)
        for back in ("enter", "escape"):
            await pilot.press("enter")
            await until(pilot, lambda: pilot.app.focused is pilot.app.screen.query_one("#tracks"))
            await seen(pilot, "● keeper", "○ same", "○ check", "36.1 MB", "08 Roads.flac", "the proposed keeper")
            await pilot.pause()
            assert "/music/Albums/Dummy/08 Roads.flac" in "".join(
                line.split("│")[-1].strip() for line in lines(pilot.app)
            )
            await pilot.press(back)
            await until(pilot, lambda: pilot.app.focused is pilot.app.screen.query_one("#groups"))


async def test_tracks_tell_what_they_are(collection: Made) -> None:
    """A track's row has its size, length, bitrate and codec, and below stands how it compares with the keeper."""
    async with collection.app().run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await seen(pilot, "● keeper")
        row = next(line for line in lines(pilot.app) if "● keeper" in line)
        assert all(word in row for word in ("36.1 MB", "3:25", "900 kbps", "flac", "Albums/Dummy/08 Roads.flac"))
        await pilot.press("enter", "j", "j")
        await seen(pilot, "same, to check 91.0 %, compared with the keeper")


async def test_what_is_left_over_stands_beside_the_group(collection: Made) -> None:
    """A track that is the same as one member only is shown with its relation, and not counted as a track."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("j", "enter", "G")
        await seen(pilot, "3 tracks", "›beside", "Radio/teardrop (extra).mp3")  # noqa: RUF001 - the cursor
        await seen(pilot, "same, to check 90.0 % as `teardrop (radio).mp3`")


async def test_the_tracks_follow_the_cursor_however_fast(collection: Made) -> None:
    """Keys that come in one burst see the group that they ask for, from the longer list of tracks to the shorter."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        rows = pilot.app.screen.query_one("#groups", Rows)
        tracks = pilot.app.screen.query_one("#tracks", Rows)
        rows.move_to(1)
        assert isinstance(pilot.app.screen, GroupsScreen)
        pilot.app.screen.action_open()
        assert pilot.app.focused is tracks
        tracks.move_to(3)
        await pilot.pause()
        assert tracks.cursor == 3
        rows.move_to(0)
        tracks.refresh()
        await until(pilot, lambda: tracks.count == 3)


async def test_one_list_has_the_screen_where_two_have_no_room(collection: Made) -> None:
    """At 40x12 groups or tracks are shown; a window that grows shows both again."""
    async with collection.app().run_test(size=(40, 12)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "● keeper" not in text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: "● keeper" in text(pilot.app) and "to check 08" not in text(pilot.app))
        await pilot.resize_terminal(120, 40)
        await seen(pilot, "● keeper", "to check 08")


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (30, 5), (300, 100)])
async def test_any_window_is_survived(collection: Made, size: tuple[int, int]) -> None:
    """No size of the window ends the application, on any screen."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for keys in (["enter"], ["2"], ["question_mark"]):
            await pilot.press(*keys)
            await settled(pilot)
            await pilot.resize_terminal(*size)
            await pilot.pause()
            await pilot.resize_terminal(80, 24)
            await pilot.pause()
        await until(pilot, lambda: "Keys" in lines(pilot.app)[0])


@pytest.mark.parametrize("size", SIZES)
async def test_the_state_tells_what_is_known(collection: Made, size: tuple[int, int]) -> None:
    """Folders, files by format, problems, pairs, groups, saving and the next step are all there."""
    async with collection.app().run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("2")
        await seen(pilot, "Folders")
        shown = text(pilot.app)
        await pilot.press("G")
        page = pilot.app.screen.query_one(Page)
        await until(pilot, lambda: page.scroll_offset.y == page.max_scroll_y)
        await pilot.pause()
        words = " ".join((shown + text(pilot.app)).split())
        assert "flac 3" in words
        assert "mp3 5" in words
        assert "problems 0" in words
        assert "saving 31.1 MB" in words
        assert "21 of 21, 100.0 %" in words


async def test_pairs_that_are_missing_are_the_next_step(collection: Made) -> None:
    """With a new track not everything is compared: never 100 %, and the command stands there."""
    collection.file(b"new.mp3")
    async with collection.app().run_test() as pilot:
        await settled(pilot)
        await pilot.press("2")
        await seen(pilot, "21 of 28, 75.0 %", "run `comet correlate`")


async def test_nothing_scanned_says_what_to_run(made: Made) -> None:
    """The first screen of a new profile names the command, and `r` finds what it brought."""
    async with made.app().run_test() as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, StateScreen))
        await settled(pilot)
        await seen(pilot, "nothing is known of profile `music` yet", "hint: run `comet scan` first")
        made.file(b"a.mp3", of=made.file(b"b.mp3"))
        await pilot.press("r")
        await seen(pilot, "Folders")
        await pilot.press("1")
        await seen(pilot, "1 group · saving 10.0 MB")


async def test_no_profile_says_what_to_run(made: Made) -> None:
    """Whoever starts without any set-up reads both ways to begin."""
    made.no_profile()
    async with made.app().run_test() as pilot:
        await settled(pilot)
        await seen(pilot, "there is no profile yet", "`comet setup`", "`comet -f DIR`")


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
        await settled(pilot)
        await seen(pilot, "nothing is known of profile `music` yet")


@pytest.mark.parametrize("size", SIZES)
async def test_pairs_that_are_not_judged_are_told_beside_the_groups(made: Made, size: tuple[int, int]) -> None:
    """Where a relation is not known yet a group may be missing: both screens say how many, and what to run."""
    serials = [made.file(b"%d.mp3" % number) for number in range(4)]
    made.pair(serials[0], serials[1])
    made.pair(serials[2], serials[3])
    made.pair(serials[1], serials[2])
    made.correlated(judged=1)
    typed = "judge.false_pairs=0.1"

    def told() -> bool:
        words = " ".join(text(pilot.app).split())
        return f"2 pairs are not judged yet: run `comet groups --set {typed}`" in words

    async with CometApp(Session(made.home, typed=[typed])).run_test(size=size) as pilot:
        await until(pilot, told)
        await seen(pilot, "1 group ·")
        await pilot.press("2")
        await seen(pilot, "press 1 to walk through the groups")
        await until(pilot, told)


async def test_nothing_is_unique_before_it_is_judged(made: Made) -> None:
    """Without any verdict there is no group, and neither screen tells that as if nothing were duplicated."""
    made.pair(made.file(b"a.mp3"), made.file(b"b.mp3"))
    made.correlated(judged=0)
    async with made.app().run_test() as pilot:
        await seen(pilot, "1 pair is not judged yet: run `comet groups`")
        assert "nothing is" not in text(pilot.app)
        await pilot.press("2")
        await seen(pilot, "1 of 1, 100.0 %", "1 pair is not judged yet: run `comet groups`")
        assert "nothing is" not in text(pilot.app)
        made.judge()
        await pilot.press("r")
        await seen(pilot, "press 1 to walk through the groups")
        assert "not judged" not in text(pilot.app)
        await pilot.press("1")
        await seen(pilot, "1 group ·")
        assert "not judged" not in text(pilot.app)


async def test_no_group_is_said_in_words(made: Made) -> None:
    """An empty list is a sentence that leads on."""
    made.file(b"alone.mp3")
    made.correlated()
    async with made.app().run_test() as pilot:
        await settled(pilot)
        await seen(pilot, "nothing is known to be duplicated")
        await pilot.press("enter", "j", "G", "escape")
        assert not pilot.app.screen.has_class("-open")


async def test_reading_again_keeps_the_cursor_on_its_group(collection: Made) -> None:
    """After `r` the cursor is on the group where it was, although a larger one came before it."""
    async with collection.app().run_test() as pilot:
        await settled(pilot)
        await pilot.press("j")
        collection.file(b"new.flac", 90_000_000, of=collection.file(b"new (1).flac", 80_000_000))
        await pilot.press("r")
        await settled(pilot)
        assert pilot.app.screen.query_one("#groups", Rows).count == 3
        await seen(pilot, "› 14.0 MB")  # noqa: RUF001 - the cursor
        assert "Слеза" in pilot.app.screen.query_one("#title", Heading).words


async def test_while_reading_a_word_says_so_and_keys_work(made: Made) -> None:
    """Reading stands in the title until it ends, and the application can be left meanwhile."""
    gate = threading.Event()

    class Slow(Session):
        def groups(self) -> Found:
            gate.wait(60)
            return Found([], {})

    app = CometApp(Slow(made.home))
    async with app.run_test() as pilot:
        await until(pilot, lambda: lines(app)[0].endswith("reading …"))
        assert app.screen.query_one(Bar).busy
        await pilot.press("question_mark")
        await until(pilot, lambda: "Keys" in lines(app)[0])
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running or app._exit)
    gate.set()


async def test_an_error_while_reading_again_takes_the_old_groups_away(
    collection: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can no longer be read is not shown as if it still held."""
    async with collection.app().run_test() as pilot:
        await settled(pilot)

        def broken(_self: Session) -> Found:
            raise DatabaseError("`cache` is broken", hint="delete it")

        monkeypatch.setattr(Session, "groups", broken)
        await pilot.press("r")
        await settled(pilot)
        await seen(pilot, "`cache` is broken", "hint: delete it")
        assert "Roads" not in text(pilot.app)


async def test_a_bug_is_told_in_a_sentence(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected ends the application with an exit code, and is not swallowed."""

    def bug(_self: Session) -> Found:
        raise ValueError("\x1b]52;c;aGk=\x07")

    monkeypatch.setattr(Session, "groups", bug)
    app = made.app()
    with pytest.raises(Exception, match="52"):
        async with app.run_test() as pilot:
            await settled(pilot)
    assert app.return_code == 1


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
