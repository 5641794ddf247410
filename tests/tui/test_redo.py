"""What was undone is done again, a group is found by a word, and a track is laid along the keeper."""

from __future__ import annotations

from comet_tui.screens.pair import PairScreen
from comet_tui.walk import Fate
from tests.tui.conftest import Made
from tests.tui.looks import review, said, seen, settled, until


async def test_a_removal_is_done_again_with_enter(real: Made) -> None:
    """`U` goes back to the group, with what was chosen there, and moves nothing; Enter does."""
    async with real.app().run_test() as pilot:
        await settled(pilot)
        before = real.there()
        await pilot.press("enter")
        await until(pilot, lambda: review(pilot.app)._walk.items[0].fate is Fate.HELD)
        done = real.there()
        await pilot.press("u")
        await until(pilot, lambda: real.there() == before)
        await settled(pilot)
        screen = review(pilot.app)
        done_with = screen._walk.items[0].proposal.keep
        await pilot.press("J", "K", "j", "space")
        assert screen._walk.items[0].proposal.keep != done_with
        await pilot.press("J", "U")
        await seen(pilot, "Enter does it again")
        assert screen._walk.items[0].proposal.keep == done_with
        assert real.there() == before
        assert review(pilot.app)._groups.cursor == 0
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: real.there() == done)


async def test_a_decision_is_made_again_at_once(real: Made) -> None:
    """Where no file goes, `U` needs no Enter."""
    async with real.app().run_test() as pilot:
        await settled(pilot)
        await pilot.press("U")
        await seen(pilot, "nothing was taken back here")
        await pilot.press("a")
        await settled(pilot)
        await pilot.press("u")
        await until(pilot, lambda: review(pilot.app)._walk.items[0].fate is Fate.OPEN)
        await pilot.press("U")
        await until(pilot, lambda: review(pilot.app)._walk.items[0].fate is Fate.APART)


async def test_a_group_is_found_by_a_word(collection: Made) -> None:
    """`/` takes a word of name or path, whatever its case, `n` and `N` go on; a word that is nowhere says so."""
    async with collection.app().run_test() as pilot:
        await settled(pilot)
        screen = review(pilot.app)
        paths = [track.path for track in screen._walk.items[1].proposal.group.tracks]
        word = "".join(letter for letter in paths[0].rpartition("/")[2].partition(".")[0].upper() if letter.isalnum())
        assert word.casefold() in paths[0].casefold()
        await pilot.press("slash", *word, "enter")
        await settled(pilot)
        assert screen._groups.cursor == 1
        screen._wanted = "nowhere"
        await pilot.press("N")
        assert "no group has `nowhere`" in said(pilot)
        assert screen._groups.cursor == 1


async def test_typing_a_word_confirms_nothing(real: Made) -> None:
    """Enter in the line looks for the word, and letters are letters there."""
    async with real.app().run_test() as pilot:
        await settled(pilot)
        before = real.there()
        await pilot.press("slash", "a", "u", "s", "enter")
        await settled(pilot)
        assert all(item.fate is Fate.OPEN for item in review(pilot.app)._walk.items)
        assert real.there() == before


async def test_a_track_is_laid_along_the_keeper(collection: Made) -> None:
    """`v` shows both, whichever of them the cursor is on, and leads back where one was."""
    async with collection.app().run_test() as pilot:
        await settled(pilot)
        await pilot.press("j", "v")
        await until(pilot, lambda: isinstance(pilot.app.screen, PairScreen))
        await seen(pilot, "A ", "B ", "alike to")
        await pilot.press("v")
        await until(pilot, lambda: review(pilot.app).looked_at())
