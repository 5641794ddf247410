"""What is confirmed in the review goes, what is undone comes back, and nothing else moves."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from comet.act import journal
from comet.act.journal import Journal
from comet.collection import decisions
from comet.core.acts import Do, Kind, Step
from comet.core.model import Choice, Identity
from comet_tui.app import CometApp
from comet_tui.found import Found
from comet_tui.screens.review import ReviewScreen
from comet_tui.screens.tags import Tags
from comet_tui.session import Session
from comet_tui.walk import Fate
from comet_tui.widgets.rows import Rows
from tests.tui.conftest import Made
from tests.tui.looks import Clock, review, rows, said, seen, settled, until

BOTH = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", BOTH)
async def test_a_clean_group_is_one_enter_and_u_brings_it_back(real: Made, size: tuple[int, int]) -> None:
    """Enter moves the others into quarantine and goes on; u puts every byte back where it was."""
    before = real.there()
    async with real.app().run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await seen(pilot, "✓ held", "2 groups left", "✓ a.flac: kept 1, 2 files moved to quarantine", "u undoes")
        await seen(pilot, "b.flac · 2 tracks")
        gone = {"mp3/a.mp3", "ogg/a.ogg"}
        assert real.there() == {name: text for name, text in before.items() if name not in gone}
        assert real.held() == {os.path.basename(name): before[name] for name in gone}
        await pilot.press("u")
        await settled(pilot)
        await seen(pilot, "3 groups left", "held 0 B", "everything is where it was", "a.flac · 3 tracks")
        assert real.there() == before
        assert real.held() == {}


@pytest.mark.slow
async def test_groups_are_confirmed_one_after_the_other(real: Made) -> None:
    """Enter, Enter, Enter: the next group comes at once, the acts queue up, and the list keeps its order."""
    async with real.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        async with review(pilot.app).session.turn:  # something else is being done
            for _group in range(3):
                await until(pilot, lambda: review(pilot.app).query_one(Tags).merged is not None)
                await pilot.press("enter")
            assert {item.fate for item in review(pilot.app)._walk.items} == {Fate.WAITING}
            assert len(real.there()) == 7
        await settled(pilot)
        await seen(pilot, "0 groups left")
        assert [row.partition("✓ held ")[2] for row in rows(pilot.app)[2:5]] == ["a.flac", "b.flac", "c.flac"]
        assert set(real.there()) == {"flac/a.flac", "flac/b.flac", "flac/c.flac"}
        await pilot.press("u", "u", "u")
        await settled(pilot)
        await seen(pilot, "3 groups left", "held 0 B")
        assert len(real.there()) == 7


async def test_what_was_confirmed_is_done_before_it_is_left(real: Made) -> None:
    """Q after Enter waits for the act, and nothing is left half done."""
    app = real.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter", "q")
        await until(pilot, lambda: not app.is_running or app._exit)
    assert set(real.held()) == {"a.mp3", "a.ogg"}


async def test_an_enter_that_was_typed_ahead_confirms_nothing(real: Made) -> None:
    """A group must have been on the screen for a moment, and a key that is held down counts once."""
    clock = Clock()
    async with real.app(clock).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        walk = review(pilot.app)._walk
        await pilot.press("enter")  # the groups have only just come
        clock.now += 0.39
        await pilot.press("enter")
        assert [item.fate for item in walk.items] == [Fate.OPEN] * 3
        clock.now += 0.5
        await pilot.press("enter")
        assert walk.items[0].fate is not Fate.OPEN
        for _repeat in range(20):
            clock.now += 0.1
            await pilot.press("enter")
        assert [item.fate for item in walk.items[1:]] == [Fate.OPEN] * 2
        clock.now += 0.31
        await pilot.press("enter")
        assert walk.items[1].fate is not Fate.OPEN
        await settled(pilot)


async def test_the_time_begins_anew_where_something_else_was_on_the_screen(real: Made) -> None:
    """Coming back from another screen, Enter is not taken before the group could be seen."""
    clock = Clock()
    async with real.app(clock).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        clock.now += 100
        await pilot.press("4")
        await seen(pilot, "4 Covers")
        await pilot.press("3")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReviewScreen))
        await settled(pilot)
        await pilot.press("enter")
        assert review(pilot.app)._walk.items[0].fate is Fate.OPEN


@pytest.mark.parametrize("size", BOTH)
async def test_space_chooses_who_stays(real: Made, size: tuple[int, int]) -> None:
    """Any track can stay; Enter then removes the others and remembers what was chosen, until it is undone."""
    async with real.app().run_test(size=size) as pilot:
        await settled(pilot)
        at = {
            Path(track.path).name: n for n, track in enumerate(review(pilot.app)._walk.items[0].proposal.group.tracks)
        }
        tracks = pilot.app.screen.query_one("#tracks", Rows)
        tracks.move_to(at["a.mp3"])
        await pilot.press("space")
        await seen(pilot, "● stays", "stays: same 98.0 %")
        tracks.move_to(at["a.flac"])
        await pilot.press("space")
        await pilot.press("enter")
        await settled(pilot)
        assert set(real.held()) == {"a.flac", "a.ogg"}
        with real._opened() as opened:
            (decision,) = decisions.listed(opened)
            assert (decision.choice, [each.path for each in decision.keep]) == (Choice.KEEP, [b"mp3/a.mp3"])
        await pilot.press("u")
        await settled(pilot)
        with real._opened() as opened:
            assert decisions.listed(opened) == []
    assert real.held() == {}


async def test_one_track_always_stays(real: Made) -> None:
    """The last one that stays cannot be told to go, and Esc leads back to the proposal."""
    async with real.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        item = review(pilot.app)._walk.items[0]
        proposed = item.proposal
        tracks = pilot.app.screen.query_one("#tracks", Rows)
        tracks.move_to(proposed.keep[0])
        await pilot.press("space")
        await seen(pilot, "one track always stays")
        assert item.proposal.keep == proposed.keep
        for at in range(3):
            tracks.move_to(at)
            await pilot.press("space", "space", "space")
        assert item.proposal.keep
        await pilot.press("escape")
        assert item.proposal == proposed


async def test_all_may_stay(real: Made) -> None:
    """A group of which every track is chosen to stay is settled, without a file being touched."""
    before = real.there()
    async with real.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("J")
        keep = review(pilot.app)._walk.items[1].proposal.keep[0]
        pilot.app.screen.query_one("#tracks", Rows).move_to(1 - keep)
        await pilot.press("space", "enter")
        await settled(pilot)
        await seen(pilot, "✓ kept", "all tracks stay")
        await pilot.press("r")
        await settled(pilot)
        await seen(pilot, "✓ kept", "2 groups left")
    assert real.there() == before


@pytest.mark.parametrize(("key", "word", "choice"), [("a", "✓ apart", Choice.APART), ("s", "- later", Choice.SKIP)])
async def test_a_decision_is_remembered_and_taken_back(real: Made, key: str, word: str, choice: Choice) -> None:
    """`a` and `s` record what somebody decided and go on; u takes it back, and no file is touched."""
    before = real.there()
    async with real.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(key)
        await settled(pilot)
        await seen(pilot, word, "2 groups left", "b.flac · 2 tracks")
        with real._opened() as opened:
            assert [each.choice for each in decisions.listed(opened)] == [choice]
        await pilot.press("u")
        await settled(pilot)
        await seen(pilot, "3 groups left")
        with real._opened() as opened:
            assert decisions.listed(opened) == []
    assert real.there() == before


async def test_skipping_is_a_switch(real: Made) -> None:
    """S once more takes it back, also after the groups were read again; Enter confirms a skipped group too."""
    async with real.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("s", "r")
        await settled(pilot)
        await seen(pilot, "- later", "2 groups left")
        await pilot.press("K", "s")
        await settled(pilot)
        await seen(pilot, "3 groups left")
        with real._opened() as opened:
            assert decisions.listed(opened) == []
        await pilot.press("s")
        await settled(pilot)
        await pilot.press("K")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert set(real.held()) == {"a.mp3", "a.ogg"}


async def test_what_cannot_be_done_says_why_on_its_row(real: Made) -> None:
    """A file that has changed since the scan stays, the group is marked, and the reason stands below."""
    for name in ("mp3/a.mp3", "ogg/a.ogg"):
        (real.music / name).write_bytes(b"another file")
    before = real.there()
    async with real.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await seen(pilot, "! failed", "! a.flac: ")
        item = review(pilot.app)._walk.items[0]
        assert item.reason
        assert item.reason[:40] in " ".join(said(pilot).split())
        assert item.asks
    assert real.there() == before
    assert real.held() == {}


async def test_a_read_only_profile_only_shows(real: Made) -> None:
    """Enter tells what would be done, and does nothing."""
    real.profile("read_only = yes\n")
    before = real.there()
    async with real.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await seen(pilot, "read-only, nothing is done: 2 files would go", "1 would stay")
        await settled(pilot)
    assert real.there() == before


async def test_what_cannot_be_removed_stays_and_says_why(real: Made) -> None:
    """A file in a reference folder is marked as staying, with the reason, and is not removed with the others."""
    real.profile(f"reference = {real.music}/ogg\n")
    async with real.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        item = next(each for each in review(pilot.app)._walk.items if len(each.proposal.group.tracks) == 3)
        names = [Path(track.path).name for track in item.proposal.group.tracks]
        if item.proposal.keep[0] == names.index("a.ogg"):  # a reference file is the keeper; choose another one
            pilot.app.screen.query_one("#tracks", Rows).move_to(names.index("a.flac"))
            await pilot.press("space")
        await pilot.press("enter")
        await settled(pilot)
    assert "a.ogg" not in real.held()
    assert "ogg/a.ogg" in real.there()


async def test_nothing_is_confirmed_unseen(real: Made) -> None:
    """Where there is room for one list, Enter in the groups shows the tracks first, though they were seen before."""
    async with real.app().run_test(size=(40, 12)) as pilot:
        await settled(pilot)
        await pilot.press("tab", "tab", "enter")
        await seen(pilot, "● keeper")
        assert review(pilot.app)._walk.items[0].fate is Fate.OPEN
        await pilot.press("enter")
        await settled(pilot)
        assert set(real.held()) == {"a.mp3", "a.ogg"}


async def test_what_was_interrupted_is_finished_and_told(real: Made) -> None:
    """A change that a crash has left behind is brought to its end before the groups are read, and one line says so."""
    root = real._root.id
    info = (real.music / "mp3/a.mp3").stat()
    file = Identity(root, b"mp3/a.mp3", info.st_size, info.st_mtime_ns, "")
    book = Journal(journal.path_of(real.home.profile("music")))
    run = book.begin("apply")
    held = f".comet/quarantine/{book.folder(run)}/mp3/a.mp3"
    (real.music / ".comet/quarantine").mkdir()
    book.intend(run, 1, Kind.REMOVE, Step(Do.REMOVE, file, "g", "why", file), after={"held": held})
    book.close()
    async with real.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await seen(pilot, "a change that had been interrupted was brought to its end; 8 shows it", "3 groups left")


async def test_nothing_is_confirmed_while_it_is_read_again(real: Made) -> None:
    """What stands there may not hold any more: Enter waits for what is read."""
    gate = threading.Event()
    gate.set()

    class Slow(Session):
        def review(self) -> Found:
            gate.wait(60)
            return super().review()

    clock = Clock()
    app = CometApp(Slow(real.home), clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        gate.clear()
        clock.now += 10
        await pilot.press("r", "enter", "a", "s")
        assert [item.fate for item in review(app)._walk.items] == [Fate.OPEN] * 3
        gate.set()
        await settled(pilot)
        clock.now += 10
        await pilot.press("enter")
        assert review(app)._walk.items[0].fate is not Fate.OPEN
        await settled(pilot)
