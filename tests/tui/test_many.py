"""One answer for many groups: folders that hold the same, and rules; seen first, then done by a job, and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from comet import changes, jobs
from comet.collection import groups, merging
from comet.core.job import Job
from comet_tui.screens.folders import FoldersScreen
from comet_tui.screens.rule import RuleScreen
from comet_tui.widgets.typed import Typed
from tests.tui.conftest import Made
from tests.tui.looks import Clock, joined_text, rows, said, seen, settled, until

BOTH = [(80, 24), (120, 40)]


@pytest.fixture
def folders(made: Made, sounds: dict[str, Path]) -> Made:
    """Return a profile in which two folders hold the same three recordings, one of them in a better form."""
    serials = {name: made.track(f"{Path(name).suffix[1:]}/{name}", path) for name, path in sounds.items()}
    for each in "abc":
        made.pair(serials[f"{each}.flac"], serials[f"{each}.mp3"])
    made.correlated()
    return made


def ended(made: Made, count: int) -> bool:
    """Tell whether so many jobs were started and have ended."""
    found = jobs.listed(made.home.profile("music"))
    return len(found) == count and not any(job.runs for job in found)


async def opened(pilot: Pilot[None]) -> None:
    """Go to the folders."""
    await settled(pilot)
    await pilot.press("F")
    await until(pilot, lambda: isinstance(pilot.app.screen, FoldersScreen))
    await settled(pilot)


@pytest.mark.parametrize("size", [BOTH[0], pytest.param(BOTH[1], marks=pytest.mark.slow)])
async def test_a_pair_of_folders_is_one_answer(folders: Made, size: tuple[int, int]) -> None:
    """What goes is listed, Enter lets a job do it for all groups at once, and u takes all of it back."""
    before = folders.there()
    async with folders.app().run_test(size=size) as pilot:
        await opened(pilot)
        await seen(pilot, "1 pair of folders", "3 files go", "hold the same 3 tracks: keep", "mp3/c.mp3")
        assert folders.there() == before
        await pilot.press("enter")
        await settled(pilot)
        await until(pilot, lambda: ended(folders, 1))
        assert set(folders.held()) == {"a.mp3", "b.mp3", "c.mp3"}
        await pilot.press("u")
        await settled(pilot)
        await until(pilot, lambda: ended(folders, 2))
        assert folders.there() == before
        await pilot.press("escape")
        await seen(pilot, "3 groups left")


async def test_names_of_folders_have_the_room_that_there_is(made: Made, sounds: dict[str, Path]) -> None:
    """At 120 columns two long names that are alike but for their beginnings stand there whole, at 80 cut."""
    for top in ("Downloads from the old computer", "Library"):
        for name in ("a.flac", "b.flac"):
            made.track(f"{top}/Soundtracks/Harbour/{name}", sounds[name], of="ab".index(name[0]) + 1)
    made.correlated()
    async with made.app().run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        row = rows(pilot.app)[2]
        assert "Library/Soundtracks/Harbour" in row
        assert "Downloads from the old computer/Soundtracks/Harbour" in row
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "keep Downloads from…s/Harbour over Library…" in rows(pilot.app)[2])


async def test_a_pair_that_is_gone_is_told_before_the_next_key_does_anything(folders: Made) -> None:
    """What a job has made newer comes with the next Enter, which keeps nothing yet."""
    async with folders.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, FoldersScreen)
        (folders.music / "mp3/c.mp3").unlink()
        with folders._opened() as collection:
            found = groups.proposals(collection)[:2]
            changes.apply(collection, changes.plan(collection, merging.each(collection, found)), Job())
        screen.session.reading += 1  # as when a job has ended
        await seen(pilot, "1 pair of folders", "a job has ended and has changed this", "newer: r")
        await pilot.press("enter")
        await seen(pilot, "no two folders hold several tracks", "this is how it is now; nothing was done")
    assert jobs.listed(folders.home.profile("music")) == []


@pytest.mark.slow
async def test_the_groups_are_read_again_after_the_job(folders: Made) -> None:
    """Back in the review, what the job has done is no group any more."""
    async with folders.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await until(pilot, lambda: ended(folders, 1))
        await pilot.press("escape")
        await seen(pilot, "nothing is known to be duplicated")


async def test_before_anything_was_done_nothing_is_undone(folders: Made) -> None:
    """U says so, and a read-only profile only shows."""
    folders.profile("read_only = yes\n")
    async with folders.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("u")
        await seen(pilot, "nothing was done here")
        await pilot.press("enter")
        await seen(pilot, "read-only, nothing is done")
    assert jobs.listed(folders.home.profile("music")) == []


async def test_where_one_list_has_room_enter_shows_first_what_goes(folders: Made) -> None:
    """At 40x12 the page about the pair is seen before anything is confirmed."""
    async with folders.app().run_test(size=(40, 12)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await seen(pilot, "3 files go")
        assert jobs.listed(folders.home.profile("music")) == []


@pytest.mark.slow
async def test_an_enter_that_was_typed_ahead_keeps_no_folder(folders: Made) -> None:
    """A pair must have been on the screen for a moment, and a key that is held down starts nothing."""
    clock = Clock()
    async with folders.app(clock).run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        for _repeat in range(20):
            clock.now += 0.1
            await pilot.press("enter")
        await settled(pilot)
        assert jobs.listed(folders.home.profile("music")) == []
        clock.now += 10
        await pilot.press("question_mark", "escape", "enter")
        await settled(pilot)
        assert jobs.listed(folders.home.profile("music")) == []
        clock.now += 0.41
        await pilot.press("enter")
        await settled(pilot)
        await until(pilot, lambda: ended(folders, 1))


async def test_no_folders_are_a_sentence(collection: Made) -> None:
    """Where no two folders share anything that is said, and Esc leads back."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await seen(pilot, "no two folders hold several tracks of the same recordings")
        await pilot.press("enter", "u", "tab", "escape")
        await seen(pilot, "2 groups left")


@pytest.mark.parametrize("size", [BOTH[0], pytest.param(BOTH[1], marks=pytest.mark.slow)])
async def test_a_rule_is_shown_before_it_is_done(folders: Made, size: tuple[int, int]) -> None:
    """R, a rule and Enter tell what it would do, by count and size; the next Enter does it by a job."""
    before = folders.there()
    async with folders.app().run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("R", *"prefer mp3", "enter")
        await settled(pilot)
        await seen(pilot, "`prefer mp3`: narrowed the choice in 3 groups", "of 3 groups would go: 3 files")
        assert folders.there() == before
        assert jobs.listed(folders.home.profile("music")) == []
        await pilot.press("enter")
        await settled(pilot)
        await until(pilot, lambda: ended(folders, 1))
        assert set(folders.held()) == {"a.flac", "b.flac", "c.flac"}


@pytest.mark.slow
async def test_an_enter_that_was_typed_ahead_does_no_rule(folders: Made) -> None:
    """What a rule would do must have been on the screen for a moment, and a key that is held down starts nothing."""
    clock = Clock()
    async with folders.app(clock).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("R", *"prefer mp3", "enter")
        clock.now += 10
        await settled(pilot)
        await seen(pilot, "narrowed the choice in 3 groups")
        await pilot.press("enter")
        for _repeat in range(20):
            clock.now += 0.1
            await pilot.press("enter")
        await settled(pilot)
        assert jobs.listed(folders.home.profile("music")) == []
        clock.now += 0.41
        await pilot.press("enter")
        await settled(pilot)
        await until(pilot, lambda: ended(folders, 1))


@pytest.mark.slow
async def test_a_rule_that_is_none_says_why(folders: Made) -> None:
    """Nothing can be done then; e changes the rule, and Esc leaves it."""
    async with folders.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("R", *"keep \N{CYRILLIC SMALL LETTER IO}", "enter")
        await settled(pilot)
        await seen(pilot, "`keep \N{CYRILLIC SMALL LETTER IO}` is no rule", "hint: known are: keep lossless")
        assert "Traceback" not in joined_text(pilot.app)
        assert not said(pilot)
        await pilot.press("escape")
        await seen(pilot, "3 groups left")
        await pilot.press("R", *"prefer flac", "enter")
        await settled(pilot)
        await seen(pilot, "narrowed the choice in 3 groups")
        await pilot.press("e")
        screen = pilot.app.screen
        assert isinstance(screen, RuleScreen)
        assert screen.query_one(Typed).value == "prefer flac"
        await pilot.press("escape")
        await seen(pilot, "3 groups left")
    assert jobs.listed(folders.home.profile("music")) == []
